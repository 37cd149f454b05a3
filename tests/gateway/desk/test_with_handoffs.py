"""The desk and the real conductor together: a customer who writes, and people at their desks."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from gateway.accounts.audit import Audit
from gateway.desk.commands import Watch, parse
from gateway.desk.desk import Desk, DeskParts, open_desk
from gateway.desk.history import CustomerHistory
from gateway.desk.seat import Tab
from gateway.desk.seats import Seats
from gateway.desk.settings import DeskSettings
from pipelines.facts import HumanTurn, NoteAdded
from tests import virtual_time
from tests.fakes.office import ALEX, KIM, SAM, Office
from tests.gateway.desk.desk_world import told


class Desks:
    """An office in which people have desks."""

    def __init__(self) -> None:
        self.office = Office()
        self.seats = Seats()
        self.office.shown = self.seats  # type: ignore[assignment]
        self.desk: Desk
        self.tasks: asyncio.TaskGroup
        self.numbers = count()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with self.office.open() as office:
            parts = DeskParts(
                office.queue,
                office.desk,
                self.seats,
                Audit(office.records, office.now),
                CustomerHistory(office.store, office.records),
                office.settings,
                lambda role: (),
                self.seats.customer_typing,
            )
            async with open_desk(parts, DeskSettings(), office.now) as self.desk:
                async with asyncio.TaskGroup() as self.tasks:
                    yield

    async def does(self, tab: Tab, kind: str, **fields: Any) -> str:
        """What an agent asks for; the code of the error, or `done`."""
        command_id = f"k{next(self.numbers)}"
        await self.desk.obey(tab, parse(json.dumps({"type": kind, "id": command_id, **fields})))
        while True:
            message = await told(tab)
            if message["type"] in ("done", "error") and message["id"] == command_id:
                return str(message.get("code", "done"))

    async def rings(self, tab: Tab) -> dict[str, Any]:
        return await told(tab, "offer")


def run(test: Callable[[Desks], Awaitable[None]]) -> None:
    async def main() -> None:
        desks = Desks()
        async with desks.open():
            async with asyncio.timeout(600):
                await test(desks)

    virtual_time.run(main())


def states(tab: Tab) -> list[str]:
    """Of the agent's contacts."""
    return [contact.state for contact in tab.seat.contacts.values()]


def test_a_chat_goes_from_the_bot_to_a_person_and_back() -> None:
    async def test(desks: Desks) -> None:
        alex = await desks.desk.join(ALEX)
        assert await desks.does(alex, "presence", state="available") == "done"
        await asyncio.sleep(2.1)
        live = await desks.office.chat("a person please")
        offer = await desks.rings(alex)
        session = {"session": live.session_id}
        assert offer["session"] == live.session_id and offer["briefing"]["summary"]
        watch = Watch(type="watch", session=live.session_id)
        await desks.desk.watch(alex, watch)
        assert (await told(alex, "error"))["code"] == "not_yours", "before it is accepted"
        assert await desks.does(alex, "accept", lease=offer["lease"]) == "done"
        await asyncio.sleep(0.1)
        assert await desks.does(alex, "message", **session, text="too early") == "no_floor"
        assert await desks.does(alex, "connect", **session) == "done"
        await asyncio.sleep(0.1)
        assert await desks.does(alex, "message", **session, text="Hello, Alex here.") == "done"
        (said,) = desks.office.facts(live, HumanTurn)
        assert (said.pii.text, said.agent) == ("Hello, Alex here.", "Alex")
        assert await desks.does(alex, "note", **session, text="sounds angry") == "done"
        assert len(desks.office.facts(live, NoteAdded)) == 1
        assert await desks.does(alex, "hand_back", **session, note="agreed on Monday") == "done"
        await asyncio.sleep(0.5)
        assert await desks.does(alex, "message", **session, text="late") in ("not_yours", "no_floor")

    run(test)


def test_a_customer_is_handed_on_and_wrapped_up() -> None:
    async def test(desks: Desks) -> None:
        alex, kim = await desks.desk.join(ALEX), await desks.desk.join(KIM)
        assert await desks.does(alex, "presence", state="available") == "done"
        await asyncio.sleep(2.1)
        live = await desks.office.chat("a person please")
        offer = await desks.rings(alex)
        session = {"session": live.session_id}
        assert await desks.does(alex, "accept", lease=offer["lease"]) == "done"
        assert await desks.does(kim, "end", **session) == "not_yours"
        assert await desks.does(alex, "connect", **session) == "done"
        await asyncio.sleep(0.1)
        watching = desks.tasks.create_task(
            desks.desk.watch(alex, Watch(type="watch", session=live.session_id))
        )
        await told(alex, "event")
        assert await desks.does(kim, "presence", state="available") == "done"
        assert await desks.does(alex, "transfer", **session, agent=KIM.agent_id, note="yours") == "done"
        second = await desks.rings(kim)
        assert second["session"] == live.session_id
        assert await desks.does(kim, "accept", lease=second["lease"]) == "done"
        await watching
        assert await desks.does(alex, "message", **session, text="still here") == "not_yours"
        assert await desks.does(kim, "connect", **session) == "done"
        await asyncio.sleep(0.1)
        assert await desks.does(kim, "end", **session) == "done"
        assert states(kim) == ["wrap_up"] and states(alex) == []
        assert await desks.does(kim, "wrap_up", **session, disposition="resolved", notes="fine") == "done"
        assert states(kim) == [] and not desks.desk.has_contacts(KIM.agent_id)

    run(test)


def test_an_agent_whose_browser_is_gone_loses_the_customer_to_the_next() -> None:
    async def test(desks: Desks) -> None:
        alex = await desks.desk.join(ALEX)
        assert await desks.does(alex, "presence", state="available") == "done"
        await asyncio.sleep(2.1)
        live = await desks.office.chat("a person please")
        offer = await desks.rings(alex)
        assert await desks.does(alex, "accept", lease=offer["lease"]) == "done"
        assert await desks.does(alex, "connect", session=live.session_id) == "done"
        await asyncio.sleep(0.1)
        kim = await desks.desk.join(KIM)
        assert await desks.does(kim, "presence", state="available") == "done"
        desks.desk.leave(alex)
        assert (await desks.rings(kim))["session"] == live.session_id

    run(test)


def test_a_supervisor_reads_along_and_takes_over() -> None:
    async def test(desks: Desks) -> None:
        sam = await desks.desk.join(SAM)
        live = await desks.office.chat("hello")
        session = {"session": live.session_id}
        assert await desks.does(sam, "note", **session, text="hm") == "not_yours"
        assert await desks.does(sam, "supervise", **session, mode="monitor") == "done"
        assert await desks.does(sam, "note", **session, text="watch this one") == "done"
        assert await desks.does(sam, "supervise", **session, mode="take_over") == "done"
        await asyncio.sleep(0.5)
        assert states(sam) == ["human_active"]
        assert await desks.does(sam, "message", **session, text="Sam here.") == "done"

    run(test)
