"""How late packets were, in a histogram that forgets: which lateness do nearly all stay below?  [core]"""

BUCKET_MS = 5
_NEARLY_ALL = 0.98
_FORGET = 1.002
"By this much each packet weighs more than the one before: half is forgotten in 350 packets (7 s)."
_HEAVIEST = 1e12


class Lateness:
    """Of one stream, whose clock has `per_ms` ticks; what is above `most_ms` counts as just above it."""

    __slots__ = ("_bucket", "_weight", "_weights")

    def __init__(self, per_ms: int, most_ms: int) -> None:
        self._bucket = BUCKET_MS * per_ms
        self._weights = [0.0] * (most_ms // BUCKET_MS + 1)
        self._weight = 1.0

    def add(self, late: int) -> None:
        """One packet's lateness in ticks, 0 or more."""
        bucket = late // self._bucket
        self._weights[bucket if bucket < len(self._weights) else -1] += self._weight
        self._weight *= _FORGET
        if self._weight > _HEAVIEST:
            self._weights = [weight / self._weight for weight in self._weights]
            self._weight = 1.0

    def nearly_all_ms(self) -> int:
        """The lateness that 98 of 100 packets stay below."""
        spare = sum(self._weights) * (1 - _NEARLY_ALL)
        for bucket in range(len(self._weights) - 1, -1, -1):
            spare -= self._weights[bucket]
            if spare < 0:
                return (bucket + 1) * BUCKET_MS
        return 0
