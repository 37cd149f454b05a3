"""What keeps accounts and sign-ins, whichever database is behind it.

An account's generation is the store's: it rises in the same transaction as whatever takes rights away.
"""

from dataclasses import dataclass
from typing import Protocol

from gateway.accounts.account import Account
from gateway.accounts.desk_session import DeskSession, Signed


class NameTaken(Exception):
    """Somebody has this sign-in name already."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sign-in is decided by."""

    account: Account
    password_hash: str
    generation: int


class AccountStore(Protocol):
    """Every method raises `Unavailable` when the store cannot do its work."""

    async def add(self, account: Account, password_hash: str) -> None:
        """Store a new account. Raises `NameTaken`."""

    async def accounts(self) -> list[Account]:
        """All of them, by name."""

    async def credentials(self, name: str) -> Credentials | None:
        """Those of the account with this sign-in name."""

    async def change(self, account: Account) -> bool:
        """Replace everything but id, name and password of the account with this id; False: there is none.

        Another role, or being enabled or disabled, raises its generation.
        """

    async def set_password(self, agent_id: str, password_hash: str) -> int | None:
        """Another password; gives the new generation. None: there is no such account."""

    async def renew_hash(self, agent_id: str, old_hash: str, new_hash: str) -> None:
        """The same password hashed anew, unless it was changed meanwhile; its generation stays."""

    async def open_session(self, session: DeskSession, *, keep: int) -> None:
        """Store a sign-in, forgetting all but the `keep` newest of this person, and expired ones."""

    async def session(self, token_hash: str) -> Signed | None:
        """The sign-in with its account, if it is the account's generation and the account is enabled."""

    async def touch_session(self, token_hash: str, at: float) -> None:
        """The person did something."""

    async def end_session(self, token_hash: str) -> None:
        """Forget a sign-in."""
