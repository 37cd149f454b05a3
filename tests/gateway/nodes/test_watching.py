"""The events of a session of another node."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

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


def test_where_an_event_was_lost_the_watching_ends_and_is_begun_again() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        live = the.home.sessions.find(session_id)
        assert live is not None
        for lost_last in (True, False):
            found: list[Event] = []
            watching = await the.away.watch(session_id)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(collect(aiter(watching), found))
                await the.home.writes(live, "you get this")
                the.net.cut = True
                await the.home.writes(live, "and this not")
                the.net.cut = False
                if not lost_last:
                    await the.home.writes(live, "so this is not next")
            words = [event.fact.pii.text for event in found if isinstance(event.fact, CustomerTurn)]
            assert words == ["you get this"] and not watching.behind
            again = await the.away.watch(session_id)
            missed = [event async for event in again.history(max(event.seq for event in found))]
            assert [event.fact.pii.text for event in missed if isinstance(event.fact, CustomerTurn)] == (
                ["and this not"] if lost_last else ["and this not", "so this is not next"]
            )
            again.close()

    run(test)


def test_a_node_that_is_gone_has_nothing_more_to_send() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        listened = await the.away.watch(session_id)
        the.net.cut = True
        async with asyncio.timeout(watching.DEAD_S + 2 * watching.KEEP_S):
            assert [event async for event in listened] == []

    run(test)


def test_what_is_sent_before_the_answer_is_here_is_not_lost() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        live = the.home.sessions.find(session_id)
        assert live is not None
        ask = the.away._mesh.ask

        async def slow(*asked: Any, **options: Any) -> Any:
            answer = await ask(*asked, **options)
            await the.home.writes(live, "quick")
            return answer

        the.away._mesh.ask = slow  # type: ignore[method-assign]
        listened = await the.away.watch(session_id)
        event = await anext(aiter(listened))
        assert isinstance(event.fact, CustomerTurn) and event.seq == listened.seq + 1
        listened.close()

    run(test)


def test_events_survive_the_way() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        for event in await the.home.store.events(session_id):
            assert event_of(message_of(event)) == event
        contact = (await the.away.contacts_of(ALEX.agent_id))[0]
        assert Contact.model_validate(contact.model_dump(mode="json")) == contact

    run(test)
