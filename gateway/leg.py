"""One live connection to one person, and the bounded channel that carries its audio.

Every way to reach a person (WebRTC, SIP, a carrier's media stream) offers the same `Leg`; rooms, the
bot and handoff know nothing else of it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from prometheus_client import Counter

from gateway.events import Message
from pipelines.audio import AudioPort

T = TypeVar("T")

DROPPED = Counter(
    "warmline_channel_dropped_total",
    "Items that a bounded channel dropped because its reader fell behind",
    ["channel"],
)


@dataclass(frozen=True, slots=True)
class Hangup:
    """Why a leg ended."""

    by: str
    "`remote`, `local`, `network`, `limit`."
    reason: str


class Leg(AudioPort, Protocol):
    """One live connection to one person, whatever the wire carries."""

    @property
    def leg_id(self) -> str:
        """Unique in the process's life."""

    async def send(self, message: Message) -> None:
        """Deliver a message beside the audio where the wire can (data channel); else do nothing."""

    def messages(self) -> AsyncIterator[str]:
        """Raw text messages the person's client sent beside the audio, until the leg ends."""

    async def hang_up(self, reason: str) -> None:
        """End the connection; `frames()` ends, queued playout is dropped. Safe to call twice."""

    @property
    def ended(self) -> Hangup | None:
        """How it ended, or None while it lives."""


class Channel(Generic[T]):
    """A bounded, closable queue between two tasks that drops the oldest item when full.

    For live audio: late is worse than lost. One reader, any number of writers, one event loop.
    """

    def __init__(self, name: str, bound: int) -> None:
        self._items: deque[T] = deque(maxlen=bound)
        self._ready = asyncio.Event()
        self._closed = False
        self._dropped = DROPPED.labels(name)

    def put(self, item: T) -> None:
        """Add an item; after `close` it is ignored."""
        if self._closed:
            return
        if len(self._items) == self._items.maxlen:
            self._dropped.inc()
        self._items.append(item)
        self._ready.set()

    def close(self) -> None:
        """No more items; the reader ends when it has read the rest."""
        self._closed = True
        self._ready.set()

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        while not self._items:
            if self._closed:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        return self._items.popleft()
