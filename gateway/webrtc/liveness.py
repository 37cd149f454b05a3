"""Whether the other side is still there: judged by what arrives, with patience.  [core]

ICE notices a dead path only after about 30 s (RFC 7675: consent expires then), too late for a
conversation. A browser in a call is never quiet that long: it sends audio, receiver reports and a ping
every second. So nothing at all for a few seconds means that the path is lost; the grace period
after that is the client's time to come back. Times are integers of milliseconds.
"""

from dataclasses import dataclass
from typing import Literal

State = Literal["connecting", "alive", "lost", "gone"]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long we wait for what."""

    connect_ms: int = 30_000
    "From the first answer to the first connection."
    quiet_ms: int = 6_000
    "Nothing arrived for so long: the connection is lost."
    grace_ms: int = 15_000
    "A lost connection may come back within this time."


class Liveness:
    """The state of one leg's connection, told by packet counts and by what the peer reports."""

    def __init__(self, patience: Patience, now_ms: int) -> None:
        self._patience = patience
        self._packets = 0
        self._heard_ms = now_ms
        self._lost_ms: int | None = None
        self._connected = False
        self._began_ms = now_ms

    def connected(self, now_ms: int) -> None:
        """The peer is connected, for the first time or again."""
        self._connected = True
        self._heard_ms = now_ms
        self._lost_ms = None

    def failed(self, now_ms: int) -> None:
        """The peer gave the connection up; the client may come back with another."""
        if self._lost_ms is None:
            self._lost_ms = now_ms

    def counted(self, packets: int, now_ms: int) -> None:
        """The connection has received so many packets in all (counts start anew with each peer)."""
        if packets != self._packets:
            self._packets = packets
            self._heard_ms = now_ms
            if self._connected and packets:
                self._lost_ms = None
        elif self._connected and self._lost_ms is None and now_ms - self._heard_ms >= self._patience.quiet_ms:
            self._lost_ms = now_ms

    def state(self, now_ms: int) -> State:
        """Where the connection stands."""
        if self._lost_ms is not None:
            return "gone" if now_ms - self._lost_ms >= self._patience.grace_ms else "lost"
        if self._connected:
            return "alive"
        return "gone" if now_ms - self._began_ms >= self._patience.connect_ms else "connecting"
