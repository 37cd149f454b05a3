"""What all `DeskRecords` must do. A test module subclasses it and says how to open them, and the sessions
they speak of.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

import pytest

from gateway import session as sessions
from gateway.events import Event, SessionEnded
from gateway.session import Session
from gateway.store.desk_records import (
    PAGE,
    AuditEntry,
    DeskRecords,
    FollowUp,
    PastContact,
    UnknownContact,
    WrapUp,
)
from gateway.store.store import Store
from pipelines.facts import IdentityVerified
from tests.contracts.store import ODD


@dataclass
class Opened:
    store: Store
    records: DeskRecords


class DeskRecordsContract:
    """Inherited by one test class for each implementation."""

    def opened(self) -> AbstractAsyncContextManager[Opened]:
        raise NotImplementedError

    def check(self, test: Callable[[DeskRecords, Session, Store], Awaitable[None]]) -> None:
        async def main() -> None:
            async with self.opened() as the:
                session, _ = sessions.begin("chat", 1000.25)
                await the.store.create(session)
                await test(the.records, session, the.store)

        asyncio.run(main())

    def test_the_audit_is_read_newest_first_by_contact_and_by_person(self) -> None:
        async def test(records: DeskRecords, session: Session, store: Store) -> None:
            first = AuditEntry(
                1.0, "a_1", "sign_in", None, {"why": "x", "count": 3, "on": True, "none": None}
            )
            second = AuditEntry(2.0, "a_1", "message", "s_gone", {})
            third = AuditEntry(2.0, "a_2", "message", session.session_id, {})
            for entry in (first, second, third):
                await records.note(entry)
            assert await records.entries() == [third, second, first]
            assert await records.entries(agent_id="a_1") == [second, first]
            assert await records.entries(session_id=session.session_id) == [third]
            [*_, newer, oldest] = await records.entries()
            assert await records.entries(before=newer.number) == [oldest]
            assert await records.entries(agent_id="' OR 1=1 --") == []

        self.check(test)

    def test_a_page_of_the_audit_is_bounded(self) -> None:
        async def test(records: DeskRecords, session: Session, store: Store) -> None:
            for number in range(PAGE + 5):
                await records.note(AuditEntry(float(number // 7), "a_1", "message", None, {"n": number}))
            page = await records.entries()
            assert [entry.details["n"] for entry in page] == list(range(PAGE + 4, 4, -1))
            assert len(await records.entries(before=page[-1].number)) == 5

        self.check(test)

    def test_an_agents_newer_wrap_up_of_a_handoff_replaces_the_older(self) -> None:
        async def test(records: DeskRecords, session: Session, store: Store) -> None:
            wrapped = wrap_up(session, at=5.0)
            other = wrap_up(session, at=6.0, agent_id="a_2", handoff_id="h_2", follow_up_id="f_1")
            for one in (wrapped, other, replace(wrapped, notes="old", at=4.0)):
                await records.keep_wrap_up(one)
            assert await records.wrap_ups(session.session_id) == [wrapped, other]
            corrected = replace(wrapped, notes="", disposition="escalated", at=7.0)
            await records.keep_wrap_up(corrected)
            assert await records.wrap_ups(session.session_id) == [other, corrected]

        self.check(test)

    def test_nothing_is_kept_of_a_contact_that_is_none(self) -> None:
        async def test(records: DeskRecords, session: Session, store: Store) -> None:
            nobodys = replace(session, session_id="s_nobody")
            with pytest.raises(UnknownContact):
                await records.keep_wrap_up(wrap_up(nobodys, at=5.0))
            with pytest.raises(UnknownContact):
                await records.add_follow_up(callback(nobodys))
            with pytest.raises(UnknownContact):
                await records.keep_summary("s_nobody", ["a line"], 5.0)
            assert await records.wrap_ups("s_nobody") == []

        self.check(test)

    def test_what_is_owed_becomes_due_and_is_closed_once(self) -> None:
        async def test(records: DeskRecords, session: Session, store: Store) -> None:
            late, soon = callback(session, "f_late", due_at=20.0), callback(session, "f_soon", due_at=10.0)
            for follow_up in (late, soon, replace(soon, words="the same again")):
                await records.add_follow_up(follow_up)
            assert await records.due_follow_ups(9.9) == []
            assert await records.due_follow_ups(10.0) == [soon]
            assert await records.due_follow_ups(30.0) == [soon, late]
            assert await records.due_follow_ups(30.0, limit=1) == [soon]
            assert await records.open_follow_ups() == [soon, late]
            assert await records.close_follow_up("f_soon", "reached", 11.0)
            assert not await records.close_follow_up("f_soon", "failed", 12.0)
            assert not await records.close_follow_up("f_nobody", "reached", 12.0)
            assert await records.due_follow_ups(30.0) == [late]
            [closed, _] = await records.follow_ups_of(session.session_id)
            assert (closed.state, closed.outcome, closed.number) == ("closed", "reached", soon.number)

        self.check(test)

    def test_of_many_who_take_one_on_one_wins_until_its_time_is_over(self) -> None:
        async def test(records: DeskRecords, session: Session, store: Store) -> None:
            await records.add_follow_up(callback(session))
            tries = [records.claim_follow_up("f_1", until=60.0, now=10.0) for _ in range(8)]
            assert sorted(await asyncio.gather(*tries)) == [False] * 7 + [True]
            assert await records.due_follow_ups(59.0) == []
            assert [f.attempts for f in await records.due_follow_ups(60.0)] == [1]
            assert await records.claim_follow_up("f_1", until=90.0, now=60.0)
            assert await records.put_off_follow_up("f_1", 100.0)
            assert await records.due_follow_ups(99.0) == []
            [again] = await records.due_follow_ups(100.0)
            assert (again.attempts, again.due_at) == (2, 100.0)
            await records.close_follow_up("f_1", "failed", 101.0)
            assert not await records.claim_follow_up("f_1", until=200.0, now=120.0)
            assert not await records.put_off_follow_up("f_1", 300.0)

        self.check(test)

    def test_what_is_owed_is_found_by_kind_and_by_queue(self) -> None:
        async def test(records: DeskRecords, session: Session, store: Store) -> None:
            call = callback(session, "f_call", due_at=20.0)
            task = replace(callback(session, "f_task", due_at=10.0), kind="task", queue="billing")
            for follow_up in (call, task):
                await records.add_follow_up(follow_up)
            assert await records.due_follow_ups(30.0, kind="callback") == [call]
            assert await records.due_follow_ups(30.0) == [task, call]
            assert await records.open_follow_ups(queues={"billing", "sales"}) == [task]
            assert await records.open_follow_ups(queues=set()) == []
            await records.close_follow_up("f_task", "done", 11.0)
            found = await records.follow_up("f_task")
            assert found is not None and (found.state, found.outcome) == ("closed", "done")
            assert await records.follow_up("f_nobody") is None

        self.check(test)

    def test_what_is_owed_is_counted_by_queue_and_by_time(self) -> None:
        async def test(records: DeskRecords, session: Session, store: Store) -> None:
            assert await records.count_follow_ups(30.0) == (0, 0)
            for number, (due_at, queue) in enumerate(
                [(10.0, "general"), (20.0, "general"), (10.0, "billing")]
            ):
                follow_up = replace(callback(session, f"f_{number}", due_at=due_at), queue=queue)
                await records.add_follow_up(follow_up)
            assert await records.count_follow_ups(9.9) == (3, 0)
            assert await records.count_follow_ups(10.0) == (3, 2)
            assert await records.count_follow_ups(10.0, queues={"general", "sales"}) == (2, 1)
            assert await records.count_follow_ups(10.0, queues=set()) == (0, 0)
            await records.close_follow_up("f_0", "done", 11.0)
            assert await records.count_follow_ups(30.0, queues={"general"}) == (1, 1)

        self.check(test)

    def test_summaries_of_many_sessions_are_read_at_once(self) -> None:
        async def test(records: DeskRecords, session: Session, store: Store) -> None:
            other, _ = sessions.begin("voice", 1.0)
            await store.create(other)
            await records.keep_summary(session.session_id, ["older"], 5.0)
            await records.keep_summary(session.session_id, ["Refund of order 1", ODD], 6.0)
            wanted = {session.session_id, other.session_id, "s_nobody", "' OR 1=1 --"}
            assert await records.summaries(wanted) == {session.session_id: ("Refund of order 1", ODD)}
            assert await records.summaries(set()) == {}

        self.check(test)

    def test_a_claim_that_came_to_nothing_is_no_attempt(self) -> None:
        async def test(records: DeskRecords, session: Session, store: Store) -> None:
            await records.add_follow_up(callback(session))
            assert await records.claim_follow_up("f_1", until=60.0, now=10.0)
            assert await records.put_off_follow_up("f_1", 20.0, tried=False)
            assert await records.due_follow_ups(20.0) == [callback(session, due_at=20.0)]

        self.check(test)

    def test_a_callback_that_cannot_be_placed_is_left_to_people(self) -> None:
        async def test(records: DeskRecords, session: Session, store: Store) -> None:
            await records.add_follow_up(callback(session))
            assert await records.claim_follow_up("f_1", until=60.0, now=10.0)
            assert await records.leave_to_people("f_1")
            assert await records.due_follow_ups(20.0, kind="callback") == []
            assert [f.kind for f in await records.due_follow_ups(20.0)] == ["task"]
            await records.close_follow_up("f_1", "done", 11.0)
            assert not await records.leave_to_people("f_1")
            assert not await records.leave_to_people("f_nobody")

        self.check(test)

    def test_the_history_of_a_customer_is_theirs_only(self) -> None:
        async def test(records: DeskRecords, session: Session, store: Store) -> None:
            former, _ = sessions.begin("voice", 500.5)
            others, _ = sessions.begin("chat", 600.0)
            for begun in (former, others):
                await store.create(begun)
            for one, customer in ((session, "C-7"), (former, "C-7"), (others, "C-8")):
                await store.append(
                    one.session_id, Event(1, 1.0, IdentityVerified(customer_id=customer, method="zip"))
                )
            over = SessionEnded(outcome="handed_off", reason="agent", by="a_1")
            await store.append(former.session_id, Event(2, 700.5, over))
            await records.keep_wrap_up(wrap_up(former, at=710.0, disposition="escalated"))
            await records.keep_wrap_up(wrap_up(former, at=720.0, handoff_id="h_2"))
            await records.keep_summary(former.session_id, ["older"], 690.0)
            await records.keep_summary(former.session_id, ["Refund of order 1", ODD], 700.0)
            await records.keep_summary(former.session_id, ["too late"], 695.0)
            past = PastContact(
                session_id=former.session_id,
                channel="voice",
                started_at=500.5,
                ended_at=700.5,
                outcome="handed_off",
                disposition="resolved",
                summary=("Refund of order 1", ODD),
            )
            assert await records.history("C-7", besides=session.session_id) == [past]
            whole = await records.history("C-7")
            assert [contact.session_id for contact in whole] == [session.session_id, former.session_id]
            assert (whole[0].outcome, whole[0].disposition, whole[0].summary) == (None, None, ())
            assert len(await records.history("C-7", limit=1)) == 1
            assert await records.history("C-' OR 1=1") == []

        self.check(test)


def wrap_up(session: Session, *, at: float, **others: str) -> WrapUp:
    usual = {"handoff_id": "h_1", "agent_id": "a_1", "disposition": "resolved", "notes": ODD}
    return WrapUp(session_id=session.session_id, at=at, **{**usual, **others})


def callback(session: Session, follow_up_id: str = "f_1", due_at: float = 10.0) -> FollowUp:
    return FollowUp(
        follow_up_id=follow_up_id,
        session_id=session.session_id,
        kind="callback",
        queue="general",
        due_at=due_at,
        created_at=5.0,
        created_by="customer",
        number="+15550100",
        words=ODD,
    )
