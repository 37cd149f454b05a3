"""Sound that carries its own words, so that fakes can hear and speak: a loud tone with text in it.

Every word lasts so many frames; its letters stand in the samples of its middle frame. Silence is zeros;
noise is loud and carries nothing. What a fake recogniser hears is what was really in its frames.
"""

import struct
from collections.abc import Iterable

import numpy as np

from pipelines.audio import SAMPLE_RATE, Frame, silence
from pipelines.samples import Samples

MAGIC = 23_130
LOUDNESS = 6_000
WORD_FRAMES = 15
LETTER, BEGIN = 9_000, 30_000
"Loudness of a letter in telephone speech, to which its code is added, and of the beginning of a word."


def noise(frames: int, sample_rate: int = SAMPLE_RATE) -> list[Frame]:
    """Loud, without words."""
    return [Frame(struct.pack("<h", LOUDNESS) * (sample_rate // 50), sample_rate)] * frames


def hush(frames: int, sample_rate: int = SAMPLE_RATE) -> list[Frame]:
    return [silence(sample_rate)] * frames


def word(text: str, frames: int = WORD_FRAMES, sample_rate: int = SAMPLE_RATE) -> list[Frame]:
    """One word; its letters are heard at its middle."""
    letters = text.encode()[:60]
    spelt = struct.pack(f"<hh{len(letters)}h", MAGIC, len(letters), *letters)
    loud = noise(1, sample_rate)[0].pcm
    marked = Frame(spelt + loud[len(spelt) :], sample_rate)
    sound = noise(frames, sample_rate)
    sound[frames // 2] = marked
    return sound


def speech(text: str, frames: int = WORD_FRAMES) -> list[Frame]:
    """Words without pauses between them."""
    return [frame for part in text.split() for frame in word(part, frames)]


def telephone_speech(text: str) -> list[Frame]:
    """Words at 8 kHz that are still there after resampling: a frame of even loudness for each letter."""
    levels = [level for part in text.split() for level in _levels(part)]
    return [Frame(struct.pack("<h", level) * 160, 8_000) for level in levels]


def _levels(part: str) -> list[int]:
    letters = [LETTER + 100 * ord(letter) for letter in part]
    return [BEGIN, *letters, *[LOUDNESS] * (WORD_FRAMES - 1 - len(letters))]


def words_in_telephone_samples(samples: Samples) -> str:
    """The words of `telephone_speech` in sound brought to 16 kHz that begins with a frame."""
    text = ""
    for level in np.rint(samples[160::320] * 32_768):
        if abs(level - BEGIN) < 50:
            text += " "
        elif LETTER < level < BEGIN:
            text += chr(round((level - LETTER) / 100))
    return text.strip()


def words_in(frames: Iterable[Frame]) -> str:
    """The words that these frames carry."""
    return " ".join(filter(None, (_letters(np.frombuffer(frame.pcm, np.int16)) for frame in frames)))


def words_in_samples(samples: Samples) -> str:
    """The words in sound at 16 kHz, cut at any frame."""
    whole = np.rint(samples * 32_768).astype(np.int16)
    found = [_letters(whole[at : at + 100]) for at in np.flatnonzero(whole == MAGIC)]
    return " ".join(filter(None, found))


def _letters(samples: "np.ndarray[tuple[int], np.dtype[np.int16]]") -> str:
    if len(samples) < 2 or samples[0] != MAGIC:
        return ""
    return bytes(samples[2 : 2 + int(samples[1])].astype(np.uint8)).decode()
