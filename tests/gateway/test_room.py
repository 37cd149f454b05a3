"""The room: the customer's leg stays, whoever talks at it comes and goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.room import SOUND_S, Mode, Role, Room
from pipelines.audio import AudioPort, Frame
from tests import virtual_time
from tests.contracts.leg import loud, tone
from tests.fakes.scripted_leg import ScriptedLeg
from tests.gateway.joined import LEVELS, level, meeting, ticks, value, who


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


def test_a_human_in_the_room_neither_hears_nor_is_heard_before_the_bridge() -> None:
    async def main() -> None:
        async with meeting() as met:
            met.bot()
            await met.join(Role.HUMAN)
            assert await met.heard("human") == set()
            assert await met.heard("customer") == {"bot"}
            assert {value(frame) for frame in met.bot_heard if not frame.filled} == {LEVELS["customer"]}
            assert met.room.floor is Role.BOT

    virtual_time.run(main())


@pytest.mark.parametrize(("customers", "humans"), [(16_000, 16_000), (8_000, 16_000), (16_000, 8_000)])
def test_bridged_they_hear_each_other_whatever_their_rates(customers: int, humans: int) -> None:
    async def main() -> None:
        async with meeting(customers) as met:
            met.bot()
            await met.bridged(humans)
            assert met.room.floor is Role.HUMAN
            assert await met.heard("customer") == {"human"}
            assert await met.heard("human") == {"customer"}

    virtual_time.run(main())


def test_at_the_bridge_the_bots_speech_is_dropped_and_nobody_loses_a_frame() -> None:
    async def main() -> None:
        async with meeting(speaks=False) as met:
            met.bot()
            human = await met.room.join(Role.HUMAN, met.call("human", speaks=False))
            await ticks(20)
            met.customer.say(numbered := [level(10 * n) for n in range(100, 200)])
            met.legs["human"].say(answers := [level(10 * n) for n in range(300, 400)])
            await ticks(20)
            at = len(met.customer.heard)
            assert await met.room.bridge(human)
            await ticks(110)
            after = [value(frame) for frame in met.customer.heard[at:]]
            assert LEVELS["bot"] not in after[1:], "240 ms of it were queued"
            first = next(n for n, heard in enumerate(after) if heard)
            assert first <= 2, "no gap"
            said = [heard for heard in after[first:] if heard]
            assert said == list(range(said[0], value(answers[-1]) + 10, 10)), "nor of the human"
            heard = [value(frame) for frame in met.legs["human"].heard if value(frame)]
            assert heard == list(range(heard[0], value(numbered[-1]) + 10, 10)), "nor of the customer"
            assert value(numbered[0]) < heard[0] < value(numbered[25])

    virtual_time.run(main())


@pytest.mark.parametrize(("customers", "humans"), [(16_000, 16_000), (8_000, 16_000), (16_000, 8_000)])
def test_the_room_adds_no_more_than_one_tick_and_it_does_not_grow(customers: int, humans: int) -> None:
    async def main() -> None:
        async with meeting(customers, speaks=False) as met:
            human = await met.room.join(Role.HUMAN, met.call("human", humans, speaks=False))
            await met.room.bridge(human)
            for speaker, listener in (("customer", "human"), ("human", "customer")):
                leg, ear = met.legs[speaker], met.legs[listener]
                for _ in range(30):
                    at = len(ear.heard)
                    leg.say([level(5_000, leg.sample_rate)])
                    await ticks(25)
                    late = next(n for n, frame in enumerate(ear.heard[at:]) if value(frame) > 1_000)
                    assert late <= 2

    virtual_time.run(main())


def test_an_interruption_by_the_customer_never_cuts_the_human() -> None:
    async def main() -> None:
        async with meeting() as met:
            port = met.bot()
            await met.bridged()
            at = len(met.customer.heard)
            for _ in range(20):
                assert port.clear() == 0, "what the bot's pipeline does on an interruption"
                met.customer.clear()
                await port.play(level(LEVELS["bot"]))
                await ticks(1)
            assert len(met.customer.heard) >= at + 19
            assert all(who(frame) == {"human"} for frame in met.customer.heard[at:])

    virtual_time.run(main())


def test_a_leg_without_sound_gets_no_floor_and_the_bot_talks_on() -> None:
    async def main() -> None:
        async with meeting() as met:
            met.bot()
            dead = await met.room.join(Role.HUMAN, ScriptedLeg("dead"))
            begun = asyncio.get_running_loop().time()
            bridging = met.tasks.create_task(met.room.bridge(dead))
            assert await met.heard("customer", 40) == {"bot"}
            assert not await bridging
            assert asyncio.get_running_loop().time() - begun == pytest.approx(SOUND_S)
            assert met.room.floor is Role.BOT

    virtual_time.run(main())


def test_a_leg_that_has_ended_or_left_gets_no_floor() -> None:
    async def main() -> None:
        async with meeting() as met:
            met.bot()
            ended = await met.join(Role.HUMAN)
            await ticks(2)
            met.legs["human"].leave()
            await ticks(2)
            assert ended.gone.is_set()
            assert not await met.room.bridge(ended)
            left = await met.join(Role.HUMAN, "other")
            bridging = met.tasks.create_task(met.room.bridge(left))
            met.room.leave(left)
            assert not await bridging
            assert await met.heard("customer") == {"bot"}

    virtual_time.run(main())


def test_a_cancelled_bridge_changes_nothing() -> None:
    async def main() -> None:
        async with meeting() as met:
            met.bot()
            dead = await met.room.join(Role.HUMAN, ScriptedLeg("dead"))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await met.room.bridge(dead)
            assert await met.heard("customer") == {"bot"}

    virtual_time.run(main())


def test_given_back_the_bot_hears_the_customer_and_the_human_nobody() -> None:
    async def main() -> None:
        async with meeting() as met:
            met.bot()
            human = await met.bridged()
            met.room.unbridge(human)
            assert met.room.floor is None
            assert await met.heard("customer") == set()
            met.bot_heard.clear()
            met.bot()
            assert await met.heard("customer") == {"bot"}
            assert await met.heard("human") == set()
            assert {value(frame) for frame in met.bot_heard} == {LEVELS["customer"]}
            met.room.unbridge(human)
            assert met.room.floor is Role.BOT, "they had not got it"

    virtual_time.run(main())


def test_between_two_readers_no_frame_of_the_customers_is_lost() -> None:
    async def main() -> None:
        async with meeting(speaks=False) as met:
            human = await met.join(Role.HUMAN)
            met.customer.say([level(10 * n) for n in range(1, 200)])
            heard: list[Frame] = []
            for _ in range(4):
                met.bot()
                await ticks(5)
                await met.room.bridge(human)
                with met.room.ears(Role.CUSTOMER) as ears:
                    await ticks(5)
                    met.room.unbridge(human)
                    ears.end()
                    heard += [frame async for frame in ears]
            at = [value(frame) // 10 for frame in met.bot_heard + heard if not frame.filled]
            assert sorted(at) == list(range(1, max(at) + 1))

    virtual_time.run(main())


def test_two_humans_one_floor() -> None:
    async def main() -> None:
        async with meeting() as met:
            first = await met.bridged()
            second = await met.join(Role.HUMAN, "other")
            assert await met.heard("other") == set()
            assert await met.room.bridge(second)
            assert await met.heard("customer") == {"other"}
            assert await met.heard("other") == {"customer"}
            assert await met.heard("human") == set()
            met.room.leave(first)
            assert await met.heard("customer") == {"other"}

    virtual_time.run(main())


def test_on_hold_the_customer_hears_music_and_neither_hears_the_other() -> None:
    async def main() -> None:
        async with meeting() as met:
            await met.bridged()
            met.room.hold(True)
            assert await met.heard("customer", 200) == {"music"}
            assert await met.heard("human") == set()
            met.room.hold(False)
            assert await met.heard("customer") == {"human"}
            assert await met.heard("human") == {"customer"}

    virtual_time.run(main())


def test_hold_ends_with_the_humans_time_on_the_floor_and_needs_one() -> None:
    async def main() -> None:
        async with meeting() as met:
            met.room.hold(True)
            human = await met.bridged()
            assert await met.heard("customer") == {"human"}
            met.room.hold(True)
            met.room.unbridge(human)
            assert await met.heard("customer") == set()
            await met.room.bridge(human)
            assert await met.heard("customer") == {"human"}

    virtual_time.run(main())


def test_music_plays_while_nobody_has_the_floor_and_to_a_human_who_waits() -> None:
    async def main() -> None:
        async with meeting(8_000) as met:
            met.room.music(Role.CUSTOMER, True)
            met.room.music(Role.HUMAN, True)
            assert await met.heard("customer") == {"music"}
            human = await met.join(Role.HUMAN)
            assert await met.heard("human") == {"music"}
            await met.room.bridge(human)
            assert await met.heard("human") == {"customer"}
            assert await met.heard("customer") == {"human"}
            met.bot()
            assert await met.heard("customer") == {"bot"}
            met.room.quiet()
            assert await met.heard("customer") == {"music"}
            met.room.music(Role.CUSTOMER, False)
            assert await met.heard("customer") == set()

    virtual_time.run(main())


def test_who_is_muted_is_heard_by_nobody_and_hears_on() -> None:
    async def main() -> None:
        async with meeting() as met:
            human = await met.bridged()
            await met.join(Role.SUPERVISOR)
            met.room.mute(human, True)
            assert await met.heard("customer") == set()
            assert await met.heard("human") == {"customer"}
            assert await met.heard("supervisor") == {"customer"}
            met.room.mute(human, False)
            assert await met.heard("customer") == {"human"}

    virtual_time.run(main())


def test_ears_hear_what_is_said_for_the_other_side() -> None:
    async def main() -> None:
        async with meeting(8_000) as met:
            human = await met.bridged()
            with met.room.ears(Role.CUSTOMER) as customer, met.room.ears(Role.HUMAN) as said:
                assert value(await anext(customer)) == LEVELS["customer"]
                assert (await anext(customer)).sample_rate == 8_000
                assert value(await anext(said)) == LEVELS["human"]
                met.room.hold(True)
                await ticks(3)
                assert [(await anext(said)).filled for _ in range(3)][-1], "it is not for the customer"
                met.room.unbridge(human)
                assert all(frame.filled for frame in [frame async for frame in said])
                assert (await anext(customer)).sample_rate == 8_000, "the customer is still there"
            assert [frame async for frame in met.room.ears(Role.HUMAN)] == [], "nobody has the floor"

    virtual_time.run(main())


def test_ears_that_nobody_reads_lose_the_oldest_and_ears_that_were_closed_cost_nothing() -> None:
    async def main() -> None:
        async with meeting(speaks=False) as met:
            met.bot()
            met.customer.say([level(10 * n) for n in range(1, 101)])
            with met.room.ears(Role.CUSTOMER) as ears:
                await ticks(100)
                first = await anext(ears)
            assert value(first) >= 10 * 74
            ears.end()
            assert [value(frame) for frame in [frame async for frame in ears]][-1] >= 10 * 98
            before = len(met.bot_heard)
            await ticks(5)
            assert len(met.bot_heard) - before in (5, 6)

    virtual_time.run(main())


def test_a_room_that_is_not_open_cannot_be_joined_and_roles_are_checked() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError):
            await Room(ScriptedLeg()).join(Role.HUMAN, ScriptedLeg())
        async with meeting() as met:
            human, supervisor = await met.join(Role.HUMAN), await met.join(Role.SUPERVISOR)
            for wrong in (Role.BOT, Role.CUSTOMER):
                with pytest.raises(ValueError, match="joins"):
                    await met.room.join(wrong, ScriptedLeg())
                with pytest.raises(ValueError, match="ears"):
                    met.room.ears(Role.BOT)
            with pytest.raises(ValueError, match="joins"):
                await met.room.join(Role.HUMAN, met.customer)
            with pytest.raises(ValueError, match="floor"):
                await met.room.bridge(supervisor)
            with pytest.raises(ValueError, match="take over"):
                await met.room.take_over(human)
            with pytest.raises(ValueError, match="supervise"):
                met.room.supervise(human, Mode.BARGE)
            with pytest.raises(ValueError, match="shout"):
                met.room.supervise(supervisor, "shout")

    virtual_time.run(main())
