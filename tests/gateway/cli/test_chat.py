"""The terminal's chat against a real websocket server that plays a script."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner, Result
from websockets.asyncio.server import ServerConnection, serve

from gateway.cli import chat as chat_command
from gateway.cli.chat import FAILED, UNAVAILABLE, WRONG_USAGE, Place, Screen, chat

app = Typer()
app.command()(chat)

Play = Callable[["Stage", ServerConnection], Awaitable[None]]


class Stage:
    """A gateway's side of the conversation."""

    def __init__(self) -> None:
        self.hellos: list[dict[str, Any]] = []
        self.taken: list[str] = []
        self.connections = 0

    async def welcome(self, socket: ServerConnection, seq: int = 1) -> None:
        hello = json.loads(await socket.recv())
        self.hellos.append(hello)
        await send(
            socket, type="welcome", protocol=1, session="s_1", token="t", seq=seq, resumed="session" in hello
        )

    async def answer(self, socket: ServerConnection, seq: int) -> None:
        """Take a message and answer it, beginning with event `seq`."""
        message = json.loads(await socket.recv())
        self.taken.append(message["text"])
        turn = f"c{seq}"
        await send(socket, type="ack", id=message["id"], seq=seq, duplicate=False)
        said = {"turn_id": turn, "client_id": message["id"], "pii": {"text": message["text"]}}
        await event(socket, seq, "turn.customer", **said)
        await event(socket, 0, "reply.delta", turn_id="r", offset=0, text="All ")
        tool = {"tool": "look_up", "outcome": "done", "elapsed_ms": 12}
        await event(socket, seq + 1, "tool.finished", **tool)
        cited = [{"title": "Returns", "article": "return-policy"}]
        done = {"answers": turn, "interrupted": False, "citations": cited, "pii": {"text": "All [right]."}}
        await event(socket, seq + 2, "reply.done", **done)


async def send(socket: ServerConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def event(socket: ServerConnection, seq: int, kind: str, **fields: Any) -> None:
    await send(socket, seq=seq, at=1.0, type=kind, **fields)


@contextmanager
def gateway(play: Play) -> Iterator[tuple[str, Stage]]:
    """A server in a thread of its own; the command brings its own event loop."""
    stage, address, stop = Stage(), list[str](), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    ready = threading.Event()

    async def handle(socket: ServerConnection) -> None:
        stage.connections += 1
        await play(stage, socket)

    async def main() -> None:
        async with serve(handle, "127.0.0.1", 0) as server:
            address.append(f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}")
            loops.append(asyncio.get_running_loop())
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    assert ready.wait(5)
    try:
        yield address[0], stage
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


async def two_answers(stage: Stage, socket: ServerConnection) -> None:
    await stage.welcome(socket)
    await stage.answer(socket, 2)
    await stage.answer(socket, 5)


def test_it_says_everything_and_shows_words_tools_and_sources() -> None:
    with gateway(two_answers) as (url, stage):
        result = run(url, "--say", "one", "--say", "two")
    assert result.exit_code == 0
    assert stage.taken == ["one", "two"]
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    assert lines[:2] == ["session s_1, token t", "you  one"]
    assert "look_up: done, 12 ms" in lines
    assert "source: Returns (return-policy)" in lines
    assert result.stdout.count("right].") == 2


def test_json_is_every_message_on_a_line_of_its_own() -> None:
    with gateway(two_answers) as (url, _):
        result = run(url, "--say", "one", "--say", "two", "--json")
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    assert [m["type"] for m in messages[:3]] == ["welcome", "ack", "turn.customer"]
    assert [m["seq"] for m in messages if m["type"] == "reply.done"] == [4, 7]


def test_a_broken_connection_is_taken_up_again_where_it_was() -> None:
    async def breaks(stage: Stage, socket: ServerConnection) -> None:
        if stage.connections == 1:
            await stage.welcome(socket)
            await stage.answer(socket, 2)
            await socket.recv()
            await socket.close(1012)
            return
        await stage.welcome(socket, seq=4)
        await event(socket, 4, "reply.done", answers="c2", interrupted=False, pii={"text": "again"})
        await stage.answer(socket, 5)

    with gateway(breaks) as (url, stage):
        result = run(url, "--say", "one", "--say", "two")
    assert result.exit_code == 0
    assert stage.taken == ["one", "two"]
    back = {"type": "hello", "protocol": 1, "session": "s_1", "token": "t", "last_seq": 4}
    assert stage.hellos == [{"type": "hello", "protocol": 1}, back]
    assert "again" not in result.stdout


def test_a_refusal_is_one_line_and_exit_1() -> None:
    async def refuses(stage: Stage, socket: ServerConnection) -> None:
        await socket.recv()
        error = {"code": "unknown_session", "fault": "client", "message": "There is no such session."}
        await send(socket, type="error", retry=False, **error)

    with gateway(refuses) as (url, stage):
        result = run(url, "--say", "hi", "--session", "s_x", "--token", "t")
    assert (result.exit_code, stage.connections) == (FAILED, 1)
    assert result.stderr == "warmline chat: There is no such session.\n"


def test_a_gateway_that_is_busy_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_command, "RETRY_S", (0.01,))

    async def starts(stage: Stage, socket: ServerConnection) -> None:
        if stage.connections == 1:
            await socket.recv()
            await send(socket, type="error", code="busy", fault="gateway", message="Starting.", retry=True)
            return
        await stage.welcome(socket)
        await stage.answer(socket, 2)

    with gateway(starts) as (url, _):
        assert run(url, "--say", "hi").exit_code == 0


