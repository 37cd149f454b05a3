"""Runs sipp with one of the scenarios beside this file, and says what went wrong in a few lines.

A scenario is a list of messages to send and to expect; anything else that comes fails its call. sipp plays
RTP through a raw socket, which only root may open (or `setcap cap_net_raw+ep` on the program).
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from tests.interop import pcap, ports
from tests.interop.sounds import Sound

SCENARIOS = Path(__file__).with_name("scenarios")
TRANSPORTS = {"udp": "u1", "tcp": "t1"}
STARTING_S = 10.0


class SippError(AssertionError):
    """A call of a scenario failed; the text has sipp's reasons and the last messages."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a scenario is run."""

    scenario: str
    calls: int = 1
    per_second: int = 1
    "New calls a second."
    transport: Literal["udp", "tcp"] = "udp"
    "Debian's sipp is built without TLS."
    service: str = "100"
    "The user part that is called."
    user: str = "sipp"
    password: str = ""
    codec: Literal["PCMU", "PCMA"] = "PCMA"
    said: Sequence[Sound | str] = ()
    "What it says: sounds, and keys as RFC 4733 events."
    keys: Mapping[str, str] = field(default_factory=dict)
    "Values for the scenario's own `[keywords]`."
    seconds: float = 30.0
    "After so long it has failed."
    port: int = 0
    "Its own; 0 takes a free one."
    call_id: str = ""
    "Of its call; else one of its own."


@dataclass
class Sipp:
    """One run of sipp."""

    plan: Plan
    folder: Path
    port: int
    process: asyncio.subprocess.Process

    @property
    def address(self) -> str:
        """`host:port` of it."""
        return f"127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End at once, without a word to anybody."""
        self.process.kill()

    def messages(self) -> str:
        """All that was sent and received so far."""
        return self._read("messages")

    async def finished(self) -> None:
        """Wait until all calls are over; raises what went wrong with them."""
        status = await self.process.wait()
        if status:
            raise self.error(f"ended with status {status}")

    def error(self, what: str) -> SippError:
        """What went wrong, with what sipp noted."""
        reasons = self._read("errors")[-2_500:] or self._read("screen")[-1_500:]
        return SippError(
            f"sipp {self.plan.scenario}: {what}\n--- reasons\n{reasons}\n"
            f"--- last messages\n{self.messages()[-5_000:]}"
        )

    def _read(self, name: str) -> str:
        file = self.folder / name
        return file.read_text(errors="replace") if file.exists() else ""


async def calls(plan: Plan, address: str) -> str:
    """Place the calls of a plan to `host:port`; gives all messages, or raises why a call failed."""
    async with _running(plan, [address]) as run:
        await run.finished()
        return run.messages()


@asynccontextmanager
async def calling(plan: Plan, address: str) -> AsyncIterator[Sipp]:
    """The same, and the block goes on meanwhile; it may wait with `finished`."""
    async with _running(plan, [address]) as run:
        yield run


@asynccontextmanager
async def answering(plan: Plan) -> AsyncIterator[Sipp]:
    """Wait for calls; leaving the block waits until `plan.calls` of them went through the scenario."""
    async with _running(plan, []) as run:
        await _listens(run)
        yield run
        await run.finished()


@asynccontextmanager
async def listening(plan: Plan) -> AsyncIterator[Sipp]:
    """Wait for calls, however many; leaving the block ends it."""
    async with _running(replace(plan, calls=0), []) as run:
        await _listens(run)
        yield run


@asynccontextmanager
async def _running(plan: Plan, target: Sequence[str]) -> AsyncIterator[Sipp]:
    program = shutil.which("sipp")
    if program is None:
        raise RuntimeError("sipp is not installed: run `make test`, or `apt-get install sip-tester`")
    folder = Path(tempfile.mkdtemp(prefix="sipp-"))
    try:
        port = plan.port or ports.free(2)
        command = [program, *target, *_arguments(plan, folder, port)]
        with (folder / "screen").open("wb") as screen:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=folder, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen,
                env={**os.environ, "TERM": "dumb"},
            )  # fmt: skip
        try:
            yield Sipp(plan, folder, port, process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _arguments(plan: Plan, folder: Path, port: int) -> list[str]:
    arguments = ["-sf", str(SCENARIOS / f"{plan.scenario}.xml"), "-nostdin"]
    arguments += ["-i", "127.0.0.1", "-p", str(port), "-mi", "127.0.0.1"]
    arguments += ["-mp", str(ports.free(max(8, 4 * min(plan.calls, 100))))]
    arguments += ["-t", TRANSPORTS[plan.transport], "-s", plan.service]
    if plan.calls:
        arguments += ["-m", str(plan.calls), "-r", str(plan.per_second), "-l", str(max(plan.calls, 3))]
        arguments += ["-timeout", f"{plan.seconds:.0f}s", "-timeout_error", "-recv_timeout", "15000"]
    arguments += ["-trace_err", "-error_file", "errors", "-trace_msg", "-message_file", "messages"]
    if plan.password:
        arguments += ["-au", plan.user, "-ap", plan.password]
    if plan.call_id:
        arguments += ["-cid_str", plan.call_id]
    for key, value in plan.keys.items():
        arguments += ["-key", key, value]
    if plan.said:
        seconds = pcap.write(folder / "said.pcap", plan.codec, plan.said)
        arguments += ["-d", str(int(seconds * 1_000) + 200)]
    return arguments


async def _listens(run: Sipp) -> None:
    """sipp says nothing when it is ready: look whether its port is taken."""
    async with asyncio.timeout(STARTING_S):
        while run.process.returncode is None and not ports.taken(run.port):  # noqa: ASYNC110 - a program
            await asyncio.sleep(0.02)
    if run.process.returncode is not None:
        raise run.error("did not start")
