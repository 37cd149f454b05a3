"""The web application around the desk's door, in virtual time, and a browser before it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from gateway.web.edge import Edge
from gateway.web.origins import Origins
from gateway.web.server import web_application
from tests import virtual_time
from tests.gateway.accounts.door import Door
from tests.gateway.web.web_world import edge


class World:
    def __init__(self, door: Door, at: Edge, http: httpx.AsyncClient) -> None:
        self.door = door
        self.at = at
        self.http = http

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.http.post(f"/api/desk/{path}", json=body)

    async def me(self) -> httpx.Response:
        return await self.http.get("/api/desk/me")


def run(
    test: Callable[[World], Awaitable[None]], listening: str = "127.0.0.1", url: str = "http://localhost:8080"
) -> None:
    async def main() -> None:
        door, at = Door(), edge()
        await door.furnish()
        at.sign_ins, at.audit = door.sign_ins, door.audit
        at.origins = Origins(listening, [])
        transport = httpx.ASGITransport(web_application(at, Path("nowhere")), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=url) as http:
            await test(World(door, at, http))

    virtual_time.run(main())


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]
