"""Adding people, changing and disabling them: what whoever runs the gateway does, at its own machine.

Every step is in the audit before it is done. What takes rights away ends the person's sign-ins.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import replace

from gateway.accounts import password_rules
from gateway.accounts.account import Account
from gateway.accounts.audit import CONSOLE, Audit
from gateway.accounts.passwords import Passwords
from gateway.accounts.permissions import DeskRole
from gateway.accounts.sign_ins import WeakPassword
from gateway.store.account_store import AccountStore


class UnknownAccount(Exception):
    """Nobody has this sign-in name."""


class Accounts:
    """Everybody who works at the desk. Methods raise `Unavailable` when the store cannot do its work."""

    def __init__(
        self, store: AccountStore, passwords: Passwords, audit: Audit, now: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._audit = audit
        self._now = now

    async def all(self) -> list[Account]:
        """Everybody, by name."""
        return await self._store.accounts()

    async def named(self, name: str) -> Account:
        """The account with this sign-in name. Raises `UnknownAccount`."""
        found = await self._store.credentials(name)
        if found is None:
            raise UnknownAccount(name)
        return found.account

    async def add(self, wanted: Account, password: str) -> Account:
        """Make an account; it gets an id of its own. Raises `WeakPassword`, `NameTaken`."""
        account = replace(wanted, agent_id=f"a_{secrets.token_urlsafe(12)}", created_at=self._now())
        hashed = await self._hash(account, password)
        await self._audit.note(CONSOLE, "account_added", agent=account.agent_id, role=account.role)
        await self._store.add(account, hashed)
        return account

    async def change(self, changed: Account) -> None:
        """Other queues, skills, names or capacity. Raises `UnknownAccount`."""
        await self._audit.note(CONSOLE, "account_changed", agent=changed.agent_id)
        await self._store_change(changed)

    async def enable(self, name: str, enabled: bool) -> Account:
        """Let a person sign in, or not any more. Raises `UnknownAccount`."""
        account = replace(await self.named(name), enabled=enabled)
        action = "account_enabled" if enabled else "account_disabled"
        await self._audit.note(CONSOLE, action, agent=account.agent_id)
        await self._store_change(account)
        return account

    async def set_role(self, name: str, role: DeskRole) -> Account:
        """Let a person do more, or less. Raises `UnknownAccount`."""
        account = replace(await self.named(name), role=role)
        await self._audit.note(CONSOLE, "account_role", agent=account.agent_id, role=role)
        await self._store_change(account)
        return account

    async def set_password(self, name: str, password: str) -> None:
        """Another password. Raises `UnknownAccount`, `WeakPassword`."""
        account = await self.named(name)
        hashed = await self._hash(account, password)
        await self._audit.note(CONSOLE, "account_password", agent=account.agent_id)
        if await self._store.set_password(account.agent_id, hashed) is None:
            raise UnknownAccount(name)

    async def _hash(self, account: Account, password: str) -> str:
        if fault := password_rules.fault(password, account.name, account.display_name):
            raise WeakPassword(fault)
        return await self._passwords.hash(password)

    async def _store_change(self, account: Account) -> None:
        if not await self._store.change(account):
            raise UnknownAccount(account.name)
