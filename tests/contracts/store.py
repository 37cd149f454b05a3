"""What every `Store` must do. A test module subclasses `StoreContract` and says how to open one."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from gateway import session as sessions
from gateway.events import Event, SessionEnded, SessionStarted
from gateway.session import Disposition, Session
from gateway.store.store import SecondWriter, Store
from pipelines.facts import (
    Cited,
    CustomerTurn,
    IdentityVerified,
    ReplyDone,
    ReplyStarted,
    ToolFinished,
    Values,
    Words,
)

ODD = "naïve 😀 'quoted' \\ \x00 \x1f  end"
"Text that breaks careless stores: emoji, quotes, a NUL, control characters."


def turn(seq: int, client_id: str | None = None, text: str = "hello") -> Event:
    return Event(
        seq,
        1000.5 + seq,
        CustomerTurn(turn_id=f"c{seq}", channel="chat", client_id=client_id, pii=Words(text=text)),
    )


class StoreContract:
    """Inherited by one test class for each store."""

    def opened(self) -> AbstractAsyncContextManager[Store]:
        raise NotImplementedError

    def check(self, test: Callable[[Store, Session], Awaitable[None]]) -> None:
        async def main() -> None:
            async with self.opened() as store:
                session, _ = sessions.begin("chat", 1000.25)
                await store.create(session)
                await test(store, session)

        asyncio.run(main())

    def test_a_record_comes_back_as_it_was_stored(self) -> None:
        async def test(store: Store, session: Session) -> None:
            assert await store.session(session.session_id) == session
            assert await store.session("s_nobody") is None

        self.check(test)

    def test_events_come_back_in_order_and_unchanged(self) -> None:
        written = [
            Event(1, 1.125, SessionStarted(channel="chat")),
            turn(2, "m1", ODD),
            Event(3, 2.0, ReplyStarted(turn_id="r1", answers=None)),
            Event(
                4,
                2.5,
                ToolFinished(
                    turn_id="r1",
                    call_id="k1",
                    tool="look_up",
                    outcome="done",
                    pii=Values(values={"a": [1, {"b": None}], "text": ODD}),
                ),
            ),
            Event(
                5,
                3.0,
                ReplyDone(
                    turn_id="r1",
                    answers="c2",
                    citations=[Cited(passage_id="p", title="t", article="a")],
                    pii=Words(text=ODD),
                ),
            ),
        ]

        async def test(store: Store, session: Session) -> None:
            for event in written:
                await store.append(session.session_id, event)
            assert await store.events(session.session_id) == written
            assert await store.events(session.session_id, after=3) == written[3:]
            assert await store.events(session.session_id, after=1, limit=2) == written[1:3]
            assert await store.events("s_nobody") == []

        self.check(test)

    def test_the_second_writer_of_an_event_is_told(self) -> None:
        async def test(store: Store, session: Session) -> None:
            await store.append(session.session_id, turn(1))
            with pytest.raises(SecondWriter):
                await store.append(session.session_id, turn(1))
            assert len(await store.events(session.session_id)) == 1

        self.check(test)

    def test_a_clients_message_id_is_taken_once_in_a_session(self) -> None:
        async def test(store: Store, session: Session) -> None:
            other, _ = sessions.begin("chat", 0.0)
            await store.create(other)
            await store.append(session.session_id, turn(1, "m1"))
            await store.append(other.session_id, turn(1, "m1"))
            with pytest.raises(SecondWriter):
                await store.append(session.session_id, turn(2, "m1"))
            await store.append(session.session_id, turn(2, "m2"))
            await store.append(session.session_id, turn(3))
            await store.append(session.session_id, turn(4))

        self.check(test)

    def test_an_event_of_an_unknown_session_is_refused(self) -> None:
        async def test(store: Store, session: Session) -> None:
            with pytest.raises(SecondWriter):
                await store.append("s_nobody", turn(1))

        self.check(test)

    def test_many_sessions_write_at_once_and_one_that_fails_disturbs_nobody(self) -> None:
        async def test(store: Store, session: Session) -> None:
            others = [sessions.begin("chat", 0.0)[0] for _ in range(20)]
            for other in others:
                await store.create(other)
            await store.append(session.session_id, turn(1))
            jobs = [store.append(o.session_id, turn(seq)) for seq in (1, 2, 3) for o in others]
            outcomes = await asyncio.gather(
                store.append(session.session_id, turn(1)), *jobs, return_exceptions=True
            )
            assert isinstance(outcomes[0], SecondWriter)
            assert outcomes[1:] == [None] * 60
            for other in others:
                assert [e.seq for e in await store.events(other.session_id)] == [1, 2, 3]

        self.check(test)

    def test_a_cancelled_append_leaves_the_others_alone(self) -> None:
        async def test(store: Store, session: Session) -> None:
            async with asyncio.TaskGroup() as tasks:
                first = tasks.create_task(store.append(session.session_id, turn(1)))
                await asyncio.sleep(0)
                first.cancel()
                tasks.create_task(store.append(session.session_id, turn(2)))
            assert 2 in [e.seq for e in await store.events(session.session_id)]

        self.check(test)

    def test_the_record_follows_the_events(self) -> None:
        verified = IdentityVerified(customer_id="C-7", method="order+zip", pii=Values(values={"zip": "1"}))

        async def test(store: Store, session: Session) -> None:
            await store.append(session.session_id, Event(1, 5.0, verified))
            ended = SessionEnded(outcome="resolved", reason="said goodbye", by="customer")
            await store.append(session.session_id, Event(2, 6.5, ended))
            record = await store.session(session.session_id)
            assert record is not None
            assert record.customer_id == "C-7"
            assert record.ended_at == 6.5
            assert record.disposition == Disposition("resolved", "said goodbye", "customer")

        self.check(test)

    def test_a_working_store_says_so(self) -> None:
        async def test(store: Store, session: Session) -> None:
            await store.check()

        self.check(test)
