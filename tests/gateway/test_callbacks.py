"""Callbacks from what was promised to the agent on the line, under virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.callbacks import AGAIN_S, BUSY_S, HERE_S, LOOK_EVERY_S, CallbackParts, Callbacks
from gateway.events import CallPickedUp, HandoffChanged
from gateway.handoff.said_number import as_written
from gateway.leg import Leg
from gateway.live import LiveSession
from gateway.placed_call import Wish
from gateway.protocol_error import ProtocolError
from gateway.sip.call_failed import CallFailed
from gateway.store.desk_records import FollowUp
from gateway.switchboard import Switchboard
from pipelines.answering_machine import Verdict
from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Glossary
from pipelines.facts import HandoffRequested, NoteAdded, ReplyDone, ReplyStarted, Words
from tests.fakes.office import ALEX, BEGAN, KIM, Office
from tests.fakes.scripted_lines import ScriptedLines

OPENING = "Hello, this is the shop. You asked us to call you back."
SOON = 12.0
"Long enough to look, dial, ring and be answered."


class World:
    """An office with a telephone; who answers it is told by the test."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.lines = ScriptedLines()
        self.answerer = "person"
        self.contact: str | None = None
        "What is known of the customer since."
        self.asked: list[str | None] = []
        self.dials = True
        self.answered: list[LiveSession] = []

    async def promised(self, follow_up_id: str = "f_1", **others: Any) -> LiveSession:
        """A chat whose customer is owed a call, due now."""
        live = await self.office.chat("my order 10437 is late")
        usual: dict[str, Any] = {"number": "+12065550100", "due_at": self.office.now(), "queue": "general"}
        made = {"created_at": self.office.now(), "created_by": "customer", "kind": "callback"}
        await self.office.records.add_follow_up(
            FollowUp(follow_up_id, live.session_id, **{**usual, **made, **others})
        )
        return live

    async def owed(self, follow_up_id: str = "f_1") -> FollowUp:
        found = await self.office.records.follow_up(follow_up_id)
        assert found is not None
        return found

    async def hold(self, leg: Leg, live: LiveSession, wish: Wish, tell: Callable[[Verdict], None]) -> None:
        """As `PlacedCalls.hold`: tell who answered, then a bot that begins as it was told."""
        answerer: Any = self.answerer
        await live.log.emit(CallPickedUp(leg_id=leg.leg_id, answerer=answerer, by="words", after_ms=900))
        if answerer != "person":
            return
        self.answered.append(live)
        await live.log.emit(ReplyStarted(turn_id="r1", answers=None))
        words = Words(text=wish.opening or "")
        await live.log.emit(ReplyDone(turn_id="r1", answers=None, source="fixed", pii=words))
        await asyncio.sleep(120)

    async def in_touch(self, number: str | None, since: float) -> str | None:
        self.asked.append(number)
        return self.contact

    @asynccontextmanager
    async def open(self, nodes: int = 1) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            switchboard = Switchboard(
                self.office.sessions, self.never, self.hold, lambda work: tasks.create_task(work)
            )
            switchboard.lines = self.lines
            parts = CallbackParts(
                self.office.records,
                self.office.queue,
                self.office.settings,
                self.office.sessions,
                lambda: switchboard,
                self.dials,
                as_written,
                self.in_touch,
                lambda: BriefingFold(Glossary()),
                OPENING,
            )
            running = [tasks.create_task(Callbacks(parts).run()) for _ in range(nodes)]
            yield
            for task in running:
                task.cancel()
            await switchboard.hang_up_all("the test is over")

    def never(self, leg: Leg, live: LiveSession, *, opening: str | None = None) -> Coroutine[Any, Any, None]:
        raise AssertionError("nobody calls in here")


def run(test: Callable[[World], Awaitable[None]], queues: dict[str, Any] | None = None) -> None:
    office = Office(queues)
    office.run(lambda: test(World(office)))


def test_who_answers_is_told_why_and_gets_an_agent_who_knows_what_it_is_about() -> None:
    async def test(the: World) -> None:
        await the.office.comes(ALEX)
        await the.promised()
        async with the.open():
            await asyncio.sleep(SOON)
            assert [number for number, _, _ in the.lines.dialled] == ["+12065550100"]
            [live] = the.answered
            [said] = the.office.facts(live, ReplyDone)[:1]
            assert said.pii.text == OPENING
            [wish] = the.office.facts(live, HandoffRequested)
            assert wish.reason == "callback"
            [note] = the.office.facts(live, NoteAdded)
            assert note.private and "10437" in note.pii.text
            offer = await the.office.offer(ALEX)
            assert (offer.wanted.session_id, offer.wanted.reason) == (live.session_id, "callback")
            assert offer.wanted.priority > 0, "who is called back is not to wait"
            owed = await the.owed()
            assert (owed.state, owed.outcome, owed.attempts) == ("closed", "reached", 1)

    run(test)


def test_nobody_is_called_before_somebody_is_free() -> None:
    async def test(the: World) -> None:
        await the.promised()
        async with the.open():
            await asyncio.sleep(SOON)
            assert the.lines.dialled == []
            await the.office.comes(ALEX)
            await asyncio.sleep(SOON)
            assert len(the.lines.dialled) == 1

    run(test)


def test_one_agent_gets_one_customer_and_two_get_two() -> None:
    async def test(the: World) -> None:
        await the.office.comes(ALEX)
        for number in range(3):
            await the.promised(f"f_{number}")
        async with the.open():
            await asyncio.sleep(LOOK_EVERY_S + 2)
            assert len(the.lines.dialled) == 1
            await the.office.comes(KIM)
            await asyncio.sleep(LOOK_EVERY_S)
            assert len(the.lines.dialled) == 2

    run(test)


