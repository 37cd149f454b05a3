"""Word error rates: what counts as the same words, and how errors are counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.wer import Errors, align, errors, normalised, total


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Press 1.", "press one"),
        ("the order 10437", "the order one zero four three seven"),
        ("one oh four, three seven", "10437"),
        ("ten four thirty-seven", "10437"),
        ("105", "one hundred and five"),
        ("1,200", "one thousand two hundred"),
        ("123,000", "one hundred twenty three thousand"),
        ("2,000,005", "two million and five"),
        ("$25", "twenty five dollars"),
        ("10%", "ten percent"),
        ("the 21st", "the twenty-first"),
        ("H.323", "h three two three"),
        ("M I S D N", "MISDN"),
        ("touch-tone", "touchtone"),
        ("I'm sorry, you can't.", "i am sorry you cannot"),
        ("We've won’t", "we have will not"),
        ("OK, Mr. Dashwood", "okay mister dashwood"),
        ("e-mail, voice mail", "email voicemail"),
        ("Um, yes", "yes"),
        ("the party's name", "the partys name"),
        ("café", "cafe"),
        ("... letters", "letters"),
    ],
)
def test_the_same_words_in_other_clothes_are_the_same(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("15", "50"),
        ("is not", "is"),
        ("oh no", "0 no"),
        ("order 12", "order 1 2 3"),
        ("hundred", "100"),
    ],
)
def test_other_words_stay_other_words(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


def test_and_joins_numbers_only_after_hundreds() -> None:
    assert normalised("five and six") == ["5", "and", "6"]
    assert normalised("one hundred and counting") == ["1", "0", "0", "and", "counting"]


def test_counts_each_kind_of_error() -> None:
    assert errors("press the pound key", "press a pound key now") == Errors(1, 0, 1, 4)
    assert errors("press the pound key", "press key") == Errors(0, 2, 0, 4)
    assert errors("press one", "").rate == 1.0
    assert errors("yes", "thank you very much").rate == 4.0


def test_half_a_wrong_number_is_half_wrong() -> None:
    assert errors("1234", "1299").rate == 0.5


def test_nothing_said_has_no_rate_but_counts_inventions() -> None:
    assert errors("", "thank you") == Errors(inserted=2)
    assert errors("", "thank you").rate == 0.0


def test_every_word_weighs_the_same() -> None:
    assert total([errors("yes", "no"), errors("no no no", "no no no")]).rate == 0.25
    assert total([]) == Errors()


WORDS = st.lists(st.sampled_from("abc"), max_size=8)


@given(WORDS, WORDS)
def test_the_fewest_errors_are_found(one: list[str], other: list[str]) -> None:
    found = align(one, other)
    assert found.wrong == align(other, one).wrong
    assert found.left_out - found.inserted == len(one) - len(other)
    assert abs(len(one) - len(other)) <= found.wrong <= max(len(one), len(other))
    assert (found.wrong == 0) == (one == other)


@given(st.text(max_size=40))
def test_any_text_has_no_errors_against_itself(text: str) -> None:
    assert errors(text, text).rate == 0.0
    assert all(len(word) == 1 for word in normalised(text) if word.isdecimal())
