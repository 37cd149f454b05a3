"""The chat's messages of `docs/wire.md` that are not events, as pydantic models; and how a text becomes one.

Unknown keys of client messages are ignored, so that newer clients can talk to older gateways. [core]
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

PROTOCOL = 1

ClientId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
"The client's own name of a message: visible ASCII, 1-64 characters."
Code = Literal[
    "malformed_json",
    "unknown_type",
    "invalid_message",
    "hello_first",
    "protocol_unsupported",
    "unknown_session",
    "message_too_long",
    "frame_too_large",
    "too_fast",
    "fell_behind",
    "busy",
    "store_unavailable",
    "draining",
    "internal",
]
Fault = Literal["client", "gateway", "dependency"]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True)


# --- client to gateway -----------------------------------------------------------------------------


class Hello(_Wire):
    """The first message: a new session, or an old one from `last_seq` on."""

    type: Literal["hello"]
    protocol: int
    session: Annotated[str, Field(max_length=64)] | None = None
    token: Annotated[str, Field(max_length=128)] | None = None
    last_seq: Annotated[int, Field(ge=0, lt=2**31)] = 0


class Message(_Wire):
    """Something the customer says."""

    type: Literal["message"]
    id: ClientId
    text: Annotated[str, Field(pattern=r"\S")]


class Typing(_Wire):
    """The customer began or stopped typing."""

    type: Literal["typing"]
    on: bool


class Cancel(_Wire):
    """Stop the reply under way."""

    type: Literal["cancel"]


class Ping(_Wire):
    """Are you there?"""

    type: Literal["ping"]
    id: ClientId


ClientMessage = Annotated[Hello | Message | Typing | Cancel | Ping, Field(discriminator="type")]
CLIENT: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


# --- gateway to client -----------------------------------------------------------------------------


class Welcome(_Wire):
    """The session is open; `seq` is its newest event."""

    type: Literal["welcome"] = "welcome"
    protocol: int = PROTOCOL
    session: str
    token: str
    seq: int
    resumed: bool


class Ack(_Wire):
    """The message is stored as event `seq`."""

    type: Literal["ack"] = "ack"
    id: str
    seq: int
    duplicate: bool


class Error(_Wire):
    """Something is wrong: whose fault, and whether the same may work later."""

    type: Literal["error"] = "error"
    code: Code
    fault: Fault
    message: str
    retry: bool
    id: str | None = None


class Pong(_Wire):
    """I am."""

    type: Literal["pong"] = "pong"
    id: str


GatewayMessage = Annotated[Welcome | Ack | Error | Pong, Field(discriminator="type")]
GATEWAY: TypeAdapter[GatewayMessage] = TypeAdapter(GatewayMessage)


class ChatError(Exception):
    """The client sent what it may not; `close` is the websocket close code, if that ends the connection."""

    def __init__(self, code: Code, message: str, *, client_id: str | None = None, close: int | None = None):
        super().__init__(message)
        self.error = Error(code=code, fault="client", message=message, retry=code == "too_fast", id=client_id)
        self.close = close


def parse(text: str) -> ClientMessage:
    """The message that a text frame carries; raises `ChatError`."""
    try:
        return CLIENT.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        match first["type"]:
            case "json_invalid":
                raise ChatError("malformed_json", "The frame is not JSON.") from None
            case "dict_type" | "model_attributes_type":
                raise ChatError("malformed_json", "The frame is not a JSON object.") from None
            case "union_tag_not_found" | "union_tag_invalid":
                known = "hello, message, typing, cancel, ping"
                raise ChatError("unknown_type", f"`type` must be one of: {known}.") from None
        where = ".".join(str(key) for key in first["loc"][1:])
        raise ChatError("invalid_message", f"`{where}`: {first['msg']}.") from None


# --- HTTP -------------------------------------------------------------------------------------------


class HttpError(_Wire):
    """What is wrong with a request."""

    code: str
    fault: Fault
    message: str
    retry: bool


class HttpErrorBody(_Wire):
    """The body of every failed HTTP request."""

    error: HttpError
