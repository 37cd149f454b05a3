"""The events of a session of another node."""

import asyncio
from collections.abc import AsyncIterator

from gateway.desk.messages import Contact
from gateway.events import Event
from gateway.nodes import watching
from gateway.nodes.watching import event_of, message_of
from pipelines.facts import CustomerTurn
from tests.fakes.office import ALEX
from tests.fakes.two_nodes import Nodes, run, taken


async def collect(events: AsyncIterator[Event], into: list[Event]) -> None:
    async for event in events:
        into.append(event)


def test_a_session_is_watched_from_its_beginning_and_goes_on() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        watching = await the.away.watch(session_id)
        before = [event async for event in watching.history(0)]
        assert [event.seq for event in before] == list(range(1, watching.seq + 1))
        after: list[Event] = []
        live = the.home.sessions.find(session_id)
        assert live is not None
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(collect(aiter(watching), after))
            await asyncio.sleep(0.1)
            await the.home.writes(live, "are you there?")
            await asyncio.sleep(200)
            await the.home.writes(live, "still?")
            watching.close()
            await listening
        said = [event.fact.pii.text for event in after if isinstance(event.fact, CustomerTurn)]
        assert said == ["are you there?", "still?"], "also after minutes in which nothing happened"
        stored = [event.seq for event in after if event.seq]
        assert stored == list(range(watching.seq + 1, watching.seq + 1 + len(stored)))

    run(test)


def test_who_is_gone_is_sent_nothing_any_more() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        await the.away.watch(session_id)
        live = the.home.sessions.find(session_id)
        assert live is not None and not live.log.quiet
        the.net.cut = True  # the other node dies without a word
        await asyncio.sleep(watching.FORGET_S + 1)
        assert live.log.quiet

    run(test)


def test_events_survive_the_way() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        for event in await the.home.store.events(session_id):
            assert event_of(message_of(event)) == event
        contact = (await the.away.contacts_of(ALEX.agent_id))[0]
        assert Contact.model_validate(contact.model_dump(mode="json")) == contact

    run(test)
