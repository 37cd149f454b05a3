"""Our requests: how often they go out, when they are given up, and what their end is."""

from collections.abc import Callable

import pytest

from gateway.sip.client_transaction import (
    ClientTransaction,
    InviteClientTransaction,
    NonInviteClientTransaction,
)
from gateway.sip.hop import Hop
from gateway.sip.message import Request, Response, response
from gateway.sip.transaction_events import Responded, TimedOut, Unreachable
from tests.gateway.sip.clock import TCP, UDP, Clock
from tests.gateway.sip.requests import request

Make = Callable[[Clock], tuple[ClientTransaction, Request]]

ROUTE = (("Route", "<sip:p1;lr>"), ("Route", "<sip:p2;lr>"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def invite(clock: Clock, hop: Hop = UDP) -> tuple[InviteClientTransaction, Request]:
    sent = request("INVITE", headers=ROUTE)
    return InviteClientTransaction("key", sent, hop, clock.send, clock.now_ms), sent


def other(clock: Clock, hop: Hop = UDP) -> tuple[NonInviteClientTransaction, Request]:
    sent = request("OPTIONS")
    return NonInviteClientTransaction("key", sent, hop, clock.send, clock.now_ms), sent


def answer(clock: Clock, client: ClientTransaction, sent: Request, code: int, tag: str = "b") -> list[int]:
    """Give a response; returns the codes that were passed on."""
    events = client.receive(response(sent, code, to_tag=tag), UDP, clock.now_ms)
    assert all(isinstance(event, Responded) and event.key == "key" for event in events)
    return [event.response.code for event in events if isinstance(event, Responded)]


# --- INVITE ---


def test_an_invite_is_sent_again_ever_more_rarely_and_given_up_after_32_s(clock: Clock) -> None:
    client, _ = invite(clock)
    clock.run(client, 100_000)
    assert clock.times(b"INVITE") == [0, 500, 1500, 3500, 7500, 15_500, 31_500]
    assert clock.told == [(32_000, TimedOut("key"))]
    assert client.over


def test_a_reliable_transport_carries_an_invite_once(clock: Clock) -> None:
    client, _ = invite(clock, TCP)
    clock.run(client, 100_000)
    assert clock.times() == [0]
    assert clock.told == [(32_000, TimedOut("key"))]


@pytest.mark.parametrize("hop", [UDP, TCP])
def test_a_provisional_response_ends_the_repeating_and_lets_it_ring(clock: Clock, hop: Hop) -> None:
    client, sent = invite(clock, hop)
    clock.run(client, 700)
    assert answer(clock, client, sent, 100) == [100]
    clock.run(client, 500_000)
    assert answer(clock, client, sent, 180) == [180]
    clock.run(client, 1_099_999)
    assert max(clock.times()) <= 500
    assert clock.told == [] and client.waiting


def test_a_refusal_is_acknowledged_as_often_as_it_comes(clock: Clock) -> None:
    client, sent = invite(clock)
    assert answer(clock, client, sent, 486, tag="b") == [486]
    clock.run(client, 31_000)
    assert answer(clock, client, sent, 486, tag="b") == []
    assert answer(clock, client, sent, 180) == []
    assert answer(clock, client, sent, 200) == []
    assert clock.times(b"ACK") == [0, 31_000]
    assert clock.sent[-1][1] == clock.sent[-2][1]
    clock.run(client, 31_999)
    assert not client.over
    clock.run(client, 32_000)
    assert client.over and clock.told == []


def test_the_acknowledgement_of_a_refusal_belongs_to_the_invite(clock: Clock) -> None:
    client, sent = invite(clock)
    answer(clock, client, sent, 404, tag="b")
    ack = clock.last()
    assert isinstance(ack, Request)
    assert (ack.method, ack.cseq.method, ack.cseq.sequence) == ("ACK", "ACK", sent.cseq.sequence)
    assert ack.uri == sent.uri
    assert ack.headers.getlist("Via") == sent.headers.getlist("Via")
    assert ack.headers.getlist("Route") == ["<sip:p1;lr>", "<sip:p2;lr>"]
    assert (ack.from_address, ack.call_id) == (sent.from_address, sent.call_id)
    assert ack.to_address.tag == "b"
    assert ack.max_forwards == 70


def test_on_a_reliable_transport_a_refusal_ends_it_at_once(clock: Clock) -> None:
    client, sent = invite(clock, TCP)
    assert answer(clock, client, sent, 503) == [503]
    assert client.over
    assert clock.times(b"ACK") == [0]


@pytest.mark.parametrize("hop", [UDP, TCP])
def test_every_2xx_is_passed_on_for_32_s_and_acknowledged_by_nobody_here(clock: Clock, hop: Hop) -> None:
    """Forks and retransmissions: the call tells them apart and acknowledges them (RFC 6026)."""
    client, sent = invite(clock, hop)
    clock.run(client, 100)
    assert answer(clock, client, sent, 200, tag="b") == [200]
    clock.run(client, 500)
    assert answer(clock, client, sent, 200, tag="b") == [200]
    assert answer(clock, client, sent, 200, tag="c") == [200]
    assert answer(clock, client, sent, 180, tag="d") == []
    assert answer(clock, client, sent, 486, tag="d") == []
    clock.run(client, 32_099)
    assert not client.over
    clock.run(client, 32_100)
    assert client.over
    assert clock.times() == [0]
    assert clock.told == []


def test_a_cancel_waits_for_a_provisional_response(clock: Clock) -> None:
    client, sent = invite(clock)
    client.cancel()
    assert client.cancellation_due(clock.now_ms) is None
    clock.run(client, 400)
    answer(clock, client, sent, 100)
    cancel = client.cancellation_due(clock.now_ms)
    assert cancel is not None
    assert client.cancellation_due(clock.now_ms) is None
    client.cancel()
    assert client.cancellation_due(clock.now_ms) is None
    clock.run(client, 100_000)
    assert clock.told == [(32_400, TimedOut("key"))]


def test_the_cancel_belongs_to_the_invite(clock: Clock) -> None:
    client, sent = invite(clock)
    answer(clock, client, sent, 180, tag="b")
    client.cancel()
    cancel = client.cancellation_due(clock.now_ms)
    assert cancel is not None
    assert (cancel.method, cancel.cseq.method, cancel.cseq.sequence) == ("CANCEL", "CANCEL", 1)
    assert cancel.uri == sent.uri
    assert cancel.headers.getlist("Via") == sent.headers.getlist("Via")
    assert cancel.headers.getlist("Route") == ["<sip:p1;lr>", "<sip:p2;lr>"]
    assert cancel.headers["To"] == sent.headers["To"]
    assert (cancel.from_address, cancel.call_id) == (sent.from_address, sent.call_id)


def test_responses_after_the_cancel_do_not_give_it_more_time(clock: Clock) -> None:
    client, sent = invite(clock)
    answer(clock, client, sent, 180)
    client.cancel()
    assert client.cancellation_due(0)
    clock.run(client, 20_000)
    answer(clock, client, sent, 180)
    clock.run(client, 100_000)
    assert clock.told == [(32_000, TimedOut("key"))]


@pytest.mark.parametrize("code", [200, 487])
def test_there_is_nothing_to_cancel_after_the_final_response(clock: Clock, code: int) -> None:
    client, sent = invite(clock)
    answer(clock, client, sent, 180)
    answer(clock, client, sent, code)
    client.cancel()
    assert client.cancellation_due(clock.now_ms) is None


@pytest.mark.parametrize("code", [200, 487])
def test_the_final_response_may_cross_the_cancel(clock: Clock, code: int) -> None:
    client, sent = invite(clock)
    answer(clock, client, sent, 180)
    client.cancel()
    assert client.cancellation_due(clock.now_ms)
    assert answer(clock, client, sent, code) == [code]
    clock.run(client, 100_000)
    assert clock.told == [] and client.over


def test_what_rings_without_a_word_for_ten_minutes_is_cancelled(clock: Clock) -> None:
    client, sent = invite(clock)
    answer(clock, client, sent, 180)
    clock.run(client, 599_999)
    assert client.cancellation_due(clock.now_ms) is None
    clock.run(client, 600_000)
    assert client.cancellation_due(clock.now_ms) is not None
    clock.run(client, 1_000_000)
    assert clock.told == [(632_000, TimedOut("key"))]


# --- other requests ---


def test_a_request_is_sent_again_every_4_s_at_last_and_given_up_after_32_s(clock: Clock) -> None:
    client, _ = other(clock)
    clock.run(client, 100_000)
    assert clock.times() == [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]
    assert clock.told == [(32_000, TimedOut("key"))]
    assert client.over


def test_a_reliable_transport_carries_a_request_once(clock: Clock) -> None:
    client, _ = other(clock, TCP)
    clock.run(client, 100_000)
    assert clock.times() == [0]
    assert clock.told == [(32_000, TimedOut("key"))]


def test_after_a_provisional_response_it_is_repeated_every_4_s(clock: Clock) -> None:
    client, sent = other(clock)
    clock.run(client, 600)
    assert answer(clock, client, sent, 100) == [100]
    clock.run(client, 100_000)
    assert clock.times() == [0, 500, 1500, 5500, 9500, 13_500, 17_500, 21_500, 25_500, 29_500]
    assert clock.told == [(32_000, TimedOut("key"))]


def test_a_final_response_is_passed_on_once_and_stragglers_are_absorbed_for_5_s(clock: Clock) -> None:
    client, sent = other(clock)
    clock.run(client, 600)
    assert answer(clock, client, sent, 200) == [200]
    assert answer(clock, client, sent, 200) == []
    assert answer(clock, client, sent, 500) == []
    clock.run(client, 5_599)
    assert not client.over
    clock.run(client, 5_600)
    assert client.over
    assert clock.times() == [0, 500]
    assert clock.told == []


def test_on_a_reliable_transport_the_final_response_ends_it_at_once(clock: Clock) -> None:
    client, sent = other(clock, TCP)
    assert answer(clock, client, sent, 404) == [404]
    assert client.over


# --- both ---


@pytest.mark.parametrize("make", [invite, other])
def test_what_cannot_be_sent_is_unreachable_once(clock: Clock, make: Make) -> None:
    client, _ = make(clock)
    assert client.fail() == [Unreachable("key")]
    assert client.over
    assert client.fail() == []


@pytest.mark.parametrize("make", [invite, other])
@pytest.mark.parametrize("code", [200, 404])
def test_what_has_its_final_response_cannot_become_unreachable(clock: Clock, make: Make, code: int) -> None:
    client, sent = make(clock)
    answer(clock, client, sent, code)
    assert client.fail() == []
    assert not client.over


def test_a_late_timer_does_not_bring_a_burst(clock: Clock) -> None:
    """After three seconds in which nothing ran, one copy goes out, and the next when its interval is over."""
    client, _ = invite(clock)
    clock.now_ms = 3_000
    client.handle_timer(3_000)
    assert client.timers.next_ms() == 4_000


def test_of_a_quiet_request_nobody_is_told(clock: Clock) -> None:
    def quiet() -> NonInviteClientTransaction:
        return NonInviteClientTransaction("key", request("CANCEL"), UDP, clock.send, clock.now_ms, quiet=True)

    answered, unanswered, lost = quiet(), quiet(), quiet()
    assert answered.receive(Response(200, "OK"), UDP, 0) == []
    assert not answered.waiting
    assert lost.fail() == []
    clock.run(unanswered, 100_000)
    assert unanswered.over and clock.told == []
