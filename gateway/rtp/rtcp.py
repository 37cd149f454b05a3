"""RTCP on the wire (RFC 3550, section 6): reports, descriptions and goodbyes; parse and build.  [core]

A datagram is a compound of packets. What comes need not begin with a report (reduced size, RFC 5506), and
kinds we have no use for (feedback, APP, XR) are stepped over, but every length must fit.
"""

import struct
from dataclasses import dataclass

from gateway.protocol_error import ProtocolError

SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION, GOODBYE = 200, 201, 202, 203
CNAME = 1
"The one item of a source description that must be sent (section 6.5.1)."
_HEADER = struct.Struct("!BBH")
_SENDER = struct.Struct("!IQIII")
_BLOCK = struct.Struct("!IIIIII")
_SSRC = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What one receiver says of one sender (section 6.4.1)."""

    ssrc: int
    "The sender's."
    fraction_lost: int
    "Since the last report, in 1/256."
    cumulative_lost: int
    "Packets since the beginning, signed 24 bits: duplicates make it smaller."
    highest_sequence: int
    "Received, with the count of wraps in the upper 16 bits."
    jitter: int
    "In the RTP clock."
    last_sr: int
    "Middle 32 bits of the NTP time of the last sender report; 0 for none."
    delay_since_last_sr: int
    "Between that report's coming and this one, 1/65536 s."

    def __bytes__(self) -> bytes:
        lost = self.fraction_lost << 24 | self.cumulative_lost & 0xFFFFFF
        rest = (self.highest_sequence, self.jitter, self.last_sr, self.delay_since_last_sr)
        return _BLOCK.pack(self.ssrc, lost, *rest)


@dataclass(frozen=True, slots=True)
class Report:
    """A sender report where `sent` is given, else a receiver report (sections 6.4.1 and 6.4.2)."""

    ssrc: int
    "Of whom it comes from."
    blocks: tuple[ReportBlock, ...] = ()
    sent: "Sent | None" = None

    def __bytes__(self) -> bytes:
        blocks = b"".join(map(bytes, self.blocks))
        if self.sent is None:
            return _packet(RECEIVER_REPORT, len(self.blocks), _SSRC.pack(self.ssrc) + blocks)
        sent = self.sent
        body = _SENDER.pack(self.ssrc, sent.ntp, sent.timestamp, sent.packets, sent.octets)
        return _packet(SENDER_REPORT, len(self.blocks), body + blocks)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sender says of itself."""

    ntp: int
    "64 bits: seconds, and 1/2**32 s. Only differences are used."
    timestamp: int
    "The RTP clock at that time."
    packets: int
    octets: int
    "Of payload."


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """Names a source (section 6.5). Only the CNAME is read and written."""

    ssrc: int
    cname: bytes
    "At most 255 bytes; empty where none was given."

    def __bytes__(self) -> bytes:
        chunk = _SSRC.pack(self.ssrc) + bytes((CNAME, len(self.cname))) + self.cname
        return _packet(SOURCE_DESCRIPTION, 1, chunk + bytes(4 - len(chunk) % 4))


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Sources that are no longer (section 6.6)."""

    ssrcs: tuple[int, ...]

    def __bytes__(self) -> bytes:
        return _packet(GOODBYE, len(self.ssrcs), b"".join(map(_SSRC.pack, self.ssrcs)))


RtcpPacket = Report | SourceDescription | Goodbye


def parse(data: bytes) -> list[RtcpPacket]:
    """The packets of a datagram that we know. Raises `ProtocolError`."""
    packets: list[RtcpPacket] = []
    at = 0
    while at < len(data):
        if len(data) - at < _HEADER.size:
            raise _wrong("An RTCP packet has at least 4 bytes.")
        first, kind, words = _HEADER.unpack_from(data, at)
        end = at + 4 * (words + 1)
        if first >> 6 != 2 or end > len(data):
            raise _wrong("The RTCP version is 2 and every length fits the datagram.")
        body = data[at + 4 : end]
        if first & 0x20:
            body = _unpadded(body, last=end == len(data))
        packets += _known(kind, first & 0x1F, body)
        at = end
    if not data:
        raise _wrong("An RTCP datagram holds at least one packet.")
    return packets


def build(packets: list[RtcpPacket]) -> bytes:
    """A compound; the first must be a report and one a description with a CNAME (section 6.1)."""
    return b"".join(map(bytes, packets))


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body


def _unpadded(body: bytes, *, last: bool) -> bytes:
    padding = body[-1] if body else 0
    if not last or not 0 < padding <= len(body) or padding % 4:
        raise _wrong("Only the last RTCP packet is padded, by a multiple of 4 bytes.")
    return body[:-padding]


def _known(kind: int, count: int, body: bytes) -> list[RtcpPacket]:
    if kind == SENDER_REPORT:
        return [_sender_report(count, body)]
    if kind == RECEIVER_REPORT:
        _need(body, 4)
        (ssrc,) = _SSRC.unpack_from(body)
        return [Report(ssrc, _blocks(count, body, 4))]
    if kind == SOURCE_DESCRIPTION:
        return _descriptions(count, body)
    if kind == GOODBYE:
        _need(body, 4 * count)
        return [Goodbye(struct.unpack_from(f"!{count}I", body))]
    return []


def _sender_report(count: int, body: bytes) -> Report:
    _need(body, _SENDER.size)
    ssrc, ntp, timestamp, packets, octets = _SENDER.unpack_from(body)
    return Report(ssrc, _blocks(count, body, _SENDER.size), Sent(ntp, timestamp, packets, octets))


def _blocks(count: int, body: bytes, at: int) -> tuple[ReportBlock, ...]:
    _need(body, at + count * _BLOCK.size)
    return tuple(_block(body, at + i * _BLOCK.size) for i in range(count))


def _block(body: bytes, at: int) -> ReportBlock:
    ssrc, lost, *rest = _BLOCK.unpack_from(body, at)
    cumulative = (lost & 0xFFFFFF) - ((lost & 0x800000) << 1)
    return ReportBlock(ssrc, lost >> 24, cumulative, *rest)


def _descriptions(count: int, body: bytes) -> list[RtcpPacket]:
    found: list[RtcpPacket] = []
    at = 0
    for _ in range(count):
        _need(body, at + 4)
        (ssrc,) = _SSRC.unpack_from(body, at)
        cname, at = _items(body, at + 4)
        found.append(SourceDescription(ssrc, cname))
    return found


def _items(body: bytes, at: int) -> tuple[bytes, int]:
    """The CNAME among a chunk's items, and where the next chunk begins."""
    cname = b""
    while at < len(body) and body[at]:
        _need(body, at + 2)
        end = at + 2 + body[at + 1]
        _need(body, end)
        if body[at] == CNAME:
            cname = body[at + 2 : end]
        at = end
    if at >= len(body):
        raise _wrong("The items of a source description end with a zero byte.")
    return cname, at // 4 * 4 + 4


def _need(body: bytes, size: int) -> None:
    if len(body) < size:
        raise _wrong("An RTCP packet is shorter than it says.")


def _wrong(message: str) -> ProtocolError:
    return ProtocolError("rtcp_malformed", message)
