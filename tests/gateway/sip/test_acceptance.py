from gateway.sip.acceptance import Acceptances
from tests.gateway.sip.requests import request, response


def accepted(sequence: int, now_ms: int = 0) -> Acceptances:
    acceptances = Acceptances()
    answer = response(200, ("CSeq", f"{sequence} INVITE"))
    acceptances.add(f"key{sequence}", answer, now_ms)
    return acceptances


def test_it_is_sent_again_at_growing_intervals_until_it_is_given_up() -> None:
    acceptances = accepted(1)
    sent, now_ms = [], 0
    while (due_ms := acceptances.next_timer_ms()) is not None:
        now_ms = due_ms
        sent += [now_ms] * len(acceptances.due(now_ms))
        if acceptances.given_up(now_ms):
            break
    assert sent == [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]
    assert now_ms == 32_000 and not len(acceptances)


def test_an_ack_stops_its_own_and_only_once() -> None:
    acceptances = accepted(1)
    acceptances.add("key2", response(200, ("CSeq", "2 INVITE")), 0)
    assert not acceptances.acknowledged(request().cseq.sequence + 6)
    assert acceptances.acknowledged(1) and not acceptances.acknowledged(1)
    assert [acceptance.key for acceptance in acceptances.due(500)] == ["key2"]


def test_when_the_call_is_over_nothing_is_sent_again() -> None:
    acceptances = accepted(1)
    acceptances.clear()
    assert acceptances.next_timer_ms() is None and not acceptances.due(10_000)
    assert not acceptances.given_up(100_000)
