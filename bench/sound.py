"""Recordings as arrays: reading, resampling, mixing with noise. All mono, float32 in -1..1."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

Sound = npt.NDArray[np.float32]


def read(path: Path, sample_rate: int = 16_000) -> Sound:
    """A recording, mixed down to mono, at `sample_rate` Hz."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono: Sound = samples.mean(axis=1)
    return mono if rate == sample_rate else soxr.resample(mono, rate, sample_rate, quality="VHQ")


def write(path: Path, sound: Sound, sample_rate: int = 16_000) -> None:
    """As a 16-bit WAV file."""
    soundfile.write(path, sound, sample_rate, subtype="PCM_16")


def narrowband(sound: Sound) -> Sound:
    """What is left of 16 kHz sound after a telephone line: down to 8 kHz and mu-law, and up again."""
    low = soxr.resample(sound, 16_000, 8_000, quality="VHQ")
    magnitude = np.log1p(255 * np.abs(np.clip(low, -1, 1))) / np.log1p(255)
    coded = np.round(magnitude * 127) / 127 * np.sign(low)
    decoded = np.sign(coded) * (np.power(256.0, np.abs(coded)) - 1) / 255
    up: Sound = soxr.resample(decoded.astype(np.float32), 8_000, 16_000, quality="VHQ")
    return up


def noisy(sound: Sound, noise: Sound, snr_db: float) -> Sound:
    """The sound with noise, repeated as needed, at a signal-to-noise ratio by the power of the loud parts."""
    bed = np.resize(noise, len(sound))
    loud = sound[np.abs(sound) > 0.02]
    power = float(np.mean(np.square(loud if len(loud) else sound))) or 1e-9
    gain = np.sqrt(power / (float(np.mean(np.square(bed))) or 1e-9) / 10 ** (snr_db / 10))
    mixed: Sound = np.clip(sound + gain * bed, -1, 1).astype(np.float32)
    return mixed
