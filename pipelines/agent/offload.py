"""Runs blocking work of a few milliseconds (embedding, searching) off the event loop, bounded.

One queue for all sessions of the process. Policy: refuse when it is full, for a reply that waits behind
hundreds of others would come too late anyway.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from prometheus_client import Gauge

from pipelines.facts import Unavailable

T = TypeVar("T")

_WAITING = Gauge("warmline_agent_offload_waiting", "Blocking agent work queued or running in threads.")


class Offload(Protocol):
    """Runs a function somewhere else."""

    def __call__(self, function: Callable[..., T], *arguments: Any) -> Awaitable[T]:
        """The function's result, or what it raised."""
        ...


class ThreadOffload:
    """`Offload` on threads of its own. `close` lets running work end."""

    def __init__(self, threads: int = 1, bound: int = 256) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="agent")
        self._bound = bound
        self._waiting = 0

    async def __call__(self, function: Callable[..., T], *arguments: Any) -> T:
        """The function's result, or what it raised.

        Raises:
            Unavailable: so much is waiting already.
        """
        if self._waiting >= self._bound:
            raise Unavailable(f"{self._waiting} pieces of work wait for the agent's threads")
        self._waiting += 1
        _WAITING.set(self._waiting)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        finally:
            self._waiting -= 1
            _WAITING.set(self._waiting)

    def close(self) -> None:
        """Take no more work; blocks until what runs has ended, some milliseconds."""
        self._threads.shutdown(cancel_futures=True)
