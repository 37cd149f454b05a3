"""The messages between us and the Piper process: length, kind, request, payload. [core]

Both ends are ours, so there is no version and no negotiation; but a crashed process may leave half a
message, and a bug may leave rubbish, so lengths are checked.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

HEADER = struct.Struct("<IBI")
"Payload length in bytes, kind, request id."
MAX_PAYLOAD = 4 << 20
"One sentence of sound at 48 kHz is well below."
RATE = struct.Struct("<I")


class Kind(IntEnum):
    """What a message says."""

    SPEAK = 1
    "To the process: sample rate wanted (4 bytes, Hz), then the text in UTF-8."
    CANCEL = 2
    "To the process: forget this request."
    READY = 3
    "From the process: the voice is loaded."
    AUDIO = 4
    "From the process: PCM16 mono at the rate wanted."
    DONE = 5
    FAILED = 6
    "From the process: why, in UTF-8, without the text."
    LEARN = 7
    "To the process: like `SPEAK`, when nobody else wants anything."


class WireError(Exception):
    """The other end sent something that is no message of ours."""


@dataclass(frozen=True, slots=True)
class WireMessage:
    """One message."""

    kind: Kind
    request: int = 0
    payload: bytes = b""

    def pack(self) -> bytes:
        """As bytes on the pipe."""
        return HEADER.pack(len(self.payload), self.kind, self.request) + self.payload


def speak(request: int, text: str, sample_rate: int, *, patient: bool = False) -> WireMessage:
    """Ask for a text to be spoken at a sample rate in Hz; `patient` lets everybody else go first."""
    kind = Kind.LEARN if patient else Kind.SPEAK
    return WireMessage(kind, request, RATE.pack(sample_rate) + text.encode())


def unpack_header(header: bytes) -> tuple[int, Kind, int]:
    """Payload length, kind and request of the message that begins so. Raises `WireError`."""
    length, kind, request = HEADER.unpack(header)
    if length > MAX_PAYLOAD or kind not in set(Kind):
        raise WireError(f"not a message: length {length}, kind {kind}")
    return length, Kind(kind), request
