"""What agents ask for at the desk, "Desk" in `docs/wire.md`, as pydantic models; and how a text becomes one.

Values are taken strictly (`"true"` is no boolean), but unknown keys are ignored, so that newer desks can talk
to older gateways. [core]
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, model_validator
from pydantic_core import from_json

from gateway.desk.messages import Error, State

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
"An id, a queue, a tool: visible ASCII, 1-64 characters."
Text = Annotated[str, Field(max_length=4_000, pattern=r"\S")]
Remark = Annotated[str, Field(max_length=4_000)]
"May be empty."


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


class Consult(OfSession):
    """Ask a colleague about the customer of a call; it rings at their desk."""

    type: Literal["consult"]
    agent: Name


class ConsultAnswer(OfSession):
    """What the colleague says to that."""

    type: Literal["consult_answer"]
    consult: Name
    answer: Literal["accept", "decline"]


How = Literal["back", "hand_over"]


class ConsultEnd(OfSession):
    """Go back to the customer, or give them to the colleague; the colleague leaves by `back`."""

    type: Literal["consult_end"]
    how: How


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
    confirmed: bool = False
    "The customer said yes to exactly this; tools that change something want it."


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
    | Consult
    | ConsultAnswer
    | ConsultEnd
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


class BadFrame(Exception):
    """The client sent what it may not; `close` is the websocket close code, if that ends the connection."""

    def __init__(
        self, code: str, message: str, *, client_id: str | None = None, close: int | None = None
    ) -> None:
        super().__init__(message)
        self.error = Error(id=client_id, code=code, fault="client", message=message, retry=code == "too_fast")
        self.close = close


def parse(text: str) -> ClientMessage:
    """The command that a text frame carries; raises `BadFrame`, with the command's `id` if it has one."""
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
