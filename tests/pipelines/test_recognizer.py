"""Streaming recognition over a fake decoder, under virtual time."""

from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from pipelines.recognizer import StreamingRecognizer, StreamingTimes
from pipelines.speech import Priority
from pipelines.transcript import Final, Lost, Partial
from tests import virtual_time
from tests.contracts.recognizer import Hearing, RecognizerContract
from tests.fakes.fake_speech import hush, noise, speech
from tests.fakes.voice_parts import InlineWorkers, SpellingDecoder


class Streaming(Hearing):
    def __init__(self) -> None:
        super().__init__()
        self.decoder = SpellingDecoder()
        self.workers = InlineWorkers()
        self.recognizer = StreamingRecognizer(
            "call", self.decoder, self.workers, self.listener, StreamingTimes()
        )


class TestStreamingRecognizer(RecognizerContract):
    def run(self, main: Coroutine[Any, Any, None]) -> None:
        virtual_time.run(main)

    @asynccontextmanager
    async def hearing(self) -> AsyncIterator[Hearing]:
        yield Streaming()


def test_partials_come_while_the_customer_speaks_never_two_at_a_time() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.workers.seconds = 1.0
        streaming.recognizer.start()
        await streaming.hear(speech("where on earth is my parcel " * 3 + "please"))
        partials = [what for what in streaming.said if isinstance(what, Partial)]
        assert len(partials) == 5, "one a second in 5.7 s, because each decode takes a second"
        assert partials[0].stable_chars == 0
        assert 0 < partials[-1].stable_chars <= len(partials[-1].text)

    virtual_time.run(main())


def test_the_final_is_decoded_at_once_and_becomes_urgent_when_the_pause_lasts() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.workers.seconds = 0.3
        streaming.recognizer.start()
        await streaming.hear(speech("yes please"))
        streaming.recognizer.pause(1)
        await streaming.hear(hush(16))
        assert streaming.finals == [Final(1, "yes please")]
        assert streaming.workers.done[-1].priority is Priority.FINAL
        await streaming.hear(hush(50))
        assert len(streaming.finals) == 1, "the early decode is the final one"

    virtual_time.run(main())


def test_a_click_is_not_even_decoded() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.recognizer.start()
        await streaming.hear(noise(3))
        streaming.recognizer.pause(1)
        assert streaming.finals == [Final(1, "")]
        assert not streaming.decoder.lengths_ms

    virtual_time.run(main())


def test_a_long_first_part_is_not_decoded_again() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.recognizer.start()
        first = " ".join(f"word{n}" for n in range(60))
        await streaming.hear(speech(first))
        streaming.recognizer.pause(1)
        await streaming.hear(hush(20))
        streaming.recognizer.resume()
        await streaming.hear(speech("the end"))
        streaming.recognizer.pause(2)
        await streaming.hear(hush(20))
        assert streaming.finals[-1] == Final(2, f"{first} the end")
        assert streaming.decoder.lengths_ms[-1] < 2_000

    virtual_time.run(main())


def test_speech_without_a_pause_never_outgrows_the_model() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.recognizer.start()
        text = " ".join(f"word{n}" for n in range(250))
        await streaming.hear(speech(text))
        streaming.recognizer.pause(1)
        await streaming.hear(hush(20))
        assert streaming.finals == [Final(1, text)]
        assert max(streaming.decoder.lengths_ms) <= 29_000

    virtual_time.run(main())


def test_a_decoder_that_fails_is_reported_for_a_final_and_not_for_a_partial() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.decoder.broken = True
        streaming.recognizer.start()
        await streaming.hear(speech("can you hear me at all or not"))
        assert not streaming.said
        streaming.recognizer.pause(1)
        await streaming.hear(hush(20))
        assert [type(what) for what in streaming.said] == [Lost]

    virtual_time.run(main())


def test_a_closed_call_drops_its_jobs() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.recognizer.close()
        assert streaming.workers.dropped_calls == ["call"]

    virtual_time.run(main())
