"""Brings a stream of PCM to another sample rate and holds almost nothing back. [core]

soxr's streams work in blocks: from 24 to 8 kHz its HQ and MQ hold back up to 75 ms, at other rates up to
115 ms; QQ holds nothing back, but has no filter, so that an `s` is folded down into the words. This is a
plain windowed-sinc filter in polyphase form: 3 ms late at 8 kHz, always. For whole recordings soxr is the
better one (`samples.py`). Relies on numpy.
"""

from math import gcd

import numpy as np
import numpy.typing as npt

CROSSINGS = 24
"Zero crossings of the sinc on either side: more make the filter steeper, and later."
BETA = 6.0
"Of the Kaiser window: stop band at about -60 dB."
PASS = 0.925
"Cut-off as a part of the lower Nyquist frequency: at 8 kHz 3.7 kHz, flat up to the telephone's 3.4."


FEW_PHASES = 4
"With so few filters, between 8 and 16 kHz above all, it pays to take the samples of each together."

Samples = npt.NDArray[np.float32]


class Resampler:
    """One stream. The output is as long as the input in time, once flushed, and not shifted."""

    def __init__(self, sample_rate: int, wanted_rate: int) -> None:
        common = gcd(sample_rate, wanted_rate)
        self._up, self._down = wanted_rate // common, sample_rate // common
        self._filters = _filters(self._up, self._down)
        taps = self._filters.shape[1]
        self._ahead = taps // 2
        "Input that must have come before a sample of output can be made."
        self._waiting: Samples = np.zeros(taps - 1 - self._ahead, np.float32)
        self._next = 0
        "Place of the next sample of output, in 1/up samples of `_waiting`."

    def feed(self, pcm: bytes) -> bytes:
        """PCM16 at the wanted rate: all that can be made of what has come."""
        if self._up == self._down:
            return pcm
        samples = np.frombuffer(pcm, "<i2").astype(np.float32)
        self._waiting = np.concatenate((self._waiting, samples))
        taps = self._filters.shape[1]
        ready = (len(self._waiting) - taps + 1) * self._up - self._next
        if ready <= 0:
            return b""
        count = -(-ready // self._down)
        made = self._by_phase(count) if self._up <= FEW_PHASES else self._by_place(count)
        self._next += count * self._down
        done, self._next = divmod(self._next, self._up)
        self._waiting = self._waiting[done:]
        return bytes(np.clip(np.rint(made), -32_768, 32_767).astype("<i2").tobytes())

    def _by_place(self, count: int) -> Samples:
        """So many samples of output, each with its own window and filter."""
        windows = np.lib.stride_tricks.sliding_window_view(self._waiting, self._filters.shape[1])
        places = self._next + np.arange(count) * self._down
        made: Samples = np.einsum("nt,nt->n", windows[places // self._up], self._filters[places % self._up])
        return made

    def _by_phase(self, count: int) -> Samples:
        """The same, all samples of one filter together: a third of the time for 20 ms."""
        made: Samples = np.empty(count, np.float32)
        taps = self._filters.shape[1]
        for first in range(min(self._up, count)):
            begin, phase = divmod(self._next + first * self._down, self._up)
            wanted = len(range(first, count, self._up))
            heard = self._waiting[begin : begin + (wanted - 1) * self._down + taps]
            made[first :: self._up] = np.correlate(heard, self._filters[phase], "valid")[:: self._down]
        return made

    def flush(self) -> bytes:
        """What was held back, at the end."""
        return self.feed(bytes(2 * self._ahead)) if self._up != self._down else b""


def _filters(up: int, down: int) -> Samples:
    """Coefficients by (phase, tap): one low-pass at the rate `up` times the input's, dealt out."""
    slower = max(up, down)
    half = -(-CROSSINGS * slower // up)
    offsets = np.arange(-half + 1, half + 1)[None] - np.arange(up)[:, None] / up
    cutoff = PASS * up / slower
    window = np.i0(BETA * np.sqrt(np.clip(1 - (offsets / half) ** 2, 0, 1))) / np.i0(BETA)
    taps = cutoff * np.sinc(cutoff * offsets) * window
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), np.float32)
