"""Signing in and out, and who is behind a token.

Errors::

    WrongCredentials     the name or the password is wrong; which of them is not told
    Disabled             the password is right, and the account may not be used
    WeakPassword         the new password is refused; the text says why
    NotSignedIn          no token, an unknown one, or one whose time is over
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Literal

import structlog
from prometheus_client import Counter

from gateway.accounts import password_rules
from gateway.accounts.account import InvalidAccount, sign_in_name
from gateway.accounts.audit import Audit
from gateway.accounts.desk_session import (
    LONGEST_TOKEN,
    MOST_AT_A_TIME,
    DeskSession,
    Signed,
    open_desk_session,
    token_hash,
)
from gateway.accounts.passwords import Passwords
from gateway.store.account_store import AccountStore, Credentials
from pipelines.facts import Unavailable

log = structlog.get_logger()

LOOK_EVERY_S = 15.0
"A connection that lasts asks so often whether it still may."
TOUCH_EVERY_S = 60.0
"`seen_at` is written so often at most."

SIGN_INS = Counter("warmline_sign_ins_total", "Tries to sign in at the desk", ["outcome"])

Ending = Literal["expired", "ended"]
"It was idle for too long or is too old; or the person signed out, or their rights changed."


class WrongCredentials(Exception):
    """The name or the password is wrong."""


class Disabled(Exception):
    """The account may not be used."""


class WeakPassword(Exception):
    """The password is refused; the text says why."""


class NotSignedIn(Exception):
    """Nobody is behind this token, or not any more."""


class SignIns:
    """The door of the desk."""

    def __init__(
        self,
        store: AccountStore,
        passwords: Passwords,
        audit: Audit,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._audit = audit
        self._now = now
        self._watching: dict[str, set[asyncio.Event]] = {}

    async def sign_in(self, name: str, password: str, former: str | None = None) -> tuple[Signed, str]:
        """Let a person in; gives a new token. `former`: the browser's token so far, which ends.

        Raises `WrongCredentials`, `Disabled`, `PasswordsBusy`, `Unavailable`.
        """
        found = await self._credentials(name)
        right = await self._passwords.matches(found.password_hash if found else None, password)
        if found is None:
            SIGN_INS.labels("unknown").inc()
            raise WrongCredentials
        agent_id = found.account.agent_id
        if not right:
            SIGN_INS.labels("wrong").inc()
            await self._audit.note(agent_id, "sign_in_refused", why="password")
            raise WrongCredentials
        if not found.account.enabled:
            SIGN_INS.labels("disabled").inc()
            await self._audit.note(agent_id, "sign_in_refused", why="disabled")
            raise Disabled
        if self._passwords.is_outdated(found.password_hash):
            renewed = await self._passwords.hash(password)
            await self._store.renew_hash(agent_id, found.password_hash, renewed)
        await self._audit.note(agent_id, "sign_in")
        opened = await self._open(found, found.generation)
        await self._forget(former)
        SIGN_INS.labels("done").inc()
        log.info("signed in", agent_id=agent_id)
        return opened

    async def signed_in(self, token: str | None, *, by_itself: bool = False) -> Signed:
        """Who is behind this token; they are seen to do something. Raises `NotSignedIn`, `Unavailable`.

        `by_itself`: their page asks, and they do nothing; so it does not keep the sign-in from ending.
        """
        signed = await self._look(token)
        if signed is None:
            raise NotSignedIn
        if not by_itself:
            await self._touch(signed.session)
        return signed

    async def sign_out(self, token: str | None) -> None:
        """End the sign-in behind this token, if there is one. Raises `Unavailable`."""
        signed = await self._look(token)
        await self._forget(token)
        if signed is not None:
            agent_id = signed.account.agent_id
            self._wake(agent_id)
            await self._audit.note(agent_id, "sign_out")

    async def change_password(self, signed: Signed, current: str, new: str) -> tuple[Signed, str]:
        """Give a person another password of their choice; all their sign-ins end, and a new one begins.

        Raises `WrongCredentials`, `WeakPassword`, `PasswordsBusy`, `Unavailable`.
        """
        account = signed.account
        found = await self._store.credentials(account.name)
        right = await self._passwords.matches(found.password_hash if found else None, current)
        if found is None or not right:
            await self._audit.note(account.agent_id, "password_refused", why="password")
            raise WrongCredentials
        if fault := password_rules.fault(new, account.name, account.display_name):
            raise WeakPassword(fault)
        await self._audit.note(account.agent_id, "password")
        generation = await self._store.set_password(account.agent_id, await self._passwords.hash(new))
        if generation is None:
            raise WrongCredentials
        self._wake(account.agent_id)
        return await self._open(found, generation)

    async def until_over(self, signed: Signed, in_use: Callable[[], bool]) -> Ending:
        """Return once this sign-in is over; for a connection that lasts.

        `in_use` says whether the person did something since it was last asked, or is with a customer. A
        store that is down ends nobody's sign-in before its time.
        """
        session, agent_id, woken = signed.session, signed.account.agent_id, asyncio.Event()
        self._watching.setdefault(agent_id, set()).add(woken)
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await woken.wait()
                woken.clear()
                try:
                    if in_use():
                        await self._touch(session)
                    found = await self._store.session(session.token_hash)
                except Unavailable:
                    if session.expired(self._now()):
                        return "expired"
                    continue
                if found is None:
                    return "ended"
                session = found.session
                if session.expired(self._now()):
                    return "expired"
        finally:
            watching = self._watching[agent_id]
            watching.discard(woken)
            if not watching:
                del self._watching[agent_id]

    async def _credentials(self, name: str) -> Credentials | None:
        try:
            return await self._store.credentials(sign_in_name(name))
        except InvalidAccount:
            return None

    async def _look(self, token: str | None) -> Signed | None:
        if not token or len(token) > LONGEST_TOKEN:
            return None
        signed = await self._store.session(token_hash(token))
        return None if signed is None or signed.session.expired(self._now()) else signed

    async def _touch(self, session: DeskSession) -> None:
        if self._now() - session.seen_at >= TOUCH_EVERY_S:
            await self._store.touch_session(session.token_hash, self._now())

    async def _open(self, found: Credentials, generation: int) -> tuple[Signed, str]:
        session, token = open_desk_session(found.account.agent_id, generation, self._now())
        await self._store.open_session(session, keep=MOST_AT_A_TIME)
        return Signed(found.account, session), token

    async def _forget(self, token: str | None) -> None:
        if token and len(token) <= LONGEST_TOKEN:
            await self._store.end_session(token_hash(token))

    def _wake(self, agent_id: str) -> None:
        """Let this person's connections look at once."""
        for woken in self._watching.get(agent_id, ()):
            woken.set()
