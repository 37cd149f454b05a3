"""A running pipecat pipeline around processors under test."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.utils.asyncio.task_manager import TaskManager
from pipecat.workers.base_worker import WorkerParams

from pipelines.processor import DirectProcessor, FrameProcessor, PipecatFrame


class Source(DirectProcessor):
    """Where a test pushes frames in."""


class Sink(DirectProcessor):
    """What came out at the other end."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[PipecatFrame] = []

    async def take(self, frame: PipecatFrame) -> bool:
        self.frames.append(frame)
        return False


@asynccontextmanager
async def running(
    processors: Sequence[FrameProcessor], sample_rate: int = 16_000
) -> AsyncIterator[tuple[Source, Sink]]:
    source, sink = Source(), Sink()
    worker = PipelineWorker(
        Pipeline([source, *processors, sink]),
        params=PipelineParams(audio_in_sample_rate=sample_rate, audio_out_sample_rate=sample_rate),
        cancel_on_idle_timeout=False,
        cancel_runner_on_idle_timeout=False,
        idle_timeout_secs=None,
        enable_rtvi=False,
        enable_turn_tracking=False,
        check_dangling_tasks=False,
    )

    async def run() -> None:
        await worker.run(WorkerParams(task_manager=TaskManager()))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(), name="pipeline")
        await sink.started.wait()
        yield source, sink
        await worker.cancel()
