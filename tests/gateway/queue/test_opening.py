"""Which queue a configuration opens."""

import asyncio
import sys
from typing import Any

import pytest

from gateway import config
from gateway.queue.opening import open_queue
from pipelines.facts import Unavailable
from tests.contracts.queue import agent, offered, wanted


def configured(**values: Any) -> config.Config:
    return config.Config.model_validate(values)


async def works(settings: config.Config) -> None:
    async with open_queue(settings) as queue, asyncio.TaskGroup() as tasks:
        run = tasks.create_task(queue.run())
        news = queue.news()
        await queue.announce(agent())
        await queue.enqueue(wanted(queue="general"))
        assert (await offered(news)).agent_id == "a_ann"
        await queue.check()
        run.cancel()


def test_without_redis_it_is_in_memory() -> None:
    asyncio.run(works(configured()))


@pytest.mark.redis
@pytest.mark.timeout(120)
def test_with_redis_it_is_there(redis_url: str) -> None:
    asyncio.run(works(configured(redis={"url": redis_url})))


def test_without_the_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("gateway.queue.redis_ledger", "gateway.queue.shared_log"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)

    async def main() -> None:
        async with open_queue(configured(redis={"url": "redis://127.0.0.1:1"})):
            pass

    with pytest.raises(Unavailable, match=r"pip install 'warmline\[redis\]'"):
        asyncio.run(main())
