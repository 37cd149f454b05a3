"""What the gateway tells an agent's desk, "Desk" in `docs/wire.md`, as pydantic models.  [core]"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from gateway.accounts.permissions import DeskRole
from gateway.events import Message
from pipelines.facts import Channel, Cited

Fault = Literal["client", "gateway", "dependency"]
State = Literal["available", "away"]
Ended = Literal["accepted", "declined", "missed", "withdrawn", "offline"]
"Why an offer no longer rings."


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True)


class AgentInfo(_Wire):
    """Who signed in."""

    agent_id: str
    name: str
    role: DeskRole


class QueueInfo(_Wire):
    """A queue that customers wait in."""

    queue: str
    title: str


class Disposition(_Wire):
    """A way in which a contact may have ended."""

    code: str
    title: str


class Canned(_Wire):
    """A reply to choose instead of typing it."""

    key: str
    title: str
    text: str


class ToolInfo(_Wire):
    """A tool that an agent may run."""

    tool: str
    description: str
    effect: Literal["read", "attempt", "write"]
    parameters: dict[str, JsonValue]
    "JSON Schema of its arguments."


class Me(_Wire):
    """The agent's own presence changed, here, in another tab or by the queue."""

    type: Literal["me"] = "me"
    state: State
    voice: bool
    "They want calls."
    audio: bool
    "Their audio is connected; without it they get none."
    reason: Literal["missed"] | None = None
    "Why the gateway changed it."


class Welcome(_Wire):
    """Signed in and connected. The offers that ring and the agent's contacts come next."""

    type: Literal["welcome"] = "welcome"
    agent: AgentInfo
    presence: Me
    now: float
    "Unix time in seconds, for clocks that are off."
    queues: tuple[QueueInfo, ...]
    dispositions: tuple[Disposition, ...]
    canned: tuple[Canned, ...]
    tools: tuple[ToolInfo, ...]
    voice: bool
    "This gateway can connect an agent's audio."
    offers: tuple[str, ...] = ()
    "The leases that ring; those that the desk shows beside these are over."
    contacts: tuple[str, ...] = ()
    "The handoffs that are this agent's; likewise."
    consults: tuple[str, ...] = ()
    "The consults in which they ask or are asked; likewise."


class Colleague(_Wire):
    """Somebody who may get contacts."""

    agent_id: str
    name: str
    state: Literal["available", "away", "offline"]
    queues: tuple[str, ...]
    contacts: dict[Channel, int]
    "How many they have now."
    capacity: dict[Channel, int]


class Presence(_Wire):
    """Everybody who is signed in; replaces the former list."""

    type: Literal["presence"] = "presence"
    agents: tuple[Colleague, ...]


class Waiting(_Wire):
    """A customer who waits for a person."""

    handoff_id: str
    session: str
    queue: str
    channel: Channel
    reason: str
    "Why they want one: a stable code."
    since: float
    position: int | None = None
    priority: int = 0


class Queue(_Wire):
    """Who waits in the queues of this agent (supervisors: in all); replaces the former list."""

    type: Literal["queue"] = "queue"
    waiting: tuple[Waiting, ...]


class Contact(_Wire):
    """A session as a desk shows it: who has the customer, and where their handoff stands."""

    session: str
    channel: Channel
    state: str
    "One of `gateway.handoff.states.State`; `closed` takes it off the desk."
    floor: Literal["bot", "human", "none"]
    since: float
    "When it came to this state."
    handoff_id: str | None = None
    "None: only the bot has talked with them."
    agent_id: str | None = None
    agent: str | None = None
    queue: str | None = None
    reason: str | None = None
    customer: str | None = None
    "What to call them. Personal data."
    until: float | None = None
    "When this state ends by itself, e.g. the briefing."
    hold: bool = False
    muted: bool = False
    supervisors: int = 0
    "So many of them listen or speak."
    outcome: str | None = None


class ContactChanged(Contact):
    """A contact of this agent, or a session that they watch, came to another state."""

    type: Literal["contact"] = "contact"
    mine: bool


