"""What is put back, and what is not."""

import itertools

from gateway.queue import recovery
from gateway.queue.board import Board
from gateway.queue.contacts import Offered, OfferEnded
from gateway.queue.records import SHARED
from gateway.queue.settings import Queues
from tests.contracts.queue import agent, wanted

PHONES = Queues.model_validate({"phones": [{"key": "boss", "number": "1", "name": "Boss", "lines": 3}]})
numbers = itertools.count(1)


def empty(queues: Queues | None = None) -> Board:
    return Board(queues or Queues(), lambda: str(next(numbers)))


def working() -> Board:
    """Ann talks with a, b rings at Bob, c waits; n is the node of Ann, a and b, m that of Bob and c."""
    one = empty()
    one.announce(agent("ann", capacity={"chat": 1}), "n", 0)
    one.enqueue(wanted("a", queue="general"), "n", 0)
    one.assign(0)
    (lease,) = one.leases.values()
    one.accept(lease.offer.lease_id, "a_ann", "t", 1)
    one.announce(agent("bob", capacity={"chat": 1}), "m", 0)
    one.enqueue(wanted("b", queue="general"), "n", 1)
    one.enqueue(wanted("c", queue="general"), "m", 1)
    one.assign(1)
    return one


def test_after_all_is_lost_each_node_puts_back_its_own() -> None:
    former, one = working(), empty()
    recovery.restore(one, former, "n", 2)
    assert set(one.seats) == {"a_ann"} and set(one.entries) == {"h_b"}
    assert one.places == former.places and not one.leases
    recovery.restore(one, former, "m", 2)
    one.assign(2)
    assert set(one.entries) == {"h_b", "h_c"}
    (lease,) = one.leases.values()
    assert (lease.offer.wanted.handoff_id, lease.offer.agent_id) == ("h_b", "a_bob"), "in their old order"


def test_what_is_still_there_goes_on_ringing() -> None:
    former = working()
    one = former.copy()
    for node in ("n", "m"):
        recovery.restore(one, former, node, 2)
    assert not one.take_change()


def test_seconds_that_were_lost_are_lived_again() -> None:
    older = working()
    former = older.copy()
    (lease,) = former.leases.values()
    former.accept(lease.offer.lease_id, "a_bob", "t2", 2)
    former.finish("h_a", "a_ann", 2)
    former.leave("h_c", 2)
    former.absent("a_ann", "n", 2)
    one = older.copy()
    for node in ("n", "m"):
        recovery.restore(one, former, node, 3)
    assert not one.entries, "who talks or has left is not offered again"
    assert one.places.keys() == former.places.keys() and set(one.seats) == {"a_bob"}
    assert not one.leases
    (end,) = one.take_change().news
    assert isinstance(end, OfferEnded) and end.reason == "queue_restarted"


def test_the_news_between_two_boards() -> None:
    former = working()
    (lease,) = former.leases.values()
    assert recovery.difference(empty(), former) == [Offered(lease.offer)]
    (lost,) = recovery.difference(former, empty())
    assert isinstance(lost, OfferEnded) and (lost.why, lost.reason) == ("withdrawn", "queue_restarted")
    later = former.copy()
    later.accept(lease.offer.lease_id, "a_bob", "t", 2)
    (taken,) = recovery.difference(former, later)
    assert isinstance(taken, OfferEnded) and (taken.why, taken.reason) == ("accepted", "")
    assert recovery.difference(former, former.copy()) == []


def test_telephones_are_those_that_are_configured() -> None:
    one = empty(PHONES)
    recovery.install_phones(one, 0)
    seat = one.seats["phone:boss"]
    assert (seat.node, seat.presence.phone, seat.presence.capacity) == (SHARED, "boss", {"voice": 3})
    one.take_change()
    one.put("seat", "phone:boss", seat)
    one.take_change()
    recovery.install_phones(one, 1)
    assert not one.take_change(), "also while it rests"
    without = empty()
    without.apply({("seat", "phone:boss"): seat})
    recovery.install_phones(without, 2)
    assert not without.seats
