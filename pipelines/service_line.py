"""A speech service at work outside a bot's call: the smallest pipeline around it, for one who only listens.

A recogniser that is a pipecat service gets its sound through a pipeline. In a bot's call that is the call's
own; who listens without a bot gives each service a line like this one. Relies on pipecat 1.14.
"""

import asyncio
from collections.abc import Sequence

import structlog
from pipecat.frames.frames import ErrorFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.utils.asyncio.task_manager import TaskManager
from pipecat.workers.base_worker import WorkerParams

from pipelines.audio import Frame
from pipelines.processor import DirectProcessor, FrameProcessor
from pipelines.transport import LegAudioFrame

log = structlog.get_logger(__name__)


class _End(DirectProcessor):
    """Where the pipeline begins, and where it ends."""


class ServiceLine:
    """The pipeline of one recogniser; `run` runs it until cancelled, and nothing of it is left then."""

    def __init__(self, processors: Sequence[FrameProcessor], sample_rate: int) -> None:
        self._begin, self._end = _End(), _End()
        self._worker = PipelineWorker(
            Pipeline([self._begin, *processors, self._end]),
            params=PipelineParams(audio_in_sample_rate=sample_rate, audio_out_sample_rate=sample_rate),
            cancel_on_idle_timeout=False,
            cancel_runner_on_idle_timeout=False,
            idle_timeout_secs=None,
            enable_rtvi=False,
            enable_turn_tracking=False,
            check_dangling_tasks=False,
        )
        self._worker.add_event_handler("on_pipeline_error", self._failed)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._run(), name="speech service")
            try:
                await asyncio.Event().wait()
            finally:
                await self._worker.cancel()

    async def hear(self, frame: Frame) -> None:
        """Give the service the next 20 ms; before it has started they are lost."""
        if self._end.started.is_set():
            await self._begin.push_sound(LegAudioFrame(frame.pcm, frame.sample_rate, 1, leg=frame))

    async def _run(self) -> None:
        await self._worker.run(WorkerParams(task_manager=TaskManager()))

    async def _failed(self, _: PipelineWorker, frame: ErrorFrame) -> None:
        """The recogniser itself knows too, and reports its utterance as lost."""
        log.warning("speech service failed", service=type(frame.processor).__name__)
