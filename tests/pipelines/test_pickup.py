"""The first seconds of a call that we placed, under virtual time."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from pipelines.answering_machine import Answerer, AnswerTimes, Verdict
from pipelines.audio import Frame
from pipelines.pickup import GONE, Pickup
from tests import virtual_time
from tests.fakes.fake_speech import hush, speech
from tests.fakes.scripted_leg import ScriptedLeg
from tests.fakes.voice_parts import FakeVoiceParts
from tests.pipelines.test_answering_machine import tone


async def placed(said: list[Frame], then: Any) -> Any:
    """What `then` makes of a call in which this is said; its leg has hung up afterwards."""
    leg = ScriptedLeg()
    pickup = Pickup("call", leg, FakeVoiceParts())
    leg.say(said)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(leg.serve())
        made = await then(pickup)
        pickup.close()
        leg.leave()
        await serving
    return made


async def verdict(pickup: Pickup) -> tuple[Verdict, str]:
    return await pickup.verdict(), pickup.words


async def verdict_and_recording(pickup: Pickup) -> tuple[Answerer, bool, float]:
    found = await pickup.verdict()
    recording = await pickup.recording(20_000)
    return found.answerer, recording, asyncio.get_running_loop().time()


def run(what: Coroutine[Any, Any, Any]) -> Any:
    async def main() -> Any:
        return await what

    return virtual_time.run(main())


def test_a_person_is_told_by_a_short_word() -> None:
    found, words = run(placed([*hush(20), *speech("Hello")], verdict))
    assert (found.answerer, found.by, words) == (Answerer.PERSON, "length", "Hello")
    assert found.after_ms < 400 + 500 + AnswerTimes().silence_ms + 200


def test_a_person_is_not_spoken_to_before_they_have_finished() -> None:
    async def times(pickup: Pickup) -> tuple[Verdict, float]:
        return await pickup.verdict(), asyncio.get_running_loop().time()

    greeting = speech("Fernhill Laura speaking how can I help you today my dear friend")
    found, seconds = run(placed(greeting, times))
    assert (found.answerer, found.by) == (Answerer.PERSON, "words")
    assert seconds * 1_000 >= len(greeting) * 20 + Pickup.SETTLED_MS


def test_a_machine_is_told_by_its_words_and_records_behind_its_beep() -> None:
    greeting = speech("you have reached Anna please leave a message")
    beep = tone(1_000, ms=400, rate=16_000)
    answerer, recording, seconds = run(placed([*greeting, *hush(20), *beep], verdict_and_recording))
    assert (answerer, recording) == (Answerer.MACHINE, True)
    end = (len(greeting) + 20 + len(beep)) / 50
    assert end <= seconds < end + 0.1


def test_a_machine_that_does_not_beep_records_after_some_silence() -> None:
    greeting = speech("you have reached Anna please leave a message")
    answerer, recording, seconds = run(placed(greeting, verdict_and_recording))
    assert (answerer, recording) == (Answerer.MACHINE, True)
    assert seconds == pytest.approx(len(greeting) / 50 + Pickup.QUIET_MS / 1_000, abs=0.3)


def test_who_turns_out_to_be_a_person_gets_no_message() -> None:
    greeting = speech("Good morning Acme Industries of Springfield my name is Laura how can I help you")
    answerer, recording, _ = run(placed(greeting, verdict_and_recording))
    assert (answerer, recording) in [(Answerer.MACHINE, False), (Answerer.PERSON, False)]


def test_an_endless_greeting_gets_no_message() -> None:
    async def impatient(pickup: Pickup) -> bool:
        await pickup.verdict()
        return await pickup.recording(2_000)

    assert not run(placed(speech("word " * 40), impatient))


def test_who_hangs_up_at_once_has_said_nothing() -> None:
    async def main() -> Verdict:
        leg = ScriptedLeg()
        leg.leave()
        return await Pickup("call", leg, FakeVoiceParts()).verdict()

    assert virtual_time.run(main()) == GONE
