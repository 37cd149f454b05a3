"""The queue of one node, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from gateway.queue.board_queue import BoardQueue
from gateway.queue.contacts import ContactQueue
from gateway.queue.memory import MemoryLedger
from gateway.queue.settings import Queues
from tests import virtual_time
from tests.contracts.queue import QueueContract, agent, ended, offered, wanted


def opened_ledger(queues: Queues) -> MemoryLedger:
    clock = asyncio.get_running_loop().time
    return MemoryLedger(queues, lambda: 1_700_000_000.0 + clock())


@asynccontextmanager
async def running(queues: Queues) -> AsyncIterator[ContactQueue]:
    queue = BoardQueue(opened_ledger(queues))
    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(queue.run())
        await asyncio.sleep(0)
        yield queue
        run.cancel()


class TestMemory(QueueContract):
    @asynccontextmanager
    async def opened(self, queues: Queues) -> AsyncIterator[tuple[ContactQueue, ContactQueue]]:
        async with running(queues) as queue:
            yield queue, queue

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        virtual_time.run(main)


def test_a_telephone_rests_and_is_tried_again() -> None:
    phone = {"key": "boss", "number": "1", "name": "Boss", "offer_s": 60, "rest_s": 120}

    async def main() -> None:
        async with running(Queues.model_validate({"phones": [phone]})) as queue:
            now, news = asyncio.get_running_loop().time, queue.news()
            await queue.enqueue(wanted(queue="general", channel="voice"))
            assert (await offered(news)).agent_id == "phone:boss"
            assert (await anext(news)).why == "missed"  # type: ignore[union-attr]
            assert now() == 60
            assert (await anext(news)).offer.agent_id == "phone:boss"  # type: ignore[union-attr]
            assert now() == 180

    virtual_time.run(main())


def test_news_end_with_the_queue() -> None:
    async def main() -> None:
        async with running(Queues()) as queue:
            news = queue.news()
            await queue.announce(agent())
            await queue.enqueue(wanted(queue="general"))
            await offered(news)
            await queue.absent("a_ann")
        assert (await ended(news)).why == "offline"
        assert [each async for each in news] == []
        assert [each async for each in queue.news()] == []

    virtual_time.run(main())
