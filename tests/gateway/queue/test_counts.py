from prometheus_client import REGISTRY

from gateway.queue import counts
from gateway.queue.board import Board
from gateway.queue.contacts import OfferEnded
from gateway.queue.records import Change, Measure
from gateway.queue.settings import Queues
from tests.contracts.queue import agent, wanted


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_change_is_counted() -> None:
    ended = value("warmline_queue_offers_total", end="missed")
    took = value("warmline_queue_accept_seconds_sum", queue="general")
    other = value("warmline_queue_accept_seconds_count", queue="other")
    measures = (Measure("accept", "general", 3.0), Measure("accept", "' OR 1=1", 3.0))
    counts.observe(Change(news=(OfferEnded("l", "a", "h", "missed", "x"),), measures=measures), Queues())
    assert value("warmline_queue_offers_total", end="missed") == ended + 1
    assert value("warmline_queue_accept_seconds_sum", queue="general") == took + 3
    assert value("warmline_queue_accept_seconds_count", queue="other") == other + 1


def test_gauges_are_read_from_the_board_when_asked() -> None:
    one = Board(Queues(), iter("ab").__next__)
    counts.show(lambda: one, Queues())
    one.enqueue(wanted(queue="general"), "n", 0)
    one.announce(agent(capacity={"chat": 1}), "n", 0)
    assert value("warmline_queue_waiting", queue="general") == 1
    assert value("warmline_queue_free_agents", queue="general", channel="chat") == 1
    assert value("warmline_queue_free_agents", queue="general", channel="voice") == 0
