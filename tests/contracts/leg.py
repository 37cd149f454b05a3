"""What every leg must do, whatever the wire carries.

A test module of a leg subclasses `LegContract` and says how to run a coroutine and how to get two ends
of a call. The fake runs in virtual time; real wires take a few real seconds and get `TOLERANCE`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from gateway.events import Message
from gateway.leg import Hangup, Leg
from pipelines.audio import FRAME_MS, SAMPLE_RATE, Frame, silence

FULL = 20
"Frames in a full playout buffer (400 ms)."


def tone(frames: int, hertz: float = 440.0, rate: int = SAMPLE_RATE) -> list[Frame]:
    """A steady tone, well audible."""
    size = rate * FRAME_MS // 1000
    wave = 8000 * np.sin(2 * np.pi * hertz * np.arange(frames * size) / rate)
    pcm = wave.astype(np.int16)
    return [Frame(pcm[i : i + size].tobytes(), rate) for i in range(0, len(pcm), size)]


def loud(frame: Frame) -> bool:
    return bool(np.abs(np.frombuffer(frame.pcm, np.int16).astype(int)).mean() > 500)


@dataclass
class Ends:
    """A leg that is being served, and the person at its other end."""

    leg: Leg
    say: Callable[[list[Frame]], None]
    "The person speaks."
    hush: Callable[[int], Awaitable[None]]
    "The network delivers nothing of the person for so many frames; returns when that is over or under way."
    heard: Callable[[], list[Frame]]
    "What the person heard so far."
    got: Callable[[int], Awaitable[list[Message]]]
    "Waits for so many messages to reach the person's client, and gives them."
    write: Callable[[str], None]
    "The person's client sends a raw message."
    leave: Callable[[], Awaitable[None]]
    "The person hangs up."


class LegContract:
    """The contract; see the module."""

    RATE = SAMPLE_RATE
    "Of the leg, Hz."
    TOLERANCE = 0
    "Frames by which a real wire and a busy machine may differ from the ideal in these tests."

    def tone(self, frames: int) -> list[Frame]:
        """Speech at the leg's rate."""
        return tone(frames, rate=self.RATE)

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        raise NotImplementedError

    def ends(self) -> AbstractAsyncContextManager[Ends]:
        raise NotImplementedError

    def test_gives_a_frame_every_20_ms_even_to_a_silent_line(self) -> None:
        async def main() -> None:
            async with self.ends() as ends:
                frames = await listen(ends.leg, 1.0)
                assert abs(len(frames) - 50) <= self.TOLERANCE + 4
                assert all(f.sample_rate == ends.leg.sample_rate for f in frames)
                assert all(len(f.pcm) == f.sample_rate // 50 * 2 for f in frames)

        self.run(main())

    def test_delivers_speech_in_order_and_whole(self) -> None:
        async def main() -> None:
            async with self.ends() as ends:
                ends.say(self.tone(25))
                frames = await listen(ends.leg, 1.0)
                spoken = [loud(f) for f in frames]
                assert abs(sum(spoken) - 25) <= self.TOLERANCE + 1
                first, last = spoken.index(True), len(spoken) - spoken[::-1].index(True)
                assert last - first - sum(spoken) <= self.TOLERANCE, "no holes in what was said"

        self.run(main())

    def test_fills_what_the_network_lost_with_silence_and_says_so(self) -> None:
        async def main() -> None:
            async with self.ends() as ends:
                async with asyncio.TaskGroup() as tasks:
                    listening = tasks.create_task(listen(ends.leg, 1.0))
                    await ends.hush(30)
                frames = listening.result()
                assert abs(len(frames) - 50) <= self.TOLERANCE + 5
                filled = [f for f in frames if f.filled]
                assert len(filled) >= 15 - self.TOLERANCE
                assert not any(loud(f) for f in filled)

        self.run(main())

    def test_a_slow_reader_loses_the_oldest_frames_and_never_the_newest(self) -> None:
        async def main() -> None:
            async with self.ends() as ends:
                ends.say(self.tone(10))
                await asyncio.sleep(1.2)
                waiting = await listen(ends.leg, 0.0)
                assert len(waiting) <= 26
                assert not any(loud(f) for f in waiting), "the speech of a second ago is gone"

        self.run(main())

    def test_plays_to_the_person_what_it_is_given(self) -> None:
        async def main() -> None:
            async with self.ends() as ends, _reading(ends.leg):
                for frame in self.tone(30):
                    await ends.leg.play(frame)
                await asyncio.sleep(0.8)
                assert abs(sum(loud(f) for f in ends.heard()) - 30) <= self.TOLERANCE + 1
                assert ends.leg.played_ms() == 600

        self.run(main())

    def test_play_waits_while_400_ms_are_queued(self) -> None:
        async def main() -> None:
            async with self.ends() as ends, _reading(ends.leg):
                loop = asyncio.get_running_loop()
                begun = loop.time()
                for frame in self.tone(FULL):
                    await ends.leg.play(frame)
                assert loop.time() - begun < 0.1
                for frame in self.tone(25):
                    await ends.leg.play(frame)
                assert 0.4 <= loop.time() - begun < 0.8

        self.run(main())

    def test_clear_drops_what_was_not_played_and_the_sums_agree(self) -> None:
        async def main() -> None:
            async with self.ends() as ends, _reading(ends.leg):
                for frame in self.tone(30):
                    await ends.leg.play(frame)
                dropped = ends.leg.clear()
                assert dropped + ends.leg.played_ms() == 30 * FRAME_MS
                assert dropped > 0
                assert ends.leg.clear() == 0
                played = ends.leg.played_ms()
                await asyncio.sleep(0.3)
                assert ends.leg.played_ms() == played

        self.run(main())

    def test_clear_lets_a_waiting_speaker_go_on(self) -> None:
        async def main() -> None:
            async with self.ends() as ends, _reading(ends.leg):
                for frame in self.tone(FULL):
                    await ends.leg.play(frame)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(ends.leg.play(self.tone(1)[0]))
                    await asyncio.sleep(0)
                    ends.leg.clear()

        self.run(main())

    def test_relays_live_frames_as_they_come_and_never_waits(self) -> None:
        async def main() -> None:
            async with self.ends() as ends, _reading(ends.leg):
                for frame in self.tone(25):
                    ends.leg.relay(frame)
                    await asyncio.sleep(FRAME_MS / 1_000)
                await asyncio.sleep(0.3)
                heard = [loud(f) for f in ends.heard()]
                assert abs(sum(heard) - 25) <= self.TOLERANCE + 1
                assert ends.leg.played_ms() == 0, "what is relayed is not what was played"

        self.run(main())

    def test_a_flood_of_live_frames_is_cut_to_80_ms(self) -> None:
        async def main() -> None:
            async with self.ends() as ends, _reading(ends.leg):
                for frame in self.tone(100):
                    ends.leg.relay(frame)
                assert ends.leg.clear() == 0
                for frame in self.tone(100):
                    ends.leg.relay(frame)
                await asyncio.sleep(0.5)
                assert sum(loud(f) for f in ends.heard()) <= 8 + self.TOLERANCE
                assert ends.leg.played_ms() == 0

        self.run(main())

    def test_speech_of_ours_is_whole_and_counted_while_live_frames_are_relayed(self) -> None:
        async def main() -> None:
            async with self.ends() as ends, _reading(ends.leg):
                for frame in self.tone(10):
                    await ends.leg.play(frame)
                for _ in range(30):
                    ends.leg.relay(silence(self.RATE))
                    await asyncio.sleep(FRAME_MS / 1_000)
                await asyncio.sleep(0.5)
                assert abs(sum(loud(f) for f in ends.heard()) - 10) <= self.TOLERANCE + 1
                assert ends.leg.played_ms() == 200
                assert ends.leg.clear() == 0

        self.run(main())

    def test_a_cancelled_play_leaves_nothing_behind(self) -> None:
        async def main() -> None:
            async with self.ends() as ends, _reading(ends.leg):
                for frame in self.tone(FULL):
                    await ends.leg.play(frame)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.001):
                        for frame in self.tone(FULL):
                            await ends.leg.play(frame)
                await asyncio.sleep(0.6)
                assert FULL * FRAME_MS <= ends.leg.played_ms() <= (FULL + 2) * FRAME_MS

        self.run(main())

    def test_refuses_frames_of_another_rate(self) -> None:
        async def main() -> None:
            other = 8_000 if self.RATE != 8_000 else 16_000
            async with self.ends() as ends:
                with pytest.raises(ValueError, match=str(other)):
                    await ends.leg.play(tone(1, rate=other)[0])
                with pytest.raises(ValueError, match=str(other)):
                    ends.leg.relay(tone(1, rate=other)[0])

        self.run(main())

    def test_hanging_up_ends_frames_and_messages_and_may_be_done_twice(self) -> None:
        async def main() -> None:
            async with self.ends() as ends:
                for frame in self.tone(10):
                    await ends.leg.play(frame)
                await ends.leg.hang_up("enough")
                await ends.leg.hang_up("twice")
                assert ends.leg.ended == Hangup("local", "enough")
                async with asyncio.timeout(5):
                    [f async for f in ends.leg.frames()]
                    [m async for m in ends.leg.messages()]
                    [d async for d in ends.leg.digits()]
                await ends.leg.play(self.tone(1)[0])
                ends.leg.relay(self.tone(1)[0])
                await ends.leg.send({"type": "late"})
                assert ends.leg.clear() == 0

        self.run(main())

    def test_a_speaker_who_waits_is_let_go_when_the_call_ends(self) -> None:
        async def main() -> None:
            async with self.ends() as ends:
                async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
                    tasks.create_task(_play(ends.leg, self.tone(100)))
                    await asyncio.sleep(0.1)
                    await ends.leg.hang_up("enough")

        self.run(main())

    def test_the_person_may_hang_up_in_the_middle_of_a_word(self) -> None:
        async def main() -> None:
            async with self.ends() as ends:
                ends.say(self.tone(50))
                for frame in self.tone(10):
                    await ends.leg.play(frame)
                await ends.leave()
                async with asyncio.timeout(5):
                    [f async for f in ends.leg.frames()]
                assert ends.leg.ended is not None
                assert ends.leg.ended.by == "remote"

        self.run(main())

    def test_messages_go_both_ways_in_order(self) -> None:
        async def main() -> None:
            async with self.ends() as ends, _reading(ends.leg):
                texts = [json.dumps({"type": "note", "n": n}) for n in range(5)]
                for text in texts:
                    ends.write(text)
                got: list[str] = []
                async with asyncio.timeout(5):
                    async for message in ends.leg.messages():
                        got.append(message)
                        await ends.leg.send({"echo": message})
                        if len(got) == len(texts):
                            break
                    echoes = await ends.got(len(texts))
                assert got == texts
                assert [m["echo"] for m in echoes] == texts

        self.run(main())


async def listen(leg: Leg, seconds: float) -> list[Frame]:
    """The frames of so many seconds; those that wait already come first."""
    frames: list[Frame] = []
    try:
        async with asyncio.timeout(seconds):
            async for frame in leg.frames():
                frames.append(frame)
    except TimeoutError:
        pass
    return frames


async def _play(leg: Leg, frames: list[Frame]) -> None:
    for frame in frames:
        await leg.play(frame)


@asynccontextmanager
async def _reading(leg: Leg) -> AsyncIterator[None]:
    """Read the leg's frames all the while, as a call does."""

    async def read() -> None:
        async for _ in leg.frames():
            pass

    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(read(), name="reader")
        yield
        reader.cancel()
