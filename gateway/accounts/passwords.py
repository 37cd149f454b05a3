"""Passwords as argon2id hashes (RFC 9106), made and compared in worker threads.

One comparison takes some 30 ms of a core and 19 MiB, so few run at a time and few wait: a flood of sign-ins
is answered `PasswordsBusy` and does not disturb calls.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Protocol, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from prometheus_client import Gauge, Histogram

from gateway.accounts import password_rules
from pipelines.facts import Unavailable

T = TypeVar("T")

AT_A_TIME = 2
WAITING = 32
"More are refused."

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"None that people take for another when they read it out."
_GROUPS, _GROUP = 4, 5
"99 bits."

PASSWORD_SECONDS = Histogram(
    "warmline_password_seconds", "Time to hash or compare a password, with the wait for a turn"
)
PASSWORDS_WAITING = Gauge("warmline_passwords_waiting", "Passwords that wait for a turn to be compared")


class PasswordsBusy(Unavailable):
    """Too many passwords are being compared: try again in a moment."""


class Passwords(Protocol):
    """Makes hashes of passwords and compares with them. Both raise `PasswordsBusy`."""

    async def hash(self, password: str) -> str:
        """What is stored for this password; another text each time."""

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether it is the password; with nothing stored it takes as long, and it is not."""

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash should be made anew the next time that the password is known."""


class Argon2Passwords:
    """`Passwords` by argon2id; the defaults are OWASP's for a server that does other work too."""

    def __init__(self, memory_kib: int = 19_456, passes: int = 2) -> None:
        self._argon2 = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        # Compared with when there is no account: it costs what every other one does.
        self._nobodys = self._argon2.hash(secrets.token_urlsafe())
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """What is stored for this password."""
        return await self._work(lambda: self._argon2.hash(password_rules.plain(password)))

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether it is the password."""
        text = password_rules.plain(password)
        right = await self._work(lambda: self._verify(stored or self._nobodys, text))
        return right and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether it was made with other costs than ours."""
        try:
            return self._argon2.check_needs_rehash(stored)
        except InvalidHashError:
            return True

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._argon2.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _work(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            raise PasswordsBusy("too many people sign in at the moment; try again in a few seconds")
        with PASSWORD_SECONDS.time():
            self._waiting += 1
            PASSWORDS_WAITING.set(self._waiting)
            try:
                await self._turns.acquire()
            finally:
                self._waiting -= 1
                PASSWORDS_WAITING.set(self._waiting)
            try:
                return await asyncio.to_thread(work)
            finally:
                self._turns.release()


def generated() -> str:
    """A password that nobody has to think of, easy to read out: `k3fmq-9xqdh-…`."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)
