"""Timer values of RFC 3261 (table 4); the timers of one transaction, and of many.  [core]"""

import heapq

T1_MS = 500
"Estimate of the round trip."
T2_MS = 4_000
"Longest wait before a non-INVITE request or a response to INVITE is sent again."
T4_MS = 5_000
"So long a message may stay in the network."
TRANSACTION_MS = 64 * T1_MS
"Timers B, D, F, H, J, L and M: so long a transaction waits for the other side, or for stragglers."
TRYING_MS = 200
"An INVITE that its user has not answered by then gets 100 Trying (section 17.2.1)."
SILENCE_MS = 600_000
"""An INVITE without any response for so long is given up.

RFC 3261 sets no limit here; without one a transaction could stay for ever. Who needs longer sends a
provisional response every minute anyway (section 13.3.1.1).
"""


class Timers:
    """Named points in time."""

    def __init__(self) -> None:
        self._due: dict[str, int] = {}

    def start(self, name: str, at_ms: int) -> None:
        """Set a timer, again if it runs."""
        self._due[name] = at_ms

    def stop(self, *names: str) -> None:
        """Stop these, or all if none is named."""
        for name in names or tuple(self._due):
            self._due.pop(name, None)

    def next_ms(self) -> int | None:
        """When the first is due."""
        return min(self._due.values(), default=None)

    def take(self, now_ms: int) -> str | None:
        """The timer that is due longest, which stops; None when none is."""
        name = min(self._due, key=self._due.__getitem__, default=None)
        if name is None or self._due[name] > now_ms:
            return None
        del self._due[name]
        return name


class Agenda:
    """When each of many things wants to be looked at.

    A heap in which what is out of date stays until it comes up, or until most of it is.
    """

    def __init__(self) -> None:
        self._due: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def set(self, key: str, at_ms: int | None) -> None:
        """Want to be looked at then and at no other time; None: never."""
        if at_ms is None:
            self._due.pop(key, None)
        elif self._due.get(key) != at_ms:
            self._due[key] = at_ms
            heapq.heappush(self._heap, (at_ms, key))
        if len(self._heap) > 2 * len(self._due) + 64:
            self._heap = [(due_ms, name) for name, due_ms in self._due.items()]
            heapq.heapify(self._heap)

    def next_ms(self) -> int | None:
        """When the first is due."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now_ms: int) -> str | None:
        """Whoever is due longest, and no longer is then; None when nobody is."""
        due_ms = self.next_ms()
        if due_ms is None or due_ms > now_ms:
            return None
        _, key = heapq.heappop(self._heap)
        del self._due[key]
        return key


def doubled(interval_ms: int) -> int:
    """The interval after this one where T2 is the longest (timers E and G)."""
    return min(2 * interval_ms, T2_MS)
