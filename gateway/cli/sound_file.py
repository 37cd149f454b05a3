"""Sound files in and out of the house's format, for commands that speak and record.

Relies on libsndfile for reading and on PyAV for resampling.
"""

import wave
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soundfile

from pipelines.audio import FRAME_MS, SAMPLE_RATE, Frame


def read(path: Path) -> list[Frame]:
    """Any file that libsndfile reads (WAV of any width, rate and channels) as frames; the last is filled up.

    Raises `ValueError` that names the file.
    """
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as fault:
        raise ValueError(f"{path} cannot be read as audio: {fault}") from fault
    # As floats, because libsndfile does not scale a floating-point file to integers.
    mono = (np.nan_to_num(samples).mean(axis=1).clip(-1, 1) * 32767).round().astype(np.int16)
    if not mono.size:
        raise ValueError(f"{path} has no sound in it")
    pcm = _resample(mono, rate) if rate != SAMPLE_RATE else mono.tobytes()
    size = SAMPLE_RATE * FRAME_MS // 1000 * 2
    pcm += bytes(-len(pcm) % size)
    return [Frame(pcm[i : i + size]) for i in range(0, len(pcm), size)]


def write(path: Path, pcm: bytes) -> None:
    """16 kHz mono PCM16 to a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(pcm)


def _resample(samples: npt.NDArray[np.int16], rate: int) -> bytes:
    audio = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
    audio.sample_rate = rate
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    parts = [*resampler.resample(audio), *resampler.resample(None)]
    return b"".join(part.to_ndarray().tobytes() for part in parts)
