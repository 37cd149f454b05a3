"""An agent at one node has a customer who is at another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.desk.conductor import Closing, Target, ToolRequest
from gateway.desk.messages import Contact
from gateway.events import Event
from gateway.nodes import watching
from gateway.nodes.conducting import NodesConducting
from gateway.nodes.watching import RemoteWatchings, event_of, message_of
from pipelines.facts import CustomerTurn, HumanTurn, NoteAdded
from tests import virtual_time
from tests.fakes.memory_mesh import MemoryMesh, Net
from tests.fakes.office import ALEX, KIM, Office, refused


@dataclass
class Nodes:
    """The customers are at `home`; the agents' desk is `away`, at a node without sessions."""

    home: Office
    away: NodesConducting
    net: Net
    watchings: RemoteWatchings


@asynccontextmanager
async def nodes() -> AsyncIterator[Nodes]:
    net, home, other = Net(), Office(), Office()
    async with home.open(), other.open(), asyncio.TaskGroup() as tasks:
        there, here = MemoryMesh(net), MemoryMesh(net)
        serving = RemoteWatchings(there, home.store, home.desk.watch)
        NodesConducting(home.desk, lambda s: home.sessions.find(s) is not None, there, serving)
        asking = RemoteWatchings(here, home.store, other.desk.watch)
        away = NodesConducting(other.desk, lambda s: other.sessions.find(s) is not None, here, asking)
        work = [tasks.create_task(each.run()) for each in (there, here, serving, asking)]
        yield Nodes(home, away, net, serving)
        for task in work:
            task.cancel()


def run(test: Callable[[Nodes], Awaitable[None]]) -> None:
    async def main() -> None:
        async with nodes() as the:
            await test(the)

    virtual_time.run(main())


async def taken(the: Nodes) -> str:
    """A chat at home that Alex has, who is away."""
    await the.home.comes(ALEX)
    live = await the.home.chat("I want a person")
    offer = await the.home.offer(ALEX)
    assert (await the.away.briefing(live.session_id)).why.reason == "customer_asked"
    await the.home.desk.accept(offer.lease_id, ALEX)
    await asyncio.sleep(0.1)
    await the.away.connect(live.session_id, ALEX)
    await asyncio.sleep(0.1)
    return live.session_id


def test_a_chat_of_another_node_is_taken_written_in_and_closed() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        await the.away.message(session_id, ALEX, "Hello, Alex here.", "d1")
        await the.away.message(session_id, ALEX, "Hello, Alex here.", "d1")
        await the.away.note(session_id, ALEX, "Friendly.")
        live = the.home.sessions.find(session_id)
        assert live is not None
        assert [fact.pii.text for fact in the.home.facts(live, HumanTurn)] == ["Hello, Alex here."]
        assert [fact.pii.text for fact in the.home.facts(live, NoteAdded)] == ["Friendly."]
        (contact,) = await the.away.contacts_of(ALEX.agent_id)
        assert (contact.session, contact.state) == (session_id, "human_active")
        assert [each.session for each in await the.away.live_sessions(10)] == [session_id]
        await the.away.end(session_id, ALEX)
        await the.away.wrap_up(session_id, ALEX, Closing("resolved", "All well.", None))
        await asyncio.sleep(0.1)
        assert the.home.state(live) is None
        assert await the.away.contacts_of(ALEX.agent_id) == []

    run(test)


def test_what_is_refused_there_is_refused_here_with_the_same_words() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        assert await refused(the.away.message(session_id, KIM, "Hi", "d1")) == "not_yours"
        assert await refused(the.away.message("s_nowhere", ALEX, "Hi", "d1")) == "not_yours"
        nowhere = Target(queue="nowhere")
        assert await refused(the.away.transfer(session_id, ALEX, nowhere, "")) == "unknown_target"
        assert await refused(the.away.hold(session_id, ALEX, True)) == "wrong_state"
        tool = ToolRequest("t1", "drop_tables", {}, confirmed=True)
        assert await refused(the.away.run_tool(session_id, ALEX, tool)) == "unknown_tool"
        await the.away.hand_back(session_id, ALEX, "done")
        await asyncio.sleep(1)
        assert await refused(the.away.end(session_id, ALEX)) == "not_yours"

    run(test)


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


def test_an_agent_whose_desk_is_gone_is_missed_at_the_customers_node() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        await the.home.queue.absent(ALEX.agent_id)
        await the.away.agent_gone(ALEX.agent_id)
        await asyncio.sleep(2)
        live = the.home.sessions.find(session_id)
        assert live is not None and the.home.state(live) == "queued"

    run(test)


def test_events_survive_the_way() -> None:
    async def test(the: Nodes) -> None:
        session_id = await taken(the)
        for event in await the.home.store.events(session_id):
            assert event_of(message_of(event)) == event
        contact = (await the.away.contacts_of(ALEX.agent_id))[0]
        assert Contact.model_validate(contact.model_dump(mode="json")) == contact

    run(test)
