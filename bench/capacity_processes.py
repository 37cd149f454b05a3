"""The processes of `bench capacity`: each on one core, asked in lines of JSON, killed at the end."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.peers import HERE

ROOT = Path(__file__).parents[1]
MEASURED_CORE, LOAD_CORE = 0, 1
PATIENCE_S = 300.0
"A process that does not answer within this time is killed, and the measurement fails."
LOOK_EVERY_S = 0.25

LIMITS = {
    "WARMLINE_HTTP__PORT": "0",
    "WARMLINE_WEBRTC__CALLS": "1000",
    "WARMLINE_LIMITS__CALLS": "1000",
    "WARMLINE_LIMITS__CONNECTIONS_PER_ADDRESS": "20000",
    "WARMLINE_LIMITS__OPENINGS_PER_MINUTE": "1000000",
    "WARMLINE_LIMITS__SESSIONS": "20000",
    "WARMLINE_LIMITS__MESSAGES": "1000000",
    "WARMLINE_LIMITS__IDLE_S": "3600",
    "WARMLINE_LOGGING__LEVEL": "error",
}
"Everything comes from one machine, which nobody may in production."


class Measured:
    """A process that obeys `capacity_load.obey`."""

    def __init__(
        self, command: list[str], core: int = MEASURED_CORE, settings: dict[str, str] | None = None
    ) -> None:
        self._command = command
        self._core = min(core, (os.cpu_count() or 1) - 1)
        self._settings = settings or {}
        self.address = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self._settings},
            preexec_fn=lambda: os.sched_setaffinity(0, {self._core}),
        )
        said = self._read()
        if "address" in said:
            self.address = said["address"]
            self._read()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, **order: float) -> dict[str, Any]:
        """Give an order and wait for its answer."""
        self._say(order)
        return self._read()

    def ask_both(self, callers: "Measured", seconds: float) -> dict[str, Any]:
        """Measure this process and its callers at the same time: the cost here, the answers there."""
        if callers is self:
            return self.ask(measure=seconds)
        callers._say({"measure": seconds})
        mine, theirs = self.ask(measure=seconds), callers._read()
        heard = {key: theirs[key] for key in ("answers", "answer_p50_ms")}
        return mine | heard | {"callers_cpu": theirs["cpu"]}

    def _say(self, order: dict[str, float]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        watchdog = threading.Timer(PATIENCE_S, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            raise RuntimeError(f"{' '.join(self._command[:3])} ended without an answer")
        answer: dict[str, Any] = json.loads(line)
        return answer


def python(module: str, *arguments: object) -> list[str]:
    """A module of ours as a program."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def pipecat(interpreter: Path, program: str, sounds: Path) -> list[str]:
    """A program of the peer's, in its environment."""
    return [str(interpreter), str(HERE / program), str(sounds)]


def load(module: str, *arguments: object) -> Measured:
    """A process that loads another."""
    return Measured(python(module, *arguments), LOAD_CORE)


@contextlib.contextmanager
def gateway(sounds: Path, models: Path) -> Iterator[Measured]:
    """A real gateway with a store of its own."""
    with tempfile.TemporaryDirectory() as folder:
        store = {"WARMLINE_STORE__URL": f"sqlite+aiosqlite:///{folder}/sessions.sqlite"}
        command = python("bench.capacity_gateway", sounds, models)
        with Measured(command, settings=LIMITS | store) as process:
            _until_ready(f"{process.address}/readyz/calls")
            yield process


def _until_ready(url: str) -> None:
    """Wait until it says 200; raises `TimeoutError`."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError):  # 503 too
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(LOOK_EVERY_S)
    raise TimeoutError(f"the gateway does not take calls within {PATIENCE_S:.0f} s")
