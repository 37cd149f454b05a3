"""The parts of every leg: the bounded channel, the frame clock, the playout buffer."""

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.leg import PLAYOUT_MS, Channel, FrameClock, Playout
from gateway.mixing import mixed
from pipelines.audio import FRAME_MS
from tests import virtual_time
from tests.contracts.leg import tone


def test_a_channel_drops_the_oldest_when_full_and_gives_the_rest_after_it_was_closed() -> None:
    async def main() -> None:
        channel: Channel[int] = Channel("test", 3)
        for n in range(5):
            channel.put(n)
        assert channel.full
        channel.close()
        channel.put(99)
        assert [n async for n in channel] == [2, 3, 4]

    asyncio.run(main())


def test_a_reader_waits_for_the_next_item() -> None:
    async def main() -> None:
        channel: Channel[int] = Channel("test", 3)
        asyncio.get_running_loop().call_later(5, channel.put, 7)
        assert await anext(channel) == 7

    virtual_time.run(main())


async def read(channel: Channel[int]) -> int:
    return await anext(channel)


def test_a_channel_has_one_reader_at_a_time() -> None:
    async def main() -> None:
        channel: Channel[int] = Channel("test", 3)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(read(channel))
            await asyncio.sleep(1)
            with pytest.raises(RuntimeError):
                await anext(channel)
            reading.cancel()
            await asyncio.sleep(1)
            asyncio.get_running_loop().call_later(5, channel.put, 7)
            assert await anext(channel) == 7

    virtual_time.run(main())


def test_frames_on_time_pass_and_no_silence_is_due() -> None:
    clock = FrameClock(0)
    for n in range(1_000):
        now = n * FRAME_MS
        assert clock.admit(now)
        assert clock.overdue(now) == 0
        assert clock.next_overdue_ms() > now + 3 * FRAME_MS


def test_silence_is_due_when_nothing_comes_and_never_before() -> None:
    clock = FrameClock(0)
    assert clock.overdue(clock.next_overdue_ms() - 1) == 0
    filled = [clock.overdue(now) for now in range(0, 10_001, 10)]
    assert sum(filled) == 10_000 // FRAME_MS - FrameClock.SLACK
    assert max(filled) == 1


def test_a_burst_after_a_short_outage_loses_nothing() -> None:
    clock = FrameClock(0)
    assert all(clock.admit(n * FRAME_MS) for n in range(10))
    late = 10 * FRAME_MS + 3 * FRAME_MS
    assert clock.overdue(late) == 0
    assert all(clock.admit(late) for _ in range(4))


def test_a_sender_faster_than_time_loses_what_is_too_much() -> None:
    clock = FrameClock(0)
    passed = sum(clock.admit(n * 10) for n in range(1_000))
    assert abs(passed - 500) <= FrameClock.SLACK + 1


def test_a_known_loss_is_filled_once() -> None:
    clock = FrameClock(0)
    for n in range(10):
        clock.admit(n * FRAME_MS)
    assert clock.lost(2, 12 * FRAME_MS) == 2
    assert clock.admit(12 * FRAME_MS)
    assert clock.lost(5, 12 * FRAME_MS) == 0, "time has not passed for more"


@given(st.lists(st.tuples(st.sampled_from(["frame", "look", "lost"]), st.integers(0, 300)), max_size=200))
def test_whatever_the_network_does_the_count_of_frames_stays_near_the_time(
    steps: list[tuple[str, int]],
) -> None:
    clock, now, passed = FrameClock(0), 0, 0
    for kind, gap in steps:
        now += gap
        passed += clock.overdue(now)
        if kind == "frame":
            passed += clock.admit(now)
        elif kind == "lost":
            passed += clock.lost(3, now)
        assert abs(passed - now // FRAME_MS) <= FrameClock.SLACK


def test_playout_is_taken_in_order_and_counted() -> None:
    async def main() -> None:
        playout, frames = Playout(), tone(3)
        for frame in frames:
            await playout.put(frame)
        assert [playout.take(), playout.take()] == frames[:2]
        assert playout.played_ms == 40
        assert playout.clear() == 20
        assert playout.take() is None
        assert playout.played_ms == 40

    asyncio.run(main())


def test_the_writer_waits_while_the_buffer_is_full() -> None:
    async def main() -> None:
        playout = Playout()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                for frame in itertools.cycle(tone(5)):
                    await playout.put(frame)
        assert playout.clear() == PLAYOUT_MS

    virtual_time.run(main())


def test_what_is_relayed_is_summed_with_what_is_played_and_not_counted() -> None:
    async def main() -> None:
        playout, spoken, live = Playout(), tone(2), tone(2, 300)
        playout.relay(live[0])
        await playout.put(spoken[0])
        assert playout.take() == mixed(live[0], spoken[0])
        assert playout.played_ms == 20
        playout.relay(live[1])
        assert playout.clear() == 0
        assert playout.take() is live[1], "what clears our speech does not cut a person off"
        assert playout.played_ms == 20

    asyncio.run(main())


def test_relaying_never_waits_and_keeps_the_newest_80_ms() -> None:
    playout, live = Playout(), tone(10)
    for frame in live:
        playout.relay(frame)
    assert [playout.take() for _ in range(5)] == [*live[6:], None]
    playout.relay(live[0])
    playout.close()
    playout.relay(live[1])
    assert playout.take() is None


def test_closing_lets_the_writer_go_and_takes_nothing_more() -> None:
    async def main() -> None:
        playout = Playout()
        for frame in tone(PLAYOUT_MS // FRAME_MS):
            await playout.put(frame)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(playout.put(tone(1)[0]))
            await asyncio.sleep(0)
            playout.close()
        assert playout.take() is None

    asyncio.run(main())
