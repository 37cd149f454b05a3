"""Numbers as people, exchanges and configurations write them."""

import pytest

from gateway.sip import numbers


@pytest.mark.parametrize(
    ("user", "number"),
    [
        ("+4930123456", "+4930123456"),
        ("+49-30-12.34(56)", "+4930123456"),
        ("7042;phone-context=example.com", "7042"),
        ("bob", "bob"),
        ("a.b-c", "a.b-c"),
        ("*72", "*72"),
        ("", ""),
        ("9" * 100, "9" * 64),
        ("bell\x07", ""),
        ("a\r\nVia: x", ""),
    ],
)
def test_what_was_dialled_is_brought_into_one_form(user: str, number: str) -> None:
    assert numbers.normalised(user) == number


@pytest.mark.parametrize("number", ["+4930", "100", "bob.smith", "*72#"])
def test_what_can_be_called(number: str) -> None:
    assert numbers.is_diallable(number)


@pytest.mark.parametrize(
    "number", ["", "a b", "1@evil.example", "1;x=y", "1?h=v", "+", "1\r\n", "٣", "<1>", "9" * 80]
)
def test_what_would_change_an_address_cannot_be_called(number: str) -> None:
    assert not numbers.is_diallable(number)


def test_a_star_at_the_end_is_anything_and_elsewhere_a_star() -> None:
    assert numbers.fits("+4930*", "+4930") and numbers.fits("+4930*", "+49301")
    assert not numbers.fits("+4930*", "+4931")
    assert numbers.fits("+4930", "+4930") and not numbers.fits("+4930", "+49301")
    assert numbers.fits("*", "")


def test_the_whole_number_is_meant_before_a_longer_and_that_before_a_shorter_beginning() -> None:
    patterns = ["*", "+49*", "+4930123", "+4930*"]
    assert sorted(patterns, key=numbers.exactness) == ["*", "+49*", "+4930*", "+4930123"]
