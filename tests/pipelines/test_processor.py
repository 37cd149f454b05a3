"""Our processors in a pipecat pipeline: direct, silent."""

import asyncio
import subprocess
import sys

from pipecat.frames.frames import TextFrame

from pipelines.processor import DirectProcessor, PipecatFrame
from tests import virtual_time
from tests.pipelines.piping import running


class Taker(DirectProcessor):
    def __init__(self) -> None:
        super().__init__()
        self.task_names: list[str] = []

    async def take(self, frame: PipecatFrame) -> bool:
        if isinstance(frame, TextFrame):
            task = asyncio.current_task()
            self.task_names.append(task.get_name() if task else "")
            return bool(frame.text == "mine")
        return False


def test_frames_run_in_the_task_that_pushes_them_and_end_where_they_are_taken() -> None:
    async def main() -> None:
        taker = Taker()
        async with running([taker]) as (source, sink):
            await source.push_frame(TextFrame("mine"))
            await source.push_frame(TextFrame("for others"))
        texts = [frame.text for frame in sink.frames if isinstance(frame, TextFrame)]
        assert texts == ["for others"]
        assert len(set(taker.task_names)) == 1

    virtual_time.run(main())


def test_a_pipeline_of_ours_has_no_tasks_of_its_own_beside_the_workers() -> None:
    async def main() -> None:
        async with running([Taker() for _ in range(2)]):
            few = len(asyncio.all_tasks())
        async with running([Taker() for _ in range(20)]):
            assert len(asyncio.all_tasks()) == few
        assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main())


def test_pipecat_logs_nothing() -> None:
    lines = """
import asyncio
from pipelines.processor import DirectProcessor
from tests.pipelines.piping import running
from pipecat.frames.frames import TextFrame
class Bad(DirectProcessor):
    async def take(self, frame):
        if isinstance(frame, TextFrame):
            raise ValueError("secret words")
        return False
async def main():
    async with running([Bad()]) as (source, _):
        await source.push_frame(TextFrame("secret words"))
asyncio.run(main())
"""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", lines], capture_output=True, check=True, text=True
    )
    assert "secret" not in run.stdout + run.stderr
