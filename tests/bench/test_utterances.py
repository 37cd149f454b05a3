"""Where what callers say in `bench turns` begins."""

import numpy as np
import pytest

from bench.sound import Sound
from bench.turns import LEAD_MS, ONSET_MS, begin, over
from bench.utterances import RATE, Utterance, onset_ms, room


def tone(ms: int, level: float = 0.3) -> Sound:
    """Something to hear."""
    wave: Sound = (level * np.sin(np.arange(RATE * ms // 1_000) * 0.3)).astype(np.float32)
    return wave


def test_a_click_and_the_noise_of_the_recording_are_no_first_word() -> None:
    hiss = room(3_000, 0.02)
    recording = hiss.copy()
    recording[: RATE // 100] += tone(10)
    recording[RATE : RATE * 2] += tone(1_000)
    assert onset_ms(recording) == pytest.approx(1_000, abs=10)
    assert Utterance("", "", recording).voiced_ms[0] == 0, "which its level alone does not tell"


def test_an_interruption_begins_shortly_before_its_first_word() -> None:
    long = begin(np.concatenate((room(4_000), tone(3_000))))
    at_once = begin(np.concatenate((tone(500), room(500))))
    assert onset_ms(long) == ONSET_MS and len(long) == 2 * RATE
    assert onset_ms(at_once) == ONSET_MS


def test_noise_is_heard_before_an_interruption_and_under_it() -> None:
    clip = np.concatenate((room(100), tone(900)))
    before, said = over(clip, room(5_000, 0.1, seed=4), 10)
    assert len(before) == RATE * LEAD_MS // 1_000 and len(said) == len(clip)
    noise = said - clip
    snr_db = 10 * np.log10(np.square(clip).mean() / np.square(noise).mean())
    assert snr_db == pytest.approx(10, abs=0.5)
    assert np.square(before).mean() == pytest.approx(np.square(noise).mean(), rel=0.05)
