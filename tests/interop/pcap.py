"""RTP of a call as a pcap file, which sipp plays into its calls.

sipp takes from the file the RTP packets and their distances in time; addresses and ports it fills in.
"""

import audioop
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.interop.sounds import Sound

PAYLOAD_TYPES = {"PCMU": 0, "PCMA": 8}
EVENTS = 101
"Payload type of RFC 4733 in our scenarios."
KEYS = "0123456789*#ABCD"
SSRC = 0x5A17C0DE
DIGIT_MS, PAUSE_MS = 100, 100


def write(path: Path, codec: str, said: Sequence[Sound | str]) -> float:
    """Sounds and keys one after the other, 20 ms a packet; gives how many seconds that takes."""
    sent = list(packets(codec, said))
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1))
        for at_ms, rtp in sent:
            frame = _frame(rtp)
            seconds, ms = divmod(at_ms, 1_000)
            file.write(struct.pack("<IIII", seconds, ms * 1_000, len(frame), len(frame)) + frame)
    return sent[-1][0] / 1_000 + 0.02


def packets(codec: str, said: Sequence[Sound | str]) -> Iterator[tuple[int, bytes]]:
    """The RTP of sounds and keys, and when it is sent, ms."""
    at_ms, sequence = 0, 1
    for piece in said:
        if isinstance(piece, Sound):
            for payload in _encoded(codec, piece):
                yield at_ms, _rtp(PAYLOAD_TYPES[codec], sequence, at_ms, payload, marker=sequence == 1)
                at_ms, sequence = at_ms + 20, sequence + 1
            continue
        for digit in piece:
            for part in _digit(digit):
                yield at_ms + part[0], _rtp(EVENTS, sequence, at_ms, part[1], marker=part[0] == 0)
                sequence += 1
            at_ms += DIGIT_MS + PAUSE_MS


def _digit(digit: str) -> Iterator[tuple[int, bytes]]:
    """RFC 4733: one event, longer with each packet, and three that say it is over."""
    event = KEYS.index(digit)
    for ms in range(0, DIGIT_MS, 20):
        yield ms, struct.pack("!BBH", event, 10, ms * 8 + 160)
    for ms in range(DIGIT_MS, DIGIT_MS + 60, 20):
        yield ms, struct.pack("!BBH", event, 0x80 | 10, DIGIT_MS * 8)


def _rtp(payload_type: int, sequence: int, at_ms: int, payload: bytes, *, marker: bool) -> bytes:
    header = struct.pack(
        "!BBHII", 0x80, marker << 7 | payload_type, sequence & 0xFFFF, 16_000 + at_ms * 8, SSRC
    )
    return header + payload


def _frame(rtp: bytes) -> bytes:
    """Ethernet, IPv4 and UDP around it; no checksums, sipp makes its own."""
    udp = struct.pack("!HHHH", 6_000, 6_000, 8 + len(rtp), 0) + rtp
    address = bytes((127, 0, 0, 1))
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, address, address)
    return bytes(12) + b"\x08\x00" + ip + udp


def _encoded(codec: str, sound: Sound) -> Iterator[bytes]:
    pcm = sound.at(8_000).samples.astype("<i2").tobytes()
    coded = audioop.lin2alaw(pcm, 2) if codec == "PCMA" else audioop.lin2ulaw(pcm, 2)
    for at in range(0, len(coded) - 159, 160):
        yield coded[at : at + 160]
