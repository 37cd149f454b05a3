"""Typed facts: everything worth knowing that happens while we hear, think and speak.

A fact is what a pipeline or the agent says; the gateway wraps it into an `Event` with a sequence
number and a time, stores it, and sends it to whoever listens. State is folded from facts
(`Conversation.apply`), so a session can be rebuilt after a crash. Personal data stands only in the
`pii` object of a fact: erasing a person empties those objects and leaves the rest.

Facts whose class says `durable = False` are sent but never stored (partial captions, text deltas).
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Channel = Literal["voice", "chat"]


class Unavailable(Exception):
    """A dependency (store, model, recogniser, service) is down or full: try later; not the caller's fault."""


class Fact(BaseModel):
    """What all facts share; `type` is the stable name on the wire and in the log."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    durable: ClassVar[bool] = True

    @property
    def private(self) -> bool:
        """Whether it is for our own people only: the customer's client never gets it."""
        return False


class Words(BaseModel):
    """Personal data of a fact that is speech or text."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str


class Values(BaseModel):
    """Personal data of a fact that is a set of named values."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    values: dict[str, Any] = Field(default_factory=dict)


# --- hearing ---------------------------------------------------------------------------------------


class SpeechStarted(Fact):
    """The customer began to speak."""

    durable: ClassVar[bool] = False
    type: Literal["speech.started"] = "speech.started"


class SpeechStopped(Fact):
    """The customer fell silent; the turn may or may not be over."""

    durable: ClassVar[bool] = False
    type: Literal["speech.stopped"] = "speech.stopped"


class TranscriptPartial(Fact):
    """What we think was said so far; replaces the former partial of this turn."""

    durable: ClassVar[bool] = False
    type: Literal["transcript.partial"] = "transcript.partial"
    stable_chars: int = 0
    "So many leading characters will not change any more."
    party: Literal["human"] | None = None
    "Whose words they are, if not the customer's: those of the person who talks with them."
    pii: Words


# --- turns -----------------------------------------------------------------------------------------


class Latency(BaseModel):
    """Where the time of a spoken turn went: ms after the customer's last voiced sample, in no fixed order."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    decision_ms: int | None = None
    "The end of the turn was decided."
    drafted_ms: int | None = None
    "The reply was begun before that decision; None: it was begun after it."
    final_transcript_ms: int | None = None
    understood_ms: int | None = None
    "What the customer wants was known."
    tools_ms: int | None = None
    "Not a moment but a duration: what tools took before the first word; None: none was used."
    first_token_ms: int | None = None
    "First text of the reply, whoever made it (model, workflow, answer from knowledge)."
    first_clause_ms: int | None = None
    "First piece of the text handed to the voice."
    filler_ms: int | None = None
    "First sample of a filler handed to the leg, which was heard until the reply came; None: none was said."
    first_audio_ms: int | None = None
    "First sample of the reply itself handed to the leg."


class CustomerTurn(Fact):
    """The customer said or wrote something, complete."""

    type: Literal["turn.customer"] = "turn.customer"
    turn_id: str
    channel: Channel
    client_id: str | None = None
    "The chat client's own id of the message: the same id again is the same message."
    source: Literal["keypad"] | None = None
    "How it came, if not in the channel's own way: keyed on a telephone, perhaps with words said along."
    pii: Words


class ReplyStarted(Fact):
    """We began to answer a turn (or to speak unasked: `answers` is None)."""

    type: Literal["reply.started"] = "reply.started"
    turn_id: str
    answers: str | None
    "`turn_id` of the customer's turn."


class ReplyDelta(Fact):
    """More words of a reply under way."""

    durable: ClassVar[bool] = False
    type: Literal["reply.delta"] = "reply.delta"
    turn_id: str
    offset: int
    "Where in the reply's text these words begin, in characters."
    text: str


class Cited(BaseModel):
    """A passage that a reply rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    passage_id: str
    title: str
    heading: str = ""
    article: str
    "The article's name, e.g. `return-policy`."


class ReplyDone(Fact):
    """Our turn is over. What the transcript keeps is what the customer heard or could read."""

    type: Literal["reply.done"] = "reply.done"
    turn_id: str
    answers: str | None
    interrupted: bool = False
    heard_ms: int | None = None
    "Voice: ms of the reply that were played."
    source: Literal["workflow", "knowledge", "model", "fixed"] = "model"
    "Who made the words."
    citations: list[Cited] = Field(default_factory=list)
    latency: Latency | None = None
    pii: Words


class HumanTurn(Fact):
    """A person of ours said or wrote something to the customer, complete."""

    type: Literal["turn.human"] = "turn.human"
    turn_id: str
    channel: Channel
    agent_id: str
    agent: str
    "The name that the customer is shown."
    client_id: str | None = None
    "The desk's own id of a typed message: the same id again is the same message."
    pii: Words


