"""When somebody was heard, found in recordings of both ends of a call on one clock.  [core]

A recording is a list of pieces, each with the time at which its first sample was spoken or could be heard.
Time is told by energy alone, in blocks of 5 ms: a block is audible above -44 dBFS, which is louder than the
noise of a codec or a line and softer than speech. A single loud block is a click; sound has to last.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BLOCK_MS = 5
AUDIBLE = 10 ** (-44 / 20)
"Root mean square of samples in -1..1."
LASTS_MS = 20
"Sound shorter than this is a click."


@dataclass(frozen=True, slots=True)
class Piece:
    """Sound without a gap in it."""

    at_ms: float
    "Of its first sample."
    samples: npt.NDArray[np.int16]
    sample_rate: int = 16_000


Recording = Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of sound."""

    start_ms: float
    end_ms: float
    "Of its last audible block."


def spans(recording: Recording, gap_ms: float = 200.0) -> list[Span]:
    """The stretches that can be heard, in order; silences of up to `gap_ms` do not part them."""
    found: list[Span] = []
    for start, end in _audible(recording):
        if found and start - found[-1].end_ms <= gap_ms:
            found[-1] = Span(found[-1].start_ms, max(end, found[-1].end_ms))
        else:
            found.append(Span(start, end))
    return [span for span in found if span.end_ms - span.start_ms >= LASTS_MS]


def voice_to_voice_ms(question: Recording, heard: Recording) -> float | None:
    """From the last audible sample of the question to the first one heard after it; None: nothing was heard.

    Negative when the answer came before the question was over: they cut the caller off.
    """
    asked = spans(question)
    if not asked:
        raise ValueError("the question has no sound in it")
    begun, ended = asked[0].start_ms, asked[-1].end_ms
    starts = [span.start_ms for span in spans(heard) if span.start_ms > begun]
    return starts[0] - ended if starts else None


def stop_ms(interruption: Recording, heard: Recording, quiet_ms: float = 600.0) -> float | None:
    """From the first audible sample of an interruption to the last one heard before `quiet_ms` of silence.

    None: nothing was being said when it came, or it never stopped.
    """
    begun = spans(interruption)[0].start_ms
    last_piece = heard[-1].at_ms
    for span in spans(heard, quiet_ms):
        if span.start_ms <= begun <= span.end_ms:
            return span.end_ms - begun if span.end_ms + quiet_ms <= last_piece else None
    return None


def _audible(recording: Recording) -> Iterator[tuple[float, float]]:
    for piece in recording:
        size = piece.sample_rate * BLOCK_MS // 1_000
        whole = len(piece.samples) - len(piece.samples) % size
        blocks = piece.samples[:whole].reshape(-1, size).astype(np.float32) / 32_768
        for number in np.flatnonzero(np.sqrt(np.mean(np.square(blocks), axis=1)) > AUDIBLE):
            start = piece.at_ms + float(number) * BLOCK_MS
            yield start, start + BLOCK_MS
