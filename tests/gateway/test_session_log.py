import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.events import Event, LegJoined, SessionStarted
from gateway.session import begin
from gateway.session_log import SessionLog, Surroundings
from pipelines.conversation import Conversation
from pipelines.facts import (
    Activity,
    CustomerTurn,
    Fact,
    ReplyDelta,
    ReplyDone,
    ReplyStarted,
    ToolCalled,
    ToolFinished,
    Unavailable,
    Values,
    Words,
    WorkflowChanged,
)
from tests import virtual_time
from tests.fakes.memory_store import MemoryStore

STORY: list[Fact] = [
    SessionStarted(channel="chat"),
    LegJoined(leg_id="l1", role="customer", kind="webrtc"),
    CustomerTurn(turn_id="c1", channel="voice", pii=Words(text="refund please")),
    ReplyStarted(turn_id="r2", answers="c1"),
    WorkflowChanged(
        workflow="refund", state="active", awaiting="confirm", pii=Values(values={"order_id": "1"})
    ),
    ToolCalled(turn_id="c1", call_id="k1", tool="refund", effect="write", pii=Values(values={"a": 1})),
    ToolFinished(turn_id="c1", call_id="k1", tool="refund", outcome="done", pii=Values(values={"b": 2})),
    ReplyDone(turn_id="r2", answers="c1", pii=Words(text="Done.")),
    CustomerTurn(turn_id="c3", channel="chat", client_id="m1", pii=Words(text="thanks")),
]


def run(test: Callable[[SessionLog, MemoryStore], Awaitable[None]]) -> None:
    async def main() -> None:
        store = MemoryStore()
        session, _ = begin("chat", 0.0)
        await store.create(session)
        async with asyncio.TaskGroup() as tasks:
            await test(SessionLog(session.session_id, Surroundings(store, tasks, lambda: 7.5)), store)

    virtual_time.run(main())


def test_a_log_that_was_read_again_knows_what_the_lost_one_knew() -> None:
    async def test(log: SessionLog, store: MemoryStore) -> None:
        for fact in STORY:
            await log.emit(fact)
        async with asyncio.TaskGroup() as tasks:
            again = SessionLog(log.session_id, Surroundings(store, tasks, lambda: 9.0))
            await again.read()
        for each in (log, again):
            assert (each.seq, each.taken, list(each.owed)) == (9, {"m1": 9}, ["c3"])
            assert each.new_id("c") == "c4"
        assert vars(again.conversation) == vars(log.conversation)
        assert vars(again.conversation) == vars(Conversation.fold(log.session_id, STORY))

    run(test)


def test_facts_that_come_at_once_get_numbers_without_gaps() -> None:
    async def test(log: SessionLog, store: MemoryStore) -> None:
        listening = log.subscribe()
        await asyncio.gather(*(log.emit(SessionStarted(channel="chat")) for _ in range(50)))
        assert [event.seq for event in store.log[log.session_id]] == list(range(1, 51))
        log.close()
        assert [event.seq async for event in listening] == list(range(1, 51))

    run(test)


def test_passing_facts_are_shown_and_not_stored() -> None:
    async def test(log: SessionLog, store: MemoryStore) -> None:
        listening = log.subscribe()
        await log.emit(Activity(state="thinking"))
        log.close()
        assert [event async for event in listening] == [Event(0, 7.5, Activity(state="thinking"))]
        assert store.log[log.session_id] == []

    run(test)


def test_a_fact_that_could_not_be_stored_did_not_happen() -> None:
    async def test(log: SessionLog, store: MemoryStore) -> None:
        listening = log.subscribe()
        store.down = True
        with pytest.raises(Unavailable):
            await log.emit(STORY[2])
        store.down = False
        await log.emit(STORY[8])
        log.close()
        assert [event.seq async for event in listening] == [1]
        assert [turn.turn_id for turn in log.conversation.turns] == ["c3"]

    run(test)


def test_a_reply_that_begins_anew_drops_its_text_so_far() -> None:
    async def test(log: SessionLog, store: MemoryStore) -> None:
        for _ in range(2):
            await log.emit(ReplyStarted(turn_id="r1", answers="c1"))
            await log.emit(ReplyDelta(turn_id="r1", offset=0, text="Hel"))
        await log.emit(ReplyDelta(turn_id="r1", offset=3, text="lo"))
        so_far = log.subscribe().so_far
        assert so_far is not None and so_far.fact == ReplyDelta(turn_id="r1", offset=0, text="Hello")
        log.close()

    run(test)


def test_history_stops_where_the_subscription_begins() -> None:
    async def test(log: SessionLog, store: MemoryStore) -> None:
        for fact in STORY:
            await log.emit(fact)
        assert [event.seq async for event in log.history(2, 5)] == [3, 4, 5]
        assert [event.seq async for event in log.history(9, 9)] == []
        assert [event.seq async for event in log.history(5, 99)] == [6, 7, 8, 9]

    run(test)
