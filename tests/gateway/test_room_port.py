"""A bot's place in a room, when bots come and go faster than their readers."""

import asyncio

from gateway.room import Role, Room
from pipelines.audio import AudioPort, Frame
from tests import virtual_time
from tests.gateway.joined import LEVELS, level, meeting, ticks, value


async def read(port: AudioPort, heard: list[Frame]) -> None:
    async for frame in port.frames():
        heard.append(frame)


def test_a_new_ports_reader_waits_until_the_former_one_has_let_go() -> None:
    async def main() -> None:
        async with meeting(speaks=False) as met:
            heard: list[list[Frame]] = [[], [], []]
            reading = [met.tasks.create_task(read(met.room.port(Role.BOT), heard[0]))]
            await ticks(3)
            met.customer.say([level(10 * n) for n in range(1, 50)])
            for number in (1, 2):  # both while the first still waits for its next frame
                reading.append(met.tasks.create_task(read(met.room.port(Role.BOT), heard[number])))
                await asyncio.sleep(0)
            await ticks(30)
            assert reading[0].done() and reading[1].done() and not reading[2].done()
            assert not heard[1]
            assert [value(frame) for frame in heard[2][:20]] == [10 * n for n in range(2, 22)]
            met.customer.leave()
            await reading[2]

    virtual_time.run(main())


def test_when_a_bot_dies_while_it_listens_the_room_reads_on_once_the_port_is_taken() -> None:
    async def main() -> None:
        async with meeting() as met:
            listening = met.tasks.create_task(read(met.room.port(Role.BOT), []))
            await ticks(3)
            listening.cancel()
            await ticks(1)
            human = await met.join(Role.HUMAN)
            assert await met.room.bridge(human)
            assert await met.heard("human") == {"customer"}

    virtual_time.run(main())


def test_a_reader_that_was_slow_to_notice_hears_nothing_more() -> None:
    async def main() -> None:
        async with meeting() as met:
            port = met.room.port(Role.BOT)
            frames = port.frames()
            await anext(frames)
            assert await met.room.bridge(await met.join(Role.HUMAN))
            assert [frame async for frame in frames] == []
            assert port.clear() == 0
            await port.play(level(LEVELS["bot"]))
            assert await met.heard("customer") == {"human"}

    virtual_time.run(main())


def test_others_hear_a_frame_before_the_bot_does() -> None:
    async def main() -> None:
        async with meeting() as met:
            port = met.room.port(Role.BOT)
            with met.room.ears(Role.CUSTOMER) as ears:
                frames = port.frames()
                for _ in range(3):
                    heard, now = await anext(frames), asyncio.get_running_loop().time()
                    assert await anext(ears) is heard
                    assert asyncio.get_running_loop().time() == now, "it was there already"

    virtual_time.run(main())


def test_a_room_that_is_not_open_serves_ports_all_the_same() -> None:
    async def main() -> None:
        async with meeting() as met:
            met.room.close()
            room = Room(met.customer)
            heard: list[Frame] = []
            first = met.tasks.create_task(read(room.port(Role.BOT), heard))
            await ticks(3)
            second = met.tasks.create_task(read(room.port(Role.BOT), heard))
            await ticks(5)
            assert first.done() and len(heard) >= 7
            met.customer.leave()
            await second
            assert room.customer_gone.is_set()

    virtual_time.run(main())
