"""The RTP that sipp plays into calls."""

import audioop
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.interop import pcap
from tests.interop.sounds import Sound, tone


def packets(path: Path) -> list[tuple[float, bytes]]:
    """Time in seconds and RTP of every packet."""
    raw, found, at = path.read_bytes(), [], 24
    while at < len(raw):
        seconds, micros, size, _ = struct.unpack_from("<IIII", raw, at)
        found.append((seconds + micros / 1e6, raw[at + 16 + 42 : at + 16 + size]))
        at += 16 + size
    return found


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_sound_is_coded_with_the_codec_that_the_packets_name(codec: str, tmp_path: Path) -> None:
    pcap.write(tmp_path / "tone.pcap", codec, [tone(440, 0.5, rate=16_000)])
    found = [rtp for _, rtp in packets(tmp_path / "tone.pcap")]
    assert {rtp[1] & 0x7F for rtp in found} == {pcap.PAYLOAD_TYPES[codec]}
    decode = audioop.ulaw2lin if codec == "PCMU" else audioop.alaw2lin
    samples = np.frombuffer(b"".join(decode(rtp[12:], 2) for rtp in found), np.int16)
    assert len(samples) == 4_000 and abs(Sound(samples, 8_000).loudest_hertz() - 440) < 3


def test_packets_are_20_ms_apart_and_numbered(tmp_path: Path) -> None:
    assert pcap.write(tmp_path / "tone.pcap", "PCMA", [tone(440, 1)]) == pytest.approx(1.0)
    found = packets(tmp_path / "tone.pcap")
    assert [time for time, _ in found] == pytest.approx([n * 0.02 for n in range(50)])
    headers = [struct.unpack("!BBHII", rtp[:12]) for _, rtp in found]
    assert [header[2] for header in headers] == list(range(1, 51))
    assert {b[3] - a[3] for a, b in zip(headers, headers[1:], strict=False)} == {160}


def test_a_key_is_one_event_with_three_ends(tmp_path: Path) -> None:
    pcap.write(tmp_path / "keys.pcap", "PCMA", [tone(440, 0.1), "5#"])
    events = [rtp for _, rtp in packets(tmp_path / "keys.pcap") if rtp[1] & 0x7F == pcap.EVENTS]
    assert len(events) == 16
    assert [rtp[12] for rtp in events] == [5] * 8 + [11] * 8
    assert len({rtp[4:8] for rtp in events[:8]}) == 1, "one event, one timestamp"
    assert [bool(rtp[13] & 0x80) for rtp in events[:8]] == [False] * 5 + [True] * 3
    assert events[0][1] & 0x80 and not events[1][1] & 0x80
