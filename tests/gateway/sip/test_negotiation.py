import pytest

from gateway.sip.negotiation import Negotiation


def test_an_exchange_counts_when_it_is_complete() -> None:
    negotiation = Negotiation()
    assert negotiation.unopened
    negotiation.offer(b"ours")
    assert (negotiation.state, negotiation.complete, negotiation.unopened) == ("offered", False, False)
    negotiation.receive_answer(b"theirs")
    assert (negotiation.state, negotiation.local, negotiation.remote) == ("stable", b"ours", b"theirs")
    assert negotiation.complete and not negotiation.unopened


def test_what_was_agreed_stays_when_an_offer_comes_to_nothing() -> None:
    negotiation = Negotiation()
    negotiation.receive_offer(b"theirs")
    negotiation.answer(b"ours")
    negotiation.receive_offer(b"more")
    assert (negotiation.local, negotiation.remote) == (b"ours", b"theirs")
    negotiation.abandon()
    negotiation.offer(b"again")
    negotiation.abandon()
    assert (negotiation.state, negotiation.local, negotiation.remote) == ("stable", b"ours", b"theirs")


def test_a_description_may_be_corrected() -> None:
    negotiation = Negotiation()
    negotiation.offer(b"ours")
    negotiation.receive_answer(b"early")
    negotiation.correct(b"final")
    assert negotiation.remote == b"final"


def test_two_exchanges_at_once_are_a_fault_of_ours() -> None:
    negotiation = Negotiation()
    negotiation.offer(b"ours")
    for step in (negotiation.offer, negotiation.receive_offer, negotiation.answer):
        with pytest.raises(RuntimeError):
            step(b"theirs")
    negotiation.receive_answer(b"theirs")
    with pytest.raises(RuntimeError):
        negotiation.receive_answer(b"theirs")
