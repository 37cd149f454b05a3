import asyncio
from dataclasses import replace

import pytest

from gateway.accounts.desk_session import ABSOLUTE_S, IDLE_S, MOST_AT_A_TIME, Signed
from gateway.accounts.sign_ins import (
    LOOK_EVERY_S,
    Disabled,
    Ending,
    NotSignedIn,
    WeakPassword,
    WrongCredentials,
)
from pipelines.facts import Unavailable
from tests.gateway.accounts.door import ALEX, SAM, Door, at_the_door


def test_a_person_comes_in_and_is_known_by_the_token_until_they_leave() -> None:
    async def test(door: Door) -> None:
        signed, token = await door.sign_ins.sign_in("Alex ", ALEX)
        assert (signed.account.name, signed.account.role) == ("alex", "agent")
        assert await door.sign_ins.signed_in(token) == signed
        await door.sign_ins.sign_out(token)
        with pytest.raises(NotSignedIn):
            await door.sign_ins.signed_in(token)
        await door.sign_ins.sign_out(token)
        assert door.actions == ["sign_in", "sign_out"]

    at_the_door(test)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("alex", SAM),
        ("alex", ""),
        ("nobody", ALEX),
        ("' OR '1'='1' --", ALEX),
        ("alex\x00", ALEX),
        ("x" * 100_000, ALEX),
        ("", ""),
    ],
)
def test_whoever_does_not_know_both_learns_nothing(name: str, password: str) -> None:
    async def test(door: Door) -> None:
        with pytest.raises(WrongCredentials) as raised:
            await door.sign_ins.sign_in(name, password)
        assert str(raised.value) == "", "not even which of them"
        assert len(door.passwords.compared) == 1, "a name that nobody has costs a comparison too"
        assert door.store.sessions == {}

    at_the_door(test)


def test_a_disabled_person_is_told_so_when_they_know_the_password_and_nobody_else_is() -> None:
    async def test(door: Door) -> None:
        await door.accounts.enable("alex", enabled=False)
        with pytest.raises(Disabled):
            await door.sign_ins.sign_in("alex", ALEX)
        with pytest.raises(WrongCredentials):
            await door.sign_ins.sign_in("alex", SAM)
        assert door.actions[1:] == ["sign_in_refused", "sign_in_refused"]

    at_the_door(test)


@pytest.mark.parametrize("token", [None, "", "wrong", "x" * 65, "x" * 1_000_000, "ü\ud800", "' OR 1=1 --"])
def test_a_token_that_is_none_opens_nothing(token: str | None) -> None:
    async def test(door: Door) -> None:
        await door.sign_ins.sign_in("alex", ALEX)
        with pytest.raises(NotSignedIn):
            await door.sign_ins.signed_in(token)
        await door.sign_ins.sign_out(token)
        assert len(door.store.sessions) == 1

    at_the_door(test)


def test_a_browser_that_signs_in_again_gets_a_new_token_and_its_old_one_ends() -> None:
    async def test(door: Door) -> None:
        _, old = await door.sign_ins.sign_in("alex", ALEX)
        _, others = await door.sign_ins.sign_in("alex", ALEX)
        _, new = await door.sign_ins.sign_in("sam", SAM, former=old)
        assert (await door.sign_ins.signed_in(new)).account.name == "sam"
        assert (await door.sign_ins.signed_in(others)).account.name == "alex"
        with pytest.raises(NotSignedIn):
            await door.sign_ins.signed_in(old)

    at_the_door(test)


def test_a_failed_try_leaves_the_present_sign_in_alone() -> None:
    async def test(door: Door) -> None:
        _, token = await door.sign_ins.sign_in("alex", ALEX)
        with pytest.raises(WrongCredentials):
            await door.sign_ins.sign_in("sam", "wrong", former=token)
        assert await door.sign_ins.signed_in(token)

    at_the_door(test)


