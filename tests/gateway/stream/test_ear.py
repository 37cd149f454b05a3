"""What the caller says, as frames."""

import asyncio

from gateway.stream.counts import Counts
from gateway.stream.ear import FRAMES_WAITING, ChunkClock, Ear
from pipelines.audio import FRAME_MS, Frame
from tests.contracts.leg import loud, tone


def heard(ear: Ear) -> list[Frame]:
    async def main() -> list[Frame]:
        ear.close()
        return [frame async for frame in ear.frames()]

    return asyncio.run(main())


def pcm(frames: int) -> bytes:
    return b"".join(frame.pcm for frame in tone(frames, rate=8_000))


def test_pieces_of_any_size_become_frames() -> None:
    ear, sound = Ear(8_000, Counts("test"), 0), pcm(3)
    for at in range(0, len(sound), 100):
        ear.hear(sound[at : at + 100], 0)
    frames = heard(ear)
    assert b"".join(frame.pcm for frame in frames) == sound
    assert all(len(frame.pcm) == 320 for frame in frames)


def test_silence_stands_for_what_did_not_come() -> None:
    ear = Ear(8_000, Counts("test"), 0)
    ear.fill(ear.next_due_ms() - 1)
    ear.fill(ear.next_due_ms())
    frames = heard(ear)
    assert len(frames) == 1 and frames[0].filled and not loud(frames[0])


def test_a_provider_that_sends_faster_than_time_loses_what_is_too_much() -> None:
    ear = Ear(8_000, Counts("test"), 0)
    for _ in range(500):
        ear.hear(pcm(1), 0)
    assert len(heard(ear)) <= FRAMES_WAITING


def test_large_pieces_are_waited_for() -> None:
    clock = ChunkClock(0, 10)
    assert all(clock.admit(0) for _ in range(10))
    for now in range(200, 10_000, 200):
        assert clock.overdue(now + 60) == 0, "even when one is 60 ms late"
        assert all(clock.admit(now + 60) for _ in range(10))


def test_nothing_is_heard_of_a_whole_second_but_frames() -> None:
    ear = Ear(8_000, Counts("test"), 0)
    ear.hear(pcm(FRAMES_WAITING), FRAME_MS)
    assert all(loud(frame) for frame in heard(ear))
