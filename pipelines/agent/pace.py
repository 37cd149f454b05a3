"""How long a model takes to its first words, told by its last answers.  [core]

A filler takes about a second to say, so one that comes before quick words only delays them: whoever thinks of
saying one must know whom they are waiting for.
"""

import statistics
from collections import deque

ANSWERS = 5
"So many answers are looked at: a model that was slow once is not a slow model."
SLOW_S = 0.9
"First words that take longer are worth a filler."


class Pace:
    """Of one model, for all sessions of a process."""

    def __init__(self) -> None:
        self._took_s: deque[float] = deque(maxlen=ANSWERS)

    def began(self, after_s: float) -> None:
        """An answer's first words came so many seconds after they were asked for."""
        self._took_s.append(after_s)

    @property
    def is_slow(self) -> bool | None:
        """Whether the next first words will be long in coming; None: nobody has been answered yet."""
        return statistics.median(self._took_s) > SLOW_S if self._took_s else None
