import asyncio
from collections.abc import AsyncGenerator

import pytest

from pipelines import learning
from pipelines.audio import Frame
from pipelines.facts import Unavailable
from pipelines.learning import LOOK_AGAIN_S, first_pieces, learn_when_quiet
from tests import virtual_time
from tests.fakes.fake_speech import words_in
from tests.fakes.voice_parts import ToneSynthesizer

Known = dict[str, tuple[Frame, ...]]


def always() -> bool:
    return True


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (
            "You can return unused items within 30 days of delivery. Tags must be on.",
            ["You can return unused items"],
        ),
        (
            "Yes. Gift wrapping costs $5 for each item.",
            ["Yes.", "Gift wrapping costs 5 dollars for each item."],
        ),
        ("Done.", ["Done."]),
        ("…", []),
    ],
)
def test_of_a_text_the_pieces_are_learnt_until_the_rest_can_be_made_meanwhile(
    text: str, pieces: list[str]
) -> None:
    assert first_pieces(text) == pieces


def test_phrases_are_known_afterwards_each_once() -> None:
    known: Known = {"Done.": ()}
    texts = ["Done.", "Okay, I won't track it.", "Okay, I won't track it."]
    virtual_time.run(learn_when_quiet(ToneSynthesizer(), known, texts, always))
    assert list(known) == ["Done.", "Okay, I won't track it."]
    assert words_in(known["Okay, I won't track it."]) == "Okay, I won't track it."


def test_nothing_is_learnt_during_calls() -> None:
    known: Known = {}
    calls = [object()]

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(learn_when_quiet(ToneSynthesizer(), known, ["One.", "Two."], lambda: not calls))
            await asyncio.sleep(3 * LOOK_AGAIN_S)
            assert not known
            calls.clear()
            await asyncio.sleep(LOOK_AGAIN_S)
            assert list(known) == ["One.", "Two."]

    virtual_time.run(main())


def test_a_call_that_comes_stops_it_after_the_phrase_under_way() -> None:
    known: Known = {}
    virtual_time.run(_until_called(known))
    assert list(known) == ["One."]


async def _until_called(known: Known) -> None:
    async with asyncio.TaskGroup() as tasks:
        texts = ["One.", "Two.", "Three."]
        task = tasks.create_task(learn_when_quiet(ToneSynthesizer(), known, texts, lambda: not known))
        await asyncio.sleep(10 * LOOK_AGAIN_S)
        task.cancel()


def test_memory_is_bounded_in_number_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"Number {number}." for number in "abcdefgh"]
    monkeypatch.setattr(learning, "MOST_PHRASES", 3)
    known: Known = {}
    virtual_time.run(learn_when_quiet(ToneSynthesizer(), known, texts, always))
    assert len(known) == 3
    monkeypatch.setattr(learning, "MOST_PHRASES", 100)
    monkeypatch.setattr(learning, "MOST_BYTES", 1)
    known = {}
    virtual_time.run(learn_when_quiet(ToneSynthesizer(), known, texts, always))
    assert len(known) == 1


def test_a_phrase_the_voice_fails_at_is_left_out() -> None:
    class Moody(ToneSynthesizer):
        async def speak(self, text: str) -> AsyncGenerator[Frame, None]:
            if text == "Two.":
                raise Unavailable("no voice")
            async for frame in super().speak(text):
                yield frame

    known: Known = {}
    virtual_time.run(learn_when_quiet(Moody(), known, ["One.", "Two.", "Three."], always))
    assert list(known) == ["One.", "Three."]
