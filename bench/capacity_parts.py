"""Our calls with stub models, for `bench capacity`: what is real in them and what is not.

Real: the pipeline, turn taking, Silero behind its gate, smart-turn in its worker thread, the streaming
recogniser's bookkeeping, sentences, playout. Stubs: Whisper's workers, the agent, the voice.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TypeVar, cast

from bench.capacity_load import FIRST_TOKEN_S, RECOGNISER_S, TOKEN_S, TRANSCRIPT, VOICE_S, Script, tokens
from pipelines.answer import Basis, Piece, Say
from pipelines.audio import Frame, Framer
from pipelines.conversation import Conversation
from pipelines.endpoint import Endpoint, Judgement, SmartTurn, SmartTurnEndpoint
from pipelines.facts import Channel
from pipelines.processor import FrameProcessor
from pipelines.recognizer import Recognizer, StreamingRecognizer, StreamingTimes
from pipelines.samples import Samples
from pipelines.silero import Silero, VoiceDetector
from pipelines.speech import Job, Load, ModelWorkers, Priority
from pipelines.synthesizer import Synthesizer
from pipelines.transcript import Decoded, Listener
from pipelines.voice import VoiceDetection, VoiceThresholds

T = TypeVar("T")

APART_S = 1.5
"Without a job for so long it is another question that is heard."


def heard(question: int) -> Decoded:
    """What the stub hears: whoever says the same again and again is taken for a machine, and not answered."""
    return Decoded(f"Question {question}. {TRANSCRIPT}", -0.2, 0.01, 10)


class StubWhisper:
    """Never asked: the stub workers answer for it."""

    def decode(self, samples: Samples, wanted: Callable[[], bool] = lambda: True) -> Decoded:
        """What it always hears."""
        return heard(0)


class StubWorkers:
    """One call's: answers every job after the stub's delay, as other machines would."""

    idle = True

    def __init__(self) -> None:
        self._question = 0
        self._asked_at = -APART_S

    def submit(self, job: Job[T]) -> None:
        """The recogniser's jobs only."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._asked_at >= APART_S:
            self._question += 1
        self._asked_at = loop.time()
        loop.call_later(RECOGNISER_S, self._answer, job)

    def promote(self, job: Job[T], priority: Priority) -> None:
        """There is no queue."""

    def withdraw(self, job: Job[T]) -> None:
        """Its result interests nobody any more."""
        job._withdrawn = True

    def drop_call(self, call_id: str) -> None:
        """The recogniser withdrew its jobs one by one."""

    def _answer(self, job: Job[T]) -> None:
        if not job._withdrawn:
            job.done(cast(T, heard(self._question)))


class StubVoice:
    """Speaks a piece of recorded speech of the right length."""

    processors: Sequence[FrameProcessor] = ()

    def __init__(self, script: Script) -> None:
        self._script = script

    async def speak(self, text: str) -> AsyncGenerator[Frame, None]:
        """Frames of the text."""
        await asyncio.sleep(VOICE_S)
        for frame in Framer(16_000).feed(self._script.speech(text)):
            yield frame


class StubAgent:
    """Answers the same every time."""

    async def respond(
        self, conversation: Conversation, turn_id: str, channel: Channel
    ) -> AsyncIterator[Piece]:
        """The reply, word by word."""
        await asyncio.sleep(FIRST_TOKEN_S)
        yield Basis("model")
        for token in tokens():
            yield Say(token)
            await asyncio.sleep(TOKEN_S)

    def greeting(self, channel: Channel) -> str:
        """None: the caller begins."""
        return ""

    def sayings(self) -> tuple[str, ...]:
        """Nothing to know by heart."""
        return ()

    async def warm(self) -> None:
        """Nothing to prefill."""

    async def listen(self, conversation: Conversation, words: str) -> None:
        """Nothing to prepare."""

    def forget(self, session_id: str) -> None:
        """Nothing is kept."""


class StubbedParts:
    """A call's ears and voice."""

    def __init__(self, models: Path, script: Script) -> None:
        self._silero = Silero(models / "turn" / "silero_vad.onnx")
        self._smart_turn = SmartTurn(models / "turn" / "smart-turn-v3.2-cpu.onnx")
        self._script = script
        self.turn_workers = ModelWorkers("smart-turn")

    def detection(self, sample_rate: int) -> VoiceDetection:
        """The real one."""
        return VoiceDetector(self._silero, sample_rate, VoiceThresholds())

    def endpoint(self, call_id: str, tell: Judgement) -> Endpoint:
        """The real one."""
        return SmartTurnEndpoint(call_id, self._smart_turn, self.turn_workers, tell)

    def recognizer(self, call_id: str, sample_rate: int, listener: Listener) -> Recognizer:
        """The real one over a stub of Whisper."""
        return StreamingRecognizer(call_id, StubWhisper(), StubWorkers(), listener, StreamingTimes())

    def synthesizer(self, sample_rate: int) -> Synthesizer:
        """A stub."""
        return StubVoice(self._script)

    def by_heart(self, text: str, sample_rate: int) -> list[Frame]:
        """Nothing is known by heart."""
        return []

    @property
    def load(self) -> Load:
        """The stub keeps up."""
        return Load(0.0, 0.0)
