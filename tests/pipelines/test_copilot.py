"""The silent copilot under virtual time: what it writes down of a conversation between two people."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from gateway.room import Role, Room
from pipelines.audio import SAMPLE_RATE, Frame
from pipelines.conversation import Conversation
from pipelines.copilot import TURNS, Copilot, CopilotSettings, Person, Side
from pipelines.facts import (
    CustomerTurn,
    Fact,
    HumanTurn,
    SpeechStarted,
    SpeechStopped,
    TranscriptPartial,
    Unavailable,
    WorkflowChanged,
)
from pipelines.recognizer import Recognizer
from pipelines.services import ServiceRecognizer
from pipelines.transcript import Listener
from tests import virtual_time
from tests.fakes.fake_speech import speech, telephone_speech
from tests.fakes.scripted_leg import ScriptedLeg
from tests.fakes.voice_parts import FakeVoiceParts, seconds_of
from tests.pipelines.test_services import SpellingSTT

F = TypeVar("F", bound=Fact)
ANNA = Person("a_1", "Anna")


class Scene:
    """Two people on the phone, somebody who listens, and the record."""

    def __init__(self, parts: FakeVoiceParts, customers_rate: int) -> None:
        self.parts = parts
        self.customer = ScriptedLeg("customer", customers_rate)
        self.human = ScriptedLeg("human")
        self.conversation = Conversation("s1")
        self.facts: list[Fact] = []
        self.suggested: list[CustomerTurn] = []
        self.store_down = False
        self._ids: Counter[str] = Counter()
        self.copilot: Copilot
        self.running: asyncio.Task[None]

    def ids(self, prefix: str) -> str:
        self._ids[prefix] += 1
        return f"{prefix}{self._ids[prefix]}"

    async def emit(self, fact: Fact) -> None:
        await asyncio.sleep(0.005)
        if self.store_down and fact.durable:
            raise Unavailable("the disk is full")
        self.facts.append(fact)
        self.conversation.apply(fact)

    def suggest(self, turn: CustomerTurn) -> None:
        assert turn in self.facts, "it is stored by then"
        self.suggested.append(turn)

    def of(self, kind: type[F]) -> list[F]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    async def say(self, leg: ScriptedLeg, what: str | list[Frame], then: float = 2.0) -> None:
        frames = speech(what) if isinstance(what, str) else what
        leg.say(frames)
        await asyncio.sleep(seconds_of(frames) + then)

    @property
    def turns(self) -> list[str]:
        return [f"{turn.party}: {turn.text}" for turn in self.conversation.turns]


@asynccontextmanager
async def listening(
    parts: FakeVoiceParts | None = None, rate: int = SAMPLE_RATE, last_words_s: float = 2.0
) -> AsyncIterator[Scene]:
    scene = Scene(parts or FakeVoiceParts(), rate)
    settings = CopilotSettings(suggest=scene.suggest, last_words_s=last_words_s)
    scene.copilot = Copilot(
        Side(scene.customer.frames(), rate),
        Side(scene.human.frames(), SAMPLE_RATE),
        ANNA,
        scene.conversation,
        scene.emit,
        scene.parts,
        ids=scene.ids,
        settings=settings,
    )
    async with asyncio.TaskGroup() as tasks:
        for leg in (scene.customer, scene.human):
            tasks.create_task(leg.serve())
        scene.running = tasks.create_task(scene.copilot.run())
        await asyncio.sleep(0.1)
        yield scene
        scene.customer.leave()
        scene.human.leave()


def test_both_are_written_down_and_the_copilot_says_nothing() -> None:
    async def main() -> None:
        async with listening() as scene:
            await scene.say(scene.human, "hello how can I help")
            await scene.say(scene.customer, "where is my parcel")
            await scene.say(scene.human, "on its way")
            assert scene.turns == [
                "human: hello how can I help",
                "customer: where is my parcel",
                "human: on its way",
            ]
            first = scene.of(HumanTurn)[0]
            assert (first.agent_id, first.agent, first.channel) == ("a_1", "Anna", "voice")
            assert scene.of(CustomerTurn)[0].channel == "voice"
            assert scene.parts.voice.spoken == []
            assert all(frame.filled for leg in (scene.customer, scene.human) for frame in leg.heard)

    virtual_time.run(main())


def test_they_may_talk_at_the_same_time() -> None:
    async def main() -> None:
        async with listening() as scene:
            scene.customer.say(speech("no that is wrong"))
            await scene.say(scene.human, "let me see")
            assert sorted(scene.turns) == ["customer: no that is wrong", "human: let me see"]

    virtual_time.run(main())


def test_captions_say_whose_words_they_are_and_only_the_customers_voice_is_shown() -> None:
    async def main() -> None:
        async with listening() as scene:
            await scene.say(scene.human, "apples pears plums figs dates grapes limes")
            assert {partial.party for partial in scene.of(TranscriptPartial)} == {"human"}
            assert not scene.of(SpeechStarted)
            scene.facts.clear()
            await scene.say(scene.customer, "apples pears plums figs dates grapes limes")
            assert {partial.party for partial in scene.of(TranscriptPartial)} == {None}
            assert scene.of(SpeechStarted)
            assert scene.of(SpeechStopped)
            assert scene.of(TranscriptPartial)[-1].pii.text.startswith("apples pears plums")

    virtual_time.run(main())


def test_a_suggestion_is_asked_for_once_a_turn_of_the_customers_is_stored() -> None:
    async def main() -> None:
        async with listening() as scene:
            await scene.say(scene.human, "how can I help")
            assert scene.suggested == []
            await scene.say(scene.customer, "what is your return policy")
            assert scene.suggested == scene.of(CustomerTurn)

    virtual_time.run(main())


def test_on_the_telephone_too() -> None:
    async def main() -> None:
        async with listening(rate=8_000) as scene:
            await scene.say(scene.customer, telephone_speech("where is it"))
            assert scene.turns == ["customer: where is it"]

    virtual_time.run(main())


def test_a_secret_that_was_asked_for_is_in_no_fact_whoever_says_it() -> None:
    async def main() -> None:
        async with listening() as scene:
            pin = WorkflowChanged(workflow="pin", state="active", awaiting="pin", digits=4, secret=True)
            scene.conversation.apply(pin)
            await scene.say(scene.customer, "it is 4711")
            await scene.say(scene.human, "so 4711 thanks")
            await scene.say(scene.human, "that makes 30 dollars")
            assert scene.turns == [
                "customer: it is [secret 1]",
                "human: so … thanks",
                "human: that makes 30 dollars",
            ]
            assert not [fact for fact in scene.facts if "4711" in str(fact)]

    virtual_time.run(main())


def test_the_last_words_before_somebody_hangs_up_are_kept() -> None:
    async def main() -> None:
        async with listening() as scene:
            await scene.say(scene.human, "I will refund it goodbye", then=0.0)
            scene.human.leave()
            begun = asyncio.get_running_loop().time()
            await scene.running
            assert asyncio.get_running_loop().time() - begun < 2
            assert scene.turns == ["human: I will refund it goodbye"]

    virtual_time.run(main())


def test_a_slow_recogniser_does_not_keep_us_and_what_is_known_is_kept() -> None:
    async def main() -> None:
        parts = FakeVoiceParts()
        async with listening(parts, last_words_s=1.0) as scene:
            scene.human.say(speech("apples pears plums figs dates grapes"))
            await asyncio.sleep(1.6)
            parts.workers.seconds = 60
            await asyncio.sleep(0.3)
            scene.customer.leave()
            begun = asyncio.get_running_loop().time()
            await scene.running
            assert asyncio.get_running_loop().time() - begun <= 2.1
            (turn,) = scene.turns
            assert turn.startswith("human: apples pears")

    virtual_time.run(main())


def test_cancelled_nothing_is_left() -> None:
    async def main() -> None:
        async with listening() as scene:
            scene.human.say(speech("one two three"))
            await asyncio.sleep(0.5)
            before = len(asyncio.all_tasks())
            scene.running.cancel()
            await asyncio.wait([scene.running])
            assert scene.running.cancelled()
            assert len(asyncio.all_tasks()) == before - 5, (
                "its own, and those of its two sides, news and record"
            )
            assert sorted(set(scene.parts.workers.dropped_calls)) == ["s1 customer", "s1 human"]
            await asyncio.sleep(5)
            assert scene.turns == []

    virtual_time.run(main())


def test_a_store_that_is_down_costs_the_turn_and_no_more() -> None:
    async def main() -> None:
        async with listening() as scene:
            scene.store_down = True
            await scene.say(scene.customer, "hello")
            scene.store_down = False
            await scene.say(scene.customer, "hello again")
            assert scene.turns == ["customer: hello again"]
            assert scene.suggested == scene.of(CustomerTurn)

    virtual_time.run(main())


def test_a_recogniser_that_fails_costs_the_utterance_and_no_more() -> None:
    async def main() -> None:
        async with listening() as scene:
            scene.parts.decoder.broken = True
            await scene.say(scene.human, "hello")
            scene.parts.decoder.broken = False
            await scene.say(scene.human, "hello again")
            assert scene.turns == ["human: hello again"]

    virtual_time.run(main())


def test_turns_that_nobody_stores_are_bounded() -> None:
    async def main() -> None:
        async with listening(last_words_s=0.5) as scene:
            for number in range(3 * TURNS):
                scene.copilot.said("human", f"turn {number}")
            await asyncio.sleep(5)
            assert scene.turns == [f"human: turn {number}" for number in range(TURNS)]

    virtual_time.run(main())


def test_a_bug_in_what_records_ends_the_copilot_with_it() -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            legs = [ScriptedLeg(), ScriptedLeg()]
            for leg in legs:
                tasks.create_task(leg.serve())

            async def broken(fact: Fact) -> None:
                raise KeyError("a bug")

            one, other = (Side(leg.frames(), SAMPLE_RATE) for leg in legs)
            copilot = Copilot(one, other, ANNA, Conversation("s"), broken, FakeVoiceParts(), ids=str)
            copilot.said("human", "hello")
            with pytest.raises(ExceptionGroup):
                await copilot.run()
            for leg in legs:
                leg.leave()

    virtual_time.run(main())


class ServiceParts(FakeVoiceParts):
    """Hears with a pipecat service."""

    def recognizer(self, call_id: str, sample_rate: int, listener: Listener) -> Recognizer:
        return ServiceRecognizer(SpellingSTT(), listener)


def test_it_hears_with_a_service_of_pipecats_too() -> None:
    async def main() -> None:
        before = len(asyncio.all_tasks())
        async with listening(ServiceParts()) as scene:
            await asyncio.sleep(1)
            await scene.say(scene.human, "hello there", then=3)
            await scene.say(scene.customer, "good morning", then=3)
            assert scene.turns == ["human: hello there", "customer: good morning"]
        assert len(asyncio.all_tasks()) == before

    virtual_time.run(main())


def test_in_a_room_it_hears_what_is_said_to_the_customer_and_nothing_on_hold() -> None:
    async def main() -> None:
        customer, human = ScriptedLeg("customer", 8_000), ScriptedLeg("human")
        scene = Scene(FakeVoiceParts(), 8_000)
        async with asyncio.TaskGroup() as tasks, Room(customer) as room:
            for leg in (customer, human):
                tasks.create_task(leg.serve())
            person = await room.join(Role.HUMAN, human)
            assert await room.bridge(person)
            with room.ears(Role.CUSTOMER) as theirs, room.ears(Role.HUMAN) as ours:
                copilot = Copilot(
                    Side(theirs, 8_000),
                    Side(ours, SAMPLE_RATE),
                    ANNA,
                    scene.conversation,
                    scene.emit,
                    scene.parts,
                    ids=scene.ids,
                )
                running = tasks.create_task(copilot.run())
                await scene.say(human, "one moment please", then=0.0)
                room.hold(True)
                await scene.say(human, "what a fool")
                room.hold(False)
                await scene.say(human, "here I am")
                await scene.say(customer, telephone_speech("fine"))
                room.unbridge(person)
                await running
            assert scene.turns == ["human: one moment please", "human: here I am", "customer: fine"]
            customer.leave()
            human.leave()

    virtual_time.run(main())
