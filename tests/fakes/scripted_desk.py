"""A gateway that speaks the desk's part of docs/wire.md over real HTTP, websocket and WebRTC, and does what a
test tells it.

For tests of the agents' page: signing in, contacts and their events, offers, repeated commands behave as
promised; what comes of a command is the test's script. Everything sent is a model of `gateway.desk.messages`,
everything received passes `gateway.desk.commands.parse`. Relies on starlette.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.accounts.permissions import Action, DeskRole, allowed, allows
from gateway.desk import commands
from gateway.desk.messages import (
    AgentInfo,
    Canned,
    ConsultChanged,
    ContactChanged,
    Disposition,
    Done,
    Error,
    Me,
    Offered,
    OfferEnded,
    Pong,
    QueueInfo,
    SessionEvent,
    ToolInfo,
    Welcome,
)
from gateway.events import Event, FileName, FileShared
from gateway.store.file_store import StoredFile
from pipelines.facts import Fact, HumanTurn, Words
from tests.fakes.page_files import PageFiles
from tests.fakes.page_server import FarEnd, PageServer
from tests.fakes.scripted_office import ScriptedOffice

COOKIE = "warmline_desk"
NAME, PASSWORD = "anna", "correct horse battery"
SIGNED_OUT = 4401
REFUND = ToolInfo(
    tool="request_refund",
    description="Refunds an order, up to the limit of your role.",
    effect="write",
    parameters={
        "type": "object",
        "properties": {
            "order_id": {"type": "string", "description": "Five digits."},
            "amount": {"type": "number", "minimum": 1, "maximum": 500},
            "reason": {"enum": ["damaged", "late"]},
        },
        "required": ["order_id", "reason"],
    },
)
Script = Callable[[Any], Sequence[BaseModel]]
"What to send because of a command."


class ScriptedDesk:
    """Use as a context manager; methods may be called from the test's thread."""

    def __init__(self, pages: Path, role: DeskRole = "agent") -> None:
        self.agent = AgentInfo(agent_id="a_anna", name="Anna", role=role)
        self.presence = Me(state="away", voice=True, audio=False)
        self.voice = True
        self.signed_in = False
        self.sign_in_refusal: Response | None = None
        self.offer_refusal: Response | None = None
        self.script: dict[str, Script] = {}
        "By type of command: what to send besides `done`."
        self.errors: dict[str, list[tuple[str, str]]] = {}
        "By type of command: code and message, for the next ones."
        self.answers = True
        "Whether commands are answered at all."
        self.online = True
        self.received: list[commands.ClientMessage] = []
        "Every command of every connection, repetitions included."
        self._password = PASSWORD
        self._done: set[str] = set()
        self._events: dict[str, list[Event]] = {}
        self._watched: set[tuple[WebSocket, str]] = set()
        self._followed: dict[str, asyncio.Event] = {}
        "By session: somebody watches it."
        self._sockets: set[WebSocket] = set()
        self._offers: dict[str, Offered] = {}
        self._contacts: dict[str, ContactChanged] = {}
        self._consults: dict[str, ConsultChanged] = {}
        self._snapshots: dict[str, BaseModel] = {}
        self.office = ScriptedOffice(self._may)
        "What it answers over HTTP beside all this."
        self.files = PageFiles("/api/desk/files", lambda asked: self._knows(asked.cookies), self._shared)
        self._far_end = FarEnd()
        self._server = PageServer(pages, self._routes())
        self._far_end.tasks = self._server.tasks
        self.files.server = self._server

    # --- what tests do -------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where the desk is."""
        return f"{self._server.url}desk.html"

    @property
    def far_end(self) -> FarEnd:
        """The other side of the agent's audio."""
        return self._far_end

    def tell(self, *messages: BaseModel) -> None:
        """Send these to every connection; offers and contacts are told again after a reconnect."""
        self._server.call(self._tell(messages))

    def say(self, session: str, *facts: Fact) -> None:
        """Let these happen in a session."""
        self._server.call(self._happen(session, facts))

    def drop(self, code: int = 1012) -> None:
        """Cut every connection, as a restart does."""
        self._server.call(self._drop(code))

    def hang_up(self) -> None:
        """End the agent's audio from our side."""
        self._server.call(self._far_end.hang_up())

    def of(self, kind: str) -> list[Any]:
        """The commands of this type so far, repetitions included."""
        return [command for command in self.received if command.type == kind]

    # --- life ----------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()
        self.hang_up()
        self._server.stop()

    def _routes(self) -> list[Route | WebSocketRoute]:
        return [
            WebSocketRoute("/desk/live", self._live),
            *self.files.routes(),
            Route("/api/desk/sign-in", self._sign_in, methods=["POST"]),
            Route("/api/desk/sign-out", self._sign_out, methods=["POST"]),
            Route("/api/desk/me", self._me),
            Route("/api/desk/password", self._change_password, methods=["POST"]),
            Route("/api/desk/offer", self._offer, methods=["POST"]),
            Route("/api/desk/offer", self._candidates, methods=["PATCH"]),
            Route("/api/desk/ice", lambda _: JSONResponse({"iceServers": []})),
            *self.office.routes(),
            Route("/articles/{name}", lambda request: PlainTextResponse(request.path_params["name"])),
        ]

    # --- signing in ----------------------------------------------------------------------------------

    async def _sign_in(self, request: Request) -> Response:
        if self.sign_in_refusal is not None:
            return self.sign_in_refusal
        given = await request.json()
        if (given["name"], given["password"]) != (NAME, self._password):
            return refusal("wrong_credentials", 401, "Name or password is wrong.")
        self.signed_in = True
        response = JSONResponse(self._account())
        response.set_cookie(COOKIE, "token", httponly=True, samesite="strict")
        return response

    async def _sign_out(self, _: Request) -> Response:
        self.signed_in = False
        await self._drop(SIGNED_OUT)
        return Response(status_code=204)

    async def _me(self, request: Request) -> Response:
        if not self._knows(request.cookies):
            return refusal("not_signed_in", 401, "Please sign in.")
        return JSONResponse(self._account())

    async def _change_password(self, request: Request) -> Response:
        wish = await request.json()
        if wish["current"] != self._password:
            return refusal("wrong_credentials", 401, "The password is wrong.")
        if len(wish["new"]) < 12:
            return refusal("weak_password", 422, "A password has 12 to 256 characters.")
        self._password = wish["new"]
        await self._drop(SIGNED_OUT)
        return JSONResponse(self._account())

    def _knows(self, cookies: dict[str, str]) -> bool:
        return self.signed_in and COOKIE in cookies

    def _may(self, request: Request, action: Action) -> Response | None:
        if not self._knows(request.cookies):
            return refusal("not_signed_in", 401, "Please sign in.")
        if not allows(self.agent.role, action):
            return refusal("not_allowed", 403, "Your role may not do this.")
        return None

    def _account(self) -> dict[str, Any]:
        return {"agent": self.agent.model_dump(), "may": [str(action) for action in allowed(self.agent.role)]}

    # --- the websocket -------------------------------------------------------------------------------

    async def _live(self, socket: WebSocket) -> None:
        if not (self.online and self._knows(socket.cookies)):
            await socket.close(1013)
            return
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            await self._welcome(socket)
            self._sockets.add(socket)
            while True:
                command = commands.parse(await socket.receive_text())
                self.received.append(command)
                await self._obey(socket, command)

    async def _welcome(self, socket: WebSocket) -> None:
        welcome = Welcome(
            agent=self.agent,
            presence=self.presence,
            now=time.time(),
            queues=(
                QueueInfo(queue="general", title="General"),
                QueueInfo(queue="refunds", title="Refunds"),
            ),
            dispositions=(
                Disposition(code="resolved", title="Resolved"),
                Disposition(code="follow_up", title="Needs a follow-up"),
            ),
            canned=(
                Canned(key="hello", title="Greeting", text="Hello, this is Anna. I have read everything."),
                Canned(key="bye", title="Goodbye", text="Thank you for your patience. Goodbye!"),
            ),
            tools=(REFUND,),
            voice=self.voice,
            offers=tuple(self._offers),
            contacts=tuple(contact.handoff_id or "" for contact in self._contacts.values()),
            consults=tuple(self._consults),
        )
        for message in (
            welcome,
            *self._offers.values(),
            *self._contacts.values(),
            *self._consults.values(),
            *self._snapshots.values(),
        ):
            await _send(socket, message)

    async def _obey(self, socket: WebSocket, command: commands.ClientMessage) -> None:
        if isinstance(command, commands.Ping):
            await _send(socket, Pong(id=command.id))
            return
        if not self.answers:
            return
        if self.errors.get(command.type):
            code, words = self.errors[command.type].pop(0)
            await _send(socket, Error(id=command.id, code=code, fault="client", message=words))
            return
        if command.id is None or command.id not in self._done:
            await self._do(command)
        if command.id is not None:
            self._done.add(command.id)
            await _send(socket, Done(id=command.id))
        match command:
            case commands.Watch():
                await self._watch(socket, command)
            case commands.Unwatch():
                self._watched.discard((socket, command.session))

    async def _do(self, command: commands.ClientMessage) -> None:
        match command:
            case commands.SetPresence():
                changed = {"state": command.state, "voice": command.voice, "reason": None}
                self.presence = self.presence.model_copy(update=changed)
                await self._tell([self.presence])
            case commands.Say():
                await self._happen(command.session, [self._said(command)])
        if command.type in self.script:
            await self._tell(self.script[command.type](command))

    def _said(self, command: commands.Say) -> HumanTurn:
        return HumanTurn(
            turn_id=f"p-{command.id}",
            channel="chat",
            agent_id=self.agent.agent_id,
            agent=self.agent.name,
            client_id=command.id,
            pii=Words(text=command.text),
        )

    async def _watch(self, socket: WebSocket, command: commands.Watch) -> None:
        for event in self._events.get(command.session, []):
            if event.seq > command.after:
                await _send(socket, SessionEvent(session=command.session, event=event.message()))
        self._watched.add((socket, command.session))
        self._followed.setdefault(command.session, asyncio.Event()).set()

    async def _happen(self, session: str, facts: Sequence[Fact]) -> None:
        events = self._events.setdefault(session, [])
        for fact in facts:
            if not fact.durable:
                await self._until_watched(session)
            event = Event(len(events) + 1 if fact.durable else 0, time.time(), fact)
            if fact.durable:
                events.append(event)
            for socket, watched in list(self._watched):
                if watched == session:
                    await _send(socket, SessionEvent(session=session, event=event.message()))

    async def _until_watched(self, session: str) -> None:
        """What is not stored would be lost on a page that has just been told of the session."""
        async with asyncio.timeout(5):
            await self._followed.setdefault(session, asyncio.Event()).wait()

    async def _tell(self, messages: Sequence[BaseModel]) -> None:
        for message in messages:
            match message:
                case Offered():
                    self._offers[message.lease] = message
                case OfferEnded():
                    self._offers.pop(message.lease, None)
                case ContactChanged(mine=True) if message.state != "closed":
                    self._contacts[message.session] = message
                case ContactChanged():
                    self._contacts.pop(message.session, None)
                case ConsultChanged(state="over"):
                    self._consults.pop(message.consult, None)
                case ConsultChanged():
                    self._consults[message.consult] = message
                case BaseModel() if getattr(message, "type", "") in ("presence", "queue", "sessions"):
                    self._snapshots[type(message).__name__] = message
            for socket in list(self._sockets):
                await _send(socket, message)

    async def _drop(self, code: int) -> None:
        sockets, self._sockets = self._sockets, set()
        self._watched.clear()
        self._followed.clear()
        for socket in sockets:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await socket.close(code)

    # --- files ---------------------------------------------------------------------------------------

    async def _shared(self, file: StoredFile) -> None:
        fact = FileShared(
            file_id=file.file_id,
            by="agent",
            agent_id=self.agent.agent_id,
            agent=self.agent.name,
            size=file.size,
            media_type=file.media_type,
            pii=FileName(name=file.name or ""),
        )
        await self._happen(file.session_id, [fact])

    # --- audio ---------------------------------------------------------------------------------------

    async def _offer(self, request: Request) -> Response:
        if self.offer_refusal is not None:
            return self.offer_refusal
        if not self._knows(request.cookies):
            return refusal("not_signed_in", 401, "Please sign in.")
        answer = await self._far_end.answer(await request.json())
        self.presence = self.presence.model_copy(update={"audio": True})
        await self._tell([self.presence])
        return JSONResponse(answer)

    async def _candidates(self, request: Request) -> Response:
        await self._far_end.add_candidates(await request.json())
        return JSONResponse({})


def refusal(code: str, status: int, message: str, **headers: str) -> JSONResponse:
    """An error of an HTTP route, as docs/wire.md has them."""
    error = {"code": code, "fault": "client", "message": message, "retry": status == 429}
    return JSONResponse({"error": error}, status, headers=headers)


async def _send(socket: WebSocket, message: BaseModel) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, asyncio.CancelledError):
        await socket.send_text(message.model_dump_json(exclude_none=True))
