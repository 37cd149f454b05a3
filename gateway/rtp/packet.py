"""One RTP packet on the wire (RFC 3550, section 5.1): parse and build.  [core]

What we send has no contributing sources, no extension and no padding. What comes may have all of them; they
are checked and left out.
"""

import struct
from typing import NamedTuple

from gateway.protocol_error import ProtocolError

_FIXED = struct.Struct("!BBHII")
HEADER_BYTES = _FIXED.size
MOST_AHEAD, MOST_BACK = 3000, 100
"A number further from the newest is of a sender that began anew (A.1: MAX_DROPOUT, MAX_MISORDER)."
_EXTENSION = struct.Struct("!HH")
_PLAIN = 0x80
"First byte of version 2 without padding, extension and contributing sources."


class RtpPacket(NamedTuple):
    """A packet's fields. A tuple, because ten thousand of them are made in a second."""

    payload_type: int
    "0-127."
    marker: bool
    "On audio: the first packet after a pause (RFC 3551, section 4.1)."
    sequence: int
    "0-65535."
    timestamp: int
    "Of the first sample, in the payload type's clock, 0 to 2**32 - 1."
    ssrc: int
    payload: bytes


def parse(data: bytes) -> RtpPacket:
    """The packet in a datagram. Raises `ProtocolError`."""
    if len(data) < HEADER_BYTES:
        raise ProtocolError("rtp_too_short", "An RTP packet has at least 12 bytes.")
    first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(data)
    payload = data[HEADER_BYTES:] if first == _PLAIN else _payload(data, first)
    return RtpPacket(second & 0x7F, second > 0x7F, sequence, timestamp, ssrc, payload)


def build(packet: RtpPacket) -> bytes:
    """The datagram. The fields must be in their ranges."""
    payload_type, marker, sequence, timestamp, ssrc, payload = packet
    second = payload_type | 0x80 if marker else payload_type
    return _FIXED.pack(_PLAIN, second, sequence, timestamp, ssrc) + payload


def is_rtcp(data: bytes) -> bool:
    """Whether a datagram on a port that carries both is RTCP (RFC 5761, section 4)."""
    return len(data) > 1 and 192 <= data[1] <= 223


def _payload(data: bytes, first: int) -> bytes:
    """What is left between contributing sources and extension in front and padding behind."""
    if first >> 6 != 2:
        raise ProtocolError("rtp_version", "The RTP version is 2.")
    start, end = HEADER_BYTES + 4 * (first & 0x0F), len(data)
    if first & 0x10:
        if end < start + 4:
            raise ProtocolError("rtp_extension", "The RTP header extension is cut off.")
        start += 4 + 4 * _EXTENSION.unpack_from(data, start)[1]
    if first & 0x20:
        padding = data[-1]
        if not padding:
            raise ProtocolError("rtp_padding", "RTP padding counts itself.")
        end -= padding
    if end < start:
        raise ProtocolError("rtp_cut_off", "The RTP packet is shorter than it says.")
    return data[start:end]
