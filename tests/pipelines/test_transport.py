"""The ends of a pipeline over a scripted leg: playing, holding, dropping, and what was heard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipecat.frames.frames import OutputAudioRawFrame, TextFrame

from pipelines.audio import Frame
from pipelines.transport import AHEAD_MS, LegAudioFrame, LegOutput, LegTransport
from tests import virtual_time
from tests.fakes.fake_speech import hush, speech, words_in
from tests.fakes.scripted_leg import ScriptedLeg
from tests.pipelines.piping import Source, running


class Line:
    """A leg, a pipeline of nothing but its transport, and somebody listening."""

    def __init__(self) -> None:
        self.leg = ScriptedLeg()
        self.transport = LegTransport(self.leg)
        self.tasks: asyncio.TaskGroup

    @property
    def output(self) -> LegOutput:
        return self.transport.leg_output

    async def play(self, frames: list[Frame]) -> None:
        for frame in frames:
            sound = OutputAudioRawFrame(frame.pcm, frame.sample_rate, 1)
            await self.transport.leg_input.push_frame(sound)

    @property
    def heard(self) -> str:
        return words_in(self.leg.heard)


@asynccontextmanager
async def line() -> AsyncIterator[Line]:
    line = Line()
    async with running([line.transport.input(), line.transport.output()]), asyncio.TaskGroup() as tasks:
        line.tasks = tasks
        tasks.create_task(line.leg.serve(), name="caller")
        tasks.create_task(line.transport.leg_input.listen(), name="listen")
        yield line
        line.leg.leave()


TEXT = "one two three four five six seven eight nine ten"


def test_plays_everything_in_order_and_knows_when_it_was_heard() -> None:
    async def main() -> None:
        async with line() as it:
            mark = it.output.mark()
            await it.play(speech(TEXT))
            assert 0 < it.output.remaining_ms <= AHEAD_MS
            await it.output.finish()
            assert it.output.remaining_ms == 0
            assert it.output.heard_ms(mark) == 3_000
            assert it.heard == TEXT

    virtual_time.run(main())


def test_the_speaker_waits_while_enough_lies_in_the_port() -> None:
    async def main() -> None:
        async with line() as it:
            start = asyncio.get_running_loop().time()
            await it.play(speech(TEXT))
            elapsed = asyncio.get_running_loop().time() - start
            assert 3.0 - AHEAD_MS / 1_000 - 0.1 <= elapsed <= 3.1

    virtual_time.run(main())


def test_held_speech_goes_on_where_it_stopped_without_a_frame_lost_or_doubled() -> None:
    async def main() -> None:
        async with line() as it:
            frames = speech(TEXT)
            it.tasks.create_task(it.play(frames), name="play")
            await asyncio.sleep(1.01)
            for _ in range(3):
                it.output.hold()
                heard = it.heard
                await asyncio.sleep(1)
                assert it.heard == heard, "silent while held"
                it.output.release()
                await asyncio.sleep(0.3)
            await asyncio.sleep(3)
            await it.output.finish()
            loud = [frame.pcm for frame in it.leg.heard if not frame.filled]
            assert loud == [frame.pcm for frame in frames]

    virtual_time.run(main())


def test_the_end_of_speech_can_be_held_too() -> None:
    async def main() -> None:
        async with line() as it:
            await it.play(speech("short"))
            it.output.hold()
            finishing = it.tasks.create_task(it.output.finish(), name="finish")
            await asyncio.sleep(1)
            assert not finishing.done()
            it.output.release()
            await finishing
            assert it.heard == "short"

    virtual_time.run(main())


def test_dropped_speech_is_gone_and_counted_as_unheard() -> None:
    async def main() -> None:
        async with line() as it:
            mark = it.output.mark()
            playing = it.tasks.create_task(it.play(speech(TEXT)), name="play")
            await asyncio.sleep(1.01)
            playing.cancel()
            it.output.drop()
            heard_ms = it.output.heard_ms(mark)
            assert 960 <= heard_ms <= 1_020
            assert it.output.remaining_ms == 0
            await asyncio.sleep(1)
            assert it.output.heard_ms(mark) == heard_ms
            mark = it.output.mark()
            await it.play(speech("again"))
            await it.output.finish()
            assert it.output.heard_ms(mark) == 300
            assert it.heard.endswith("again")

    virtual_time.run(main())


def test_dropping_while_held_stays_held() -> None:
    async def main() -> None:
        async with line() as it:
            it.output.hold()
            it.output.drop()
            it.tasks.create_task(it.play(speech("later")), name="play")
            await asyncio.sleep(1)
            assert it.heard == ""
            it.output.release()
            await asyncio.sleep(1)
            assert it.heard == "later"

    virtual_time.run(main())


def test_what_the_caller_says_goes_down_the_pipeline_frame_by_frame() -> None:
    async def main() -> None:
        leg = ScriptedLeg()
        transport = LegTransport(leg)
        async with running([transport.input()]) as (_, sink), asyncio.TaskGroup() as tasks:
            tasks.create_task(leg.serve())
            tasks.create_task(transport.leg_input.listen())
            leg.say([*speech("hello you"), *hush(5)])
            await asyncio.sleep(1)
            leg.leave()
        frames = [frame.leg for frame in sink.frames if isinstance(frame, LegAudioFrame)]
        assert words_in(frames) == "hello you"

    virtual_time.run(main())


def test_other_frames_pass() -> None:
    async def main() -> None:
        source = Source()
        async with running([source, LegOutput(ScriptedLeg())]) as (first, sink):
            await first.push_frame(TextFrame("caption"))
        assert [f.text for f in sink.frames if isinstance(f, TextFrame)] == ["caption"]

    virtual_time.run(main())


def test_tells_frame_by_frame_what_has_left_for_the_caller() -> None:
    async def main() -> None:
        async with line() as it:
            told: list[Frame] = []

            async def ask() -> None:
                """As the front end does, with every frame that comes in."""
                async for _ in ticks(200):
                    if (frame := it.output.just_played()) is not None:
                        told.append(frame)

            asking = it.tasks.create_task(ask())
            await it.play(speech("one two three"))
            it.output.hold()
            await asyncio.sleep(0.5)
            it.output.release()
            await it.output.finish()
            await it.play(speech("four"))
            it.output.drop()
            await asking
            assert words_in(told).startswith("one two three")
            assert [frame.pcm for frame in told[:45]] == [frame.pcm for frame in speech("one two three")]
            assert len(told) <= len(it.leg.heard)
            assert it.output.just_played() is None

    virtual_time.run(main())


async def ticks(count: int) -> AsyncIterator[None]:
    for _ in range(count):
        await asyncio.sleep(0.02)
        yield
