"""Hold music: quiet, steady, without a seam, and the same at every rate."""

from itertools import islice

import numpy as np
import pytest

from gateway.hold_music import PEAK, hold_music

LOOP_FRAMES = 480


def samples(rate: int, frames: int) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    return np.frombuffer(b"".join(f.pcm for f in islice(hold_music(rate), frames)), np.int16)


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_it_is_whole_frames_of_the_rate_and_goes_round(rate: int) -> None:
    frames = list(islice(hold_music(rate), LOOP_FRAMES + 3))
    assert all(len(f.pcm) == rate // 50 * 2 and f.sample_rate == rate and not f.filled for f in frames)
    assert frames[LOOP_FRAMES:] == frames[:3]
    assert len({f.pcm for f in frames}) == LOOP_FRAMES


def test_it_is_quieter_than_a_voice_and_never_silent() -> None:
    wave = samples(16_000, LOOP_FRAMES).astype(float)
    assert PEAK - 2 <= np.abs(wave).max() <= PEAK
    seconds = wave[: len(wave) // 16_000 * 16_000].reshape(-1, 16_000)
    loudness = 20 * np.log10(np.sqrt((seconds**2).mean(axis=1)) / 32_768)
    assert loudness.min() > -40
    assert loudness.max() < -26


def test_it_has_no_clicks_not_even_where_it_begins_again() -> None:
    wave = samples(16_000, 2 * LOOP_FRAMES).astype(int)
    steps = np.abs(np.diff(wave))
    seam = LOOP_FRAMES * 320
    assert steps[seam - 50 : seam + 50].max() <= steps.max()
    assert steps.max() < 0.5 * PEAK


def test_a_telephone_loses_little_of_it() -> None:
    spectrum = np.abs(np.fft.rfft(samples(16_000, LOOP_FRAMES).astype(float))) ** 2
    hertz = np.fft.rfftfreq(LOOP_FRAMES * 320, 1 / 16_000)
    assert spectrum[(hertz > 180) & (hertz < 3_400)].sum() / spectrum.sum() > 0.99
