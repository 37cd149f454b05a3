"""The shared models, for real: Piper's voice is heard by Silero, smart-turn and Whisper, at both rates."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import numpy.typing as npt
import pytest

from pipelines.answer import Say
from pipelines.audio import Frame, silence
from pipelines.facts import CustomerTurn, ReplyDone, TranscriptPartial
from pipelines.moonshine import MoonshineSettings
from pipelines.phrases import Phrases
from pipelines.samples import resampled, samples_16k
from pipelines.synthesizer import PiperSettings, PiperSynthesizer, Synthesizer
from pipelines.transcript import join_digits
from pipelines.voice import VoiceChange
from pipelines.voice_call import CallSettings, VoiceCall
from pipelines.voice_models import VoiceModels, VoiceSettings, open_voice_models, pieces_to_learn
from pipelines.whisper import WhisperSettings
from tests.contracts.synthesizer import SynthesizerContract
from tests.fakes.fake_speech import hush
from tests.fakes.scripted_answerer import Pause, ScriptedAnswerer
from tests.fakes.voice_parts import FakeVoiceParts
from tests.pipelines.talk import Talk

FEW = Phrases(*["One moment."] * 8)


def settings(
    folder: Path, recognizer: WhisperSettings | MoonshineSettings | None = None, **others: Any
) -> VoiceSettings:
    return VoiceSettings(
        folder / "turn" / "silero_vad.onnx",
        folder / "turn" / "smart-turn-v3.2-cpu.onnx",
        recognizer or WhisperSettings(folder / "whisper-base"),
        PiperSettings(folder / "piper" / "en_US-joe-medium.onnx"),
        phrases=FEW,
        **others,
    )


async def said(models: VoiceModels, text: str, rate: int = 16_000) -> list[Frame]:
    assert models.piper is not None
    return [frame async for frame in PiperSynthesizer(models.piper, rate).speak(text)]


def bare(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


def test_learns_phrases_in_the_pieces_they_are_spoken_in() -> None:
    assert pieces_to_learn(("Hello. Call 555-123-4567!", "Hello.", "...")) == [
        "Hello.",
        "Call 5 5 5, 1 2 3, 4 5 6 7!",
    ]


def test_a_text_is_known_by_heart_when_all_of_its_sentences_are() -> None:
    models = VoiceModels(settings(Path()), Mock(), Mock())
    please, hold = silence(), Frame(b"\1" * 640)
    assert models.by_heart("Please.", 16_000) == [], "nothing was learnt yet"
    models.learn({"Please.": (please,), "Hold.": (hold, hold)})
    assert models.by_heart("Please. Hold.", 16_000) == [please, hold, hold]
    assert models.by_heart("Please. Wait.", 16_000) == []
    assert models.by_heart("Please.", 8_000) == [Frame(bytes(320), 8_000)]
    assert models.by_heart("Wait.", 8_000) == []


def test_it_is_quiet_while_no_call_holds_a_voice() -> None:
    models = VoiceModels(settings(Path()), Mock(), Mock())
    models.piper = Mock()
    assert models.quiet
    voice = models.synthesizer(16_000)
    assert not models.quiet
    del voice
    assert models.quiet


@pytest.mark.models
@pytest.mark.timeout(120)
def test_what_answers_often_begin_with_is_soon_known_by_heart(models_folder: Path) -> None:
    async def main() -> None:
        often = ("You can return unused items within 30 days of delivery. Tags must be on.", "Done.")
        async with open_voice_models(settings(models_folder, often=often)) as models:
            async with asyncio.timeout(60):
                while "Done." not in models.known(16_000):  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0.05)
            begin = "You can return unused items"
            assert models.by_heart(begin, 16_000) and models.by_heart(begin, 8_000)
            voice = models.synthesizer(16_000)
            assert [frame async for frame in voice.speak(begin)] == models.by_heart(begin, 16_000)

    asyncio.run(main())


@pytest.mark.models
@pytest.mark.timeout(120)
def test_what_piper_says_the_models_hear(models_folder: Path) -> None:
    async def main() -> None:
        async with open_voice_models(settings(models_folder)) as models:
            assert models.ready
            for rate in (8_000, 16_000):
                await hear_words(models, rate)
            for rate in (8_000, 16_000):
                await hear_voice(models, rate)
        ours = ("recogniser-", "smart-turn-")
        assert not [thread for thread in threading.enumerate() if thread.name.startswith(ours)]

    asyncio.run(main())


@pytest.mark.models
@pytest.mark.timeout(120)
def test_what_piper_says_moonshine_hears(moonshine_folder: Path) -> None:
    async def main() -> None:
        recognizer = MoonshineSettings(moonshine_folder / "moonshine-tiny")
        async with open_voice_models(settings(moonshine_folder, recognizer)) as models:
            for rate in (8_000, 16_000):
                await hear_words(models, rate)

    asyncio.run(main())


async def hear_words(models: VoiceModels, rate: int) -> None:
    assert models.decoder is not None
    for text, words in [
        ("What is your return policy?", ("return policy",)),
        ("My order number is one zero four three seven.", ("order number", "10437")),
    ]:
        frames = [*hush(20, rate), *await said(models, text, rate), *hush(2, rate)]
        pcm = b"".join(frame.pcm for frame in frames)
        decoded = await asyncio.to_thread(models.decoder.decode, samples_16k(pcm, rate))
        heard = bare(join_digits(decoded.text))
        assert all(each in heard for each in words), heard  # the voice says it a little differently each time


async def hear_voice(models: VoiceModels, rate: int) -> None:
    detection = models.detection(rate)
    speech = [*hush(50, rate), *await said(models, "Where is my order?", rate), *hush(50, rate)]
    changes = [(n, change) for n, frame in enumerate(speech) if (change := detection.hear(frame))]
    (began, started), (ended, stopped) = changes
    assert (started, stopped) == (VoiceChange.STARTED, VoiceChange.STOPPED)
    assert 50 <= began <= 60
    assert len(speech) - 65 <= ended <= len(speech) - 40


@pytest.mark.models
@pytest.mark.timeout(120)
def test_our_own_voice_come_back_is_no_caller_and_hides_none(models_folder: Path) -> None:
    """Before the caller has said a word: nothing is known of how loud they are."""

    async def main() -> None:
        async with open_voice_models(settings(models_folder)) as models:
            ours = sound(await said(models, "You can return unused items within 30 days of delivery.", 8_000))
            wait = sound_bytes(await said(models, "Wait, please stop now.", 8_000))
            caller = resampled(wait, 10_000, 8_000)
            for db in (-12, -20, -30):
                late = np.concatenate((np.zeros(1_600), ours, np.zeros(1_600))) * 10 ** (db / 20)
                assert started_ms(models, ours, late) == []
                both = late.copy()
                voice = np.frombuffer(caller, "<i2")[: len(both) - 8_000]
                both[8_000 : 8_000 + len(voice)] += voice
                (began, *_) = started_ms(models, ours, both)
                assert 1_000 <= began <= 1_500

    asyncio.run(main())


def sound_bytes(frames: list[Frame]) -> bytes:
    return b"".join(frame.pcm for frame in frames)


def sound(frames: list[Frame]) -> npt.NDArray[np.float64]:
    return np.frombuffer(sound_bytes(frames), "<i2").astype(np.float64)


def started_ms(
    models: VoiceModels, played: npt.NDArray[np.float64], heard: npt.NDArray[np.float64]
) -> list[int]:
    """When voice was noticed while we play."""
    detection, found = models.detection(8_000), []
    line = heard + np.random.default_rng(2).normal(0, 13, len(heard))
    for at in range(0, len(line) - 159, 160):
        ours = played[at : at + 160].astype("<i2").tobytes()
        frame = Frame(np.clip(line[at : at + 160], -32_768, 32_767).astype("<i2").tobytes(), 8_000)
        out = Frame(ours, 8_000) if len(ours) == 320 else None
        if detection.hear(frame, speaking=True, played=out) is VoiceChange.STARTED:
            found.append(at // 8)
    return found


@pytest.mark.models
@pytest.mark.timeout(120)
@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_a_whole_call_with_the_real_models(models_folder: Path, rate: int) -> None:
    async def main() -> None:
        answerer = ScriptedAnswerer(
            lambda words: (
                [Pause(0.1), Say("Your parcel left our warehouse yesterday, "), Say("and " * 40)]
                if "order" in words
                else [Say("All right.")]
            )
        )
        async with open_voice_models(settings(models_folder)) as models:
            talk = Talk(answerer, FakeVoiceParts(), rate)
            settings_of_call = CallSettings(number_lengths=frozenset({5}))
            talk.call = VoiceCall(
                talk.leg,
                talk.conversation,
                answerer,
                talk.emit,
                models,
                ids=talk.ids,
                settings=settings_of_call,
            )
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(talk.leg.serve(), name="caller")
                tasks.create_task(talk.call.run(), name="call")
                await asyncio.sleep(1.5)
                question = "Where is my order one zero four three seven?"
                await talk.say(await said(models, question, rate), then=4)
                await talk.say(await said(models, "I want to speak to a person now.", rate), then=4)
                talk.leg.leave()
            assert models.decoder_workers is not None and not models.decoder_workers._queue
        first, second = [bare(fact.pii.text) for fact in talk.of(CustomerTurn)]
        assert "order 10437" in first and "person" in second
        assert talk.of(TranscriptPartial)
        greeting, answer, last = talk.of(ReplyDone)
        assert answer.interrupted and answer.pii.text.startswith("Your parcel left our warehouse")
        assert last.pii.text == "All right."
        latency = answer.latency
        assert latency is not None and latency.decision_ms is not None and latency.first_audio_ms is not None
        assert latency.decision_ms <= 1_000, "at 8 kHz as at 16"
        assert latency.final_transcript_ms is not None and latency.final_transcript_ms <= 1_000
        assert {frame.sample_rate for frame in talk.leg.heard} == {rate}

    asyncio.run(main())


@pytest.mark.models
@pytest.mark.timeout(120)
class TestPiper(SynthesizerContract):
    @pytest.fixture(autouse=True)
    def _folder(self, models_folder: Path) -> None:
        self.folder = models_folder

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        asyncio.run(main)

    @asynccontextmanager
    async def voice(self) -> AsyncIterator[Synthesizer]:
        async with open_voice_models(settings(self.folder)) as models:
            yield models.synthesizer(self.rate)
