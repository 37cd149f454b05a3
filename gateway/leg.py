"""One live connection to one person, and the parts that every such connection is made of.

Every way to reach a person (WebRTC, SIP, a carrier's media stream) offers the same `Leg`; rooms, the
bot and handoff know nothing else of it. The parts are a bounded channel (what is heard), the clock that
gives it a frame every 20 ms, and a playout buffer (what is said).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from prometheus_client import Counter

from gateway.events import Message
from gateway.mixing import LiveQueue, mixed
from pipelines.audio import FRAME_MS, AudioPort, Frame

T = TypeVar("T")

DROPPED = Counter(
    "warmline_channel_dropped_total",
    "Items that a bounded channel dropped because its reader fell behind",
    ["channel"],
)


Kind = Literal["webrtc", "sip", "stream"]
"By which way a person is connected."


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

    @property
    def kind(self) -> Kind:
        """By which way the person is connected."""

    @property
    def about(self) -> Mapping[str, str]:
        """What the wire tells of the person: `caller`, `called`, `trunk`, context headers; may be empty.

        Claims of whoever calls, and personal data.
        """

    def digits(self) -> AsyncIterator[str]:
        """Keys that the person presses on a keypad, one of `0-9*#A-D` each, until the leg ends.

        One reader. A key is given once it is let go of, and once only.
        """

    def relay(self, frame: Frame) -> None:
        """Play a frame of another live connection as soon as possible, without waiting.

        At most 80 ms of such frames wait; beyond that the oldest go, so that the delay cannot grow. They are
        mixed with what `play` queues, where the wire can; `clear` and `played_ms` know nothing of them.
        Does nothing once the leg ended. Raises `ValueError` for a frame of another rate, as `play` does.
        """

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
        self._awaited: asyncio.Future[None] | None = None
        "What the reader waits for; a future costs half of what an event does, ten thousand times a second."
        self._closed = False
        self._dropped = DROPPED.labels(name)

    def put(self, item: T) -> None:
        """Add an item; after `close` it is ignored."""
        if self._closed:
            return
        items = self._items
        if len(items) == items.maxlen:
            self._dropped.inc()
        items.append(item)
        if self._awaited is not None:
            self._wake()

    @property
    def full(self) -> bool:
        """Whether the next `put` would drop an item: for writers that rather refuse."""
        return len(self._items) == self._items.maxlen

    def close(self) -> None:
        """No more items; the reader ends when it has read the rest."""
        self._closed = True
        self._wake()

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        while not self._items:
            if self._closed:
                raise StopAsyncIteration
            if self._awaited is not None and not self._awaited.done():
                raise RuntimeError("a channel has one reader")
            self._awaited = asyncio.get_running_loop().create_future()
            await self._awaited
        return self._items.popleft()

    def _wake(self) -> None:
        awaited, self._awaited = self._awaited, None
        if awaited is not None and not awaited.done():
            awaited.set_result(None)


class FrameClock:
    """Decides what passes so that frames which come when the network likes make one every 20 ms.  [core]

    A frame passes the moment it comes, so nothing is added to the delay. The clock keeps count of how far
    the frames that passed are ahead of the time that passed, and lets that wander by `SLACK` frames to
    either side: jitter, a burst after a short outage and two clocks that drift lose nothing. Beyond it,
    silence is due (the network is late) or the frame is surplus (it sends faster than time).
    """

    SLACK = 4
    "Frames."

    def __init__(self, now_ms: int) -> None:
        self._origin_ms = now_ms
        self._passed = 0

    def admit(self, now_ms: int) -> bool:
        """A frame came: whether it may pass."""
        if self._ahead(now_ms) >= self.SLACK:
            return False
        self._passed += 1
        return True

    def lost(self, count: int, now_ms: int) -> int:
        """`count` frames before the one that came are known to be lost: how many of silence stand for them.

        Fewer when silence was passed on for them already because they were late.
        """
        return self._pass(min(count, -self._ahead(now_ms)))

    def overdue(self, now_ms: int) -> int:
        """How many frames of silence must pass now because nothing came in time."""
        return self._pass(-self._ahead(now_ms) - self.SLACK)

    def next_overdue_ms(self) -> int:
        """When `overdue` will be more than zero if no frame comes before."""
        return self._origin_ms + (self._passed + self.SLACK + 1) * FRAME_MS

    def _ahead(self, now_ms: int) -> int:
        return self._passed - (now_ms - self._origin_ms) // FRAME_MS

    def _pass(self, count: int) -> int:
        count = max(count, 0)
        self._passed += count
        return count


PLAYOUT_MS = 400
"What a leg's playout buffer holds."


class Playout:
    """Frames on their way to the other side: what is played waits for its turn, what is relayed does not.

    The writer of what is played waits while it is full; the wire takes when due and gets the sum of both.
    One writer, one taker, one event loop. After `close` it is empty for ever and writing to it does nothing:
    a speaker learns of the end from `frames()`, not from an exception in the middle of a word.
    """

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()
        self._relayed = LiveQueue()
        self._room = asyncio.Event()
        self._closed = False
        self._played_ms = 0

    @property
    def played_ms(self) -> int:
        """Milliseconds taken so far of what was put."""
        return self._played_ms

    async def put(self, frame: Frame) -> None:
        """Queue a frame, waiting while 400 ms are queued."""
        while len(self._frames) * FRAME_MS >= PLAYOUT_MS and not self._closed:
            self._room.clear()
            await self._room.wait()
        if not self._closed:
            self._frames.append(frame)

    def relay(self, frame: Frame) -> None:
        """Queue a frame of another live connection; see `Leg.relay`."""
        if not self._closed:
            self._relayed.put(frame)

    def take(self) -> Frame | None:
        """The next frame to send, counted as played; None when nothing is queued."""
        relayed = self._relayed.take() if self._relayed else None
        if not self._frames:
            return relayed
        self._room.set()
        self._played_ms += FRAME_MS
        frame = self._frames.popleft()
        return frame if relayed is None else mixed(relayed, frame)

    def clear(self) -> int:
        """Drop what was put and not taken; return how many milliseconds that was."""
        dropped = len(self._frames) * FRAME_MS
        self._frames.clear()
        self._room.set()
        return dropped

    def close(self) -> None:
        """Drop everything that is queued and let a waiting writer go."""
        self._closed = True
        self._relayed.clear()
        self.clear()
