"""Frames of sound and the port that carries them.

Audio is the clock: a port yields one frame every 20 ms, gaps filled with silence, so everything
above it counts frames and integers of milliseconds. Relies on nothing of ours.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

FRAME_MS = 20
"Duration of every frame, ms."

SAMPLE_RATE = 16_000
"Inside the house, Hz, unless a port says otherwise (telephony: 8 000)."


@dataclass(frozen=True, slots=True)
class Frame:
    """Twenty milliseconds of mono 16-bit little-endian PCM."""

    pcm: bytes
    "Exactly `sample_rate // 50` samples, two bytes each."
    sample_rate: int = SAMPLE_RATE
    "Hz."
    filled: bool = False
    "The wire carried nothing for these 20 ms; the samples are silence of ours."


def silence(sample_rate: int = SAMPLE_RATE) -> Frame:
    """Twenty milliseconds of nothing, marked as filled."""
    return Frame(bytes(sample_rate // 50 * 2), sample_rate, filled=True)


class AudioPort(Protocol):
    """Two directions of live audio: what the other side says, and what it hears from us."""

    @property
    def sample_rate(self) -> int:
        """Hz, the same in both directions for the port's whole life."""

    def frames(self) -> AsyncIterator[Frame]:
        """Yield a frame every 20 ms until the other side is gone, filling gaps with silence.

        Live audio: the reader that falls behind loses the oldest frames, never the newest.
        """

    async def play(self, frame: Frame) -> None:
        """Queue a frame for playout, waiting while the playout buffer (400 ms) is full."""

    def clear(self) -> int:
        """Drop what was queued but not played; return how many ms of it were dropped."""

    def played_ms(self) -> int:
        """Milliseconds of queued audio that have left for the other side since the port opened."""


class Framer:
    """Cuts a stream of PCM in pieces of any size into frames; keeps the remainder for the next piece."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._bytes = sample_rate // 50 * 2
        self._rest = b""

    def feed(self, pcm: bytes) -> list[Frame]:
        """The frames that are complete with these bytes."""
        data = self._rest + pcm
        whole = len(data) - len(data) % self._bytes
        self._rest = data[whole:]
        return [Frame(data[at : at + self._bytes], self._sample_rate) for at in range(0, whole, self._bytes)]

    def flush(self) -> list[Frame]:
        """The remainder, filled up with silence to a whole frame; nothing if there is none."""
        if not self._rest:
            return []
        last = Frame(self._rest.ljust(self._bytes, b"\0"), self._sample_rate)
        self._rest = b""
        return [last]
