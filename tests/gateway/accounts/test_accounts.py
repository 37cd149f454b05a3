from dataclasses import replace

import pytest

from gateway.accounts.account import Account
from gateway.accounts.accounts import UnknownAccount
from gateway.accounts.audit import CONSOLE
from gateway.accounts.sign_ins import WeakPassword
from gateway.store.account_store import NameTaken
from pipelines.facts import Unavailable
from tests.gateway.accounts.door import ALEX, Door, at_the_door

KIM = Account("", "kim", "Kim", queues=frozenset({"general"}))


def test_a_new_person_gets_an_id_of_their_own_and_is_in_the_audit_by_it() -> None:
    async def test(door: Door) -> None:
        account = await door.accounts.add(KIM, "a password for kim's")
        assert account.agent_id.startswith("a_") and account.queues == {"general"}
        assert [known.name for known in await door.accounts.all()] == ["alex", "kim", "sam"]
        entry = door.records.audit[-1]
        assert (entry.agent_id, entry.action) == (CONSOLE, "account_added")
        assert entry.details == {"agent": account.agent_id, "role": "agent"}

    at_the_door(test)


def test_a_weak_password_makes_no_account() -> None:
    async def test(door: Door) -> None:
        for weak in ("short", "password1234", "kim kim kim!"):
            with pytest.raises(WeakPassword):
                await door.accounts.add(
                    replace(KIM, name="kimkimkim"), "kimkimkim123" if "kim" in weak else weak
                )
        assert len(await door.accounts.all()) == 2

    at_the_door(test)


def test_a_name_is_taken_once() -> None:
    async def test(door: Door) -> None:
        with pytest.raises(NameTaken):
            await door.accounts.add(Account("", "alex", "Another Alex"), "a password for kim's")

    at_the_door(test)


def test_who_is_not_there_cannot_be_changed() -> None:
    async def test(door: Door) -> None:
        for change in (
            door.accounts.named("nobody"),
            door.accounts.enable("nobody", enabled=False),
            door.accounts.set_role("nobody", "admin"),
            door.accounts.set_password("nobody", "a password for kim's"),
            door.accounts.change(replace(KIM, agent_id="a_nobody")),
        ):
            with pytest.raises(UnknownAccount):
                await change

    at_the_door(test)


def test_other_queues_leave_the_person_signed_in() -> None:
    async def test(door: Door) -> None:
        _, token = await door.sign_ins.sign_in("alex", ALEX)
        await door.accounts.change(replace(await door.accounts.named("alex"), queues=frozenset({"billing"})))
        assert (await door.sign_ins.signed_in(token)).account.queues == {"billing"}

    at_the_door(test)


def test_nothing_is_done_that_cannot_be_written_down() -> None:
    async def test(door: Door) -> None:
        door.records.down = True
        for change in (
            door.accounts.add(KIM, "a password for kim's"),
            door.accounts.enable("alex", enabled=False),
            door.accounts.set_role("alex", "supervisor"),
            door.accounts.set_password("alex", "a password for kim's"),
        ):
            with pytest.raises(Unavailable):
                await change
        door.records.down = False
        signed, _ = await door.sign_ins.sign_in("alex", ALEX)
        assert signed.account.role == "agent"

    at_the_door(test)
