"""The rules, one by one and in any order."""

import itertools
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.queue import recovery, wire
from gateway.queue.board import Board
from gateway.queue.contacts import Offer, Offered, OfferEnded, QueueFull
from gateway.queue.records import Change, Place
from gateway.queue.settings import Queues
from tests.contracts.queue import agent, wanted

QUEUES = Queues.model_validate(
    {
        "named": [
            {"name": "general", "overflow": {"queue": "others", "after_s": 10}, "most_waiting": 6},
            {"name": "others", "strategy": "best_skill"},
        ],
        "phones": [{"key": "boss", "number": "1", "name": "Boss", "queues": "others", "lines": 2}],
    }
)


def board() -> Board:
    numbers = itertools.count(1)
    return Board(QUEUES, lambda: str(next(numbers)))


def only_offer(one: Board) -> Offer:
    (lease,) = one.leases.values()
    return lease.offer


def with_offer(**changes: Any) -> tuple[Board, Offer]:
    one = board()
    one.announce(agent(capacity={"voice": 1, "chat": 2}), "n", 0)
    one.enqueue(wanted("a", **{"queue": "general", "since": 0.0, **changes}), "n", 0)
    one.assign(0)
    return one, only_offer(one)


def test_an_offer_rings_for_its_queues_time() -> None:
    one, offer = with_offer()
    assert offer.until == 20
    assert one.due(0) == 20
    one.expire(19.9)
    assert one.leases
    one.expire(20)
    assert not one.leases and one.seats["a_ann"].presence.state == "away"


def test_an_offer_that_could_not_be_accepted_is_nobodys_fault() -> None:
    one, offer = with_offer()
    one.take_change()
    one.expire(30, excused_until=20)
    assert one.seats["a_ann"].presence.state == "available"
    (end,) = one.take_change().news
    assert end == OfferEnded(offer.lease_id, "a_ann", "h_a", "withdrawn", "queue_unreachable")


def test_the_same_command_again_has_the_same_answer_and_another_has_none() -> None:
    one, offer = with_offer()
    assert one.accept(offer.lease_id, "a_bob", "t0", 1) is None
    assert one.accept(offer.lease_id, "a_ann", "t1", 1) == offer
    assert one.accept(offer.lease_id, "a_ann", "t1", 1) == offer
    assert one.accept(offer.lease_id, "a_ann", "t2", 1) is None


def test_a_change_is_told_once() -> None:
    one, offer = with_offer()
    change = one.take_change()
    assert change.news == (Offered(offer),)
    assert {key[0] for key in change.records} == {"seat", "entry", "lease"}
    assert not one.take_change()


def test_who_accepts_or_finishes_teaches_how_long_it_takes() -> None:
    one, offer = with_offer()
    one.accept(offer.lease_id, "a_ann", "t", 4)
    one.finish("h_a", "a_ann", 64)
    one.finish("h_a", "a_ann", 65)
    figures = one.figures["general chat"]
    assert (figures.accepted, figures.accepted_s, figures.handled, figures.handled_s) == (1, 4, 1, 60)
    assert one.seats["a_ann"].idle_since == 64
    assert {m.what: m.seconds for m in one.take_change().measures} == {"offer": 0, "accept": 4, "handle": 60}


def test_an_agent_stays_idle_since_they_became_free_whatever_else_they_announce() -> None:
    one = board()
    one.announce(agent(), "n", 5)
    one.announce(agent(skills={"chess": 9}), "n", 9)
    assert one.seats["a_ann"].idle_since == 5
    one.announce(agent(state="away"), "n", 10)
    one.announce(agent(), "n", 20)
    assert one.seats["a_ann"].idle_since == 20
    one.announce(agent(state="offline"), "n", 30)
    assert not one.seats


def test_who_stops_taking_calls_loses_the_one_that_rings() -> None:
    one, _ = with_offer(channel="voice")
    one.announce(agent(capacity={"chat": 2}), "n", 1)
    assert not one.leases and "h_a" in one.entries


def test_a_place_is_kept_while_its_agent_is_gone() -> None:
    one, offer = with_offer(channel="voice")
    one.accept(offer.lease_id, "a_ann", "t", 1)
    one.absent("a_ann", "n", 2)
    one.announce(agent(), "m", 3)
    (ann,) = one.agents()
    assert ann.voice == 1 and not ann.can_take("chat")


