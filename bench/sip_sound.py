"""What the callers of `bench sip` say, and how it is found again in what they hear.  [core]

A second of quiet line noise in PCMU, with a loud mark of 5 ms at its beginning. A server that echoes what it
hears, through its jitter buffer and both codecs, sends the mark back; wherever a mark stands in a packet, the
time that it took is known to a sample.
"""

import numpy as np
import numpy.typing as npt

Payloads = npt.NDArray[np.uint8]
"PCMU, a row of 160 samples a packet."

SAMPLES = 160
"20 ms."
SAMPLE_NS = 125_000
FRAMES = 50
"One mark a second: delays up to a second are told without doubt."
MARK_AT, MARK_LENGTH = 60, 40
QUIET, LOUD = 60, 4_000
"Line noise stays below the one, a mark above the other, of 32 768."
MARK_LEVELS = (8_000, 16_000)
NO_MARK = -1


def _linear() -> npt.NDArray[np.int32]:
    """What each of the 256 codes of PCMU stands for (G.711)."""
    code = ~np.arange(256, dtype=np.uint8)
    magnitude = (((code & 0x0F).astype(np.int32) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude)


LINEAR = _linear()
_IS_LOUD = np.abs(LINEAR) > LOUD


def spoken() -> Payloads:
    """The second that callers repeat, each from another place in it; the mark stands in the first frame."""
    draw = np.random.default_rng(1)
    level = np.abs(LINEAR)
    noise = np.flatnonzero((level > 0) & (level <= QUIET)).astype(np.uint8)
    loud = np.flatnonzero((level >= MARK_LEVELS[0]) & (level <= MARK_LEVELS[1])).astype(np.uint8)
    second = draw.choice(noise, (FRAMES, SAMPLES))
    second[0, MARK_AT : MARK_AT + MARK_LENGTH] = draw.choice(loud, MARK_LENGTH)
    return second


def marks(payloads: Payloads) -> npt.NDArray[np.int16]:
    """For each packet, which sample is the first of a mark; `NO_MARK` where there is none."""
    loud = _IS_LOUD[payloads]
    return np.where(loud.any(axis=1), loud.argmax(axis=1), NO_MARK).astype(np.int16)
