"""Comfort noise (RFC 3389): what a line sounds like while its sender says nothing.  [core]

The level is obeyed, the spectrum is not: the noise is white. A second of it is made when the level changes,
so that a frame costs nothing. Relies on numpy.
"""

import numpy as np

from gateway.protocol_error import ProtocolError
from pipelines.audio import FRAME_MS

PAYLOAD_TYPE = 13
"For codecs at 8 kHz, whether it was agreed or not: gateways send it unasked (RFC 3551, table 4)."
LOUDEST = 40
"-dBov. Louder is no background, and would be heard as speech."
_FULL_SCALE = 32_768


class ComfortNoise:
    """The noise of one stream; silence until a level came."""

    __slots__ = ("_at", "_frame_bytes", "_level", "_noise")

    def __init__(self, sample_rate: int) -> None:
        self._frame_bytes = sample_rate * FRAME_MS // 1000 * 2
        self._noise = bytes(self._frame_bytes)
        self._level = 127
        self._at = 0

    def receive(self, payload: bytes) -> None:
        """A comfort noise packet's payload. Raises `ProtocolError`."""
        if not payload:
            raise ProtocolError("comfort_noise_empty", "A comfort noise payload begins with the noise level.")
        level = max(payload[0] & 0x7F, LOUDEST)
        if level != self._level:
            self._level = level
            self._noise = self._make(level)

    def frame(self) -> bytes:
        """The next 20 ms, PCM16."""
        at = self._at
        end = at + self._frame_bytes
        self._at = end if end < len(self._noise) else 0
        return self._noise[at:end]

    def _make(self, level: int) -> bytes:
        self._at = 0
        # a fixed seed: noise is noise, and a test gets the same every time
        noise = np.random.default_rng(3389).standard_normal(self._frame_bytes // 2 * (1000 // FRAME_MS))
        return bytes(np.rint(noise * _FULL_SCALE * 10 ** (-level / 20)).astype("<i2").tobytes())