def test_half_an_hour_without_a_sign_of_life_ends_it_and_less_does_not() -> None:
    async def test(door: Door) -> None:
        _, token = await door.sign_ins.sign_in("alex", ALEX)
        for _ in range(5):
            await asyncio.sleep(IDLE_S - 61)
            await door.sign_ins.signed_in(token)
        await asyncio.sleep(IDLE_S)
        with pytest.raises(NotSignedIn):
            await door.sign_ins.signed_in(token)

    at_the_door(test)


def test_half_a_day_ends_it_however_busy_the_person_is() -> None:
    async def test(door: Door) -> None:
        _, token = await door.sign_ins.sign_in("alex", ALEX)
        for _ in range(12 * 4 - 1):
            await asyncio.sleep(15 * 60)
            await door.sign_ins.signed_in(token)
        await asyncio.sleep(15 * 60)
        assert asyncio.get_running_loop().time() == ABSOLUTE_S
        with pytest.raises(NotSignedIn):
            await door.sign_ins.signed_in(token)

    at_the_door(test)


@pytest.mark.parametrize("change", ["disable", "role", "password"])
def test_whatever_takes_rights_away_ends_every_sign_in_and_no_other_persons(change: str) -> None:
    async def test(door: Door) -> None:
        tokens = [(await door.sign_ins.sign_in("alex", ALEX))[1] for _ in range(2)]
        _, sams = await door.sign_ins.sign_in("sam", SAM)
        if change == "disable":
            await door.accounts.enable("alex", enabled=False)
            await door.accounts.enable("alex", enabled=True)
        elif change == "role":
            await door.accounts.set_role("alex", "supervisor")
        else:
            await door.accounts.set_password("alex", "another long password")
        for token in tokens:
            with pytest.raises(NotSignedIn):
                await door.sign_ins.signed_in(token)
        assert await door.sign_ins.signed_in(sams)

    at_the_door(test)


def test_a_new_password_of_ones_own_ends_all_others_and_goes_on_with_a_new_token() -> None:
    async def test(door: Door) -> None:
        signed, here = await door.sign_ins.sign_in("alex", ALEX)
        _, elsewhere = await door.sign_ins.sign_in("alex", ALEX)
        _, token = await door.sign_ins.change_password(signed, ALEX, "another long password")
        for ended in (here, elsewhere):
            with pytest.raises(NotSignedIn):
                await door.sign_ins.signed_in(ended)
        assert (await door.sign_ins.signed_in(token)).account.name == "alex"
        with pytest.raises(WrongCredentials):
            await door.sign_ins.sign_in("alex", ALEX)
        await door.sign_ins.sign_in("alex", "another long password")

    at_the_door(test)


def test_a_new_password_needs_the_present_one_and_has_to_be_a_good_one() -> None:
    async def test(door: Door) -> None:
        signed, token = await door.sign_ins.sign_in("alex", ALEX)
        with pytest.raises(WrongCredentials):
            await door.sign_ins.change_password(signed, SAM, "another long password")
        with pytest.raises(WeakPassword, match="12 to 256"):
            await door.sign_ins.change_password(signed, ALEX, "short")
        assert await door.sign_ins.signed_in(token), "nothing has changed"

    at_the_door(test)


def test_a_password_change_while_somebody_signs_in_with_the_old_one_leaves_them_outside() -> None:
    async def test(door: Door) -> None:
        before = await door.store.credentials("alex")
        assert before is not None
        await door.accounts.set_password("alex", "another long password")
        _, late = await door.sign_ins._open(before, before.generation)
        with pytest.raises(NotSignedIn):
            await door.sign_ins.signed_in(late)

    at_the_door(test)


def test_a_hash_of_lower_costs_is_made_anew_at_the_next_sign_in() -> None:
    async def test(door: Door) -> None:
        before = await door.store.credentials("alex")
        door.passwords.outdated = True
        _, token = await door.sign_ins.sign_in("alex", ALEX)
        after = await door.store.credentials("alex")
        assert before is not None and after is not None
        assert after.password_hash != before.password_hash
        assert await door.sign_ins.signed_in(token)

    at_the_door(test)


