"""Decides about one consult: an agent asks a colleague while the customer hears music.  [core]

What happens and the time go in, what is to be done comes out, as in `machine.py`. What does not fit the state
is passed over: it changes nothing, and `take` returns None, so that its sender can be told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gateway.desk.messages import ConsultWhy as Why


class Stage(StrEnum):
    """Where a consult stands. Every one but the last ends by itself if nothing happens."""

    ASKED = "asked"
    "It rings at the colleague's desk; the customer is with the agent as before."
    TALKING = "talking"
    "Agent and colleague talk, the customer hears music."
    HANDING_OVER = "handing_over"
    "The colleague is about to have the customer."
    OVER = "over"


@dataclass(frozen=True, slots=True)
class ConsultLimits:
    """How long each stage may last, ms."""

    asked_ms: int = 20_000
    talking_ms: int = 1_800_000
    handing_over_ms: int = 10_000


# --- what may happen ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Accepted:
    """The colleague said yes."""

    held: bool
    "The customer was on hold already, which is not for us to end."


@dataclass(frozen=True, slots=True)
class Declined:
    """The colleague said no."""


@dataclass(frozen=True, slots=True)
class WentBack:
    """The agent goes on with the customer, or does not want to ask any more."""


@dataclass(frozen=True, slots=True)
class Left:
    """The colleague has said what they had to say."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The audio or the desk of one of the two is gone."""


@dataclass(frozen=True, slots=True)
class Parted:
    """Agent and customer are not connected any more, whatever the reason."""

    customer_left: bool = False


@dataclass(frozen=True, slots=True)
class HandOver:
    """The agent gives the customer to the colleague."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """That is done."""


@dataclass(frozen=True, slots=True)
class NotHandedOver:
    """That could not be done."""


Happening = Accepted | Declined | WentBack | Left | Lost | Parted | HandOver | HandedOver | NotHandedOver


class Do(StrEnum):
    """What is to be done, in order."""

    HOLD = "hold"
    "Give the customer music."
    JOIN = "join"
    "Let the colleague and the agent hear each other."
    LEAVE = "leave"
    "Take the colleague out of the room."
    UNHOLD = "unhold"
    "Let agent and customer hear each other again."
    HAND_OVER = "hand_over"
    "Make an agent of the colleague; answer with `HandedOver` or `NotHandedOver`."


Actions = list[Do]


class Consult:
    """One consult, from the question to its end."""

    def __init__(self, consult_id: str, now_ms: int, limits: ConsultLimits | None = None) -> None:
        self.consult_id = consult_id
        self._limits = limits or ConsultLimits()
        self.stage = Stage.ASKED
        self.why: Why | None = None
        "How it ended, once it has."
        self.due_ms: int | None = now_ms + self._limits.asked_ms
        "When the stage ends by itself; None at the end."
        self._held = False
        self._parted = False

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.stage is Stage.OVER

    @property
    def talking(self) -> bool:
        """Whether the colleague has said yes, and it is not over."""
        return self.stage in (Stage.TALKING, Stage.HANDING_OVER)

    def take(self, happened: Happening, now_ms: int) -> Actions | None:
        """What is to be done about it, in order; None if it does not fit where things stand."""
        step = TRANSITIONS.get((self.stage, type(happened)))
        return step(self, happened, now_ms) if step is not None else None

    def overdue(self, now_ms: int) -> Actions:
        """What is to be done because the stage has lasted too long; nothing before `due_ms`."""
        if self.due_ms is None or now_ms < self.due_ms:
            return []
        whys: dict[Stage, Why] = {Stage.ASKED: "missed", Stage.TALKING: "too_long"}
        return self._end(whys.get(self.stage, "failed"))

    # --- moving ---------------------------------------------------------------------------------------

    def _go(self, stage: Stage, now_ms: int) -> None:
        self.stage = stage
        self.due_ms = now_ms + int(getattr(self._limits, f"{stage.value}_ms"))

    def _end(self, why: Why, *, unhold: bool | None = None) -> Actions:
        """`unhold`: whether the customer's music ends; None: if it began with the consult."""
        joined = self.talking
        self.stage, self.why, self.due_ms = Stage.OVER, why, None
        if not joined:
            return []
        ends = not self._held if unhold is None else unhold
        return [Do.LEAVE, Do.UNHOLD] if ends and not self._parted else [Do.LEAVE]

    def _accepted(self, happened: Accepted, now_ms: int) -> Actions:
        self._held = happened.held
        self._go(Stage.TALKING, now_ms)
        return [Do.JOIN] if happened.held else [Do.HOLD, Do.JOIN]

    def _declined(self, happened: Declined | Left, now_ms: int) -> Actions:
        return self._end("declined")

    def _withdrawn(self, happened: WentBack, now_ms: int) -> Actions:
        return self._end("withdrawn")

    def _back(self, happened: WentBack, now_ms: int) -> Actions:
        return self._end("back", unhold=True)

    def _left(self, happened: Left, now_ms: int) -> Actions:
        return self._end("left")

    def _lost(self, happened: Lost, now_ms: int) -> Actions:
        return self._end("lost")

    def _parted_from_customer(self, happened: Parted, now_ms: int) -> Actions:
        self._parted = True
        if self.stage is Stage.HANDING_OVER:
            return [Do.LEAVE]  # to come in again as the customer's agent
        return self._end("customer_left" if happened.customer_left else "parted")

    def _hand_over(self, happened: HandOver, now_ms: int) -> Actions:
        self._go(Stage.HANDING_OVER, now_ms)
        return [Do.HAND_OVER]

    def _handed_over(self, happened: HandedOver, now_ms: int) -> Actions:
        self._parted = True
        return self._end("handed_over")

    def _not_handed_over(self, happened: NotHandedOver, now_ms: int) -> Actions:
        if self._parted:
            return self._end("failed")
        self._go(Stage.TALKING, now_ms)
        return []


Step = Callable[[Consult, Happening, int], Actions]


def _table() -> dict[tuple[Stage, type[Happening]], Step]:
    """What does what in which stage."""
    asked, talking, handing_over = Stage.ASKED, Stage.TALKING, Stage.HANDING_OVER
    rows: list[tuple[tuple[Stage, ...], type[Happening], Callable[..., Actions]]] = [
        ((asked,), Accepted, Consult._accepted),
        ((asked,), Declined, Consult._declined),
        ((asked,), Left, Consult._declined),
        ((asked,), WentBack, Consult._withdrawn),
        ((talking,), WentBack, Consult._back),
        ((talking,), Left, Consult._left),
        ((asked, talking, handing_over), Lost, Consult._lost),
        ((asked, talking, handing_over), Parted, Consult._parted_from_customer),
        ((talking,), HandOver, Consult._hand_over),
        ((handing_over,), HandedOver, Consult._handed_over),
        ((handing_over,), NotHandedOver, Consult._not_handed_over),
    ]
    return {(stage, kind): step for stages, kind, step in rows for stage in stages}


TRANSITIONS = _table()
