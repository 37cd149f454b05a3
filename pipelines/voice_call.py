"""A voice call: the pipeline behind one port, and the one task group around it.

    port.frames() → LegInput → FrontEnd → (services) → Bot → LegOutput → port.play()

The services are pipecat's, where the recogniser or the voice is one of them.

`VoiceCall.run` returns when the port ends or after we said goodbye to a silent caller, and nothing
outlives it: no task, no queued model job, no pipecat processor.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from pipecat.frames.frames import ErrorFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.utils.asyncio.task_manager import TaskManager
from pipecat.workers.base_worker import WorkerParams

from pipelines.answer import Answerer
from pipelines.audio import AudioPort, Frame
from pipelines.bot import Agent, Announcement, Bot
from pipelines.conversation import Conversation
from pipelines.ears import Ears
from pipelines.endpoint import Endpoint, Judgement
from pipelines.facts import Activity, Emit, Unavailable
from pipelines.frontend import FrontEnd, News
from pipelines.keypad import KeyChoices
from pipelines.phrases import Phrases
from pipelines.processor import DirectProcessor
from pipelines.recognizer import Recognizer
from pipelines.speech import Load
from pipelines.synthesizer import Synthesizer
from pipelines.transcript import Listener
from pipelines.transport import LegTransport
from pipelines.turn_times import TurnTimes
from pipelines.turns import TurnTaking
from pipelines.voice import VoiceDetection

START_S = 15.0
"The pipeline's services must have started within this time."

log = structlog.get_logger(__name__)


class VoiceParts(Protocol):
    """Where a call gets its ears and its voice from; `voice_models.VoiceModels` in production."""

    def detection(self, sample_rate: int) -> VoiceDetection:
        """Voice activity detection at the port's sample rate, Hz."""

    def endpoint(self, call_id: str, tell: Judgement) -> Endpoint:
        """End-of-turn detection that reports to `tell`."""

    def recognizer(self, call_id: str, sample_rate: int, listener: Listener) -> Recognizer:
        """A recogniser that reports to `listener`."""

    def synthesizer(self, sample_rate: int) -> Synthesizer:
        """A voice at the port's sample rate, Hz."""

    def by_heart(self, text: str, sample_rate: int) -> list[Frame]:
        """The sound of a fixed sentence, without asking the voice; nothing if it is not known."""

    @property
    def load(self) -> Load:
        """How the shared recogniser keeps up with its work."""


@dataclass(frozen=True, slots=True)
class CallSettings:
    """What may differ from call to call."""

    times: TurnTimes = field(default_factory=TurnTimes)
    number_lengths: frozenset[int] = frozenset()
    "How many digits the numbers have that customers dictate, if that is known."
    phrases: Phrases = field(default_factory=Phrases)
    opening: str | None = None
    "Said first instead of the answerer's greeting; empty: nothing."
    keys: KeyChoices = field(default_factory=KeyChoices)
    "What single keys of a telephone say."
    last_words_s: float = 30.0
    "After the port ended we wait so long for a tool call that changes something."