def test_who_is_occupied_is_offered_nothing_and_loses_what_rings() -> None:
    one, offer = with_offer(channel="voice")
    one.take_change()
    one.occupy(wanted("consult", queue="general", channel="voice"), "a_ann", "t1", "n", 1)
    (end,) = one.take_change().news
    assert (end.lease_id, end.why) == (offer.lease_id, "offline")  # type: ignore[union-attr]
    one.assign(40)
    assert not one.leases and not one.agents()[0].can_take("chat")
    one.vacate("h_consult", "a_ann", 41)
    one.vacate("h_consult", "a_ann", 42)
    assert not one.places and not one.figures, "it was no contact of the queue"
    one.assign(42)
    assert only_offer(one).wanted == offer.wanted


def test_a_place_without_an_offer_is_finished_like_any_other() -> None:
    one = board()
    one.announce(agent(), "n", 0)
    one.occupy(wanted("a", queue="general"), "a_ann", "t1", "n", 1)
    one.finish("h_a", "a_ann", 31)
    assert not one.places and one.figures


def test_a_contact_that_is_passed_on_waits_while_its_agent_still_has_it() -> None:
    one, offer = with_offer()
    one.accept(offer.lease_id, "a_ann", "t", 1)
    one.announce(agent("bob"), "n", 2)
    one.enqueue(replace(offer.wanted, only_agent="a_bob"), "n", 3)
    one.assign(3)
    second = only_offer(one)
    assert second.agent_id == "a_bob"
    one.finish("h_a", "a_ann", 4)
    assert only_offer(one) == second


def test_a_burial_takes_all_that_was_the_nodes() -> None:
    one, offer = with_offer()
    one.accept(offer.lease_id, "a_ann", "t", 1)
    one.announce(agent("bob"), "m", 1)
    one.enqueue(wanted("b", queue="general"), "n", 2)
    one.assign(2)
    one.take_change()
    recovery.bury(one, "n", 3)
    assert set(one.seats) == {"a_bob"} and not one.entries and not one.places and not one.leases
    change = one.take_change()
    assert change.buried == ("n",)
    assert [(end.why, end.reason) for end in change.news if isinstance(end, OfferEnded)] in (
        [("offline", "node_lost")],
        [("withdrawn", "node_lost")],
    )


# --- any order ---

AGENTS = {
    "ann": {"voice": 1, "chat": 3},
    "bob": {"voice": 1},
    "eve": {"chat": 2},
    "boss": {"voice": 2},
}
names = st.sampled_from(sorted(AGENTS))
contacts = st.integers(0, 7)
nodes = st.sampled_from(["n", "m"])
commands = st.one_of(
    st.tuples(st.just("announce"), names, st.sampled_from(["available", "available", "away"]), nodes),
    st.tuples(st.just("absent"), names, nodes),
    st.tuples(
        st.just("enqueue"),
        contacts,
        st.sampled_from(["voice", "chat"]),
        st.sampled_from(["general", "others"]),
        st.sampled_from([None, None, "a_ann"]),
        st.sampled_from([frozenset(), frozenset({"a_eve"})]),
        nodes,
    ),
    st.tuples(st.just("leave"), contacts),
    st.tuples(st.just("accept"), st.integers(0, 3)),
    st.tuples(st.just("decline"), st.integers(0, 3)),
    st.tuples(st.just("miss"), st.integers(0, 3)),
    st.tuples(st.just("finish"), st.integers(0, 3)),
    st.tuples(st.just("bury"), nodes),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 5.0, 15.0, 40.0])),
)


