"""Our processors in a pipecat pipeline: direct, silent."""

import asyncio
import subprocess
import sys

import pytest
from pipecat.frames.frames import OutputAudioRawFrame, TextFrame

from pipelines.processor import DirectProcessor, FrameDirection, FrameProcessor, PipecatFrame
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


class Recorder(FrameProcessor):  # type: ignore[misc] # pipecat carries no types
    """A processor of somebody else's, with queues and tasks."""

    async def process_frame(self, frame: PipecatFrame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


class Muffler(DirectProcessor):
    """Ends every second sound."""

    def __init__(self) -> None:
        super().__init__()
        self.sounds = 0

    async def take(self, frame: PipecatFrame) -> bool:
        self.sounds += isinstance(frame, OutputAudioRawFrame)
        return isinstance(frame, OutputAudioRawFrame) and self.sounds % 2 == 0


@pytest.mark.parametrize("between", [[], [Taker], [Recorder], [Taker, Recorder, Taker]])
def test_sound_passes_ours_and_others_and_ends_where_it_is_taken(
    between: list[type[FrameProcessor]],
) -> None:
    async def main() -> None:
        muffler = Muffler()
        async with running([*(kind() for kind in between), muffler]) as (source, sink):
            for number in range(4):
                await source.push_sound(OutputAudioRawFrame(bytes([number]) * 640, 16_000, 1))
            await asyncio.sleep(0.1)
        assert muffler.sounds == 4
        sounds = [frame.audio[0] for frame in sink.frames if isinstance(frame, OutputAudioRawFrame)]
        assert sounds == [0, 2]

    virtual_time.run(main())


def test_a_fault_while_sound_is_passed_on_is_raised_where_it_was_pushed() -> None:
    class Faulty(DirectProcessor):
        async def take(self, frame: PipecatFrame) -> bool:
            if isinstance(frame, OutputAudioRawFrame):
                raise ValueError("a bug of ours")
            return False

    async def main() -> None:
        async with running([Faulty()]) as (source, _):
            with pytest.raises(ValueError, match="a bug of ours"):
                await source.push_sound(OutputAudioRawFrame(bytes(640), 16_000, 1))

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