class VoiceCall:
    """One call, while it lasts. Made and used on the event loop that runs it."""

    def __init__(
        self,
        port: AudioPort,
        conversation: Conversation,
        answerer: Answerer,
        emit: Emit,
        models: VoiceParts,
        *,
        ids: Callable[[str], str],
        settings: CallSettings | None = None,
    ) -> None:
        self._settings = settings or CallSettings()
        self._call_id = conversation.session_id
        self._answerer = answerer
        self._emit = emit
        self._transport = LegTransport(port)
        output, rate = self._transport.leg_output, port.sample_rate
        phrases = self._settings.phrases
        voice = models.synthesizer(rate)
        agent = Agent(conversation, answerer, emit, ids, phrases, self._settings.opening, self._settings.keys)
        self._bot = Bot(agent, output, voice)
        self._news = News(emit)
        self._front_end = FrontEnd(self._bot, output, self._news, phrases)
        recognizer = models.recognizer(self._call_id, rate, self._front_end.heard)
        endpoint = models.endpoint(self._call_id, self._front_end.judged)
        turns = TurnTaking(self._settings.times, self._settings.number_lengths)
        self._front_end.listen_with(Ears(models.detection(rate), turns, recognizer, endpoint))
        self._worker = self._build([*recognizer.processors, *voice.processors], rate)
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def _build(self, services: list[Any], sample_rate: int) -> PipelineWorker:
        transport = self._transport
        pipeline = Pipeline([transport.input(), self._front_end, *services, self._bot, transport.output()])
        worker = PipelineWorker(
            pipeline,
            params=PipelineParams(audio_in_sample_rate=sample_rate, audio_out_sample_rate=sample_rate),
            cancel_on_idle_timeout=False,
            cancel_runner_on_idle_timeout=False,
            idle_timeout_secs=None,
            enable_rtvi=False,
            enable_turn_tracking=False,
            check_dangling_tasks=False,
        )
        worker.add_event_handler("on_pipeline_error", self._pipeline_failed)
        return worker

    async def _pipeline_failed(self, _: PipelineWorker, frame: ErrorFrame) -> None:
        """Pipecat swallows exceptions of processors and sends them here; ours are bugs and end the call."""
        if isinstance(frame.processor, DirectProcessor) and not self._broken.done():
            self._broken.set_exception(frame.exception or RuntimeError("a processor failed"))
        else:
            log.warning("speech service failed", call=self._call_id, service=type(frame.processor).__name__)

    async def write(self, text: str, client_id: str | None = None) -> None:
        """The customer typed during the call; as good as spoken, and interrupts us.

        The turn is emitted when this returns. Raises `Unavailable` when too many turns are waiting, the
        call is over or the store is down; `ValueError` for a text that is empty or too long.
        """
        await self._bot.write(text, client_id)
        self._front_end.written()

    def press(self, digit: str) -> None:
        """The customer pressed a key: `0` to `9`, `*` or `#`; others are ignored.

        As good as spoken: it interrupts us, and the number is their turn once it is complete.
        """
        self._front_end.press(digit)

    def announce(self, text: str) -> None:
        """Say something unasked, after what is being said; not at all when too much waits already."""
        self._bot.announce(Announcement(text))

    async def silent(self) -> None:
        """Return when nothing is being said, and nothing waits to be answered or said."""
        await self._bot.silent()

    async def run(self) -> None:
        """Hold the conversation until the port ends or the caller has been silent for too long.

        End the port to end the call. Cancelling instead cuts everything short, tools too. Raises whatever
        a bug of ours raises, as a group; by then nothing of the call is running any more.
        """
        async with asyncio.TaskGroup() as tasks:
            pipeline = tasks.create_task(self._run_pipeline(), name="pipeline")
            try:
                async with asyncio.timeout(START_S):
                    await self._transport.leg_output.started.wait()
                await self._talk(tasks)
            finally:
                self._front_end.close()
                self._answerer.forget(self._call_id)
                await self._worker.cancel()
            await pipeline

    async def _run_pipeline(self) -> None:
        await self._worker.run(WorkerParams(task_manager=TaskManager()))

    async def _talk(self, tasks: asyncio.TaskGroup) -> None:
        warming = tasks.create_task(self._answerer.warm(), name="warm")
        telling = tasks.create_task(self._news.send(), name="news")
        preparing = tasks.create_task(self._bot.preparation.run(), name="prepare")
        listening = tasks.create_task(self._transport.leg_input.listen(), name="listen")
        conversing = tasks.create_task(self._bot.converse(), name="converse")
        await asyncio.wait([listening, conversing, self._broken], return_when=asyncio.FIRST_COMPLETED)
        self._bot.end()
        await asyncio.wait([conversing], timeout=self._settings.last_words_s)
        for task in (warming, telling, preparing, listening, conversing):
            task.cancel()
        if self._broken.done():
            self._broken.result()
        with suppress(Unavailable):
            await self._emit(Activity(state="idle"))
