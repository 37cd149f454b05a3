import asyncio

from gateway.events import Event
from gateway.former_session import PAGE, events_of, summary_of
from gateway.session import begin
from pipelines.briefing_fold import BriefingFold
from pipelines.briefing_parts import Glossary
from pipelines.facts import CustomerTurn, Words
from tests.fakes.memory_store import MemoryStore

LATE = Words(text="my order 10437 is late")


def said(count: int) -> list[Event]:
    return [
        Event(n, float(n), CustomerTurn(turn_id=f"c{n}", channel="chat", pii=LATE))
        for n in range(1, count + 1)
    ]


def test_a_long_session_is_read_whole_and_in_order() -> None:
    async def main() -> None:
        store, events = MemoryStore(), said(2 * PAGE + 1)
        session, _ = begin("chat", 0.0)
        await store.create(session)
        for event in events:
            await store.append(session.session_id, event)
        assert [event async for event in events_of(store, session.session_id)] == events
        assert [event async for event in events_of(store, "s_nobody")] == []

    asyncio.run(main())


def test_the_summary_is_the_briefings() -> None:
    lines = summary_of(said(1), lambda: BriefingFold(Glossary()))
    assert lines and any("10437" in line for line in lines)
    assert all(summary_of([], lambda: BriefingFold(Glossary())))
