"""A desk over the real queue of one node, and a conductor that a test scripts; in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from gateway.accounts.account import Account
from gateway.accounts.audit import Audit
from gateway.accounts.permissions import DeskRole
from gateway.desk.desk import Desk, DeskParts, open_desk
from gateway.desk.history import CustomerHistory
from gateway.desk.messages import Consult, Contact, ToolInfo
from gateway.desk.seat import Tab
from gateway.desk.seats import Seats
from gateway.desk.settings import DeskSettings
from gateway.queue.contacts import Wanted
from gateway.queue.settings import Queues
from gateway.session import Session
from gateway.session_log import SessionLog, Surroundings
from pipelines.facts import Channel
from tests import virtual_time
from tests.fakes.memory_desk_records import MemoryDeskRecords
from tests.fakes.memory_store import MemoryStore
from tests.fakes.queue_with_outages import QueueWithOutages
from tests.fakes.scripted_conductor import ScriptedConductor

EPOCH = 1_000.0
TOOLS = (ToolInfo(tool="look_up_order", description="Look an order up.", effect="read", parameters={}),)


def account(name: str = "nadia", role: DeskRole = "agent", **fields: Any) -> Account:
    """Somebody who takes contacts of the queue `general`."""
    given: Mapping[str, Any] = {"queues": frozenset({"general"}), **fields}
    return Account(f"a_{name}", name, name.title(), role, **given)


def now() -> float:
    return EPOCH + asyncio.get_running_loop().time()


class DeskWorld:
    """What a test needs of a desk and of what is behind it."""

    def __init__(self, **settings: Any) -> None:
        self.settings = DeskSettings(**settings)
        self.store = MemoryStore()
        self.records = MemoryDeskRecords(self.store)
        self.seats = Seats()
        self.queue: QueueWithOutages
        self.conductor: ScriptedConductor
        self.desk: Desk
        self.tasks: asyncio.TaskGroup

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        queues = Queues()
        self.queue = QueueWithOutages(queues, now)
        self.conductor = ScriptedConductor(self.queue, self.seats)
        parts = DeskParts(
            queue=self.queue,
            conductor=self.conductor,
            seats=self.seats,
            audit=Audit(self.records, now),
            history=CustomerHistory(self.store, self.records),
            queues=queues,
            tools=lambda role: TOOLS if role != "admin" else (),
            customer_typing=self.seats.customer_typing,
        )
        async with asyncio.TaskGroup() as self.tasks:
            running = self.tasks.create_task(self.queue.run(), name="queue")
            async with open_desk(parts, self.settings, now) as self.desk:
                yield
            running.cancel()

    async def session(self, session_id: str = "s_1", customer_id: str | None = None) -> SessionLog:
        """A session that goes on in this process."""
        await self.store.create(Session(session_id, "", "chat", now(), customer_id=customer_id))
        log = SessionLog(session_id, Surroundings(self.store, self.tasks, now))
        self.conductor.logs[session_id] = log
        return log

    async def wait_for_person(
        self, handoff_id: str = "h_1", session_id: str = "s_1", channel: Channel = "chat"
    ) -> None:
        """A customer gets in line."""
        await self.queue.enqueue(
            Wanted(
                handoff_id,
                session_id,
                "general",
                channel,
                frozenset(),
                "en",
                0,
                now(),
                reason="customer_asked",
            )
        )


def run(test: Callable[[DeskWorld], Awaitable[None]], **settings: Any) -> None:
    """Run a test in a world of its own."""

    async def main() -> None:
        world = DeskWorld(**settings)
        async with world.open():
            await test(world)

    virtual_time.run(main())


def contact(agent_id: str | None = "a_nadia", state: str = "human_active", **fields: Any) -> Contact:
    """A chat that somebody has."""
    given = {
        "session": "s_1",
        "channel": "chat",
        "floor": "human",
        "since": 1.0,
        "handoff_id": "h_1",
        "customer": "Ms. Ott",
        **fields,
    }
    return Contact(agent_id=agent_id, state=state, **given)


def consult(state: str = "talking", **fields: Any) -> Consult:
    """Nadia has `s_1` in a call and asks Tom."""
    given: dict[str, Any] = {
        "consult": "c_1",
        "session": "s_1",
        "agent_id": "a_nadia",
        "agent": "Nadia",
        "colleague_id": "a_tom",
        "colleague": "Tom",
        "customer": "Ms. Ott",
        "queue": "general",
        "reason": "legal",
        "since": 1.0,
        "state": state,
        **fields,
    }
    return Consult(**given)


async def told(tab: Tab, kind: str | None = None) -> dict[str, Any]:
    """The next message of this type that the tab got; fails when it was let go instead."""
    while (message := await tab.outbox.take()) is not None:
        shown = message.model_dump(mode="json", exclude_none=True)
        if kind is None or shown["type"] == kind:
            return shown
    raise AssertionError(f"let go: {tab.outbox.goodbye}")


async def everything(tab: Tab) -> list[dict[str, Any]]:
    """All that the tab has not read yet."""
    found = []
    while tab.outbox.waiting:
        message = await tab.outbox.take()
        assert message is not None
        found.append(message.model_dump(mode="json", exclude_none=True))
    return found
