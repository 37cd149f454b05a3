import asyncio
from typing import Any

from gateway.desk.seat import Tab
from tests.gateway.desk.desk_world import DeskWorld, account, contact, everything, run


async def newest(tab: Tab) -> dict[str, Any]:
    return {m["type"]: m for m in await everything(tab) if m["type"] in ("presence", "queue", "sessions")}


def test_the_queue_and_colleagues_are_shown_and_only_when_they_change() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        await asyncio.sleep(1.1)
        shown = await newest(tab)
        assert [agent["name"] for agent in shown["presence"]["agents"]] == ["Nadia"]
        assert shown["queue"]["waiting"] == []
        await asyncio.sleep(10)
        assert await newest(tab) == {}
        await world.wait_for_person()
        await asyncio.sleep(1.1)
        (waiting,) = (await newest(tab))["queue"]["waiting"]
        assert (waiting["handoff_id"], waiting["position"], waiting["reason"]) == ("h_1", 1, "customer_asked")

    run(test)


def test_an_agent_sees_their_own_sessions_and_a_supervisor_all() -> None:
    async def test(world: DeskWorld) -> None:
        nadia = await world.desk.join(account())
        vera = await world.desk.join(account("vera", "supervisor"))
        ada = await world.desk.join(account("ada", "admin"))
        world.conductor.change(contact())
        world.conductor.change(contact("a_tom", session="s_2", handoff_id="h_2"))
        await asyncio.sleep(1.1)
        seen = [(await newest(tab))["sessions"]["live"] for tab in (nadia, vera, ada)]
        assert [[each["session"] for each in live] for live in seen] == [
            ["s_1"],
            ["s_1", "s_2"],
            ["s_1", "s_2"],
        ]
        assert [live[0].get("customer") for live in seen] == ["Ms. Ott", "Ms. Ott", None]

    run(test)


def test_live_sessions_are_not_looked_up_for_agents() -> None:
    async def test(world: DeskWorld) -> None:
        await world.desk.join(account())
        await asyncio.sleep(5)
        assert not [each for each in world.conductor.asked if each[0] == "live_sessions"]

    run(test)


def test_a_failure_is_got_over() -> None:
    async def test(world: DeskWorld) -> None:
        vera = await world.desk.join(account("vera", "supervisor"))
        world.conductor.failing["live_sessions"] = RuntimeError("a bug of ours")
        await asyncio.sleep(5)
        world.conductor.failing.clear()
        await everything(vera)
        world.conductor.change(contact())
        await asyncio.sleep(2.1)
        assert len((await newest(vera))["sessions"]["live"]) == 1

    run(test)
