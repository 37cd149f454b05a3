"""`warmline chat`: a customer at the terminal, over the same websocket that the page uses.

Comes back by itself when the connection breaks, and misses nothing. Exit codes: 0 done, 1 a message was not
answered, 2 wrong usage, 69 the gateway cannot be reached or is not ready, 130 interrupted.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from gateway.cli.tool_words import outcome_words
from gateway.events import Message

FAILED = 1
WRONG_USAGE = 2
UNAVAILABLE = 69
"EX_UNAVAILABLE of sysexits.h."
INTERRUPTED = 130

RETRY_S = (0.2, 1.0, 2.0, 4.0)
"Waits before we try to reach the gateway again; after the last one we give up."
OPEN_S = 5.0

Show = Callable[[Message], None]


class Unreachable(Exception):
    """Nobody answers there, or nobody we can talk to."""


class Refused(Exception):
    """The gateway said no."""


@dataclass(slots=True)
class Place:
    """Where we are in which session: what it takes to come back."""

    session: str | None = None
    token: str | None = None
    last_seq: int = 0

    def hello(self) -> Message:
        """The first message of a connection."""
        hello: Message = {"type": "hello", "protocol": 1}
        if self.session is None:
            return hello
        return hello | {"session": self.session, "token": self.token, "last_seq": self.last_seq}

    def admit(self, message: Message) -> bool:
        """Note where a message takes us; False for an event we have had."""
        if message["type"] == "welcome":
            self.session, self.token = message["session"], message["token"]
            self.last_seq = min(self.last_seq, message["seq"])
        seq = message.get("seq", 0) if "at" in message else 0
        if seq and seq <= self.last_seq:
            return False
        self.last_seq = seq or self.last_seq
        return True


@dataclass(slots=True)
class Chat:
    """One conversation over as many connections as it takes."""

    url: str
    show: Show
    timeout_s: float
    place: Place = field(default_factory=Place)
    _unsent: dict[str, str] = field(default_factory=dict)
    "Messages without an `ack`, by our id."
    _asked: dict[str, str] = field(default_factory=dict)
    "Our turns, from the gateway's turn id to our message's."

    async def say(self, texts: AsyncIterator[str]) -> None:
        """Say each text, and wait for its answer before the next.

        Raises `Unreachable`, `Refused`, and `TimeoutError` for an answer that does not come.
        """
        connection = await self._connected()
        try:
            async for text in texts:
                message_id = uuid.uuid4().hex
                self._unsent[message_id] = text
                async with asyncio.timeout(self.timeout_s):
                    connection = await self._ask(connection, message_id)
        finally:
            await connection.close()

    async def _ask(self, connection: ClientConnection, message_id: str) -> ClientConnection:
        """Send what is unsent and read until the answer is there, reconnecting on the way if need be."""
        while True:
            try:
                for unsent, text in list(self._unsent.items()):
                    await connection.send(json.dumps({"type": "message", "id": unsent, "text": text}))
                await self._read_answer(connection, message_id)
                return connection
            except ConnectionClosed:
                connection = await self._connected()

    async def _read_answer(self, connection: ClientConnection, message_id: str) -> None:
        async for frame in connection:
            message = json.loads(frame)
            if self.place.admit(message):
                self.show(message)
            if self._is_answer(message, message_id):
                return
        raise ConnectionClosed(None, None)

    def _is_answer(self, message: Message, message_id: str) -> bool:
        match message:
            case {"type": "ack", "id": acknowledged}:
                self._unsent.pop(acknowledged, None)
            case {"type": "turn.customer", "turn_id": turn_id, "client_id": client_id}:
                self._asked[turn_id] = client_id
            case {"type": "reply.done", "answers": turn_id}:
                return self._asked.get(turn_id) == message_id
            case {"type": "error", "retry": False, "message": text}:
                raise Refused(text)
        return False

    async def _connected(self) -> ClientConnection:
        """A connection that has been welcomed."""
        fault: Exception | None = None
        for pause in (0.0, *RETRY_S):
            await asyncio.sleep(pause)
            try:
                connection = await connect(self.url, open_timeout=OPEN_S, proxy=None)
                await connection.send(json.dumps(self.place.hello()))
                welcome = json.loads(await connection.recv())
            except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed, ValueError) as error:
                fault = error
                continue
            if welcome["type"] == "welcome":
                self.place.admit(welcome)
                self.show(welcome)
                return connection
            await connection.close()
            if not welcome["retry"]:
                raise Refused(welcome["message"])
            fault = Refused(welcome["message"])
        raise Unreachable(str(fault) or type(fault).__name__)


def chat(
    url: Annotated[str, typer.Argument(help="The gateway.")] = "http://127.0.0.1:8080",
    say: Annotated[
        list[str] | None, typer.Option(help="Say this and wait for the answer; may be given several times.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for each answer.", min=1)] = 60.0,
    session: Annotated[str | None, typer.Option(help="Go on with this session.")] = None,
    token: Annotated[str | None, typer.Option(help="The session's token.")] = None,
) -> None:
    """Chat with a gateway: type, or give what to say with --say."""
    errors = Console(stderr=True)
    if not url.startswith(("http://", "https://")):
        raise _end(errors, f"{url} does not begin with http:// or https://", WRONG_USAGE)
    if (session is None) != (token is None):
        raise _end(errors, "--session and --token belong together", WRONG_USAGE)
    show: Show = _as_json if as_json else Screen(Console())
    place = Place(session, token)
    conversation = Chat(f"ws{url.removeprefix('http').rstrip('/')}/chat", show, timeout, place)
    try:
        asyncio.run(conversation.say(_given(say) if say else _typed(errors)))
    except Unreachable as fault:
        raise _end(errors, f"{url} cannot be reached: {fault}", UNAVAILABLE) from fault
    except Refused as fault:
        raise _end(errors, str(fault), FAILED) from fault
    except TimeoutError as fault:
        raise _end(errors, f"no answer within {timeout:g} s", FAILED) from fault
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


class Screen:
    """Shows the conversation to a person: words as they come, what the bot does meanwhile, its sources."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = ""
        "What stands of the reply under way."

    def __call__(self, message: Message) -> None:
        """Show one message, if it is anything to see."""
        match message:
            case {"type": "welcome", "session": session, "token": token, "resumed": False}:
                self._note(f"session {session}, token {token}")
            case {"type": "turn.customer", "pii": {"text": text}}:
                self._console.print(f"[bold cyan]you[/]  {escape(text)}", highlight=False, soft_wrap=True)
            case {"type": "reply.started"}:
                self._shown = ""
            case {"type": "reply.delta", "offset": offset, "text": text}:
                self._grow(self._shown[:offset] + text)
            case {"type": "reply.done", "pii": {"text": text}} as done:
                self._finish(text, done)
            case {"type": "tool.finished", "elapsed_ms": elapsed_ms}:
                self._note(f"{outcome_words(message)}, {elapsed_ms} ms")
            case {"type": "handoff.requested", "reason": reason}:
                self._note(f"a person is asked for: {reason}")
            case {"type": "trouble", "message": text} | {"type": "error", "message": text}:
                self._note(f"! {text}")

    def _grow(self, text: str) -> None:
        if not text.startswith(self._shown):  # the reply began anew
            self._console.print()
            self._shown = ""
        if not self._shown:
            self._console.print("[bold green]bot[/]  ", end="")
        self._console.out(text[len(self._shown) :], end="", highlight=False)
        self._shown = text

    def _finish(self, text: str, done: Message) -> None:
        self._grow(text)
        self._console.print(" [dim](stopped)[/]" if done["interrupted"] else "")
        self._shown = ""
        for cited in done.get("citations", []):
            self._note(f"source: {cited['title']} ({cited['article']})")

    def _note(self, text: str) -> None:
        if self._shown:
            self._console.print()
        self._console.print(f"     [dim]{escape(text)}[/]", highlight=False, soft_wrap=True)


def _as_json(message: Message) -> None:
    typer.echo(json.dumps(message, ensure_ascii=False))


async def _given(texts: list[str]) -> AsyncIterator[str]:
    for text in texts:
        yield text


async def _typed(console: Console) -> AsyncIterator[str]:
    """What the person types, line by line, until the end of input."""
    console.print("Type a message and press Enter; Ctrl-D ends.", style="dim")
    while True:
        try:
            text = await asyncio.to_thread(input, "> ")
        except EOFError:
            return
        if text.strip():
            yield text


def _end(console: Console, text: str, code: int) -> typer.Exit:
    console.print(f"warmline chat: {text}", style="red", highlight=False, soft_wrap=True, markup=False)
    return typer.Exit(code)
