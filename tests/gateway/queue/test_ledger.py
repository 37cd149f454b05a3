"""What both ledgers promise of a command: it is one change with all its consequences."""

import asyncio

import pytest

from gateway.queue.board import Board
from gateway.queue.contacts import Offered, QueueFull
from gateway.queue.ledger import Ledger
from gateway.queue.settings import Queues
from gateway.queue.shared_log import SharedLog
from tests.contracts.queue import agent, wanted
from tests.gateway.queue.test_memory import opened_ledger

pytestmark = pytest.mark.timeout(120)
SMALL = Queues.model_validate({"named": [{"name": "general", "most_waiting": 1}]})


async def promises(ledger: Ledger) -> None:
    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(ledger.run())
        news = ledger.feed.read()

        def both(board: Board, now: float) -> str:
            board.announce(agent(), ledger.node, now)
            board.enqueue(wanted("x", queue="general"), ledger.node, now)
            return "done"

        assert await ledger.carry_out(both) == "done"
        assert isinstance(await anext(news), Offered), "what follows from it is told by then"
        assert len(ledger.board.leases) == 1
        with pytest.raises(QueueFull):
            await ledger.carry_out(
                lambda board, now: board.enqueue(wanted(queue="general"), ledger.node, now), surely=True
            )
        assert set(ledger.board.entries) == {"h_x"}
        await ledger.check()
        run.cancel()


def test_in_memory() -> None:
    async def main() -> None:
        await promises(opened_ledger(SMALL))

    asyncio.run(main())


@pytest.mark.redis
def test_on_redis(redis_url: str) -> None:
    from gateway.queue.redis_ledger import RedisLedger

    async def main() -> None:
        shared = SharedLog(redis_url)
        await promises(RedisLedger(shared, SMALL))
        await shared.close()

    asyncio.run(main())
