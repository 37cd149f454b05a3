"""Voice activity: when does the customer begin to speak, and when do they stop? [core]

Probabilities of voice come in, window by window; a hysteresis makes changes of them. Where the
probabilities come from is no matter here (`silero.py`).
"""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from pipelines.audio import Frame

WINDOW_MS = 32
"Sound that one probability is about."


class VoiceChange(Enum):
    """The customer began or ceased to speak."""

    STARTED = "started"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class VoiceThresholds:
    """When a probability counts as voice, and how long it must last."""

    start: float = 0.5
    "At least so probable to begin."
    stop: float = 0.35
    "Less probable than this to end; lower than `start`, so that one weak window does not cut a word."
    start_ms: int = 96
    stop_ms: int = 96
    "Silence that makes a pause. What the pause means is for `turns.py` to say."


class VoiceActivity:
    """Hysteresis over the probabilities of successive windows."""

    def __init__(self, thresholds: VoiceThresholds) -> None:
        self._thresholds = thresholds
        self._against_ms = 0
        self.voiced = False

    @property
    def silent(self) -> bool:
        """Whether the newest window was silent: known before the silence has lasted `stop_ms`."""
        return not self.voiced or self._against_ms > 0

    def hear(self, probability: float) -> VoiceChange | None:
        """Take the next window's probability of voice; say whether that changes anything."""
        if self.voiced:
            contrary = probability < self._thresholds.stop
        else:
            contrary = probability >= self._thresholds.start
        self._against_ms = self._against_ms + WINDOW_MS if contrary else 0
        needed = self._thresholds.stop_ms if self.voiced else self._thresholds.start_ms
        if self._against_ms < needed:
            return None
        self._against_ms = 0
        self.voiced = not self.voiced
        return VoiceChange.STARTED if self.voiced else VoiceChange.STOPPED


class VoiceDetection(Protocol):
    """What tells voice from other sound, for one call."""

    @property
    def silent(self) -> bool:
        """Whether the voice has ceased, though perhaps for a moment only: true before `STOPPED` says so."""

    def hear(self, frame: Frame) -> VoiceChange | None:
        """Take the next 20 ms; well under a millisecond."""
