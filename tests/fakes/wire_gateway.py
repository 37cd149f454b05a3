"""A gateway that speaks docs/wire.md over real HTTP, websocket and WebRTC, and does what a test tells it.

For tests of the customer's page: sessions, resume and acks behave as promised; what is answered comes
from the test's script as the same typed facts that the real gateway sends. Relies on starlette, uvicorn
and aiortc.
"""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
import uvicorn
from aiortc import AudioStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.events import Event
from gateway.web.headers import SecurityHeaders
from pipelines.facts import CustomerTurn, Fact, Words

T = TypeVar("T")
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
        self.heard = 0
        "Loudest sample of the customer's voice so far."
        self.online = True
        self.acks = True
        self._sessions: dict[str, _Session] = {}
        self._peers: dict[str, RTCPeerConnection] = {}
        self._server = _Server(
            uvicorn.Config(
                self._app(pages), port=0, log_level="error", lifespan="off", ws="websockets-sansio"
            )
        )
        self._loop = asyncio.new_event_loop()
        self._tasks = asyncio.TaskGroup()
        self._thread = threading.Thread(target=self._run, name="wire-gateway", daemon=True)

    # --- what tests do -------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where the page is."""
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://localhost:{port}/"

    def say(self, *facts: Fact) -> None:
        """Let these happen in the newest session."""
        self._call(self._tell(list(self._sessions.values())[-1], facts))

    def drop(self) -> None:
        """Cut every chat connection, as a lost network does."""
        self._call(self._drop())

    def hang_up(self) -> None:
        """End every call from our side."""
        self._call(self._close_peers())

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
        self._thread.start()
        assert self._server.listening.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._drop())
        self._call(self._close_peers())
        self._server.should_exit = True
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live())
        finally:
            self._loop.close()

    async def _live(self) -> None:
        async with self._tasks:
            await self._server.serve()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _app(self, pages: Path) -> ASGIApp:
        routes = [
            WebSocketRoute("/chat", self._chat),
            Route("/api/offer", self._offer, methods=["POST"]),
            Route("/api/offer", self._candidates, methods=["PATCH"]),
            Route("/api/ice", lambda _: JSONResponse({"iceServers": []})),
            Route("/articles/{name}", lambda request: PlainTextResponse(request.path_params["name"])),
            Mount("/", StaticFiles(directory=pages, html=True)),
        ]
        return Starlette(routes=routes, middleware=[Middleware(SecurityHeaders)])

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

    # --- voice ---------------------------------------------------------------------------------------

    async def _offer(self, request: Request) -> Response:
        if self.offer_refusal is not None:
            return self.offer_refusal
        offer = await request.json()
        session = self._sessions[offer["request_data"]["session"]]
        peer = RTCPeerConnection()
        pc_id = f"p_{len(self._peers) + 1}"
        self._peers[pc_id] = peer
        peer.addTrack(_Tone())
        peer.on("track", lambda track: self._tasks.create_task(self._listen(track), name=f"hear {pc_id}"))
        await peer.setRemoteDescription(RTCSessionDescription(offer["sdp"], offer["type"]))
        await peer.setLocalDescription(await peer.createAnswer())
        answer = {"sdp": peer.localDescription.sdp, "type": "answer", "pc_id": pc_id}
        return JSONResponse({**answer, "session": session.session_id, "token": session.token})

    async def _candidates(self, request: Request) -> Response:
        body = await request.json()
        for found in body["candidates"]:
            candidate = candidate_from_sdp(found["candidate"].removeprefix("candidate:"))
            candidate.sdpMid, candidate.sdpMLineIndex = found["sdp_mid"], found["sdp_mline_index"]
            await self._peers[body["pc_id"]].addIceCandidate(candidate)
        return JSONResponse({})

    async def _listen(self, track: Any) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                self.heard = max(self.heard, int(np.abs(frame.to_ndarray().astype(np.int32)).max()))

    async def _close_peers(self) -> None:
        for peer in self._peers.values():
            await peer.close()


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class _Tone(AudioStreamTrack):  # type: ignore[misc]
    """440 Hz, so that a test can tell that the bot's voice arrives."""

    async def recv(self) -> Any:
        frame = await super().recv()
        times = (frame.pts + np.arange(frame.samples)) / frame.sample_rate
        samples = (8000 * np.sin(2 * np.pi * 440 * times)).astype(np.int16)
        frame.planes[0].update(samples.tobytes())
        return frame


def _error(code: str, message: str) -> dict[str, Any]:
    return {"type": "error", "code": code, "fault": "client", "message": message, "retry": False}
