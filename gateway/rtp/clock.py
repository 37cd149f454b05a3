"""The one tick of all calls' RTP in a process: reads the sockets, then lets those hear and speak who are due.

A tick of 5 ms is a slot. In every slot all sockets that have something are read, one epoll call and one
receive call a packet (measured: 1.05 us a packet, against 1.9 us when each socket is read until it is empty).
A call hears in every fourth slot and speaks in the one after. Late slots are made up for one by one, so that
no frame is left out; after more than 200 ms the clock goes on from now.
"""

import asyncio
import select
from collections.abc import Callable
from typing import Protocol

import structlog
from prometheus_client import Counter, Histogram

from pipelines.audio import FRAME_MS

SLOT_MS = 5
SLOTS = FRAME_MS // SLOT_MS
MOST_BEHIND_MS = 200
"As for browser calls: held up longer than this, go on from now instead of catching up in a burst."
MOST_ROUNDS = 8
"Packets read from one socket in a slot: 1600 a second, thirty times what a call sends."
HEAR_AFTER = 3
"Slots from a call's first packet to the frame with it: its 15 ms are above the jitter buffer's floor."
CROWDED = 64
"Calls by which a slot may be fuller than the next one before that is taken instead."
LATENESS = Histogram(
    "warmline_rtp_tick_lateness_seconds",
    "How late a slot of the RTP clock began",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2),
)
SKIPPED = Counter("warmline_rtp_ticks_skipped_total", "Slots of the RTP clock that were left out")

log = structlog.get_logger(__name__)


class Ticked(Protocol):
    """What the clock drives."""

    def hear(self, now_ms: int) -> None:
        """Every 20 ms."""

    def speak(self, now_ms: int) -> None:
        """Every 20 ms, one slot after `hear`."""

    def fail(self) -> None:
        """One of these raised: a bug of ours, which ends this call and no other. It is not ticked again."""


class RtpClock:
    """Serves calls while `run` runs; a task of the application. Costs nothing while there is no call."""

    def __init__(self) -> None:
        self._slots: list[dict[Ticked, None]] = [{} for _ in range(SLOTS)]
        self._where: dict[Ticked, int] = {}
        self._readers: dict[int, Callable[[int], None]] = {}
        self._poll = getattr(select, "epoll", select.poll)()
        self._wanted = asyncio.Event()
        self._slot = 0
        "The one that is, or was, served last."

    def read(self, descriptor: int, reader: Callable[[int], None]) -> None:
        """Call `reader(now_ms)` for every datagram that waits at a socket. It must not wait."""
        self._readers[descriptor] = reader
        self._poll.register(descriptor, select.POLLIN)

    def forget(self, descriptor: int) -> None:
        """Read a socket no longer; to be called before it is closed."""
        if self._readers.pop(descriptor, None):
            self._poll.unregister(descriptor)

    def add(self, call: Ticked) -> None:
        """Tick a call, in the slot that has the fewest."""
        self._put(call, min(range(SLOTS), key=lambda slot: len(self._slots[slot])))
        self._wanted.set()

    def remove(self, call: Ticked) -> None:
        """Tick a call no longer. Safe to call twice."""
        if call in self._where:
            del self._slots[self._where.pop(call)][call]
        if not self._where:
            self._wanted.clear()

    def follow(self, call: Ticked) -> None:
        """The first packet of a call's source came just now: so tick the call when it is to be played."""
        if call not in self._where:
            return
        slot = (self._slot + HEAR_AFTER) % SLOTS
        if len(self._slots[slot]) > len(self._slots[(slot + 1) % SLOTS]) + CROWDED:
            slot = (slot + 1) % SLOTS
        self.remove(call)
        self._put(call, slot)
        self._wanted.set()

    async def run(self) -> None:
        """Tick until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wanted.wait()
            due_ms = int(loop.time() * 1000)
            while self._where:
                due_ms = await self._wait(due_ms, loop)
                self._serve(due_ms, loop)
                due_ms += SLOT_MS

    async def _wait(self, due_ms: int, loop: asyncio.AbstractEventLoop) -> int:
        """Wait until a slot is due; return when it is due (later, if it was missed by far)."""
        await asyncio.sleep(max(due_ms / 1000 - loop.time(), 0))  # when late, too: others want to run
        behind_ms = int(loop.time() * 1000) - due_ms
        LATENESS.observe(max(behind_ms, 0) / 1000)
        if behind_ms <= MOST_BEHIND_MS:
            return due_ms
        missed = behind_ms // SLOT_MS
        SKIPPED.inc(missed)
        return due_ms + missed * SLOT_MS

    def _serve(self, due_ms: int, loop: asyncio.AbstractEventLoop) -> None:
        self._slot = slot = (self._slot + 1) % SLOTS
        self._receive(int(loop.time() * 1000))
        for call in tuple(self._slots[slot]):
            try:
                call.hear(due_ms)
            except Exception:
                self._give_up(call)
        for call in tuple(self._slots[slot - 1]):
            try:
                call.speak(due_ms)
            except Exception:
                self._give_up(call)

    def _receive(self, now_ms: int) -> None:
        readers = self._readers
        for _ in range(MOST_ROUNDS):
            ready = self._poll.poll(0)
            if not ready:
                return
            for descriptor, _event in ready:
                reader = readers.get(descriptor)
                try:
                    if reader is not None:
                        reader(now_ms)
                except Exception:  # its call ends when nothing is heard for too long
                    log.exception("media_not_read")
                    self.forget(descriptor)

    def _give_up(self, call: Ticked) -> None:
        log.exception("media_failed")
        self.remove(call)
        call.fail()

    def _put(self, call: Ticked, slot: int) -> None:
        self._slots[slot][call] = None
        self._where[call] = slot
