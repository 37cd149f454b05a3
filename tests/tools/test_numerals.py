import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.numerals import Group, fold, number_runs, parts


def runs(text: str) -> list[str]:
    return ["".join(group.digits for group in run) for run in number_runs(fold(text))]


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("one zero four three seven", ["10437"]),
        ("ten four thirty-seven", ["10437"]),
        ("ten four thirty seven", ["10437"]),
        ("one oh four thirty seven", ["10437"]),
        ("ten thousand four hundred and thirty seven", ["10437"]),
        ("ten thousand eight hundred twelve", ["10812"]),
        ("eleven thousand forty two", ["11042"]),
        ("eleven oh four two", ["11042"]),
        ("double four oh triple nine", ["440999"]),
        ("1 0 4 3 7", ["10437"]),
        ("1-0-4-3-7", ["10437"]),
        ("1, 0, 4, 3, 7.", ["10437"]),
        ("10,437", ["10437"]),
        ("#10437", ["10437"]),
        ("one zero four uh three seven", ["10437"]),
        ("10 thousand 437", ["10437"]),
        ("fifteen hundred", ["1500"]),
        ("twenty twenty", ["2020"]),
        ("10437 and 60614", ["10437", "60614"]),
        ("\uff11\uff10\uff14\uff13\uff17", ["10437"]),
        ("One Zero", ["10"]),
    ],
)
def test_reads_a_number_however_it_was_said(said: str, heard: list[str]) -> None:
    assert runs(said) == heard


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("oh I see", []),
        ("oh, 10437", ["10437"]),
        ("oh two one three four", ["02134"]),
        ("at 5 o'clock", ["5"]),
        ("five o two", ["502"]),
        ("a hundred times", []),
        ("", []),
    ],
)
def test_tells_a_nought_from_an_exclamation(said: str, heard: list[str]) -> None:
    assert runs(said) == heard


def test_says_where_a_number_stood() -> None:
    folded = fold("Order one zero, please")
    groups = [group for run in number_runs(folded) for group in run]
    assert [folded[group.start : group.end] for group in groups] == ["one", "zero"]


def test_keeps_words_and_marks_between_the_numbers() -> None:
    assert [part.digits if isinstance(part, Group) else part for part in parts("send 2 boots!")] == [
        "send",
        "2",
        "boots",
        "!",
    ]


def test_endless_digits_are_a_number_like_any_other() -> None:
    assert runs("9" * 10_000 + " thousand") == ["9" * 10_000]


@given(st.text(max_size=200))
def test_never_raises_and_gives_only_ascii_digits(text: str) -> None:
    assert all(digits.isascii() and digits.isdigit() for digits in runs(text))


WORDS = "zero one two three four five six seven eight nine".split()


@given(st.text("0123456789", min_size=1, max_size=12))
def test_digits_said_one_by_one_come_back(digits: str) -> None:
    assert runs(" ".join(WORDS[int(digit)] for digit in digits)) == [digits]
