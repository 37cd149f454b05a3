"""How a provider writes samples: G.711 in both laws, or linear.  [core]"""

import audioop
from dataclasses import dataclass
from typing import Literal

from pipelines.audio import FRAME_MS


@dataclass(frozen=True, slots=True)
class Encoding:
    """The same both ways."""

    law: Literal["mulaw", "alaw", "linear"]
    "`linear`: 16 bits, little-endian."
    sample_rate: int = 8_000
    "Hz."

    @property
    def frame_bytes(self) -> int:
        """Of one frame as the provider writes it."""
        return self.sample_rate * FRAME_MS // 1000 * (2 if self.law == "linear" else 1)

    def decode(self, audio: bytes) -> bytes:
        """PCM16 of what came; half a sample at its end is dropped."""
        if self.law == "mulaw":
            return audioop.ulaw2lin(audio, 2)
        if self.law == "alaw":
            return audioop.alaw2lin(audio, 2)
        return audio[: len(audio) & ~1]

    def encode(self, pcm: bytes) -> bytes:
        """What is sent for PCM16."""
        if self.law == "mulaw":
            return audioop.lin2ulaw(pcm, 2)
        if self.law == "alaw":
            return audioop.lin2alaw(pcm, 2)
        return pcm


MULAW = Encoding("mulaw")
ALAW = Encoding("alaw")
LINEAR = Encoding("linear")
