"""How many transactions there are, from whom, and whose turn it is."""

import pytest
from prometheus_client import REGISTRY

from gateway.sip.client_transaction import InviteClientTransaction
from gateway.sip.hop import Hop
from gateway.sip.matching import ReplyPath
from gateway.sip.message import response
from gateway.sip.server_transaction import InviteServerTransaction, NonInviteServerTransaction
from gateway.sip.transaction_table import Limits, TransactionTable
from tests.gateway.sip.clock import TCP, UDP, Clock
from tests.gateway.sip.requests import request

OTHER = Hop("udp", "192.0.2.2", 5060)


@pytest.fixture
def table() -> TransactionTable:
    return TransactionTable(Limits(transactions=3, per_source=2))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def server(clock: Clock, key: str, hop: Hop = UDP) -> NonInviteServerTransaction:
    return NonInviteServerTransaction(key, ReplyPath(hop, hop), clock.send, clock.now_ms)


def client(clock: Clock, key: str, hop: Hop = UDP) -> InviteClientTransaction:
    return InviteClientTransaction(key, request(), hop, clock.send, clock.now_ms)


def test_what_is_added_is_found_under_its_role(table: TransactionTable, clock: Clock) -> None:
    ours, theirs = client(clock, "c"), server(clock, "s")
    invited = InviteServerTransaction("i", request(), ReplyPath(UDP, UDP), clock.send, 0, "tag")
    for transaction in (ours, theirs, invited):
        table.add(transaction)
    assert (table.client("c"), table.client("s"), table.client("x")) == (ours, None, None)
    assert (table.server("s"), table.server("c"), table.server("i")) == (theirs, None, invited)
    assert (table.invite_server("i"), table.invite_server("s"), table.invite_server("x")) == (
        invited,
        None,
        None,
    )
    assert len(table) == 3


def test_one_source_cannot_take_all_there_is(table: TransactionTable, clock: Clock) -> None:
    table.add(server(clock, "1"))
    assert table.full(UDP.host) is None
    table.add(server(clock, "2", Hop("udp", UDP.host, 7777)))
    assert table.full(UDP.host) == "source"
    assert table.full(OTHER.host) is None
    table.add(server(clock, "3", OTHER))
    assert table.full(OTHER.host) == table.full(UDP.host) == "all"


def test_what_ends_makes_room(table: TransactionTable, clock: Clock) -> None:
    first, second = server(clock, "1", TCP), server(clock, "2", TCP)
    table.add(first)
    table.add(second)
    first.respond(response(request("OPTIONS"), 200), 0)
    table.settle(first)
    assert table.full(TCP.host) is None
    table.remove("2")
    table.remove("2")
    assert len(table) == 0
    assert table.next_timer_ms() is None
    assert not table._sources, "a source that is done with is forgotten"


def test_our_own_requests_do_not_count_against_anybody(table: TransactionTable, clock: Clock) -> None:
    for key in "abcdef":
        table.add(client(clock, key))
    assert table.full(UDP.host) is None


def test_whatever_is_due_comes_once_and_again_when_it_is_settled(
    table: TransactionTable, clock: Clock
) -> None:
    ours, theirs = client(clock, "c"), server(clock, "s")
    table.add(ours)
    table.add(theirs)
    assert table.next_timer_ms() == 500
    assert table.due(499) is None
    assert table.due(500) is ours
    assert table.due(500) is None
    ours.handle_timer(500)
    table.settle(ours)
    assert table.next_timer_ms() == 1500
    assert [table.due(50_000), table.due(50_000)] == [ours, theirs]


def test_who_uses_a_connection(table: TransactionTable, clock: Clock) -> None:
    over_tcp, over_udp = server(clock, "t", TCP), server(clock, "u", UDP)
    mine, other = client(clock, "c", TCP), client(clock, "d", UDP)
    for transaction in (over_tcp, over_udp, mine, other):
        table.add(transaction)
    assert TCP.connection is not None
    assert table.servers_over(TCP.connection) == [over_tcp]
    assert table.servers_over(99) == []
    assert table.clients_over(TCP) == [mine]
    assert table.clients_over(UDP) == [other]


def test_how_many_there_are_can_be_watched(table: TransactionTable, clock: Clock) -> None:
    def counted(role: str) -> float | None:
        return REGISTRY.get_sample_value("warmline_sip_transactions", {"role": role})

    table.add(server(clock, "s"))
    table.add(client(clock, "c"))
    table.add(client(clock, "d"))
    assert (counted("client"), counted("server")) == (2, 1)
    for key in "scd":
        table.remove(key)
    assert (counted("client"), counted("server")) == (0, 0)
