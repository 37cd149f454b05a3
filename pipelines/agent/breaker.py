"""A circuit breaker: an endpoint that keeps failing is left alone for a while and costs nothing. [core]

Closed lets everything pass. After `threshold` failures in a row it opens and refuses; after `cool_down_s`
it lets one probe pass (half open), whose end closes it or opens it again. Nygard, "Release It!", 2007.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """The state of one endpoint. Times are seconds of any one monotonic clock."""

    threshold: int = 3
    cool_down_s: float = 15.0
    _failures: int = 0
    _opened_at: float | None = None
    _probing: bool = False

    def allows(self, now: float) -> bool:
        """Whether a call may be made; after a yes must come `succeeded`, `failed` or `abandoned`."""
        if self._opened_at is None:
            return True
        if self._probing or now - self._opened_at < self.cool_down_s:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """The call came through."""
        self._failures = 0
        self._opened_at = None
        self._probing = False

    def failed(self, now: float) -> None:
        """The endpoint failed the call: refused, broke, or kept us waiting."""
        self._failures += 1
        self._probing = False
        if self._opened_at is not None or self._failures >= self.threshold:
            self._opened_at = now

    def abandoned(self) -> None:
        """The call was given up by us; that says nothing about the endpoint."""
        self._probing = False

    @property
    def open(self) -> bool:
        """Whether calls are refused or probing."""
        return self._opened_at is not None
