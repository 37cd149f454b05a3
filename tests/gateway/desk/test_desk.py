import asyncio

import pytest

from gateway.desk.commands import parse
from gateway.desk.outbox import RESTART
from gateway.live import Draining
from gateway.protocol_error import ProtocolError
from pipelines.facts import Unavailable
from tests.gateway.desk.desk_world import EPOCH, DeskWorld, account, contact, everything, run, told


def test_a_tab_is_welcomed_with_what_it_needs() -> None:
    async def test(world: DeskWorld) -> None:
        world.conductor.contacts["h_1"] = contact()
        tab = await world.desk.join(account())
        welcome = await told(tab)
        assert welcome["type"] == "welcome"
        assert welcome["agent"] == {"agent_id": "a_nadia", "name": "Nadia", "role": "agent"}
        assert welcome["now"] == EPOCH
        assert welcome["queues"] == [{"queue": "general", "title": "general"}]
        assert "resolved" in [each["code"] for each in welcome["dispositions"]]
        assert welcome["canned"] and [each["tool"] for each in welcome["tools"]] == ["look_up_order"]
        assert (welcome["voice"], welcome["offers"], welcome["contacts"]) == (False, [], ["h_1"])
        shown = await told(tab)
        assert (shown["type"], shown["mine"], shown["customer"]) == ("contact", True, "Ms. Ott")

    run(test)


def test_every_tab_is_told_of_a_contact() -> None:
    async def test(world: DeskWorld) -> None:
        tabs = [await world.desk.join(account()) for _ in range(2)]
        world.conductor.change(contact())
        for tab in tabs:
            assert (await told(tab, "contact"))["state"] == "human_active"

    run(test)


def test_an_agent_has_only_so_many_tabs() -> None:
    async def test(world: DeskWorld) -> None:
        tabs = [await world.desk.join(account()) for _ in range(2)]
        with pytest.raises(ProtocolError) as refused:
            await world.desk.join(account())
        assert refused.value.code == "too_many_tabs"
        world.desk.leave(tabs[0])
        await world.desk.join(account())

    run(test, tabs=2)


def test_nobody_comes_in_while_what_is_theirs_is_not_known() -> None:
    async def test(world: DeskWorld) -> None:
        world.conductor.failing["contacts_of"] = Unavailable("down")
        with pytest.raises(Unavailable):
            await world.desk.join(account())
        world.conductor.failing.clear()
        await asyncio.sleep(11)
        assert world.seats.get("a_nadia") is None
        tab = await world.desk.join(account())
        assert (await told(tab))["type"] == "welcome"

    run(test)


def test_who_reloads_the_page_while_other_nodes_are_out_of_reach_has_what_they_had() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        world.conductor.change(contact())
        world.desk.leave(tab)
        world.conductor.failing["contacts_of"] = Unavailable("down")
        tab = await world.desk.join(account())
        assert (await told(tab))["contacts"] == [contact().handoff_id]
        await asyncio.sleep(20)
        assert "agent_gone" not in world.conductor.names()

    run(test)


def test_who_comes_back_while_the_grace_ends_is_not_gone() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        world.desk.leave(tab)
        await asyncio.sleep(9)
        gate = world.conductor.waiting["contacts_of"] = asyncio.Event()
        joining = world.tasks.create_task(world.desk.join(account()))
        await asyncio.sleep(5)
        gate.set()
        tab = await joining
        await asyncio.sleep(20)
        assert world.seats.get("a_nadia") is tab.seat
        assert "agent_gone" not in world.conductor.names()

    run(test)


def test_a_change_of_rights_counts_from_the_next_connection() -> None:
    async def test(world: DeskWorld) -> None:
        world.desk.leave(await world.desk.join(account()))
        tab = await world.desk.join(account(role="supervisor"))
        assert (await told(tab, "welcome"))["agent"]["role"] == "supervisor"

    run(test)


def test_ping() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        await everything(tab)
        await world.desk.obey(tab, parse('{"type": "ping", "id": "p1"}'))
        assert await everything(tab) == [{"type": "pong", "id": "p1"}]

    run(test)


def test_a_gateway_that_drains_takes_nobody_new_and_lets_others_finish() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        world.conductor.change(contact())
        world.desk.draining = True
        with pytest.raises(Draining):
            await world.desk.join(account("tom"))
        await everything(tab)
        await world.desk.obey(tab, parse('{"type": "end", "id": "k1", "session": "s_1"}'))
        assert await everything(tab) == [{"type": "done", "id": "k1"}]

    run(test)


def test_at_the_end_everybody_is_sent_away_and_nothing_more_is_done() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        world.conductor.change(contact())
        world.desk.dismiss_all()
        await world.desk.obey(tab, parse('{"type": "end", "id": "k1", "session": "s_1"}'))
        assert "end" not in world.conductor.names()
        assert tab.outbox.goodbye is not None and tab.outbox.goodbye.code == RESTART
        world.desk.leave(tab)

    run(test)


def test_history_is_for_those_who_may_watch() -> None:
    async def test(world: DeskWorld) -> None:
        await world.session("s_old", customer_id="C-1")
        await world.session("s_1", customer_id="C-1")
        world.conductor.contacts["h_1"] = contact()
        history = await world.desk.history_for(account(), "s_1")
        assert [each.session for each in history.contacts] == ["s_old"]
        assert world.records.audit[-1].action == "history"
        for who in (account("tom"), account("ada", "admin")):
            with pytest.raises(ProtocolError):
                await world.desk.history_for(who, "s_1")
        assert (await world.desk.history_for(account("vera", "supervisor"), "s_1")).contacts

    run(test)


def test_whether_somebody_is_with_a_customer() -> None:
    async def test(world: DeskWorld) -> None:
        await world.desk.join(account())
        assert not world.desk.has_contacts("a_nadia") and not world.desk.has_contacts("a_tom")
        world.conductor.change(contact(state="wrap_up"))
        assert world.desk.has_contacts("a_nadia")

    run(test)
