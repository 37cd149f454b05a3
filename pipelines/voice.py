"""Voice activity: when does the customer begin to speak, and when do they stop? [core]

Probabilities of voice come in, window by window; a hysteresis makes changes of them. Where the
probabilities come from is no matter here (`silero.py`).
"""

from collections import deque
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
    start_late_ms: int = 110
    "A start is reported so long after the first voiced sample, by measurement."
    stop_late_ms: int = 180
    "A stop is reported so long after the last voiced sample: the network hears the end of a word ring out."


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

    @property
    def stirring(self) -> bool:
        """Whether the newest window was voice that has not lasted `start_ms` yet."""
        return not self.voiced and self._against_ms > 0

    @property
    def late_ms(self) -> int:
        """How long before it was reported the newest change really happened."""
        return self._thresholds.start_late_ms if self.voiced else self._thresholds.stop_late_ms

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


class Fading:
    """Sees a voice fade before the network, which hears the last word ring out, is sure that it has gone.

    After a last word the level falls within one window. On real speech that is 40 ms before a probability
    below `stop`, with a false alarm in 5 s of speech: a `t` or a `k` closes the mouth as well.
    """

    DEPTH_DB = 18.0
    "So much quieter than the voice usually is,"
    SURE = 0.98
    "unless it is still voice beyond doubt."
    SLOWNESS = 0.95

    def __init__(self) -> None:
        self._usual_db: float | None = None
        self.faint = False

    def hear(self, level_db: float, probability: float) -> None:
        """Take the next window's level and probability of voice."""
        if probability >= 0.5:
            usual = level_db if self._usual_db is None else self._usual_db
            self._usual_db = self.SLOWNESS * usual + (1 - self.SLOWNESS) * level_db
        usual_db = self._usual_db
        self.faint = usual_db is not None and probability < self.SURE and level_db < usual_db - self.DEPTH_DB


class Nearness:
    """Tells a voice at the telephone from those around it: they hardly rise above the noise they are part of.

    What the noise is it learns from the quieter part of the last seconds, but not from an utterance while it
    lasts. A distant talker in a silent room stands out as well. How many turns people around a telephone
    still start, and which callers over them are not noticed, `python -m bench turns` tells.
    """

    DEPTH_DB = 12.0
    MEMORY_FRAMES = 150
    SHARE = 0.25
    EARLY_FRAMES = 25
    "Before so many frames we know no noise, and every voice is near."
    EVERY_FRAMES = 5
    GAP_FRAMES = 30
    "Less silence belongs to the utterance."
    LONGEST_FRAMES = 250
    "A noise that began with the voice and goes on is one in the end."

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=self.MEMORY_FRAMES)
        self._floor_db = -100.0
        self._frames = self._utterance_frames = 0
        self._silent_frames = self.GAP_FRAMES
        self.near = False
        "Whether the utterance that is heard, or was until just now, has stood out."

    def hear(self, level_db: float) -> None:
        """Take the level of the next 20 ms, voice or not."""
        self._levels.append(level_db)
        self._frames += 1
        self._silent_frames += 1
        if self._silent_frames >= self.GAP_FRAMES:
            self.near = False
            self._utterance_frames = 0
        else:
            self._utterance_frames += 1
        if 0 < self._utterance_frames < self.LONGEST_FRAMES or self._frames % self.EVERY_FRAMES:
            return
        if len(self._levels) >= self.EARLY_FRAMES:
            self._floor_db = sorted(self._levels)[int(len(self._levels) * self.SHARE)]

    def judge(self, level_db: float, probability: float) -> None:
        """Take the level of the newest window, voice with such probability."""
        if probability >= 0.5:
            self._silent_frames = 0
            self.near = self.near or level_db >= self._floor_db + self.DEPTH_DB


class EchoGate:
    """Tells the caller from our own voice that comes back through their microphone: it is far quieter.

    How loud the caller usually is it learns while we are silent; before that, everything passes.
    """

    DEPTH_DB = 12.0
    RISE, FALL = 0.3, 0.02
    "The usual level is that of the loud parts of words: it follows quickly upwards and slowly down."
    TAIL_FRAMES = 15
    "Our last words are still on their way when we have fallen silent."

    def __init__(self) -> None:
        self._usual_db: float | None = None
        self._guarded_frames = 0

    def speaking(self, speaking: bool) -> None:
        """Once a frame: whether we speak."""
        self._guarded_frames = self.TAIL_FRAMES if speaking else max(0, self._guarded_frames - 1)

    def passes(self, level_db: float, probability: float) -> bool:
        """Whether a window so loud, voice with such probability, can be the caller's."""
        if self._guarded_frames:
            return self._usual_db is None or level_db >= self._usual_db - self.DEPTH_DB
        if probability >= 0.5:
            usual = level_db if self._usual_db is None else self._usual_db
            self._usual_db = usual + (self.RISE if level_db > usual else self.FALL) * (level_db - usual)
        return True


class VoiceDetection(Protocol):
    """What tells voice from other sound, for one call."""

    @property
    def late_ms(self) -> int:
        """How long before it was reported the newest change really happened."""

    @property
    def stirring(self) -> bool:
        """Whether voice may have begun, though perhaps only a click: true before `STARTED` says so."""

    @property
    def near(self) -> bool:
        """Whether the voice, now or just now, is a caller's and not one in the background."""

    @property
    def silent(self) -> bool:
        """Whether the voice has ceased, though perhaps for a moment only: true before `STOPPED` says so."""

    def hear(
        self, frame: Frame, *, speaking: bool = False, played: Frame | None = None
    ) -> VoiceChange | None:
        """Take the next 20 ms, while we speak or not; well under a millisecond.

        `played`: what of ours left for the customer meanwhile, and may come back.
        """
