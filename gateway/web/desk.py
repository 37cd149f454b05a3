"""One agent's connection to the desk: `GET /desk/live`, as `docs/wire.md` has it.

Three tasks a connection (what the agent asks for, what they are told, whether they are still signed in), and
one for each session that they watch and each answer that takes long. Nothing of the desk lives here, so a
connection may break at any time and the next one goes on where it was.
"""

import asyncio
import contextlib

import structlog
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from gateway.accounts.desk_session import Signed
from gateway.config import Limits
from gateway.desk.commands import Ask, BadFrame, ClientMessage, Ping, RunTool, Say, Watch, parse
from gateway.desk.desk import Desk
from gateway.desk.dispatch import explain
from gateway.desk.messages import Error
from gateway.desk.outbox import LATER, RESTART, SIGNED_OUT, Goodbye
from gateway.desk.seat import Tab
from gateway.live import Draining
from gateway.protocol_error import ProtocolError
from gateway.web.edge import Edge
from gateway.web.errors import Refused
from gateway.web.messages import HttpError, HttpErrorBody
from gateway.web.rates import Rate
from gateway.web.sign_in import signed_in
from pipelines.facts import Unavailable

log = structlog.get_logger()

PATIENCE = 20
"Frames over the rate that are answered with an error before the connection is closed."
FRAMES_FOR_A_MESSAGE = 5
"All frames together have this many times the rate of messages."
NORMAL, TOO_LARGE, POLICY, BROKEN = 1000, 1009, 1008, 1011
"Websocket close codes (RFC 6455, section 7.4.1)."

OUR_FAULT = Error(
    code="internal",
    fault="gateway",
    message="Something went wrong on our side. Connect again.",
    retry=True,
)
SIGNED_OFF = Error(code="signed_out", fault="client", message="You are signed out. Sign in again.")


async def serve_desk(socket: WebSocket, edge: Edge) -> None:
    """Serve one websocket from its handshake to its end."""
    try:
        signed = await signed_in(edge, socket)
        desk = edge.desk
        if desk is None:
            raise Unavailable("the desk is not there right now; try again in a moment")
    except Refused as error:
        refusal = HttpError(code=error.code, fault="client", message=str(error), retry=False)
        await _deny(socket, error.status, refusal)
        return
    except Unavailable as error:
        away = HttpError(code="unavailable", fault="dependency", message=str(error), retry=True)
        await _deny(socket, 503, away)
        return
    try:
        await socket.accept()
        await DeskConnection(socket, edge, desk, signed).run()
    except* (WebSocketDisconnect, WebSocketDisconnected):
        pass
    except* Exception as group:
        # The outermost loop of a connection: our own bug ends this one, nobody else's.
        log.error("desk connection failed", agent_id=signed.account.agent_id, exc_info=group)
        await _apologise(socket)


