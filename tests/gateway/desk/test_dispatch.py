import asyncio
import json
from typing import Any

import pytest

from gateway.desk.commands import parse
from gateway.desk.conductor import Closing, Target, ToolRequest
from gateway.desk.dispatch import AT_ONCE, LONGEST_S
from gateway.desk.seat import Tab
from gateway.live import Busy
from gateway.protocol_error import ProtocolError
from pipelines.facts import Unavailable
from tests.gateway.desk.desk_world import DeskWorld, account, consult, contact, everything, run, told

SNAPSHOTS = ("presence", "queue", "sessions")


def command(kind: str, **fields: Any) -> Any:
    return parse(json.dumps({"type": kind, **fields}))


async def at_work(world: DeskWorld, name: str = "nadia", **fields: Any) -> Tab:
    """An agent who has the session `s_1`, with nothing unread."""
    tab = await world.desk.join(account(name, **fields))
    world.conductor.change(contact(f"a_{name}"))
    await everything(tab)
    world.conductor.asked.clear()
    return tab


async def answers(world: DeskWorld, tab: Tab, *commands: Any) -> list[Any]:
    for each in commands:
        await world.desk.obey(tab, each)
    found = [message for message in await everything(tab) if message["type"] not in SNAPSHOTS]
    return [message.get("code") or message["type"] for message in found]


@pytest.mark.parametrize(
    ("kind", "fields", "asked"),
    [
        ("connect", {}, ()),
        ("typing", {"on": True}, (True,)),
        ("message", {"text": "hi"}, ("hi", "k1")),
        ("note", {"text": "hm"}, ("hm",)),
        ("hold", {"on": True}, (True,)),
        ("mute", {"on": False}, (False,)),
        ("press", {"digits": "1#"}, ("1#",)),
        ("transfer", {"queue": "billing", "note": "x"}, (Target("billing", None), "x")),
        ("transfer", {"agent": "a_tom"}, (Target(None, "a_tom"), "")),
        ("consult", {"agent": "a_tom"}, ("a_tom",)),
        ("consult_answer", {"consult": "c_1", "answer": "accept"}, ("c_1", True)),
        ("consult_answer", {"consult": "c_1", "answer": "decline"}, ("c_1", False)),
        ("consult_end", {"how": "hand_over"}, ("hand_over",)),
        ("hand_back", {"note": "agreed"}, ("agreed",)),
        ("end", {}, ()),
        ("wrap_up", {"disposition": "resolved", "notes": "ok"}, (Closing("resolved", "ok", None),)),
    ],
)
def test_a_command_reaches_the_conductor_and_is_noted(
    kind: str, fields: dict[str, Any], asked: tuple[Any, ...]
) -> None:
    async def test(world: DeskWorld) -> None:
        tab = await at_work(world)
        assert await answers(world, tab, command(kind, id="k1", session="s_1", **fields)) == ["done"]
        assert world.conductor.asked == [(kind, "s_1", "a_nadia", *asked)]
        noted = [(entry.agent_id, entry.action, entry.session_id) for entry in world.records.audit]
        assert noted == ([] if kind == "typing" else [("a_nadia", kind, "s_1")])
        assert "agreed" not in str(world.records.audit) and "ok" not in str(world.records.audit)

    run(test)


def test_questions_and_tools_are_answered_before_they_are_done() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await at_work(world)
        await world.desk.obey(tab, command("ask", id="k1", session="s_1", text="refunds"))
        arguments = {"order_id": "1"}
        await world.desk.obey(
            tab, command("run_tool", id="k2", session="s_1", tool="look_up_order", arguments=arguments)
        )
        answer, done, ran, done_too = await everything(tab)
        assert (answer["text"], done["id"]) == ("About refunds", "k1")
        assert (ran["tool"], ran["outcome"], done_too["id"]) == ("look_up_order", "done", "k2")
        request = ToolRequest("k2", "look_up_order", arguments, False)
        assert world.conductor.asked[-1] == ("run_tool", "s_1", "a_nadia", request)

    run(test)


def test_the_same_id_is_done_once_whichever_tab_and_connection_it_comes_by() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await at_work(world)
        say = command("message", id="k1", session="s_1", text="hi")
        assert await answers(world, tab, say, say) == ["done", "done"]
        world.desk.leave(tab)
        again = await world.desk.join(account())
        await everything(again)
        assert await answers(world, again, say) == ["done"]
        assert world.conductor.names() == ["message"]

    run(test)


def test_the_same_id_of_another_agent_is_another_command() -> None:
    async def test(world: DeskWorld) -> None:
        first = await at_work(world)
        second = await world.desk.join(account("tom"))
        world.conductor.change(contact("a_tom", session="s_2", handoff_id="h_2"))
        await world.desk.obey(first, command("end", id="k1", session="s_1"))
        await world.desk.obey(second, command("end", id="k1", session="s_2"))
        assert world.conductor.names() == ["end", "end"]

    run(test)


def test_a_command_that_is_sent_again_while_it_is_under_way_waits_for_it() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await at_work(world)
        gate = world.conductor.waiting["transfer"] = asyncio.Event()
        move = command("transfer", id="k1", session="s_1", queue="general")
        async with asyncio.TaskGroup() as tasks:
            for _ in range(2):
                tasks.create_task(world.desk.obey(tab, move))
            await asyncio.sleep(1)
            gate.set()
        assert await answers(world, tab) == ["done", "done"]
        assert world.conductor.names() == ["transfer"]

    run(test)


