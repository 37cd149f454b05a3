"""Events: the facts of one session, in order, with a number and a time.

The same list is the client API, the session log, the audit trail and what tests expect. Pipelines
and the agent produce `Fact`s; the gateway adds its own (who joined, how it ended) and gives each
durable one the next sequence number of its session.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from pipelines.facts import AnyFact, Channel, Fact, Values

Message = dict[str, Any]
"A JSON object on its way to a client."


class SessionStarted(Fact):
    """A contact began."""

    type: Literal["session.started"] = "session.started"
    channel: Channel


class LegJoined(Fact):
    """A connection joined the session."""

    type: Literal["leg.joined"] = "leg.joined"
    leg_id: str
    role: Literal["customer", "bot", "human", "supervisor"]
    kind: Literal["webrtc", "chat", "sip", "stream"]
    pii: Values | None = None
    "What the wire tells of who calls: `caller`, `called`, `trunk`, context headers. Nobody has checked it."

    @property
    def private(self) -> bool:
        """That a supervisor listens is for our own people to know."""
        return self.role == "supervisor"


class LegLeft(Fact):
    """A connection left the session."""

    type: Literal["leg.left"] = "leg.left"
    leg_id: str
    role: Literal["human", "supervisor"] | None = None
    "Whose it was, if not the customer's."
    by: str
    reason: str

    @property
    def private(self) -> bool:
        """That a supervisor listened is for our own people to know."""
        return self.role == "supervisor"


class CallWaiting(Fact):
    """A call is in the queue for a place to talk; sent again, unstored, whenever it has moved up."""

    type: Literal["call.waiting"] = "call.waiting"
    leg_id: str
    position: int
    "1: the next one."


class CallAdmitted(Fact):
    """A call that waited has a place now."""

    type: Literal["call.admitted"] = "call.admitted"
    leg_id: str
    waited_ms: int


class CallRefused(Fact):
    """A call cannot be taken: the caller is told so, then hung up on."""

    type: Literal["call.refused"] = "call.refused"
    leg_id: str
    reason: Literal["lines_busy", "waited_too_long", "draining"]
    message: str
    "What the caller hears."


class CallPickedUp(Fact):
    """A call that we placed was taken, by whom and what tells."""

    type: Literal["call.picked_up"] = "call.picked_up"
    leg_id: str
    answerer: Literal["person", "machine", "fax", "network", "unknown"]
    by: Literal["length", "words", "tone", "silence"]
    after_ms: int
    "Since it was answered."


class HandoffChanged(Fact):
    """A handoff came to another state; a fold keeps the newest. See `gateway/handoff`."""

    type: Literal["handoff.changed"] = "handoff.changed"
    handoff_id: str
    state: str
    "One of `gateway.handoff.states.State`."
    floor: Literal["bot", "human", "none"]
    "Who may speak or write to the customer from now on."
    reason: str
    "Why it came to this state: a stable code."
    agent_id: str | None = None
    agent: str | None = None
    "The name that the customer is shown."
    outcome: str | None = None
    "Once the handoff is over: how it went, a stable code."


class QueuePosition(Fact):
    """Where a customer who waits for a person stands; sent again whenever that changes."""

    durable: ClassVar[bool] = False
    type: Literal["handoff.position"] = "handoff.position"
    handoff_id: str
    position: int
    "1: the next one."
    wait_s: int | None = None
    "How long it will take; None: that is not known."


class FileName(BaseModel):
    """Personal data of a fact about a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str


class FileShared(Fact):
    """The customer or a person of ours sent a file; its bytes are fetched over HTTP."""

    type: Literal["file.shared"] = "file.shared"
    file_id: str
    by: Literal["customer", "agent"]
    agent_id: str | None = None
    agent: str | None = None
    "The name that the customer is shown."
    size: int
    "Bytes."
    media_type: str
    "By the file's own bytes."
    pii: FileName | None = None
    "None once it was erased. The conversation that models read has neither the file nor its name."


class SessionEnded(Fact):
    """How and why the contact ended, and through whom."""

    type: Literal["session.ended"] = "session.ended"
    outcome: str
    "`resolved`, `abandoned`, `handed_off`, `failed`, `expired`."
    reason: str
    by: str


AnyEventFact = Annotated[
    AnyFact
    | SessionStarted
    | LegJoined
    | LegLeft
    | CallWaiting
    | CallAdmitted
    | CallRefused
    | CallPickedUp
    | HandoffChanged
    | QueuePosition
    | FileShared
    | SessionEnded,
    Field(discriminator="type"),
]

FACT: TypeAdapter[AnyEventFact] = TypeAdapter(AnyEventFact)
"Parses any fact from its JSON object; raises `pydantic.ValidationError`."


@dataclass(frozen=True, slots=True)
class Event:
    """A fact with its place in the session."""

    seq: int
    "1, 2, 3 … without gaps for stored facts; 0 for facts that are sent but not stored."
    at: float
    "Unix time, seconds."
    fact: Fact

    def message(self) -> Message:
        """The event as a JSON object for clients and the store."""
        return {
            "seq": self.seq,
            "at": round(self.at, 3),
            **self.fact.model_dump(mode="json", exclude_none=True),
        }
