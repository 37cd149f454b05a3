"""A child process that serves us on a port of its own: started, watched, restarted, stopped.

We choose the port (`--port N`), so that clients of the child can be made before it is up and outlive its
crashes. It prints one JSON line `{"port": N}` once it serves. Its standard input stays open for as long as we
live, and it ends when that ends, so a gateway that is killed leaves no orphans. Secrets go in as the first
line of standard input, never on the command line.
"""

import asyncio
import contextlib
import json
import os
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from gateway.health import State

log = structlog.get_logger()

LINE = 65_536
"Bytes; a longer line of a child is skipped."
BEHIND_US = 5
"Niceness of children."
AUTOGROUP_TRIES, AUTOGROUP_RETRY_S = 10, 0.12
"For the niceness of a child's session; other children may be setting theirs."
STEADY_S = 60.0
"A child that lived so long has recovered; its next failure counts as its first."

Report = Callable[[State, str], None]
"Told of every change: the state, and why it is not up."


@dataclass(frozen=True, slots=True)
class ChildSettings:
    """What to run, and how patiently."""

    name: str
    command: tuple[str, ...]
    first_line: Mapping[str, Any] | None = None
    "Sent on standard input as JSON; for secrets."
    ready_s: float = 60.0
    restart_s: tuple[float, ...] = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
    "Waits before each start in a row that fails; the last one holds for all further ones."
    stop_s: float = 5.0
    "After its input has ended it may take so long; then it is killed."


class Child:
    """A child process over all its lives; `run` it in a task group."""

    def __init__(self, settings: ChildSettings, report: Report) -> None:
        self._settings = settings
        self._report = report
        self.port = _free_port()
        "Of 127.0.0.1, in every life."
        self._served = asyncio.Event()
        self._last_lines: deque[str] = deque(maxlen=5)

    @property
    def name(self) -> str:
        """What it is called in logs and in `/readyz`."""
        return self._settings.name

    async def serves(self) -> None:
        """Wait until the child serves for the first time."""
        await self._served.wait()

    async def run(self) -> None:
        """Keep the child alive until cancelled."""
        clock = asyncio.get_running_loop().time
        failures = 0
        while True:
            began = clock()
            reason = await self._live()
            failures = 0 if clock() - began > STEADY_S else failures
            pause = self._settings.restart_s[min(failures, len(self._settings.restart_s) - 1)]
            failures += 1
            self._report(State.DOWN, f"{reason}; starting it again")
            last = list(self._last_lines)
            log.warning("child ended", child=self.name, reason=reason, restart_s=pause, last_lines=last)
            await asyncio.sleep(pause)

    async def _live(self) -> str:
        """One life of the child; returns why it ended."""
        command = [*self._settings.command, "--port", str(self.port)]
        try:
            async with _started(command, self._settings.stop_s) as process, asyncio.TaskGroup() as tasks:
                errors = tasks.create_task(self._log_errors(process), name=f"{self._settings.name} stderr")
                fault = await self._serve(process)
                errors.cancel()
        except OSError as error:
            return f"it cannot be run: {error.strerror}"
        return fault or f"it ended with status {process.returncode}"

    async def _serve(self, process: asyncio.subprocess.Process) -> str | None:
        """From the first line to the last; returns what was wrong with the first."""
        try:
            await self._first_answer(process)
        except TimeoutError:
            return f"it did not start within {self._settings.ready_s:.0f} s"
        except ValueError:
            return "its first line was not the one we know"
        self._served.set()
        self._report(State.UP, "")
        # What it prints after its first line is dropped; an unread pipe would stop it.
        assert process.stdout is not None
        await _discard(process.stdout)
        await process.wait()
        return None

    async def _first_answer(self, process: asyncio.subprocess.Process) -> None:
        """Send the first line and wait for the answer; raises `TimeoutError`, `ValueError`."""
        assert process.stdin is not None and process.stdout is not None
        if self._settings.first_line is not None:
            process.stdin.write(json.dumps(self._settings.first_line).encode() + b"\n")
            with contextlib.suppress(ConnectionError):
                await process.stdin.drain()
        async with asyncio.timeout(self._settings.ready_s):
            line = await process.stdout.readline()
        if json.loads(line) != {"port": self.port}:
            raise ValueError(line)

    async def _log_errors(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        async for line in _lines(process.stderr):
            self._last_lines.append(line)
            log.debug("child says", child=self.name, line=line)


@asynccontextmanager
async def _started(command: list[str], stop_s: float) -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    # A session of its own: Ctrl-C is for us, and we end the child when we are done.
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=pipe, limit=LINE, start_new_session=True
    )
    try:
        await _give_way(process.pid)
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(stop_s):
                await _ended(process)
        except TimeoutError:
            process.kill()
            await _ended(process)


async def _give_way(process: int) -> None:
    """Let the event loop go first: a model that thinks must not delay the audio of a call.

    Linux weighs whole sessions against each other before it looks at processes (sched(7), autogroup), and
    each child is a session.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process, os.nice(0) + BEHIND_US)
    for _ in range(AUTOGROUP_TRIES):
        try:
            _set_autogroup(process, BEHIND_US)
        except BlockingIOError:  # the kernel takes one such change in 100 ms
            await asyncio.sleep(AUTOGROUP_RETRY_S)
        except OSError:
            return  # no autogroups here: niceness is enough
        else:
            return


def _set_autogroup(process: int, niceness: int) -> None:
    with open(f"/proc/{process}/autogroup", "w") as autogroup:
        autogroup.write(str(niceness))


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # too long; the reader has dropped what it had
            continue
        if not line:
            return
        yield line.decode(errors="replace").rstrip()


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait for the end, dropping what is still printed: while a pipe is full, asyncio sees no end."""
    assert process.stdout is not None and process.stderr is not None
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_discard(process.stdout), name="child stdout")
        tasks.create_task(_discard(process.stderr), name="child stderr")
        await process.wait()


async def _discard(stream: asyncio.StreamReader) -> None:
    while await stream.read(LINE):
        pass


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
