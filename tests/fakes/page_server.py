"""What gateways for tests of pages share: a web server in a thread of its own, and the far end of calls.

Relies on starlette, uvicorn and aiortc.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import uvicorn
from aiortc import AudioStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from gateway.web.headers import SecurityHeaders

T = TypeVar("T")


class PageServer:
    """Serves the built pages and the given routes; `call` runs work in the server's thread."""

    def __init__(self, pages: Path, routes: Sequence[BaseRoute]) -> None:
        app = Starlette(
            routes=[*routes, Mount("/", StaticFiles(directory=pages, html=True))],
            middleware=[Middleware(SecurityHeaders)],
        )
        self.tasks = asyncio.TaskGroup()
        self._server = _Server(
            uvicorn.Config(app, port=0, log_level="error", lifespan="off", ws="websockets-sansio")
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="page-server", daemon=True)

    @property
    def url(self) -> str:
        """Where the pages are."""
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://localhost:{port}/"

    def start(self) -> None:
        """Return once it listens."""
        self._thread.start()
        assert self._server.listening.wait(10)

    def stop(self) -> None:
        """Return once it is gone."""
        self._server.should_exit = True
        self._thread.join(10)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run this in the server's thread; returns what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live())
        finally:
            self._loop.close()

    async def _live(self) -> None:
        async with self.tasks:
            await self._server.serve()


class FarEnd:
    """Answers WebRTC offers with a tone, and measures what it hears."""

    def __init__(self) -> None:
        self.heard = 0
        "Loudest sample so far."
        self.tasks: asyncio.TaskGroup | None = None
        "Where its listeners run: the server's."
        self._peers: dict[str, RTCPeerConnection] = {}

    @property
    def connections(self) -> int:
        """How many were made."""
        return len(self._peers)

    async def answer(self, offer: dict[str, Any]) -> dict[str, Any]:
        """`sdp`, `type` and `pc_id` for an offer as in docs/wire.md."""
        peer = RTCPeerConnection()
        pc_id = f"p_{len(self._peers) + 1}"
        self._peers[pc_id] = peer
        peer.addTrack(_Tone())
        peer.on("track", lambda track: self._begin(self._listen(track), f"hear {pc_id}"))
        await peer.setRemoteDescription(RTCSessionDescription(offer["sdp"], offer["type"]))
        await peer.setLocalDescription(await peer.createAnswer())
        return {"sdp": peer.localDescription.sdp, "type": "answer", "pc_id": pc_id}

    async def add_candidates(self, body: dict[str, Any]) -> None:
        """Trickled candidates, as in docs/wire.md."""
        for found in body["candidates"]:
            candidate = candidate_from_sdp(found["candidate"].removeprefix("candidate:"))
            candidate.sdpMid, candidate.sdpMLineIndex = found["sdp_mid"], found["sdp_mline_index"]
            await self._peers[body["pc_id"]].addIceCandidate(candidate)

    async def hang_up(self) -> None:
        """End every call."""
        for peer in self._peers.values():
            await peer.close()

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        assert self.tasks is not None
        self.tasks.create_task(work, name=name)

    async def _listen(self, track: Any) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                self.heard = max(self.heard, int(np.abs(frame.to_ndarray().astype(np.int32)).max()))


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class _Tone(AudioStreamTrack):  # type: ignore[misc]
    """440 Hz, so that a test can tell that the far end's voice arrives."""

    async def recv(self) -> Any:
        frame = await super().recv()
        times = (frame.pts + np.arange(frame.samples)) / frame.sample_rate
        samples = (8000 * np.sin(2 * np.pi * 440 * times)).astype(np.int16)
        frame.planes[0].update(samples.tobytes())
        return frame
