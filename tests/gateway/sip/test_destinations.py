"""Whom may be called: nobody by default, and never more often than was said."""

import pytest

from gateway.protocol_error import ProtocolError
from gateway.sip.destinations import Destinations
from gateway.trunks import Dial

GERMANY = Dial(allowed=("+49*", "100"), refused=("+49900*",), per_minute=3, calls=2)


def refusal(destinations: Destinations, number: str) -> int:
    with pytest.raises(ProtocolError) as refused:
        destinations.check(number)
    assert number not in str(refused.value) or not number
    return refused.value.status


def test_nobody_may_be_called_unless_the_configuration_says_so() -> None:
    assert refusal(Destinations(Dial()), "+4930123456") == 403


def test_what_is_allowed_and_not_refused_may_be_called() -> None:
    destinations = Destinations(GERMANY)
    assert destinations.check("+49 (30) 123-456") == "+4930123456"
    assert destinations.check("100") == "100"
    for number in ("+4990012345", "+1900", "4930123456", "0049301", "1001", "", "+"):
        assert refusal(destinations, number) == 403


@pytest.mark.parametrize(
    "number", ["+4930@evil.example", "+4930;ext=1", "+4930?Replaces=x", "+4930>\r\nX: y"]
)
def test_nothing_is_smuggled_in_behind_an_allowed_beginning(number: str) -> None:
    destinations = Destinations(Dial(allowed=("*",)))
    try:
        assert destinations.check(number) == "+4930"
    except ProtocolError as refused:
        assert refused.status == 403


def test_so_many_a_minute() -> None:
    destinations = Destinations(GERMANY)
    for now_ms in (0, 1000, 2000):
        destinations.place("+4930", 0, now_ms)
    with pytest.raises(ProtocolError) as refused:
        destinations.place("+4930", 0, 59_999)
    assert refused.value.status == 429
    destinations.place("+4930", 0, 60_000)


def test_so_many_at_the_same_time_and_a_refused_one_does_not_count() -> None:
    destinations = Destinations(GERMANY)
    for _ in range(10):
        with pytest.raises(ProtocolError):
            destinations.place("+4930", 2, 0)
        with pytest.raises(ProtocolError):
            destinations.place("+1900", 0, 0)
    assert destinations.place("+4930", 1, 0) == "+4930"
