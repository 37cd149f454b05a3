"""What the queue adds to its ledger. Everything else is in the contract."""

import pytest
from prometheus_client import REGISTRY

from gateway.queue.board import Board
from gateway.queue.board_queue import BoardQueue
from gateway.queue.contacts import QueueFull
from gateway.queue.feed import NewsFeed
from gateway.queue.ledger import Command, T
from gateway.queue.settings import Queues
from pipelines.facts import Unavailable
from tests import virtual_time
from tests.contracts.queue import wanted


class AwayLedger:
    """Carries out nothing for its callers, but what must be done in the end."""

    node = "n"

    def __init__(self, error: Unavailable) -> None:
        self.feed = NewsFeed()
        self.board = Board(Queues(), iter("abc").__next__)
        self._error = error

    def now(self) -> float:
        return 0.0

    async def carry_out(self, command: Command[T], *, surely: bool = False) -> T:
        command(self.board, 0.0)
        raise self._error

    async def check(self) -> None:
        raise self._error

    async def run(self) -> None:
        raise NotImplementedError


def test_a_contact_whose_coming_nobody_knows_of_leaves_again() -> None:
    async def main() -> None:
        ledger = AwayLedger(Unavailable("Redis is away"))
        with pytest.raises(Unavailable, match="Redis is away"):
            await BoardQueue(ledger).enqueue(wanted(queue="general"))
        assert not ledger.board.entries

    virtual_time.run(main())


def test_a_full_line_is_counted() -> None:
    def refused() -> float:
        return REGISTRY.get_sample_value("warmline_queue_refused_total", {"queue": "general"}) or 0.0

    async def main() -> None:
        before = refused()
        with pytest.raises(QueueFull):
            await BoardQueue(AwayLedger(QueueFull("full"))).enqueue(wanted(queue="general"))
        assert refused() == before + 1

    virtual_time.run(main())
