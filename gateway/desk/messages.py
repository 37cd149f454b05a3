"""The messages of the agents' desk, "Desk" in `docs/wire.md`, as pydantic models; and how a text becomes one.

Commands are taken strictly (`"true"` is no boolean), but unknown keys are ignored, so that newer desks can
talk to older gateways. [core]
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, model_validator
from pydantic_core import from_json

from gateway.events import Message
from pipelines.facts import Channel, Cited

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
"An id, a queue, a tool: visible ASCII, 1-64 characters."
Text = Annotated[str, Field(max_length=4_000, pattern=r"\S")]
Remark = Annotated[str, Field(max_length=4_000)]
"May be empty."
Fault = Literal["client", "gateway", "dependency"]
Role = Literal["agent", "supervisor", "admin"]
"As what somebody signed in: what they may do."
State = Literal["available", "away"]
Ended = Literal["accepted", "declined", "missed", "withdrawn", "offline"]
"Why an offer no longer rings."


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True)


# --- client to gateway -----------------------------------------------------------------------------


class Command(BaseModel):
    """What all commands share. The same `id` of the same agent is the same command, done once."""

    model_config = ConfigDict(frozen=True, strict=True)
    id: Name | None = None
    "Echoed in `done` or `error`; without one only failures are answered."


class SetPresence(Command):
    """The agent takes contacts, or does not."""

    type: Literal["presence"]
    state: State
    voice: bool = True
    "Calls too, once their audio is connected."


class Accept(Command):
    """Take an offer."""

    type: Literal["accept"]
    lease: Name


class Decline(Command):
    """Leave an offer to somebody else."""

    type: Literal["decline"]
    lease: Name
    reason: Literal["busy", "wrong_skill", "break", "other"] = "other"


class OfSession(Command):
    """A command about one session."""

    session: Name


class Connect(OfSession):
    """Skip the rest of the briefing: talk with the customer now."""

    type: Literal["connect"]


class Watch(OfSession):
    """Send the session's events: those after `after`, then every new one."""

    type: Literal["watch"]
    after: Annotated[int, Field(ge=0, lt=2**31)] = 0


class Unwatch(OfSession):
    """Send them no more."""

    type: Literal["unwatch"]


class Say(OfSession):
    """Something written to the customer."""

    type: Literal["message"]
    id: Name
    text: Text


class Typing(OfSession):
    """The agent began or stopped typing."""

    type: Literal["typing"]
    on: bool


class Note(OfSession):
    """Something for colleagues, which the customer never sees."""

    type: Literal["note"]
    text: Text


class Ask(OfSession):
    """A private question to the bot."""

    type: Literal["ask"]
    id: Name
    text: Text


class Hold(OfSession):
    """The customer hears music, and the agent not the customer."""

    type: Literal["hold"]
    on: bool


class Mute(OfSession):
    """The customer does not hear the agent."""

    type: Literal["mute"]
    on: bool


class Press(OfSession):
    """Keys to send to the customer's side as DTMF."""

    type: Literal["press"]
    digits: Annotated[str, Field(pattern=r"^[0-9*#A-D]{1,32}$")]


class Transfer(OfSession):
    """Hand the customer on: to a queue or to one colleague."""

    type: Literal["transfer"]
    queue: Name | None = None
    agent: Name | None = None
    note: Remark = ""

    @model_validator(mode="after")
    def _one_target(self) -> "Transfer":
        if (self.queue is None) == (self.agent is None):
            raise ValueError("name either `queue` or `agent`")
        return self


class HandBack(OfSession):
    """Give the customer back to the bot."""

    type: Literal["hand_back"]
    note: Remark = ""


class End(OfSession):
    """The conversation is over; wrap-up begins."""

    type: Literal["end"]


class FollowUp(BaseModel):
    """A task that remains."""

    model_config = ConfigDict(frozen=True, strict=True)
    task: Text
    due: date | None = None


class WrapUp(OfSession):
    """How it ended; closes the contact."""

    type: Literal["wrap_up"]
    disposition: Name
    notes: Remark = ""
    follow_up: FollowUp | None = None


class RunTool(OfSession):
    """Have a tool do something for the customer; the policy gate decides, as for the bot."""

    type: Literal["run_tool"]
    id: Name
    tool: Name
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


Mode = Literal["monitor", "whisper", "barge", "take_over", "off"]


class Supervise(OfSession):
    """A supervisor listens, speaks to the agent, speaks to both, takes the customer, or leaves."""

    type: Literal["supervise"]
    mode: Mode


class Ping(Command):
    """Are you there?"""

    type: Literal["ping"]


ClientMessage = Annotated[
    SetPresence
    | Accept
    | Decline
    | Connect
    | Watch
    | Unwatch
    | Say
    | Typing
    | Note
    | Ask
    | Hold
    | Mute
    | Press
    | Transfer
    | HandBack
    | End
    | WrapUp
    | RunTool
    | Supervise
    | Ping,
    Field(discriminator="type"),
]
CLIENT: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
TYPES: tuple[str, ...] = tuple(CLIENT.json_schema()["discriminator"]["mapping"])


# --- gateway to client -----------------------------------------------------------------------------


class Agent(_Wire):
    """Who signed in."""

    agent_id: str
    name: str
    role: Role


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
    """Signed in and connected. Offers that ring and contacts come next."""

    type: Literal["welcome"] = "welcome"
    agent: Agent
    presence: Me
    now: float
    "Unix time in seconds, for clocks that are off."
    queues: tuple[QueueInfo, ...]
    dispositions: tuple[Disposition, ...]
    canned: tuple[Canned, ...]
    tools: tuple[ToolInfo, ...]
    voice: bool
    "This gateway can connect an agent's audio."


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


# --- reading ---------------------------------------------------------------------------------------


class BadFrame(Exception):
    """The client sent what it may not; `close` is the websocket close code, if that ends the connection."""

    def __init__(
        self, code: str, message: str, *, client_id: str | None = None, close: int | None = None
    ) -> None:
        super().__init__(message)
        self.error = Error(id=client_id, code=code, fault="client", message=message, retry=code == "too_fast")
        self.close = close


def parse(text: str) -> ClientMessage:
    """The command that a text frame carries; raises `BadFrame`, which names the command's `id` if it has one."""
    try:
        given = from_json(text)
    except ValueError:
        raise BadFrame("malformed_json", "The frame is not JSON.") from None
    if not isinstance(given, dict):
        raise BadFrame("malformed_json", "The frame is not a JSON object.")
    try:
        return CLIENT.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    client_id = _id(given.get("id"))
    if first["type"] in ("union_tag_not_found", "union_tag_invalid"):
        known = f"`type` must be one of: {', '.join(TYPES)}."
        raise BadFrame("unknown_type", known, client_id=client_id)
    where = ".".join(str(key) for key in first["loc"][1:])
    message = f"`{where}`: {first['msg']}." if where else f"{first['msg']}."
    raise BadFrame("invalid_message", message, client_id=client_id)


def _id(given: object) -> str | None:
    """What the client calls its command, where that is fit to be repeated."""
    return given if isinstance(given, str) and 0 < len(given) <= 64 and given.isprintable() else None
