"""An agent at the desk without a page: signs in by HTTP, asks for things by websocket, talks by WebRTC."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.interop.talkers import Browser, in_browser

COOKIE = "warmline_desk"


class DeskAgent:
    """Somebody at work, who is available for calls."""

    def __init__(self, socket: ClientConnection, voice: Browser) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self.voice = voice
        self.told: list[dict[str, Any]] = []
        "Every message of the gateway."

    async def asks(self, kind: str, **fields: Any) -> None:
        """Ask for something; fails unless it is done."""
        command = {"type": kind, "id": f"k{next(self._ids)}", **fields}
        await self._socket.send(json.dumps(command))
        answer = await self.until("done", "error", id=command["id"])
        assert answer["type"] == "done", answer

    async def until(self, *kinds: str, seconds: float = 30.0, **fields: Any) -> dict[str, Any]:
        """The next message of one of these types with these fields; those before it are passed over."""
        async with asyncio.timeout(seconds):
            while True:
                message: dict[str, Any] = json.loads(await self._socket.recv())
                self.told.append(message)
                if message["type"] in kinds and fields.items() <= message.items():
                    return message


@asynccontextmanager
async def at_desk(url: str, name: str, password: str) -> AsyncIterator[DeskAgent]:
    """Comes to work, and goes away again."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
        answer = await client.post("/api/desk/sign-in", json={"name": name, "password": password})
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        cookie = f"{COOKIE}={answer.cookies[COOKIE]}"
        live = f"{url.replace('http', 'ws', 1)}/desk/live"
        async with (
            connect(live, additional_headers={"cookie": cookie}, proxy=None) as socket,
            in_browser(client, "/api/desk/offer") as voice,
        ):
            agent = DeskAgent(socket, voice)
            await agent.until("welcome")
            await agent.asks("presence", state="available", voice=True)
            try:
                yield agent
            finally:
                await agent.asks("presence", state="away")
                await client.post("/api/desk/sign-out")
