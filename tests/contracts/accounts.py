"""What every `AccountStore` must do. A test module subclasses it and says how to open one."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from gateway.accounts.account import Account
from gateway.accounts.desk_session import ABSOLUTE_S, IDLE_S, DeskSession, open_desk_session
from gateway.store.account_store import AccountStore, NameTaken

ALEX = Account(
    agent_id="a_alex",
    name="alex",
    display_name="Alex 'the' Ünïcode 😀; DROP TABLE accounts",
    role="agent",
    queues=frozenset({"general", "billing"}),
    skills={"refunds": 7, "billing": 1},
    languages=frozenset({"en", "de"}),
    capacity={"voice": 1, "chat": 4},
    created_at=1000.25,
)
SAM = Account("a_sam", "sam", "Sam", "supervisor", created_at=1001.0)


class AccountsContract:
    """Inherited by one test class for each store."""

    def opened(self) -> AbstractAsyncContextManager[AccountStore]:
        raise NotImplementedError

    def check(self, test: Callable[[AccountStore], Awaitable[None]]) -> None:
        async def main() -> None:
            async with self.opened() as store:
                await store.add(ALEX, "hash of alex")
                await test(store)

        asyncio.run(main())

    def test_accounts_come_back_as_they_were_stored_in_order_of_their_names(self) -> None:
        async def test(store: AccountStore) -> None:
            await store.add(replace(SAM, agent_id="a_1", name="aaa"), "h")
            await store.add(SAM, "hash of sam")
            assert await store.accounts() == [replace(SAM, agent_id="a_1", name="aaa"), ALEX, SAM]
            found = await store.credentials("sam")
            assert found is not None
            assert (found.account, found.password_hash) == (SAM, "hash of sam")

        self.check(test)

    @pytest.mark.parametrize(
        "name", ["", "nobody", "' OR '1'='1", "alex'--", "ALEX", "%", "al_x", "x" * 10_000]
    )
    def test_a_name_that_nobody_has_finds_nobody(self, name: str) -> None:
        async def test(store: AccountStore) -> None:
            assert await store.credentials(name) is None

        self.check(test)

    def test_a_name_is_taken_once(self) -> None:
        async def test(store: AccountStore) -> None:
            with pytest.raises(NameTaken):
                await store.add(replace(SAM, name="alex"), "h")
            assert await store.accounts() == [ALEX]

        self.check(test)

    def test_what_an_account_is_can_change_and_its_name_and_age_cannot(self) -> None:
        async def test(store: AccountStore) -> None:
            changed = replace(ALEX, display_name="Alexandra", skills={"chat": 3}, queues=frozenset())
            assert await store.change(replace(changed, name="other", created_at=9.0))
            assert await store.accounts() == [changed]
            assert not await store.change(SAM)

        self.check(test)

    def test_a_sign_in_counts_with_its_account(self) -> None:
        async def test(store: AccountStore) -> None:
            session = await signed(store, 5.0)
            found = await store.session(session.token_hash)
            assert found is not None
            assert (found.account, found.session) == (ALEX, session)
            assert await store.session("0" * 64) is None
            await store.end_session(session.token_hash)
            await store.end_session(session.token_hash)
            assert await store.session(session.token_hash) is None

        self.check(test)

    @pytest.mark.parametrize("change", [{"role": "supervisor"}, {"enabled": False}])
    def test_other_rights_end_every_sign_in(self, change: dict[str, object]) -> None:
        async def test(store: AccountStore) -> None:
            session = await signed(store, 5.0)
            await store.change(replace(ALEX, **change))  # type: ignore[arg-type]
            assert await store.session(session.token_hash) is None
            await store.change(ALEX)
            assert await store.session(session.token_hash) is None, "also when they are given back"

        self.check(test)

    def test_other_queues_end_none(self) -> None:
        async def test(store: AccountStore) -> None:
            session = await signed(store, 5.0)
            await store.change(replace(ALEX, queues=frozenset({"sales"})))
            found = await store.session(session.token_hash)
            assert found is not None and found.account.queues == {"sales"}

        self.check(test)

    def test_another_password_ends_every_sign_in_also_one_that_was_under_way(self) -> None:
        async def test(store: AccountStore) -> None:
            session = await signed(store, 5.0)
            before = await store.credentials("alex")
            assert before is not None
            assert await store.set_password(ALEX.agent_id, "another") == before.generation + 1
            late, _ = open_desk_session(ALEX.agent_id, before.generation, 6.0)
            await store.open_session(late, keep=8)
            assert await store.session(session.token_hash) is None
            assert await store.session(late.token_hash) is None
            after = await store.credentials("alex")
            assert after is not None and after.password_hash == "another"
            assert await store.set_password("a_nobody", "h") is None

        self.check(test)

    def test_a_hash_made_anew_ends_nothing_and_loses_against_another_password(self) -> None:
        async def test(store: AccountStore) -> None:
            session = await signed(store, 5.0)
            await store.renew_hash(ALEX.agent_id, "hash of alex", "stronger")
            assert await store.session(session.token_hash) is not None
            await store.set_password(ALEX.agent_id, "another")
            await store.renew_hash(ALEX.agent_id, "stronger", "late")
            after = await store.credentials("alex")
            assert after is not None and after.password_hash == "another"

        self.check(test)

    def test_time_that_a_person_was_seen_goes_forward_only(self) -> None:
        async def test(store: AccountStore) -> None:
            session = await signed(store, 5.0)
            await store.touch_session(session.token_hash, 90.0)
            await store.touch_session(session.token_hash, 70.0)
            found = await store.session(session.token_hash)
            assert found is not None and found.session.seen_at == 90.0

        self.check(test)

    def test_only_so_many_sign_ins_of_one_person_are_kept_and_others_are_left_alone(self) -> None:
        async def test(store: AccountStore) -> None:
            await store.add(SAM, "h")
            sams, _ = open_desk_session(SAM.agent_id, 1, 1.0)
            await store.open_session(sams, keep=2)
            mine = [await signed(store, 5.0 + number) for number in range(4)]
            there = [await store.session(session.token_hash) is not None for session in mine]
            assert there == [False, False, True, True]
            assert await store.session(sams.token_hash) is not None

        self.check(test)

    def test_expired_sign_ins_are_forgotten_when_somebody_comes(self) -> None:
        async def test(store: AccountStore) -> None:
            await store.add(SAM, "h")
            idle, old = await signed(store, 5.0), await signed(store, 6.0)
            await store.touch_session(old.token_hash, 5.0 + ABSOLUTE_S)
            sams, _ = open_desk_session(SAM.agent_id, 1, 5.0 + IDLE_S)
            await store.open_session(sams, keep=2)
            assert await store.session(idle.token_hash) is None
            assert await store.session(old.token_hash) is not None
            later, _ = open_desk_session(SAM.agent_id, 1, 6.0 + ABSOLUTE_S)
            await store.open_session(later, keep=2)
            assert await store.session(old.token_hash) is None

        self.check(test)


async def signed(store: AccountStore, at: float) -> DeskSession:
    found = await store.credentials("alex")
    assert found is not None
    session, _ = open_desk_session(ALEX.agent_id, found.generation, at)
    await store.open_session(session, keep=2)
    return session
