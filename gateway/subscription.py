"""What one listener of a session still has to get: a bounded queue that gives up rather than grow.

Unlike `leg.Channel` it may not drop anything, because events are numbered and none may be missing. A
listener that falls behind is let go instead; it comes back and resumes from the store. One reader.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from prometheus_client import Counter, Gauge

from gateway.events import Event

BOUND = 512
"Events; at 30 words a second that is a listener asleep for a quarter of a minute."

LISTENERS = Gauge("warmline_listeners", "Connections that listen to a session")
FELL_BEHIND = Counter("warmline_listeners_fell_behind_total", "Listeners let go because they read too slowly")


class Subscription:
    """The events of one session from now on, in order."""

    def __init__(self, seq: int, so_far: Event | None, bound: int = BOUND) -> None:
        self.seq = seq
        "The newest stored event when this began; later ones come through here, earlier ones from the store."
        self.so_far = so_far
        "The text so far of a reply under way, as one delta."
        self.behind = False
        "Whether it ended because the reader was too slow."
        self._events: deque[Event] = deque()
        self._bound = bound
        self._ready = asyncio.Event()
        self._closed = False
        LISTENERS.inc()

    @property
    def closed(self) -> bool:
        """Nothing new will come."""
        return self._closed

    def put(self, event: Event) -> None:
        """Add an event; after the end it is ignored."""
        if self._closed:
            return
        if len(self._events) >= self._bound:
            self.behind = True
            FELL_BEHIND.inc()
            self._events.clear()
            self.close()
            return
        self._events.append(event)
        self._ready.set()

    def close(self) -> None:
        """No more events; the reader ends when it has read the rest."""
        if not self._closed:
            self._closed = True
            LISTENERS.dec()
            self._ready.set()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._closed:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        return self._events.popleft()
