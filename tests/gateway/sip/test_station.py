import itertools

from gateway.sip.dialog import next_hop
from gateway.sip.station import CallTerms, Station
from gateway.sip.transaction import Transactions
from gateway.sip.uri import URI

URI_OF_OURS = URI.parse("sip:192.0.2.1")


def station() -> Station:
    numbers = itertools.count()
    ids = lambda: f"id{next(numbers)}"  # noqa: E731
    return Station(Transactions(ids, lambda hop: ""), lambda hop: URI_OF_OURS, ids, next_hop)


def test_numbers_are_drawn_from_the_whole_range_and_none_beyond() -> None:
    ours = station()
    drawn = [ours.draw(3, 7) for _ in range(200)]
    assert set(drawn) == {3, 4, 5, 6, 7}


def test_nothing_is_followed_and_nothing_secret_shown_unless_said_so() -> None:
    assert CallTerms().redirect(URI.parse("sip:a@b")) is None
    assert "credentials" not in repr(CallTerms())
