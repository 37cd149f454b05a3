"""An agent at the desk without a page: signs in by HTTP, asks for things by websocket, talks by WebRTC."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from tests.desk_client import DeskClient, desk_client
from tests.interop.talkers import Browser, in_browser


@dataclass(frozen=True, slots=True)
class DeskAgent:
    """Somebody at work, who is available for calls."""

    desk: DeskClient
    voice: Browser


@asynccontextmanager
async def at_desk(url: str, name: str, password: str) -> AsyncIterator[DeskAgent]:
    """Comes to work, and goes away again."""
    async with (
        desk_client(url, name, password) as desk,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client,
    ):
        answer = await client.post("/api/desk/sign-in", json={"name": name, "password": password})
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        async with in_browser(client, "/api/desk/offer") as voice:
            await desk.done("presence", state="available", voice=True)
            yield DeskAgent(desk, voice)
            await desk.done("presence", state="away")
