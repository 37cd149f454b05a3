"""A bounded pool of port pairs for media; a pair rests before it is used again.  [core]

An even port is RTP's and the one above it RTCP's (RFC 3550, section 11). The other side of a call that ended
may go on sending for a while: a new call on the same port would hear it.
"""

from collections import deque

from prometheus_client import Gauge

from pipelines.facts import Unavailable

REST_MS = 10_000
PORTS = Gauge("warmline_rtp_port_pairs", "Pairs of media ports, by state (free, used, resting)", ["state"])


class Ports:
    """The pairs from `first` to `last`, both inclusive; the one that rested longest is handed out first."""

    def __init__(self, first: int, last: int, rest_ms: int = REST_MS) -> None:
        pairs = range(first + first % 2, last, 2)
        if not pairs or first < 1 or last > 65_535:
            raise ValueError("the range of media ports holds no pair of an even port and the one above it")
        self._free = deque(pairs)
        self._used: set[int] = set()
        self._resting: deque[tuple[int, int]] = deque()
        "When it may be used again, and the port."
        self._rest_ms = rest_ms
        self._show()

    def acquire(self, now_ms: int) -> int:
        """The even port of a pair. Raises `Unavailable` when none is free."""
        while self._resting and self._resting[0][0] <= now_ms:
            self._free.append(self._resting.popleft()[1])
        if not self._free:
            raise Unavailable("no media port is free")
        port = self._free.popleft()
        self._used.add(port)
        self._show()
        return port

    def release(self, port: int, now_ms: int) -> None:
        """Give a pair back: it rests first. Safe to call twice."""
        if port in self._used:
            self._used.discard(port)
            self._resting.append((now_ms + self._rest_ms, port))
            self._show()

    def _show(self) -> None:
        PORTS.labels("free").set(len(self._free))
        PORTS.labels("used").set(len(self._used))
        PORTS.labels("resting").set(len(self._resting))
