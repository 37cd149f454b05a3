"""What every voice must do, whatever speaks behind it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import Any

from pipelines.audio import Frame
from pipelines.synthesizer import Synthesizer
from tests.fakes.fake_speech import LOUDNESS


def loud(frames: list[Frame]) -> bool:
    return any(abs(int.from_bytes(f.pcm[at : at + 2], "little", signed=True)) > LOUDNESS // 20
               for f in frames for at in range(0, len(f.pcm), 64))  # fmt: skip


class SynthesizerContract:
    """Subclasses say how one is opened."""

    rate = 16_000

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        asyncio.run(main)

    @asynccontextmanager
    async def voice(self) -> AsyncIterator[Synthesizer]:
        raise NotImplementedError
        yield

    def test_speaks_in_whole_frames_at_the_rate_of_the_call(self) -> None:
        async def main() -> None:
            async with self.voice() as voice:
                frames = [frame async for frame in voice.speak("Good morning.")]
            assert 10 <= len(frames) <= 500
            assert {(len(frame.pcm), frame.sample_rate) for frame in frames} == {
                (self.rate // 50 * 2, self.rate)
            }
            assert loud(frames)

        self.run(main())

    def test_says_one_text_after_the_other(self) -> None:
        async def main() -> None:
            async with self.voice() as voice:
                short = [frame async for frame in voice.speak("Yes.")]
                long = [frame async for frame in voice.speak("Your parcel will arrive on Tuesday.")]
            assert 0 < len(short) < len(long)

        self.run(main())

    def test_may_be_cut_short_and_speaks_again(self) -> None:
        async def main() -> None:
            async with self.voice() as voice:
                for _ in range(3):
                    async with aclosing(voice.speak("Your parcel will arrive on Tuesday.")) as frames:
                        async for frame in frames:
                            assert frame.pcm
                            break
                assert [frame async for frame in voice.speak("Yes.")]

        self.run(main())

    def test_survives_being_cancelled_while_it_thinks(self) -> None:
        async def main() -> None:
            async with self.voice() as voice:

                async def listen() -> None:
                    async with aclosing(voice.speak("Your parcel will arrive on Tuesday.")) as frames:
                        async for _ in frames:
                            pass

                async with asyncio.TaskGroup() as tasks:
                    listening = tasks.create_task(listen())
                    await asyncio.sleep(0)
                    listening.cancel()
                assert [frame async for frame in voice.speak("Yes.")]

        self.run(main())
