"""What every provider's messages come down to, and the bounds on them.  [core]"""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic_core import from_json

from gateway.protocol_error import ProtocolError
from gateway.stream.encoding import Encoding

Message = str | bytes
"One websocket message, text or binary; for AudioSocket one packet."

LONGEST_MESSAGE = 32_768
"Characters or bytes. The longest that is documented is Exotel's tenth of a second at 24 kHz, 6 500."
LONGEST_AUDIO_S = 1
"Of sound in one message."
MOST_PARAMETERS = 32
LONGEST_PARAMETER = 1_024
KEYS = frozenset("0123456789*#ABCD")


@dataclass(frozen=True, slots=True)
class Started:
    """The stream begins; comes once, before everything else but `Respond`."""

    call_id: str
    "The provider's name for the call."
    encoding: Encoding
    caller: str = ""
    "Their number, as the provider writes it; empty when it does not say."
    called: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    "What the document or the flow gave along; empty values too."


@dataclass(frozen=True, slots=True)
class Heard:
    """Sound of the caller: PCM16 at the encoding's rate, any length."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Late:
    """Sound that came after later sound, or twice; it is dropped."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key the caller pressed and let go of."""

    key: str
    "One of `0123456789*#ABCD`."


@dataclass(frozen=True, slots=True)
class Played:
    """Everything that was sent before this mark has been played, or was dropped because we cleared it."""

    mark: str


@dataclass(frozen=True, slots=True)
class Held:
    """The provider takes no audio of ours for now (`held`), or takes it again."""

    held: bool


@dataclass(frozen=True, slots=True)
class Respond:
    """The protocol wants this sent at once."""

    message: Message


@dataclass(frozen=True, slots=True)
class Stopped:
    """The provider ended the stream."""

    reason: str


WireEvent = Started | Heard | Late | Pressed | Played | Held | Respond | Stopped


class Wire(Protocol):
    """One connection's messages; `receive` gets them in the order they came."""

    marks: bool
    "Whether the provider tells what it has played."
    ahead_ms: int
    "So much of ours may be in the provider's buffer; 400 unless it has none."
    group: int
    "Frames that go into one message where there are so many."

    def receive(self, message: Message) -> list[WireEvent]:
        """What a message says; nothing for one that we do not know. Raises `ProtocolError`."""

    def media(self, pcm: bytes) -> Message:
        """One or several frames of PCM16 to be played. Only after `Started`."""

    def mark(self, name: str) -> Message | None:
        """Asks to be told when all before it is played; None: this provider has no marks."""

    def clear(self) -> Message | None:
        """Drops what the provider has not played; None: it cannot."""

    def press(self, keys: str) -> Message | None:
        """Sends keys to the caller's side; None: it cannot."""

    def goodbye(self) -> Message | None:
        """What is said before we close the connection, if anything."""


def json_object(message: Message) -> dict[str, Any]:
    """The object in a text message. Raises `ProtocolError`."""
    if isinstance(message, bytes):
        raise ProtocolError("binary_message", "This protocol's messages are text.")
    check_length(message)
    try:
        value = from_json(message)  # unlike json, bounds how deep it follows nested brackets
    except ValueError:
        raise ProtocolError("malformed_json", "The message is not JSON.") from None
    if not isinstance(value, dict):
        raise ProtocolError("malformed_json", "The message is not a JSON object.")
    return value


def check_length(message: Message) -> None:
    """Raises `ProtocolError` for a message that is too long."""
    if len(message) > LONGEST_MESSAGE:
        raise ProtocolError("message_too_long", f"A message has at most {LONGEST_MESSAGE} characters.", 413)


def inner(message: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object under `key`. Raises `ProtocolError` if it is missing or something else."""
    value = message.get(key)
    if not isinstance(value, dict):
        raise ProtocolError("missing_field", f"The message has no object `{key}`.")
    return value


def text(message: Mapping[str, Any], key: str) -> str:
    """The text under `key`, empty if there is none. Raises `ProtocolError` when it is too long."""
    value = message.get(key)
    if not isinstance(value, str):
        return ""
    if len(value) > LONGEST_PARAMETER:
        raise ProtocolError("field_too_long", f"`{key}` has at most {LONGEST_PARAMETER} characters.")
    return value


def whole_number(message: Mapping[str, Any], key: str) -> int | None:
    """The number under `key`, which many providers write as a text; None if there is none.

    Raises `ProtocolError` for what is neither.
    """
    value = message.get(key)
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ProtocolError("bad_number", f"`{key}` is not a number.")
    return value


def parameters(value: object) -> dict[str, str]:
    """Custom parameters: the texts among them, so many as we take."""
    if not isinstance(value, Mapping):
        return {}
    texts = {str(key): each for key, each in value.items() if isinstance(each, str)}
    if len(texts) > MOST_PARAMETERS or any(len(t) > LONGEST_PARAMETER for t in (*texts, *texts.values())):
        raise ProtocolError("too_many_parameters", f"At most {MOST_PARAMETERS} parameters are taken.")
    return texts


def base64_audio(payload: object) -> bytes:
    """The bytes of a payload. Raises `ProtocolError`."""
    if not isinstance(payload, str):
        raise ProtocolError("missing_field", "The message has no `payload`.")
    try:
        return b64decode(payload, validate=True)
    except (binascii.Error, ValueError):
        raise ProtocolError("bad_base64", "The payload is not base64.") from None


def heard(encoding: Encoding, audio: bytes) -> list[WireEvent]:
    """The event for audio that came. Raises `ProtocolError` for too much of it."""
    if len(audio) > encoding.frame_bytes * 50 * LONGEST_AUDIO_S:
        raise ProtocolError("audio_too_long", f"A message carries at most {LONGEST_AUDIO_S} s of sound.", 413)
    pcm = encoding.decode(audio)
    return [Heard(pcm)] if pcm else []


def pressed(key: object) -> list[WireEvent]:
    """The event for a key; nothing for what is no key."""
    return [Pressed(key)] if isinstance(key, str) and key in KEYS else []


def no_encoding() -> ProtocolError:
    """For a stream whose audio we cannot read."""
    return ProtocolError("unknown_encoding", "The stream's audio format is not one of those we take.", 415)
