import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.handoff.said_number import as_written, in_full, said_numbers, whom_we_can_call
from gateway.sip.destinations import Destinations
from gateway.trunks import Dial, Telephone


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("206-555-0100", ["2065550100"]),
        ("It's two oh six, five five five, oh one zero zero.", ["2065550100"]),
        ("+1 206 555 0100", ["+12065550100"]),
        ("plus one two zero six five five five zero one zero zero", ["+12065550100"]),
        ("my order is 10437, at 3 pm", []),
        ("", []),
    ],
)
def test_numbers_in_words(words: str, found: list[str]) -> None:
    assert said_numbers(words) == found


@pytest.mark.parametrize(
    ("allowed", "said", "full"),
    [
        (("+1*",), "2065550100", "+12065550100"),
        (("+1*",), "12065550100", "+12065550100"),
        (("+1*",), "001 206 555 0100", "+12065550100"),
        (("+1206*",), "2065550100", "+12065550100"),
        (("+49*",), "030 1234567", "+49301234567"),
        (("+49*",), "0900 1234567", None),
        (("+1*", "+49*"), "2065550100", None),
        (("+49*",), "+1 206 555 0100", None),
        ((), "2065550100", None),
        (("200",), "200", "200"),
        (("*",), "+", None),
        (("*",), "anonymous", None),
        (("+1*",), "", None),
        (("+1*",), "anonymous", None),
    ],
)
def test_a_number_in_full_is_one_that_we_may_call(
    allowed: tuple[str, ...], said: str, full: str | None
) -> None:
    dial = Dial(allowed=allowed, refused=("+49900*",))
    assert in_full(said, Destinations(dial), dial.allowed) == full


@given(st.text(max_size=80))
def test_nothing_that_is_not_allowed_gets_through(text: str) -> None:
    dial = Dial(allowed=("+49*",), refused=("+49900*",))
    for number in (text, *said_numbers(text)):
        full = in_full(number, Destinations(dial), dial.allowed)
        assert full is None or (full.startswith("+49") and not full.startswith("+49900"))


def test_without_a_telephone_the_number_is_for_people_to_dial() -> None:
    number = whom_we_can_call(Telephone())
    assert number("(206) 555-0100") == as_written("206 555 0100") == "2065550100"
    assert number("anonymous") is None and number("10437") is None
