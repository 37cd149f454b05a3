"""Accounts and sign-ins on a database."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.accounts.account import Account
from gateway.accounts.desk_session import ABSOLUTE_S, IDLE_S, DeskSession, Signed
from gateway.store.account_store import Credentials, NameTaken
from gateway.store.database import Database
from gateway.store.store import SecondWriter
from gateway.store.tables import accounts, desk_sessions


class SqlAccounts:
    """An `AccountStore` in SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, account: Account, password_hash: str) -> None:
        """Store a new account."""
        row = {
            **_columns(account),
            "agent_id": account.agent_id,
            "name": account.name,
            "created_at": account.created_at,
            "password_hash": password_hash,
            "generation": 1,
        }

        async def insert(connection: AsyncConnection) -> None:
            await connection.execute(sa.insert(accounts), row)

        try:
            await self._database.run("add_account", insert)
        except SecondWriter as error:
            raise NameTaken(account.name) from error

    async def accounts(self) -> list[Account]:
        """All of them, by name."""

        async def select(connection: AsyncConnection) -> list[Account]:
            rows = await connection.execute(sa.select(accounts).order_by(accounts.c.name))
            return [_account(row) for row in rows.mappings()]

        return await self._database.run("accounts", select)

    async def credentials(self, name: str) -> Credentials | None:
        """Those of the account with this sign-in name."""

        async def select(connection: AsyncConnection) -> Credentials | None:
            rows = await connection.execute(sa.select(accounts).where(accounts.c.name == name))
            row = rows.mappings().one_or_none()
            if row is None:
                return None
            return Credentials(_account(row), row["password_hash"], row["generation"])

        return await self._database.run("credentials", select)

    async def change(self, account: Account) -> bool:
        """Replace everything but id, name and password."""
        same = sa.and_(accounts.c.role == account.role, accounts.c.enabled == account.enabled)
        raised = accounts.c.generation + sa.case((same, 0), else_=1)
        mine = accounts.c.agent_id == account.agent_id

        async def update(connection: AsyncConnection) -> bool:
            changes = {**_columns(account), "generation": raised}
            done = await connection.execute(sa.update(accounts).where(mine).values(changes))
            return done.rowcount == 1

        return await self._database.run("change_account", update)

    async def set_password(self, agent_id: str, password_hash: str) -> int | None:
        """Another password; gives the new generation."""
        change = (
            sa.update(accounts)
            .where(accounts.c.agent_id == agent_id)
            .values(password_hash=password_hash, generation=accounts.c.generation + 1)
            .returning(accounts.c.generation)
        )

        async def update(connection: AsyncConnection) -> int | None:
            generation: int | None = (await connection.execute(change)).scalar_one_or_none()
            return generation

        return await self._database.run("set_password", update)

    async def renew_hash(self, agent_id: str, old_hash: str, new_hash: str) -> None:
        """The same password hashed anew, unless it was changed meanwhile."""
        unchanged = sa.and_(accounts.c.agent_id == agent_id, accounts.c.password_hash == old_hash)

        async def update(connection: AsyncConnection) -> None:
            await connection.execute(sa.update(accounts).where(unchanged).values(password_hash=new_hash))

        await self._database.run("renew_hash", update)

    async def open_session(self, session: DeskSession, *, keep: int) -> None:
        """Store a sign-in, forgetting what is beyond `keep`, and expired ones."""
        columns = ("token_hash", "agent_id", "generation", "opened_at", "seen_at")
        row = {column: getattr(session, column) for column in columns}
        now, at = session.opened_at, desk_sessions.c
        newest = (
            sa.select(at.token_hash)
            .where(at.agent_id == session.agent_id)
            .order_by(at.opened_at.desc(), at.token_hash)
            .limit(keep)
        )
        expired = sa.or_(at.seen_at <= now - IDLE_S, at.opened_at <= now - ABSOLUTE_S)
        beyond = sa.and_(at.agent_id == session.agent_id, at.token_hash.not_in(newest))

        async def insert(connection: AsyncConnection) -> None:
            await connection.execute(sa.insert(desk_sessions), row)
            await connection.execute(sa.delete(desk_sessions).where(sa.or_(expired, beyond)))

        await self._database.run("open_desk_session", insert)

    async def session(self, token_hash: str) -> Signed | None:
        """The sign-in with its account."""
        at = desk_sessions.c
        current = sa.and_(at.agent_id == accounts.c.agent_id, at.generation == accounts.c.generation)
        query = (
            sa.select(accounts, at.token_hash, at.opened_at, at.seen_at)
            .join(desk_sessions, current)
            .where(at.token_hash == token_hash, accounts.c.enabled)
        )

        async def select(connection: AsyncConnection) -> Signed | None:
            row = (await connection.execute(query)).mappings().one_or_none()
            return None if row is None else Signed(_account(row), _session(row))

        return await self._database.run("desk_session", select)

    async def touch_session(self, token_hash: str, at: float) -> None:
        """The person did something."""
        mine = sa.and_(desk_sessions.c.token_hash == token_hash, desk_sessions.c.seen_at < at)

        async def update(connection: AsyncConnection) -> None:
            await connection.execute(sa.update(desk_sessions).where(mine).values(seen_at=at))

        await self._database.run("touch_desk_session", update)

    async def end_session(self, token_hash: str) -> None:
        """Forget a sign-in."""

        async def delete(connection: AsyncConnection) -> None:
            mine = desk_sessions.c.token_hash == token_hash
            await connection.execute(sa.delete(desk_sessions).where(mine))

        await self._database.run("end_desk_session", delete)


def _columns(account: Account) -> dict[str, Any]:
    """What may change in an account, as columns."""
    return {
        "display_name": account.display_name,
        "role": account.role,
        "enabled": account.enabled,
        "profile": {
            "queues": sorted(account.queues),
            "skills": dict(account.skills),
            "languages": sorted(account.languages),
            "capacity": dict(account.capacity),
        },
    }


def _account(row: Any) -> Account:
    profile = row["profile"]
    return Account(
        agent_id=row["agent_id"],
        name=row["name"],
        display_name=row["display_name"],
        role=row["role"],
        queues=frozenset(profile["queues"]),
        skills=profile["skills"],
        languages=frozenset(profile["languages"]),
        capacity=profile["capacity"],
        enabled=row["enabled"],
        created_at=row["created_at"],
    )


def _session(row: Any) -> DeskSession:
    columns = ("token_hash", "agent_id", "generation", "opened_at", "seen_at")
    return DeskSession(**{column: row[column] for column in columns})
