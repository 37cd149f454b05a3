"""How long a contact will wait, from how long contacts took.  [core]

With a free agent it takes as long as offers took to be accepted. Else a place must become free first: of
`places` that are all taken, each for `handled_s` on average, one becomes free every `handled_s / places`,
and a contact needs as many of these as it has position. Nothing is said before enough contacts were seen,
nor of waits so long that the guess would be worth nothing.
"""

from dataclasses import dataclass, replace

ENOUGH = 5
"Contacts that must have been seen."
MEMORY = 20
"About so many contacts the averages remember."
LONGEST_S = 3_600


@dataclass(frozen=True, slots=True)
class Figures:
    """Moving averages of one queue and channel."""

    accepted: int = 0
    accepted_s: float = 0.0
    "From the offer to its acceptance."
    handled: int = 0
    handled_s: float = 0.0
    "From the acceptance until the agent was through."

    def accept(self, took_s: float) -> "Figures":
        """An offer was accepted."""
        count = self.accepted + 1
        return replace(self, accepted=count, accepted_s=_moved(self.accepted_s, took_s, count))

    def handle(self, took_s: float) -> "Figures":
        """An agent is through with a contact."""
        count = self.handled + 1
        return replace(self, handled=count, handled_s=_moved(self.handled_s, took_s, count))


def wait_s(figures: Figures, position: int, places: int, free: int) -> int | None:
    """How long the contact at this position waits for one of `places`, `free` of which are; None: unknown."""
    if places == 0 or figures.accepted < ENOUGH:
        return None
    if position <= free:
        return round(figures.accepted_s)
    if figures.handled < ENOUGH:
        return None
    seconds = figures.accepted_s + (position - free) * figures.handled_s / places
    return round(seconds) if seconds <= LONGEST_S else None


def _moved(mean: float, value: float, count: int) -> float:
    return mean + (max(value, 0.0) - mean) / min(count, MEMORY)