class Sessions(_Wire):
    """All live sessions (agents: their own); replaces the former list."""

    type: Literal["sessions"] = "sessions"
    live: tuple[Contact, ...]


class Offered(_Wire):
    """It rings: a customer for this agent."""

    type: Literal["offer"] = "offer"
    lease: str
    handoff_id: str
    session: str
    channel: Channel
    queue: str
    reason: str
    since: float
    "Since when they wait."
    until: float
    "When the offer ends."
    briefing: dict[str, Any]


class OfferEnded(_Wire):
    """It no longer rings."""

    type: Literal["offer.ended"] = "offer.ended"
    lease: str
    why: Ended


ConsultWhy = Literal[
    "declined",
    "missed",
    "withdrawn",
    "back",
    "left",
    "lost",
    "parted",
    "customer_left",
    "too_long",
    "handed_over",
    "failed",
]
"How a consult ended."


class Consult(_Wire):
    """An agent asks a colleague about the customer of a call: where that stands."""

    consult: str
    session: str
    state: Literal["asked", "talking", "over"]
    "It rings; agent and colleague talk, and the customer hears music; it has ended."
    agent_id: str
    "Who asks."
    agent: str
    colleague_id: str
    colleague: str
    customer: str | None = None
    "What to call them. Personal data."
    queue: str
    reason: str
    since: float
    "When it came to this state."
    until: float | None = None
    "When it rings no more."
    why: ConsultWhy | None = None
    "Once it is over."


class ConsultChanged(Consult):
    """A consult of this agent came to another state."""

    type: Literal["consult"] = "consult"
    mine: bool
    "They ask; else they are asked."
    briefing: dict[str, Any] | None = None
    "For who is asked, while it lasts."


class SessionEvent(_Wire):
    """An event of a session that is watched, also what the customer never gets."""

    type: Literal["event"] = "event"
    session: str
    event: Message


class BriefingChanged(_Wire):
    """What is known of a session's customer and their wish; replaces the former briefing."""

    type: Literal["briefing"] = "briefing"
    session: str
    briefing: dict[str, Any]


class FormerContact(_Wire):
    """An earlier session of the same customer."""

    session: str
    at: float
    channel: Channel
    outcome: str | None = None
    summary: str | None = None


class History(_Wire):
    """Earlier sessions of the customer of a session that is watched, newest first."""

    type: Literal["history"] = "history"
    session: str
    contacts: tuple[FormerContact, ...]


class CustomerTyping(_Wire):
    """The customer began or stopped typing."""

    type: Literal["typing"] = "typing"
    session: str
    on: bool


class Answer(_Wire):
    """What the bot says to a private question."""

    type: Literal["answer"] = "answer"
    session: str
    id: str
    text: str
    citations: tuple[Cited, ...] = ()


class ToolRan(_Wire):
    """What came of a tool that the agent ran."""

    type: Literal["tool"] = "tool"
    session: str
    id: str
    tool: str
    outcome: Literal["done", "refused", "failed"]
    code: str | None = None
    "Refusal code or error kind."
    message: str | None = None
    receipt_id: str | None = None
    values: dict[str, Any] = Field(default_factory=dict)


class Done(_Wire):
    """The command was done, now or when it was sent before."""

    type: Literal["done"] = "done"
    id: str


class Error(_Wire):
    """A command was not done: whose fault, and whether the same may work later."""

    type: Literal["error"] = "error"
    id: str | None = None
    session: str | None = None
    "For `fell_behind`: the session that is no longer watched."
    code: str
    fault: Fault
    message: str
    retry: bool = False


class Pong(_Wire):
    """I am."""

    type: Literal["pong"] = "pong"
    id: str | None = None


GatewayMessage = Annotated[
    Welcome
    | Me
    | Presence
    | Queue
    | Sessions
    | ContactChanged
    | Offered
    | OfferEnded
    | ConsultChanged
    | SessionEvent
    | BriefingChanged
    | History
    | CustomerTyping
    | Answer
    | ToolRan
    | Done
    | Error
    | Pong,
    Field(discriminator="type"),
]
GATEWAY: TypeAdapter[GatewayMessage] = TypeAdapter(GatewayMessage)
