"""Whether a call ended before its time, told by the session's events.  [core]

It did when the network lost it, when we had to stop, and when the customer hung up while they were in line or
with a person. Who hangs up on the bot has had enough; whose contact our agent ended has been served.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.events import Event, HandoffChanged, LegJoined, LegLeft, SessionEnded
from pipelines.conversation import Conversation
from pipelines.facts import HandoffRequested

STOPPING = "the gateway is about to"
"How the reason begins for which a stopping gateway hangs up."


@dataclass(frozen=True, slots=True)
class CutOff:
    """A call that was lost, and what was going on."""

    at: float
    "Unix time, s."
    workflow: str | None = None
    "That was under way with the bot."
    skill: str | None = None
    "Of the person who was wanted or there; None: the customer was with the bot alone."


def cut_off(events: Iterable[Event]) -> CutOff | None:
    """How the newest call of a session was lost; None: it was not, or nothing had been said in it."""
    call = _Call()
    for event in events:
        call.take(event)
    return call.verdict()


class _Call:
    """A session's newest call, and the handoff in it."""

    def __init__(self) -> None:
        self._conversation = Conversation("")
        self._at = 0.0
        self._leg: LegJoined | None = None
        self._left: LegLeft | None = None
        self._handoff: HandoffChanged | None = None
        self._skill = "general"
        self._reasons: set[str] = set()
        "Why the handoff came to its states."
        self._over = False

    def take(self, event: Event) -> None:
        """The next event."""
        fact = event.fact
        self._at = event.at
        self._conversation.apply(fact)
        match fact:
            case LegJoined(role="customer"):
                self._leg, self._left = fact, None
            case LegLeft(leg_id=leg_id) if self._leg is not None and leg_id == self._leg.leg_id:
                self._left = fact
            case HandoffRequested(skill=skill):
                self._skill = skill
            case HandoffChanged(handoff_id=handoff_id):
                if self._handoff is None or self._handoff.handoff_id != handoff_id:
                    self._reasons.clear()
                self._handoff = fact
                self._reasons.add(fact.reason)
            case SessionEnded():
                self._over = True

    def verdict(self) -> CutOff | None:
        """What came of it."""
        if self._leg is None or self._over or "agent_ended" in self._reasons:
            return None
        workflow = self._conversation.workflow
        under_way = workflow.workflow if workflow is not None and workflow.state == "active" else None
        if self._wanted_person:
            return CutOff(self._at, under_way, self._skill)
        spoke = any(turn.party == "customer" for turn in self._conversation.turns)
        return CutOff(self._at, under_way) if spoke and self._lost else None

    @property
    def _wanted_person(self) -> bool:
        """The customer was in line or with a person when the call ended."""
        handoff = self._handoff
        if handoff is None:
            return False
        abandoned = (handoff.outcome or "").startswith("abandoned")
        return handoff.outcome is None or abandoned or "customer_left" in self._reasons

    @property
    def _lost(self) -> bool:
        """Neither side wanted it to end; without a word of its end the process died with it."""
        left = self._left
        return left is None or left.by == "network" or left.reason.startswith(STOPPING)
