"""What every recogniser must do, whatever hears behind it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from pipelines.audio import FRAME_MS, Frame
from pipelines.recognizer import Recognizer
from pipelines.transcript import Final, Lost, Partial
from tests.fakes.fake_speech import hush, speech

Said = Partial | Final | Lost


class Hearing:
    """A recogniser and what it has said so far."""

    def __init__(self) -> None:
        self.recognizer: Recognizer
        self.said: list[Said] = []

    def listener(self, what: Said) -> None:
        self.said.append(what)

    @property
    def finals(self) -> list[Final]:
        return [what for what in self.said if isinstance(what, Final)]

    async def hear(self, frames: list[Frame], silent: bool = False) -> None:
        """In the call's time; `silent` as voice detection would say it."""
        for frame in frames:
            self.recognizer.hear(frame, silent)
            await asyncio.sleep(FRAME_MS / 1_000)


class RecognizerContract:
    """Subclasses say how one is opened: it reports to the `Hearing`'s listener."""

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        raise NotImplementedError

    @asynccontextmanager
    async def hearing(self) -> AsyncIterator[Hearing]:
        raise NotImplementedError
        yield Hearing()

    def test_reports_the_words_of_an_utterance_once(self) -> None:
        async def main() -> None:
            async with self.hearing() as hearing:
                await hearing.hear(hush(10))
                hearing.recognizer.start()
                await hearing.hear(speech("where is my order"))
                hearing.recognizer.pause(1)
                await hearing.hear(hush(100))
                assert hearing.finals == [Final(1, "where is my order")]

        self.run(main())

    def test_hears_what_was_said_before_the_voice_was_noticed(self) -> None:
        async def main() -> None:
            async with self.hearing() as hearing:
                words = speech("where is it", frames=10)
                await hearing.hear(hush(20))
                await hearing.hear(words[:8])
                hearing.recognizer.start()
                await hearing.hear(words[8:])
                hearing.recognizer.pause(1)
                await hearing.hear(hush(100))
                assert hearing.finals[-1].text == "where is it"

        self.run(main())

    def test_a_resumed_utterance_is_reported_whole_and_under_its_last_pause(self) -> None:
        async def main() -> None:
            async with self.hearing() as hearing:
                hearing.recognizer.start()
                await hearing.hear(speech("I would like"))
                hearing.recognizer.pause(1)
                await hearing.hear(hush(3))
                hearing.recognizer.resume()
                await hearing.hear(speech("a refund"))
                hearing.recognizer.pause(2)
                await hearing.hear(hush(100))
                assert hearing.finals == [Final(2, "I would like a refund")]

        self.run(main())

    def test_a_pause_that_was_seen_coming_is_reported_once(self) -> None:
        async def main() -> None:
            async with self.hearing() as hearing:
                hearing.recognizer.start()
                await hearing.hear(speech("where is my order"))
                await hearing.hear(hush(3), silent=True)
                hearing.recognizer.pause(1)
                await hearing.hear(hush(100), silent=True)
                assert hearing.finals == [Final(1, "where is my order")]

        self.run(main())

    def test_a_dip_in_the_voice_is_no_pause_and_hides_no_words(self) -> None:
        async def main() -> None:
            async with self.hearing() as hearing:
                hearing.recognizer.start()
                await hearing.hear(speech("where is"))
                await hearing.hear(hush(2), silent=True)
                await hearing.hear(speech("my order"))
                assert not hearing.finals
                await hearing.hear(hush(3), silent=True)
                hearing.recognizer.pause(1)
                await hearing.hear(hush(100), silent=True)
                assert hearing.finals == [Final(1, "where is my order")]

        self.run(main())

    def test_an_utterance_that_is_over_is_forgotten(self) -> None:
        async def main() -> None:
            async with self.hearing() as hearing:
                for number, words in enumerate(["one thing", "quite another"], start=1):
                    hearing.recognizer.start()
                    await hearing.hear(speech(words))
                    hearing.recognizer.pause(number)
                    await hearing.hear(hush(60))
                    hearing.recognizer.reset()
                    await hearing.hear(hush(60))
                assert [final.text for final in hearing.finals] == ["one thing", "quite another"]

        self.run(main())

    def test_nothing_is_reported_after_the_call(self) -> None:
        async def main() -> None:
            async with self.hearing() as hearing:
                hearing.recognizer.start()
                await hearing.hear(speech("good bye"))
                hearing.recognizer.pause(1)
                hearing.recognizer.close()
                said = len(hearing.said)
                await hearing.hear(hush(100))
                assert len(hearing.said) == said

        self.run(main())
