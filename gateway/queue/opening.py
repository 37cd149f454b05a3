"""The queue of this gateway: in memory, or on the configured Redis with others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.config import Config
from gateway.queue.board_queue import BoardQueue
from gateway.queue.contacts import ContactQueue
from gateway.queue.memory import MemoryLedger
from gateway.queue.settings import Queues
from pipelines.facts import Unavailable


@asynccontextmanager
async def open_queue(config: Config) -> AsyncIterator[ContactQueue]:
    """Open the queue; its `run` is the caller's to start, and to end before this does.

    It opens though Redis is not there yet. Raises `Unavailable` when its client is not installed.
    """
    if config.redis.url is None:
        yield BoardQueue(MemoryLedger(config.queues))
        return
    async with _open_shared(config.redis.url.get_secret_value(), config.queues) as queue:
        yield queue


@asynccontextmanager
async def _open_shared(url: str, queues: Queues) -> AsyncIterator[ContactQueue]:
    try:
        from gateway.queue.redis_ledger import RedisLedger
        from gateway.queue.shared_log import SharedLog
    except ImportError as error:
        raise Unavailable("`redis.url` needs the redis package: pip install 'warmline[redis]'") from error
    shared = SharedLog(url)
    try:
        yield BoardQueue(RedisLedger(shared, queues))
    finally:
        await shared.close()