class Played:
    """A board that commands are played on, a copy that follows its changes, and what the news say."""

    def __init__(self) -> None:
        self.board = board()
        self.follower = board()
        self.ringing: dict[str, Offer] = {}
        self.over: set[str] = set()
        self.now = 1000.0

    def play(self, command: tuple[Any, ...]) -> None:
        name, *arguments = command
        if name == "wait":
            self.now += arguments[0]
        self.board.expire(self.now)
        try:
            getattr(self, f"_{name}", lambda *_: None)(*arguments)
        except QueueFull:
            assert len(self.board.entries) >= 6
        self.board.assign(self.now)
        change = self.board.take_change()
        text = wire.written("1-0", change)
        self.follower.apply(wire.read(text).change.records)
        self._hear(change)
        self.check()

    def _announce(self, name: str, state: Any, node: str) -> None:
        queues = frozenset({"general"} if name == "ann" else {"general", "others"})
        phone = "boss" if name == "boss" else None
        presence = agent(name, state=state, capacity=AGENTS[name], queues=queues, phone=phone)
        self.board.announce(presence, node, self.now)

    def _absent(self, name: str, node: str) -> None:
        self.board.absent(f"a_{name}", node, self.now)

    def _enqueue(self, number: int, channel: Any, queue: str, only: Any, never: Any, node: str) -> None:
        if any(place.handoff_id == f"h_{number}" for place in self.board.places.values()):
            return
        contact = wanted(
            str(number), channel=channel, queue=queue, only_agent=only, not_agents=never, since=self.now
        )
        if contact.handoff_id in self.board.entries and self.board.entries[contact.handoff_id].lease_id:
            return
        self.board.enqueue(contact, node, self.now)

    def _leave(self, number: int) -> None:
        self.board.leave(f"h_{number}", self.now)

    def _accept(self, number: int) -> None:
        for offer in self._nth(number):
            assert self.board.accept(offer.lease_id, offer.agent_id, f"t{len(self.over)}", self.now) == offer

    def _decline(self, number: int) -> None:
        for offer in self._nth(number):
            assert self.board.decline(offer.lease_id, offer.agent_id, "busy", self.now)

    def _miss(self, number: int) -> None:
        for offer in self._nth(number):
            assert self.board.miss(offer.lease_id, "timeout", self.now)

    def _finish(self, number: int) -> None:
        for place in list(self.board.places.values())[number : number + 1]:
            self.board.finish(place.handoff_id, place.agent_id, self.now)

    def _bury(self, node: str) -> None:
        recovery.bury(self.board, node, self.now)

    def _nth(self, number: int) -> list[Offer]:
        return [lease.offer for lease in self.board.leases.values()][number : number + 1]

    def _hear(self, change: Change) -> None:
        for news in change.news:
            if isinstance(news, Offered):
                assert news.offer.lease_id not in self.ringing.keys() | self.over
                self.ringing[news.offer.lease_id] = news.offer
            else:
                offer = self.ringing.pop(news.lease_id)
                assert (offer.agent_id, offer.wanted.handoff_id) == (news.agent_id, news.handoff_id)
                self.over.add(news.lease_id)

    def check(self) -> None:
        one = self.board
        for kind in ("entries", "seats", "leases", "places", "figures"):
            assert getattr(one, kind) == getattr(self.follower, kind), "a follower has the same"
        offers = {lease_id: lease.offer for lease_id, lease in one.leases.items()}
        assert offers == self.ringing, "the news tell what rings"
        assert len({offer.agent_id for offer in offers.values()}) == len(offers), "one rings at an agent"
        leased = {entry.lease_id for entry in one.entries.values() if entry.lease_id}
        assert leased == offers.keys(), "one offer of a contact, and only of those in line"
        for offer in offers.values():
            assert one.entries[offer.wanted.handoff_id].lease_id == offer.lease_id
            assert one.seats[offer.agent_id].presence.state == "available"
            assert offer.agent_id not in offer.wanted.not_agents
            assert offer.wanted.only_agent in (None, offer.agent_id)
        handed = [place.handoff_id for place in one.places.values()]
        assert len(set(handed)) == len(handed) and not set(handed) & one.entries.keys()
        self._check_capacity([*one.places.values()], list(offers.values()))

    def _check_capacity(self, places: list[Place], offers: list[Offer]) -> None:
        held = [(place.agent_id, place.channel) for place in places]
        held += [(offer.agent_id, offer.wanted.channel) for offer in offers]
        for name, most in AGENTS.items():
            voice, chat = (held.count((f"a_{name}", channel)) for channel in ("voice", "chat"))
            assert voice <= most.get("voice", 0) and chat <= most.get("chat", 0)
            assert not (voice and chat), "a call takes the whole agent"


@given(st.lists(commands, max_size=60))
@settings(max_examples=150, deadline=None)
def test_no_order_of_commands_breaks_a_rule(played: list[tuple[Any, ...]]) -> None:
    game = Played()
    for command in played:
        game.play(command)


@given(st.lists(commands, max_size=30))
@settings(max_examples=50, deadline=None)
def test_a_copy_is_independent(played: list[tuple[Any, ...]]) -> None:
    game = Played()
    for command in played[: len(played) // 2]:
        game.play(command)
    draft = game.board.copy()
    before = [dict(draft.entries), dict(draft.seats), dict(draft.leases), dict(draft.places)]
    for command in played[len(played) // 2 :]:
        game.play(command)
    assert [draft.entries, draft.seats, draft.leases, draft.places] == before
