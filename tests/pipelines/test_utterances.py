"""Short answers on a line: each utterance once, with all its words, whatever else is going on."""

import asyncio
from collections.abc import Iterable

from pipelines.audio import Frame
from pipelines.utterances import Utterances
from tests import virtual_time
from tests.fakes.fake_speech import hush, noise, speech
from tests.fakes.scripted_leg import ScriptedLeg
from tests.fakes.voice_parts import FakeVoiceParts


def heard(said: Iterable[Frame], parts: FakeVoiceParts | None = None) -> list[str]:
    """The utterances in what somebody says before they hang up."""
    found: list[str] = []

    async def main() -> None:
        leg, frames = ScriptedLeg(), list(said)
        leg.say(frames)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(leg.serve())
            tasks.create_task(Utterances("call", leg, parts or FakeVoiceParts(), found.append).run())
            await asyncio.sleep(len(frames) / 50 + 1)
            leg.leave()

    virtual_time.run(main())
    return found


def test_each_utterance_is_told_once() -> None:
    assert heard([*hush(10), *speech("yes please"), *hush(50), *speech("connect"), *hush(50)]) == [
        "yes please",
        "connect",
    ]


def test_a_short_pause_does_not_cut_an_utterance() -> None:
    assert heard([*speech("yes"), *hush(15), *speech("dear dinner is ready"), *hush(50)]) == [
        "yes dear dinner is ready"
    ]


def test_it_is_told_half_a_second_behind_its_end() -> None:
    async def main() -> float:
        leg, told = ScriptedLeg(), asyncio.Event()
        leg.say(speech("connect me"))
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(leg.serve())
            ears = Utterances("call", leg, FakeVoiceParts(), lambda _: told.set())
            listening = tasks.create_task(ears.run())
            await told.wait()
            at = asyncio.get_running_loop().time()
            serving.cancel()
            listening.cancel()
        return at

    assert 0.6 + 0.5 < virtual_time.run(main()) < 0.6 + 0.8


def test_noise_and_a_broken_recogniser_say_nothing() -> None:
    broken = FakeVoiceParts()
    broken.decoder.broken = True
    assert heard([*noise(60), *hush(50)]) == []
    assert heard([*speech("yes"), *hush(60), *speech("yes"), *hush(50)], broken) == []


def test_who_hangs_up_in_the_middle_of_a_word_has_not_said_it() -> None:
    parts = FakeVoiceParts()
    assert heard(speech("yes yes yes"), parts) in ([], ["yes yes yes"])
    assert parts.workers.dropped_calls == ["call"]
