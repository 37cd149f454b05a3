"""Calls that we placed, once they are answered, under virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.events import CallPickedUp
from gateway.leg import Leg
from gateway.live import LiveSession, live_sessions
from gateway.placed_call import PlacedCalls, Wish
from pipelines.answer import Say
from pipelines.answering_machine import Answerer, Verdict
from pipelines.audio import Frame
from pipelines.facts import Unavailable
from tests import virtual_time
from tests.contracts.leg import loud
from tests.fakes.fake_speech import hush, speech
from tests.fakes.memory_store import MemoryStore
from tests.fakes.scripted_answerer import ScriptedAnswerer
from tests.fakes.scripted_leg import ScriptedLeg
from tests.fakes.voice_parts import FakeVoiceParts
from tests.pipelines.test_answering_machine import tone

MACHINE = speech("you have reached Anna please leave a message")
BEEP = tone(1_000, ms=400, rate=16_000)


class World:
    """One answered call, and what came of it."""

    def __init__(self, live: LiveSession, store: MemoryStore) -> None:
        self.live = live
        self.store = store
        self.leg = ScriptedLeg()
        self.talked: list[str | None] = []
        "What the bot was told to say first, for every bot that talked."
        self.verdicts: list[Verdict] = []
        self.over_s = 0.0

    async def conduct(self, leg: Leg, live: LiveSession, *, opening: str | None = None) -> None:
        self.talked.append(opening)

    async def hold(self, said: list[Frame], wish: Wish) -> None:
        self.leg.say(said)
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(self.leg.serve())
            placed = PlacedCalls(self.conduct, FakeVoiceParts())
            await placed.hold(self.leg, self.live, wish, self.verdicts.append)
            self.over_s = asyncio.get_running_loop().time()
            self.leg.leave()
            await serving

    @property
    def picked_up(self) -> list[CallPickedUp]:
        facts = [event.fact for event in self.store.log[self.live.session_id]]
        return [fact for fact in facts if isinstance(fact, CallPickedUp)]

    def heard_after(self, seconds: float) -> int:
        """Loud frames that the other side heard from then on."""
        return sum(loud(frame) for frame in self.leg.heard[int(seconds * 50) :])


def run(test: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        store = MemoryStore()
        async with live_sessions(store, ScriptedAnswerer(lambda words: [Say("ok")])) as sessions:
            live, _ = await sessions.begin("voice")
            await test(World(live, store))

    virtual_time.run(main())


def test_a_person_talks_with_the_bot_which_begins_as_it_was_told() -> None:
    async def test(the: World) -> None:
        await the.hold([*hush(20), *speech("Hello")], Wish("100", opening="It is about your parcel."))
        assert the.talked == ["It is about your parcel."]
        assert [verdict.answerer for verdict in the.verdicts] == [Answerer.PERSON]
        [fact] = the.picked_up
        assert (fact.answerer, fact.by) == ("person", "length")

    run(test)


def test_a_machine_is_hung_up_on_when_there_is_nothing_to_leave() -> None:
    async def test(the: World) -> None:
        await the.hold([*MACHINE, *hush(20), *BEEP], Wish("100", opening="It is about your parcel."))
        assert the.talked == []
        assert the.heard_after(0) == 0
        assert the.picked_up[0].answerer == "machine"

    run(test)


def test_a_message_is_left_after_the_beep_and_whole() -> None:
    async def test(the: World) -> None:
        await the.hold([*MACHINE, *hush(20), *BEEP], Wish("100", message="Your parcel is at the shop"))
        beeped_s = (len(MACHINE) + 20 + len(BEEP)) / 50
        assert the.talked == []
        assert the.heard_after(0) == the.heard_after(beeped_s) > 20, "not a word before the beep"
        assert the.leg.played_ms() / 1_000 <= the.over_s - beeped_s - 0.4, "and we wait for its end"

    run(test)


def test_a_fax_gets_nothing_even_if_there_is_a_message() -> None:
    async def test(the: World) -> None:
        await the.hold(tone(2_100, ms=3_000, rate=16_000), Wish("100", message="Your parcel is here"))
        assert the.verdicts[0].answerer is Answerer.FAX
        assert the.talked == [] and the.heard_after(0) == 0

    run(test)


def test_whoever_hangs_up_at_once_leaves_a_note_and_no_bot_that_talks_for_long() -> None:
    async def test(the: World) -> None:
        async with asyncio.TaskGroup() as tasks:
            holding = tasks.create_task(the.hold([], Wish("100")))
            await asyncio.sleep(0.5)
            the.leg.leave()
            await holding
        assert the.picked_up[0].answerer == "unknown"

    run(test)


def test_a_call_goes_on_while_the_store_is_down() -> None:
    async def test(the: World) -> None:
        async def fail(*_: object) -> None:
            raise Unavailable("the disk is full")

        the.store.append = fail  # type: ignore[assignment, method-assign]
        await the.hold([*hush(20), *speech("Hello")], Wish("100"))
        assert the.talked == [None]

    run(test)


@pytest.mark.parametrize("words", ["", "   ", "x" * 301])
def test_words_that_nobody_could_say_are_refused(words: str) -> None:
    for wish in (Wish("100", opening=words), Wish("100", message=words)):
        with pytest.raises(Exception, match="1 to 300 characters"):
            wish.check()
