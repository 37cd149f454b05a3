import asyncio
from typing import Any

import pytest

from gateway.desk.commands import parse
from gateway.desk.seat import Tab
from gateway.protocol_error import ProtocolError
from gateway.queue.contacts import OnDuty
from pipelines.facts import Unavailable
from tests.gateway.desk.desk_world import DeskWorld, account, contact, everything, run, told


async def set_presence(world: DeskWorld, tab: Tab, state: str = "available", **fields: Any) -> dict[str, Any]:
    voice = "true" if fields.get("voice", True) else "false"
    text = f'{{"type": "presence", "id": "{state}{voice}", "state": "{state}", "voice": {voice}}}'
    await world.desk.obey(tab, parse(text))
    while (message := await told(tab))["type"] not in ("done", "error"):
        pass
    return message


async def duty(world: DeskWorld) -> OnDuty | None:
    return next(iter(await world.queue.agents()), None)


def test_who_comes_is_seen_and_takes_nothing_yet() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        me = (await told(tab, "welcome"))["presence"]
        assert (me["state"], me["audio"]) == ("away", False)
        seen = await duty(world)
        assert seen is not None and seen.presence.state == "away"

    run(test)


def test_presence_reaches_routing_and_every_tab() -> None:
    async def test(world: DeskWorld) -> None:
        first, second = await world.desk.join(account()), await world.desk.join(account())
        assert (await set_presence(world, first, voice=False))["type"] == "done"
        seen = await duty(world)
        assert seen is not None and seen.presence.state == "available"
        me = await told(second, "me")
        assert (me["state"], me["voice"]) == ("available", False)
        assert world.records.audit[-1].details == {"state": "available", "voice": False}

    run(test)


def test_calls_are_offered_once_the_audio_is_there_and_no_longer_when_it_is_lost() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        await set_presence(world, tab)
        await world.wait_for_person(channel="voice")
        await asyncio.sleep(1)
        assert not await world.queue.offers()
        await world.desk.attendance.audio("a_nadia", True)
        assert (await told(tab, "me"))["audio"] is True
        assert (await told(tab, "offer"))["channel"] == "voice"
        await world.desk.attendance.audio("a_nadia", False)
        seen = await duty(world)
        assert seen is not None and seen.presence.capacity == {"voice": 0, "chat": 3}

    run(test)


def test_audio_that_came_before_the_websocket_counts() -> None:
    async def test(world: DeskWorld) -> None:
        await world.desk.attendance.audio("a_nadia", True)
        tab = await world.desk.join(account())
        assert (await told(tab, "welcome"))["presence"]["audio"] is True
        seen = await duty(world)
        assert seen is not None and seen.presence.capacity["voice"] == 1

    run(test)


def test_a_connection_that_comes_back_within_the_grace_has_lost_nothing() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        await set_presence(world, tab)
        world.conductor.change(contact())
        for _ in range(3):
            world.desk.leave(tab)
            await asyncio.sleep(9.9)
            seen = await duty(world)
            assert seen is not None and seen.presence.state == "available"
            tab = await world.desk.join(account())
        await asyncio.sleep(30)
        welcome = await told(tab, "welcome")
        assert (welcome["presence"]["state"], welcome["contacts"]) == ("available", ["h_1"])
        assert (await told(tab, "contact"))["mine"] is True
        assert "agent_gone" not in world.conductor.names()

    run(test)


def test_after_the_grace_the_agent_is_gone() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        await set_presence(world, tab)
        world.desk.leave(tab)
        await asyncio.sleep(10.1)
        assert await duty(world) is None
        assert world.conductor.asked[-1] == ("agent_gone", "a_nadia")
        tab = await world.desk.join(account())
        assert (await told(tab, "welcome"))["presence"]["state"] == "away"

    run(test)


def test_an_offer_that_rang_at_a_lost_connection_goes_to_the_next_after_the_grace() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        await set_presence(world, tab)
        await world.wait_for_person()
        await told(tab, "offer")
        other = await world.desk.join(account("tom"))
        await set_presence(world, other)
        world.desk.leave(tab)
        await asyncio.sleep(10.1)
        assert (await told(other, "offer"))["handoff_id"] == "h_1"

    run(test)


def test_who_signs_out_is_gone_at_once() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        world.desk.leave(tab, for_good=True)
        await asyncio.sleep(0.1)
        assert await duty(world) is None
        assert world.conductor.names() == ["agent_gone"]

    run(test)


def test_an_agent_stays_while_one_of_several_tabs_is_open() -> None:
    async def test(world: DeskWorld) -> None:
        first, second = await world.desk.join(account()), await world.desk.join(account())
        world.desk.leave(first, for_good=True)
        await asyncio.sleep(60)
        assert await duty(world) is not None
        world.desk.leave(second)
        await asyncio.sleep(11)
        assert await duty(world) is None

    run(test)


def test_whom_the_queue_has_forgotten_is_announced_again() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        await set_presence(world, tab)
        await world.queue.absent("a_nadia")  # as when the shared memory was lost
        await asyncio.sleep(10.1)
        seen = await duty(world)
        assert seen is not None and seen.presence.state == "available"

    run(test)


def test_without_the_queue_presence_does_not_change() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        world.queue.down = True
        error = await set_presence(world, tab)
        assert (error["code"], error["retry"]) == ("unavailable", True)
        assert tab.seat.state == "away"
        await world.desk.attendance.audio("a_nadia", True)  # is announced by and by
        world.queue.down = False
        assert (await set_presence(world, tab))["type"] == "done"

    run(test)


def test_a_queue_that_is_away_for_a_while_keeps_nobody_from_working_on() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        await set_presence(world, tab)
        await world.queue.absent("a_nadia")
        world.queue.down = True
        await asyncio.sleep(25)
        world.queue.down = False
        await asyncio.sleep(15)
        assert await duty(world) is not None

    run(test)


@pytest.mark.parametrize("failure", [Unavailable("down"), ProtocolError("x", "y"), RuntimeError("a bug")])
def test_that_somebody_is_gone_is_told_until_it_is_heard(failure: Exception) -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        world.conductor.failing["agent_gone"] = failure
        world.desk.leave(tab)
        await asyncio.sleep(11)
        world.conductor.failing.clear()
        await asyncio.sleep(11)
        names = world.conductor.names()
        assert names.count("agent_gone") >= 2
        await asyncio.sleep(60)
        assert world.conductor.names() == names

    run(test)


def test_who_comes_back_meanwhile_is_not_told_gone_any_more() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        world.conductor.failing["agent_gone"] = Unavailable("down")
        world.desk.leave(tab)
        await asyncio.sleep(10.6)
        tab = await world.desk.join(account())
        world.conductor.failing.clear()
        await asyncio.sleep(30)
        assert await duty(world) is not None

    run(test)


def test_a_contact_that_the_desk_was_not_told_of_is_found() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        await everything(tab)
        world.conductor.contacts["h_1"] = contact()
        await asyncio.sleep(10.1)
        assert (await told(tab, "contact"))["session"] == "s_1"
        world.conductor.contacts.clear()
        await asyncio.sleep(10.1)
        assert (await told(tab, "contact"))["state"] == "closed"

    run(test)


def test_administrators_are_not_offered_anything() -> None:
    async def test(world: DeskWorld) -> None:
        await world.desk.join(account("ada", "admin"))
        await asyncio.sleep(11)
        assert await duty(world) is None

    run(test)


def test_at_the_end_nobody_is_left_to_ring() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        await set_presence(world, tab)
        world.desk.dismiss_all()
        await world.desk.attendance.say_goodbye()
        assert await duty(world) is None

    run(test)