def test_nobody_there_is_exit_69(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_command, "RETRY_S", (0.01,))
    result = run("http://127.0.0.1:1", "--say", "hi")
    assert result.exit_code == UNAVAILABLE
    assert result.stderr.startswith("warmline chat: http://127.0.0.1:1 cannot be reached: ")


def test_an_answer_that_does_not_come_is_exit_1() -> None:
    async def mute(stage: Stage, socket: ServerConnection) -> None:
        await stage.welcome(socket)
        await socket.wait_closed()

    with gateway(mute) as (url, _):
        result = run(url, "--say", "hi", "--timeout", "1")
    assert (result.exit_code, result.stderr) == (FAILED, "warmline chat: no answer within 1 s\n")


@pytest.mark.parametrize("arguments", [["ftp://x"], ["http://x", "--session", "s_1"], ["--timeout", "0"]])
def test_wrong_usage_is_exit_2(arguments: list[str]) -> None:
    assert run(*arguments, "--say", "hi").exit_code == WRONG_USAGE


def test_what_is_typed_is_said_until_the_end_of_input() -> None:
    with gateway(two_answers) as (url, stage):
        result = CliRunner().invoke(app, [url], input="one\n\n  \ntwo\n")
    assert (result.exit_code, stage.taken) == (0, ["one", "two"])


def test_a_machine_that_lost_its_last_moments_is_believed() -> None:
    place = Place("s_1", "t", last_seq=20)
    place.admit({"type": "welcome", "session": "s_1", "token": "t", "seq": 18})
    assert place.admit({"type": "trouble", "seq": 19, "at": 1.0})
    assert not place.admit({"type": "trouble", "seq": 19, "at": 1.0})
    assert place.admit({"type": "reply.delta", "seq": 0, "at": 1.0})


def test_a_reply_that_begins_anew_is_shown_anew(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(Console(width=100))
    for message in (
        {"type": "reply.started"},
        {"type": "reply.delta", "offset": 0, "text": "Hello th"},
        {"type": "reply.started"},
        {"type": "reply.delta", "offset": 0, "text": "Good "},
        {"type": "reply.done", "interrupted": True, "pii": {"text": "Good day"}},
    ):
        screen(message)
    assert capsys.readouterr().out.endswith("bot  Good day (stopped)\n")
