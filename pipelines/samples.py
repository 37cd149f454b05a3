"""Sound as numbers, the way the speech models want it."""

import numpy as np
import numpy.typing as npt
import soxr

MODEL_RATE = 16_000
"Hz."

Samples = npt.NDArray[np.float32]
"Sound as floats in -1..1, mono."


def resampled(pcm: bytes, sample_rate: int, wanted_rate: int) -> bytes:
    """PCM16 at another rate, the whole of it at once; well under a millisecond for each second of sound."""
    # As floats: soxr adds noise to whole numbers, and silence should stay silence.
    floats = np.frombuffer(pcm, np.int16).astype(np.float32)
    sound = soxr.resample(floats, sample_rate, wanted_rate, quality="HQ")
    return bytes(np.clip(np.rint(sound), -32_768, 32_767).astype("<i2").tobytes())


def samples_16k(pcm: bytes, sample_rate: int) -> Samples:
    """PCM16 as floats at the models' 16 kHz. Milliseconds for a long utterance: call it in a worker."""
    samples: Samples = np.frombuffer(pcm, np.int16).astype(np.float32) / np.float32(32_768)
    if sample_rate == MODEL_RATE:
        return samples
    resampled: Samples = soxr.resample(samples, sample_rate, MODEL_RATE, quality="HQ")
    return resampled
