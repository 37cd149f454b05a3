from gateway.queue.contacts import OnDuty, QueueFull
from pipelines.facts import Unavailable
from tests.contracts.queue import agent


def test_what_an_agent_is_busy_with_is_counted_by_channel() -> None:
    seen = OnDuty(agent(), {"h_1": "chat", "h_2": "voice", "h_3": "chat"}, None, 0.0)
    assert seen.busy == {"chat": 2, "voice": 1}
    assert OnDuty(agent(), {}, None, 0.0).busy == {}


def test_a_full_line_is_a_reason_to_come_later() -> None:
    assert issubclass(QueueFull, Unavailable)
