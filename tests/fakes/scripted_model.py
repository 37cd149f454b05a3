"""A language model that plays a script, behind real HTTP in OpenAI's protocol.

Make one, tell it what to answer, point any client at it::

    model = ScriptedModel()
    model.will(text("Hello."), calls(("look_up_order", {"order_id": "10437"})))   # in this order, once each
    model.when("weather", text("I can't see outside."))                           # whenever it is asked
    async with model.serve() as base_url:                                         # http://127.0.0.1:PORT/v1
        ...
    assert model.requests[0].user == "hi"

`with model.serve_in_thread() as base_url:` does the same for code without an event loop, or with one that
must not be disturbed. `model.client()` gives an `openai.AsyncOpenAI` wired to the script without sockets, for
tests in virtual time, where real sockets would lose against the jumping clock.

What it can play: `text`, `calls` (native tool calls), `bare_calls` (tool calls as small models write them),
`json_answer`, `after(seconds, reply)`, `garbage`, `no_stream`, `endless`, `hang`, `status`, `disconnect`.
When the script is at its end it answers `otherwise`, by default the words "All right.".
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import openai
from aiohttp import web

# --- what can be played ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its HTTP status, then actions in order."""

    actions: tuple["Action", ...] = ()
    status: int = 200
    wait_s: float = 0.0
    "Before the head of the response."


@dataclass(frozen=True, slots=True)
class Send:
    """A piece of the message: the `delta` object of a chunk."""

    delta: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they are."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause; `None` is for ever."""

    seconds: float | None


@dataclass(frozen=True, slots=True)
class Forever:
    """The same words again and again until the client goes away."""

    words: str


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection breaks."""


Action = Send | Raw | Wait | Forever | Drop


def text(words: str, *, pause_s: float = 0.0) -> Reply:
    """Words, one chunk each, `pause_s` apart."""
    actions: list[Action] = []
    for piece in words.split(" "):
        lead = " " if actions else ""
        actions.append(Send({"content": lead + piece}))
        if pause_s:
            actions.append(Wait(pause_s))
    return Reply(tuple(actions))


def calls(*wanted: tuple[str, Mapping[str, Any]]) -> Reply:
    """Native tool calls, each streamed in two pieces as real servers do."""
    actions: list[Action] = []
    for index, (name, arguments) in enumerate(wanted):
        head = {"index": index, "id": f"call_{index}", "type": "function", "function": {"name": name}}
        rest = {"index": index, "function": {"arguments": json.dumps(dict(arguments))}}
        actions += [Send({"tool_calls": [head]}), Send({"tool_calls": [rest]})]
    return Reply(tuple(actions))


def bare_calls(*wanted: tuple[str, Mapping[str, Any]], before: str = "", after: str = "") -> Reply:
    """Tool calls as text, with prose around, as small models write them."""
    written = "\n".join(json.dumps({"name": name, "arguments": dict(given)}) for name, given in wanted)
    return text(f"{before}{written}{after}")


def json_answer(value: Any) -> Reply:
    """A JSON value as the message."""
    return text(json.dumps(value))


def after(seconds: float, reply: Reply) -> Reply:
    """`reply`, whose first byte comes `seconds` late."""
    return Reply(reply.actions, reply.status, reply.wait_s + seconds)


def garbage() -> Reply:
    """A stream that is not the protocol."""
    return Reply((Raw(b"data: {not json\n\ndata: \xff\xfe\n\n"),))


def no_stream() -> Reply:
    """A page of HTML with status 200, as a misconfigured proxy sends."""
    return Reply((Raw(b"<html><body>It works!</body></html>"),))


def endless(words: str = "and so on ") -> Reply:
    """A model that never ends."""
    return Reply((Forever(words),))


def hang(begin: str = "") -> Reply:
    """Accepts the request, says `begin`, and then nothing for ever."""
    first: tuple[Action, ...] = (Send({"content": begin}),) if begin else ()
    return Reply((*first, Wait(None)))


def status(code: int) -> Reply:
    """An HTTP error."""
    return Reply((Raw(b'{"error": {"message": "scripted", "type": "server_error"}}'),), code)


def disconnect(begin: str = "") -> Reply:
    """Says `begin`, then the connection breaks in the middle of the body."""
    first: tuple[Action, ...] = (Send({"content": begin}),) if begin else ()
    return Reply((*first, Drop()))


# --- who plays it ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """What the model was asked, for assertions."""

    body: Mapping[str, Any]

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """The chat."""
        found: Sequence[Mapping[str, Any]] = self.body.get("messages", ())
        return found

    @property
    def user(self) -> str:
        """The last message of the user."""
        said = [str(m.get("content")) for m in self.messages if m.get("role") == "user"]
        return said[-1] if said else ""

    @property
    def kind(self) -> str:
        """`json` with a response format, `tools` with tools, else `text`."""
        return "json" if "response_format" in self.body else "tools" if "tools" in self.body else "text"


@dataclass(slots=True)
class _Rule:
    contains: str
    kind: str | None
    reply: Reply


@dataclass(slots=True)
class ScriptedModel:
    """The script and what was asked of it."""

    otherwise: Reply = field(default_factory=lambda: text("All right."))
    requests: list[Request] = field(default_factory=list)
    cancelled: int = 0
    "Answers that the client broke off."
    _queue: list[Reply] = field(default_factory=list)
    _rules: list[_Rule] = field(default_factory=list)

    def will(self, *replies: Reply) -> None:
        """Play these next, once each."""
        self._queue += replies

    def when(self, contains: str, reply: Reply, *, kind: str | None = None) -> None:
        """Play `reply` whenever the last user message contains this, in any case; goes before the queue."""
        self._rules.append(_Rule(contains.lower(), kind, reply))

    def client(self) -> openai.AsyncOpenAI:
        """A client wired to the script in memory."""
        http = httpx2.AsyncClient(transport=_InMemory(self))
        client = openai.AsyncOpenAI(
            base_url="http://scripted.invalid/v1", api_key="x", max_retries=0, http_client=http
        )
        client._platform = "Linux"  # else the library asks a thread, and a jumping clock outruns threads
        return client

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serve on a free loopback port; gives the base URL."""
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._handle)
        app.router.add_get("/v1/models", self._list_models)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        finally:
            await runner.cleanup()

    @contextmanager
    def serve_in_thread(self) -> Iterator[str]:
        """`serve` on an event loop in a thread of its own."""
        started: list[str] = []
        ready, stop = threading.Event(), asyncio.Event()
        loops: list[asyncio.AbstractEventLoop] = []

        async def main() -> None:
            async with self.serve() as url:
                started.append(url)
                loops.append(asyncio.get_running_loop())
                ready.set()
                await stop.wait()

        thread = threading.Thread(target=lambda: asyncio.run(main()), name="scripted-model")
        thread.start()
        ready.wait()
        try:
            yield started[0]
        finally:
            loops[0].call_soon_threadsafe(stop.set)
            thread.join()

    def take(self, body: Mapping[str, Any]) -> Reply:
        """Note the request and choose what to play."""
        request = Request(body)
        self.requests.append(request)
        asked = request.user.lower()
        for rule in self._rules:
            if rule.contains in asked and rule.kind in (None, request.kind):
                return rule.reply
        return self._queue.pop(0) if self._queue else self.otherwise

    async def _list_models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    async def _handle(self, http: web.Request) -> web.StreamResponse:
        body = await http.json()
        reply = self.take(body)
        await asyncio.sleep(reply.wait_s)
        response = web.StreamResponse(status=reply.status, headers=_headers(reply, body))
        await response.prepare(http)
        try:
            async for data in _played(reply, body):
                await response.write(data)
        except _Dropped:
            if http.transport is not None:
                http.transport.abort()
        except ConnectionError:
            self.cancelled += 1
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return response