def test_a_command_is_finished_though_its_connection_breaks() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await at_work(world)
        gate = world.conductor.waiting["hand_back"] = asyncio.Event()
        back = command("hand_back", id="k1", session="s_1")
        asking = world.tasks.create_task(world.desk.obey(tab, back))
        await asyncio.sleep(1)
        asking.cancel()
        world.desk.leave(tab)
        gate.set()
        await asyncio.sleep(1)
        again = await world.desk.join(account())
        await everything(again)
        assert await answers(world, again, back) == ["done"]
        assert world.conductor.names() == ["hand_back"]

    run(test)


@pytest.mark.parametrize(
    ("failure", "code", "fault", "tried_again"),
    [
        (ProtocolError("no_floor", "Tom talks with them.", status=409), "no_floor", "client", False),
        (Unavailable("the store is down"), "unavailable", "dependency", True),
        (Busy("too much"), "busy", "gateway", True),
        (RuntimeError("a bug of ours"), "internal", "gateway", False),
    ],
)
def test_why_it_was_not_done(failure: Exception, code: str, fault: str, tried_again: bool) -> None:
    async def test(world: DeskWorld) -> None:
        tab = await at_work(world)
        world.conductor.failing["end"] = failure
        end = command("end", id="k1", session="s_1")
        await world.desk.obey(tab, end)
        error = await told(tab, "error")
        assert (error["id"], error["code"], error["fault"], error["retry"]) == (
            "k1",
            code,
            fault,
            tried_again,
        )
        assert "bug" not in error["message"]
        world.conductor.failing.clear()
        assert await answers(world, tab, end) == ["done" if tried_again else code]

    run(test)


def test_what_takes_too_long_is_given_up_and_not_done_twice() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await at_work(world)
        world.conductor.waiting["end"] = asyncio.Event()
        started = asyncio.get_running_loop().time()
        end = command("end", id="k1", session="s_1")
        assert await answers(world, tab, end, end) == ["too_slow", "too_slow"]
        assert asyncio.get_running_loop().time() - started == pytest.approx(LONGEST_S)
        assert world.conductor.names() == ["end"]

    run(test)


def test_an_agent_can_do_nothing_with_a_customer_of_another() -> None:
    async def test(world: DeskWorld) -> None:
        await at_work(world)
        other = await world.desk.join(account("tom"))
        await everything(other)
        world.conductor.asked.clear()
        for kind, fields in (
            ("message", {"text": "hi"}),
            ("note", {"text": "hi"}),
            ("ask", {"text": "hi"}),
            ("run_tool", {"tool": "t"}),
            ("end", {}),
        ):
            found = await answers(world, other, command(kind, id=f"k-{kind}", session="s_1", **fields))
            assert found == ["not_yours"]
        assert world.conductor.names() == []

    run(test)


def test_a_contact_of_which_the_desk_was_not_told_is_looked_up() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account())
        await everything(tab)
        world.conductor.contacts["h_1"] = contact()
        assert await answers(world, tab, command("end", id="k1", session="s_1")) == ["contact", "done"]

    run(test)


@pytest.mark.parametrize(
    ("role", "code"), [("agent", "not_allowed"), ("supervisor", "done"), ("admin", "not_allowed")]
)
def test_only_supervisors_supervise(role: Any, code: str) -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account("vera", role))
        await everything(tab)
        monitor = command("supervise", id="k1", session="s_1", mode="monitor")
        assert await answers(world, tab, monitor) == [code]
        assert [entry.details for entry in world.records.audit] == ([{"mode": "monitor"}] * (code == "done"))

    run(test)


def test_an_administrator_has_no_business_with_customers() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await at_work(world, "ada", role="admin")
        commands = [
            command("end", id="k1", session="s_1"),
            command("accept", id="k2", lease="l_1"),
            command("presence", id="k3", state="available"),
            command("message", id="k4", session="s_1", text="hi"),
        ]
        assert await answers(world, tab, *commands) == ["not_allowed"] * 4
        assert world.conductor.names() == []

    run(test)


def test_nothing_is_done_that_cannot_be_noted() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await at_work(world)
        world.records.down = True
        end = command("end", id="k1", session="s_1")
        assert await answers(world, tab, end) == ["unavailable"]
        assert world.conductor.names() == []
        world.records.down = False
        assert await answers(world, tab, end) == ["done"]

    run(test)


def test_one_agent_cannot_have_everything_done_at_once() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await at_work(world)
        gate = world.conductor.waiting["ask"] = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for number in range(AT_ONCE + 1):
                ask = command("ask", id=f"k{number}", session="s_1", text="hm")
                tasks.create_task(world.desk.obey(tab, ask))
            await asyncio.sleep(1)
            assert (await told(tab))["code"] == "busy"
            gate.set()
        assert (await answers(world, tab)).count("done") == AT_ONCE

    run(test)


def test_who_has_nothing_to_do_with_a_consult_neither_answers_nor_ends_it() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account("tom"))
        await everything(tab)
        answer = command("consult_answer", id="k1", session="s_1", consult="c_1", answer="accept")
        end = command("consult_end", id="k2", session="s_1", how="back")
        assert await answers(world, tab, answer, end) == ["too_late", "too_late"]
        assert not {"consult_answer", "consult_end"} & set(world.conductor.names())
        assert not [entry for entry in world.records.audit if entry.action.startswith("consult")]

    run(test)


def test_who_is_asked_answers_and_leaves_and_does_nothing_else() -> None:
    async def test(world: DeskWorld) -> None:
        tab = await world.desk.join(account("tom"))
        world.seats.consult_changed(consult("asked"), None)
        await everything(tab)
        answer = command("consult_answer", id="k1", session="s_1", consult="c_1", answer="accept")
        end = command("consult_end", id="k2", session="s_1", how="back")
        assert await answers(world, tab, answer, end) == ["done", "done"]
        assert await answers(world, tab, command("hold", id="k3", session="s_1", on=True)) == ["not_yours"]

    run(test)
