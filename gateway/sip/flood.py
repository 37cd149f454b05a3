"""Who sends too much is not listened to for a while.  [core]

Asked before a message is read, so that a flood costs as little as can be. Each source (IPv6: each /64
network) has a bucket of tokens; when it is empty the source is ignored, and for as long again as it goes on.
Memory is bounded: when too many sources are known, those unheard of for longest are forgotten, ignored ones
last.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

SOURCES = 10_000
"Remembered at most."
OFFENCE = 10
"Tokens that a wrong password costs."
TRUSTED_MS = 3_600_000
"For how long a source that proved who it is may send as much as a trunk."


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a source may send."""

    per_second: float
    burst: int


@dataclass(slots=True)
class _Source:
    tokens: float
    seen_ms: int
    trusted_until_ms: int = 0


class Flood:
    """The sources that sent something lately."""

    def __init__(
        self, strangers: Allowance, known: Allowance, ignore_ms: int, is_known: Callable[[str], bool]
    ) -> None:
        self._strangers = strangers
        self._known = known
        self._ignore_ms = ignore_ms
        self._is_known = is_known
        self._sources: OrderedDict[str, _Source] = OrderedDict()
        self._ignored: OrderedDict[str, int] = OrderedDict()
        "Until when, by source; in the order in which they were heard last."

    @property
    def remembered(self) -> int:
        """How many sources are kept in memory."""
        return len(self._sources) + len(self._ignored)

    def admits(self, host: str, now_ms: int) -> bool:
        """Whether to listen to one more message from this address; if so it counts."""
        return self._spend(source(host), host, 1, now_ms)

    def offended(self, host: str, now_ms: int) -> None:
        """A message was worse than superfluous: somebody guesses at passwords."""
        self._spend(source(host), host, OFFENCE, now_ms)

    def trusts(self, host: str, now_ms: int) -> bool:
        """Whether somebody at this address proved who it is, not too long ago."""
        known = self._sources.get(source(host))
        return known is not None and now_ms < known.trusted_until_ms

    def trust(self, host: str, now_ms: int) -> None:
        """Somebody at this address proved who it is."""
        key = source(host)
        self._ignored.pop(key, None)
        self._remember(key, now_ms, self._known.burst).trusted_until_ms = now_ms + TRUSTED_MS

    def _spend(self, key: str, host: str, cost: int, now_ms: int) -> bool:
        until_ms = self._ignored.get(key)
        if until_ms is not None:
            if now_ms < until_ms:
                self._ignore(key, now_ms)
                return False
            del self._ignored[key]
        trusted = self.trusts(host, now_ms) or self._is_known(host)
        allowance = self._known if trusted else self._strangers
        bucket = self._remember(key, now_ms, allowance.burst)
        grown = bucket.tokens + (now_ms - bucket.seen_ms) * allowance.per_second / 1000
        bucket.tokens, bucket.seen_ms = min(grown, allowance.burst) - cost, now_ms
        if bucket.tokens < 0:
            del self._sources[key]
            self._ignore(key, now_ms)
            return False
        return True

    def _remember(self, key: str, now_ms: int, tokens: float) -> _Source:
        bucket = self._sources.setdefault(key, _Source(tokens, now_ms))
        self._sources.move_to_end(key)
        while len(self._sources) > SOURCES // 2:
            self._sources.popitem(last=False)
        return bucket

    def _ignore(self, key: str, now_ms: int) -> None:
        self._ignored[key] = now_ms + self._ignore_ms
        self._ignored.move_to_end(key)
        while len(self._ignored) > SOURCES // 2:
            self._ignored.popitem(last=False)


def source(host: str) -> str:
    """What counts as one source: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
