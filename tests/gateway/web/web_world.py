"""The gateway's web application around parts that a test chooses, and a client for it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from gateway.config import Limits
from gateway.health import Health
from gateway.web.edge import Edge
from gateway.web.origins import Origins
from gateway.web.rates import Visitors
from gateway.web.server import web_application

Test = Callable[[httpx.AsyncClient], Awaitable[None]]


def edge(health: Health | None = None, **limits: int) -> Edge:
    """An edge with nothing behind it."""
    chosen = Limits.model_validate(limits)
    visitors = Visitors(chosen.connections_per_address, chosen.openings_per_minute)
    return Edge(health or Health(), Origins("127.0.0.1", []), chosen, visitors)


def ask(at: Edge, test: Test, pages: Path = Path("nowhere")) -> None:
    """Run a test with an HTTP client of the application."""

    async def main() -> None:
        transport = httpx.ASGITransport(web_application(at, pages), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
            await test(http)

    asyncio.run(main())
