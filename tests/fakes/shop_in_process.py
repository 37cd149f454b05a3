"""The real demo shop in this process, over ASGI instead of a socket: same routes, same database, no port.

Everything happens on the caller's event loop without threads, so it also works in virtual time.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import httpx

from tools.connector import ShopConnector, ShopSettings, connected
from tools.shop.app import shop_app
from tools.shop.database import opened
from tools.shop.store import ShopStore

TODAY = date(2026, 11, 22)
NOW = datetime.combine(TODAY, time(15, 30), UTC).timestamp()
"Unix time in the afternoon of `TODAY`: for `CallContext.now`."
TOKEN = "a-token-for-tests-only"


@dataclass(frozen=True)
class Shop:
    """A shop and ways into it."""

    connector: ShopConnector
    database: sqlite3.Connection
    transport: httpx.ASGITransport


@asynccontextmanager
async def shop_in_process(today: date = TODAY, now: float = NOW) -> AsyncIterator[Shop]:
    """A freshly seeded shop in memory."""
    with closing(opened(":memory:", today)) as database:
        transport = httpx.ASGITransport(app=shop_app(ShopStore(database, lambda: now), TOKEN))
        async with connected(ShopSettings("http://shop.test", TOKEN), transport) as connector:
            yield Shop(connector, database, transport)
