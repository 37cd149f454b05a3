"""Callers at the door, in virtual time: who talks, who holds and what they hear, who is turned away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from gateway.admission import CLOSE_AFTER_MS, OPEN_AFTER_MS, Admission, AdmissionLimits
from gateway.events import CallAdmitted, CallRefused, CallWaiting
from gateway.health import Health
from gateway.leg import Hangup
from gateway.live import LiveSession, LiveSessions, live_sessions
from gateway.reception import HOLD_EVERY_S, Reception
from gateway.room import Role, Room
from pipelines.answer import Say
from pipelines.audio import Frame
from pipelines.facts import CustomerTurn, Fact, ReplyDone
from pipelines.phrases import HoldPhrases
from pipelines.speech import Load
from tests import virtual_time
from tests.fakes.fake_speech import word, words_in
from tests.fakes.memory_store import MemoryStore
from tests.fakes.scripted_answerer import ScriptedAnswerer
from tests.fakes.scripted_leg import ScriptedLeg

HOLD = HoldPhrases()
MINUTE = 60.0


class Memory:
    """Knows every sentence; ten frames a word."""

    def __init__(self) -> None:
        self.load = Load()

    def by_heart(self, text: str, sample_rate: int) -> list[Frame]:
        return [frame for part in text.split() for frame in word(part, 10, sample_rate)]


class Caller:
    """One caller, who stays until they are hung up on or `leave`."""

    def __init__(self, the: "World", name: str) -> None:
        self.leg = ScriptedLeg(name)
        self.admitted: bool | None = None
        "None while it is not decided."
        self.live: LiveSession | None = None
        self._the = the
        self._done = asyncio.Event()

    @property
    def heard(self) -> str:
        return words_in(self.leg.heard)

    @property
    def facts(self) -> list[Fact]:
        """What the session's log says of the call."""
        assert self.live is not None
        return [event.fact for event in self._the.store.log[self.live.session_id]][1:]

    def finish(self) -> None:
        """The bot has said goodbye."""
        self._done.set()

    async def be_on_the_phone(self) -> None:
        self.live, _ = await self._the.live.begin("voice")
        room = Room(self.leg)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.leg.serve())
            async with self._the.reception.place(room, self.live) as self.admitted:
                if self.admitted:
                    room.port(Role.BOT)
                    hung_up = tasks.create_task(self._until_gone())
                    done = tasks.create_task(self._done.wait())
                    await asyncio.wait([hung_up, done], return_when=asyncio.FIRST_COMPLETED)
                    hung_up.cancel()
                    done.cancel()
            await self.leg.hang_up("the call is over")

    async def _until_gone(self) -> None:
        async for _ in self.leg.frames():
            pass


class World:
    def __init__(self, live: LiveSessions, store: MemoryStore, limits: AdmissionLimits) -> None:
        self.live = live
        self.store = store
        self.memory = Memory()
        self.health = Health()
        self.reception = Reception(Admission(limits), self.memory, self.health)
        self.callers: list[Caller] = []
        self.tasks: asyncio.TaskGroup

    async def call(self, count: int = 1) -> list[Caller]:
        """So many callers, one after the other, on the phone by the time this returns."""
        new = [Caller(self, f"leg {len(self.callers) + number}") for number in range(1, count + 1)]
        self.callers += new
        for caller in new:
            self.tasks.create_task(caller.be_on_the_phone())
            await asyncio.sleep(0.01)
        return new


def run(
    test: Callable[[World], Awaitable[None]], calls: int = 1, waiting: int = 2, wait_s: float = 60
) -> None:
    async def main() -> None:
        async with world(AdmissionLimits(calls, waiting, int(wait_s * 1_000))) as the:
            await test(the)

    virtual_time.run(main())


@asynccontextmanager
async def world(limits: AdmissionLimits) -> AsyncIterator[World]:
    store = MemoryStore()
    async with live_sessions(store, ScriptedAnswerer(lambda words: [Say("ok")])) as live:
        the = World(live, store, limits)
        async with asyncio.TaskGroup() as the.tasks:
            running = the.tasks.create_task(the.reception.run())
            yield the
            for caller in the.callers:
                caller.leg.leave()
            running.cancel()


def kinds(facts: Iterable[Fact]) -> list[type[Fact]]:
    return [type(fact) for fact in facts]


