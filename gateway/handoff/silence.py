"""How long nobody is heard in a call while a person is brought in: neither the customer, nor us, nor music.
[core]

What is played to the customer and what they say is all that counts; line noise is no sound.
"""

from gateway.mixing import quiet
from pipelines.audio import Frame


class Silence:
    """From `now` on; all times are seconds of one clock."""

    def __init__(self, now: float) -> None:
        self._since = now
        self._longest = 0.0

    def passed(self, frame: Frame, now: float) -> None:
        """A frame came from the customer, or went to them."""
        if not quiet(frame):
            self._longest, self._since = self.longest(now), now

    def longest(self, now: float) -> float:
        """The longest silence so far, one that still lasts too."""
        return max(self._longest, now - self._since)
