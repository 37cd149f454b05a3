"""What brings people in, as the gateway opens it: over a real store, in memory or on a real Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.accounts.audit import Audit
from gateway.config import Config
from gateway.desk.desk import Desk
from gateway.handoff.states import Agent
from gateway.live import LiveSession, live_sessions
from gateway.nodes.mesh import Alone
from gateway.people import People, RoomCopilot, open_shared
from gateway.queue.contacts import Presence
from gateway.room import Role
from gateway.store.sql import open_store
from gateway.store.sql_desk_records import SqlDeskRecords
from pipelines.copilot import CopilotSettings
from pipelines.facts import HumanTurn, ReplyDone
from tests.fakes.office import ALEX, Office, asks_for_person
from tests.fakes.office_calls import at_work, calling
from tests.fakes.scripted_answerer import ScriptedAnswerer
from tests.fakes.voice_parts import FakeVoiceParts


@asynccontextmanager
async def opened(folder: Path, **sections: object) -> AsyncIterator[tuple[People, Desk, LiveSession]]:
    """People at work beside one chat."""
    config = Config.model_validate(sections)
    async with (
        open_store(f"sqlite+aiosqlite:///{folder / 'store.sqlite'}") as store,
        open_shared(config) as shared,
    ):
        audit = Audit(SqlDeskRecords(store.database))
        people = People(config, store, shared, None, audit)
        answerer = people.answerer(ScriptedAnswerer(asks_for_person))
        async with (
            live_sessions(store, answerer, watchers=(people.handoffs,)) as live,
            people.open(live) as desk,
        ):
            session, _ = await live.begin("chat")
            yield people, desk, session


ALEX_HERE = Presence(
    ALEX.agent_id, "Alex", "available", ALEX.queues, {}, ALEX.languages, {"voice": 1, "chat": 3}
)


async def brought_in(people: People, live: LiveSession) -> str:
    """A chat whose customer asks for a person until one is offered the chat; the lease."""
    await people.handoffs.house.queue.announce(ALEX_HERE)
    await asyncio.sleep(0.05)
    await live.receive("I want a person", "m1")
    while not (offers := await people.handoffs.house.queue.offers()):  # noqa: ASYNC110 - a real clock
        await asyncio.sleep(0.01)
    return offers[0].lease_id


def test_on_one_node_nothing_is_shared(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_shared(Config()) as shared:
            assert isinstance(shared.mesh, Alone)
        async with asyncio.timeout(10), opened(tmp_path) as (people, desk, live):
            assert desk.legs is None, "no voice yet"
            lease = await brought_in(people, live)
            assert await people.handoffs.house.queue.accept(lease, ALEX.agent_id)

    asyncio.run(main())


@pytest.mark.redis
def test_on_several_the_queue_and_the_mesh_are_on_redis(tmp_path: Path, redis_url: str) -> None:
    async def main() -> None:
        async with (
            asyncio.timeout(15),
            opened(tmp_path, redis={"url": redis_url}) as (people, _, live),
            open_shared(Config.model_validate({"redis": {"url": redis_url}})) as elsewhere,
        ):
            assert elsewhere.mesh.node != "here"
            assert await people.handoffs.house.queue.accept(await brought_in(people, live), ALEX.agent_id)

    asyncio.run(main())


def test_without_an_advisor_there_are_no_tools_and_no_suggestions_but_briefings(tmp_path: Path) -> None:
    async def main() -> None:
        async with asyncio.timeout(10), opened(tmp_path) as (people, _, live):
            await brought_in(people, live)
            assert people.handoffs.house.make_suggestions is None
            assert people.handoffs.briefing(live.session_id).why.words == "I want a person"
            events = await people._store.events(live.session_id)
            assert any(isinstance(event.fact, ReplyDone) for event in events)

    asyncio.run(main())


def test_the_copilot_of_a_room_lets_go_of_its_ears() -> None:
    office = Office()

    async def main() -> None:
        async with at_work(office, ALEX), calling(office) as line:
            await line.wishes()
            await office.takes(ALEX)
            await asyncio.sleep(1)
            talk = office.handoffs.talk_of(line.session_id)
            assert talk is not None and talk.human is not None
            agent = Agent(ALEX.agent_id, ALEX.display_name)
            copilot = RoomCopilot(talk, agent, FakeVoiceParts(), CopilotSettings())
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(copilot.run())
                await asyncio.sleep(5)
                assert len(talk.human._ears) == 1
                listening.cancel()
            assert talk.human._ears == []
            talk.part()
            await RoomCopilot(talk, agent, FakeVoiceParts(), CopilotSettings()).run()
            assert talk.room.floor is not Role.HUMAN
            assert office.facts(line.live, HumanTurn) == []

    office.run(main)
