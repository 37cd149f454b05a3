"""Customers who send files, at the node of their session and at another."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from gateway.events import FileShared
from gateway.files.customers import CustomerFiles
from gateway.live import LiveSession, UnknownSession
from gateway.store.file_store import StoredFile
from pipelines.facts import Unavailable
from tests import virtual_time
from tests.fakes.memory_mesh import MemoryMesh, Net
from tests.fakes.office import ALEX, Office, refused


@dataclass
class World:
    home: Office
    here: CustomerFiles
    "At the node that has the session."
    elsewhere: CustomerFiles

    async def talking(self) -> LiveSession:
        """A customer whom Alex has."""
        await self.home.comes(ALEX)
        live = await self.home.chat("I want a person")
        await self.home.takes(ALEX)
        return live


def run(test: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        net, home, other = Net(), Office(), Office()
        other.store = home.store
        async with home.open(), other.open():
            there, here = MemoryMesh(net), MemoryMesh(net)
            await test(World(home, CustomerFiles(home.sessions, here), CustomerFiles(other.sessions, there)))

    virtual_time.run(main())


def photo(live: LiveSession) -> StoredFile:
    return StoredFile("file_a", live.session_id, "image/png", 48, "photo.png")


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_a_file_for_a_person_is_told_of_at_whichever_node_it_comes(where: str) -> None:
    async def test(the: World) -> None:
        live = await the.talking()
        customers: CustomerFiles = getattr(the, where)
        await customers.check_person(live.session_id)
        await customers.share(photo(live))
        (fact,) = the.home.facts(live, FileShared)
        assert (fact.by, fact.file_id, fact.size, fact.media_type) == ("customer", "file_a", 48, "image/png")
        assert (fact.pii.name, fact.agent_id) == ("photo.png", None)

    run(test)


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_while_the_bot_has_the_customer_there_is_nobody_to_send_it_to(where: str) -> None:
    async def test(the: World) -> None:
        live = await the.home.chat("hello")
        customers: CustomerFiles = getattr(the, where)
        assert await refused(customers.check_person(live.session_id)) == "nobody_there"

    run(test)


def test_a_session_that_no_node_has_has_no_person() -> None:
    async def test(the: World) -> None:
        assert await refused(the.elsewhere.check_person("s_nowhere")) == "nobody_there"

    run(test)


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_a_file_that_comes_when_the_person_has_just_gone_is_kept_for_the_next(where: str) -> None:
    async def test(the: World) -> None:
        live = await the.talking()
        customers: CustomerFiles = getattr(the, where)
        await customers.check_person(live.session_id)
        await the.home.desk.hand_back(live.session_id, ALEX, "")
        await asyncio.sleep(1)
        await customers.share(photo(live))
        assert len(the.home.facts(live, FileShared)) == 1

    run(test)


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_a_file_that_cannot_be_told_of_is_an_error_to_try_again(where: str) -> None:
    async def test(the: World) -> None:
        live = await the.talking()
        the.home.store.down = True
        with pytest.raises(Unavailable):
            await getattr(the, where).share(photo(live))
        the.home.store.down = False

    run(test)


def test_neither_a_file_nor_its_name_is_in_what_models_read() -> None:
    async def test(the: World) -> None:
        live = await the.talking()
        before = list(live.log.conversation.turns)
        await the.here.share(photo(live))
        assert live.log.conversation.turns == before
        assert "photo" not in the.home.handoffs.briefing(live.session_id).model_dump_json()

    run(test)


def test_only_the_sessions_own_token_opens_it() -> None:
    async def test(the: World) -> None:
        live, token = await the.home.sessions.begin("chat")
        await the.here.admit(live.session_id, token)
        await the.elsewhere.admit(live.session_id, token)
        for session_id, wrong in ((live.session_id, "x"), (live.session_id, ""), ("s_other", token)):
            with pytest.raises(UnknownSession):
                await the.here.admit(session_id, wrong)

    run(test)
