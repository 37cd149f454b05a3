"""The spectrogram is that of faster-whisper, which stands for Whisper's own."""

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor

from pipelines.spectrogram import Spectrogram


@pytest.mark.parametrize("samples", [201, 1_600, 47_999, 48_000, 48_001, 159_200, 159_900, 160_000])
def test_equals_that_of_the_sound_with_silence_behind(samples: int) -> None:
    sound = np.random.default_rng(samples).normal(0, 0.1, samples).astype(np.float32)
    whole = np.pad(sound, (0, 160_000 - samples))
    mel = Spectrogram()(sound, 10)
    assert mel.shape == (80, 1_000)
    assert mel.dtype == np.float32
    assert np.allclose(mel, FeatureExtractor()(whole, padding=0), atol=1e-4)


def test_silence_is_even() -> None:
    mel = Spectrogram()(np.zeros(16_000, np.float32), 8)
    assert mel.shape == (80, 800)
    assert np.ptp(mel) == 0


def test_makes_as_many_mels_as_the_model_wants() -> None:
    assert Spectrogram(128)(np.zeros(16_000, np.float32), 2).shape == (128, 200)
