"""`warmline doctor`: looks at everything a gateway needs on this machine and says what to do about the rest.

Each check is a small function from what it looks at to a `Finding`; asking (sockets, databases, files) and
judging are kept apart where judging is more than a line. Changes nothing. Exit codes: 0 it can run (there
may be warnings), 1 something is broken, 2 the configuration cannot be used.
"""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Annotated

import httpx
import typer
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from gateway import config
from gateway.config import Config, Recogniser, Voice
from gateway.weights import catalogue, verify
from gateway.weights.catalogue import Model
from gateway.weights.verify import State

PATIENCE_S = 3.0
"How long a service may take to answer."
PAGES = Path(__file__).parents[2] / "web-demo" / "dist"

CORES_WANTED = 2
MEMORY_WANTED = 4 << 30
"Bytes: the embedded models hold about 3 GB together."
ROOM_WANTED = 1 << 30
"Bytes free where the store writes."

CORE_PACKAGES = ("warmline", "pipecat-ai", "aiortc", "faster-whisper", "fastapi", "openai")
EXTRAS = {
    "embedded": ("xllamacpp", "piper-tts"),
    "postgres": ("asyncpg",),
    "redis": ("redis",),
    "microphone": ("sounddevice",),
}
"Extras of pyproject.toml, each with the packages that show it is installed."


class Verdict(Enum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    name: str
    verdict: Verdict
    detail: str
    remedy: str = ""
    "What to do about it; empty when there is nothing to do."


def ok(name: str, detail: str) -> Finding:
    """All is well."""
    return Finding(name, Verdict.OK, detail)


def warn(name: str, detail: str, remedy: str) -> Finding:
    """It will run, but somebody will miss something."""
    return Finding(name, Verdict.WARN, detail, remedy)


def fail(name: str, detail: str, remedy: str) -> Finding:
    """It will not run, or not as it is configured."""
    return Finding(name, Verdict.FAIL, detail, remedy)


# --- the machine -----------------------------------------------------------------------------------


def python(version: tuple[int, ...]) -> Finding:
    """Whether the interpreter is new enough."""
    shown = ".".join(map(str, version[:3]))
    if version < (3, 11):
        return fail("python", shown, "use Python 3.11 or newer")
    return ok("python", shown)


def machine(cores: int, memory: int) -> Finding:
    """Whether the embedded models have room to run; `memory` in bytes."""
    shown = f"{cores} cores, {memory / (1 << 30):.1f} GB memory"
    if cores < CORES_WANTED or memory < MEMORY_WANTED:
        return warn("machine", shown, "replies will be slow; use 2 cores and 4 GB or remote models")
    return ok("machine", shown)


def packages(
    name: str, wanted: Iterable[str], version_of: Callable[[str], str | None], absent: Finding | None
) -> Finding:
    """Whether a group of packages is installed; `absent` is the finding when it is not."""
    versions = {package: version_of(package) for package in wanted}
    missing = [package for package, version in versions.items() if version is None]
    if not missing:
        return ok(name, ", ".join(f"{package} {version}" for package, version in versions.items()))
    return absent or fail(name, f"not installed: {', '.join(missing)}", "run `make demo` again")


def installed_version(package: str) -> str | None:
    """The version of an installed package, looked up without importing it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def extras(settings: Config, version_of: Callable[[str], str | None]) -> list[Finding]:
    """Whether the optional packages are there; one that the configuration needs and that is not, fails."""
    needed = {
        "embedded": settings.model.endpoint == "embedded" or settings.voice.engine == "piper",
        "postgres": make_url(settings.store.url.get_secret_value()).drivername.startswith("postgresql"),
        "redis": settings.redis.url is not None,
        "microphone": False,
    }
    findings = []
    for extra, wanted in EXTRAS.items():
        name, remedy = f"extra {extra}", f"pip install 'warmline[{extra}]'"
        if needed[extra]:
            absent = fail(name, "the configuration needs it, and it is not installed", remedy)
        else:
            absent = ok(name, f"not installed and not needed ({remedy})")
        findings.append(packages(name, wanted, version_of, absent))
    return findings


# --- what we bring ---------------------------------------------------------------------------------


def models_needed(settings: Config) -> tuple[list[Model], list[str]]:
    """What this configuration runs here: models of the catalogue, and paths of files that are not in it."""
    configured = []
    if settings.recogniser.embedded:
        configured.append(settings.recogniser.name)
    if settings.voice.engine == "piper":
        configured.append(settings.voice.name)
    if settings.model.endpoint == "embedded":
        configured.append(settings.model.file)
    known = {place: model for model in catalogue.MODELS for place in (model.folder, model.files[0].path)}
    models = [catalogue.TURN, catalogue.MINILM, *(known[path] for path in configured if path in known)]
    return models, [path for path in configured if path not in known]


def own_file(path: str, folder: Path) -> Finding:
    """Whether a model that somebody else brought is where the configuration says."""
    if (folder / path).exists():
        return ok(f"files {path}", "there; it is not in our catalogue, so nobody knows whether it is whole")
    return fail(
        f"files {path}", f"not in {folder}", "put it there, or name a model of `warmline models list`"
    )


def model_files(model: Model, folder: Path) -> Finding:
    """Whether a model's files are whole."""
    states = verify.survey([model], folder)
    faults = [f"{file.path} is {state.value}" for file, state in states.items() if state is not State.WHOLE]
    if faults:
        return fail(f"files {model.name}", ", ".join(faults), "run `warmline models pull`")
    return ok(f"files {model.name}", f"{len(states)} files whole, {model.licence}")


def pages(folder: Path) -> Finding:
    """Whether the web pages are built."""
    if (folder / "index.html").is_file():
        return ok("pages", str(folder))
    return warn("pages", f"{folder} has no index.html", "run `make pages`; until then only the API answers")


# --- what we talk to -------------------------------------------------------------------------------


async def port(host: str, number: int) -> Finding:
    """Whether we could listen, or a gateway of ours listens already."""
    name, address = "port", f"{host}:{number}"
    if number == 0:
        return ok(name, f"any free port of {host}")
    reachable = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_S, trust_env=False) as client:
            answer = await client.get(f"http://{reachable}:{number}/healthz")
    except httpx.ConnectError:
        return await _can_listen(name, host, number)
    except httpx.HTTPError as error:
        return fail(name, f"{address} is taken and does not speak HTTP ({_text(error)})", _OTHER_PORT)
    if answer.status_code == 200:
        return ok(name, f"{address} is answered by a running gateway")
    return fail(name, f"{address} is taken by another program (/healthz: {answer.status_code})", _OTHER_PORT)


