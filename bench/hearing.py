"""A call heard in audio time: the real ears, no clock, models' results delivered after a stated delay.

The front end of a call is fed frame by frame, as fast as the machine can; what a model would have needed is
counted in frames as well. So a measurement of turn taking is the same on every machine, busy or idle.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, Self, TypeVar, cast

import numpy as np

from bench.sound import Sound
from pipelines.audio import FRAME_MS, Frame, Framer
from pipelines.ears import Ears
from pipelines.endpoint import SmartTurn, SmartTurnEndpoint
from pipelines.facts import Fact, SpeechStarted
from pipelines.frontend import FrontEnd
from pipelines.phrases import Phrases
from pipelines.recognizer import Decoder, StreamingRecognizer, StreamingTimes
from pipelines.silero import Silero, VoiceDetector
from pipelines.speech import Job, Priority
from pipelines.stopwatch import Stopwatch
from pipelines.turn_times import TurnTimes
from pipelines.turns import Answering, TurnTaking
from pipelines.voice import VoiceThresholds

T = TypeVar("T")


class AudioLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock is the call's sound."""

    now_ms = 0

    def time(self) -> float:
        """Seconds of sound heard."""
        return self.now_ms / 1_000


def run_in_audio_time(main: Callable[[AudioLoop], Coroutine[Any, Any, T]]) -> T:
    """Run something on such a loop."""
    loop = AudioLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main(loop))


class AudioWorkers:
    """One worker thread of a model, in audio time: most urgent job first, each taking `work_ms`."""

    def __init__(self, work_ms: int) -> None:
        self._work_ms = work_ms
        self._waiting: list[Job[Any]] = []
        self._running: tuple[int, Job[Any]] | None = None
        self._now_ms = 0

    def advance(self, now_ms: int) -> None:
        """Deliver what would be ready by now. Jobs given up are paid for in time, but not really done."""
        self._now_ms = now_ms
        while self._running is not None and self._running[0] <= now_ms:
            ready_ms, job = self._running
            self._running = None
            if not job._withdrawn:
                job.done(job.work())
            self._begin(ready_ms)

    def submit(self, job: Job[T]) -> None:
        """Queue a job."""
        self._waiting.append(job)
        self._begin(self._now_ms)

    @property
    def idle(self) -> bool:
        """Whether a job would be begun at once."""
        return self._running is None

    def promote(self, job: Job[T], priority: Priority) -> None:
        """Make it more urgent."""
        job.priority = min(job.priority, priority)

    def withdraw(self, job: Job[T]) -> None:
        """Forget it."""
        job._withdrawn = True
        if job in self._waiting:
            self._waiting.remove(job)

    def drop_call(self, call_id: str) -> None:
        """Forget everything; there is one call only."""
        for job in [*self._waiting, *([self._running[1]] if self._running else [])]:
            self.withdraw(job)

    def _begin(self, now_ms: int) -> None:
        if self._running is None and self._waiting:
            job = min(self._waiting, key=lambda job: job.priority)
            self._waiting.remove(job)
            self._running = (now_ms + self._work_ms, job)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something our side did."""

    at_ms: int
    "Sound heard by then."
    what: str
    "`voice`, `hold`, `release`, `interrupt`, `draft`, `turn` or `unasked`."
    text: str = ""
    decided_ms: int = 0
    "Of a turn: when it would have ended had the words been there."


class Witness:
    """Stands where the bot, the output and the display are, and notes what the front end does to them."""

    def __init__(self, loop: AudioLoop) -> None:
        self._loop = loop
        self.answering = Answering.NO
        self.asks_yes_no = False
        self.awaited_digits: int | None = None
        self.happened: list[Happening] = []
        self.playing: deque[Frame] = deque()
        "Our voice, frame by frame, in measurements where it comes back."

    def only(self, *what: str) -> list[Happening]:
        """What happened of these kinds."""
        return [happening for happening in self.happened if happening.what in what]

    def _note(self, what: str, text: str = "") -> None:
        self.happened.append(Happening(self._loop.now_ms, what, text))

    def hold(self) -> None:
        """The output is to fall silent."""
        self._note("hold")

    def just_played(self) -> Frame | None:
        """What left for the caller: what the measurement says."""
        return self.playing.popleft() if self.playing else None

    def release(self) -> None:
        """The output may go on."""
        self._note("release")

    def interrupt(self) -> None:
        """The answer is over; here we go on all the same, to see what else would have stopped us."""
        self._note("interrupt")

    def draft(self, text: str, _: Stopwatch) -> None:
        """An answer may be begun."""
        self._note("draft", text)

    def drop_draft(self) -> None:
        """It was begun in vain."""

    @property
    def preparation(self) -> Self:
        """Nothing is prepared here."""
        return self

    def caption(self, text: str) -> str:
        """Everything may be shown."""
        return text

    def overhear(self, words: str) -> None:
        """The words so far."""

    def stop(self) -> None:
        """Prepare nothing."""

    def announce(self, announcement: Any) -> None:
        """We are to say something unasked."""
        self._note("unasked", announcement.text)

    def hear(self, text: str, stopwatch: Stopwatch, *, keyed: bool = False) -> bool:
        """A turn of the customer's."""
        waited_ms = stopwatch.elapsed_ms() - (stopwatch.decision_ms or 0)
        now_ms = self._loop.now_ms
        self.happened.append(Happening(now_ms, "turn", text, now_ms - waited_ms))
        return True

    def tell(self, fact: Fact) -> None:
        """Something to show."""
        if isinstance(fact, SpeechStarted):
            self._note("voice")