def test_one_person_is_signed_in_so_often_and_no_oftener() -> None:
    async def test(door: Door) -> None:
        tokens = []
        for _ in range(MOST_AT_A_TIME + 1):
            await asyncio.sleep(1)
            tokens.append((await door.sign_ins.sign_in("alex", ALEX))[1])
        with pytest.raises(NotSignedIn):
            await door.sign_ins.signed_in(tokens[0])
        for token in tokens[1:]:
            assert await door.sign_ins.signed_in(token)

    at_the_door(test)


def test_nobody_comes_in_while_the_audit_cannot_be_written() -> None:
    async def test(door: Door) -> None:
        door.records.down = True
        with pytest.raises(Unavailable):
            await door.sign_ins.sign_in("alex", ALEX)
        assert door.store.sessions == {}

    at_the_door(test)


class Connection:
    """One that lasts, as the desk's websocket."""

    def __init__(self, door: Door, signed: Signed, tasks: asyncio.TaskGroup) -> None:
        self.active = True
        self._over = tasks.create_task(door.sign_ins.until_over(signed, lambda: self.active))

    @property
    def ending(self) -> Ending | None:
        return self._over.result() if self._over.done() else None

    def close(self) -> None:
        self._over.cancel()


def test_a_connection_in_use_stays_for_half_a_day_and_an_idle_one_half_an_hour() -> None:
    async def test(door: Door) -> None:
        async with asyncio.TaskGroup() as tasks:
            busy, idle = [
                Connection(door, (await door.sign_ins.sign_in(*who))[0], tasks)
                for who in (("alex", ALEX), ("sam", SAM))
            ]
            idle.active = False
            await asyncio.sleep(IDLE_S - LOOK_EVERY_S)
            assert (busy.ending, idle.ending) == (None, None)
            await asyncio.sleep(2 * LOOK_EVERY_S)
            assert (busy.ending, idle.ending) == (None, "expired")
            await asyncio.sleep(ABSOLUTE_S - IDLE_S - 3 * LOOK_EVERY_S)
            assert busy.ending is None
            await asyncio.sleep(3 * LOOK_EVERY_S)
            assert busy.ending == "expired"

    at_the_door(test)


def test_signing_out_ends_the_connection_at_once_and_only_its_own() -> None:
    async def test(door: Door) -> None:
        async with asyncio.TaskGroup() as tasks:
            (signed, token), (other, _) = [await door.sign_ins.sign_in("alex", ALEX) for _ in range(2)]
            first, second = Connection(door, signed, tasks), Connection(door, other, tasks)
            await asyncio.sleep(1)
            await door.sign_ins.sign_out(token)
            await asyncio.sleep(0.01)
            assert (first.ending, second.ending) == ("ended", None)
            second.close()
        assert door.sign_ins._watching == {}

    at_the_door(test)


def test_a_change_made_by_another_process_ends_the_connection_within_seconds() -> None:
    async def test(door: Door) -> None:
        async with asyncio.TaskGroup() as tasks:
            signed, _ = await door.sign_ins.sign_in("alex", ALEX)
            connection = Connection(door, signed, tasks)
            await asyncio.sleep(1)
            await door.store.change(replace(signed.account, enabled=False))
            await asyncio.sleep(LOOK_EVERY_S)
            assert connection.ending == "ended"

    at_the_door(test)


def test_a_store_that_is_down_ends_nobodys_connection_before_its_time() -> None:
    async def test(door: Door) -> None:
        async with asyncio.TaskGroup() as tasks:
            signed, _ = await door.sign_ins.sign_in("alex", ALEX)
            connection = Connection(door, signed, tasks)
            door.store.down = True
            await asyncio.sleep(IDLE_S - LOOK_EVERY_S)
            assert connection.ending is None
            door.store.down = False
            await asyncio.sleep(2 * LOOK_EVERY_S)
            assert connection.ending is None, "it was in use all the time"
            door.store.down = True
            await asyncio.sleep(IDLE_S + LOOK_EVERY_S)
            assert connection.ending == "expired"

    at_the_door(test)
