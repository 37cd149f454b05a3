"""Desks and the real conductor: a colleague who is asked reads the session while it lasts, and no longer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from gateway.desk.commands import ConsultEnd, Watch
from gateway.desk.seat import Tab
from gateway.protocol_error import ProtocolError
from pipelines.facts import CustomerTurn, Words
from tests import virtual_time
from tests.fakes.office import ALEX, KIM
from tests.fakes.office_calls import Line, calling, tone
from tests.fakes.scripted_leg import ScriptedLeg
from tests.gateway.desk.desk_world import everything, told
from tests.gateway.desk.test_with_handoffs import Desks


class Room:
    """Alex has a customer in a call, Kim is at their desk; both have their audio connected."""

    def __init__(self, desks: Desks, line: Line, alex: Tab, kim: Tab) -> None:
        self.desks = desks
        self.line = line
        self.alex = alex
        self.kim = kim
        self.watching: list[asyncio.Task[None]] = []

    @property
    def session(self) -> dict[str, str]:
        return {"session": self.line.session_id}

    async def does(self, tab: Tab, kind: str, **fields: Any) -> str:
        return await self.desks.does(tab, kind, **self.session, **fields)

    async def watches(self, tab: Tab) -> str:
        """Tries to read the session; the code of the refusal, or `done`."""
        watch = Watch(type="watch", id=f"w{next(self.desks.numbers)}", session=self.line.session_id)
        self.watching.append(self.desks.tasks.create_task(self.desks.desk.watch(tab, watch)))
        while True:
            message = await told(tab)
            if message["type"] in ("done", "error") and message["id"] == watch.id:
                return str(message.get("code", "done"))

    async def asks(self) -> dict[str, Any]:
        """Alex asks Kim; what Kim is shown."""
        assert await self.does(self.alex, "consult", agent=KIM.agent_id) == "done"
        return await told(self.kim, "consult")

    async def says_yes(self, asked: dict[str, Any]) -> str:
        return await self.does(self.kim, "consult_answer", consult=asked["consult"], answer="accept")


@asynccontextmanager
async def opened() -> AsyncIterator[Room]:
    desks = Desks()
    async with desks.open(), asyncio.TaskGroup() as tasks:
        tabs = []
        for account in (ALEX, KIM):
            tabs.append(await desks.desk.join(account))
            leg = ScriptedLeg(account.agent_id)
            leg.say([tone(2_000)] * 3_000)
            tasks.create_task(leg.serve())
            await desks.office.desk.agent_leg(account.agent_id, leg)
            await desks.desk.attendance.audio(account.agent_id, True)
        alex, kim = tabs
        assert await desks.does(alex, "presence", state="available") == "done"
        await asyncio.sleep(2.1)
        async with calling(desks.office) as line:
            await line.wishes()
            offer = await desks.rings(alex)
            assert await desks.does(alex, "accept", lease=offer["lease"]) == "done"
            assert await desks.does(alex, "connect", session=line.session_id) == "done"
            await asyncio.sleep(1)
            assert await desks.does(kim, "presence", state="available") == "done"
            await everything(kim)
            room = Room(desks, line, alex, kim)
            yield room
            for task in room.watching:
                task.cancel()
        for connected in desks.office.handoffs.house.legs.values():
            assert isinstance(connected, ScriptedLeg)
            connected.leave()


def run(test: Callable[[Room], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(600), opened() as room:
            await test(room)

    virtual_time.run(main())


def test_a_colleague_reads_along_while_they_are_consulted_and_no_longer() -> None:
    async def test(room: Room) -> None:
        assert await room.watches(room.kim) == "not_yours"
        asked = await room.asks()
        assert (asked["state"], asked["agent"], asked["mine"]) == ("asked", "Alex", False)
        assert asked["briefing"]["summary"]
        assert await room.watches(room.kim) == "not_yours", "it only rings"
        assert await room.says_yes(asked) == "done"
        assert await room.watches(room.kim) == "done"
        assert (await told(room.kim, "event"))["event"]["type"]
        for kind, fields in (("note", {"text": "x"}), ("hold", {"on": False}), ("end", {})):
            assert await room.does(room.kim, kind, **fields) == "not_yours"
        assert await room.does(room.kim, "consult_end", how="hand_over") == "not_yours"
        assert await room.does(room.alex, "consult_end", how="back") == "done"
        assert not room.kim.watched
        await everything(room.kim)
        secret = CustomerTurn(turn_id="c9", channel="voice", pii=Words(text="A secret"))
        await room.line.live.log.emit(secret)
        await asyncio.sleep(1)
        assert "secret" not in str(await everything(room.kim))
        assert await room.watches(room.kim) == "not_yours"
        entries = [(e.agent_id, e.action, dict(e.details)) for e in room.desks.office.records.audit]
        assert (KIM.agent_id, "watch", {"own": False, "consulted": True}) in entries
        assert (ALEX.agent_id, "consult", {"agent": KIM.agent_id}) in entries

    run(test)


def test_earlier_sessions_of_the_customer_are_not_for_a_colleague_who_is_asked() -> None:
    async def test(room: Room) -> None:
        asked = await room.asks()
        assert await room.says_yes(asked) == "done"
        assert await room.watches(room.kim) == "done"
        await asyncio.sleep(1)
        assert "history" not in {message["type"] for message in await everything(room.kim)}
        try:
            await room.desks.desk.history_for(KIM, room.line.session_id)
        except ProtocolError as error:
            assert error.code == "not_yours"
        else:
            raise AssertionError("it was given")
        assert await room.watches(room.alex) == "done"
        await told(room.alex, "history")

    run(test)


def test_who_is_handed_the_customer_reads_on_and_who_asked_does_not() -> None:
    async def test(room: Room) -> None:
        asked = await room.asks()
        assert await room.says_yes(asked) == "done"
        assert await room.watches(room.kim) == "done"
        assert await room.watches(room.alex) == "done"
        end = ConsultEnd(type="consult_end", id="e1", session=room.line.session_id, how="hand_over")
        await room.desks.desk.obey(room.alex, end)
        await asyncio.sleep(1)
        assert list(room.kim.watched) == [room.line.session_id] and not room.alex.watched
        assert await room.does(room.kim, "hold", on=True) == "done"
        shown = [message for message in await everything(room.alex) if message["type"] == "consult"]
        assert [message["why"] for message in shown if message["state"] == "over"] == ["handed_over"]

    run(test)


def test_a_tab_that_comes_back_finds_what_rings() -> None:
    async def test(room: Room) -> None:
        asked = await room.asks()
        room.desks.desk.leave(room.kim)
        again = await room.desks.desk.join(KIM)
        assert (await told(again, "welcome"))["consults"] == [asked["consult"]]
        assert (await told(again, "consult"))["state"] == "asked"
        room.desks.desk.leave(again)
        await asyncio.sleep(12)
        over = [message for message in await everything(room.alex) if message["type"] == "consult"][-1]
        assert (over["state"], over["why"]) == ("over", "lost"), "nobody is at that desk any more"

    run(test)


def test_a_consult_that_is_over_cannot_be_answered() -> None:
    async def test(room: Room) -> None:
        asked = await room.asks()
        assert await room.does(room.alex, "consult_end", how="back") == "done"
        assert await room.says_yes(asked) == "too_late"
        assert await room.does(room.kim, "consult_end", how="back") == "too_late"

    run(test)
