from collections.abc import AsyncGenerator, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.agent.clauses import Part, spoken_parts
from pipelines.agent.model_answer import Asked
from tests import virtual_time


def parts(words: Iterable[str | Asked]) -> list[Part]:
    async def main() -> list[Part]:
        async def stream() -> AsyncGenerator[str | Asked, None]:
            for word in words:
                yield word

        return [part async for part in spoken_parts(stream())]

    return virtual_time.run(main())


def spoken(words: Iterable[str | Asked]) -> list[str]:
    return [part.text for part in parts(words)]


def test_words_become_plain_whole_sentences() -> None:
    words = ["**Dr. Oak** says", " yes. It  is", " `fine`", ".\n", "# The end"]
    assert spoken(words) == ["Dr. Oak says yes.", "It is fine.", "The end"]


def test_a_first_clause_of_some_words_does_not_wait_for_its_sentence() -> None:
    words = ["I love the mountains,", " and", " the sea, and rivers.", " You too?"]
    assert parts(words) == [
        Part("I love the mountains,", "I love the mountains,", ends=False),
        Part("and the sea, and rivers.", "I love the mountains, and the sea, and rivers.", ends=True),
        Part("You too?", "You too?", ends=True),
    ]


def test_a_clause_is_known_when_the_next_word_begins() -> None:
    assert spoken(["It costs a lot, 1,2", "00 dollars or so"]) == ["It costs a lot,", "1,200 dollars or so"]
    assert spoken(["It costs about 1,", "200 dollars."]) == ["It costs about 1,200 dollars."]


@pytest.mark.parametrize("step", [1, 3, 200])
def test_nobody_hears_again_that_we_are_a_language_model(step: int) -> None:
    text = (
        "As an AI language model, I don't have feelings, but I like tents. As an AI, I never sleep. Do you?"
    )
    words = [text[at : at + step] for at in range(0, len(text), step)]
    said = ["I don't have feelings,", "but I like tents.", "I never sleep.", "Do you?"]
    assert " ".join(spoken(words)) == " ".join(said)
    assert spoken(["Known as an AI, it writes."]) == ["Known as an AI,", "it writes."]


@pytest.mark.parametrize("text", ["Sure, it is open.", "No, no, it is open.", "It is open every day."])
def test_a_short_clause_is_said_with_its_sentence(text: str) -> None:
    assert spoken(text) == [text]


def test_a_wish_for_tools_is_not_spoken() -> None:
    assert spoken(["Let me look.", Asked(())]) == ["Let me look."]


@given(st.text(alphabet="ab ,.;!?\n-*'", max_size=80), st.integers(1, 7))
def test_however_the_words_come_all_are_spoken_once_and_in_order(text: str, step: int) -> None:
    came = parts([text[start : start + step] for start in range(0, len(text), step)])
    together = " ".join(part.text for part in came)
    assert "".join(together.split()) == "".join(text.replace("*", "").split())
    for part in came:
        assert part.sentence.endswith(part.text) and part.text == part.text.strip() != ""
