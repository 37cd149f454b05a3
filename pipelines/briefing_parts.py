"""What a briefing consists of: values, each with the turn or the tool result that it comes from. [core]

`source_turn` is the id of a customer's turn, or of one of ours where it says so. Values are as they were
said or as the tool gave them; `text` of a deed, a failure or a limit is a sentence for people made of
nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.facts import Channel
from pipelines.sentiment import Sentiment

Scalar = str | int | float


class Part(BaseModel):
    """What all parts share."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Told(Part):
    """A part that is also a sentence."""

    text: str


class Who(Part):
    """Who the customer is, and how we know."""

    name: str | None = None
    customer_id: str | None = None
    verified: bool = False
    method: str | None = None
    "How they proved it, e.g. `order+zip`."
    failed_tries: int = 0
    email: str | None = None
    channel: Channel | None = None
    "Where they are now."
    channels: tuple[Channel, ...] = ()
    "Where they have been in this contact, in order."
    claims: Mapping[str, str] = Field(default_factory=dict)
    "What the wire says of who calls (`caller`, `called`, `trunk`, context headers); nobody has checked it."


class Matter(Part):
    """Something that the customer wanted."""

    intent: str | None = None
    "Fits into `They want to …`; None: nobody understood it."
    words: str = ""
    "The customer's own."
    source_turn: str = ""
    state: Literal["open", "done", "answered", "unanswered", "cancelled", "failed", "refused"] = "open"


class Why(Part):
    """What they want of us now, and what else it was about."""

    intent: str | None = None
    words: str = ""
    source_turn: str | None = None
    reason: str | None = None
    "Why a person was asked for: the handoff's stable code."
    earlier: tuple[Matter, ...] = ()


class Known(Part):
    """Something that is known of the matter."""

    key: str
    value: Scalar
    source_turn: str
    "Where the customer said it, or the turn for which a tool found it."
    confirmed: bool
    "A service has borne it out, and nothing was changed there since."
    source: Literal["customer", "tool"]
    about: str | None = None
    "What it is a property of, e.g. an order's number."


class Deed(Told):
    """Something that was done, and its proof."""

    tool: str
    receipt: str
    result: Mapping[str, Scalar]
    source_turn: str
    by: Literal["bot", "human"] = "bot"
    note: bool = False
    "It is only the handoff's own note for a colleague."


class Failure(Told):
    """Something that was tried and did not work."""

    tool: str | None
    "None: the conversation did not get that far."
    code: str
    "`unconfirmed`: it may have been done all the same."
    source_turn: str
    times: int = 1


class Promise(Told):
    """What the customer was told will happen, in those words."""

    source_turn: str
    "Of our own turn."
    by: Literal["bot", "human"]


class Limit(Told):
    """Where policy said no."""

    tool: str
    code: str
    limit: Mapping[str, Scalar]
    "What the rule holds a call against, if it is a number."
    asked: Mapping[str, Scalar]
    "What was asked for."
    source_turn: str


class Note(Told):
    """What a colleague wrote for colleagues."""

    purpose: str
    agent: str


class OpenQuestion(Part):
    """A question that waits for its answer."""

    text: str
    source_turn: str
    by: Literal["customer", "bot"]


class Redaction(Part):
    """Personal data that this reader does not get."""

    field: str
    how: Literal["masked", "withheld"]


class Packet(Part):
    """The parts together."""

    who: Who = Who()
    why: Why = Why()
    facts: tuple[Known, ...] = ()
    done: tuple[Deed, ...] = ()
    failed: tuple[Failure, ...] = ()
    promised: tuple[Promise, ...] = ()
    policy_limits: tuple[Limit, ...] = ()
    notes: tuple[Note, ...] = ()
    sentiment: Sentiment = Sentiment()
    language: str = "en"
    "BCP 47."
    next_best_action: str = ""
    open_question: OpenQuestion | None = None
    redactions: tuple[Redaction, ...] = ()


@dataclass(frozen=True, slots=True)
class Glossary:
    """The words of one agent's definition that a briefing needs."""

    intents: Mapping[str, str] = field(default_factory=dict)
    "By workflow; fits into `They want to …`."
    questions: Mapping[str, str] = field(default_factory=dict)
    "What is asked for a slot."
    deeds: Mapping[str, str] = field(default_factory=dict)
    "By tool, the workflow that it is the deed of."
    proofs: frozenset[str] = frozenset({"zip"})
    "Slots and fields by whose value a customer proves who they are: no reader gets one."
    identity_tool: str = "verify_identity"
    note_tool: str | None = None
    "What a handoff writes its note with."
    language: str = "en"
    "What is spoken as long as the customer's words do not tell."


def scalars(values: Mapping[str, Any]) -> dict[str, Scalar]:
    """The values that are one thing each and say something; a yes or no is a step of ours and no value."""
    return {
        key: value
        for key, value in values.items()
        if isinstance(value, str | int | float)
        and not isinstance(value, bool)
        and any(map(str.isalnum, str(value)))
    }