def test_with_a_place_free_nothing_stands_between_caller_and_bot() -> None:
    async def test(the: World) -> None:
        (caller,) = await the.call()
        assert caller.admitted
        await asyncio.sleep(1)
        assert (caller.heard, caller.facts) == ("", [])

    run(test)


def test_a_caller_who_must_wait_hears_so_at_once_and_again_and_then_gets_the_bot() -> None:
    async def test(the: World) -> None:
        first, second = await the.call(2)
        await asyncio.sleep(5)
        assert second.admitted is None
        assert second.heard == f"{HOLD.waiting} {HOLD.position(1)}"
        await asyncio.sleep(HOLD_EVERY_S + 5)
        assert second.heard.endswith(f"{HOLD.still_waiting} {HOLD.position(1)}")
        first.finish()
        await asyncio.sleep(0.1)
        assert second.admitted and second.leg.ended is None
        waiting, admitted = second.facts
        assert waiting == CallWaiting(leg_id="leg 2", position=1)
        assert isinstance(admitted, CallAdmitted) and 30_000 <= admitted.waited_ms <= 31_000

    run(test)


def test_a_sentence_is_cut_off_when_the_place_is_free() -> None:
    async def test(the: World) -> None:
        first, second = await the.call(2)
        await asyncio.sleep(1)
        first.finish()
        await asyncio.sleep(5)
        assert second.admitted
        assert HOLD.waiting.startswith(second.heard) and len(second.heard) < len(HOLD.waiting)

    run(test)


def test_with_the_queue_full_a_caller_is_told_politely_and_hung_up_on() -> None:
    async def test(the: World) -> None:
        *_, last = await the.call(4)
        await asyncio.sleep(MINUTE / 2)
        assert last.admitted is False
        assert last.heard == HOLD.lines_busy
        assert last.facts == [CallRefused(leg_id="leg 4", reason="lines_busy", message=HOLD.lines_busy)]
        assert last.leg.ended == Hangup("local", "not taken: lines_busy")

    run(test)


def test_a_caller_who_waited_too_long_is_told_politely_and_hung_up_on() -> None:
    async def test(the: World) -> None:
        _, second = await the.call(2)
        await asyncio.sleep(1.5 * MINUTE)
        assert second.admitted is False
        assert second.heard.endswith(HOLD.waited_too_long)
        assert kinds(second.facts) == [CallWaiting, CallRefused]
        assert second.leg.ended == Hangup("local", "not taken: waited_too_long")

    run(test, wait_s=MINUTE)


def test_a_caller_who_hangs_up_frees_their_place_in_the_queue_and_the_next_moves_up() -> None:
    async def test(the: World) -> None:
        _, second, third = await the.call(3)
        assert third.live is not None
        listening = third.live.log.subscribe()
        second.leg.leave()
        await asyncio.sleep(0.5)
        assert second.admitted is False
        assert kinds(second.facts) == [CallWaiting], "nobody was refused"
        event = await anext(listening)
        assert (event.seq, event.fact) == (0, CallWaiting(leg_id="leg 3", position=1))
        third.live.log.unsubscribe(listening)
        (fourth,) = await the.call()
        assert fourth.facts == [CallWaiting(leg_id="leg 4", position=2)]

    run(test)


def test_a_caller_who_hangs_up_in_the_middle_of_our_goodbye_is_simply_gone() -> None:
    async def test(the: World) -> None:
        *_, last = await the.call(4)
        await asyncio.sleep(1)
        last.leg.leave()
        await asyncio.sleep(0.1)
        assert last.admitted is False
        assert last.leg.ended == Hangup("remote", "hung up")

    run(test)


def test_two_callers_and_one_place() -> None:
    async def test(the: World) -> None:
        first, second, third = await the.call(3)
        first.finish()
        await asyncio.sleep(1)
        assert (second.admitted, third.admitted) == (True, None)
        second.leg.leave()
        await asyncio.sleep(1)
        assert third.admitted

    run(test)