@dataclass(frozen=True, slots=True)
class Models:
    """The real ones, and how long they are taken to work."""

    silero: Silero
    smart_turn: SmartTurn
    decoder: Decoder
    decode_ms: int = 230
    "A decode of a 10 s window on two idle cores."
    judge_ms: int = 45


@dataclass(frozen=True, slots=True)
class Patience:
    """What is measured: everything that can be tuned."""

    times: TurnTimes = TurnTimes()
    thresholds: VoiceThresholds = VoiceThresholds()
    streaming: StreamingTimes = StreamingTimes()
    number_lengths: frozenset[int] = frozenset({5})
    "Digits of the numbers that callers dictate to the shop of the demo."


class HeardCall:
    """One call, heard by the real front end."""

    def __init__(self, loop: AudioLoop, models: Models, patience: Patience, sample_rate: int) -> None:
        loop.now_ms = 0
        self._loop = loop
        self._rate = sample_rate
        self._whisper, self._judge = AudioWorkers(models.decode_ms), AudioWorkers(models.judge_ms)
        self.witness = Witness(loop)
        stand_in = cast(Any, self.witness)
        self._front_end = FrontEnd(stand_in, stand_in, stand_in, Phrases())
        detector = VoiceDetector(models.silero, sample_rate, patience.thresholds)
        recognizer = StreamingRecognizer(
            "bench", models.decoder, self._whisper, self._front_end.heard, patience.streaming
        )
        endpoint = SmartTurnEndpoint("bench", models.smart_turn, self._judge, self._front_end.judged)
        self.turns = TurnTaking(patience.times, patience.number_lengths)
        self._front_end.listen_with(Ears(detector, self.turns, recognizer, endpoint))

    def hear(self, sound: Sound) -> list[Happening]:
        """Hear some more of the call, at the call's sample rate; what happened during it."""
        before = len(self.witness.happened)
        for frame in frames(sound, self._rate):
            self._loop.now_ms += FRAME_MS
            self._whisper.advance(self._loop.now_ms)
            self._judge.advance(self._loop.now_ms)
            self._front_end.hear(frame)
        return self.witness.happened[before:]

    @property
    def now_ms(self) -> int:
        """Sound heard so far."""
        return self._loop.now_ms


def frames(sound: Sound, sample_rate: int) -> Iterator[Frame]:
    """The sound in frames; the last one is filled up."""
    framer = Framer(sample_rate)
    pcm = (np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes()
    yield from framer.feed(pcm)
    yield from framer.flush()
