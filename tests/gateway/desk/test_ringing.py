import asyncio
from typing import Any

from gateway.desk.commands import parse
from gateway.desk.ringing import BRIEFING_S
from gateway.desk.seat import Tab
from gateway.protocol_error import ProtocolError
from gateway.queue.contacts import Presence
from tests.gateway.desk.desk_world import EPOCH, DeskWorld, account, everything, now, run, told


async def available(world: DeskWorld, name: str = "nadia") -> Tab:
    tab = await world.desk.join(account(name))
    await world.desk.obey(tab, parse('{"type": "presence", "id": "p", "state": "available"}'))
    await told(tab, "done")
    return tab


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [m["type"] for m in messages if m["type"] not in ("presence", "queue", "sessions")]


def test_an_offer_rings_with_what_is_known_of_the_customer() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await available(world)
        await world.wait_for_person()
        offer = await told(tab, "offer")
        assert offer["handoff_id"] == "h_1" and offer["session"] == "s_1"
        assert (offer["queue"], offer["reason"], offer["channel"]) == ("general", "customer_asked", "chat")
        assert offer["until"] == now() + 20
        assert {"who", "why", "summary", "language"} <= offer["briefing"].keys()

    run(test)


def test_it_rings_in_every_tab_and_stops_in_every_tab() -> None:
    async def test(world: DeskWorld) -> None:
        first = await available(world)
        second = await world.desk.join(account())
        await world.wait_for_person()
        leases = {(await told(tab, "offer"))["lease"] for tab in (first, second)}
        (lease,) = leases
        await world.desk.obey(second, parse('{"type": "accept", "id": "k", "lease": "' + lease + '"}'))
        for tab in (first, second):
            assert (await told(tab, "contact"))["state"] == "briefing"
            ended = await told(tab, "offer.ended")
            assert (ended["lease"], ended["why"]) == (lease, "accepted")

    run(test)


def test_an_offer_that_nobody_answers_makes_the_agent_away() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await available(world)
        await world.wait_for_person()
        await told(tab, "offer")
        await asyncio.sleep(21)
        assert (await told(tab, "offer.ended"))["why"] == "missed"
        me = await told(tab, "me")
        assert (me["state"], me["reason"]) == ("away", "missed")
        await asyncio.sleep(30)  # the heartbeat does not undo it
        assert [duty.presence.state for duty in await world.queue.agents()] == ["away"]

    run(test)


def test_who_goes_away_declines() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await available(world)
        await world.wait_for_person()
        await told(tab, "offer")
        await world.desk.obey(tab, parse('{"type": "presence", "id": "p2", "state": "away"}'))
        assert (await told(tab, "offer.ended"))["why"] == "declined"

    run(test)


def test_a_customer_who_leaves_is_rung_for_no_more() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await available(world)
        await world.wait_for_person()
        lease = (await told(tab, "offer"))["lease"]
        await world.queue.leave("h_1")
        assert (await told(tab, "offer.ended"))["why"] == "withdrawn"
        await world.desk.obey(tab, parse('{"type": "accept", "id": "k", "lease": "' + lease + '"}'))
        assert (await told(tab, "error"))["code"] == "too_late"

    run(test)


def test_a_tab_that_comes_later_is_told_what_rings() -> None:
    async def test(world: DeskWorld) -> None:
        first = await available(world)
        await world.wait_for_person()
        lease = (await told(first, "offer"))["lease"]
        world.desk.leave(first)
        await asyncio.sleep(5)
        second = await world.desk.join(account())
        welcome = await told(second, "welcome")
        assert (welcome["offers"], welcome["presence"]["state"]) == ([lease], "available")
        assert (await told(second, "offer"))["lease"] == lease

    run(test)


def test_an_agent_who_comes_from_another_node_finds_their_offer() -> None:
    async def test(world: DeskWorld) -> None:
        elsewhere = Presence(
            "a_nadia", "Nadia", "available", frozenset({"general"}), {}, frozenset({"en"}), {"chat": 3}
        )
        await world.queue.announce(elsewhere)
        await world.wait_for_person()
        await asyncio.sleep(1)
        tab = await world.desk.join(account())
        assert (await told(tab, "offer"))["handoff_id"] == "h_1"

    run(test)


def test_it_rings_without_a_briefing_that_is_late_or_fails() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await available(world)
        world.conductor.waiting["briefing"] = asyncio.Event()
        await world.wait_for_person()
        offer = await told(tab, "offer")
        assert (offer["briefing"], now()) == ({}, EPOCH + BRIEFING_S)
        await world.queue.leave("h_1")
        del world.conductor.waiting["briefing"]
        for failure in (ProtocolError("not_yours", "gone"), RuntimeError("a bug of ours")):
            world.conductor.failing["briefing"] = failure
            await world.wait_for_person("h_2")
            assert (await told(tab, "offer"))["briefing"] == {}
            await world.queue.leave("h_2")

    run(test)


def test_an_offer_that_ends_before_its_briefing_came_never_rings() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await available(world)
        await everything(tab)
        gate = world.conductor.waiting["briefing"] = asyncio.Event()
        await world.wait_for_person()
        await asyncio.sleep(0.1)
        await world.queue.leave("h_1")
        gate.set()
        await asyncio.sleep(2)
        assert kinds(await everything(tab)) == []

    run(test)


def test_after_news_were_missed_the_desk_looks_at_what_rings() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await available(world)
        await world.wait_for_person("h_1")
        await told(tab, "offer")
        feed = world.queue._ledger.feed
        for reader in list(feed._readers):
            reader.close()  # as for one that fell behind
        await asyncio.sleep(0)
        await world.queue.leave("h_1")
        await world.wait_for_person("h_2")
        ended, offer = await told(tab, "offer.ended"), await told(tab, "offer")
        assert (ended["why"], offer["handoff_id"]) == ("withdrawn", "h_2")

    run(test)
