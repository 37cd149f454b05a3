"""Tells voice from other sound: a cheap gate in front of Silero.

WebRTC's detector (energy and spectrum, microseconds a frame) stands in front of Silero (a small recurrent
network, about 0.1 ms for 32 ms of sound), so that silence costs next to nothing. One Silero session serves
every call of the process; what it remembers of a call lives in that call's `VoiceDetector`. Relies on
onnxruntime and webrtcvad.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import webrtcvad

from pipelines.audio import Frame
from pipelines.echo import OwnEcho
from pipelines.samples import Samples
from pipelines.voice import WINDOW_MS, EchoGate, Fading, Nearness, VoiceActivity, VoiceChange, VoiceThresholds

WINDOW = {8_000: 256, 16_000: 512}
"Samples that Silero takes at a time, by sample rate."
CONTEXT = {8_000: 32, 16_000: 64}
"Samples of the window before that Silero wants in front."


QUESTIONED = 0.3
"Less probable voice starts nothing, so that nobody asks whose it is."


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
        self._louder = EchoGate()
        self._echo = OwnEcho()
        self._fading = Fading()
        self._nearness = Nearness()
        self._gate = webrtcvad.Vad(1)
        self._sample_rate = sample_rate
        self._window_bytes = WINDOW[sample_rate] * 2
        self._heard = b""
        self._open_frames = 0

    @property
    def silent(self) -> bool:
        """Whether there was no voice in the newest window, or a fading one."""
        return self._activity.silent or self._fading.faint

    @property
    def stirring(self) -> bool:
        """Whether the newest window was voice, though no start was reported."""
        return self._activity.stirring

    @property
    def near(self) -> bool:
        """Whether the voice, now or just now, stood out of the noise around it."""
        return self._nearness.near

    @property
    def late_ms(self) -> int:
        """How long before it was reported the newest change really happened."""
        return self._activity.late_ms

    def hear(
        self, frame: Frame, *, speaking: bool = False, played: Frame | None = None
    ) -> VoiceChange | None:
        """Take the next frame; at most one change per frame."""
        self._heard += frame.pcm
        self._louder.speaking(speaking)
        self._echo.play(played)
        if not frame.filled:
            self._nearness.hear(level_db(frame.pcm))
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
            probability, level = self._memory.probability(window), level_db(window)
            self._echo.hear(window, self._sample_rate, behind=len(self._heard) // 2)
            ours = probability >= QUESTIONED and self._echo.sounds()
            if ours or not self._louder.passes(level, probability):
                probability = 0.0
            self._fading.hear(level, probability)
            self._nearness.judge(level, probability)
            change = self._activity.hear(probability)
        return change


def level_db(pcm: bytes) -> float:
    """Level of PCM16 in dB of full scale, -100 at least."""
    samples = np.frombuffer(pcm, np.int16).astype(np.float32)
    return 10 * math.log10(float(samples @ samples) / (len(samples) * 32_768**2) + 1e-10)
