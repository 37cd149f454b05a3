"""Which new call gets a place, which waits for one, and which is turned away.  [core]

Two things say no. The number of places: what this machine is meant to carry, `places` unless configured.
And a gate that closes when what is measured says that the calls under way already suffer: final decodes
wait for one another, or the event loop is late. It opens again only at a much lower pressure that lasts, and
then lets callers in one by one, so that it does not flap and a queue does not become a stampede.

Callers wait in the order in which they came, and nobody overtakes. As many may wait as there are places:
where calls last about as long as callers are ready to wait, each of them gets one. Call ids and the time
(`now_ms`, any clock that does not jump) come in as arguments.
"""

from dataclasses import dataclass
from typing import Literal

PLACES_PER_CORE = 2
"With the embedded recogniser, which decodes on the cores that also carry the calls."
PLACES_PER_CORE_ELSEWHERE = 20
"Where speech is recognised by a service, and a call costs its audio and its turns only."

CLOSE_AFTER_MS = 2_000
"So long the pressure must be high."
OPEN_AFTER_MS = 5_000
"So long it must be low."
RECOVERY_MS = 30_000
"After the gate has opened, for so long, callers are let in one by one,"
ONE_BY_ONE_MS = 2_000
"and so far apart: as long as a new call needs to show in what is measured."

Why = Literal["lines_busy", "waited_too_long", "draining"]


def places(cores: int, *, embedded_recogniser: bool) -> int:
    """How many calls a machine is meant to carry, unless it is configured (see docs/decisions.md)."""
    return cores * (PLACES_PER_CORE if embedded_recogniser else PLACES_PER_CORE_ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Pressure:
    """What calls under way suffer from."""

    waited_s: float = 0.0
    "Final decodes waited so long for the recogniser lately."
    worked_s: float = 0.0
    "And took so long then."
    lag_s: float = 0.0
    "The event loop's timers fired so late."

    def exceeds(self, other: "Pressure") -> bool:
        """Whether any figure is above the other's."""
        return self.waited_s > other.waited_s or self.worked_s > other.worked_s or self.lag_s > other.lag_s


HIGH = Pressure(waited_s=0.25, worked_s=1.5, lag_s=0.05)
LOW = Pressure(waited_s=0.10, worked_s=1.0, lag_s=0.02)


@dataclass(frozen=True, slots=True)
class Admitted:
    """The call has a place."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The call is in the queue."""

    position: int
    "1: the next one."


@dataclass(frozen=True, slots=True)
class Refused:
    """The call cannot be taken."""

    why: Why


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """How many, and how long."""

    calls: int
    waiting: int
    wait_ms: int


class Gate:
    """Closed while the pressure is too high for further calls; a hysteresis over pressure and time."""

    def __init__(self) -> None:
        self.is_open = True
        self._otherwise_since_ms: int | None = None
        "Since when the pressure speaks for the other state."
        self._opened_ms: int | None = None

    def feel(self, pressure: Pressure, now_ms: int) -> None:
        """Take the newest figures; several times a second."""
        otherwise = pressure.exceeds(HIGH) if self.is_open else not pressure.exceeds(LOW)
        if not otherwise:
            self._otherwise_since_ms = None
            return
        if self._otherwise_since_ms is None:
            self._otherwise_since_ms = now_ms
        if now_ms - self._otherwise_since_ms < (CLOSE_AFTER_MS if self.is_open else OPEN_AFTER_MS):
            return
        self._otherwise_since_ms = None
        self.is_open = not self.is_open
        self._opened_ms = now_ms if self.is_open else None

    def recovering(self, now_ms: int) -> bool:
        """Whether it opened a short while ago."""
        return self._opened_ms is not None and now_ms - self._opened_ms < RECOVERY_MS


class Admission:
    """The places of one process and the queue before them."""

    def __init__(self, limits: AdmissionLimits) -> None:
        self._limits = limits
        self._gate = Gate()
        self._talking: set[str] = set()
        self._waiting: dict[str, int] = {}
        "In order, since when."
        self._not_before_ms = 0
        self.draining = False

    @property
    def talking(self) -> int:
        """Calls that have a place."""
        return len(self._talking)

    @property
    def waiting(self) -> int:
        """Calls in the queue."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether a new call would not get a place at once."""
        return (
            self.draining
            or bool(self._waiting)
            or not self._gate.is_open
            or len(self._talking) >= self._limits.calls
        )

    def position(self, call_id: str) -> int:
        """Where a waiting call stands, 1 the next one. Raises `ValueError` for others."""
        return list(self._waiting).index(call_id) + 1

    def offer(self, call_id: str, now_ms: int) -> Admitted | Waiting | Refused:
        """A new call; every one must `leave` in the end, whatever became of it."""
        assert call_id not in self._talking and call_id not in self._waiting
        if self.draining:
            return Refused("draining")
        if not self._waiting and self._has_place(now_ms):
            self._admit(call_id, now_ms)
            return Admitted()
        if len(self._waiting) >= self._limits.waiting:
            return Refused("lines_busy")
        self._waiting[call_id] = now_ms
        return Waiting(len(self._waiting))

    def leave(self, call_id: str) -> None:
        """The call is over, or its caller waits no longer; safe to call twice."""
        self._talking.discard(call_id)
        self._waiting.pop(call_id, None)

    def drain(self) -> None:
        """From now on nobody gets a place."""
        self.draining = True

    def feel(self, pressure: Pressure, now_ms: int) -> None:
        """Take what was measured; several times a second."""
        self._gate.feel(pressure, now_ms)

    def decide(self, now_ms: int) -> dict[str, Admitted | Refused]:
        """Those who need wait no longer, and why; to be asked after every `leave`, `drain` and `feel`."""
        decided: dict[str, Admitted | Refused] = {}
        for call_id, since_ms in list(self._waiting.items()):
            if self.draining:
                decided[call_id] = Refused("draining")
            elif self._has_place(now_ms):
                self._admit(call_id, now_ms)
                decided[call_id] = Admitted()
            elif now_ms - since_ms >= self._limits.wait_ms:
                decided[call_id] = Refused("waited_too_long")
            if call_id in decided:
                self._waiting.pop(call_id)
        return decided

    def _has_place(self, now_ms: int) -> bool:
        return (
            self._gate.is_open and len(self._talking) < self._limits.calls and now_ms >= self._not_before_ms
        )

    def _admit(self, call_id: str, now_ms: int) -> None:
        self._talking.add(call_id)
        if self._gate.recovering(now_ms):
            self._not_before_ms = now_ms + ONE_BY_ONE_MS
