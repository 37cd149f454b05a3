"""Positions, waits, and who is there."""

from gateway.queue import standing
from gateway.queue.board import Board
from gateway.queue.contacts import Availability, Standing
from gateway.queue.estimate import Figures
from gateway.queue.records import figures_key
from gateway.queue.settings import Queues
from tests.contracts.queue import agent, wanted

KNOWN = Figures(accepted=9, accepted_s=5.0, handled=9, handled_s=120.0)
QUEUES = Queues.model_validate(
    {"named": [{"name": "general", "overflow": {"queue": "second", "after_s": 60}}, {"name": "second"}]}
)


def board(*names: str, known: bool = True) -> Board:
    one = Board(QUEUES, iter("abcdefghij").__next__)
    if known:
        one.put("figures", figures_key("general", "chat"), KNOWN)
    for name in names:
        one.announce(agent(name, capacity={"chat": 1}), "n", 0)
    return one


def test_positions_count_those_that_wait_for_the_same() -> None:
    one = board()
    contacts = [
        wanted("a", queue="general"),
        wanted("b", queue="second"),
        wanted("c", queue="general"),
        wanted("vip", queue="general", priority=99),
        wanted("mine", queue="general", only_agent="a_ann"),
    ]
    for contact in contacts:
        one.enqueue(contact, "n", 0)
    places = {line.wanted.handoff_id: line.position for line in standing.in_line(one)}
    assert places == {"h_vip": 1, "h_a": 2, "h_b": 1, "h_c": 3, "h_mine": 1}
    assert {name: standing.position(one, name, 0).position for name in places} == places


def test_a_wait_is_what_it_takes_until_a_place_is_free() -> None:
    one = board("ann", "bob")
    for name in "abcd":
        one.enqueue(wanted(name, queue="general", since=0.0), "n", 0)
    one.assign(0)
    seen = [standing.position(one, f"h_{name}", 0) for name in "abcd"]
    assert seen == [Standing(1, 5), Standing(2, 5), Standing(3, 65), Standing(4, 125)]
    assert standing.availability(one, "general", frozenset(), "en", "chat", 0) == Availability(2, 0, 185)


def test_nothing_is_said_of_waits_that_nobody_can_know() -> None:
    one = board("ann", known=False)
    one.enqueue(wanted("a", queue="general"), "n", 0)
    assert standing.position(one, "h_a", 0) == Standing(1, None)
    nobody = board()
    assert standing.availability(nobody, "general", frozenset(), "en", "chat", 0) == Availability(0, 0, None)


def test_agents_of_the_overflow_count_and_cost_the_time_until_it() -> None:
    one = board()
    one.announce(agent("eve", queues=frozenset({"second"})), "n", 0)
    assert standing.availability(one, "general", frozenset(), "en", "chat", 0) == Availability(1, 1, 65)


def test_agents_are_told_with_what_they_have() -> None:
    one = board("bob", "ann")
    one.enqueue(wanted("a", queue="general"), "n", 0)
    one.enqueue(wanted("b", queue="general"), "n", 0)
    one.assign(0)
    first, second = one.leases.values()
    one.accept(first.offer.lease_id, first.offer.agent_id, "t", 1)
    seen = {each.presence.agent_id: each for each in standing.on_duty(one)}
    assert list(seen) == ["a_ann", "a_bob"]
    assert seen[first.offer.agent_id].contacts == {"h_a": "chat"}
    assert seen[second.offer.agent_id].ringing == second.offer.lease_id
    assert standing.free_agents(one, "general", "chat") == 0
