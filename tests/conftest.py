"""What every test may ask for, and what every test is held to.

Fixtures: real servers, the models folder. Rules: no task of ours outlives its event loop unnoticed, no
test talks to anything but this machine, no test sees the developer's own Warmline or vendor settings.
A missing program or model file fails a test; it never skips it, or a gap would look like success.
"""

import asyncio
import asyncio.runners
import ipaddress
import logging
import os
import socket
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog
from loguru import logger as loguru

from gateway import config
from gateway.weights import catalogue, verify
from tests import servers

ROOT = Path(__file__).parent.parent
OURS = tuple(str(ROOT / package) for package in ("gateway", "pipelines", "tools", "knowledge", "tests"))
OUTSIDE = (
    "WARMLINE_",
    "OPENAI_",
    "ANTHROPIC_",
    "AZURE_",
    "DEEPGRAM_",
    "ELEVENLABS_",
    "CARTESIA_",
    "HF_",
    "OTEL_",
)
"Settings of the developer's shell that would change what a test does, or whom it talks to."

# How long an example takes says something of the machine, and nothing of us.
hypothesis.settings.register_profile("without deadlines", deadline=None)
hypothesis.settings.load_profile("without deadlines")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what must not run beside other tests, before anything is chosen by its marks.

    Models take all the processor there is, and are held to what people would wait for.
    """
    for item in items:
        if item.get_closest_marker("models"):
            item.add_marker(pytest.mark.alone)


@pytest.fixture(scope="session")
def models_folder() -> Path:
    """The folder with the embedded model files, every one of them whole."""
    return _with_whole(catalogue.select(), "warmline models pull")


@pytest.fixture(scope="session")
def moonshine_folder(models_folder: Path) -> Path:
    """The same folder, with the optional Moonshine in it."""
    return _with_whole([catalogue.MOONSHINE_TINY], "warmline models pull --only moonshine-tiny")


def _with_whole(models: Sequence[catalogue.Model], remedy: str) -> Path:
    folder = config.load().models.folder
    states = verify.survey(models, folder)
    if faults := [
        f"{file.path} is {state.value}" for file, state in states.items() if state is not verify.State.WHOLE
    ]:
        pytest.fail(f"run `{remedy}` first: {'; '.join(faults)}", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[servers.Postgres]:
    """One PostgreSQL server for the whole run; most tests want `postgres_url`."""
    with servers.postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: servers.Postgres) -> Iterator[str]:
    """SQLAlchemy address (asyncpg) of an empty database that only this test uses."""
    name = f"test_{uuid.uuid4().hex}"
    postgres.create_database(name)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def redis() -> Iterator[str]:
    """One Redis server for the whole run; most tests want `redis_url`."""
    with servers.redis_server() as url:
        yield url


@pytest.fixture
def redis_url(redis: str) -> str:
    """Address of an empty Redis database."""
    servers.empty_redis(redis)
    return redis


@pytest.fixture(autouse=True)
def _own_settings_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(OUTSIDE):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(autouse=True)
def _logs_as_found(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End a test's log settings with the test: the next cannot capture what cached loggers say."""
    configure, root = structlog.configure, logging.getLogger()
    monkeypatch.setattr(
        structlog, "configure", lambda **how: configure(**{**how, "cache_logger_on_first_use": False})
    )
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
    loguru.remove()


@pytest.fixture(autouse=True)
def _this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse stream connections that leave the loopback interface, so no test can reach a model vendor."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded_connect(self: socket.socket, address: Any, /) -> None:
        _refuse_remote(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any, /) -> int:
        _refuse_remote(self, address)
        return connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)


def _refuse_remote(sock: socket.socket, address: Any) -> None:
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != socket.SOCK_STREAM:
        return
    host = str(address[0])
    if host != "localhost" and not _is_loopback(host):
        sock.close()
        raise AssertionError(f"a test tried to connect to {host}: use a fake or a server on loopback")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def _no_leaked_tasks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test whose main coroutine returned while tasks of our own code were still running."""
    leaked: list[str] = []
    cancel_all = asyncio.runners._cancel_all_tasks  # type: ignore[attr-defined]

    def watched(loop: asyncio.AbstractEventLoop) -> None:
        leaked.extend(_describe(task) for task in asyncio.all_tasks(loop) if _is_ours(task))
        cancel_all(loop)

    monkeypatch.setattr(asyncio.runners, "_cancel_all_tasks", watched)
    yield
    assert not leaked, f"tasks outlived their event loop: {', '.join(leaked)}"


def _is_ours(task: asyncio.Task[Any]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and code.co_filename.startswith(OURS)


def _describe(task: asyncio.Task[Any]) -> str:
    return f"{task.get_name()} ({getattr(task.get_coro(), '__qualname__', '?')})"
