from dataclasses import replace

import pytest

from gateway.desk.history import CustomerHistory
from gateway.session import Disposition, Session
from gateway.store.desk_records import WrapUp
from pipelines.facts import Unavailable
from tests import virtual_time
from tests.fakes.memory_desk_records import MemoryDeskRecords
from tests.fakes.memory_store import MemoryStore


def stored(session_id: str, at: float, customer_id: str | None = "C-1") -> Session:
    return Session(session_id, "", "chat", at, customer_id=customer_id)


def test_the_customers_earlier_sessions_the_newest_first() -> None:
    async def test() -> None:
        store = MemoryStore()
        records = MemoryDeskRecords(store)
        old = replace(stored("s_1", 1.0), disposition=Disposition("abandoned", "left", "customer"))
        for session in (old, stored("s_2", 2.0), stored("s_now", 3.0), stored("s_other", 2.5, "C-2")):
            await store.create(session)
        await records.keep_wrap_up(WrapUp("s_2", "h_2", "a_1", "resolved", "private notes", 2.5))
        await records.keep_summary("s_2", ["Wanted a refund.", "Got it."], 2.5)
        found = await CustomerHistory(store, records).of("s_now")
        assert [(c.session, c.outcome, c.summary) for c in found.contacts] == [
            ("s_2", "resolved", "Wanted a refund. Got it."),
            ("s_1", "abandoned", None),
        ]

    virtual_time.run(test())


def test_nobody_has_a_history_before_they_are_known() -> None:
    async def test() -> None:
        store = MemoryStore()
        await store.create(stored("s_1", 1.0, None))
        history = CustomerHistory(store, MemoryDeskRecords(store))
        assert (await history.of("s_1")).contacts == ()
        assert (await history.of("s_unknown")).contacts == ()

    virtual_time.run(test())


def test_a_store_that_is_down_says_so() -> None:
    async def test() -> None:
        store = MemoryStore()
        store.down = True
        with pytest.raises(Unavailable):
            await CustomerHistory(store, MemoryDeskRecords(store)).of("s_1")

    virtual_time.run(test())
