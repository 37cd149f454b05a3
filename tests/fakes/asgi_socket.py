"""A websocket without a network: drives an ASGI application from a test, in virtual time if it likes.

The application's sends wait once `room` messages are unread, as a slow client's connection makes them wait.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import ASGIApp, Message

Json = dict[str, Any]


class AsgiSocket:
    """The client's side. `close_code` is set once the application has closed or refused."""

    def __init__(self, room: int) -> None:
        self.received: list[Json] = []
        self.close_code: int | None = None
        self.refused: tuple[int, Json] | None = None
        "HTTP status and body, when the handshake was refused."
        self.lost = False
        self._status = 0
        self._inbound: asyncio.Queue[Message] = asyncio.Queue(1000)
        self._outbound: asyncio.Queue[Json | None] = asyncio.Queue(room)
        self._inbound.put_nowait({"type": "websocket.connect"})

    def send(self, **message: Any) -> None:
        self.send_text(json.dumps(message))

    def send_text(self, text: str) -> None:
        self._inbound.put_nowait({"type": "websocket.receive", "text": text})

    def send_bytes(self, data: bytes) -> None:
        self._inbound.put_nowait({"type": "websocket.receive", "bytes": data})

    def leave(self) -> None:
        """The connection is lost."""
        self._inbound.put_nowait({"type": "websocket.disconnect", "code": 1006})

    async def next(self, kind: str | None = None) -> Json:
        """The next message, of this type if one is given; fails when the application closes instead."""
        while True:
            message = await self._outbound.get()
            assert message is not None, f"closed with {self.close_code} {self.refused}"
            self.received.append(message)
            if kind is None or message["type"] == kind:
                return message

    async def closed(self) -> int | None:
        """Read to the end; the close code."""
        while (message := await self._outbound.get()) is not None:
            self.received.append(message)
        return self.close_code

    def of(self, kind: str) -> list[Json]:
        return [message for message in self.received if message["type"] == kind]

    def events(self) -> list[Json]:
        """The stored events that came."""
        return [m for m in self.received if "at" in m and m["seq"]]

    async def drain(self) -> None:
        """Let an application go that waits for room."""
        while not self._outbound.empty():
            self._outbound.get_nowait()
            await asyncio.sleep(0)

    async def receive_for_application(self) -> Message:
        return await self._inbound.get()

    async def send_by_application(self, message: Message) -> None:
        if self.lost:
            raise OSError("the connection is lost")
        match message:
            case {"type": "websocket.send", "text": text}:
                assert self.close_code is None
                await self._outbound.put(json.loads(text))
            case {"type": "websocket.close", "code": code}:
                self.close_code = code
                self._inbound.put_nowait({"type": "websocket.disconnect", "code": code})
                await self._outbound.put(None)
            case {"type": "websocket.http.response.start", "status": status}:
                self._status = status
            case {"type": "websocket.http.response.body", "body": body}:
                self.refused = (self._status, json.loads(body))
                await self._outbound.put(None)


@asynccontextmanager
async def asgi_socket(
    app: ASGIApp,
    path: str = "/chat",
    headers: Mapping[str, str] | None = None,
    *,
    client: str = "192.0.2.1",
    room: int = 1000,
) -> AsyncIterator[AsgiSocket]:
    """A websocket of `app`; the connection is lost when the block is left. `path` may have a query."""
    socket = AsgiSocket(room)
    path, _, query = path.partition("?")
    named = {"host": "localhost:8080", **(headers or {})}
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        "client": (client, 50_000),
        "server": ("localhost", 8080),
        "subprotocols": [],
        "state": {},
        "extensions": {"websocket.http.response": {}},
    }
    async with asyncio.TaskGroup() as tasks:

        async def serve() -> None:
            await app(scope, socket.receive_for_application, socket.send_by_application)

        tasks.create_task(serve(), name="websocket")
        try:
            yield socket
        finally:
            socket.leave()
            socket.lost = True
            await socket.drain()
