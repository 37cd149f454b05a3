"""Keys pressed, as telephone events (RFC 4733): one press is one event, whatever is lost or repeated.  [core]

A press has one RTP timestamp, its packets tell how long it has lasted so far, and the last says that it has
ended, three times over. Any of them may be missing, come twice or late.
"""

import struct
from collections import deque
from dataclasses import dataclass

from gateway.protocol_error import ProtocolError
from gateway.rtp.packet import RtpPacket
from pipelines.audio import FRAME_MS

KEYS = "0123456789*#ABCD"
"By event code (section 3.2); the codes above are no keys."
END_MISSING_MS = 250
"After the last packet of a press whose end did not come."
LONGEST_SEGMENT = 0xFFFF
"Ticks; what lasts longer goes on under a new timestamp (section 2.5.1.3)."
SAME_PRESS_MS = 100
"A sender that moves the timestamp with every packet is still pressing the same key."
OUT_OF_ORDER_MS = 10_000
"A timestamp that is older by less is a late packet; by more, a clock that was set back."
ENDS = 3
"How often the end is sent (section 2.5.1.4)."
GAP_MS = 80
"Between two keys that we press."
VOLUME = 10
"-dBm0 of the keys we press."
MOST_QUEUED = 64
"Keys waiting to be pressed."
_EVENT = struct.Struct("!BBH")
_END = 0x80


@dataclass(frozen=True, slots=True)
class Digit:
    """A key that the other side pressed."""

    digit: str
    "One of `0-9 * # A-D`."
    duration_ms: int


class DigitReceiver:
    """Puts presses together from the packets of one synchronisation source."""

    __slots__ = ("_before", "_code", "_duration", "_ended", "_heard_ms", "_per_ms", "_timestamp")

    def __init__(self, clock_rate: int) -> None:
        self._per_ms = clock_rate // 1000
        self._timestamp: int | None = None
        self._code = 0
        self._duration = 0
        self._before = 0
        "Ticks that the press lasted in segments before this one."
        self._ended = True
        self._heard_ms = 0

    def receive(self, packet: RtpPacket, now_ms: int) -> list[Digit]:
        """The presses that are over with this packet. Raises `ProtocolError`."""
        if len(packet.payload) < _EVENT.size:
            raise ProtocolError("telephone_event_short", "A telephone event has 4 bytes.")
        code, flags, duration = _EVENT.unpack_from(packet.payload)
        if code >= len(KEYS):
            return []
        over: list[Digit] = []
        if not self._goes_on(packet, code, now_ms):
            if self._is_older(packet.timestamp):
                return []
            over = self._finish()
            self._timestamp, self._code, self._duration, self._before = packet.timestamp, code, 0, 0
            self._ended = False
        if not self._ended:
            self._duration = max(self._duration, duration)
            self._heard_ms = now_ms
            if flags & _END:
                over += self._finish()
        return over

    def overdue(self, now_ms: int) -> list[Digit]:
        """The press whose end should have come by now."""
        if self._ended or now_ms - self._heard_ms < END_MISSING_MS:
            return []
        return self._finish()

    def _finish(self) -> list[Digit]:
        if self._ended:
            return []
        self._ended = True
        return [Digit(KEYS[self._code], (self._before + self._duration) // self._per_ms)]

    def _goes_on(self, packet: RtpPacket, code: int, now_ms: int) -> bool:
        """Whether it belongs to the press under way, or just over; a new segment of that is taken over."""
        if self._timestamp is None or code != self._code:
            return False
        ahead = _ahead(packet.timestamp, self._timestamp)
        if ahead == 0:
            return True
        if packet.marker or self._ended or ahead < 0:
            return False
        if ahead == LONGEST_SEGMENT:
            self._before += LONGEST_SEGMENT
            self._timestamp, self._duration = packet.timestamp, 0
            return True
        if ahead <= SAME_PRESS_MS * self._per_ms and now_ms - self._heard_ms <= SAME_PRESS_MS:
            self._timestamp = packet.timestamp
            return True
        return False

    def _is_older(self, timestamp: int) -> bool:
        if self._timestamp is None:
            return False
        return -OUT_OF_ORDER_MS * self._per_ms < _ahead(timestamp, self._timestamp) < 0


class DigitSender:
    """Presses keys: one packet for every 20 ms, which takes the place of audio."""

    __slots__ = ("_code", "_duration", "_left", "_per_frame", "_queue", "_timestamp", "_wanted")

    def __init__(self, clock_rate: int) -> None:
        self._per_frame = clock_rate * FRAME_MS // 1000
        self._queue: deque[tuple[int, int]] = deque(maxlen=MOST_QUEUED)
        self._code = self._wanted = self._duration = self._timestamp = 0
        self._left = 0
        "Frames of the gap and repeats of the end that are still to come."

    @property
    def active(self) -> bool:
        """Whether a key is being pressed or waits."""
        return bool(self._left or self._duration or self._queue)

    def press(self, digits: str, duration_ms: int) -> None:
        """Queue keys. Raises ValueError for what is no key, and when more than 64 wait."""
        if any(digit not in KEYS for digit in digits):
            raise ValueError("keys are 0-9, *, # and A-D")
        if len(self._queue) + len(digits) > MOST_QUEUED:
            raise ValueError(f"at most {MOST_QUEUED} keys wait to be pressed")
        frames = min(max(-(-duration_ms // FRAME_MS), 2), LONGEST_SEGMENT // self._per_frame)
        self._queue.extend((KEYS.index(digit), frames * self._per_frame) for digit in digits)

    def take(self, timestamp: int) -> tuple[bytes, int, bool] | None:
        """Payload, timestamp and marker of the packet for these 20 ms; None in the gap after a key.

        `timestamp` is the audio's. To be called while `active`.
        """
        if self._left:
            return self._after()
        if marker := not self._duration:
            self._code, self._wanted = self._queue.popleft()
            self._timestamp = timestamp
        self._duration += self._per_frame
        if self._duration < self._wanted:
            return self._payload(0), self._timestamp, marker
        self._left = ENDS - 1 + GAP_MS // FRAME_MS
        return self._payload(_END), self._timestamp, marker

    def _after(self) -> tuple[bytes, int, bool] | None:
        self._left -= 1
        if self._left >= GAP_MS // FRAME_MS:
            return self._payload(_END), self._timestamp, False
        if not self._left:
            self._duration = 0
        return None

    def _payload(self, flags: int) -> bytes:
        return _EVENT.pack(self._code, flags | VOLUME, self._duration)


def _ahead(timestamp: int, other: int) -> int:
    """How far a timestamp is ahead of another, wraps considered."""
    return ((timestamp - other + 0x80000000) & 0xFFFFFFFF) - 0x80000000
