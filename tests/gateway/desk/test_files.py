"""Which agents may send and read files, and what is written down of it."""

import pytest

from gateway.desk.files import shared_by
from gateway.protocol_error import ProtocolError
from gateway.store.file_store import StoredFile
from pipelines.facts import Unavailable
from tests.fakes.office import refused
from tests.gateway.desk.desk_world import DeskWorld, account, contact, run

FILE = StoredFile("file_a", "s_1", "image/png", 48, "photo.png")


def test_an_agent_sends_files_to_a_customer_of_their_own() -> None:
    async def test(world: DeskWorld) -> None:
        nadia = account()
        assert await refused(world.desk.files.begin(nadia, "s_1", "file_a")) == "not_yours"
        world.conductor.contacts["h_1"] = contact(state="briefing")
        assert await refused(world.desk.files.begin(nadia, "s_1", "file_a")) == "no_floor"
        assert await world.records.entries() == [], "what was not done is not written down"
        world.conductor.contacts["h_1"] = contact()
        await world.desk.files.begin(nadia, "s_1", "file_a")
        (entry,) = await world.records.entries()
        assert (entry.agent_id, entry.action, entry.session_id) == ("a_nadia", "send_file", "s_1")
        assert entry.details == {"file": "file_a"}
        await world.desk.files.share(nadia, FILE)
        assert world.conductor.asked[-1] == ("share_file", "s_1", "a_nadia", FILE)

    run(test)


def test_an_agent_who_is_at_the_desk_needs_no_second_look() -> None:
    async def test(world: DeskWorld) -> None:
        nadia = account()
        await world.desk.join(nadia)
        world.conductor.change(contact())
        asked = len(world.conductor.asked)
        await world.desk.files.begin(nadia, "s_1", "file_a")
        assert len(world.conductor.asked) == asked

    run(test)


@pytest.mark.parametrize("role", ["agent", "supervisor", "admin"])
def test_another_agents_customer_gets_files_from_nobody_else(role: str) -> None:
    async def test(world: DeskWorld) -> None:
        world.conductor.contacts["h_1"] = contact("a_kim")
        code = "not_allowed" if role == "admin" else "not_yours"
        other = account(role=role)  # type: ignore[arg-type]
        assert await refused(world.desk.files.begin(other, "s_1", "file_a")) == code

    run(test)


def test_files_are_read_by_those_who_may_read_the_session() -> None:
    async def test(world: DeskWorld) -> None:
        files = world.desk.files
        world.conductor.contacts["h_1"] = contact()
        assert await refused(files.read(account("kim"), "s_1", "file_a")) == "not_yours"
        assert await refused(files.read(account("ada", "admin"), "s_1", "file_a")) == "not_allowed"
        await files.read(account(), "s_1", "file_a")
        await files.read(account("sam", "supervisor"), "s_1", "file_a")
        entries = await world.records.entries()
        assert [(entry.agent_id, entry.action) for entry in entries] == [
            ("a_sam", "read_file"),
            ("a_nadia", "read_file"),
        ]

    run(test)


def test_what_cannot_be_written_down_is_not_done() -> None:
    async def test(world: DeskWorld) -> None:
        world.conductor.contacts["h_1"] = contact()
        world.records.down = True
        for doing in (world.desk.files.begin, world.desk.files.read):
            with pytest.raises(Unavailable):
                await doing(account(), "s_1", "file_a")

    run(test)


def test_what_a_conductor_refuses_is_refused() -> None:
    async def test(world: DeskWorld) -> None:
        world.conductor.failing["share_file"] = ProtocolError("no_floor", "Not now.", 409)
        assert await refused(world.desk.files.share(account(), FILE)) == "no_floor"

    run(test)


def test_what_is_told_names_the_agent_and_keeps_the_name_apart() -> None:
    shown = shared_by(account(), FILE).model_dump()
    assert (shown["by"], shown["agent_id"], shown["agent"]) == ("agent", "a_nadia", "Nadia")
    assert shown["pii"] == {"name": "photo.png"}
    assert "photo" not in str({key: value for key, value in shown.items() if key != "pii"})
