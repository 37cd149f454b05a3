"""Where a handoff stands is known at once; the store gets it when it can."""

import asyncio
from typing import Literal

from gateway.events import HandoffChanged
from gateway.handoff.record import PATIENCE_S, Record
from pipelines.facts import NoteAdded, Words
from tests.fakes.office import Office


def changed(state: str, floor: Literal["bot", "human"]) -> HandoffChanged:
    return HandoffChanged(handoff_id="h1", state=state, floor=floor, reason="x")


def test_the_floor_holds_before_it_is_stored() -> None:
    office = Office()

    async def main() -> None:
        live = await office.chat("hello")
        async with asyncio.TaskGroup() as tasks:
            record = Record(live.log, tasks)
            office.store.down = True
            before = asyncio.get_running_loop().time()
            await record.changed(changed("human_active", "human"))
            assert asyncio.get_running_loop().time() - before == PATIENCE_S
            assert live.log.with_person and office.facts(live, HandoffChanged) == []
            await record.changed(changed("ai_active", "bot"))
            assert not live.log.with_person
            await asyncio.sleep(30)
            office.store.down = False
            await asyncio.sleep(2)
        stored = office.facts(live, HandoffChanged)
        assert [fact.state for fact in stored] == ["ai_active"], "the newest; what it replaced is past"

    office.run(main)


def test_what_is_only_noted_is_shown_while_the_store_is_away() -> None:
    office = Office()
    note = NoteAdded(purpose="private", agent_id="a_1", agent="Alex", pii=Words(text="hm"))

    async def main() -> None:
        live = await office.chat("hello")
        subscription = live.log.subscribe()
        office.store.down = True
        async with asyncio.TaskGroup() as tasks:
            Record(live.log, tasks).note(note)
        assert (await anext(aiter(subscription))).fact == note
        live.log.unsubscribe(subscription)

    office.run(main)
