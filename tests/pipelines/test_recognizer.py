"""Streaming recognition over a fake decoder, under virtual time."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recognizer import SKIPPED, StreamingRecognizer, StreamingTimes
from pipelines.samples import Samples
from pipelines.speech import Priority
from pipelines.transcript import Decoded, Final, Lost, Partial
from tests import virtual_time
from tests.contracts.recognizer import Hearing, RecognizerContract
from tests.fakes.fake_speech import hush, noise, speech
from tests.fakes.voice_parts import InlineWorkers, SpellingDecoder


class Streaming(Hearing):
    @property
    def partials(self) -> list[Partial]:
        return [what for what in self.said if isinstance(what, Partial)]

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


@pytest.mark.parametrize(
    ("seconds", "starts_ms"),
    [(0.11, [700, 1_400, 2_100, 2_800, 3_500]), (0.41, [700, 1_900, 3_100]), (1.01, [700, 3_700])],
)
def test_partials_come_every_700_ms_or_take_a_third_of_the_time(seconds: float, starts_ms: list[int]) -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.workers.seconds = seconds
        streaming.recognizer.start()
        await streaming.hear(speech(" ".join(f"word{n}" for n in range(20)))[: (starts_ms[-1] + 1_500) // 20])
        partials = streaming.partials
        assert streaming.decoder.lengths_ms[: len(starts_ms)] == starts_ms
        assert partials[0].stable_chars == 0
        assert all(0 < partial.stable_chars <= len(partial.text) for partial in partials[1:])

    virtual_time.run(main())


def test_a_busy_model_is_asked_for_no_partials_and_for_nothing_in_advance_but_for_finals() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.workers.running = 1
        skipped = SKIPPED._value.get()
        streaming.recognizer.start()
        await streaming.hear(speech("where on earth is my parcel"))
        await streaming.hear(hush(3), silent=True)
        assert not streaming.decoder.lengths_ms
        assert SKIPPED._value.get() == skipped + 2
        streaming.recognizer.pause(1)
        await streaming.hear(hush(20), silent=True)
        assert streaming.said == [Final(1, "where on earth is my parcel")]

    virtual_time.run(main())


def test_the_end_of_one_utterance_is_not_heard_again_as_the_beginning_of_the_next() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.recognizer.start()
        await streaming.hear(speech("where is it"))
        streaming.recognizer.pause(1)
        await streaming.hear(hush(6))
        streaming.recognizer.reset()
        streaming.recognizer.start()
        await streaming.hear(speech("hello"))
        streaming.recognizer.pause(2)
        await streaming.hear(hush(20))
        assert streaming.finals[-1] == Final(2, "hello")

    virtual_time.run(main())


def test_the_decode_begun_at_the_first_silence_is_the_final_of_the_pause() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.workers.seconds = 0.2
        streaming.recognizer.start()
        await streaming.hear(speech("where is"))
        await streaming.hear(hush(4), silent=True)
        streaming.recognizer.pause(1)
        await streaming.hear(hush(5), silent=True)
        assert not streaming.said
        await streaming.hear(hush(2), silent=True)
        assert streaming.said == [Final(1, "where is")], "200 ms after the first silent frame"
        await streaming.hear(hush(50), silent=True)
        assert len(streaming.decoder.lengths_ms) == len(streaming.said) == 1
        assert streaming.workers.done[0].priority is Priority.EAGER, "from when the pause waits for it"

    virtual_time.run(main())


def test_a_decode_that_was_quicker_than_the_pause_is_its_final_at_once() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.workers.seconds = 0.04
        streaming.recognizer.start()
        await streaming.hear(speech("where is"))
        await streaming.hear(hush(4), silent=True)
        streaming.recognizer.pause(1)
        assert streaming.finals == [Final(1, "where is")]
        assert len(streaming.decoder.lengths_ms) == 1

    virtual_time.run(main())


def test_if_the_customer_goes_on_what_was_decoded_in_advance_is_a_partial() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.recognizer.start()
        await streaming.hear(speech("I would"))
        await streaming.hear(hush(2), silent=True)
        await streaming.hear(speech("like to"))
        assert streaming.said == [Partial("I would", 0)]
        await streaming.hear(speech("know"))
        assert len(streaming.decoder.lengths_ms) == 2, "the next one comes 0.7 s after it"

    virtual_time.run(main())


def test_what_was_decoded_before_the_voice_came_back_is_never_the_final() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.workers.seconds = 0.5
        streaming.recognizer.start()
        await streaming.hear(speech("I would"))
        await streaming.hear(hush(2), silent=True)
        await streaming.hear(speech("not"))
        await streaming.hear(hush(4), silent=True)
        streaming.recognizer.pause(1)
        await streaming.hear(hush(60), silent=True)
        assert streaming.finals == [Final(1, "I would not")]

    virtual_time.run(main())


def test_a_turn_cut_off_while_the_customer_speaks_has_all_its_words() -> None:
    """Turn taking may call a pause without any silence: the utterance is too long."""

    async def main() -> None:
        streaming = Streaming()
        streaming.recognizer.start()
        await streaming.hear(speech("send it"))
        await streaming.hear(hush(2), silent=True)
        await streaming.hear(speech("home"))
        streaming.recognizer.pause(1)
        await streaming.hear(speech("please"))
        assert streaming.finals == [Final(1, "send it home")]

    virtual_time.run(main())


def test_a_partial_under_way_gives_way_to_the_decode_for_the_pause() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.workers.seconds = 0.3
        streaming.recognizer.start()
        await streaming.hear(speech("where on earth is it")[: 800 // 20])
        assert streaming.workers.running == 1, "a partial, begun 100 ms ago"
        await streaming.hear(hush(6), silent=True)
        streaming.recognizer.pause(1)
        await streaming.hear(hush(8), silent=True)
        assert not streaming.said, "neither the partial nor, after 280 ms, the final"
        await streaming.hear(hush(2), silent=True)
        assert [type(what) for what in streaming.said] == [Final], "300 ms after the first silent frame"

    virtual_time.run(main())


def test_a_decoder_learns_that_its_words_interest_nobody_any_more() -> None:
    async def main() -> None:
        streaming = Streaming()
        asked: list[bool] = []

        def decode(samples: Samples, wanted: Callable[[], bool] = lambda: True) -> Decoded:
            asked.append(wanted())
            streaming.recognizer.reset()
            asked.append(wanted())
            return Decoded("", 0.0, 0.0, 10)

        streaming.decoder.decode = decode  # type: ignore[method-assign]
        streaming.recognizer.start()
        await streaming.hear(speech("where is"))
        streaming.recognizer.pause(1)
        await streaming.hear(hush(20), silent=True)
        assert asked == [True, False]

    virtual_time.run(main())


def test_a_decode_begun_too_early_that_fails_is_made_up_for_by_the_pause() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.workers.seconds = 0.04
        streaming.decoder.broken = True
        streaming.recognizer.start()
        await streaming.hear(speech("where is"))
        await streaming.hear(hush(4), silent=True)
        streaming.decoder.broken = False
        streaming.recognizer.pause(1)
        await streaming.hear(hush(20), silent=True)
        assert streaming.said == [Final(1, "where is")]

    virtual_time.run(main())


def test_one_that_fails_after_the_pause_took_it_is_reported() -> None:
    async def main() -> None:
        streaming = Streaming()
        streaming.decoder.broken = True
        streaming.recognizer.start()
        await streaming.hear(speech("where is"))
        await streaming.hear(hush(4), silent=True)
        streaming.recognizer.pause(1)
        await streaming.hear(hush(60), silent=True)
        assert [type(what) for what in streaming.said] == [Lost]

    virtual_time.run(main())


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=12),
    st.sampled_from([0.02, 0.15, 0.4, 1.2]),
)
def test_however_the_voice_comes_and_goes_every_pause_has_one_final_with_all_words(
    parts: list[tuple[int, int]], seconds: float
) -> None:
    """Parts of an utterance: so many words, then so many silent frames; five make a pause."""

    async def main() -> None:
        streaming = Streaming()
        streaming.workers.seconds = seconds
        recognizer, words, pause = streaming.recognizer, ["begin"], 0
        recognizer.start()
        await streaming.hear(speech("begin"))
        for count, quiet in [*parts, (1, 100)]:
            spoken = [f"word{len(words) + n}" for n in range(count)]
            words += spoken
            await streaming.hear(speech(" ".join(spoken)))
            await streaming.hear(hush(min(quiet, 5)), silent=True)
            if quiet >= 5:
                pause += 1
                recognizer.pause(pause)
                await streaming.hear(hush(quiet - 5), silent=True)
                recognizer.resume()
        finals = streaming.finals
        assert finals[-1] == Final(pause, " ".join(words))
        assert len({final.pause for final in finals}) == len(finals)
        assert all(" ".join(words).startswith(final.text) for final in finals)

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
