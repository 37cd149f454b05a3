"""The streaming resampler: on time, true to what it passes, deaf to what would be folded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.resampler import Resampler

RATES = [(24_000, 8_000), (22_050, 8_000), (24_000, 16_000), (16_000, 8_000), (8_000, 16_000)]


def tone(hz: float, sample_rate: int) -> bytes:
    """One second."""
    return (8_000 * np.sin(2 * np.pi * hz * np.arange(sample_rate) / sample_rate)).astype("<i2").tobytes()


def numbers(pcm: bytes) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def converted(pcm: bytes, sample_rate: int, wanted_rate: int) -> bytes:
    resampler = Resampler(sample_rate, wanted_rate)
    return resampler.feed(pcm) + resampler.flush()


@pytest.mark.parametrize(("sample_rate", "wanted_rate"), RATES)
def test_never_holds_back_more_than_three_milliseconds(sample_rate: int, wanted_rate: int) -> None:
    resampler = Resampler(sample_rate, wanted_rate)
    made = 0
    for count in range(1, 51):
        made += len(resampler.feed(bytes(sample_rate // 50 * 2))) // 2
        assert -0.1 <= count * (sample_rate // 50) / sample_rate * 1_000 - made / wanted_rate * 1_000 <= 3.1


@pytest.mark.parametrize(("sample_rate", "wanted_rate"), RATES)
def test_keeps_the_voice_as_it_was_where_it_was(sample_rate: int, wanted_rate: int) -> None:
    for hz in (300, 1_000, 3_000):
        heard = numbers(converted(tone(hz, sample_rate), sample_rate, wanted_rate))
        wanted = numbers(tone(hz, wanted_rate))
        assert len(heard) == len(wanted)
        assert np.abs(heard - wanted)[400:-400].max() <= 8


@pytest.mark.parametrize("hz", [4_300, 5_000, 6_700, 7_900])
def test_takes_away_what_a_telephone_cannot_carry(hz: int) -> None:
    heard = numbers(converted(tone(hz, 24_000), 24_000, 8_000))
    assert heard[400:-400].std() < 5_657 / 10 ** (55 / 20)


@given(st.sampled_from(RATES), st.lists(st.integers(0, 700), max_size=12))
def test_it_does_not_matter_in_which_pieces_the_sound_comes(rates: tuple[int, int], sizes: list[int]) -> None:
    sound = np.random.default_rng(5).integers(-9_000, 9_000, sum(sizes)).astype("<i2").tobytes()
    resampler, at, made = Resampler(*rates), 0, b""
    for size in sizes:
        made += resampler.feed(sound[2 * at : 2 * (at + size)])
        at += size
    whole = numbers(converted(sound, *rates))
    pieces = numbers(made + resampler.flush())
    assert len(whole) == len(pieces)
    assert np.abs(whole - pieces).max(initial=0) <= 1


def test_loud_sound_is_clipped_and_not_turned_over() -> None:
    square = np.repeat(np.array([32_767, -32_768] * 40, "<i2"), 30).tobytes()
    heard = numbers(converted(square, 24_000, 8_000))
    assert heard.max() == 32_767
    assert heard.min() == -32_768
    assert np.all(np.sign(heard[5:9]) == 1)


def test_sound_at_the_wanted_rate_passes_untouched() -> None:
    pcm = tone(440, 16_000)
    assert converted(pcm, 16_000, 16_000) == pcm