class _Dropped(Exception):
    """The script breaks the connection here."""


async def _pieces(reply: Reply) -> AsyncIterator[bytes | Mapping[str, Any]]:
    """Raw bytes and deltas, at their times."""
    for action in reply.actions:
        match action:
            case Raw(data):
                yield data
            case Wait(None):
                await asyncio.Event().wait()
            case Wait(float() | int() as seconds):
                await asyncio.sleep(seconds)
            case Drop():
                raise _Dropped
            case Forever(words):
                while True:
                    yield {"content": words}
                    await asyncio.sleep(0.001)
            case Send(delta):
                yield delta


async def _played(reply: Reply, body: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """The bytes of the answer's body; for a request without `stream` one JSON object at the end."""
    content, raw = "", False
    tool_calls: list[dict[str, Any]] = []
    async for piece in _pieces(reply):
        if isinstance(piece, bytes):
            raw = True
            yield piece
        elif body.get("stream"):
            yield _chunk(piece)
        else:
            content += piece.get("content", "")
            _merge(tool_calls, piece.get("tool_calls", ()))
    if raw:
        return
    if body.get("stream"):
        yield _chunk({}, "tool_calls" if _has_calls(reply) else "stop")
        yield b"data: [DONE]\n\n"
        return
    message = {"role": "assistant", "content": content, **({"tool_calls": tool_calls} if tool_calls else {})}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if tool_calls else "stop"}
    yield json.dumps({**_HEAD, "object": "chat.completion", "choices": [choice]}).encode()


_HEAD = {"id": "scripted-1", "created": 0, "model": "scripted"}


def _chunk(delta: Mapping[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": dict(delta), "finish_reason": finish}
    value = {**_HEAD, "object": "chat.completion.chunk", "choices": [choice]}
    return f"data: {json.dumps(value)}\n\n".encode()


def _merge(tool_calls: list[dict[str, Any]], pieces: Sequence[Mapping[str, Any]]) -> None:
    for piece in pieces:
        while len(tool_calls) <= piece["index"]:
            tool_calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
        call = tool_calls[piece["index"]]
        call["id"] = piece.get("id", call["id"])
        for key, value in piece.get("function", {}).items():
            call["function"][key] += value


def _has_calls(reply: Reply) -> bool:
    return any(isinstance(action, Send) and "tool_calls" in action.delta for action in reply.actions)


def _headers(reply: Reply, body: Mapping[str, Any]) -> dict[str, str]:
    streams = bool(body.get("stream")) and reply.status == 200
    return {"Content-Type": "text/event-stream" if streams else "application/json"}


class _InMemory(httpx2.AsyncBaseTransport):
    """Plays the script without a socket."""

    def __init__(self, model: ScriptedModel) -> None:
        self._model = model

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(await request.aread())
        reply = self._model.take(body)
        await asyncio.sleep(reply.wait_s)
        return httpx2.Response(
            reply.status, headers=_headers(reply, body), stream=_Body(self._model, reply, body)
        )


class _Body(httpx2.AsyncByteStream):
    def __init__(self, model: ScriptedModel, reply: Reply, body: Mapping[str, Any]) -> None:
        self._model, self._reply, self._body = model, reply, body
        self._ended = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for data in _played(self._reply, self._body):
                yield data
            self._ended = True
        except _Dropped:
            self._ended = True
            raise httpx2.RemoteProtocolError("the script broke the connection") from None

    async def aclose(self) -> None:
        if not self._ended:
            self._model.cancelled += 1
            self._ended = True
