"""Records and changes come back from the shared memory as they went in, and rubbish is told apart."""

import json

import pytest

from gateway.queue import wire
from gateway.queue.board import Board
from gateway.queue.contacts import OfferEnded
from gateway.queue.records import Change
from gateway.queue.settings import Queues
from tests.contracts.queue import ODD, agent, wanted


def board() -> Board:
    one = Board(Queues(), iter("ab").__next__)
    one.announce(agent(ODD, agent_id="a_ann", skills={ODD: 3}, capacity={"chat": 2}), "n", 1.5)
    for name in (ODD, "2"):
        one.enqueue(wanted(name, queue="general", not_agents=frozenset({"x"}), reason=ODD), "n", 2.25)
        one.assign(3.125)
        (lease,) = one.leases.values()
        if name == ODD:
            one.accept(lease.offer.lease_id, "a_ann", "t", 4)
    one.decline("l_b", "a_ann", ODD, 5)
    return one


def test_a_change_comes_back() -> None:
    change = board().take_change()
    assert {key[0] for key in change.records} == {"entry", "seat", "lease", "place", "figures"}
    read = wire.read(wire.written("7-1", change))
    assert read.after == "7-1"
    assert (read.change.records, read.change.news) == (change.records, change.news)


def test_each_record_comes_back_by_its_name() -> None:
    records = {key: found for key, found in board().take_change().records.items() if found is not None}
    fields = dict(wire.fields(records))
    assert dict(wire.record(field, text or "") for field, text in fields.items()) == records


def test_keys_of_a_newer_release_are_passed_over() -> None:
    (field, text), *_ = [f for f in wire.fields(board().take_change().records) if f[0].startswith("seat")]
    newer = json.dumps({**json.loads(text or ""), "mood": "good"})
    assert wire.record(field, newer) == wire.record(field, text or "")
    ended = json.loads(wire.written("1-0", Change(news=(OfferEnded("l", "a", "h", "missed", "x"),))))
    ended["weather"] = ended["news"][0]["weather"] = "fine"
    assert len(wire.read(json.dumps(ended)).change.news) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"after": "1-0", "records": [], "news": [], "buried": []}',
        '{"after": "1-0", "records": {"seat a": "{}"}, "news": [], "buried": []}',
        '{"after": "1-0", "records": {"chair a": null}, "news": [], "buried": []}',
        '{"after": "1-0", "records": {"seat a": 5}, "news": [], "buried": []}',
        '{"after": "1-0", "records": {}, "news": [{"lease_id": 1}], "buried": []}',
        '{"after": "1-0", "records": {}, "news": [], "buried": 3}',
    ],
)
def test_what_is_no_change_is_told_apart(text: str) -> None:
    with pytest.raises(wire.Unreadable):
        wire.read(text)
