"""Nobody is called to a chat whose customer has closed the page."""

import asyncio

import pytest

from gateway.events import HandoffChanged
from tests.fakes.office import ALEX, Office


@pytest.mark.parametrize("state", ["queued", "offered", "human_active"])
def test_a_customer_who_closes_the_chat_is_not_waited_for_but_may_come_back(state: str) -> None:
    office = Office()

    async def main() -> None:
        await office.comes(ALEX, chats=1)
        if state == "queued":
            await office.chat("I want a person")
            await office.takes(ALEX)
        live, _ = await office.sessions.begin("chat")
        live.came()
        await office.writes(live, "I want a person")
        if state == "human_active":
            await office.takes(ALEX)
        assert office.state(live) == state
        live.left()
        await asyncio.sleep(10)
        live.came()
        await asyncio.sleep(70)
        assert office.state(live) is not None, "they have come back"
        live.left()
        await asyncio.sleep(70)
        if state == "human_active":
            assert office.state(live) == state, "the agent may still write to them, and ends it"
        else:
            assert office.state(live) is None
            assert office.facts(live, HandoffChanged)[-1].outcome.startswith("abandoned")
        assert await office.queue.offers() == []

    office.run(main)
