"""Pipecat's services as recogniser and voice: any service under virtual time, OpenAI's over HTTP."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pipecat.frames.frames import ErrorFrame, Frame, TranscriptionFrame, TTSAudioRawFrame
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService

from pipelines.audio import Frame as Sound
from pipelines.facts import Unavailable
from pipelines.samples import samples_16k
from pipelines.services import (
    PipecatService,
    ServiceRecognizer,
    ServiceSynthesizer,
    openai_recognizer,
    openai_voice,
)
from pipelines.synthesizer import Synthesizer
from pipelines.transcript import Final, Lost
from pipelines.transport import LegAudioFrame
from tests import virtual_time
from tests.contracts.recognizer import Hearing, RecognizerContract
from tests.contracts.synthesizer import SynthesizerContract
from tests.fakes.fake_speech import hush, speech, words_in, words_in_samples
from tests.fakes.speech_server import speech_server
from tests.pipelines.piping import Source, running


class SpellingSTT(SegmentedSTTService):  # type: ignore[misc] # pipecat carries no types
    """Answers a segment with the words in it, after a while."""

    Settings = STTSettings

    def __init__(self, *, settings: STTSettings | None = None, seconds: float = 0.2) -> None:
        super().__init__(settings=settings or STTSettings(model=None, language=None), ttfs_p99_latency=0.2)
        self._seconds = seconds

    @property
    def wants_wav_segments(self) -> bool:
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        await asyncio.sleep(self._seconds)
        text = words_in_samples(samples_16k(audio, 16_000))
        if text == "explode":
            yield ErrorFrame(error="no")
        elif text:
            yield TranscriptionFrame(text, "", "")


class SpellingTTS(TTSService):  # type: ignore[misc] # pipecat carries no types
    """Says fake speech at 24 kHz."""

    Settings = TTSSettings

    def __init__(self, *, settings: TTSSettings | None = None) -> None:
        given = settings or TTSSettings(model=None, voice=None, language=None)
        super().__init__(settings=given, push_start_frame=True, push_stop_frames=True, sample_rate=16_000)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        await asyncio.sleep(0.1)
        if "explode" in text:
            yield ErrorFrame(error="no")
            return
        for sound in speech(text) if "silent" not in text else []:
            yield TTSAudioRawFrame(sound.pcm, 16_000, 1, context_id=context_id)


class PipedHearing(Hearing):
    def __init__(self, service: Any) -> None:
        super().__init__()
        self.recognizer: ServiceRecognizer = ServiceRecognizer(service, self.listener)
        self.source: Source

    async def hear(self, frames: list[Sound], silent: bool = False) -> None:
        for frame in frames:
            self.recognizer.hear(frame, silent)
            await self.source.push_frame(LegAudioFrame(frame.pcm, frame.sample_rate, 1, leg=frame))
            await asyncio.sleep(0.02)


@asynccontextmanager
async def piped(service: Any) -> AsyncIterator[PipedHearing]:
    hearing = PipedHearing(service)
    async with running(hearing.recognizer.processors) as (source, sink):
        hearing.source = source
        yield hearing
    assert not [f for f in sink.frames if isinstance(f, LegAudioFrame | TranscriptionFrame)]


class TestServiceRecognizer(RecognizerContract):
    def run(self, main: Coroutine[Any, Any, None]) -> None:
        virtual_time.run(main)

    @asynccontextmanager
    async def hearing(self) -> AsyncIterator[Hearing]:
        async with piped(SpellingSTT()) as hearing:
            yield hearing


def test_a_service_that_says_nothing_is_not_waited_for_for_ever() -> None:
    async def main() -> None:
        async with piped(SpellingSTT(seconds=60)) as hearing:
            hearing.recognizer.start()
            await hearing.hear(speech("hello there"))
            hearing.recognizer.pause(1)
            await hearing.hear(hush(200))
            assert hearing.finals == [Final(1, "")]

    virtual_time.run(main())


def test_words_that_come_after_the_turn_belong_to_no_other() -> None:
    async def main() -> None:
        async with piped(SpellingSTT(seconds=4)) as hearing:
            hearing.recognizer.start()
            await hearing.hear(speech("hello there"))
            hearing.recognizer.pause(1)
            await hearing.hear(hush(160))
            hearing.recognizer.reset()
            hearing.recognizer.start()
            await hearing.hear(speech("and now to something completely different"))
            hearing.recognizer.pause(2)
            await hearing.hear(hush(400))
            assert hearing.finals[0] == Final(1, "")
            assert "hello" not in hearing.finals[-1].text

    virtual_time.run(main())


def test_a_service_that_does_not_answer_a_cough_hears_what_comes_after_it() -> None:
    async def main() -> None:
        async with piped(SpellingSTT()) as hearing:
            hearing.recognizer.start()
            await hearing.hear(hush(20))
            hearing.recognizer.pause(1)
            await hearing.hear(hush(160))
            hearing.recognizer.reset()
            await hearing.hear(hush(100))
            hearing.recognizer.start()
            await hearing.hear(speech("where is my order"))
            hearing.recognizer.pause(2)
            await hearing.hear(hush(160))
            assert hearing.finals == [Final(1, ""), Final(2, "where is my order")]

    virtual_time.run(main())


def test_a_failure_that_comes_after_the_turn_ends_no_other() -> None:
    async def main() -> None:
        async with piped(SpellingSTT(seconds=4)) as hearing:
            hearing.recognizer.start()
            await hearing.hear(speech("explode"))
            hearing.recognizer.pause(1)
            await hearing.hear(hush(160))
            hearing.recognizer.reset()
            hearing.recognizer.start()
            await hearing.hear(speech("and now to something completely different"))
            assert hearing.said == [Final(1, "")]

    virtual_time.run(main())


def test_a_service_that_fails_is_reported() -> None:
    async def main() -> None:
        async with piped(SpellingSTT()) as hearing:
            hearing.recognizer.start()
            await hearing.hear(speech("explode"))
            hearing.recognizer.pause(1)
            await hearing.hear(hush(50))
            assert any(isinstance(what, Lost) for what in hearing.said)

    virtual_time.run(main())


@asynccontextmanager
async def voiced(service: Any, rate: int = 16_000) -> AsyncIterator[ServiceSynthesizer]:
    voice = ServiceSynthesizer(service, rate)
    async with running(voice.processors, rate) as (_, sink):
        yield voice
    assert not [f for f in sink.frames if isinstance(f, TTSAudioRawFrame)]


class TestServiceSynthesizer(SynthesizerContract):
    def run(self, main: Coroutine[Any, Any, None]) -> None:
        virtual_time.run(main)

    @asynccontextmanager
    async def voice(self) -> AsyncIterator[Synthesizer]:
        async with voiced(SpellingTTS()) as voice:
            yield voice


@pytest.mark.parametrize("text", ["please explode", "silent"])
def test_a_voice_service_that_fails_or_stays_silent_is_unavailable(text: str) -> None:
    async def main() -> None:
        async with voiced(SpellingTTS()) as voice:
            with pytest.raises(Unavailable):
                assert [f async for f in voice.speak(text)], "no sound is no speech"
                raise Unavailable
            assert [f async for f in voice.speak("but this works")]

    virtual_time.run(main())


def test_openai_hears_over_http() -> None:
    async def main() -> None:
        with speech_server() as server:
            service = openai_recognizer(server.url, "test-key", "whisper-1").build()
            async with piped(service) as hearing:
                hearing.recognizer.start()
                await hearing.hear(speech("where is it", frames=8))
                hearing.recognizer.pause(1)
                await hearing.hear(hush(60))
                assert hearing.finals == [Final(1, "where is it")]
            assert server.asked[0]["key"] == "Bearer test-key"
            assert b"whisper-1" in server.asked[0]["body"]

    asyncio.run(main())


def test_openai_speaks_over_http_at_the_rate_of_the_call() -> None:
    async def main() -> None:
        with speech_server() as server:
            service = openai_voice(server.url, "test-key", "tts-1", "nova").build()
            async with voiced(service, 8_000) as voice:
                frames = [frame async for frame in voice.speak("good morning")]
            assert {frame.sample_rate for frame in frames} == {8_000}
            assert len(frames) == pytest.approx(30, abs=2)
            [asked] = server.asked
            assert (asked["input"], asked["voice"], asked["model"]) == ("good morning", "nova", "tts-1")

    asyncio.run(main())


def test_openai_out_of_order_is_unavailable() -> None:
    async def main() -> None:
        with speech_server() as server:
            server.status = 400
            async with voiced(openai_voice(server.url, "k", "tts-1").build()) as voice:
                with pytest.raises(Unavailable):
                    [frame async for frame in voice.speak("good morning")]
            async with piped(openai_recognizer(server.url, "k", "whisper-1").build()) as hearing:
                hearing.recognizer.start()
                await hearing.hear(speech("hello", frames=8))
                hearing.recognizer.pause(1)
                await hearing.hear(hush(40))
                assert any(isinstance(what, Lost) for what in hearing.said)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("pipecat.services.nowhere.stt.NoService", {}),
        ("pipecat.services.openai.stt.NoService", {}),
        ("nodots", {}),
        ("pipecat.services.openai.stt.OpenAISTTService", {"no_such_setting": 1}),
    ],
)
def test_a_service_that_cannot_be_built_is_named_in_the_error(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=name):
        PipecatService(name, {"api_key": "k"}, settings).build()


def test_the_words_of_fake_speech_survive_the_way() -> None:
    assert words_in(speech("just to be sure")) == "just to be sure"
