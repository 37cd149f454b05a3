"""One chat connection: `GET /chat`, as `docs/wire.md` has it.

Two tasks a connection: one reads what the client sends, one delivers what the session says. Nothing of the
session lives here, so a connection may break at any time and the next one goes on where it was.
"""

import asyncio
import contextlib
from dataclasses import dataclass

import structlog
from prometheus_client import Counter, Gauge
from pydantic import BaseModel
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from gateway.config import Limits
from gateway.desk.desk import Desk
from gateway.events import Event
from gateway.live import Busy, Draining, LiveSession, LiveSessions, UnknownSession
from gateway.subscription import Subscription
from gateway.web import messages
from gateway.web.edge import Edge
from gateway.web.messages import Ack, Cancel, ChatError, Error, Hello, Message, Ping, Pong, Typing, Welcome
from gateway.web.rates import Rate
from pipelines.facts import Unavailable

log = structlog.get_logger()

HELLO_S = 10.0
"A connection that has not said hello by then is closed."
PATIENCE = 20
"Frames over the rate that are answered with an error before the connection is closed."
FRAMES_FOR_A_MESSAGE = 5
"All frames, pings and typing marks too, have this many times the rate of messages."

NORMAL, TOO_LARGE, POLICY, BROKEN, RESTART, LATER = 1000, 1009, 1008, 1011, 1012, 1013
"Websocket close codes (RFC 6455, section 7.4.1, and its registry)."

UNREADABLE = Error(
    code="store_unavailable",
    fault="dependency",
    message="The conversation can't be saved or read right now. Try again in a moment.",
    retry=True,
)
OUR_FAULT = Error(
    code="internal",
    fault="gateway",
    message="Something went wrong on our side. Connect again; nothing you sent is lost.",
    retry=True,
)

