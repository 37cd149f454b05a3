"""What a drafted reply states: kept, let out in order, or never heard of."""

import asyncio

import pytest

from pipelines.conversation import Conversation
from pipelines.draft import Draft
from pipelines.facts import (
    CustomerTurn,
    Fact,
    ReplyStarted,
    ToolCalled,
    ToolFinished,
    Unavailable,
    Words,
)
from tests import virtual_time

TURN = CustomerTurn(turn_id="c1", channel="voice", pii=Words(text="where is it"))
STARTED = ReplyStarted(turn_id="r2", answers="c1")
LOOK = ToolCalled(turn_id="c1", call_id="c1.1", tool="look_up_order", effect="read")
FOUND = ToolFinished(turn_id="c1", call_id="c1.1", tool="look_up_order", outcome="done")
REFUND = ToolCalled(turn_id="c1", call_id="c1.2", tool="request_refund", effect="write")
VERIFY = ToolCalled(turn_id="c1", call_id="c1.2", tool="verify_identity", effect="attempt")


class Record:
    """The session's log, slow and perhaps full."""

    def __init__(self, refuse: Fact | None = None) -> None:
        self.conversation = Conversation("s1")
        self.facts: list[Fact] = []
        self.draft = Draft(self.conversation, self.emit)
        self._refuse = refuse

    async def emit(self, fact: Fact) -> None:
        await asyncio.sleep(0.01)
        if fact is self._refuse:
            raise Unavailable("full")
        self.facts.append(fact)
        self.conversation.apply(fact)


def test_nothing_is_stated_before_it_is_confirmed_but_the_draft_knows_it() -> None:
    async def main() -> None:
        record = Record()
        for fact in (TURN, STARTED, LOOK, FOUND):
            await record.draft.emit(fact)
        assert record.facts == [] and record.conversation.turns == []
        assert [turn.text for turn in record.draft.conversation.turns] == ["where is it"]
        assert record.draft.conversation.tools["c1.1"].outcome == "done"

    virtual_time.run(main())


def test_confirmed_it_states_everything_in_order_also_what_comes_meanwhile() -> None:
    async def main() -> None:
        record = Record()
        await record.draft.emit(TURN)
        await record.draft.emit(STARTED)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(record.draft.confirm())
            await asyncio.sleep(0.015)
            await record.draft.emit(LOOK)
        await record.draft.emit(FOUND)
        assert record.facts == [TURN, STARTED, LOOK, FOUND]
        assert record.conversation.tools == record.draft.conversation.tools
        assert record.conversation.turns == record.draft.conversation.turns

    virtual_time.run(main())


@pytest.mark.parametrize("call", [REFUND, VERIFY])
def test_what_has_an_effect_or_is_counted_waits_until_it_is_confirmed(call: ToolCalled) -> None:
    async def main() -> None:
        record = Record()
        await record.draft.emit(TURN)
        async with asyncio.TaskGroup() as tasks:
            calling = tasks.create_task(record.draft.emit(call))
            await asyncio.sleep(60)
            assert not calling.done() and record.facts == []
            await record.draft.confirm()
            await calling
        assert record.facts == [TURN, call]

    virtual_time.run(main())


def test_a_store_that_refuses_is_heard_of_when_it_is_confirmed() -> None:
    async def main() -> None:
        record = Record(refuse=STARTED)
        await record.draft.emit(TURN)
        await record.draft.emit(STARTED)
        with pytest.raises(Unavailable):
            await record.draft.confirm()
        assert record.facts == [TURN] and not record.draft.confirmed.is_set()

    virtual_time.run(main())