def test_of_many_nodes_one_dials() -> None:
    async def test(the: World) -> None:
        await the.office.comes(ALEX)
        await the.promised()
        async with the.open(nodes=4):
            await asyncio.sleep(SOON)
            assert len(the.lines.dialled) == 1

    run(test)


@pytest.mark.parametrize("code", [486, 480, 603])
def test_who_is_not_reached_is_tried_again_twice_and_then_no_more(code: int) -> None:
    async def test(the: World) -> None:
        the.lines.failure = CallFailed(code, "busy")
        await the.office.comes(ALEX)
        await the.promised()
        async with the.open():
            for tries, pause_s in enumerate(AGAIN_S, 1):
                await asyncio.sleep(SOON)
                assert len(the.lines.dialled) == tries
                owed = await the.owed()
                assert owed.state == "open" and owed.due_at == pytest.approx(
                    the.office.now() + pause_s, abs=3 * SOON
                )
                await asyncio.sleep(pause_s)
            await asyncio.sleep(SOON)
            owed = await the.owed()
            assert (len(the.lines.dialled), owed.state, owed.outcome) == (3, "closed", "not_reached")
            await asyncio.sleep(20_000)
            assert len(the.lines.dialled) == 3

    run(test)


@pytest.mark.parametrize("answerer", ["machine", "fax", "network"])
def test_a_machine_is_no_customer(answerer: str) -> None:
    async def test(the: World) -> None:
        the.answerer = answerer
        await the.office.comes(ALEX)
        await the.promised()
        async with the.open():
            await asyncio.sleep(SOON)
            owed = await the.owed()
            assert (owed.state, owed.attempts) == ("open", 1)
            assert await the.office.queue.waiting() == []

    run(test)


def test_too_many_calls_of_ours_are_no_try() -> None:
    async def test(the: World) -> None:
        the.lines.failure = ProtocolError("too_many_calls", "No more calls can be placed now.", 429)
        await the.office.comes(ALEX)
        await the.promised()
        async with the.open():
            await asyncio.sleep(SOON)
            owed = await the.owed()
            assert (owed.attempts, owed.state) == (0, "open")
            the.lines.failure = None
            await asyncio.sleep(BUSY_S + SOON)
            assert (await the.owed()).outcome == "reached"

    run(test)


def test_who_called_in_meanwhile_and_talked_is_not_called() -> None:
    async def test(the: World) -> None:
        the.contact = "talked"
        await the.office.comes(ALEX)
        await the.promised()
        async with the.open():
            await asyncio.sleep(SOON)
            assert the.lines.dialled == [] and the.asked == ["+12065550100"]
            assert (await the.owed()).outcome == "called_in"

    run(test)


def test_who_is_here_is_called_later() -> None:
    async def test(the: World) -> None:
        the.contact = "here"
        await the.office.comes(ALEX)
        await the.promised()
        async with the.open():
            await asyncio.sleep(SOON)
            assert the.lines.dialled == []
            the.contact = None
            await asyncio.sleep(HERE_S + SOON)
            owed = await the.owed()
            assert (owed.outcome, owed.attempts) == ("reached", 1)

    run(test)


def test_nobody_is_called_while_the_queue_is_closed() -> None:
    async def test(the: World) -> None:
        await the.office.comes(ALEX)
        await the.promised()
        async with the.open():
            await asyncio.sleep(3 * 3_600)
            assert the.lines.dialled == []

    assert BEGAN % 86_400 < 12 * 3_600, "it is morning"
    run(test, {"named": [{"name": "general", "hours": "mon-sun 20:00-22:00"}]})


def test_without_a_telephone_it_is_a_task_of_our_people() -> None:
    async def test(the: World) -> None:
        the.dials = False
        await the.office.comes(ALEX)
        await the.promised()
        async with the.open():
            await asyncio.sleep(SOON)
            owed = await the.owed()
            assert (owed.kind, owed.state, owed.number) == ("task", "open", "+12065550100")

    run(test)


def test_a_number_that_may_not_be_called_any_more_is_left_to_people() -> None:
    async def test(the: World) -> None:
        await the.promised(number="anonymous")
        async with the.open():
            await asyncio.sleep(SOON)
            assert (await the.owed()).kind == "task" and the.lines.dialled == []

    run(test)


def test_tasks_and_messages_are_not_dialled() -> None:
    async def test(the: World) -> None:
        await the.office.comes(ALEX)
        await the.promised("f_1", kind="task")
        await the.promised("f_2", kind="message")
        async with the.open():
            await asyncio.sleep(SOON)
            assert the.lines.dialled == []

    run(test)


def test_a_store_that_is_away_loses_no_callback() -> None:
    async def test(the: World) -> None:
        await the.office.comes(ALEX)
        await the.promised()
        async with the.open():
            the.office.records.down = True
            await asyncio.sleep(SOON)
            the.office.records.down = False
            await asyncio.sleep(SOON)
            assert (await the.owed()).outcome == "reached"

    run(test)


def test_who_hangs_up_before_an_agent_comes_has_left_the_line() -> None:
    async def test(the: World) -> None:
        await the.office.comes(ALEX)
        await the.promised()
        async with the.open():
            await asyncio.sleep(SOON)
            [live] = the.answered
            assert the.office.state(live) == "offered"
        states = [fact.state for fact in the.office.facts(live, HandoffChanged)]
        assert states[:3] == ["screen", "queued", "offered"]

    run(test)
