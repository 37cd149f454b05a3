"""Does it sound as if the customer has finished? Asked at every pause, answered by smart-turn v3.2.

The network (BSD-2, pipecat-ai/smart-turn-v3) hears the last eight seconds and says how probable it is
that the turn is complete. One ONNX session serves all calls, in a worker thread of `speech.py`.
"""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime

from pipelines.audio import FRAME_MS, Frame
from pipelines.samples import MODEL_RATE, Samples, samples_16k
from pipelines.spectrogram import Spectrogram
from pipelines.speech import Dropped, Failed, Job, Priority, Workers

HEARS_MS = 8_000
LEAD_MS = 400
WAIT_FRAMES = 4
"While the model is busy with other calls, a pause is judged when it has lasted so much longer."

UPPER_BAND_DB = -26.0
"""Against the sound: how loud the noise is that stands in for what a telephone line cuts off above 4 kHz.

The model was trained on wide-band sound and takes an empty upper band for something it is not: of 109 ends of
turns at 8 kHz it was sure of 81 % where the same at 16 kHz had 84 %, and it took 29 % of 83 pauses for an
end. With noise up there it is sure of 86 to 89 % of the ends, and wrong about 18 to 20 % of the pauses."""

Judgement = Callable[[int, float], None]
"""Takes the number of a pause and how probably the turn is over with it; on the event loop."""


class Endpoint(Protocol):
    """Judges the pauses of one call."""

    def hear(self, frame: Frame) -> None:
        """Take the next 20 ms of the call."""

    def start(self) -> None:
        """An utterance began: what was said before does not count."""

    def judge(self, pause: int) -> None:
        """Say soon, by the `Judgement`, how probably the turn is over; perhaps never, under load."""

    def resume(self) -> None:
        """The customer went on: nobody needs to know any more."""

    def close(self) -> None:
        """The call is over."""


class SmartTurn:
    """The loaded model."""

    def __init__(self, model: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._spectrogram = Spectrogram()
        self._upper_band = _upper_band()

    def probability(self, samples: Samples, *, narrowband: bool = False) -> float:
        """How probably the turn is over after this sound at 16 kHz; blocks for some 40 ms.

        `narrowband`: it came over a telephone line, so that nothing is in it above 4 kHz.
        """
        heard: Samples = np.zeros(16 * HEARS_MS, np.float32)
        kept = samples[-len(heard) :]
        if narrowband:
            loudness = np.sqrt(np.square(kept).mean() + 1e-12)
            kept = kept + loudness * self._upper_band[len(heard) - len(kept) :]
        heard[len(heard) - len(kept) :] = kept
        heard = (heard - heard.mean()) / np.sqrt(heard.var() + 1e-7)
        mel = self._spectrogram(heard, HEARS_MS // 1_000)[None]
        return float(self._session.run(None, {"input_features": mel})[0].item())


def _upper_band() -> Samples:
    """Noise between 4 and 8 kHz, the same in every process, for as long as the model hears."""
    spectrum = np.fft.rfft(np.random.default_rng(2).normal(0, 1, 16 * HEARS_MS))
    spectrum[: len(spectrum) // 2] = 0
    noise = np.fft.irfft(spectrum)
    return np.asarray(noise / noise.std() * 10 ** (UPPER_BAND_DB / 20), np.float32)


class SmartTurnEndpoint:
    """Judges the pauses of one call by the shared model."""

    def __init__(self, call_id: str, model: SmartTurn, workers: Workers, tell: Judgement) -> None:
        self._call_id = call_id
        self._model = model
        self._workers = workers
        self._tell = tell
        self._heard: deque[Frame] = deque(maxlen=HEARS_MS // FRAME_MS)
        self._job: Job[float] | None = None
        self._waiting: tuple[int, int] | None = None
        "The pause to be judged, and in how many frames."

    def hear(self, frame: Frame) -> None:
        """Take the next 20 ms."""
        self._heard.append(frame)
        if self._waiting is not None:
            pause, frames = self._waiting
            self._waiting = (pause, frames - 1)
            if frames == 1:
                self._ask(pause)

    def start(self) -> None:
        """An utterance began."""
        while len(self._heard) > LEAD_MS // FRAME_MS:
            self._heard.popleft()

    def judge(self, pause: int) -> None:
        """Ask the model; a failing or overloaded model gives no verdict, and turn taking does without.

        A sound such as `t` makes a short pause too. With the model free it is asked at once, because somebody
        waits for it; with other calls before us it pays to see first whether the customer goes on.
        """
        self.resume()
        if not self._heard:
            return
        if self._workers.idle:
            self._ask(pause)
        else:
            self._waiting = (pause, WAIT_FRAMES)

    def _ask(self, pause: int) -> None:
        self._waiting = None
        pcm, rate = b"".join(frame.pcm for frame in self._heard), self._heard[-1].sample_rate

        def done(result: float | Dropped | Failed) -> None:
            self._job = None
            if isinstance(result, float):
                self._tell(pause, result)

        def judge() -> float:
            return self._model.probability(samples_16k(pcm, rate), narrowband=rate < MODEL_RATE)

        self._job = Job(self._call_id, Priority.FINAL, judge, done)
        self._workers.submit(self._job)

    def resume(self) -> None:
        """Withdraw what was asked, or not yet asked: under load such jobs add up."""
        self._waiting = None
        if self._job is not None:
            self._workers.withdraw(self._job)
            self._job = None

    def close(self) -> None:
        """The call is over."""
        self._waiting = None
        self._workers.drop_call(self._call_id)
