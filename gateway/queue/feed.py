"""News of the queue to any number of readers, each with a bounded queue of its own.

No reader may miss one of several news and go on as if nothing had been, so one that falls behind comes to its
end instead; it then reads again from now, and looks at what rings.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from weakref import WeakSet

from prometheus_client import Counter

from gateway.queue.contacts import News

BOUND = 10_000
FELL_BEHIND = Counter("warmline_queue_readers_fell_behind_total", "Readers of the queue's news let go")


class NewsReader:
    """What one reader still has to get. One task reads."""

    def __init__(self, bound: int) -> None:
        self._news: deque[News] = deque()
        self._bound = bound
        self._ready = asyncio.Event()
        self._closed = False

    def put(self, news: News) -> None:
        """Add one; after the end it is ignored."""
        if self._closed:
            return
        if len(self._news) >= self._bound:
            FELL_BEHIND.inc()
            self._news.clear()
            self.close()
            return
        self._news.append(news)
        self._ready.set()

    def close(self) -> None:
        """No more; the reader ends when it has read the rest."""
        self._closed = True
        self._ready.set()

    def __aiter__(self) -> AsyncIterator[News]:
        return self

    async def __anext__(self) -> News:
        while not self._news:
            if self._closed:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        return self._news.popleft()


class NewsFeed:
    """Where news come from. A reader that nobody holds any more is forgotten."""

    def __init__(self, bound: int = BOUND) -> None:
        self._bound = bound
        self._readers: WeakSet[NewsReader] = WeakSet()
        self._change = asyncio.Event()
        self._closed = False

    def read(self) -> NewsReader:
        """Everything from now on."""
        reader = NewsReader(self._bound)
        if self._closed:
            reader.close()
        self._readers.add(reader)
        return reader

    def tell(self, news: Iterable[News]) -> None:
        """Something has changed, with these news."""
        told = list(news)
        for reader in list(self._readers):
            for each in told:
                reader.put(each)
        self._change.set()
        self._change = asyncio.Event()

    async def changed(self) -> None:
        """Return at the next `tell`."""
        await self._change.wait()

    def close(self) -> None:
        """There will be no more."""
        self._closed = True
        for reader in list(self._readers):
            reader.close()