CONNECTIONS = Gauge("warmline_chat_connections", "Chat websockets that are open")
REFUSED = Counter("warmline_chat_errors_total", "Errors sent to chat clients", ["code"])


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a connection is, once it said hello."""

    live: LiveSession
    subscription: Subscription
    last_seq: int


async def serve_chat(socket: WebSocket, edge: Edge) -> None:
    """Serve one websocket from its handshake to its end."""
    if not edge.admits(socket):
        await _deny(socket, 403, "origin_not_allowed", "Pages of this origin may not chat here.")
        return
    if not edge.enter(socket):
        await _deny(socket, 429, "too_many", "Too many connections from your address; try again in a minute.")
        return
    try:
        await socket.accept()
        with CONNECTIONS.track_inprogress():
            await ChatConnection(socket, edge.live, edge.limits, edge.desk).run()
    except* (WebSocketDisconnect, WebSocketDisconnected):
        pass
    except* Exception as group:
        # The outermost loop of a connection: our own bug ends this one, nobody else's.
        log.error("chat connection failed", exc_info=group)
        await _apologise(socket)
    finally:
        edge.leave(socket)


class ChatConnection:
    """An accepted websocket."""

    def __init__(
        self, socket: WebSocket, live: LiveSessions | None, limits: Limits, desk: Desk | None
    ) -> None:
        self._socket = socket
        self._sessions = live
        self._desk = desk
        self._typing = False
        self._limits = limits
        self._messages = Rate(limits.messages, limits.messages_window_s)
        self._frames = Rate(limits.messages * FRAMES_FOR_A_MESSAGE, limits.messages_window_s)
        self._over = 0

    async def run(self) -> None:
        """Read and deliver until one side has had enough. Raises `WebSocketDisconnect` in a group."""
        place = await self._enter()
        if place is None:
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                delivery = tasks.create_task(self._deliver(place), name=f"deliver {place.live.session_id}")
                while await self._take(place.live):
                    pass
                delivery.cancel()
        except* Unavailable:
            await self._close(UNREADABLE, LATER)
        finally:
            place.live.log.unsubscribe(place.subscription)
            place.live.left()
            self._show_typing(place.live, False)

    async def _enter(self) -> _Place | None:
        """The hello; None when the connection was closed instead."""
        try:
            async with asyncio.timeout(HELLO_S):
                hello = messages.parse(await self._read())
            if not isinstance(hello, Hello):
                raise ChatError("hello_first", "The first message must be `hello`.", close=POLICY)
            if hello.protocol != messages.PROTOCOL:
                text = f"This gateway speaks protocol {messages.PROTOCOL}."
                raise ChatError("protocol_unsupported", text, close=POLICY)
            return await self._welcome(hello)
        except ChatError as error:
            await self._close(error.error, error.close or POLICY)
        except TimeoutError:
            late = ChatError("hello_first", f"No `hello` came within {HELLO_S:.0f} s.")
            await self._close(late.error, POLICY)
        except (UnknownSession, Unavailable) as error:
            await self._close(_explain(error), _close_code(error))
        return None

    async def _welcome(self, hello: Hello) -> _Place:
        if self._sessions is None:
            raise Busy("the gateway is still starting; connect again in a few seconds")
        if hello.session is None:
            live, token = await self._sessions.begin("chat")
        else:
            token = hello.token or ""
            live = await self._sessions.open(hello.session, token)
        subscription = live.log.subscribe()
        live.came()
        welcome = Welcome(
            session=live.session_id,
            token=token,
            seq=subscription.seq,
            resumed=hello.session is not None,
        )
        try:
            await self._send(welcome)
        except WebSocketDisconnect:
            live.log.unsubscribe(subscription)
            live.left()
            raise
        return _Place(live, subscription, hello.last_seq if hello.session else 0)

    async def _deliver(self, place: _Place) -> None:
        subscription = place.subscription
        async for event in place.live.log.history(place.last_seq, subscription.seq):
            await self._tell(event)
        if subscription.so_far is not None:
            await self._tell(subscription.so_far)
        async for event in subscription:
            await self._tell(event)
        if subscription.behind:
            text = "You read too slowly, so some events were not sent. Connect again with your `last_seq`."
            await self._close(Error(code="fell_behind", fault="client", message=text, retry=True), LATER)
        else:
            await self._socket.close(RESTART)

    async def _take(self, live: LiveSession) -> bool:
        """Read one frame and do what it asks; False when the connection was closed."""
        try:
            await self._obey(live, messages.parse(await self._read()))
        except ChatError as error:
            self._over += error.error.code == "too_fast"
            if error.close is not None or self._over > PATIENCE:
                await self._close(error.error, error.close or POLICY)
                return False
            await self._complain(error.error)
        return True

    async def _obey(self, live: LiveSession, message: messages.ClientMessage) -> None:
        match message:
            case Message():
                await self._receive(live, message)
            case Cancel():
                live.cancel()
            case Ping():
                await self._send(Pong(id=message.id))
            case Typing(on=on):
                self._show_typing(live, on)
            case Hello():
                raise ChatError("invalid_message", "You said `hello` already.")

    def _show_typing(self, live: LiveSession, on: bool) -> None:
        """Let the person who has this customer see that they type, or no longer."""
        live.touch()
        if self._desk is not None and on != self._typing:
            self._desk.customer_typing(live.session_id, on)
        self._typing = on

    async def _receive(self, live: LiveSession, message: Message) -> None:
        most, length = self._limits.message_characters, len(message.text)
        if length > most:
            text = f"A message has at most {most} characters; yours has {length}."
            raise ChatError("message_too_long", text, client_id=message.id)
        if not self._messages.allows(asyncio.get_running_loop().time()):
            raise self._too_fast(message.id)
        try:
            recorded = await live.receive(message.text, message.id)
        except Unavailable as error:
            await self._complain(_explain(error, message.id))
        else:
            await self._send(Ack(id=message.id, seq=recorded.seq, duplicate=recorded.duplicate))

    async def _read(self) -> str:
        """The next text frame within the limits; raises `ChatError`, `WebSocketDisconnect`."""
        frame = await self._socket.receive()
        if frame["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(frame.get("code", NORMAL))
        text = frame.get("text")
        if text is None:
            raise ChatError("malformed_json", "Frames are text; yours was binary.")
        if len(text.encode()) > self._limits.frame_bytes:
            limit = f"A frame has at most {self._limits.frame_bytes} bytes."
            raise ChatError("frame_too_large", limit, close=TOO_LARGE)
        if not self._frames.allows(asyncio.get_running_loop().time()):
            raise self._too_fast(None)
        assert isinstance(text, str)
        return text

    def _too_fast(self, client_id: str | None) -> ChatError:
        count, window_s = self._limits.messages, self._limits.messages_window_s
        text = f"At most {count} messages in {window_s:g} s; wait a moment and send it again."
        return ChatError("too_fast", text, client_id=client_id)

    async def _tell(self, event: Event) -> None:
        if not event.fact.private:
            await self._socket.send_json(event.message())

    async def _send(self, message: BaseModel) -> None:
        await self._socket.send_text(message.model_dump_json(exclude_none=True))

    async def _complain(self, error: Error) -> None:
        REFUSED.labels(error.code).inc()
        await self._send(error)

    async def _close(self, error: Error, code: int) -> None:
        await self._complain(error)
        await self._socket.close(code)


def _explain(error: Exception, client_id: str | None = None) -> Error:
    match error:
        case UnknownSession():
            text = "There is no such session, or the token is not its own. Begin a new one."
            return Error(code="unknown_session", fault="client", message=text, retry=False, id=client_id)
        case Draining():
            return Error(code="draining", fault="gateway", message=_sentence(error), retry=True, id=client_id)
        case Busy():
            return Error(code="busy", fault="gateway", message=_sentence(error), retry=True, id=client_id)
    return UNREADABLE.model_copy(update={"id": client_id})


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[0].upper()}{text[1:]}."


def _close_code(error: Exception) -> int:
    if isinstance(error, UnknownSession):
        return POLICY
    return RESTART if isinstance(error, Draining) else LATER


async def _apologise(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect, WebSocketDisconnected):
        await socket.send_text(OUR_FAULT.model_dump_json(exclude_none=True))
        await socket.close(BROKEN)


async def _deny(socket: WebSocket, status: int, code: str, text: str) -> None:
    """Refuse the handshake with an HTTP status and an error body."""
    error = messages.HttpError(code=code, fault="client", message=text, retry=status == 429)
    body = messages.HttpErrorBody(error=error).model_dump()
    await socket.send_denial_response(JSONResponse(body, status))