def test_draining_tells_those_who_wait_and_those_who_come_and_returns_when_they_know() -> None:
    async def test(the: World) -> None:
        first, second = await the.call(2)
        draining = the.tasks.create_task(the.reception.drain())
        (third,) = await the.call()
        assert not draining.done()
        await draining
        assert second.heard.endswith(HOLD.draining) and third.heard == HOLD.draining
        assert [caller.admitted for caller in the.callers] == [True, False, False]
        assert first.leg.ended is None, "calls under way go on"
        assert asyncio.get_running_loop().time() < MINUTE

    run(test)


def test_draining_an_empty_queue_takes_no_time() -> None:
    async def test(the: World) -> None:
        await the.call()
        before = asyncio.get_running_loop().time()
        await the.reception.drain()
        assert asyncio.get_running_loop().time() == before

    run(test)


def test_typed_text_is_answered_while_its_call_waits() -> None:
    async def test(the: World) -> None:
        _, second = await the.call(2)
        assert second.live is not None
        await second.live.receive("Where is my order?", "m1")
        await asyncio.sleep(1)
        assert {CustomerTurn, ReplyDone} < set(kinds(second.facts))
        assert second.admitted is None

    run(test)


@pytest.mark.parametrize("load", [Load(waited_s=1.0), Load(worked_s=3.0)], ids=["waits", "works slowly"])
def test_a_recogniser_that_falls_behind_keeps_callers_waiting_though_there_are_places(load: Load) -> None:
    async def test(the: World) -> None:
        the.memory.load = load
        await asyncio.sleep(CLOSE_AFTER_MS / 1_000 + 1)
        assert the.health.full
        (caller,) = await the.call()
        await asyncio.sleep(5)
        assert caller.admitted is None and caller.heard
        the.memory.load = Load()
        await asyncio.sleep(OPEN_AFTER_MS / 1_000 + 1)
        assert caller.admitted

    run(test, calls=10)


def test_a_late_event_loop_keeps_callers_waiting() -> None:
    async def test(the: World) -> None:
        for _ in range(20):
            await asyncio.sleep(0.07)
            virtual_time.block(0.4)
        (caller,) = await the.call()
        await asyncio.sleep(1)
        assert caller.admitted is None
        await asyncio.sleep(OPEN_AFTER_MS / 1_000 + 5)
        assert caller.admitted

    run(test, calls=10)


def test_a_store_that_is_down_costs_the_record_and_not_the_call() -> None:
    async def test(the: World) -> None:
        first, second = await the.call(2)
        the.store.down = True
        first.finish()
        await asyncio.sleep(1)
        assert second.admitted
        the.store.down = False
        assert kinds(second.facts) == [CallWaiting]

    run(test)


def test_a_crowd_at_the_door_leaves_talking_calls_alone_and_is_told() -> None:
    async def test(the: World) -> None:
        refused = _metric("warmline_calls_refused_total", reason="lines_busy")
        callers = await the.call(100)
        await asyncio.sleep(MINUTE / 2)
        talking, waiting, sent_away = callers[:2], callers[2:4], callers[4:]
        assert all(caller.admitted and not caller.leg.ended for caller in talking)
        assert all(caller.heard.startswith(HOLD.waiting) for caller in waiting)
        assert {caller.heard for caller in sent_away} == {HOLD.lines_busy}
        assert all(caller.leg.ended for caller in sent_away)
        assert _metric("warmline_calls_refused_total", reason="lines_busy") == refused + 96
        assert (_metric("warmline_calls_talking"), _metric("warmline_calls_waiting")) == (2, 2)
        assert _metric("warmline_calls_full") == 1 and the.health.full

    run(test, calls=2, waiting=2)


def test_a_cancelled_call_leaves_no_place_taken() -> None:
    async def test(the: World) -> None:
        (first,) = await the.call()
        second = Caller(the, "cancelled")
        waiting = the.tasks.create_task(second.be_on_the_phone())
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert _metric("warmline_calls_waiting") == 0
        first.finish()
        await asyncio.sleep(1)
        assert not the.health.full

    run(test)


def test_a_voice_that_knows_nothing_by_heart_still_keeps_the_queue() -> None:
    async def test(the: World) -> None:
        the.memory.by_heart = lambda text, sample_rate: []  # type: ignore[method-assign]
        *_, third, fourth = await the.call(4)
        await asyncio.sleep(5)
        assert (third.admitted, fourth.admitted) == (None, False)
        assert isinstance(fourth.facts[0], CallRefused)

    run(test)


def _metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0
