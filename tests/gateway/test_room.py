"""The room: the customer's leg stays, whoever talks at it comes and goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.room import Role, Room
from pipelines.audio import AudioPort, Frame
from tests import virtual_time
from tests.contracts.leg import loud, tone
from tests.fakes.scripted_leg import ScriptedLeg


@asynccontextmanager
async def on_the_phone() -> AsyncIterator[ScriptedLeg]:
    leg = ScriptedLeg()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(leg.serve())
        await asyncio.sleep(0)
        yield leg
        leg.leave()


async def hear(port: AudioPort, count: int) -> list[Frame]:
    frames: list[Frame] = []
    async for frame in port.frames():
        frames.append(frame)
        if len(frames) == count:
            break
    return frames


def test_the_bot_hears_the_very_frames_of_the_customer_and_without_delay() -> None:
    async def main() -> None:
        async with on_the_phone() as leg:
            port, spoken = Room(leg).port(Role.BOT), tone(10)
            leg.say(spoken)
            heard = await hear(port, 30)
            assert [f for f in heard if loud(f)] == spoken
            assert asyncio.get_running_loop().time() < 30 * 0.02, "no frame waits in the room"

    virtual_time.run(main())


def test_the_customer_hears_the_bot() -> None:
    async def main() -> None:
        async with on_the_phone() as leg:
            port = Room(leg).port(Role.BOT)
            for frame in tone(5):
                await port.play(frame)
            await asyncio.sleep(0.2)
            assert sum(loud(f) for f in leg.heard) == 5
            assert port.played_ms() == 100
            assert port.sample_rate == leg.sample_rate

    virtual_time.run(main())


def test_a_new_bot_takes_over_and_the_customers_leg_notices_nothing() -> None:
    async def main() -> None:
        async with on_the_phone() as leg:
            room = Room(leg)
            first = room.port(Role.BOT)
            for frame in tone(15):
                await first.play(frame)
            await asyncio.sleep(0.1)
            second = room.port(Role.BOT)
            assert second.played_ms() == 0, "counts from its own beginning"
            await asyncio.sleep(0.1)
            assert sum(loud(f) for f in leg.heard) <= 6, "what the first had still to say is dropped"
            await first.play(tone(1)[0])
            assert first.clear() == 0, "who lost the floor can neither speak nor silence"
            assert second.clear() == 0
            assert [f async for f in first.frames()] == []
            assert len(await hear(second, 5)) == 5
            assert leg.ended is None

    virtual_time.run(main())


def test_the_floor_belongs_to_whoever_has_the_port() -> None:
    room = Room(ScriptedLeg())
    assert room.floor is None
    room.port(Role.BOT)
    assert room.floor is Role.BOT
    room.port(Role.HUMAN)
    assert room.floor is Role.HUMAN


def test_interrupting_drops_what_was_not_heard() -> None:
    async def main() -> None:
        async with on_the_phone() as leg:
            port = Room(leg).port(Role.BOT)
            for frame in tone(10):
                await port.play(frame)
            await asyncio.sleep(0.1)
            assert port.clear() + port.played_ms() == 200

    virtual_time.run(main())


def test_the_port_ends_with_the_customer() -> None:
    async def main() -> None:
        async with on_the_phone() as leg:
            port = Room(leg).port(Role.BOT)
            await hear(port, 3)
            leg.leave()
            assert len([f async for f in port.frames()]) <= 1

    virtual_time.run(main())