class DeskConnection:
    """An accepted websocket of somebody who is signed in."""

    def __init__(self, socket: WebSocket, edge: Edge, desk: Desk, signed: Signed) -> None:
        limits: Limits = edge.limits
        self._socket = socket
        self._edge = edge
        self._desk = desk
        self._signed = signed
        self._limits = limits
        self._messages = Rate(limits.messages, limits.messages_window_s)
        self._frames = Rate(limits.messages * FRAMES_FOR_A_MESSAGE, limits.messages_window_s)
        self._over = 0
        self._did_something = True
        self._signed_out = False

    async def run(self) -> None:
        """Read and deliver until one side has had enough. Raises `WebSocketDisconnect` in a group."""
        try:
            tab = await self._desk.join(self._signed.account)
        except (ProtocolError, Unavailable) as error:
            await self._say_goodbye(Goodbye(_close_code(error), explain(error, None)))
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._deliver(tab), name=f"deliver {tab.seat.agent_id}")
                tasks.create_task(self._watch_sign_in(tab), name=f"sign-in {tab.seat.agent_id}")
                while True:
                    await self._take(tab, tasks)
        finally:
            self._desk.leave(tab, for_good=self._signed_out)

    async def _deliver(self, tab: Tab) -> None:
        while (message := await tab.outbox.take()) is not None:
            await self._socket.send_text(message.model_dump_json(exclude_none=True))
        assert tab.outbox.goodbye is not None
        await self._say_goodbye(tab.outbox.goodbye)
        raise WebSocketDisconnect(tab.outbox.goodbye.code)

    async def _watch_sign_in(self, tab: Tab) -> None:
        sign_ins = self._edge.sign_ins
        assert sign_ins is not None, "somebody signed in"

        def in_use() -> bool:
            used, self._did_something = self._did_something, False
            return used or bool(tab.seat.contacts or tab.seat.consults)

        ending = await sign_ins.until_over(self._signed, in_use)
        log.info("signed out of the desk", agent_id=tab.seat.agent_id, ending=ending)
        self._signed_out = True
        tab.outbox.close(Goodbye(SIGNED_OUT, SIGNED_OFF))

    async def _take(self, tab: Tab, tasks: asyncio.TaskGroup) -> None:
        """Read one frame and do what it asks."""
        try:
            command = parse(await self._read())
            self._check_rate(command)
        except BadFrame as error:
            self._over += error.error.code == "too_fast"
            if error.close is not None or self._over > PATIENCE:
                tab.outbox.close(Goodbye(error.close or POLICY, error.error))
            else:
                tab.outbox.push(error.error)
            return
        self._did_something = self._did_something or not isinstance(command, Ping)
        if isinstance(command, Watch):
            tasks.create_task(self._desk.watch(tab, command), name=f"watch {command.session}")
        elif isinstance(command, Ask | RunTool):  # may take long; the dispatch bounds how many there are
            tasks.create_task(self._desk.obey(tab, command), name=f"{command.type} {command.session}")
        else:
            await self._desk.obey(tab, command)

    async def _read(self) -> str:
        """The next text frame within the limits; raises `BadFrame`, `WebSocketDisconnect`."""
        frame = await self._socket.receive()
        if frame["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(frame.get("code", NORMAL))
        text = frame.get("text")
        if text is None:
            raise BadFrame("malformed_json", "Frames are text; yours was binary.")
        assert isinstance(text, str)
        if len(text.encode(errors="replace")) > self._limits.frame_bytes:
            limit = f"A frame has at most {self._limits.frame_bytes} bytes."
            raise BadFrame("frame_too_large", limit, close=TOO_LARGE)
        if not self._frames.allows(asyncio.get_running_loop().time()):
            raise self._too_fast(None)
        return text

    def _check_rate(self, command: ClientMessage) -> None:
        if isinstance(command, Say) and not self._messages.allows(asyncio.get_running_loop().time()):
            raise self._too_fast(command.id)

    def _too_fast(self, client_id: str | None) -> BadFrame:
        count, window_s = self._limits.messages, self._limits.messages_window_s
        text = f"At most {count} messages in {window_s:g} s; wait a moment and send it again."
        return BadFrame("too_fast", text, client_id=client_id)

    async def _say_goodbye(self, goodbye: Goodbye) -> None:
        if goodbye.error is not None:
            await self._socket.send_text(goodbye.error.model_dump_json(exclude_none=True))
        await self._socket.close(goodbye.code)


def _close_code(error: Exception) -> int:
    if isinstance(error, ProtocolError):
        return POLICY
    return RESTART if isinstance(error, Draining) else LATER


async def _apologise(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect, WebSocketDisconnected):
        await socket.send_text(OUR_FAULT.model_dump_json(exclude_none=True))
        await socket.close(BROKEN)


async def _deny(socket: WebSocket, status: int, error: HttpError) -> None:
    """Refuse the handshake with an HTTP status and an error body."""
    body = HttpErrorBody(error=error).model_dump()
    await socket.send_denial_response(JSONResponse(body, status))
