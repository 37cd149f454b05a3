"""Real PostgreSQL and Redis servers for tests: each on a free loopback port, in a folder that is thrown away.

Relies on the binaries that `make test` installs. Both servers run without durability (nothing here
outlives the test run). PostgreSQL refuses to run as root, so root hands it to an ordinary user.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

STARTING_S = 15.0
"How long a server may take to answer before we call it broken."


class ServerMissing(RuntimeError):
    """A program that the tests need is not installed; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running PostgreSQL server that trusts every loopback connection as user `warmline`."""

    programs: Path
    port: int

    def url(self, database: str) -> str:
        """SQLAlchemy address of a database, for the asyncpg driver."""
        return f"postgresql+asyncpg://warmline@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> None:
        """Make an empty database."""
        self._run("createdb", name)

    def drop_database(self, name: str) -> None:
        """Remove a database, ending whatever connection a test left in it."""
        self._run("dropdb", "--force", name)

    def _run(self, program: str, *arguments: str) -> None:
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "warmline"]
        subprocess.run([str(self.programs / program), *address, *arguments], check=True, capture_output=True)


@contextlib.contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Start PostgreSQL in a temporary folder and stop it at the end."""
    programs = _postgres_programs()
    owner = _ordinary_user()
    with _temporary_folder(owner) as folder:
        data, port = folder / "data", _free_port()
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", "warmline", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*initdb, "--locale=C", "--no-sync"], check=True, capture_output=True, user=owner, cwd=folder
        )
        settings = [
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "listen_addresses=127.0.0.1",
        ]
        command = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder)]
        command += [part for setting in settings for part in ("-c", setting)]
        with _running(command, folder, port, owner):
            server = Postgres(programs, port)
            _wait_until_ready(server)
            yield server


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """Start Redis without persistence; yield its `redis://` address (database 0)."""
    program = shutil.which("redis-server")
    if program is None:
        raise ServerMissing(
            "redis-server is not installed: run `make test`, or `apt-get install redis-server`"
        )
    with _temporary_folder(None) as folder:
        port = _free_port()
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with _running([*command, "--dir", str(folder)], folder, port, None):
            yield f"redis://127.0.0.1:{port}/0"


def empty_redis(url: str) -> None:
    """Forget every key of the server at `url`."""
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(16).startswith(b"+OK")


def _postgres_programs() -> Path:
    """Debian keeps the server's programs outside PATH, one folder for each major version."""
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    if not versions:
        raise ServerMissing("PostgreSQL is not installed: run `make test`, or `apt-get install postgresql`")
    return versions[-1].parent


def _ordinary_user() -> str | None:
    """Whom root should run a server as; None where we are an ordinary user already."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@contextlib.contextmanager
def _temporary_folder(owner: str | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="warmline-server-"))
    try:
        if owner is not None:
            shutil.chown(folder, owner)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _running(command: Sequence[str], folder: Path, port: int, owner: str | None) -> Iterator[None]:
    """Run a server until the block ends, once it has accepted a connection on its port."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, user=owner)
    try:
        deadline = time.monotonic() + STARTING_S
        while not _accepts(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait_until_ready(server: Postgres) -> None:
    """PostgreSQL accepts connections before it answers them."""
    command = [str(server.programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(server.port), "-q"]
    deadline = time.monotonic() + STARTING_S
    while subprocess.run(command).returncode != 0:
        if time.monotonic() > deadline:
            raise RuntimeError("PostgreSQL started but does not answer")
        time.sleep(0.02)
