"""Who gets whom."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.queue.contacts import Presence, Wanted
from gateway.queue.routing import AGAIN_S, Agent, Candidate, Match, fits, match, rank, reach
from gateway.queue.settings import Queues
from tests.contracts.queue import agent, wanted

QUEUES = Queues.model_validate(
    {
        "named": [
            {"name": "general", "overflow": {"queue": "second", "after_s": 60}},
            {"name": "second", "overflow": {"queue": "third", "after_s": 30}},
            {"name": "third", "overflow": {"queue": "general", "after_s": 5}},
            {"name": "experts", "strategy": "best_skill"},
        ]
    }
)


def one(name: str, idle_since: float = 0.0, voice: int = 0, chat: int = 0, **changes: Any) -> Agent:
    return Agent(agent(name, **changes), idle_since, voice, chat)


def waits(name: str, **changes: Any) -> Candidate:
    return Candidate(wanted(name, **{"queue": "general", "since": 0.0, **changes}))


def matched(waiting: list[Candidate], agents: list[Agent], now: float = 0.0) -> dict[str, str]:
    return {m.handoff_id: m.agent_id for m in match(waiting, agents, QUEUES, now)}


def test_the_longest_idle_gets_the_contact_and_fewer_contacts_go_first() -> None:
    agents = [one("ann", idle_since=5), one("bob", idle_since=3), one("eve", idle_since=1, chat=1)]
    assert matched([waits("x")], agents) == {"h_x": "a_bob"}


def test_the_best_at_what_is_needed_gets_it_where_the_queue_says_so() -> None:
    experts = frozenset({"experts"})
    agents = [
        one("ann", queues=experts, skills={"tax": 3, "law": 9}),
        one("bob", idle_since=9, queues=experts, skills={"tax": 7}),
    ]
    assert matched([waits("x", queue="experts", skills=frozenset({"tax"}))], agents) == {"h_x": "a_bob"}


def test_calls_stay_on_their_node_and_telephones_are_reached_from_every_one() -> None:
    def call(name: str, node: str) -> Candidate:
        return replace(waits(name, channel="voice"), node=node)

    ann, bob = (replace(one(name), node=node) for name, node in (("ann", "n1"), ("bob", "n2")))
    assert matched([call("x", "n2"), call("y", "n2")], [ann, bob]) == {"h_x": "a_bob"}
    assert matched([call("x", "n2"), call("y", "n1")], [ann, bob]) == {"h_x": "a_bob", "h_y": "a_ann"}
    assert matched([call("x", "n3")], [ann, one("phone")]) == {"h_x": "a_phone"}
    assert matched([replace(waits("x"), node="n2")], [ann]) == {"h_x": "a_ann"}, "a chat"


def test_each_contact_and_each_agent_is_matched_once() -> None:
    agents = [one("ann"), one("bob")]
    assert matched([waits("x"), waits("y"), waits("z")], agents) == {"h_x": "a_ann", "h_y": "a_bob"}


@pytest.mark.parametrize(
    ("contact", "presence", "fit"),
    [
        ({}, {}, True),
        ({"queue": "nowhere"}, {}, False),
        ({"skills": frozenset({"billing", "tax"})}, {}, False),
        ({"language": "EN-gb"}, {}, True),
        ({"language": "de"}, {}, False),
        ({"language": ""}, {"languages": frozenset()}, True),
        ({"channel": "voice"}, {"capacity": {"chat": 3}}, False),
        ({"not_agents": frozenset({"a_ann"})}, {}, False),
        ({"only_agent": "a_bob"}, {}, False),
        (
            {"only_agent": "a_ann", "language": "de", "skills": frozenset({"tax"})},
            {"queues": frozenset()},
            True,
        ),
        ({"only_agent": "a_ann", "not_agents": frozenset({"a_ann"})}, {}, False),
    ],
)
def test_what_makes_an_agent_fit(contact: dict[str, Any], presence: dict[str, Any], fit: bool) -> None:
    who: Wanted = wanted("x", **{"queue": "general", **contact})
    assert fits(who, agent("ann", **presence), [who.queue]) is fit


def test_a_contact_flows_over_and_further_and_skills_stay_behind() -> None:
    assert reach("general", 59, QUEUES) == ("general",)
    assert reach("general", 60, QUEUES) == ("general", "second")
    assert reach("general", 90, QUEUES) == ("general", "second", "third")
    assert reach("general", 9000, QUEUES) == ("general", "second", "third"), "and not in circles"
    assert reach("general", -5, QUEUES) == ("general",), "clocks differ"
    helper = one("eve", queues=frozenset({"second"}), skills={})
    asks = waits("x", skills=frozenset({"billing"}))
    assert matched([asks], [helper], 59) == {}
    assert matched([asks], [helper], 60) == {"h_x": "a_eve"}
    own = one("ann", idle_since=50)
    assert matched([asks], [helper, own], 60) == {"h_x": "a_ann"}, "its own queue's agents go first"


def test_a_point_of_priority_is_worth_a_minute() -> None:
    early, vip = wanted(since=0.0), wanted(since=599.0, priority=10)
    assert rank(vip, QUEUES) < rank(early, QUEUES)
    assert rank(wanted(since=601.0, priority=10), QUEUES) > rank(early, QUEUES), "nobody waits for ever"


def test_who_had_it_is_asked_again_late_and_when_nobody_else_is_at_work() -> None:
    had = Candidate(wanted("x", queue="general"), frozenset({"a_ann"}), again_at=AGAIN_S)
    assert matched([had], [one("ann")], AGAIN_S - 1) == {}
    assert matched([had], [one("ann")], AGAIN_S) == {"h_x": "a_ann"}
    assert matched([had], [one("ann"), one("bob", chat=3)], AGAIN_S) == {}, "Bob will be free"
    assert matched([had], [one("ann"), one("bob", state="away")], AGAIN_S) == {"h_x": "a_ann"}


def test_a_call_that_waits_keeps_one_agent_from_getting_further_chats() -> None:
    call, chats = waits("call", channel="voice"), [waits("c1", since=1.0), waits("c2", since=2.0)]
    agents = [one("ann", chat=1), one("bob", chat=2)]
    assert matched([call, *chats], agents, 5) == {"h_c1": "a_bob"}
    assert matched(chats, agents, 5) == {"h_c1": "a_ann", "h_c2": "a_bob"}


@pytest.mark.parametrize(
    ("has", "voice", "chat"),
    [
        ({}, True, True),
        ({"voice": 1}, False, False),
        ({"chat": 1}, False, True),
        ({"chat": 3}, False, False),
        ({"state": "away"}, False, False),
    ],
)
def test_what_agents_are_free_for(has: dict[str, Any], voice: bool, chat: bool) -> None:
    who = one("ann", **has)
    assert (who.can_take("voice"), who.can_take("chat")) == (voice, chat)
    assert not Agent(who.presence, 0, ringing=True).can_take("chat")


# --- anything ---

presences = st.builds(
    lambda number, queues, skills, languages, voice, chat, state: agent(
        f"n{number}",
        queues=frozenset(queues),
        skills=dict.fromkeys(skills, 5),
        languages=frozenset(languages),
        capacity={"voice": voice, "chat": chat},
        state=state,
    ),
    st.integers(0, 9),
    st.sets(st.sampled_from(["general", "second", "experts"])),
    st.sets(st.sampled_from(["tax", "law"])),
    st.sets(st.sampled_from(["en", "de"]), min_size=1),
    st.integers(0, 2),
    st.integers(0, 3),
    st.sampled_from(["available", "available", "away"]),
)
agents_ = st.lists(
    st.builds(Agent, presences, st.floats(0, 100), st.integers(0, 2), st.integers(0, 3), st.booleans()),
    max_size=10,
    unique_by=lambda each: each.presence.agent_id,
)
candidates = st.lists(
    st.builds(
        lambda number, queue, skills, channel, since, priority, tried: Candidate(
            wanted(
                f"c{number}",
                queue=queue,
                skills=frozenset(skills),
                channel=channel,
                since=since,
                priority=priority,
            ),
            frozenset(tried),
            50.0,
        ),
        st.integers(0, 30),
        st.sampled_from(["general", "second", "experts", "nowhere"]),
        st.sets(st.sampled_from(["tax", "law"]), max_size=1),
        st.sampled_from(["voice", "chat"]),
        st.floats(0, 100),
        st.integers(0, 3),
        st.sets(st.sampled_from(["a_n1", "a_n2"])),
    ),
    max_size=15,
    unique_by=lambda each: each.wanted.handoff_id,
)


@given(candidates, agents_, st.floats(0, 200), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_matches_are_right_and_the_same_whatever_the_order(
    waiting: list[Candidate], agents: list[Agent], now: float, dice: Any
) -> None:
    found = match(waiting, agents, QUEUES, now)
    shuffled, others = list(waiting), list(agents)
    dice.shuffle(shuffled)
    dice.shuffle(others)
    assert match(shuffled, others, QUEUES, now) == found
    assert len({m.handoff_id for m in found}) == len({m.agent_id for m in found}) == len(found)
    by_id = {each.presence.agent_id: each for each in agents}
    by_handoff = {each.wanted.handoff_id: each for each in waiting}
    for each in found:
        _check(by_handoff[each.handoff_id], by_id[each.agent_id], now)
    assert _nobody_was_forgotten(waiting, agents, found, now)


def _check(contact: Candidate, who: Agent, now: float) -> None:
    assert who.can_take(contact.wanted.channel)
    assert fits(contact.wanted, who.presence, reach(contact.wanted.queue, now - contact.wanted.since, QUEUES))


def _nobody_was_forgotten(
    waiting: list[Candidate], agents: list[Agent], found: list[Match], now: float
) -> bool:
    """A contact without a match has nobody left who has never had it, unless a call keeps them."""
    busy, served = {m.agent_id for m in found}, {m.handoff_id for m in found}
    calls = any(c.wanted.channel == "voice" and c.wanted.handoff_id not in served for c in waiting)
    free: list[Presence] = [
        who.presence for who in agents if who.can_take("chat") and who.presence.agent_id not in busy
    ]
    return calls or not [
        presence
        for contact in waiting
        for presence in free
        if contact.wanted.channel == "chat"
        and contact.wanted.handoff_id not in served
        and presence.agent_id not in contact.tried
        and fits(contact.wanted, presence, reach(contact.wanted.queue, now - contact.wanted.since, QUEUES))
    ]
