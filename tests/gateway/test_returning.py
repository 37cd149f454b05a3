"""Callers who were cut off and call again, from the lost call to the place in line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.caller_keys import CallerKeys
from gateway.leg import Hangup
from gateway.returning import WITHIN_S, Returning
from gateway.store.desk_records import WrapUp
from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Glossary
from pipelines.facts import CustomerTurn, IdentityVerified, NoteAdded, Values, Words, WorkflowChanged
from tests.fakes.memory_caller_index import MemoryCallerIndex
from tests.fakes.office import ALEX, Office
from tests.fakes.office_calls import CUSTOMER, Line, at_work, calling, tone
from tests.fakes.scripted_leg import ScriptedLeg

NUMBER = "+4930987654"
NETWORK = Hangup("network", "no sound for 10 s")
QUESTION = WorkflowChanged(workflow="go_on", state="active", awaiting="resumption")


class Greeter:
    """Says what it was asked to welcome back for."""

    def welcome_back(self, workflow: str | None, skill: str | None) -> tuple[str, WorkflowChanged | None]:
        return f"Again about {workflow}, {skill}?", QUESTION


class World:
    def __init__(self, office: Office) -> None:
        self.office = office
        self.index = MemoryCallerIndex(office.store)
        self.returning = Returning(
            office.store,
            self.index,
            office.records,
            CallerKeys(b"secret"),
            office.sessions,
            lambda: BriefingFold(Glossary()),
            Greeter(),
            office.handoffs.returning.add,
        )

    @asynccontextmanager
    async def call(self, number: str = NUMBER, ends: Hangup | None = None) -> AsyncIterator[Line]:
        """A call from this number, which ends as said."""
        leg = ScriptedLeg()
        leg.tells["caller"] = number
        leg.say([tone(CUSTOMER)] * 50_000)
        async with calling(self.office, leg, welcome=self.returning.welcome) as line:
            yield line
            if ends is not None:
                line.customer.leave(ends)

    async def about_a_refund(self, number: str = NUMBER, ends: Hangup = NETWORK) -> None:
        """A call about a refund, identity proven, that ends so."""
        async with self.call(number, ends) as line:
            words = Words(text="I want a refund for order 10437")
            await line.live.log.emit(CustomerTurn(turn_id="c1", channel="voice", pii=words))
            await line.live.log.emit(
                IdentityVerified(customer_id="C-7", method="zip", pii=Values(values={"name": "Maya Lopez"}))
            )
            await line.live.log.emit(WorkflowChanged(workflow="refund", state="active"))


def test_who_was_cut_off_is_greeted_with_what_it_was_about_and_nothing_that_is_theirs() -> None:
    office = Office()

    async def main() -> None:
        the = World(office)
        await the.about_a_refund()
        await asyncio.sleep(60)
        async with the.call() as again:
            assert again.said == ["Again about refund, None?"]
            log = again.live.log
            assert log.conversation.identity is None, "nobody has proven who calls"
            assert log.conversation.workflow is not None and log.conversation.workflow.workflow == "go_on"
            assert log.conversation.turns == [], "the bot is told nothing of what was said"
            [note] = office.facts(again.live, NoteAdded)
            assert note.private and "10437" in note.pii.text and "Nobody has checked" in note.pii.text
            await office.comes(ALEX)
            await again.wishes()
            offer = await office.offer(ALEX)
            assert offer.wanted.priority == office.settings.priority.returning

    office.run(main)


def test_who_hung_up_on_the_bot_is_greeted_as_ever() -> None:
    office = Office()

    async def main() -> None:
        the = World(office)
        await the.about_a_refund(ends=Hangup("remote", "hung up"))
        async with the.call() as again:
            assert again.said == []

    office.run(main)


@pytest.mark.parametrize(
    ("number", "pause_s"), [("+4930111111", 60), (NUMBER, WITHIN_S + 1), ("anonymous", 1)]
)
def test_others_and_those_who_come_late_begin_anew(number: str, pause_s: float) -> None:
    office = Office()

    async def main() -> None:
        the = World(office)
        await the.about_a_refund()
        await asyncio.sleep(pause_s)
        async with the.call(number) as again:
            assert again.said == [] and office.facts(again.live, NoteAdded) == []

    office.run(main)


def test_nobody_is_welcomed_back_twice_for_the_same_call() -> None:
    office = Office()

    async def main() -> None:
        the = World(office)
        await the.about_a_refund()
        async with the.call(ends=Hangup("remote", "hung up")) as again:
            assert again.said != []
        async with the.call() as third:
            assert third.said == []

    office.run(main)


def test_who_left_the_line_is_asked_whether_they_want_somebody_again() -> None:
    office = Office()

    async def main() -> None:
        the = World(office)
        await office.comes(ALEX)
        async with the.call(ends=Hangup("remote", "hung up")) as line:
            await line.wishes()
            assert line.state == "offered"
        await asyncio.sleep(1)
        async with the.call() as again:
            assert again.said == ["Again about None, general?"]

    office.run(main)


def test_whose_matter_the_agent_has_resolved_begins_anew() -> None:
    office = Office()

    async def main() -> None:
        the = World(office)
        async with at_work(office, ALEX):
            async with the.call(ends=Hangup("remote", "hung up")) as line:
                await line.wishes()
                await office.takes(ALEX)
                await asyncio.sleep(1)
                session_id = line.session_id
            await asyncio.sleep(10)
            await office.records.keep_wrap_up(
                WrapUp(session_id, "h_1", ALEX.agent_id, "resolved", "", office.now())
            )
            async with the.call() as again:
                assert again.said == []

    office.run(main)


def test_somebody_else_at_the_same_number_is_left_alone() -> None:
    office = Office()

    async def main() -> None:
        the = World(office)
        async with the.call() as first:
            words = Words(text="I want a refund")
            await first.live.log.emit(CustomerTurn(turn_id="c1", channel="voice", pii=words))
            async with the.call() as second:
                assert second.said == []

    office.run(main)


@pytest.mark.parametrize("broken", ["store", "index", "records"])
def test_a_store_that_is_away_costs_the_greeting_and_not_the_call(broken: str) -> None:
    office = Office()

    async def main() -> None:
        the = World(office)
        await the.about_a_refund()
        live, _ = await office.sessions.begin("voice")
        parts: dict[str, Any] = {"store": office.store, "index": the.index, "records": office.records}
        parts[broken].down = True
        leg = ScriptedLeg()
        leg.tells["caller"] = NUMBER
        assert await the.returning.welcome(leg, live) is None

    office.run(main)


def test_whether_a_customer_has_been_in_touch_since() -> None:
    office = Office()

    async def main() -> None:
        the = World(office)
        began = office.now()
        assert await the.returning.in_touch(NUMBER, began) is None
        assert await the.returning.in_touch(None, began) is None
        async with at_work(office, ALEX), the.call() as line:
            assert await the.returning.in_touch(NUMBER, began) == "here"
            await line.wishes()
            await office.takes(ALEX)
            await asyncio.sleep(1)
            assert await the.returning.in_touch(NUMBER, began) == "talked"
            assert await the.returning.in_touch(NUMBER, office.now()) is None

    office.run(main)
