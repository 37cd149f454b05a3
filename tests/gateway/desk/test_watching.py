import asyncio
from typing import Any

from gateway.desk.commands import Watch, parse
from gateway.desk.outbox import EVENTS
from gateway.desk.seat import Tab
from gateway.desk.watching import LogWatching
from gateway.session_log import SessionLog
from gateway.subscription import BOUND
from pipelines.facts import CustomerTurn, IdentityVerified, NoteAdded, ReplyDelta, ReplyStarted, Words
from tests.gateway.desk.desk_world import DeskWorld, account, contact, everything, run, told


def turn(number: int) -> CustomerTurn:
    return CustomerTurn(turn_id=f"c{number}", channel="chat", pii=Words(text=f"text {number}"))


def start(world: DeskWorld, tab: Tab, after: int = 0, session: str = "s_1") -> "asyncio.Task[None]":
    command = parse(f'{{"type": "watch", "id": "w{after}", "session": "{session}", "after": {after}}}')
    assert isinstance(command, Watch)
    return world.tasks.create_task(world.desk.watch(tab, command))


async def at_work(world: DeskWorld, **fields: Any) -> tuple[Tab, SessionLog]:
    log = await world.session(**fields)
    tab = await world.desk.join(account())
    world.conductor.change(contact())
    await everything(tab)
    return tab, log


async def seqs(tab: Tab, count: int) -> list[int]:
    return [(await told(tab, "event"))["event"]["seq"] for _ in range(count)]


def test_what_was_missed_comes_first_and_then_everything_new() -> None:
    async def test(world: DeskWorld) -> None:
        tab, log = await at_work(world)
        for number in range(5):
            await log.emit(turn(number))
        start(world, tab, after=2)
        assert (await told(tab))["type"] == "briefing"
        assert (await told(tab))["id"] == "w2"
        assert await seqs(tab, 3) == [3, 4, 5]
        await log.emit(turn(6))
        event = await told(tab, "event")
        assert (event["session"], event["event"]["seq"]) == ("s_1", 6)
        assert event["event"]["pii"] == {"text": "text 6"}
        world.desk.leave(tab)

    run(test)


def test_what_the_customer_never_gets_is_shown_too() -> None:
    async def test(world: DeskWorld) -> None:
        tab, log = await at_work(world)
        start(world, tab)
        await told(tab, "done")
        await log.emit(NoteAdded(purpose="private", agent_id="a_nadia", agent="Nadia", pii=Words(text="hm")))
        assert (await told(tab, "event"))["event"]["type"] == "note.added"
        world.desk.leave(tab)

    run(test)


def test_a_reply_under_way_is_shown_from_its_beginning() -> None:
    async def test(world: DeskWorld) -> None:
        tab, log = await at_work(world)
        await log.emit(ReplyStarted(turn_id="r1", answers=None))
        await log.emit(ReplyDelta(turn_id="r1", offset=0, text="Hello "))
        start(world, tab, after=1)
        assert (await told(tab, "event"))["event"]["text"] == "Hello "
        await log.emit(ReplyDelta(turn_id="r1", offset=6, text="you"))
        assert (await told(tab, "event"))["event"]["offset"] == 6
        world.desk.leave(tab)

    run(test)


def test_the_customers_history_comes_along_and_again_once_they_are_known() -> None:
    async def test(world: DeskWorld) -> None:
        await world.session("s_old", customer_id="C-1")
        tab, log = await at_work(world)
        start(world, tab)
        assert (await told(tab, "history"))["contacts"] == []
        await log.emit(IdentityVerified(customer_id="C-1", method="email"))
        (former,) = (await told(tab, "history"))["contacts"]
        assert former["session"] == "s_old"
        world.desk.leave(tab)

    run(test)


def test_a_tab_that_reads_slowly_is_told_to_watch_again_and_misses_nothing() -> None:
    async def test(world: DeskWorld) -> None:
        tab, log = await at_work(world)
        watching = start(world, tab)
        await told(tab, "history")
        count = BOUND + EVENTS + 50
        for number in range(count):
            await log.emit(turn(number))
        await asyncio.sleep(1)
        got: list[int] = []
        while (message := await told(tab))["type"] != "error":
            if message["type"] == "event":
                got.append(message["event"]["seq"])
        assert (message["code"], message["session"], message["retry"]) == ("fell_behind", "s_1", True)
        assert got == list(range(1, len(got) + 1)) and len(got) < count
        await watching
        assert tab.outbox.goodbye is None, "only the watch has ended"
        start(world, tab, after=got[-1])
        assert await seqs(tab, count - len(got)) == list(range(len(got) + 1, count + 1))
        world.desk.leave(tab)

    run(test)


