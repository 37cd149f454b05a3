"""An agent's desk for tests: signs in over HTTP, says what it is told, and keeps everything it was sent."""

import asyncio
import itertools
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Message = dict[str, Any]

PATIENCE_S = 30.0
"Nothing that a test waits for takes longer."


class DeskClient:
    """One connection. `received` holds every message in order, and is filled beside the test."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.received: list[Message] = []
        self._more = asyncio.Event()
        # Like the page: a command with an id that this agent has used already is the same command once more.
        self._ids = (f"{secrets.token_hex(4)}-{number}" for number in itertools.count(1))

    async def do(self, kind: str, **fields: Any) -> Message:
        """Ask for something; the `done` or `error` that it is answered with."""
        command_id = next(self._ids)
        await self._connection.send(json.dumps({"type": kind, "id": command_id, **fields}))
        return await self.next(lambda m: m["type"] in ("done", "error") and m.get("id") == command_id)

    async def done(self, kind: str, **fields: Any) -> None:
        """The same, and it must be done."""
        answer = await self.do(kind, **fields)
        assert answer["type"] == "done", answer

    async def next(self, wanted: Callable[[Message], bool], since: int = 0) -> Message:
        """The first such message from number `since` on, which may be there already."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for message in self.received[since:]:
                    if wanted(message):
                        return message
                since = len(self.received)
                self._more.clear()
                await self._more.wait()

    async def until(self, kind: str, since: int = 0, **fields: Any) -> Message:
        """The first message of a type, with these fields."""
        return await self.next(lambda m: m["type"] == kind and fields.items() <= m.items(), since)

    async def event(self, session: str, kind: str, text: str | None = None) -> Message:
        """An event of a session that is watched."""

        def wanted(message: Message) -> bool:
            if message["type"] != "event" or message["session"] != session:
                return False
            event = message["event"]
            return event["type"] == kind and text in (None, event.get("pii", {}).get("text"))

        found: Message = (await self.next(wanted))["event"]
        return found

    @property
    def ringing(self) -> set[str]:
        """The leases that ring, as the page would show them."""
        offered = {m["lease"] for m in self.received if m["type"] == "offer"}
        return offered - {m["lease"] for m in self.received if m["type"] == "offer.ended"}

    async def read(self) -> None:
        """Keep what comes, until the connection ends."""
        with suppress(ConnectionClosed):
            while True:
                self.received.append(json.loads(await self._connection.recv()))
                self._more.set()


@asynccontextmanager
async def desk_client(url: str, name: str, password: str) -> AsyncIterator[DeskClient]:
    """Somebody signs in at the gateway at `http://…` and opens the desk there."""
    async with httpx.AsyncClient(base_url=url, headers={"origin": url}, trust_env=False) as http:
        signed = await http.post("/api/desk/sign-in", json={"name": name, "password": password})
        assert signed.status_code == 200, signed.text
        cookie = "; ".join(f"{key}={value}" for key, value in http.cookies.items())
    address = f"ws{url.removeprefix('http')}/desk/live"
    options: dict[str, Any] = {"origin": url, "additional_headers": {"cookie": cookie}, "proxy": None}
    async with connect(address, **options) as made, asyncio.TaskGroup() as tasks:
        desk = DeskClient(made)
        reading = tasks.create_task(desk.read())
        await desk.until("welcome")
        yield desk
        reading.cancel()
