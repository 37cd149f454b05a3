"""Whisper's log-mel spectrogram, for Whisper itself and for smart-turn, which hears the same way.

The same numbers as faster-whisper's `FeatureExtractor`, for much less: silence behind the sound is not
computed, because it always looks the same, and no BLAS is called. Its threads spin on the cores that the
models' threads need at that moment: on two busy cores the small matrix product took 64-102 ms at the median,
`einsum` 0.7 ms. Takes only the mel filters from faster-whisper.
"""

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor

from pipelines.samples import MODEL_RATE, Samples

SPAN, HOP = 400, 160
"Samples that one column looks at, and between columns."
RATE = MODEL_RATE // HOP
"Columns a second."


class Spectrogram:
    """Makes spectrograms of so many mels. May be called from several threads."""

    def __init__(self, mels: int = 80) -> None:
        self._filters = FeatureExtractor(feature_size=mels).mel_filters.astype(np.float32)
        self._window = np.hanning(SPAN + 1)[:-1].astype(np.float32)

    def __call__(self, samples: Samples, seconds: int) -> Samples:
        """Of the sound at 16 kHz and silence behind it up to so many seconds: (mels, 100 a second)."""
        columns = seconds * RATE
        silence = min(seconds * MODEL_RATE - len(samples), 2 * SPAN)
        sound = np.pad(np.pad(samples, (0, silence)), SPAN // 2, mode="reflect")
        spans = np.lib.stride_tricks.sliding_window_view(sound, SPAN)[::HOP][:columns]
        spectrum = np.fft.rfft(spans * self._window)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        logs = np.log10(np.maximum(np.einsum("mf,tf->mt", self._filters, power), 1e-10))
        heard = (np.maximum(logs, logs.max() - 8) + 4) / 4
        rest = ((0, 0), (0, columns - heard.shape[1]))
        whole: Samples = np.pad(heard, rest, constant_values=heard.min()).astype(np.float32)
        return whole