def test_a_session_that_moves_elsewhere_is_to_be_watched_again() -> None:
    async def test(world: DeskWorld) -> None:
        tab, log = await at_work(world)
        start(world, tab)
        await told(tab, "history")
        log.close()
        error = await told(tab, "error")
        assert (error["code"], error["session"], error["retry"]) == ("watch_ended", "s_1", True)

    run(test)


def test_a_store_that_fails_ends_the_watch_and_nothing_else() -> None:
    async def test(world: DeskWorld) -> None:
        tab, log = await at_work(world)
        await log.emit(turn(1))
        world.store.down = True
        start(world, tab)
        error = await told(tab, "error")
        assert (error["code"], error["fault"], error["session"]) == ("unavailable", "dependency", "s_1")
        world.store.down = False
        start(world, tab)
        assert await seqs(tab, 1) == [1]
        world.desk.leave(tab)

    run(test)


def test_who_stops_watching_gets_no_more() -> None:
    async def test(world: DeskWorld) -> None:
        tab, log = await at_work(world)
        watching = start(world, tab)
        await told(tab, "history")
        await log.emit(turn(1))
        assert await seqs(tab, 1) == [1]
        await world.desk.obey(tab, parse('{"type": "unwatch", "id": "u", "session": "s_1"}'))
        await log.emit(turn(2))
        await watching
        assert [m["type"] for m in await everything(tab)] == ["done"]
        assert log.quiet

    run(test)


def test_a_contact_that_ends_takes_its_watch_along() -> None:
    async def test(world: DeskWorld) -> None:
        tab, log = await at_work(world)
        watching = start(world, tab)
        await told(tab, "history")
        world.conductor.change(contact("a_tom"))
        await log.emit(turn(1))
        await watching
        assert [m["type"] for m in await everything(tab)] == ["contact"]
        assert log.quiet

    run(test)


def test_watching_again_takes_the_place_of_the_former_watch() -> None:
    async def test(world: DeskWorld) -> None:
        tab, log = await at_work(world)
        first = start(world, tab)
        await told(tab, "history")
        start(world, tab)
        await told(tab, "done")
        await first
        await log.emit(turn(1))
        assert await seqs(tab, 1) == [1]
        assert not [m for m in await everything(tab) if m["type"] == "event"]
        world.desk.leave(tab)

    run(test)


def test_an_agent_can_watch_nobody_elses_session_and_a_supervisor_can() -> None:
    async def test(world: DeskWorld) -> None:
        _, log = await at_work(world)
        await log.emit(turn(1))
        for name, role, outcome in (("tom", "agent", "not_yours"), ("ada", "admin", "not_allowed")):
            tab = await world.desk.join(account(name, role))  # type: ignore[arg-type]
            await everything(tab)
            await start(world, tab)
            assert [m["code"] for m in await everything(tab)] == [outcome]
        vera = await world.desk.join(account("vera", "supervisor"))
        start(world, vera)
        assert await seqs(vera, 1) == [1]
        noted = [(e.agent_id, e.session_id, e.details) for e in world.records.audit if e.action == "watch"]
        assert noted == [("a_vera", "s_1", {"own": False})]
        world.desk.leave(vera)

    run(test)


def test_an_agent_to_whom_it_only_rings_cannot_read_yet() -> None:
    async def test(world: DeskWorld) -> None:
        await world.session()
        tab = await world.desk.join(account())
        await world.desk.obey(tab, parse('{"type": "presence", "state": "available"}'))
        await world.wait_for_person()
        await told(tab, "offer")
        await start(world, tab)
        assert (await told(tab, "error"))["code"] == "not_yours"

    run(test)


def test_a_watch_that_was_allowed_too_late_does_not_begin() -> None:
    async def test(world: DeskWorld) -> None:
        tab, log = await at_work(world)
        gate = world.conductor.waiting["watch"] = asyncio.Event()
        watching = start(world, tab)
        await asyncio.sleep(1)
        world.conductor.change(contact("a_tom"))
        gate.set()
        await watching
        assert (await told(tab, "error"))["code"] == "not_yours"
        assert log.quiet

    run(test)


def test_nobody_watches_everything_at_once() -> None:
    async def test(world: DeskWorld) -> None:
        vera = await world.desk.join(account("vera", "supervisor"))
        for number in range(3):
            await world.session(f"s_{number}")
            start(world, vera, session=f"s_{number}")
        assert (await told(vera, "error"))["code"] == "too_many_watched"
        world.desk.leave(vera)

    run(test, watched=2)


def test_a_listener_leaves_no_trace_in_the_log() -> None:
    async def test(world: DeskWorld) -> None:
        log = await world.session()
        watching = LogWatching(log)
        assert watching.seq == 0 and not log.quiet
        watching.close()
        watching.close()
        assert log.quiet and not watching.behind
        assert [event async for event in watching] == []

    run(test)
