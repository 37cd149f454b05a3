"""How much one connection, and one address, may ask for. Time comes in as `now` in seconds. [core]"""

import ipaddress
from collections import OrderedDict, deque
from dataclasses import dataclass, field

ADDRESSES = 20_000
"Remembered at most; the longest unseen is forgotten first."


class Rate:
    """At most `count` things within any `window_s` seconds."""

    def __init__(self, count: int, window_s: float) -> None:
        self._count = count
        self._window_s = window_s
        self._times: deque[float] = deque()

    def allows(self, now: float) -> bool:
        """Whether one more is within the rate; if so it counts."""
        while self._times and self._times[0] <= now - self._window_s:
            self._times.popleft()
        if len(self._times) >= self._count:
            return False
        self._times.append(now)
        return True


@dataclass(slots=True)
class _Visitor:
    openings: Rate
    connections: int = 0


@dataclass(slots=True)
class Visitors:
    """Who is connected, and how often they come, by address (IPv6: by /64 network)."""

    connections: int
    "At the same time, for each address."
    openings_per_minute: int
    _known: OrderedDict[str, _Visitor] = field(default_factory=OrderedDict)

    def enter(self, address: str, now: float) -> bool:
        """Whether one more connection may begin; if so, `leave` must follow it."""
        visitor = self._visitor(address)
        if visitor.connections >= self.connections or not visitor.openings.allows(now):
            return False
        visitor.connections += 1
        return True

    def leave(self, address: str) -> None:
        """A connection that was let in has ended."""
        visitor = self._known.get(network(address))
        if visitor is not None:
            visitor.connections -= 1

    def _visitor(self, address: str) -> _Visitor:
        key = network(address)
        visitor = self._known.setdefault(key, _Visitor(Rate(self.openings_per_minute, 60.0)))
        self._known.move_to_end(key)
        while len(self._known) > ADDRESSES:
            self._known.popitem(last=False)
        return visitor


def network(address: str) -> str:
    """What counts as one visitor: an IPv4 address, or a /64 network of IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and not parsed.ipv4_mapped:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
