import audioop

import pytest

from gateway.protocol_error import ProtocolError
from gateway.rtp.comfort_noise import ComfortNoise


def test_it_is_silence_until_a_level_came() -> None:
    assert ComfortNoise(8000).frame() == bytes(320)


@pytest.mark.parametrize(("level", "rms"), [(60, 33), (50, 104), (70, 10)])
def test_it_is_as_loud_as_was_said(level: int, rms: int) -> None:
    noise = ComfortNoise(16000)
    noise.receive(bytes([level, 127, 30]))
    frames = [noise.frame() for _ in range(120)]
    assert {len(frame) for frame in frames} == {640}
    assert abs(audioop.rms(b"".join(frames), 2) - rms) <= 0.1 * rms + 1
    assert len(set(frames)) == 50, "a second of it, round and round"


def test_noise_as_loud_as_speech_is_turned_down() -> None:
    noise = ComfortNoise(8000)
    noise.receive(b"\x80")
    assert audioop.rms(noise.frame(), 2) < 500


def test_without_a_level_it_is_refused() -> None:
    with pytest.raises(ProtocolError):
        ComfortNoise(8000).receive(b"")
