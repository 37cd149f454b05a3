"""Packets in order at once, and decoded to whole frames there and then."""

from dataclasses import dataclass

import av
import numpy as np
import pytest

from gateway.webrtc.incoming import DECODED_RATE, Ear, InOrder
from gateway.webrtc.outgoing import SpeechEncoder
from pipelines.audio import SAMPLE_RATE, Frame, Framer


@dataclass
class Packet:
    sequence_number: int
    timestamp: int = 0
    _data: bytes = b"opus"


def passed(*numbers: int) -> list[int]:
    """Which of the packets, as they come, are handed over."""
    heard: list[int] = []
    order = InOrder(lambda _, timestamp: heard.append(timestamp))
    for number in numbers:
        assert order.add(Packet(number, timestamp=number)) == (False, None)
    return heard


def test_packets_pass_as_they_come() -> None:
    assert passed(7, 8, 9) == [7, 8, 9]


def test_a_lost_packet_holds_nothing_up() -> None:
    assert passed(7, 9, 10) == [7, 9, 10]


def test_late_and_repeated_packets_are_dropped() -> None:
    assert passed(7, 9, 8, 9, 10) == [7, 9, 10]


def test_numbers_wrap_around() -> None:
    assert passed(65534, 65535, 0, 65535, 1) == [65534, 65535, 0, 1]


def test_a_stream_that_begins_anew_is_followed() -> None:
    assert passed(30_000, 30_001, 1_000, 1_001) == [30_000, 30_001, 1_000, 1_001]


def test_padding_is_not_decoded_and_counts_as_seen() -> None:
    heard: list[bytes] = []
    order = InOrder(lambda packet, _: heard.append(packet))
    for packet in (Packet(1), Packet(2, _data=b""), Packet(2)):
        order.add(packet)
    assert heard == [b"opus"]


def packets(pcm: bytes, ms: int) -> list[bytes]:
    """Opus packets of so many milliseconds each."""
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = SAMPLE_RATE, "mono", "s16"
    codec.options = {"frame_duration": str(ms)}
    size, made = SAMPLE_RATE * ms // 1000 * 2, []
    for at in range(0, len(pcm) - size + 1, size):
        audio = av.AudioFrame(format="s16", layout="mono", samples=size // 2)
        audio.planes[0].update(pcm[at : at + size])
        audio.sample_rate = SAMPLE_RATE
        made += [bytes(packet) for packet in codec.encode(audio)]
    return made


def tone(ms: int) -> bytes:
    samples = np.arange(SAMPLE_RATE * ms // 1000)
    return bytes((8000 * np.sin(samples * 0.2)).astype(np.int16))


def test_every_packet_of_20_ms_gives_one_frame_from_the_first_on() -> None:
    ear = Ear()
    assert [len(ear.hear(packet, 0)) for packet in packets(tone(200), 20)] == [1] * 10


@pytest.mark.parametrize(("ms", "frames"), [(10, [0, 1] * 6), (40, [2] * 3), (60, [3] * 2), (120, [6])])
def test_packets_of_other_lengths_are_regrouped(ms: int, frames: list[int]) -> None:
    ear = Ear()
    heard = [ear.hear(packet, 0) for packet in packets(tone(120), ms)]
    assert [len(piece) for piece in heard] == frames
    assert {len(frame.pcm) for piece in heard for frame in piece} == {640}


def test_a_stereo_packet_is_heard_as_mono() -> None:
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = 48_000, "stereo", "s16"
    audio = av.AudioFrame(format="s16", layout="stereo", samples=960)
    audio.sample_rate = 48_000
    (packet,) = codec.encode(audio)
    assert [len(frame.pcm) for frame in Ear().hear(bytes(packet), 0)] == [640]


def heard_all(pcm: bytes) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    """What comes out at the other end of our encoder."""
    encoder, ear, out = SpeechEncoder(), Ear(), b""
    for frame in Framer(SAMPLE_RATE).feed(pcm):
        out += b"".join(f.pcm for f in ear.hear(encoder.encode(frame), 0))
    return np.frombuffer(out, np.int16)


def test_what_was_said_is_heard_at_most_a_few_milliseconds_later() -> None:
    said = np.zeros(SAMPLE_RATE, np.int16)
    said[8_000:] = np.frombuffer(tone(500), np.int16)
    loud = np.abs(heard_all(said.tobytes()).astype(int)) > 2_000
    assert 0 <= int(np.argmax(loud)) - 8_000 <= 16 * 10


@pytest.mark.parametrize("broken", [b"\xff", b"\xff\xff\xff", bytes(range(256)) * 8])
def test_a_broken_packet_is_passed_over(broken: bytes) -> None:
    ear = Ear()
    ear.hear(broken, 0)
    (whole,) = packets(tone(20), 20)
    assert any(isinstance(frame, Frame) for frame in ear.hear(whole, 960) + ear.hear(whole, 1920))


def ear_after(timestamp: int) -> Ear:
    """One that heard 20 ms of that time."""
    ear = Ear()
    ear.hear(packets(tone(20), 20)[0], timestamp)
    return ear


def test_a_hole_in_the_timestamps_tells_how_much_was_lost() -> None:
    assert Ear().lost(960 * 4) == 0
    assert ear_after(0).lost(960) == 0
    assert ear_after(0).lost(960 * 4) == 3
    assert ear_after(2**32 - 960).lost(960 * 2) == 2
    assert DECODED_RATE // 50 == 960


@pytest.mark.parametrize("timestamp", [960 * 500, -960 * 3 % 2**32, 2**31])
def test_pauses_and_jumps_in_the_timestamps_are_not_loss(timestamp: int) -> None:
    assert ear_after(0).lost(timestamp) == 0
