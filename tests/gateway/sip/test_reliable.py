import pytest

from gateway.sip.message import Request, Response
from gateway.sip.reliable import ReliableReceived, ReliableResponses, is_reliable
from tests.gateway.sip.requests import request, response


def ringing(body: bytes = b"") -> Response:
    made = response(183, ("CSeq", "7 INVITE"))
    made.body = body
    return made


def prack(rack: str) -> Request:
    return request("PRACK", headers=(("RAck", rack),))


def test_one_goes_out_at_a_time_and_the_next_after_its_prack() -> None:
    reliable = ReliableResponses(100)
    first = reliable.add(ringing(), 0)
    assert first is not None and first.headers["RSeq"] == "100" and first.require == ["100rel"]
    assert reliable.add(ringing(b"v=0"), 0) is None
    assert reliable.describing
    known, second = reliable.acknowledged(prack("100 7 INVITE"), 10)
    assert known and second is not None and second.headers["RSeq"] == "101"
    assert reliable.acknowledged(prack("101 7 INVITE"), 20) == (True, None)
    assert not reliable.describing and reliable.next_timer_ms() is None


@pytest.mark.parametrize("rack", ["99 7 INVITE", "100 8 INVITE", "100 7 BYE", "100", "x y z", ""])
def test_a_prack_of_something_else_changes_nothing(rack: str) -> None:
    reliable = ReliableResponses(100)
    reliable.add(ringing(), 0)
    assert reliable.acknowledged(prack(rack), 0) == (False, None)
    assert reliable.due(500) is not None


def test_it_is_repeated_at_doubling_intervals_and_given_up_at_last() -> None:
    reliable = ReliableResponses(1)
    reliable.add(ringing(), 0)
    sent, now_ms = [], 0
    while not reliable.given_up(now_ms):
        now_ms = reliable.next_timer_ms() or 0
        sent += [now_ms] * (reliable.due(now_ms) is not None)
    assert sent == [500, 1500, 3500, 7500, 15_500, 31_500]
    assert now_ms == 32_000
    reliable.clear()
    assert not reliable.given_up(99_000) and reliable.due(99_000) is None


def test_too_many_at_once_are_left_out() -> None:
    reliable = ReliableResponses(1)
    for _ in range(20):
        reliable.add(ringing(), 0)
    for number in range(1, 9):
        assert reliable.acknowledged(prack(f"{number} 7 INVITE"), 0)[0]
    assert reliable.next_timer_ms() is None


def received(sequence: str) -> Response:
    return response(183, ("CSeq", "7 INVITE"), ("RSeq", sequence), ("Require", "100rel"))


def test_only_the_next_one_is_new() -> None:
    reliable = ReliableReceived()
    assert reliable.rack(received("41")) == "41 7 INVITE"
    assert reliable.rack(received("41")) is None
    assert reliable.rack(received("43")) is None
    assert reliable.rack(received("42")) == "42 7 INVITE"
    for sequence in ("", "x", "-1", "99999999999"):
        assert ReliableReceived().rack(received(sequence)) is None


def test_which_responses_want_a_prack() -> None:
    assert is_reliable(received("1"))
    assert not is_reliable(ringing())
    assert not is_reliable(response(200, ("Require", "100rel")))
    assert not is_reliable(response(100, ("Require", "100rel")))
