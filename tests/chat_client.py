"""A chat client for tests: says what it is told, and keeps everything the gateway sent."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Message = dict[str, Any]

PATIENCE_S = 60.0
"No conversation of a test takes longer."


class ChatClient:
    """One connection. `received` holds every message in order."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.received: list[Message] = []
        self.session = ""
        self.token = ""

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def hello(self, **fields: Any) -> Message:
        """Say hello and return the welcome, or the error."""
        await self.send(type="hello", protocol=1, **fields)
        welcome = await self.next(lambda m: m["type"] in ("welcome", "error"))
        self.session, self.token = welcome.get("session", ""), welcome.get("token", "")
        return welcome

    async def say(self, message_id: str, text: str) -> None:
        await self.send(type="message", id=message_id, text=text)

    async def next(self, wanted: Callable[[Message], bool]) -> Message:
        """Read on until a message that is wanted has come; raises `ConnectionClosed` when none will."""
        while True:
            message = json.loads(await self.connection.recv())
            self.received.append(message)
            if wanted(message):
                return message  # type: ignore[no-any-return]

    async def until(self, kind: str, **fields: Any) -> Message:
        """The next message of a type, with these fields."""
        return await self.next(lambda m: m["type"] == kind and fields.items() <= m.items())

    async def closed(self) -> int:
        """Read to the end; the close code."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                self.received.append(json.loads(await self.connection.recv()))
        assert self.connection.close_code is not None
        return self.connection.close_code

    def events(self, kind: str | None = None) -> list[Message]:
        """The stored events that came, in order."""
        return [m for m in self.received if m.get("seq", 0) and "at" in m and kind in (None, m["type"])]


@asynccontextmanager
async def chat_client(url: str, **options: Any) -> AsyncIterator[ChatClient]:
    """A connection to the gateway at `http://…`; it has said nothing yet."""
    address = f"ws{url.removeprefix('http')}/chat"
    async with asyncio.timeout(PATIENCE_S), connect(address, proxy=None, **options) as made:
        yield ChatClient(made)
