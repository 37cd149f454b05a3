import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from gateway.rtp.clock import HEAR_AFTER, LATENESS, MOST_ROUNDS, SLOT_MS, SLOTS, RtpClock
from tests import virtual_time


class Call:
    """Writes down when it was ticked."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.spoke: list[int] = []
        self.late: list[int] = []

    def hear(self, now_ms: int) -> None:
        self.heard.append(now_ms)
        self.late.append(round(asyncio.get_running_loop().time() * 1000) - now_ms)

    def speak(self, now_ms: int) -> None:
        self.spoke.append(now_ms)

    def fail(self) -> None:
        raise AssertionError("nothing failed")


def ticking(test: Callable[[RtpClock], Coroutine[Any, Any, None]]) -> None:
    """Run a test in virtual time, with a clock that runs beside it."""

    async def beside() -> None:
        clock = RtpClock()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(clock.run())
            await test(clock)
            running.cancel()

    virtual_time.run(beside())


def steps(times: list[int]) -> set[int]:
    return {b - a for a, b in zip(times, times[1:], strict=False)}


def test_a_call_hears_every_20_ms_and_speaks_a_slot_later() -> None:
    async def test(clock: RtpClock) -> None:
        call = Call()
        clock.add(call)
        await asyncio.sleep(2)
        clock.remove(call)
        assert len(call.heard) in (99, 100, 101)
        assert steps(call.heard) == steps(call.spoke) == {20}
        assert (call.spoke[0] - call.heard[0]) % 20 == SLOT_MS
        clock.remove(call)
        before = len(call.heard)
        await asyncio.sleep(1)
        assert len(call.heard) == before

    ticking(test)


def test_calls_are_spread_over_the_slots() -> None:
    async def test(clock: RtpClock) -> None:
        calls = [Call() for _ in range(40)]
        for call in calls:
            clock.add(call)
        await asyncio.sleep(0.1)
        phases = [call.heard[0] % 20 for call in calls]
        assert all(phases.count(phase) == 40 // SLOTS for phase in set(phases))
        assert len(set(phases)) == SLOTS

    ticking(test)


def slots_served() -> float:
    (metric,) = LATENESS.collect()
    return next(sample.value for sample in metric.samples if sample.name.endswith("_count"))


def test_without_calls_it_does_not_run() -> None:
    async def test(clock: RtpClock) -> None:
        clock.add(call := Call())
        await asyncio.sleep(0.1)
        clock.remove(call)
        await asyncio.sleep(0.1)
        before = slots_served()
        await asyncio.sleep(60)
        assert slots_served() == before
        clock.add(call)
        await asyncio.sleep(0.1)
        assert slots_served() >= before + 20

    ticking(test)


def test_it_makes_up_for_a_short_hold_up_and_skips_a_long_one() -> None:
    async def test(clock: RtpClock) -> None:
        call = Call()
        clock.add(call)
        await asyncio.sleep(0.1)
        virtual_time.block(0.15)
        await asyncio.sleep(0.1)
        assert steps(call.heard) == {20}, "no frame was left out"
        assert 100 < max(call.late) <= 150
        assert call.late[-1] == 0
        virtual_time.block(5.0)
        await asyncio.sleep(0.1)
        assert max(steps(call.heard)) >= 4900, "five seconds are not made up for"
        assert len(call.heard) < 30
        assert call.late[-1] == 0

    ticking(test)


def test_a_loop_that_is_always_late_still_lets_others_run() -> None:
    async def test(clock: RtpClock) -> None:
        class Slow(Call):
            def hear(self, now_ms: int) -> None:
                virtual_time.block(0.03)

        clock.add(Slow())
        for _ in range(50):
            await asyncio.sleep(0)

    ticking(test)


def test_sockets_are_read_as_long_as_something_waits_but_not_for_ever() -> None:
    async def test(clock: RtpClock) -> None:
        here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with here, there:
            here.bind(("127.0.0.1", 0))
            got: list[int] = []

            def read(now_ms: int) -> None:
                here.recv(100)
                got.append(now_ms)

            clock.read(here.fileno(), read)
            for _ in range(MOST_ROUNDS + 3):
                there.sendto(b"x", here.getsockname())
            clock.add(call := Call())
            await asyncio.sleep(0.001)
            assert len(got) == MOST_ROUNDS
            await asyncio.sleep(0.05)
            assert len(got) == MOST_ROUNDS + 3
            clock.forget(here.fileno())
            clock.forget(here.fileno())
            there.sendto(b"x", here.getsockname())
            await asyncio.sleep(0.05)
            assert len(got) == MOST_ROUNDS + 3
            clock.remove(call)

    ticking(test)


def test_a_call_is_ticked_soon_after_its_packets_come() -> None:
    async def test(clock: RtpClock) -> None:
        here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with here, there:
            here.bind(("127.0.0.1", 0))
            calls = [Call() for _ in range(8)]
            for call in calls:
                clock.add(call)
            came: list[int] = []

            def read(now_ms: int) -> None:
                here.recv(100)
                came.append(now_ms)
                clock.follow(calls[3])

            clock.read(here.fileno(), read)
            await asyncio.sleep(0.033)
            there.sendto(b"x", here.getsockname())
            await asyncio.sleep(0.2)
            assert {(heard - came[0]) % 20 for heard in calls[3].heard[-3:]} == {HEAR_AFTER * SLOT_MS}
            clock.follow(stranger := Call())
            await asyncio.sleep(0.1)
            assert stranger.heard == []
            clock.forget(here.fileno())

    ticking(test)


def test_a_bug_in_one_call_ends_that_call_and_no_other() -> None:
    class Broken(Call):
        failed = 0

        def __init__(self, when: str) -> None:
            super().__init__()
            self.when = when

        def hear(self, now_ms: int) -> None:
            assert self.when != "hearing"

        def speak(self, now_ms: int) -> None:
            assert self.when != "speaking"

        def fail(self) -> None:
            self.failed += 1

    async def test(clock: RtpClock) -> None:
        calls = [Broken("hearing"), Broken("speaking"), sound := Call()]
        for call in calls:
            clock.add(call)
        here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with here:
            here.bind(("127.0.0.1", 0))

            def read(now_ms: int) -> None:
                raise AssertionError

            clock.read(here.fileno(), read)
            here.sendto(b"x", here.getsockname())
            await asyncio.sleep(0.5)
        assert [call.failed for call in calls if isinstance(call, Broken)] == [1, 1]
        assert len(sound.heard) >= 24

    ticking(test)


def test_cancelling_it_leaves_the_calls_alone() -> None:
    async def test() -> None:
        clock, call = RtpClock(), Call()
        clock.add(call)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await clock.run()
        heard = len(call.heard)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(clock.run())
            await asyncio.sleep(0.1)
            running.cancel()
        assert len(call.heard) > heard

    virtual_time.run(test())
