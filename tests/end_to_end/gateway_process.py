"""A real gateway as a process of its own, which a test may kill.

`serving` runs the gateway as it is, with its models. Run as a program this module is a gateway with
everything real but the agent: that one plays a script, slowly, and counts what it does on disk, so that a
test sees what a killed process had done.
"""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvloop

from gateway import config, log
from gateway.app import Assembly, OpenAnswerer, serve
from gateway.config import Config
from gateway.health import Health
from pipelines.answer import Answerer, Basis, Piece, Say
from pipelines.conversation import Conversation
from pipelines.facts import Channel, ToolCalled, ToolFinished, Values

ROOT = Path(__file__).parents[2]
WORDS = [f"word{number} " for number in range(20)]
EVERY_S = 0.05
ANSWER = "".join(WORDS)
STARTING_S = 180.0
"Until the models are loaded, on a machine that does other things too."


class SlowAgent:
    """Does one thing, then says twenty words in a second; writes what it did into a file."""

    def __init__(self, deeds: Path) -> None:
        self._deeds = deeds

    async def respond(
        self, conversation: Conversation, turn_id: str, channel: Channel
    ) -> AsyncIterator[Piece]:
        call_id = f"{turn_id}-k1"
        if call_id not in conversation.tools:
            with self._deeds.open("a") as deeds:
                deeds.write(f"{conversation.session_id} {turn_id}\n")
            yield ToolCalled(turn_id=turn_id, call_id=call_id, tool="refund", effect="write")
            yield ToolFinished(turn_id=turn_id, call_id=call_id, tool="refund", outcome="done", pii=Values())
        yield Basis("workflow")
        for word in WORDS:
            await asyncio.sleep(EVERY_S)
            yield Say(word)

    def greeting(self, channel: Channel) -> str:
        return "Hello."

    def sayings(self) -> Sequence[str]:
        return ()

    async def warm(self) -> None:
        pass

    async def listen(self, conversation: Conversation, words: str) -> None:
        pass

    def forget(self, session_id: str) -> None:
        pass


class GatewayProcess:
    """A gateway that is running at `url`."""

    def __init__(self, process: "subprocess.Popen[str] | subprocess.Popen[bytes]", url: str) -> None:
        self.process = process
        self.url = url

    def kill(self) -> None:
        """As the kernel does it when memory runs out: no goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def children(self) -> list[int]:
        """The processes that it runs, such as its model server."""
        return [int(word) for word in _children(self.process.pid).read_text().split()]


def _children(process: int) -> Path:
    return Path(f"/proc/{process}/task/{process}/children")


@contextlib.contextmanager
def running(settings: Mapping[str, str], program: tuple[str, ...] = ()) -> Iterator[GatewayProcess]:
    """A gateway with these `WARMLINE_` settings: this module's, or `program` with its arguments."""
    command = [sys.executable, "-m", *(program or ("tests.end_to_end.gateway_process",))]
    process = subprocess.Popen(
        command, env={**os.environ, **settings}, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("Warmline: "), f"the gateway did not start: {line!r}"
        yield GatewayProcess(process, line.split()[1])
    finally:
        process.terminate()
        process.wait(15)
        process.stdout.close()


@contextlib.contextmanager
def serving(folder: Path, models_folder: Path, *options: str) -> Iterator[GatewayProcess]:
    """A real `warmline serve` with these options, ready for calls; what it keeps lies in `folder`."""
    settings = {
        "WARMLINE_HTTP__PORT": "0",
        "WARMLINE_STORE__URL": f"sqlite+aiosqlite:///{folder / 'sessions.sqlite'}",
        "WARMLINE_MODELS__FOLDER": str(models_folder),
        "XDG_STATE_HOME": str(folder),
    }
    log = folder / "gateway.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve", *options],
            cwd=ROOT,
            env={**os.environ, **settings},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield GatewayProcess(process, _ready(process, log))
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _ready(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The address that the gateway printed, once it takes calls."""
    end = time.monotonic() + STARTING_S
    while time.monotonic() < end and process.poll() is None:
        printed = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
        if printed and _takes_calls(printed[0]):
            return printed[0]
        time.sleep(0.25)
    pytest.fail(f"the gateway did not become ready:\n{log.read_text()[-4000:]}", pytrace=False)


def _takes_calls(address: str) -> bool:
    try:
        answer = httpx.get(f"{address}/readyz", timeout=2, trust_env=False)
        voice = answer.json()["parts"]["voice"]
    except (httpx.HTTPError, ValueError, KeyError):
        return False
    return answer.is_success and voice["state"] == "up"


def main() -> None:
    @asynccontextmanager
    async def slow_agent(config: Config, health: Health) -> AsyncIterator[Answerer]:
        yield SlowAgent(Path(config.store.url.get_secret_value().partition(":///")[2] + ".deeds"))

    serve_chats(slow_agent)


def serve_chats(open_agent: OpenAnswerer) -> None:
    """Be a gateway with this agent and without a voice, and print its address."""
    settings = config.load()
    log.configure(settings.logging)

    def announce(address: str) -> None:
        print(f"Warmline: {address}", flush=True)  # noqa: T201

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, Assembly(open_agent, open_voice=None), Health(), announce))


if __name__ == "__main__":
    main()
