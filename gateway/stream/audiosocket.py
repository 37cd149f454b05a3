"""Asterisk's AudioSocket: packets of one kind byte, two length bytes and a payload, over TCP.  [core]

https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/. Linear at 8 kHz. Asterisk plays a packet
when it comes, so it is sent when it is due. It says nothing of the call but an id, a UUID of the dial plan's.
"""

import uuid
from enum import IntEnum

from gateway.protocol_error import ProtocolError
from gateway.stream.encoding import LINEAR
from gateway.stream.wire import LONGEST_MESSAGE, Message, Started, Stopped, WireEvent, heard, pressed

HEADER_BYTES = 3


class Kind(IntEnum):
    """Of packets; those of other sample rates are not taken."""

    HANGUP = 0x00
    IDENTITY = 0x01
    KEY = 0x03
    SOUND = 0x10
    FAILURE = 0xFF


class AudioSocketWire:
    """See `Wire`; each message is one packet with its header."""

    marks = False
    ahead_ms = 40
    group = 1

    def __init__(self) -> None:
        self._started = False

    def receive(self, message: Message) -> list[WireEvent]:
        """See `Wire`."""
        assert isinstance(message, bytes)
        kind, payload = message[0], message[HEADER_BYTES:]
        match kind:
            case Kind.HANGUP:
                return [Stopped("Asterisk hung up")]
            case Kind.IDENTITY:
                return [self._begin(payload)]
            case Kind.FAILURE:
                return [Stopped("Asterisk reported an error")]
        if not self._started:
            raise ProtocolError("media_before_start", "The first packet names the call.")
        match kind:
            case Kind.KEY:
                return pressed(payload.decode("ascii", "replace"))
            case Kind.SOUND:
                return heard(LINEAR, payload)
        raise ProtocolError("unknown_encoding", "We take linear sound at 8 kHz only.", 415)

    def media(self, pcm: bytes) -> Message:
        """See `Wire`."""
        return packet(Kind.SOUND, pcm)

    def mark(self, name: str) -> Message | None:
        """See `Wire`."""
        return None

    def clear(self) -> Message | None:
        """See `Wire`."""
        return None

    def press(self, keys: str) -> Message | None:
        """See `Wire`."""
        return None

    def goodbye(self) -> Message | None:
        """See `Wire`."""
        return packet(Kind.HANGUP)

    def _begin(self, payload: bytes) -> Started:
        if self._started:
            raise ProtocolError("second_start", "The call has its name already.")
        if len(payload) != 16:
            raise ProtocolError("missing_field", "A call's name has 16 bytes.")
        self._started = True
        return Started(str(uuid.UUID(bytes=payload)), LINEAR)


def packet(kind: Kind, payload: bytes = b"") -> bytes:
    """A packet."""
    return bytes([kind]) + len(payload).to_bytes(2, "big") + payload


def payload_bytes(header: bytes) -> int:
    """The length that a packet's header announces. Raises `ProtocolError` for too much."""
    length = int.from_bytes(header[1:HEADER_BYTES], "big")
    if length > LONGEST_MESSAGE:
        raise ProtocolError("message_too_long", f"A packet has at most {LONGEST_MESSAGE} bytes.", 413)
    return length
