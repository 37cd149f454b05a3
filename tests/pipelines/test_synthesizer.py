"""Piper's client against a fake process, and phrases known by heart."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pipelines.audio import Frame
from pipelines.facts import Unavailable
from pipelines.synthesizer import (
    AtRate,
    Phrasebook,
    PiperSettings,
    PiperSynthesizer,
    PiperVoice,
    Synthesizer,
    learn,
)
from tests import virtual_time
from tests.contracts.synthesizer import SynthesizerContract
from tests.fakes.fake_speech import words_in
from tests.fakes.voice_parts import ToneSynthesizer


@asynccontextmanager
async def piper(folder: Path, **settings: Any) -> AsyncIterator[PiperVoice]:
    program = (sys.executable, "-m", "tests.fakes.fake_piper")
    voice = PiperVoice(PiperSettings(folder / "voice.onnx", program=program, retry_s=(0.0, 0.05), **settings))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(voice.run(), name="piper")
        yield voice
        running.cancel()


def starts(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "starts").read_text().split()]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class TestToneSynthesizer(SynthesizerContract):
    def run(self, main: Coroutine[Any, Any, None]) -> None:
        virtual_time.run(main)

    @asynccontextmanager
    async def voice(self) -> AsyncIterator[Synthesizer]:
        yield ToneSynthesizer()


class TestPiperSynthesizer(SynthesizerContract):
    @pytest.fixture(autouse=True)
    def _own_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    @asynccontextmanager
    async def voice(self) -> AsyncIterator[Synthesizer]:
        async with piper(self.folder) as voice:
            yield PiperSynthesizer(voice, self.rate)


class TestPhrasebook(SynthesizerContract):
    def run(self, main: Coroutine[Any, Any, None]) -> None:
        virtual_time.run(main)

    @asynccontextmanager
    async def voice(self) -> AsyncIterator[Synthesizer]:
        voice = ToneSynthesizer()
        yield Phrasebook(voice, await learn(voice, ["Yes."]))


def test_calls_share_the_process_without_hearing_each_other(tmp_path: Path) -> None:
    async def main() -> None:
        async with piper(tmp_path) as voice:

            async def say(text: str) -> str:
                return words_in([frame async for frame in PiperSynthesizer(voice, 16_000).speak(text)])

            texts = [f"this is call number{n} speaking" for n in range(8)]
            assert await asyncio.gather(*map(say, texts)) == texts
        assert len(starts(tmp_path)) == 1

    asyncio.run(main())


def test_a_process_that_dies_is_started_again_and_the_text_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        async with piper(tmp_path) as voice:
            text = "first this then a crash and then the rest"
            assert words_in([f async for f in PiperSynthesizer(voice, 16_000).speak(text)]) == text
        assert len(starts(tmp_path)) == 2

    asyncio.run(main())


def test_a_text_that_always_kills_the_process_is_given_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with piper(tmp_path) as voice:
            with pytest.raises(Unavailable):
                [f async for f in PiperSynthesizer(voice, 16_000).speak("now always-crash")]
            assert [f async for f in PiperSynthesizer(voice, 16_000).speak("still here")]

    asyncio.run(main())


def test_a_text_the_voice_cannot_speak_harms_nobody_else(tmp_path: Path) -> None:
    async def main() -> None:
        async with piper(tmp_path) as voice:
            with pytest.raises(Unavailable, match="could not speak"):
                [f async for f in PiperSynthesizer(voice, 16_000).speak("unspeakable")]
            assert [f async for f in PiperSynthesizer(voice, 16_000).speak("fine")]
        assert len(starts(tmp_path)) == 1

    asyncio.run(main())


def test_a_process_that_will_not_start_is_unavailable_and_tried_again(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "broken").touch()
        async with piper(tmp_path, patience_s=0.3) as voice:
            with pytest.raises(Unavailable):
                [f async for f in PiperSynthesizer(voice, 16_000).speak("hello")]
            assert not voice.ready
            (tmp_path / "broken").unlink()
            await voice.wait_ready(10)
            assert [f async for f in PiperSynthesizer(voice, 16_000).speak("hello")]

    asyncio.run(main())


def test_a_missing_program_is_unavailable_too(tmp_path: Path) -> None:
    async def main() -> None:
        voice = PiperVoice(PiperSettings(tmp_path / "v", program=("no-such-program",), patience_s=0.1))
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(voice.run())
            with pytest.raises(Unavailable):
                [f async for f in PiperSynthesizer(voice, 16_000).speak("hello")]
            running.cancel()

    asyncio.run(main())


def test_the_process_is_told_of_a_text_that_nobody_wants_any_more(tmp_path: Path) -> None:
    async def main() -> None:
        async with piper(tmp_path) as voice:
            await voice.wait_ready(10)
            async with aclosing(voice.sound("one two three", 16_000)) as sounds:
                assert await anext(sounds)
            assert [pcm async for pcm in voice.sound("four", 16_000)]
        assert (tmp_path / "cancelled").read_text().split() == ["1"], (
            "what was said to its end is not cancelled"
        )

    asyncio.run(main())


def test_a_process_that_prints_rubbish_is_replaced(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "rubbish").touch()
        async with piper(tmp_path) as voice:
            await voice.wait_ready(10)
        assert len(starts(tmp_path)) == 2

    asyncio.run(main())


def test_a_killed_process_comes_back(tmp_path: Path) -> None:
    async def main() -> None:
        async with piper(tmp_path) as voice:
            await voice.wait_ready(10)
            os.kill(starts(tmp_path)[-1], signal.SIGKILL)
            assert words_in([f async for f in PiperSynthesizer(voice, 16_000).speak("hello")]) == "hello"

    asyncio.run(main())


def test_the_process_ends_with_us(tmp_path: Path) -> None:
    async def main() -> None:
        async with piper(tmp_path) as voice:
            await voice.wait_ready(10)
            assert alive(starts(tmp_path)[0])
        assert not alive(starts(tmp_path)[0])

    asyncio.run(main())


def test_known_phrases_are_spoken_even_when_the_voice_is_gone() -> None:
    async def main() -> None:
        voice = ToneSynthesizer()
        book = Phrasebook(voice, await learn(voice, ["One moment, please."]))
        voice.dead = True
        assert words_in([f async for f in book.speak("One moment, please.")]) == "One moment, please."
        with pytest.raises(Unavailable):
            [f async for f in book.speak("Something new.")]

    virtual_time.run(main())


def test_known_phrases_are_converted_for_a_telephone_once_and_only_when_needed() -> None:
    async def main() -> None:
        voice = ToneSynthesizer()
        known = await learn(voice, ["Yes.", "No."])
        telephone = AtRate(known, 8_000)
        assert list(telephone) == ["Yes.", "No."] and len(telephone) == 2
        assert telephone.get("Perhaps.") is None and not telephone._converted
        frames = telephone["Yes."]
        assert telephone["Yes."] is frames and list(telephone._converted) == ["Yes."]
        assert {(frame.sample_rate, len(frame.pcm)) for frame in frames} == {(8_000, 320)}
        assert len(frames) == len(known["Yes."])
        loud = max(abs(int(sample)) for frame in frames for sample in memoryview(frame.pcm).cast("h"))
        assert 5_000 < loud < 32_000
        assert AtRate({"": ()}, 8_000)[""] == ()

    virtual_time.run(main())


def test_a_phrasebook_closes_the_voice_behind_it() -> None:
    async def main() -> None:
        voice = ToneSynthesizer()
        async with aclosing(Phrasebook(voice, {}).speak("Something new.")) as frames:
            first: Frame = await anext(frames)
            assert first.pcm
        assert voice.closed_early == 1

    virtual_time.run(main())
