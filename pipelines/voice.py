"""Voice activity: does the customer speak right now?

A cheap gate (WebRTC's energy and spectrum detector, microseconds a frame) stands in front of Silero (a
small recurrent network, about 0.1 ms for 32 ms of sound), so that silence costs next to nothing. One
Silero session serves every call of the process; what it remembers of a call lives in `VoiceDetector`.
The decision itself, `VoiceActivity`, is a hysteresis without I/O. Relies on onnxruntime and webrtcvad.
"""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
import webrtcvad

from pipelines.audio import Frame

Samples = npt.NDArray[np.float32]
"Sound as floats in -1..1."

WINDOW = {8_000: 256, 16_000: 512}
"Samples that Silero takes at a time, by sample rate: 32 ms."
WINDOW_MS = 32
CONTEXT = {8_000: 32, 16_000: 64}
"Samples of the window before that Silero wants in front."


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
    """Hysteresis over the probabilities of successive windows. [core]"""

    def __init__(self, thresholds: VoiceThresholds) -> None:
        self._thresholds = thresholds
        self._against_ms = 0
        self.voiced = False

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

    def hear(self, frame: Frame) -> VoiceChange | None:
        """Take the next 20 ms; well under a millisecond."""


class Silero:
    """The Silero VAD network (MIT, snakers4/silero-vad v6), loaded once, without any state of its own."""

    def __init__(self, model: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def probability(self, window: Samples, state: Samples, sample_rate: int) -> tuple[float, Samples]:
        """Probability of voice in a window, shaped (1, context + window), and the next state (2, 1, 128)."""
        inputs: dict[str, Any] = {"input": window, "state": state, "sr": np.array(sample_rate, np.int64)}
        output, following = self._session.run(None, inputs)
        return float(output[0][0]), following


class SileroMemory:
    """What Silero remembers of one call.

    Long noise or music drags the recurrent state to where it no longer sees speech; it is forgotten
    every two seconds, but only in clear silence, because a reset inside a word loses the word.
    """

    RESET_WINDOWS = 2_000 // WINDOW_MS
    QUIET_WINDOWS = 5
    QUIET = 0.1

    def __init__(self, model: Silero, sample_rate: int) -> None:
        self._model = model
        self._sample_rate = sample_rate
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._state: Samples = np.zeros((2, 1, 128), np.float32)
        self._context: Samples = np.zeros((1, CONTEXT[self._sample_rate]), np.float32)
        self._windows = self._quiet = 0

    def probability(self, pcm: bytes) -> float:
        """Probability of voice in the next window of PCM16."""
        samples = np.frombuffer(pcm, np.int16).astype(np.float32)[None] / 32_768
        window: Samples = np.concatenate((self._context, samples), axis=1)
        probability, self._state = self._model.probability(window, self._state, self._sample_rate)
        self._context = window[:, -CONTEXT[self._sample_rate] :]
        self._windows += 1
        self._quiet = self._quiet + 1 if probability < self.QUIET else 0
        if self._windows >= self.RESET_WINDOWS and self._quiet >= self.QUIET_WINDOWS:
            self.reset()
        return probability


class VoiceDetector:
    """Tells when the customer of one call speaks. Runs on the event loop: 0.1 ms per 32 ms at worst."""

    HANGOVER_FRAMES = 15
    "The gate stays open so long after its last sound: soft ends of words fall below it."
    LEAD_WINDOWS = 4
    "Sound from before the gate opened that Silero hears first: soft beginnings of words."

    def __init__(self, model: Silero, sample_rate: int, thresholds: VoiceThresholds) -> None:
        if sample_rate not in WINDOW:
            raise ValueError(f"voice detection needs 8000 or 16000 Hz, not {sample_rate}")
        self._memory = SileroMemory(model, sample_rate)
        self._activity = VoiceActivity(thresholds)
        self._gate = webrtcvad.Vad(1)
        self._window_bytes = WINDOW[sample_rate] * 2
        self._heard = b""
        self._open_frames = 0

    def hear(self, frame: Frame) -> VoiceChange | None:
        """Take the next frame; at most one change per frame."""
        self._heard += frame.pcm
        if not frame.filled and self._gate.is_speech(frame.pcm, frame.sample_rate):
            if not self._open_frames:
                self._memory.reset()
            self._open_frames = self.HANGOVER_FRAMES
        elif self._open_frames:
            self._open_frames -= 1
        if self._open_frames or self._activity.voiced:
            return self._listen()
        self._heard = self._heard[-self._window_bytes * self.LEAD_WINDOWS :]
        return None

    def _listen(self) -> VoiceChange | None:
        change = None
        while len(self._heard) >= self._window_bytes and change is None:
            window, self._heard = self._heard[: self._window_bytes], self._heard[self._window_bytes :]
            change = self._activity.hear(self._memory.probability(window))
        return change
