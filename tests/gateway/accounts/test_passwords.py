import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest

from gateway.accounts import password_rules, passwords
from gateway.accounts.passwords import Argon2Passwords, Passwords, PasswordsBusy, generated
from tests.fakes.plain_passwords import PlainPasswords

CHEAP = {"memory_kib": 64, "passes": 1}


@pytest.mark.parametrize("make", [lambda: Argon2Passwords(**CHEAP), PlainPasswords], ids=["argon2", "plain"])
def test_only_the_password_matches(make: Callable[[], Passwords]) -> None:
    async def main() -> None:
        known = make()
        stored = await known.hash("correct horse battery")
        assert stored != await known.hash("correct horse battery"), "salted"
        assert await known.matches(stored, "correct horse battery")
        for wrong in ("correct horse batter", "Correct horse battery", "", "\x00", "x" * 10_000):
            assert not await known.matches(stored, wrong)
        assert not await known.matches(None, "correct horse battery")
        assert not known.is_outdated(stored)

    asyncio.run(main())


def run(test: Callable[[Argon2Passwords], Awaitable[None]]) -> None:
    async def main() -> None:
        await test(Argon2Passwords(**CHEAP))

    asyncio.run(main())


def test_the_usual_costs_are_those_that_are_advised() -> None:
    async def main() -> None:
        stored = await Argon2Passwords().hash("correct horse battery")
        assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert len(stored) <= 256, "its column"

    asyncio.run(main())


def test_the_same_letters_from_another_keyboard_match() -> None:
    async def test(known: Argon2Passwords) -> None:
        assert await known.matches(await known.hash("Zoë's long password"), "Zoe\u0308's long password")

    run(test)


def test_a_hash_that_was_damaged_matches_nothing_and_is_outdated() -> None:
    async def test(known: Argon2Passwords) -> None:
        for damaged in ("", "nonsense", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$"):
            assert not await known.matches(damaged, "correct horse battery")
            assert known.is_outdated(damaged)

    run(test)


def test_a_hash_of_lower_costs_is_outdated() -> None:
    async def test(known: Argon2Passwords) -> None:
        assert Argon2Passwords(memory_kib=128, passes=1).is_outdated(
            await known.hash("correct horse battery")
        )

    run(test)


def test_few_are_compared_at_a_time_and_few_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(known: Argon2Passwords) -> None:
        busy = most = 0

        async def to_thread(work: Callable[[], object]) -> object:
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            await asyncio.sleep(0)
            busy -= 1
            return work()

        stored = await known.hash("correct horse battery")
        monkeypatch.setattr(asyncio, "to_thread", to_thread)
        flood = passwords.AT_A_TIME + passwords.WAITING + 5
        tries = [known.matches(stored, "wrong") for _ in range(flood)]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        assert most == passwords.AT_A_TIME
        assert sum(isinstance(outcome, PasswordsBusy) for outcome in outcomes) == 5
        assert outcomes.count(False) == flood - 5
        assert await known.matches(stored, "correct horse battery"), "and then all is well again"

    run(test)


def test_one_that_gives_up_waiting_keeps_nobody_else_from_a_turn() -> None:
    async def test(known: Argon2Passwords) -> None:
        stored = await known.hash("correct horse battery")
        async with asyncio.TaskGroup() as tasks:
            tries = [tasks.create_task(known.matches(stored, "wrong")) for _ in range(8)]
            await asyncio.sleep(0)
            for given_up in tries[::2]:
                given_up.cancel()
        for _ in range(passwords.AT_A_TIME + 1):
            assert await known.matches(stored, "correct horse battery")

    run(test)


def test_a_made_password_can_be_read_out_and_passes_the_rules() -> None:
    made = {generated() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        assert re.fullmatch(r"[a-z2-9]{5}(-[a-z2-9]{5}){3}", password)
        assert password_rules.fault(password, "alex") is None
