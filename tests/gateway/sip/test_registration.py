"""REGISTER with a trunk: challenges, refusals, silence, renewal and leaving."""

import itertools

import pytest

from gateway.sip.digest import Challenges, Credentials
from gateway.sip.message import Request, Response
from gateway.sip.registration import EXPIRES_S, LONGEST_WAIT_MS, MOST_TRIES, Binding, Registration
from gateway.sip.uri import URI
from tests.gateway.sip.requests import response

BINDING = Binding(
    URI.parse("sip:carrier.example"),
    URI.parse("sip:u123@carrier.example"),
    URI.parse("sip:carrier@192.0.2.9:5060"),
    Credentials("u123", "correct horse"),
)


def registration(now_ms: int = 0) -> Registration:
    numbers = itertools.count()
    return Registration(BINDING, lambda: f"id{next(numbers):08}", now_ms)


def asked(request: Request | None) -> Request:
    assert request is not None
    return request


def granted(seconds: int, contact: str = "<sip:carrier@192.0.2.9:5060>") -> Response:
    return response(200, ("Contact", f"{contact};expires={seconds}"), ("Expires", "7"))


def registered(seconds: int = 600) -> Registration:
    made = registration()
    asked(made.handle_timers(0))
    assert made.receive(granted(seconds), 0) is None
    return made


def test_it_registers_at_once() -> None:
    made = registration(50)
    assert made.next_timer_ms() == 50 and made.handle_timers(49) is None
    first = asked(made.handle_timers(50))
    assert (first.method, str(first.uri)) == ("REGISTER", "sip:carrier.example")
    assert first.to_address.uri == first.from_address.uri == BINDING.address
    assert first.from_address.parameters["tag"]
    assert str(first.contact[0]) == f"<sip:carrier@192.0.2.9:5060>;expires={EXPIRES_S}"
    assert made.next_timer_ms() is None, "one at a time"


def test_it_is_renewed_in_time_with_the_same_call_id() -> None:
    made = registration()
    first = asked(made.handle_timers(0))
    made.receive(granted(600), 1000)
    assert made.next_timer_ms() == 1000 + 570_000
    again = asked(made.handle_timers(571_000))
    assert again.call_id == first.call_id
    assert (first.cseq.sequence, again.cseq.sequence) == (1, 2)


@pytest.mark.parametrize(
    ("seconds", "due_ms"), [(3600, 3_570_000), (60, 30_000), (30, 15_000), (0, 10_000), (9**9, 86_370_000)]
)
def test_the_trunk_says_for_how_long_within_reason(seconds: int, due_ms: int) -> None:
    assert registered(seconds).next_timer_ms() == due_ms


def test_other_contacts_of_the_same_address_are_not_ours() -> None:
    made = registration()
    asked(made.handle_timers(0))
    made.receive(response(200, ("Contact", "<sip:other@192.0.2.9>;expires=5"), ("Expires", "100")), 0)
    assert made.next_timer_ms() == 70_000


def test_a_challenge_is_answered_at_once_and_only_once() -> None:
    doors = Challenges("carrier", b"secret")
    made = registration()
    first = asked(made.handle_timers(0))
    number = first.cseq.sequence
    refused = response(401, *(("WWW-Authenticate", v) for v in doors.challenge(0)))
    second = asked(made.receive(refused, 10))
    assert second.cseq.sequence == number + 1
    assert doors.check(second, lambda user, _: {"u123": "correct horse"}.get(user), 10) == ("right", "u123")
    assert made.receive(response(401, *(("WWW-Authenticate", v) for v in doors.challenge(0))), 20) is None
    assert made.state == "refused"
    due = made.next_timer_ms()
    assert due is not None and 15_020 <= due <= 30_020


def test_a_stale_answer_is_given_anew_but_not_for_ever() -> None:
    doors = Challenges("carrier", b"secret")
    made = registration()
    asked(made.handle_timers(0))
    sent = 1
    while made.receive(response(401, *(("WWW-Authenticate", v) for v in doors.challenge(0, stale=True))), 0):
        sent += 1
    assert sent == MOST_TRIES


def test_a_proxys_challenge_is_answered_too() -> None:
    made = registration()
    asked(made.handle_timers(0))
    again = asked(made.receive(response(407, ("Proxy-Authenticate", 'Digest realm="p", nonce="1"')), 0))
    assert "u123" in again.headers["Proxy-Authorization"]


def test_too_short_a_time_is_asked_for_longer() -> None:
    made = registration()
    asked(made.handle_timers(0))
    again = asked(made.receive(response(423, ("Min-Expires", "1800")), 0))
    assert again.headers["Expires"] == "1800"
    assert made.receive(response(423, ("Min-Expires", "1800")), 0) is None, "it had what it wanted"
    assert made.state == "refused"


@pytest.mark.parametrize("least", ["99999999", "x", ""])
def test_an_absurd_time_is_not_agreed_to(least: str) -> None:
    made = registration()
    asked(made.handle_timers(0))
    assert made.receive(response(423, ("Min-Expires", least)), 0) is None


def test_silence_is_waited_out_longer_each_time() -> None:
    made = registration()
    now_ms, waits = 0, []
    for _ in range(12):
        asked(made.handle_timers(now_ms))
        made.unanswered(now_ms)
        due = made.next_timer_ms()
        assert due is not None and made.state == "unreachable"
        waits.append(due - now_ms)
        now_ms = due
    assert 15_000 <= waits[0] <= 30_000
    assert all(wait <= LONGEST_WAIT_MS for wait in waits)
    assert waits[-1] >= LONGEST_WAIT_MS // 2
    assert registered().state == "registered"


def test_success_makes_it_impatient_again() -> None:
    made = registration()
    for now_ms in (0, 10**7, 2 * 10**7):
        asked(made.handle_timers(now_ms))
        made.unanswered(now_ms)
    asked(made.handle_timers(3 * 10**7))
    made.receive(granted(600), 3 * 10**7)
    asked(made.handle_timers(4 * 10**7))
    made.unanswered(4 * 10**7)
    due = made.next_timer_ms()
    assert due is not None and due <= 4 * 10**7 + 30_000


def test_retry_after_is_respected_up_to_half_an_hour() -> None:
    for text, least_ms in (
        ("120 (maintenance);duration=60", 120_000),
        ("999999", LONGEST_WAIT_MS),
        ("soon", 15_000),
    ):
        made = registration()
        asked(made.handle_timers(0))
        made.receive(response(503, ("Retry-After", text)), 0)
        due = made.next_timer_ms()
        assert due is not None and least_ms <= due <= max(least_ms, 30_000)


def test_provisional_and_unexpected_responses_change_nothing() -> None:
    made = registration()
    assert made.receive(granted(5), 0) is None
    assert made.next_timer_ms() == 0, "as before"
    asked(made.handle_timers(0))
    made.receive(response(100), 0)
    assert made.next_timer_ms() is None
    made.receive(granted(600), 0)
    made.receive(response(500), 0)
    assert made.state == "registered"


def test_leaving_ends_the_registration() -> None:
    made = registered()
    last = asked(made.leave())
    assert last.headers["Expires"] == "0"
    again = asked(made.receive(response(401, ("WWW-Authenticate", 'Digest realm="c", nonce="1"')), 0))
    assert again.headers["Expires"] == "0"
    made.receive(granted(0), 0)
    assert made.next_timer_ms() is None and made.state == "unregistered"


def test_there_may_be_nothing_to_leave() -> None:
    made = registration()
    assert made.leave() is None
    assert made.next_timer_ms() is None
    made = registered()
    asked(made.leave())
    made.unanswered(0)
    assert made.next_timer_ms() is None
