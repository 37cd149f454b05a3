import json
import stat
from pathlib import Path

from gateway.accounts.demo_agents import FILE, make_demo_agents
from tests.gateway.accounts.door import Door, at_the_door

QUEUES = frozenset({"general"})


def test_they_are_made_once_and_their_passwords_are_their_owners_only(tmp_path: Path) -> None:
    async def test(door: Door) -> None:
        door.store.kept.clear()
        first = await make_demo_agents(door.accounts, tmp_path / "state", QUEUES)
        assert set(first.passwords) == {"alex", "sam"}
        assert first.file == tmp_path / "state" / FILE
        assert stat.S_IMODE(first.file.stat().st_mode) == 0o600
        assert json.loads(first.file.read_text()) == first.passwords
        for name, role in (("alex", "agent"), ("sam", "supervisor")):
            signed, _ = await door.sign_ins.sign_in(name, first.passwords[name])
            assert (signed.account.role, signed.account.queues) == (role, QUEUES)
        again = await make_demo_agents(door.accounts, tmp_path / "state", QUEUES)
        assert (again.passwords, again.file) == ({}, first.file)

    at_the_door(test)


def test_one_who_is_there_already_keeps_their_password(tmp_path: Path) -> None:
    async def test(door: Door) -> None:
        kept = door.store.kept
        for agent_id in [i for i, found in kept.items() if found.account.name == "sam"]:
            del kept[agent_id]
        made = await make_demo_agents(door.accounts, tmp_path, QUEUES)
        assert set(made.passwords) == {"sam"}

    at_the_door(test)


def test_a_file_that_was_opened_to_others_is_not_written_into(tmp_path: Path) -> None:
    async def test(door: Door) -> None:
        door.store.kept.clear()
        theirs = tmp_path / "theirs"
        theirs.write_text("")
        (tmp_path / FILE).symlink_to(theirs)
        made = await make_demo_agents(door.accounts, tmp_path, QUEUES)
        assert theirs.read_text() == ""
        assert made.file is not None and stat.S_IMODE(made.file.stat().st_mode) == 0o600

    at_the_door(test)


def test_a_file_that_cannot_be_written_or_was_taken_away_is_not_promised(tmp_path: Path) -> None:
    async def test(door: Door) -> None:
        door.store.kept.clear()
        (tmp_path / "state").write_text("in the way")
        made = await make_demo_agents(door.accounts, tmp_path / "state", QUEUES)
        assert set(made.passwords) == {"alex", "sam"} and made.file is None
        assert (await make_demo_agents(door.accounts, tmp_path / "state", QUEUES)).file is None

    at_the_door(test)
