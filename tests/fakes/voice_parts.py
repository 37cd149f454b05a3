"""Ears and a voice for calls under virtual time: they hear and speak `fake_speech`, in the loop's time."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any, TypeVar

from pipelines.audio import FRAME_MS, SAMPLE_RATE, Frame
from pipelines.endpoint import Endpoint, Judgement
from pipelines.facts import Unavailable
from pipelines.processor import FrameProcessor
from pipelines.recognizer import Recognizer, StreamingRecognizer, StreamingTimes
from pipelines.samples import Samples
from pipelines.speech import Failed, Job, Load, Priority
from pipelines.synthesizer import Synthesizer
from pipelines.transcript import Decoded, Listener
from pipelines.voice import VoiceChange, VoiceDetection
from tests.fakes.fake_speech import LOUDNESS, hush, word, words_in_samples, words_in_telephone_samples

T = TypeVar("T")


class LoudnessDetection:
    """Loud is voice, after five frames; the first quiet frame makes it silent."""

    late_ms = 100
    near = True

    def __init__(self) -> None:
        self._voiced = False
        self._against = 0

    @property
    def silent(self) -> bool:
        return not self._voiced or self._against > 0

    @property
    def stirring(self) -> bool:
        return not self._voiced and self._against > 0

    def hear(
        self, frame: Frame, *, speaking: bool = False, played: Frame | None = None
    ) -> VoiceChange | None:
        loud = max(frame.pcm[-1], 0) * 256 >= LOUDNESS // 2
        self._against = self._against + 1 if loud != self._voiced else 0
        if self._against < 5:
            return None
        self._against = 0
        self._voiced = loud
        return VoiceChange.STARTED if loud else VoiceChange.STOPPED


class InlineWorkers:
    """Does jobs on the loop, each so many seconds after it was asked for; none at the same time."""

    def __init__(self, seconds: float = 0.15) -> None:
        self.seconds = seconds
        self.done: list[Job[Any]] = []
        self.dropped_calls: list[str] = []
        self.running = 0

    @property
    def idle(self) -> bool:
        return not self.running

    def submit(self, job: Job[T]) -> None:
        self.running += 1
        asyncio.get_running_loop().call_later(self.seconds, self._work, job)

    def promote(self, job: Job[T], priority: Priority) -> None:
        job.priority = min(job.priority, priority)

    def withdraw(self, job: Job[T]) -> None:
        job._withdrawn = True

    def drop_call(self, call_id: str) -> None:
        self.dropped_calls.append(call_id)

    def _work(self, job: Job[T]) -> None:
        self.running -= 1
        if job._withdrawn:
            return
        self.done.append(job)
        try:
            result: T | Failed = job.work()
        except RuntimeError as error:
            result = Failed(error)
        job.done(result)


class SpellingDecoder:
    """Reads the words that stand in fake speech."""

    def __init__(self) -> None:
        self.broken = False
        self.lengths_ms: list[int] = []

    def decode(self, samples: Samples, wanted: Callable[[], bool] = lambda: True) -> Decoded:
        if self.broken:
            raise RuntimeError("no model")
        self.lengths_ms.append(len(samples) // 16)
        text = words_in_samples(samples) or words_in_telephone_samples(samples)
        return Decoded(text, -0.2, 0.01, 10)


class ScriptedEndpoint:
    """Judges as told."""

    def __init__(self, tell: Judgement, verdicts: Iterable[float | None], delay_s: float = 0.04) -> None:
        self._tell = tell
        self._verdicts = iter(verdicts)
        self._delay_s = delay_s
        self._open = True

    def hear(self, frame: Frame) -> None:
        pass

    def start(self) -> None:
        pass

    def resume(self) -> None:
        pass

    def judge(self, pause: int) -> None:
        verdict = next(self._verdicts, 1.0)
        if verdict is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self._delay_s, lambda: self._open and self._tell(pause, verdict))

    def close(self) -> None:
        self._open = False


class ToneSynthesizer:
    """Speaks fake speech: three frames a letter, a short silence after a mark; `delay_s` for each text."""

    processors: tuple[FrameProcessor, ...] = ()

    def __init__(self, sample_rate: int = SAMPLE_RATE, delay_s: float = 0.05) -> None:
        self.sample_rate = sample_rate
        self._delay_s = delay_s
        self.spoken: list[str] = []
        self.closed_early = 0
        self.dead = False

    async def speak(self, text: str) -> AsyncGenerator[Frame, None]:
        if self.dead:
            raise Unavailable("no voice")
        self.spoken.append(text)
        await asyncio.sleep(self._delay_s)
        try:
            for part in text.split():
                for frame in word(part, 3 * (len(part) + 1), self.sample_rate):
                    yield frame
                if part[-1] in ",.!?;:":
                    for frame in hush(6, self.sample_rate):
                        yield frame
        except GeneratorExit:
            self.closed_early += 1
            raise


class FakeVoiceParts:
    """What a call under virtual time hears and speaks with."""

    def __init__(self) -> None:
        self.workers = InlineWorkers()
        self.decoder = SpellingDecoder()
        self.voice = ToneSynthesizer()
        self.verdicts: list[float | None] = []
        "Of the pauses, in order; surely over after that."
        self.load = Load()

    def detection(self, sample_rate: int) -> VoiceDetection:
        return LoudnessDetection()

    def endpoint(self, call_id: str, tell: Judgement) -> Endpoint:
        return ScriptedEndpoint(tell, self.verdicts)

    def recognizer(self, call_id: str, sample_rate: int, listener: Listener) -> Recognizer:
        return StreamingRecognizer(call_id, self.decoder, self.workers, listener, StreamingTimes())

    def synthesizer(self, sample_rate: int) -> Synthesizer:
        self.voice.sample_rate = sample_rate
        return self.voice

    def by_heart(self, text: str, sample_rate: int) -> list[Frame]:
        return [frame for part in text.split() for frame in word(part, 15, sample_rate)]


def seconds_of(frames: list[Frame]) -> float:
    return len(frames) * FRAME_MS / 1_000
