"""Transcripts: what is stable in them, and numbers said digit by digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.transcript import StablePrefix, join_digits


def test_what_two_decodes_agree_on_is_stable() -> None:
    stable = StablePrefix()
    assert stable.add("Where is") == 0
    assert stable.add("Where is my older") == len("Where is")
    assert stable.add("Where is my order 10") == len("Where is my")


def test_punctuation_and_case_are_no_disagreement() -> None:
    stable = StablePrefix()
    stable.add("Hello.")
    assert stable.add("hello, where") == len("hello,")


@given(st.text(), st.text())
def test_what_is_stable_lies_within_the_text(before: str, now: str) -> None:
    stable = StablePrefix()
    stable.add(before)
    assert 0 <= stable.add(now) <= len(now)


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("one zero four three seven", "10437"),
        ("My order is 1-0-4-3-7.", "My order is 10437."),
        ("It is 1 0 4 3 7, please", "It is 10437, please"),
        ("one oh four, three seven", "10437"),
        ("zip nine four 1 0 7", "zip 94107"),
        ("one or two of them", "one or two of them"),
        ("two three", "two three"),
        ("on 11/22 at 5", "on 11/22 at 5"),
        ("order 10437", "order 10437"),
        ("in 2026, 5 of 9", "in 2026, 5 of 9"),
        ("someone zero", "someone zero"),
    ],
)
def test_joins_what_was_said_digit_by_digit(heard: str, written: str) -> None:
    assert join_digits(heard) == written
