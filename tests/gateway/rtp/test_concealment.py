import audioop

import pytest

from gateway.rtp.concealment import Concealment
from tests.fakes.rtp_call import tone


def heard(sample_rate: int, hertz: int) -> Concealment:
    concealment = Concealment(sample_rate)
    for frame in tone(sample_rate, 5, hertz):
        assert concealment.heard(frame) == frame
    return concealment


def steps(pcm: bytes) -> int:
    """The largest jump from one sample to the next: what clicks."""
    samples = memoryview(pcm).cast("h")
    return max(abs(a - b) for a, b in zip(samples, samples[1:], strict=False))


@pytest.mark.parametrize("sample_rate", [8000, 16000])
@pytest.mark.parametrize("hertz", [80, 110, 200, 330])
def test_a_lost_frame_goes_on_as_the_sound_went(sample_rate: int, hertz: int) -> None:
    concealment = heard(sample_rate, hertz)
    made = concealment.conceal()
    before, really = tone(sample_rate, 6, hertz)[4:]
    assert made is not None
    assert len(made) == len(really)
    half = len(made) // 2
    difference = audioop.add(made[:half], audioop.mul(really[:half], 2, -1), 2)
    assert audioop.rms(difference, 2) < 0.25 * audioop.rms(really, 2)
    assert steps(before + made) < 1.5 * steps(really)


def test_it_fades_and_then_is_silent() -> None:
    concealment = heard(8000, 200)
    made = [concealment.conceal() for _ in range(5)]
    levels = [audioop.rms(frame, 2) for frame in made if frame]
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] < levels[0] / 3
    assert made[3:] == [None, None], "60 ms are made up, no more"


def test_what_comes_after_a_loss_begins_without_a_click() -> None:
    concealment = heard(8000, 200)
    made = concealment.conceal()
    next_frame = tone(8000, 1, 205)[0]
    after = concealment.heard(next_frame)
    assert made is not None
    assert steps(made + after) < 2_500, "the tone itself has steps of 1254"
    assert after[80:] == next_frame[80:]
    assert not concealment.losing


def test_silence_is_concealed_with_silence() -> None:
    made = Concealment(8000).conceal()
    assert made == bytes(320)


def test_after_a_loss_the_next_one_is_made_of_what_came_last() -> None:
    concealment = heard(8000, 200)
    for _ in range(10):
        concealment.conceal()
    for frame in tone(8000, 5, 110):
        concealment.heard(frame)
    made = concealment.conceal()
    assert made is not None
    assert audioop.rms(made, 2) > 3000