_OTHER_PORT = "stop that program, or set http.port"


async def _can_listen(name: str, host: str, number: int) -> Finding:
    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    try:
        server = await asyncio.start_server(nothing, host or None, number)
    except OSError as error:
        return fail(
            name, f"cannot listen on {host}:{number}: {error.strerror}", "set http.host and http.port"
        )
    server.close()
    await server.wait_closed()
    return ok(name, f"{host}:{number} is free")


async def store(url: str) -> Finding:
    """Whether session records can be written: a SQLite folder, or a database server that answers."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite(address.database)
    shown = f"{address.host}:{address.port or 5432}/{address.database}"
    try:
        engine = create_async_engine(address, connect_args={"timeout": PATIENCE_S})
        try:
            async with asyncio.timeout(PATIENCE_S), engine.connect() as connection:
                await connection.execute(text("select 1"))
        finally:
            await engine.dispose()
    except (SQLAlchemyError, OSError, TimeoutError, ImportError) as error:
        return fail("store", f"{shown} does not answer: {_text(error)}", "start PostgreSQL or set store.url")
    return ok("store", f"PostgreSQL at {shown} answers")


def _sqlite(database: str | None) -> Finding:
    if database in (None, "", ":memory:"):
        return warn("store", "SQLite in memory: records end with the process", "set store.url to a file")
    file = Path(str(database))
    folder = next(parent for parent in [*file.absolute().parents] if parent.exists())
    if not os.access(folder, os.W_OK) or (file.exists() and not os.access(file, os.W_OK)):
        return fail("store", f"{file} cannot be written", "set store.url to a place you may write")
    if (free := shutil.disk_usage(folder).free) < ROOM_WANTED:
        return warn(
            "store", f"{folder} has only {free >> 20} MB free", "make room, or set store.url elsewhere"
        )
    return ok("store", f"SQLite at {file}")


async def redis(url: str | None) -> Finding:
    """Whether the configured Redis answers; none is fine for one process."""
    if url is None:
        return ok("redis", "not configured: live state stays in this process")
    try:
        from redis.asyncio import Redis
        from redis.exceptions import RedisError
    except ImportError:
        return fail("redis", "the redis package is not installed", "pip install 'warmline[redis]'")
    client: Redis = Redis.from_url(url, socket_connect_timeout=PATIENCE_S, socket_timeout=PATIENCE_S)
    try:
        await client.ping()
    except (RedisError, OSError) as error:
        return fail("redis", f"does not answer: {_text(error)}", "start Redis or set redis.url")
    finally:
        await client.aclose()
    return ok("redis", "answers")


async def endpoint(name: str, url: str, key: str | None) -> Finding:
    """Whether an OpenAI-compatible endpoint answers; `embedded` means that we run it ourselves."""
    if url == "embedded":
        return ok(name, "embedded: started with the gateway")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            answer = await client.get(f"{url.rstrip('/')}/models", headers=headers)
    except httpx.HTTPError as error:
        return fail(name, f"{url} does not answer: {_text(error)}", f"start it or set {name}.endpoint")
    if answer.status_code in (401, 403):
        return fail(name, f"{url} refuses our key ({answer.status_code})", f"set {name}.api_key")
    if answer.status_code >= 500:
        return fail(name, f"{url} is in trouble ({answer.status_code})", "look at that server's log")
    if answer.status_code != 200:
        return warn(name, f"{url} has no list of models ({answer.status_code})", "check that it ends in /v1")
    return ok(name, f"{url} answers")


async def speech(name: str, chosen: Recogniser | Voice) -> Finding:
    """Whether the recogniser or the voice answers, where it is one that can be asked."""
    if chosen.engine == "pipecat":
        return ok(name, f"pipecat service {chosen.name}: first asked in a call")
    return await endpoint(name, str(chosen.endpoint or "embedded"), _clear(chosen.api_key))


def _text(error: BaseException) -> str:
    """An error's first line; SQLAlchemy and the drivers add pages, and some say nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


