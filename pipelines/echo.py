"""Is what we hear our own voice, come back over the telephone? [core]

Telephone paths cancel no echo, or not all of it: what we say returns 50 to 300 ms later, quieter, through
other codecs and with reflections. It is told by its waveform: the last eighth of a second heard is laid
along all that was played lately, and where both agree it is ours. An echo keeps its delay: once it was
heard clearly, less agreement will do there. The caller's voice agrees with nothing we said for long, though
two vowels of one pitch are alike for a moment, and over an echo it soon is the larger part. Relies on numpy.
"""

import numpy as np

from pipelines.audio import Frame
from pipelines.samples import Samples

RATE = 8_000
"Enough for the comparison, whatever the call's own."
REACH_MS = 700
"How long ago what returns may have been played, the port's own delay included."
HEARD_MS = 128
EMPHASIS = 0.7
"Takes low frequencies back, which all voices share."
CLEAR = 0.7
"""Agreement (correlation, 0 to 1) that is an echo at any delay. Of echoes 6 to 30 dB down nineteen in twenty
windows have it, of other voices, ours in another mouth included, one in a thousand."""
ALIKE = 0.5
"Agreement that is an echo at the delay where one was clear; of other voices a hundredth has it somewhere."
SAME_SAMPLES = 8
"So far delays may lie apart and be the same: 1 ms."
FAINT_DB = -22.0
"Against the loudest of what we said: so quiet over it is no caller, who would not be understood either."


class OwnEcho:
    """Compares what is heard with what was played, in one call."""

    def __init__(self) -> None:
        self._played: Samples = np.zeros(RATE * REACH_MS // 1_000, np.float32)
        self._heard: Samples = np.zeros(RATE * HEARD_MS // 1_000, np.float32)
        self._silent_samples = len(self._played)
        "Since we last played anything but silence."
        self._behind = 0
        self._place: int | None = None
        "Where in what had been played by then the last clear echo began."

    @property
    def possible(self) -> bool:
        """Whether anything of ours may still come back."""
        return self._silent_samples < len(self._played)

    def play(self, frame: Frame | None) -> None:
        """Once every 20 ms: what left for the caller during them."""
        if frame is None:
            if not self.possible:
                return  # nothing but silence is remembered
            new: Samples = np.zeros(RATE // 50, np.float32)
        else:
            new = _narrow(frame.pcm, frame.sample_rate)
        self._silent_samples = 0 if np.abs(new).max() > 1e-3 else self._silent_samples + len(new)
        self._played = np.concatenate((self._played[len(new) :], new))

    def hear(self, pcm: bytes, sample_rate: int, behind: int = 0) -> None:
        """What was heard since; PCM16. It ended so many samples `behind` the end of what was played."""
        self._behind = behind * RATE // sample_rate
        new = _narrow(pcm, sample_rate)
        self._heard = np.concatenate((self._heard, new))[-len(self._heard) :]

    def sounds(self) -> bool:
        """Whether what was heard last is our own voice. About 0.2 ms: ask only where voice was found."""
        if not self.possible:
            return False
        if self._is_faint():
            return True
        heard, played = _emphasised(self._heard), _emphasised(self._played)
        size = 1 << (len(heard) + len(played) - 1).bit_length()
        spectrum = np.fft.rfft(played, size) * np.conj(np.fft.rfft(heard, size))
        places = len(played) - len(heard) + 1
        agreement = np.abs(np.fft.irfft(spectrum, size)[:places])
        power = np.concatenate(([0.0], np.cumsum(np.square(played))))
        power = power[len(heard) :] - power[: -len(heard)]
        # Where hardly anything was played, agreement is chance.
        floor = 1e-4 * power.max() + 1e-9
        alike = agreement / np.sqrt((power + floor) * (np.square(heard).sum() + 1e-12))
        return self._is_echo(alike)

    def _is_echo(self, alike: Samples) -> bool:
        """`alike`: the agreement at each place of what was played."""
        best = int(alike.argmax())
        if alike[best] >= CLEAR:
            self._place = best + self._behind
            return True
        if self._place is None:
            return False
        place = self._place - self._behind
        known = alike[max(0, place - SAME_SAMPLES) : max(0, place + SAME_SAMPLES + 1)]
        return bool(known.max(initial=0.0) >= ALIKE)

    def _is_faint(self) -> bool:
        blocks = np.square(self._played[-(len(self._played) // len(self._heard) * len(self._heard)) :])
        loudest = blocks.reshape(-1, len(self._heard)).mean(axis=1).max()
        return bool(np.square(self._heard).mean() < loudest * 10 ** (FAINT_DB / 10))


def _emphasised(sound: Samples) -> Samples:
    return np.asarray(sound[1:] - EMPHASIS * sound[:-1], np.float32)


def _narrow(pcm: bytes, sample_rate: int) -> Samples:
    """PCM16 as floats at 8 kHz; of 16 kHz each pair's mean, a filter good enough for a comparison."""
    samples: Samples = np.frombuffer(pcm, np.int16).astype(np.float32) / np.float32(32_768)
    fold = sample_rate // RATE
    return samples if fold == 1 else samples.reshape(-1, fold).mean(axis=1)
