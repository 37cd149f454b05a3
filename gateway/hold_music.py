"""Hold music: a quiet loop of broken chords, made here, so that nobody's rights are in it. [core]

Four bars that go round without a seam. All of it lies between 190 and 1,600 Hz, so that a telephone's codec
loses nothing of it, and no sound begins abruptly: sharp beginnings are what tires people who wait.
Relies on numpy.
"""

from collections.abc import Iterator
from functools import cache
from itertools import cycle

import numpy as np
import numpy.typing as npt

from pipelines.audio import Frame, Framer

NOTE_S = 0.3
BARS = ((60, 64, 67, 71), (57, 60, 64, 67), (62, 65, 69, 72), (55, 59, 62, 65))
"Chords as MIDI notes: C, A minor, D minor and G, each with its seventh."
FIGURE = (0, 1, 2, 3, 2, 3, 1, 2)
"Which note of the chord comes when."
RISE_S, FADE_S = 0.02, 0.5
PARTIALS = (1.0, 0.35, 0.12)
PEAK = 3_000
"Of full scale 32,768: about -21 dBFS, well below a voice."

Wave = npt.NDArray[np.float64]


def hold_music(sample_rate: int) -> Iterator[Frame]:
    """Frames of it without end, from the beginning."""
    return cycle(_loop(sample_rate))


@cache
def _loop(sample_rate: int) -> tuple[Frame, ...]:
    """The four bars: whole frames, 9.6 s."""
    length = round(NOTE_S * sample_rate)
    wave = np.zeros(length * len(BARS) * len(FIGURE))
    for bar, chord in enumerate(BARS):
        for beat, place in enumerate(FIGURE):
            sound = _note(chord[place], sample_rate)
            begin = (bar * len(FIGURE) + beat) * length
            at = np.arange(begin, begin + len(sound)) % len(wave)  # the last ones ring into the beginning
            wave[at] += sound
    wave *= PEAK / np.abs(wave).max()
    return tuple(Framer(sample_rate).feed(wave.astype("<i2").tobytes()))


def _note(midi: int, sample_rate: int) -> Wave:
    """One plucked note, faded out after 2 s."""
    times = np.arange(2 * sample_rate) / sample_rate
    hertz = 440 * 2 ** ((midi - 69) / 12)
    tone = sum(part * np.sin(2 * np.pi * hertz * (n + 1) * times) for n, part in enumerate(PARTIALS))
    rise = np.clip(times / RISE_S, 0, 1)
    sound: Wave = tone * rise * np.exp(-times / FADE_S) * np.clip((2 - times) / RISE_S, 0, 1)
    return sound
