"""A browser leg without its browser, in virtual time. With one: `tests/interop/test_webrtc.py`."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.leg import Hangup
from gateway.webrtc.leg import WebRtcLeg
from gateway.webrtc.liveness import Patience
from gateway.webrtc.outbox import MOST_MESSAGES
from tests import virtual_time
from tests.contracts.leg import listen, tone


@asynccontextmanager
async def served() -> AsyncIterator[WebRtcLeg]:
    leg = WebRtcLeg("w_1", list, Patience(connect_ms=30_000))
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(leg.serve())
        await asyncio.sleep(0)
        yield leg
        await leg.hang_up("the test is over")
    assert serving.done()


def test_frames_come_before_the_connection_does() -> None:
    async def main() -> None:
        async with served() as leg:
            frames = await listen(leg, 10.0)
            assert abs(len(frames) - 500) <= 5
            assert all(frame.filled for frame in frames)

    virtual_time.run(main())


def test_a_client_that_never_connects_is_given_up() -> None:
    async def main() -> None:
        async with served() as leg:
            assert not await leg.connected()
            assert asyncio.get_running_loop().time() == pytest.approx(30, abs=1.5)
            assert leg.ended == Hangup("network", "never connected")

    virtual_time.run(main())


def test_a_client_that_reads_no_messages_is_hung_up_on() -> None:
    async def main() -> None:
        async with served() as leg:
            for n in range(MOST_MESSAGES):
                await leg.send({"type": "server-message", "data": {"seq": n + 1}})
            assert leg.ended is None
            await leg.send({"type": "server-message", "data": {"seq": 9_999}})
            assert leg.ended == Hangup("limit", "the client does not read its messages")

    virtual_time.run(main())


def test_captions_alone_never_end_a_call() -> None:
    async def main() -> None:
        async with served() as leg:
            for _ in range(3 * MOST_MESSAGES):
                await leg.send({"type": "server-message", "data": {"seq": 0}})
            assert leg.ended is None

    virtual_time.run(main())


def test_cancelling_the_service_ends_the_leg_for_everyone_who_waits() -> None:
    async def main() -> None:
        leg = WebRtcLeg("w_1", list)

        async def speak() -> None:
            for frame in tone(50):
                await leg.play(frame)

        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(leg.serve())
            waiting = [tasks.create_task(leg.connected()), tasks.create_task(speak())]
            await asyncio.sleep(0.1)
            serving.cancel()
            async with asyncio.timeout(1):
                await asyncio.wait(waiting)
                assert [text async for text in leg.messages()] == []
        assert leg.ended == Hangup("local", "no longer served")

    virtual_time.run(main())


def test_the_first_reason_to_end_is_the_one_that_counts() -> None:
    async def main() -> None:
        async with served() as leg:
            await leg.hang_up("first")
            await leg.hang_up("second")
            await leg.send({"type": "late", "data": json.dumps({})})
            assert leg.ended == Hangup("local", "first")

    virtual_time.run(main())
