import pytest

from pipelines.facts import Fact
from pipelines.sentiment import Mood, Sentiment
from tests.pipelines.told import customer, finished, human, reply, understood


def mood(*facts: Fact) -> Sentiment:
    folded = Mood()
    for fact in facts:
        folded.apply(fact)
    return folded.sentiment


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Where is my order 10437?", "neutral"),
        ("My tent arrived damaged and a pole is broken.", "neutral"),
        ("no problem", "neutral"),
        ("I am very disappointed with this", "negative"),
        ("I have been waiting for weeks", "negative"),
        ("That’s not good enough", "negative"),
        ("This is ridiculous, you are useless!!", "angry"),
        ("THIS IS AN ABSOLUTE SCAM", "angry"),
        ("Thank you, that is great", "positive"),
        ("REF-AB12 10437", "neutral"),
        ("", "neutral"),
        ("!!!", "neutral"),
    ],
)
def test_words_tell_how_somebody_feels(text: str, label: str) -> None:
    assert mood(customer("c1", text)).label == label


def test_a_thank_you_does_not_make_up_for_a_row_and_calm_turns_do() -> None:
    row = customer("c1", "This is ridiculous, you are useless!!")
    assert mood(row, customer("c2", "thanks")).label == "negative"
    calm = [customer(f"c{n}", f"the order number is {n}") for n in range(2, 6)]
    assert mood(row, *calm).label == "neutral"


def test_what_goes_wrong_for_them_adds_up_and_says_so() -> None:
    missed = [
        fact
        for n in range(3)
        for fact in (
            customer(f"c{n}", f"words {n}"),
            understood(f"c{n}", "clarify"),
            finished(f"c{n}.1", "t", "failed"),
        )
    ]
    assert mood(*missed).label == "negative"
    assert mood(*missed).signs == ("failures",)


def test_saying_the_same_again_is_a_sign_but_not_to_somebody_else() -> None:
    first, again = customer("c1", "where is my order please"), customer("c2", "where is my order please")
    assert "repetition" in mood(first, again).signs
    assert "repetition" not in mood(first, human("h1", "Hello, Ada here."), again).signs


def test_cutting_us_short_is_a_sign_of_impatience() -> None:
    assert mood(customer("c1", "hi"), reply("c1", "You can", interrupted=True)).signs == ("interruption",)


def test_signs_are_forgotten_after_a_few_turns() -> None:
    facts = [customer("c1", "WHERE IS MY ORDER"), *(customer(f"c{n}", f"number {n}") for n in range(2, 6))]
    assert mood(*facts).signs == ()


def test_an_endless_turn_costs_no_more_than_a_moment() -> None:
    assert mood(customer("c1", "still " * 5_000)).label in ("neutral", "negative")
