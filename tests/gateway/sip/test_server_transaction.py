"""Their requests: one answer, sent again as long as the other side may need it."""

import pytest

from gateway.sip.hop import Hop
from gateway.sip.matching import ReplyPath
from gateway.sip.message import Request, Response, response
from gateway.sip.server_transaction import InviteServerTransaction, NonInviteServerTransaction
from gateway.sip.transaction_events import TimedOut, Unacknowledged
from tests.gateway.sip.clock import TCP, UDP, Clock
from tests.gateway.sip.requests import request

INVITE = request("INVITE")
OPTIONS = request("OPTIONS")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def invite(clock: Clock, hop: Hop = UDP) -> InviteServerTransaction:
    path = ReplyPath(hop, hop)
    return InviteServerTransaction("key", INVITE, path, clock.send, clock.now_ms, "ours")


def other(clock: Clock, hop: Hop = UDP) -> NonInviteServerTransaction:
    return NonInviteServerTransaction("key", ReplyPath(hop, hop), clock.send, clock.now_ms)


def answer(code: int, to: Request = INVITE) -> Response:
    return response(to, code, to_tag="b")


# --- INVITE ---


def test_an_invite_that_nobody_answers_within_200_ms_gets_100(clock: Clock) -> None:
    server = invite(clock)
    clock.run(server, 199)
    server.repeat()
    assert clock.sent == []
    clock.run(server, 10_000)
    assert clock.times(b"SIP/2.0 100 Trying") == [200]
    assert "tag" not in clock.last().headers["To"]
    server.repeat()
    assert clock.times(b"SIP/2.0 100 Trying") == [200, 10_000]


@pytest.mark.parametrize("code", [180, 200, 486])
def test_an_invite_that_is_answered_at_once_gets_no_100(clock: Clock, code: int) -> None:
    server = invite(clock)
    server.respond(answer(code), 0)
    clock.run(server, 400)
    assert clock.times(b"SIP/2.0 100") == []


def test_a_repeated_invite_gets_the_last_provisional_response(clock: Clock) -> None:
    server = invite(clock)
    server.respond(answer(180), 0)
    server.respond(answer(183), 0)
    server.repeat()
    assert [data[:11] for _, data in clock.sent] == [b"SIP/2.0 180", b"SIP/2.0 183", b"SIP/2.0 183"]


def test_a_refusal_is_sent_until_it_is_acknowledged(clock: Clock) -> None:
    server = invite(clock)
    clock.run(server, 100)
    server.respond(answer(486), 100)
    clock.run(server, 10_000)
    assert clock.times() == [100, 600, 1600, 3600, 7600]
    server.repeat()
    assert len(clock.times()) == 6
    assert server.acknowledge(10_000)
    clock.run(server, 14_999)
    server.repeat()
    assert server.acknowledge(14_999)
    assert not server.over
    clock.run(server, 15_000)
    assert server.over
    assert len(clock.times()) == 6
    assert clock.told == []


def test_a_refusal_that_nobody_acknowledges_is_given_up_after_32_s(clock: Clock) -> None:
    server = invite(clock)
    server.respond(answer(603), 0)
    clock.run(server, 100_000)
    assert clock.times() == [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]
    assert clock.told == [(32_000, Unacknowledged("key"))]
    assert server.over


def test_a_reliable_transport_carries_a_refusal_once(clock: Clock) -> None:
    server = invite(clock, TCP)
    server.respond(answer(486), 0)
    clock.run(server, 31_999)
    assert clock.times() == [0]
    assert server.acknowledge(31_999)
    assert server.over and clock.told == []


@pytest.mark.parametrize("hop", [UDP, TCP])
def test_after_a_2xx_repeated_invites_are_absorbed_and_each_2xx_goes_out(clock: Clock, hop: Hop) -> None:
    server = invite(clock, hop)
    server.respond(answer(200), 0)
    server.repeat()
    assert clock.times() == [0]
    clock.run(server, 500)
    server.respond(answer(200), 500)
    server.respond(answer(486), 500)
    server.respond(answer(180), 500)
    assert clock.times() == [0, 500]
    clock.run(server, 31_999)
    assert not server.acknowledge(31_999), "its ACK is a request of its own"
    assert not server.over
    clock.run(server, 32_000)
    assert server.over and clock.told == []


def test_only_the_first_final_response_counts(clock: Clock) -> None:
    server = invite(clock)
    assert server.waiting
    server.respond(answer(486), 0)
    assert not server.waiting
    server.respond(answer(200), 0)
    server.respond(answer(180), 0)
    assert clock.times() == [0]


def test_an_ack_before_any_final_response_is_nothing(clock: Clock) -> None:
    server = invite(clock)
    assert server.acknowledge(0)
    server.respond(answer(486), 0)
    clock.run(server, 600)
    assert clock.times() == [0, 500]


def test_its_tag_is_ours_until_its_user_gives_one(clock: Clock) -> None:
    server = invite(clock)
    assert server.to_tag == "ours"
    server.respond(response(INVITE, 100), 0)
    assert server.to_tag == "ours"
    server.respond(answer(180), 0)
    assert server.to_tag == "b"


def test_an_invite_that_its_user_forgot_is_refused_after_ten_minutes(clock: Clock) -> None:
    server = invite(clock)
    server.respond(answer(180), 0)
    clock.run(server, 500_000)
    server.respond(answer(180), 500_000)
    clock.run(server, 1_099_999)
    assert clock.told == []
    clock.run(server, 1_100_000)
    last = clock.last()
    assert isinstance(last, Response)
    assert (last.code, last.to_address.tag) == (500, "b")
    clock.run(server, 2_000_000)
    assert clock.told == [(1_100_000, TimedOut("key"))]
    assert server.over


# --- other requests ---


def test_a_repeated_request_gets_the_last_response_if_there_is_one(clock: Clock) -> None:
    server = other(clock)
    server.repeat()
    assert clock.sent == []
    server.respond(answer(183, OPTIONS), 0)
    server.repeat()
    server.respond(answer(200, OPTIONS), 0)
    server.respond(answer(500, OPTIONS), 0)
    clock.run(server, 31_999)
    server.repeat()
    assert [data[8:11] for _, data in clock.sent] == [b"183", b"183", b"200", b"200"]
    assert not server.over
    clock.run(server, 32_000)
    assert server.over and clock.told == []


def test_on_a_reliable_transport_the_final_response_ends_it(clock: Clock) -> None:
    server = other(clock, TCP)
    server.respond(answer(200, OPTIONS), 0)
    assert server.over


@pytest.mark.parametrize("provisional", [[], [183]])
def test_a_request_that_its_user_forgot_ends_without_an_answer(clock: Clock, provisional: list[int]) -> None:
    server = other(clock)
    for code in provisional:
        server.respond(answer(code, OPTIONS), 0)
    assert server.waiting
    clock.run(server, 100_000)
    assert clock.times() == [0] * len(provisional)
    assert clock.told == [(32_000, TimedOut("key"))]
    assert server.over
