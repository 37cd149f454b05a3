"""Packets in order at once, and decoded audio to whole frames."""

from dataclasses import dataclass

import av
import numpy as np
import pytest

from gateway.webrtc.incoming import DECODED_RATE, Ear, InOrder
from pipelines.audio import Frame


@dataclass
class Packet:
    sequence_number: int
    timestamp: int = 0
    _data: bytes = b"opus"


def passed(*numbers: int) -> list[int]:
    """Which of the packets, as they come, are passed on."""
    order = InOrder()
    return [n for n in numbers if order.add(Packet(n))[1] is not None]


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
    order = InOrder()
    assert order.add(Packet(1)) != (False, None)
    assert order.add(Packet(2, _data=b"")) == (False, None)
    assert order.add(Packet(2)) == (False, None)


def decoded(samples: "np.ndarray[tuple[int], np.dtype[np.int16]]", pts: int) -> av.AudioFrame:
    audio = av.AudioFrame.from_ndarray(np.repeat(samples, 2)[None, :], format="s16", layout="stereo")
    audio.sample_rate, audio.pts = DECODED_RATE, pts
    return audio


def hear(milliseconds: list[int]) -> list[list[Frame]]:
    """Frames out for each piece of decoded audio in."""
    ear, pts, result = Ear(), 0, []
    for ms in milliseconds:
        samples = np.full(48 * ms, 1000, np.int16)
        result.append(list(ear.hear(decoded(samples, pts))))
        pts += len(samples)
    return result


def test_every_20_ms_in_give_one_frame_out_from_the_first_on() -> None:
    assert [len(frames) for frames in hear([20] * 10)] == [1] * 10


@pytest.mark.parametrize(("pieces", "frames"), [([10] * 6, 3), ([60, 60], 6), ([40, 20], 3), ([120], 6)])
def test_packets_of_other_lengths_are_regrouped(pieces: list[int], frames: int) -> None:
    heard = [frame for piece in hear(pieces) for frame in piece]
    assert len(heard) == frames
    assert {len(frame.pcm) for frame in heard} == {640}


def test_resampling_delays_by_a_millisecond_only() -> None:
    click = np.zeros(48_000, np.int16)
    click[9_600] = 30_000
    ear, out = Ear(), b""
    for start in range(0, len(click), 960):
        out += b"".join(f.pcm for f in ear.hear(decoded(click[start : start + 960], start)))
    at = int(np.argmax(np.abs(np.frombuffer(out, np.int16).astype(int))))
    assert 0 <= at - 9_600 // 3 <= 16


def test_a_hole_in_the_timestamps_tells_how_much_was_lost() -> None:
    ear, samples = Ear(), np.zeros(960, np.int16)
    first = decoded(samples, 0)
    assert ear.lost(first) == 0
    list(ear.hear(first))
    assert ear.lost(decoded(samples, 960)) == 0
    assert ear.lost(decoded(samples, 960 * 4)) == 3


@pytest.mark.parametrize("pts", [960 * 500, -960 * 3, 2**33])
def test_pauses_and_jumps_in_the_timestamps_are_not_loss(pts: int) -> None:
    ear, samples = Ear(), np.zeros(960, np.int16)
    list(ear.hear(decoded(samples, 0)))
    assert ear.lost(decoded(samples, pts)) == 0
