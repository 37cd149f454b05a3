"""What the metrics say of the queue.

Counters and durations are counted by the node that made a change, once. Gauges describe the whole queue and
are the same on every node: take the greatest, not the sum.
"""

from collections.abc import Callable

from prometheus_client import Counter, Gauge, Histogram

from gateway.queue.board import Board
from gateway.queue.contacts import OfferEnded
from gateway.queue.records import Change
from gateway.queue.settings import Queues
from gateway.queue.standing import free_agents
from pipelines.facts import Channel

WAITS = (0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 1800.0)
CHANNELS: tuple[Channel, ...] = ("voice", "chat")

WAITING = Gauge("warmline_queue_waiting", "Contacts in line, the same on every node", ["queue"])
FREE = Gauge(
    "warmline_queue_free_agents",
    "Agents who could take a contact now, the same on every node",
    ["queue", "channel"],
)
OFFERS = Counter("warmline_queue_offers_total", "Offers by how they ended", ["end"])
SECONDS = {
    "offer": Histogram(
        "warmline_queue_offer_seconds", "From coming into line to the first offer", ["queue"], buckets=WAITS
    ),
    "accept": Histogram(
        "warmline_queue_accept_seconds", "From coming into line to being accepted", ["queue"], buckets=WAITS
    ),
    "handle": Histogram(
        "warmline_queue_handle_seconds",
        "From being accepted until the agent was through",
        ["queue"],
        buckets=WAITS,
    ),
}
REFUSED = Counter("warmline_queue_refused_total", "Contacts that found the line full", ["queue"])
REDONE = Counter("warmline_queue_redone_total", "Changes worked out again because another node was first")
RELOADED = Counter("warmline_queue_reloaded_total", "Times the shared queue was read as a whole")
SHARED_UP = Gauge("warmline_queue_shared_up", "Whether the shared queue is reached; 1 without one")


def observe(change: Change, queues: Queues) -> None:
    """Count a change that this node made."""
    for news in change.news:
        if isinstance(news, OfferEnded):
            OFFERS.labels(news.why).inc()
    for measure in change.measures:
        SECONDS[measure.what].labels(named(measure.queue, queues)).observe(max(measure.seconds, 0.0))


def named(queue: str, queues: Queues) -> str:
    """A queue as a label: one that is not configured must not make a series of its own."""
    return queue if queue in queues.by_name else "other"


def show(board: Callable[[], Board], queues: Queues) -> None:
    """Measure the gauges whenever somebody reads them."""

    def waiting(queue: str) -> Callable[[], float]:
        return lambda: sum(entry.wanted.queue == queue for entry in board().entries.values())

    def free(queue: str, channel: Channel) -> Callable[[], float]:
        return lambda: free_agents(board(), queue, channel)

    for queue in queues.by_name:
        WAITING.labels(queue).set_function(waiting(queue))
        for channel in CHANNELS:
            FREE.labels(queue, channel).set_function(free(queue, channel))
