from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY

from gateway.handoff.measures import Measures
from gateway.handoff.states import State


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_the_first_offer_yes_and_person_count_from_the_wish() -> None:
    measures = Measures("h1", "customer_asked", began=100.0)
    before = sample("warmline_handoff_seconds_sum", until="person", channel="voice")
    for state, now in [
        (State.QUEUED, 100.0),
        (State.OFFERED, 103.0),
        (State.QUEUED, 120.0),
        (State.OFFERED, 121.0),
        (State.BRIEFING, 125.0),
        (State.HUMAN_ACTIVE, 130.0),
    ]:
        measures.came_to(state, "voice", now)
    assert measures.first == {"offer": 3.0, "yes": 25.0, "person": 30.0}
    assert measures.offers == 2
    assert sample("warmline_handoff_seconds_sum", until="person", channel="voice") == before + 30.0


@pytest.mark.parametrize(("reason", "counted"), [("legal", "legal"), ("invented by a definition", "other")])
def test_how_it_went_is_counted_by_why_it_began_and_said_in_the_log(reason: str, counted: str) -> None:
    measures = Measures("h1", reason, began=100.0)
    before = sample("warmline_handoffs_total", reason=counted, outcome="talked", channel="chat")
    with structlog.testing.capture_logs() as logged:
        measures.came_to(State.OFFERED, "chat", 104.0)
        measures.ended("talked", "chat", 160.0)
    assert sample("warmline_handoffs_total", reason=counted, outcome="talked", channel="chat") == before + 1
    told: list[Any] = [entry for entry in logged if entry["event"] == "handoff over"]
    assert told[0]["to_offer_s"] == 4.0 and told[0]["seconds"] == 60.0 and told[0]["outcome"] == "talked"


def test_the_persons_first_words_count_once() -> None:
    measures = Measures("h1", "legal", began=100.0)
    before = sample("warmline_handoff_seconds_count", until="words", channel="voice")
    measures.came_to(State.HUMAN_ACTIVE, "voice", 130.0)
    measures.heard("voice", 131.5)
    measures.heard("voice", 150.0)
    assert measures.first == {"person": 30.0, "words": 31.5}
    assert sample("warmline_handoff_seconds_count", until="words", channel="voice") == before + 1


def test_the_longest_silence_is_kept_of_all_calls_of_a_handoff() -> None:
    measures = Measures("h1", "legal", began=100.0)
    before = sample("warmline_handoff_silence_seconds_count")
    measures.silent(4.0)
    measures.silent(2.0)
    assert measures.silence == 4.0
    assert sample("warmline_handoff_silence_seconds_count") == before + 2


def test_a_lost_agent_is_counted() -> None:
    before = sample("warmline_handoff_agents_lost_total")
    measures = Measures("h1", "legal", 0.0)
    measures.came_to(State.RESCUE, "voice", 1.0)
    assert sample("warmline_handoff_agents_lost_total") == before + 1
    assert measures.lost == 1


def test_who_is_in_line_again_is_counted_and_who_only_waits_is_not() -> None:
    measures = Measures("h1", "legal", 0.0)
    for state in (State.ALTERNATIVES, State.QUEUED, State.ALTERNATIVES, State.QUEUED):
        measures.came_to(state, "chat", 1.0)
    assert measures.returned == 0
    for state in (State.OFFERED, State.QUEUED, State.DIALLING, State.QUEUED):
        measures.came_to(state, "chat", 2.0)
    assert measures.returned == 2
