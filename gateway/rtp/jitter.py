"""The jitter buffer: packets in order and in time, with as little delay as their jitter allows.  [core]

Time here is counted in the media clock's ticks, like RTP timestamps. A packet's transit is when it came
minus when it was sampled; only differences mean anything. The smallest transit of the last seconds is the
base, and how much longer another packet took is its lateness. The buffer's delay is how long a packet that
took the base waits before it is played. Its target is the lateness that all but two in a hundred packets
stay below, between a floor and a ceiling.

The playout clock moves 20 ms with every frame taken, and stands still while nothing is there: whatever comes
late is then played after all, and the delay has grown. What turns out to have been lost, or not sent, is
stepped over as far as the delay is above its target. Two clocks that drift apart, and a target that sinks,
are made up for by leaving out or adding a frame where it is quiet.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum

from gateway.rtp.lateness import Lateness
from gateway.rtp.packet import MOST_AHEAD, MOST_BACK, RtpPacket
from pipelines.audio import FRAME_MS

FLOOR_MS = 12
"Least target: sockets are read every 5 ms; the rest is for a machine that is busy for a moment."
CEILING_MS = 200
"Most target. Beyond it, waiting hurts a conversation more than losing a word."
MOST_PACKETS = 64
"Held at once, 1.3 s of the usual 20 ms. When full the oldest goes."
MOST_SURPLUS_MS = 100
"Delay above the target that is cut at once, whatever is being said."
PAUSE_MS = 1000
"Nothing for so long is a pause; the timestamps after it need not have counted it."
WINDOW = 250
"Packets (5 s) for which a smallest transit is kept; the base is the smaller of the last two."
LOOK_EVERY = 50
"Packets (1 s) after which the target is set anew; sooner when one comes too late for it."
_HALF, _WRAP = 1 << 31, (1 << 32) - 1


class Missing(Enum):
    """Why there is no packet for these 20 ms."""

    WAITING = "the delay is being built up"
    LOST = "lost, or late"
    PAUSED = "the sender sent no audio"


class JitterBuffer:
    """For one synchronisation source and one codec.

    `clock_rate` in Hz; `samples` tells how many of its ticks a payload lasts.
    """

    __slots__ = (
        "_arrived",
        "_base",
        "_base_before",
        "_base_now",
        "_delayed",
        "_frame",
        "_last",
        "_last_timestamp",
        "_lateness",
        "_next",
        "_packets",
        "_paused",
        "_per_ms",
        "_play",
        "_restart",
        "_samples",
        "_seen",
        "_shift",
        "_target",
        "adjusting",
        "dropped",
        "duplicates",
        "late",
    )

    def __init__(self, clock_rate: int, samples: Callable[[bytes], int]) -> None:
        self._per_ms = clock_rate // 1000
        self._frame = self._per_ms * FRAME_MS
        self._samples = samples
        self._packets: deque[tuple[int, int, bytes]] = deque()
        "Number and timestamp, both unwrapped, and payload; in the order of the numbers."
        self._next: int | None = None
        "The number that is played next; None until playing began."
        self._play = 0
        "The timestamp that is played next."
        self._paused = -1
        "The newest number that a packet without audio had."
        self._last: int | None = None
        "The newest number of all."
        self._last_timestamp = 0
        self._restart = -1
        "The number that would confirm that the sender began anew."
        self._shift = 0
        "From the sender's timestamps to ours."
        self._arrived = 0
        self._base = self._base_before = self._base_now = 0
        self._seen = self._delayed = 0
        self._lateness = Lateness(self._per_ms, CEILING_MS)
        self._target = FLOOR_MS * self._per_ms
        self.late = 0
        "Packets that came after their place was played."
        self.duplicates = 0
        self.adjusting = False
        "The delay is off its target: 20 ms more or less are wanted where they are not heard."
        self.dropped = 0
        "Packets left out to bring the delay down, or because the buffer was full."

    @property
    def target_ms(self) -> int:
        """The delay that is aimed at."""
        return self._target // self._per_ms

    @property
    def delay_ms(self) -> int:
        """How long the packet that was played last waited, or would have if it had taken the base."""
        return self._delayed // self._per_ms

    def add(self, packet: RtpPacket, now_ms: int) -> None:
        """A packet of audio came."""
        newest = self._last
        if newest is not None and packet.sequence == newest + 1 & 0xFFFF:
            sequence: int | None = newest + 1  # nearly always
        else:
            sequence = self._unwrapped(packet.sequence)
        if sequence is None:
            return
        arrived = now_ms * self._per_ms
        if self._last is None:
            self._begin(sequence, packet.timestamp, arrived)
        last = self._last_timestamp
        # What `_signed` does: every packet comes this way, and a call costs as much as the arithmetic.
        timestamp = last + ((packet.timestamp + self._shift - last + _HALF & _WRAP) - _HALF)
        on_time = arrived - self._base
        if on_time - timestamp > CEILING_MS * self._per_ms and self._after_pause(packet, arrived):
            self._shift += on_time - timestamp
            timestamp = on_time
        self._measure(arrived - timestamp)
        if self._last is None or sequence > self._last:
            self._last, self._last_timestamp = sequence, timestamp
        self._arrived = arrived
        packets = self._packets
        if not packets and sequence == self._next and self._play - timestamp <= self._frame >> 1:
            packets.append((sequence, timestamp, packet.payload))  # in order and in time, as nearly always
        else:
            self._insert(sequence, timestamp, packet.payload)

    def no_audio(self, sequence: int) -> None:
        """A packet that carries something else took this number: what is missing here was not lost."""
        if self._last is not None:
            self._paused = max(self._paused, self._last + _signed(sequence - self._last, 16))

    def take(self, now_ms: int, *, quiet: bool) -> bytes | Missing:
        """The payload to play next. `quiet`: 20 ms more or less would not be heard here."""
        packets = self._packets
        if self._next is None and not self._start(now_ms):
            return Missing.WAITING
        if not packets:
            return self._missing()
        surplus = now_ms * self._per_ms - self._play - self._base - self._target
        self.adjusting = not -self._frame <= surplus <= self._frame
        gap = packets[0][1] - self._play
        if gap >= self._frame:
            if self._still_missing(gap, surplus):
                return self._missing()
        elif surplus > self._frame:
            self._cut(surplus, quiet)
        elif quiet and surplus < -self._frame:
            return Missing.PAUSED
        sequence, timestamp, payload = packets.popleft()
        self._delayed = now_ms * self._per_ms - timestamp - self._base
        self._next = sequence + 1
        self._play = timestamp + self._samples(payload)
        return payload

    # --- in ---

    def _unwrapped(self, sequence: int) -> int | None:
        """The number without wraps; None when it is out of all order and nothing confirms it yet."""
        if self._last is None:
            return sequence + 65536
        step = _signed(sequence - self._last, 16)
        if -MOST_BACK < step < MOST_AHEAD:
            return self._last + step
        if sequence != self._restart:
            self._restart = (sequence + 1) & 0xFFFF
            return None
        self._packets.clear()
        self._last = self._next = None
        self._paused = -1
        return sequence + 65536

    def _begin(self, sequence: int, timestamp: int, arrived: int) -> None:
        self._last, self._last_timestamp = sequence, timestamp
        self._shift = self._seen = 0
        self._base = self._base_before = self._base_now = arrived - timestamp
        self._arrived = arrived

    def _after_pause(self, packet: RtpPacket, arrived: int) -> bool:
        return packet.marker or arrived - self._arrived > PAUSE_MS * self._per_ms

    def _measure(self, transit: int) -> None:
        if transit < self._base_now:
            self._base_now = transit
            self._base = min(self._base_before, transit)
        late = transit - self._base
        self._lateness.add(late)
        self._seen += 1
        if late > self._target or self._seen % LOOK_EVERY == 0:
            self._target = min(max(self._lateness.nearly_all_ms(), FLOOR_MS), CEILING_MS) * self._per_ms
        if self._seen == WINDOW:
            self._seen = 0
            self._base, self._base_before, self._base_now = self._base_now, self._base_now, transit

    def _insert(self, sequence: int, timestamp: int, payload: bytes) -> None:
        packets = self._packets
        if self._next is not None and self._is_late(sequence, timestamp):
            self.late += 1
            return
        if not packets or sequence > packets[-1][0]:
            packets.append((sequence, timestamp, payload))
        else:
            at = next(i for i, packet in enumerate(packets) if packet[0] >= sequence)
            if packets[at][0] == sequence:
                self.duplicates += 1
                return
            packets.insert(at, (sequence, timestamp, payload))
        if len(packets) > MOST_PACKETS:
            packets.popleft()
            self.dropped += 1

    def _is_late(self, sequence: int, timestamp: int) -> bool:
        """Whether its place was played. Half a frame is forgiven to senders that count inexactly, and one far
        behind is no late packet but a clock that was set back.
        """
        behind = self._play - timestamp
        return sequence < (self._next or 0) or self._frame // 2 < behind < PAUSE_MS * self._per_ms

    # --- out ---

    def _delay(self, now_ms: int) -> int:
        return now_ms * self._per_ms - self._play - self._base

    def _start(self, now_ms: int) -> bool:
        if not self._packets:
            return False
        self._play = self._packets[0][1]
        if self._delay(now_ms) < self._target:
            return False
        self._next = self._packets[0][0]
        return True

    def _missing(self) -> Missing:
        """Why the next packet is not there, or not due."""
        expected = self._next or 0
        if self._paused >= expected or (self._packets and self._packets[0][0] == expected):
            return Missing.PAUSED
        return Missing.LOST

    def _still_missing(self, gap: int, surplus: int) -> bool:
        """Step over what is missing before the first packet, as far as the delay allows."""
        if surplus >= self._frame:
            step = min(gap, surplus) // self._frame * self._frame
            self._play += step
            gap -= step
        if gap < self._frame:
            return False
        if surplus >= -self._frame:  # else time stands still, so that the delay grows
            self._play += self._frame
        return True

    def _cut(self, surplus: int, quiet: bool) -> None:
        """Leave packets out: one where it is quiet, or all that is too much when it is far too much."""
        much = surplus > MOST_SURPLUS_MS * self._per_ms
        while len(self._packets) > 1 and (quiet or much):
            surplus -= self._samples(self._packets[0][2])
            if surplus < 0:
                break
            self._packets.popleft()
            self.dropped += 1
            quiet = False


def _signed(difference: int, bits: int) -> int:
    """A difference of wrapping numbers as the nearest whole number."""
    half = 1 << (bits - 1)
    return ((difference + half) & ((half << 1) - 1)) - half
