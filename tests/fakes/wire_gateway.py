"""A gateway that speaks docs/wire.md over real HTTP, websocket and WebRTC, and does what a test tells it.

For tests of the customer's page: sessions, resume and acks behave as promised; what is answered comes
from the test's script as the same typed facts that the real gateway sends. Relies on starlette.
"""

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.events import Event, FileName, FileShared
from gateway.store.file_store import StoredFile
from pipelines.facts import CustomerTurn, Fact, Words
from tests.fakes.page_files import PageFiles
from tests.fakes.page_server import FarEnd, PageServer

Script = Callable[[str], Sequence[Fact]]
"What to answer to a message."


@dataclass
class _Session:
    session_id: str
    events: list[Event] = field(default_factory=list)
    sockets: set[WebSocket] = field(default_factory=set)
    stored: dict[str, int] = field(default_factory=dict)
    "The client's id of a message: the event it became."

    @property
    def token(self) -> str:
        return f"token-of-{self.session_id}"


class WireGateway:
    """Use as a context manager; methods may be called from the test's thread."""

    def __init__(self, pages: Path, script: Script = lambda _: ()) -> None:
        self.script = script
        self.received: list[dict[str, Any]] = []
        "Every chat message of every client, in order."
        self.refusals: list[dict[str, Any]] = []
        "Errors to give to the next messages instead of an ack."
        self.offer_refusal: Response | None = None
        self.online = True
        self.acks = True
        self._sessions: dict[str, _Session] = {}
        self.files = PageFiles("/api/files", self._is_of_session, self._shared)
        self._far_end = FarEnd()
        self._server = PageServer(pages, self._routes())
        self._far_end.tasks = self._server.tasks
        self.files.server = self._server

    # --- what tests do -------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where the page is."""
        return self._server.url

    @property
    def heard(self) -> int:
        """Loudest sample of the customer's voice so far."""
        return self._far_end.heard

    @heard.setter
    def heard(self, loudest: int) -> None:
        self._far_end.heard = loudest

    def say(self, *facts: Fact) -> None:
        """Let these happen in the newest session."""
        self._server.call(self._tell(list(self._sessions.values())[-1], facts))

    def drop(self) -> None:
        """Cut every chat connection, as a lost network does."""
        self._server.call(self._drop())

    def hang_up(self) -> None:
        """End every call from our side."""
        self._server.call(self._far_end.hang_up())

    @property
    def sessions(self) -> int:
        """How many sessions were begun."""
        return len(self._sessions)

    def messages(self) -> list[str]:
        """Ids of the chat messages received, repetitions included."""
        return [message["id"] for message in self.received if message["type"] == "message"]

    def forget(self) -> None:
        """Lose every session, as after their retention time."""
        self._sessions.clear()

    # --- life ----------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.call(self._drop())
        self._server.call(self._far_end.hang_up())
        self._server.stop()

    def _routes(self) -> list[Route | WebSocketRoute]:
        return [
            WebSocketRoute("/chat", self._chat),
            *self.files.routes(),
            Route("/api/offer", self._offer, methods=["POST"]),
            Route("/api/offer", self._candidates, methods=["PATCH"]),
            Route("/api/ice", lambda _: JSONResponse({"iceServers": []})),
            Route("/articles/{name}", lambda request: PlainTextResponse(request.path_params["name"])),
        ]

    # --- chat ----------------------------------------------------------------------------------------

    async def _chat(self, socket: WebSocket) -> None:
        if not self.online:
            await socket.close(1013)
            return
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            session = await self._hello(socket)
            while session is not None:
                await self._take(session, socket, await self._next(socket))

    async def _next(self, socket: WebSocket) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await socket.receive_text())
        self.received.append(message)
        return message

    async def _hello(self, socket: WebSocket) -> _Session | None:
        hello = await self._next(socket)
        asked = hello.get("session")
        session = self._sessions.get(asked) if asked else self._begin()
        if session is None or (asked and hello["token"] != session.token):
            await socket.send_json(_error("unknown_session", "There is no such session."))
            await socket.close()
            return None
        newest = session.events[-1].seq if session.events else 0
        welcome = {
            "session": session.session_id,
            "token": session.token,
            "seq": newest,
            "resumed": bool(asked),
        }
        await socket.send_json({"type": "welcome", "protocol": 1, **welcome})
        for event in session.events:
            if event.seq > hello.get("last_seq", 0):
                await socket.send_json(event.message())
        session.sockets.add(socket)
        return session

    def _begin(self) -> _Session:
        session = _Session(f"s_{len(self._sessions) + 1}")
        self._sessions[session.session_id] = session
        return session

    async def _take(self, session: _Session, socket: WebSocket, message: dict[str, Any]) -> None:
        if message["type"] == "ping":
            await socket.send_json({"type": "pong", "id": message["id"]})
        if message["type"] != "message":
            return
        if self.refusals:
            await socket.send_json({**self.refusals.pop(0), "id": message["id"]})
            return
        known = message["id"] in session.stored
        if not known:
            turn = CustomerTurn(
                turn_id=f"c-{message['id']}",
                channel="chat",
                client_id=message["id"],
                pii=Words(text=message["text"]),
            )
            await self._tell(session, [turn])
            session.stored[message["id"]] = session.events[-1].seq
        if self.acks:
            seq = session.stored[message["id"]]
            await socket.send_json({"type": "ack", "id": message["id"], "seq": seq, "duplicate": known})
        if not known:
            await self._tell(session, self.script(message["text"]))

    async def _tell(self, session: _Session, facts: Sequence[Fact]) -> None:
        for fact in facts:
            event = Event(len(session.events) + 1 if fact.durable else 0, 1795370000.0, fact)
            if fact.durable:
                session.events.append(event)
            for client in list(session.sockets):
                with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                    await client.send_json(event.message())

    async def _drop(self) -> None:
        for session in self._sessions.values():
            clients, session.sockets = session.sockets, set()
            for client in clients:
                with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                    await client.close(1012)

    # --- files ---------------------------------------------------------------------------------------

    def _is_of_session(self, request: Request) -> bool:
        session = self._sessions.get(request.query_params["session"])
        return session is not None and request.headers.get("authorization") == f"Bearer {session.token}"

    async def _shared(self, file: StoredFile) -> None:
        fact = FileShared(
            file_id=file.file_id,
            by="customer",
            size=file.size,
            media_type=file.media_type,
            pii=FileName(name=file.name or ""),
        )
        await self._tell(self._sessions[file.session_id], [fact])

    # --- voice ---------------------------------------------------------------------------------------

    async def _offer(self, request: Request) -> Response:
        if self.offer_refusal is not None:
            return self.offer_refusal
        offer = await request.json()
        session = self._sessions[offer["request_data"]["session"]]
        answer = await self._far_end.answer(offer)
        return JSONResponse({**answer, "session": session.session_id, "token": session.token})

    async def _candidates(self, request: Request) -> Response:
        await self._far_end.add_candidates(await request.json())
        return JSONResponse({})


def _error(code: str, message: str) -> dict[str, Any]:
    return {"type": "error", "code": code, "fault": "client", "message": message, "retry": False}
