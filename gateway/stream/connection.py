"""The line to a provider, as a leg needs it: messages in and out, whatever carries them."""

from typing import Protocol

from gateway.protocol_error import ProtocolError
from gateway.stream.wire import Message

NORMAL, BROKEN, UNSUPPORTED, MALFORMED, POLICY, TOO_LONG, INTERNAL = 1000, 1002, 1003, 1007, 1008, 1009, 1011
"Websocket close codes (RFC 6455, section 7.4.1, and its registry)."

_CODES = {
    "binary_message": UNSUPPORTED,
    "unknown_encoding": UNSUPPORTED,
    "malformed_json": MALFORMED,
    "bad_base64": MALFORMED,
    "message_too_long": TOO_LONG,
    "audio_too_long": TOO_LONG,
}


class Gone(Exception):
    """The other side has closed the connection, or it is lost."""

    def __init__(self, *, clean: bool) -> None:
        super().__init__("the connection is over")
        self.clean = clean
        "Whether it was closed as the protocol wants it."


class Connection(Protocol):
    """One accepted connection."""

    async def receive(self) -> Message:
        """The next message. Raises `Gone`."""

    async def send(self, message: Message) -> None:
        """Hand a message to the network, waiting while it takes none. Raises `Gone`."""

    async def close(self, code: int, reason: str) -> None:
        """Close it; safe to call twice, and when it is gone."""


def close_code(error: ProtocolError) -> int:
    """The code that tells what was wrong."""
    return _CODES.get(error.code, BROKEN)