# --- the command -----------------------------------------------------------------------------------


async def examine(settings: Config) -> list[Finding]:
    """Every check, for one configuration; services are asked at the same time."""
    folder = settings.models.folder
    models, others = models_needed(settings)
    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(question, name=f"doctor {number}")
            for number, question in enumerate(
                [
                    port(settings.http.host, settings.http.port),
                    store(settings.store.url.get_secret_value()),
                    redis(_clear(settings.redis.url)),
                    endpoint("model", settings.model.endpoint, _clear(settings.model.api_key)),
                    speech("recogniser", settings.recogniser),
                    speech("voice", settings.voice),
                ]
            )
        ]
        files = await asyncio.to_thread(
            lambda: [
                *(model_files(model, folder) for model in models),
                *(own_file(p, folder) for p in others),
            ]
        )
    return [
        python(sys.version_info[:3]),
        machine(os.cpu_count() or 1, _memory()),
        packages("packages", CORE_PACKAGES, installed_version, None),
        *extras(settings, installed_version),
        *files,
        pages(settings.http.pages or PAGES),
        *(task.result() for task in asked),
    ]


def _clear(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _memory() -> int:
    """Bytes of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def doctor(
    file: Annotated[Path | None, typer.Option("--config", help="Configuration file to judge by.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Say what is installed, whole and answering here, and what to do about the rest."""
    try:
        settings = config.load(file)
    except config.ConfigError as error:
        raise typer.BadParameter(str(error)) from error
    findings = asyncio.run(examine(settings))
    if as_json:
        typer.echo(json.dumps([asdict(f) | {"verdict": f.verdict.value} for f in findings], indent=2))
    else:
        Console().print(_table(findings))
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        raise typer.Exit(1)


def _table(findings: list[Finding]) -> Table:
    colours = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}
    table = Table("check", "", "found", "what to do", title="warmline doctor")
    for finding in findings:
        verdict = f"[{colours[finding.verdict]}]{finding.verdict.value}[/]"
        table.add_row(finding.name, verdict, escape(finding.detail), escape(finding.remedy))
    return table
