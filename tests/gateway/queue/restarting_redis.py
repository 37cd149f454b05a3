"""A Redis that a test may stop and start again, with its data or without."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests import servers


class RestartingRedis:
    """A server on one port, whose folder outlives it."""

    def __init__(self, folder: Path, port: int, *, keeps: bool) -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        self._port = port
        self._folder = folder
        kept = "yes" if keeps else "no"
        program = shutil.which("redis-server")
        if program is None:
            raise servers.ServerMissing("redis-server is not installed: run `make test`")
        self._command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
        self._command += ["--save", "", "--appendonly", kept, "--appendfsync", "always"]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it accepts connections."""
        with (self._folder / "log").open("ab") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output)
        deadline = time.monotonic() + servers.STARTING_S
        while not servers._accepts(self._port):
            assert time.monotonic() < deadline and self._process.poll() is None, "redis did not start"
            time.sleep(0.01)

    def kill(self) -> None:
        """Without a warning, as a power cut."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def restarting_redis(*, keeps: bool) -> Iterator[RestartingRedis]:
    """A running one, in a folder that is thrown away. `keeps`: what was acknowledged survives."""
    with servers._temporary_folder(None) as folder:
        server = RestartingRedis(folder, servers._free_port(), keeps=keeps)
        server.start()
        try:
            yield server
        finally:
            server.kill()
