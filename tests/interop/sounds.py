"""What is said and heard on a telephone line: mono samples of 16 bits, and their rate."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of mono sound."""

    samples: Samples
    rate: int
    "Hz."

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def at(self, rate: int) -> "Sound":
        """The same at another sample rate."""
        if rate == self.rate:
            return self
        changed = soxr.resample(self.samples.astype(np.float32), self.rate, rate, quality="HQ")
        return Sound(np.clip(changed, -32_768, 32_767).astype(np.int16), rate)

    def after(self, seconds: float) -> "Sound":
        """What came later than `seconds` from the beginning."""
        return Sound(self.samples[int(seconds * self.rate) :], self.rate)

    def loudest_hertz(self) -> float:
        """The frequency with the most power; 0 where there is nothing but silence."""
        if not len(self.samples) or np.abs(self.samples).max() < 100:
            return 0.0
        spectrum = np.abs(np.fft.rfft(self.samples * np.hanning(len(self.samples))))
        return float(np.argmax(spectrum) * self.rate / len(self.samples))

    @property
    def loud_s(self) -> float:
        """For how long somebody speaks or a tone sounds in it."""
        frame = self.rate // 50
        whole = self.samples[: len(self.samples) // frame * frame].astype(np.int32).reshape(-1, frame)
        return float((np.abs(whole).mean(axis=1) > 300).sum()) / 50

    def without_pauses(self, longest_s: float = 0.8) -> "Sound":
        """The same with long pauses cut short, which take a recogniser as long as speech does."""
        frame = self.rate // 50
        whole = self.samples[: len(self.samples) // frame * frame].reshape(-1, frame)
        loud = np.abs(whole.astype(np.int32)).mean(axis=1) > 300
        kept = np.convolve(loud, np.ones(int(longest_s * 50)), "same") > 0
        return Sound(whole[kept].reshape(-1), self.rate)

    def is_loud(self) -> bool:
        """Whether somebody speaks or a tone sounds in it."""
        return self.loud_s >= 0.1


def tone(hertz: float, seconds: float, rate: int = 8_000) -> Sound:
    """A steady tone, well audible."""
    at = np.arange(int(seconds * rate)) / rate
    return Sound((8_000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16), rate)


def silence(seconds: float, rate: int = 8_000) -> Sound:
    """Nothing."""
    return Sound(np.zeros(int(seconds * rate), np.int16), rate)


def read(path: Path) -> Sound:
    """A recording of any kind that soundfile knows, mixed down to mono."""
    samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    return Sound(samples.mean(axis=1).astype(np.int16), rate)
