"""The desk's door around stores in memory, with two people who may come in, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

from gateway.accounts.account import Account
from gateway.accounts.accounts import Accounts
from gateway.accounts.audit import Audit
from gateway.accounts.sign_ins import SignIns
from tests import virtual_time
from tests.fakes.memory_accounts import MemoryAccounts
from tests.fakes.memory_desk_records import MemoryDeskRecords
from tests.fakes.plain_passwords import PlainPasswords

ALEX, SAM = "correct horse battery", "staple tram nineteen"
"Their passwords."


class Door:
    def __init__(self) -> None:
        now = asyncio.get_running_loop().time
        self.store = MemoryAccounts()
        self.records = MemoryDeskRecords()
        self.passwords = PlainPasswords()
        self.audit = Audit(self.records, now)
        self.accounts = Accounts(self.store, self.passwords, self.audit, now)
        self.sign_ins = SignIns(self.store, self.passwords, self.audit, now)

    async def furnish(self) -> None:
        await self.accounts.add(Account("", "alex", "Alex"), ALEX)
        await self.accounts.add(Account("", "sam", "Sam", "supervisor"), SAM)

    @property
    def actions(self) -> list[str]:
        """What the audit has, without the making of the accounts."""
        return [entry.action for entry in self.records.audit][2:]


def at_the_door(test: Callable[[Door], Awaitable[None]]) -> None:
    async def main() -> None:
        door = Door()
        await door.furnish()
        await test(door)

    virtual_time.run(main())