class NoteAdded(Fact):
    """Something written for colleagues or for the bot, which the customer never sees."""

    type: Literal["note.added"] = "note.added"
    purpose: Literal["private", "hand_back", "whisper", "wrap_up"]
    "`hand_back`: what the bot is told when it talks with the customer again."
    agent_id: str
    agent: str
    pii: Words

    @property
    def private(self) -> bool:
        """Always."""
        return True


class Suggestion(Fact):
    """What the bot proposes to the person who talks with the customer."""

    durable: ClassVar[bool] = False
    type: Literal["suggestion"] = "suggestion"
    turn_id: str
    "The customer's turn that it is for."
    kind: Literal["reply", "answer"]
    "A sentence to say, or what the articles have on it."
    citations: list[Cited] = Field(default_factory=list)
    pii: Words

    @property
    def private(self) -> bool:
        """Always."""
        return True


# --- thinking --------------------------------------------------------------------------------------


class Understood(Fact):
    """What we took the customer's turn to mean, and how sure we were."""

    type: Literal["turn.understood"] = "turn.understood"
    turn_id: str
    commands: list[str]
    "E.g. `start(refund)`, `fill(order_id)`, `ask`, `hand_off`; never with values."
    by: Literal["rules", "classifier", "model"]
    confidence: float


class WorkflowChanged(Fact):
    """The state of a workflow after a step; a fold keeps the newest."""

    type: Literal["workflow.changed"] = "workflow.changed"
    workflow: str
    state: Literal["active", "done", "cancelled", "failed", "refused"]
    awaiting: str | None = None
    "The slot or confirmation that was asked for."
    digits: int | None = None
    "What was asked for is a number of so many digits."
    secret: bool = False
    "What was asked for stands in no fact: see `secret.py`."
    attempts: int = 0
    pii: Values = Values()
    "Slots filled so far."


class ToolCalled(Fact):
    """A tool was asked to do something."""

    type: Literal["tool.called"] = "tool.called"
    turn_id: str
    call_id: str
    tool: str
    effect: Literal["read", "attempt", "write"]
    "What the tool may do; see `tools.tool.Effect`."
    agent_id: str | None = None
    "The person of ours who ran it, at the desk; None: the bot."
    pii: Values = Values()
    "Arguments."


class ToolFinished(Fact):
    """What came of a tool call."""

    type: Literal["tool.finished"] = "tool.finished"
    turn_id: str
    call_id: str
    tool: str
    outcome: Literal["done", "refused", "failed"]
    code: str | None = None
    "Refusal code or error kind."
    receipt_id: str | None = None
    elapsed_ms: int = 0
    agent_id: str | None = None
    "As in `ToolCalled`."
    pii: Values = Values()
    "Data and receipt facts, and of a refusal what the rule held the call against (`limit`)."


class IdentityVerified(Fact):
    """The customer proved who they are."""

    type: Literal["identity.verified"] = "identity.verified"
    customer_id: str
    method: str
    pii: Values = Values()


class HandoffRequested(Fact):
    """Somebody asked for a person: the customer, policy, or the model."""

    type: Literal["handoff.requested"] = "handoff.requested"
    reason: str
    skill: str = "general"


class HandoffChosen(Fact):
    """The customer said what they want instead of a person, or that they want none any more."""

    type: Literal["handoff.chosen"] = "handoff.chosen"
    choice: Literal["callback", "message", "stay", "wait", "cancel"]
    pii: Values | None = None
    "Of a callback: the `number` as it is dialled, and the time (`at`, Unix s) if the customer named one."


class Activity(Fact):
    """What the bot is doing right now, for captions and typing marks."""

    durable: ClassVar[bool] = False
    type: Literal["activity"] = "activity"
    state: Literal["listening", "thinking", "speaking", "typing", "idle"]


class Trouble(Fact):
    """Something went wrong on our side or a dependency's; the session goes on."""

    type: Literal["trouble"] = "trouble"
    code: str
    "Stable, e.g. `model_slow`, `model_unavailable`, `tool_unavailable`, `recogniser_unavailable`."
    message: str
    "One sentence for people; no personal data."
    retry: bool = False


AnyFact = Annotated[
    SpeechStarted
    | SpeechStopped
    | TranscriptPartial
    | CustomerTurn
    | ReplyStarted
    | ReplyDelta
    | ReplyDone
    | HumanTurn
    | NoteAdded
    | Suggestion
    | Understood
    | WorkflowChanged
    | ToolCalled
    | ToolFinished
    | IdentityVerified
    | HandoffRequested
    | HandoffChosen
    | Activity
    | Trouble,
    Field(discriminator="type"),
]

Emit = Callable[[Fact], Awaitable[None]]
"""Stores a durable fact, applies it to the conversation, shows it to listeners; returns when that is done.

Raises `Unavailable` when the store cannot take it: the turn ends, the session goes on.
"""
