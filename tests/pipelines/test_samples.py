"""Sound as numbers."""

import numpy as np

from pipelines.samples import resampled, samples_16k


def test_full_scale_is_one() -> None:
    samples = samples_16k(np.array([-32_768, 0, 16_384], "<i2").tobytes(), 16_000)
    assert samples.tolist() == [-1.0, 0.0, 0.5]
    assert samples.dtype == np.float32


def test_telephone_sound_is_brought_to_the_models_rate() -> None:
    time = np.arange(8_000) / 8_000
    tone = (8_000 * np.sin(2 * np.pi * 440 * time)).astype("<i2")
    samples = samples_16k(tone.tobytes(), 8_000)
    assert len(samples) == 16_000
    spectrum = np.abs(np.fft.rfft(samples))
    assert int(np.argmax(spectrum)) == 440


def test_a_whole_recording_keeps_its_length_and_its_loudness_at_another_rate() -> None:
    tone = (8_000 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)).astype("<i2")
    narrow = np.frombuffer(resampled(tone.tobytes(), 16_000, 8_000), "<i2")
    assert len(narrow) == 8_000
    assert abs(float(np.abs(narrow).max()) - 8_000) < 100
