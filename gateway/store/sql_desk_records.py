"""What the desk leaves behind, on a database."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.database import Database, conflict_free_insert
from gateway.store.desk_records import (
    PAGE,
    AuditEntry,
    FollowUp,
    FollowUpKind,
    PastContact,
    UnknownContact,
    WrapUp,
)
from gateway.store.store import SecondWriter
from gateway.store.tables import audit, follow_ups, sessions, summaries, wrap_ups


class SqlDeskRecords:
    """The `DeskRecords` in SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, entry: AuditEntry) -> None:
        """Add an entry to the audit."""
        columns = ("at", "agent_id", "action", "session_id")
        row = {**{column: getattr(entry, column) for column in columns}, "details": dict(entry.details)}

        async def insert(connection: AsyncConnection) -> None:
            await connection.execute(sa.insert(audit), row)

        await self._database.run("note", insert)

    async def entries(
        self, *, session_id: str | None = None, agent_id: str | None = None, before: int | None = None
    ) -> list[AuditEntry]:
        """The newest first, at most `PAGE`."""
        query = sa.select(audit).order_by(audit.c.entry.desc()).limit(PAGE)
        if session_id is not None:
            query = query.where(audit.c.session_id == session_id)
        if agent_id is not None:
            query = query.where(audit.c.agent_id == agent_id)
        if before is not None:
            query = query.where(audit.c.entry < before)
        rows = await self._rows("audit", query)
        columns = ("at", "agent_id", "action", "session_id", "details", "entry")
        return [AuditEntry(*(row[column] for column in columns)) for row in rows]

    async def keep_wrap_up(self, wrap_up: WrapUp) -> None:
        """Store how an agent left a contact."""
        key = ("handoff_id", "agent_id")
        columns = ("session_id", "disposition", "follow_up_id", "at")
        row = {column: getattr(wrap_up, column) for column in (*key, *columns)}
        row["pii"] = {"notes": wrap_up.notes}

        async def write(connection: AsyncConnection) -> None:
            insert = conflict_free_insert(connection, wrap_ups).values(row)
            changes = {column: row[column] for column in (*columns, "pii")}
            newer = wrap_ups.c.at <= wrap_up.at
            await connection.execute(
                insert.on_conflict_do_update(index_elements=key, set_=changes, where=newer)
            )

        await self._write("keep_wrap_up", write, wrap_up.session_id)

    async def wrap_ups(self, session_id: str) -> list[WrapUp]:
        """Those of one session, the oldest first."""
        query = sa.select(wrap_ups).where(wrap_ups.c.session_id == session_id).order_by(wrap_ups.c.at)
        return [_wrap_up(row) for row in await self._rows("wrap_ups", query)]

    async def add_follow_up(self, follow_up: FollowUp) -> None:
        """Store something that is owed."""
        pii = {"number": follow_up.number, "words": follow_up.words}
        row = {**{column: getattr(follow_up, column) for column in _FOLLOW_UP}, "pii": pii}

        async def write(connection: AsyncConnection) -> None:
            insert = conflict_free_insert(connection, follow_ups).values(row)
            await connection.execute(insert.on_conflict_do_nothing(index_elements=["follow_up_id"]))

        await self._write("add_follow_up", write, follow_up.session_id)

    async def due_follow_ups(
        self, now: float, limit: int = PAGE, *, kind: FollowUpKind | None = None
    ) -> list[FollowUp]:
        """Open ones whose time has come and that nobody holds."""
        query = sa.select(follow_ups).where(_OPEN, follow_ups.c.due_at <= now, _nobodys(now))
        if kind is not None:
            query = query.where(follow_ups.c.kind == kind)
        return await self._follow_ups("due_follow_ups", query.limit(limit))

    async def open_follow_ups(
        self, limit: int = PAGE, *, queues: Collection[str] | None = None
    ) -> list[FollowUp]:
        """All open ones, the next due first."""
        query = sa.select(follow_ups).where(_OPEN)
        if queues is not None:
            query = query.where(follow_ups.c.queue.in_(sorted(queues)))
        return await self._follow_ups("open_follow_ups", query.limit(limit))

    async def count_follow_ups(self, now: float, *, queues: Collection[str] | None = None) -> tuple[int, int]:
        """How many are open, and how many of them are due."""
        due = sa.func.coalesce(sa.func.sum(sa.case((follow_ups.c.due_at <= now, 1), else_=0)), 0)
        query = sa.select(sa.func.count().label("open"), due.label("due")).where(_OPEN)
        if queues is not None:
            query = query.where(follow_ups.c.queue.in_(sorted(queues)))
        [row] = await self._rows("count_follow_ups", query)
        return int(row["open"]), int(row["due"])

    async def follow_up(self, follow_up_id: str) -> FollowUp | None:
        """One, closed or not."""
        query = sa.select(follow_ups).where(follow_ups.c.follow_up_id == follow_up_id)
        return next(iter(await self._follow_ups("follow_up", query)), None)

    async def follow_ups_of(self, session_id: str) -> list[FollowUp]:
        """Those of one session, closed ones too."""
        query = sa.select(follow_ups).where(follow_ups.c.session_id == session_id)
        return await self._follow_ups("follow_ups_of", query)

    async def claim_follow_up(self, follow_up_id: str, *, until: float, now: float) -> bool:
        """Take one on; the row's own lock makes one of many win."""
        changes = {"claimed_until": until, "attempts": follow_ups.c.attempts + 1}
        return await self._change("claim_follow_up", follow_up_id, changes, _nobodys(now))

    async def put_off_follow_up(self, follow_up_id: str, due_at: float, *, tried: bool = True) -> bool:
        """Try it again at another time."""
        changes: dict[str, Any] = {"due_at": due_at, "claimed_until": None}
        if not tried:
            changes["attempts"] = follow_ups.c.attempts - 1
        return await self._change("put_off_follow_up", follow_up_id, changes)

    async def leave_to_people(self, follow_up_id: str) -> bool:
        """A callback becomes a task."""
        changes = {"kind": "task", "claimed_until": None}
        return await self._change("leave_to_people", follow_up_id, changes)

    async def close_follow_up(self, follow_up_id: str, outcome: str, at: float) -> bool:
        """It is done, or will never be."""
        changes = {"state": "closed", "outcome": outcome, "closed_at": at}
        return await self._change("close_follow_up", follow_up_id, changes)

    async def keep_summary(self, session_id: str, lines: Sequence[str], at: float) -> None:
        """Store the newest summary of a session."""
        row = {"session_id": session_id, "at": at, "pii": {"lines": list(lines)}}

        async def write(connection: AsyncConnection) -> None:
            insert = conflict_free_insert(connection, summaries).values(row)
            changes = {"at": at, "pii": row["pii"]}
            newer = summaries.c.at <= at
            await connection.execute(
                insert.on_conflict_do_update(index_elements=["session_id"], set_=changes, where=newer)
            )

        await self._write("keep_summary", write, session_id)

    async def summaries(self, session_ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """The newest summary of each session."""
        query = sa.select(summaries).where(summaries.c.session_id.in_(sorted(session_ids)))
        rows = await self._rows("summaries", query)
        return {row["session_id"]: tuple((row["pii"] or {}).get("lines", ())) for row in rows}

    async def history(
        self, customer_id: str, *, besides: str | None = None, limit: int = 20
    ) -> list[PastContact]:
        """A customer's sessions, the newest first."""
        newest = (
            sa.select(wrap_ups.c.disposition)
            .where(wrap_ups.c.session_id == sessions.c.session_id)
            .order_by(wrap_ups.c.at.desc())
            .limit(1)
            .scalar_subquery()
        )
        query = (
            sa.select(sessions, newest.label("disposition"), summaries.c.pii.label("summary"))
            .outerjoin(summaries, summaries.c.session_id == sessions.c.session_id)
            .where(sessions.c.customer_id == customer_id, sessions.c.session_id != (besides or ""))
            .order_by(sessions.c.started_at.desc(), sessions.c.session_id)
            .limit(limit)
        )
        return [_past_contact(row) for row in await self._rows("history", query)]

    async def _rows(self, operation: str, query: "sa.Select[Any]") -> Sequence[Any]:
        async def select(connection: AsyncConnection) -> Sequence[Any]:
            rows: Sequence[Any] = (await connection.execute(query)).mappings().all()
            return rows

        return await self._database.run(operation, select)

    async def _follow_ups(self, operation: str, query: "sa.Select[Any]") -> list[FollowUp]:
        ordered = query.order_by(follow_ups.c.due_at, follow_ups.c.follow_up_id)
        return [_follow_up(row) for row in await self._rows(operation, ordered)]

    async def _change(
        self,
        operation: str,
        follow_up_id: str,
        changes: dict[str, Any],
        *conditions: "sa.ColumnElement[bool]",
    ) -> bool:
        mine = follow_ups.c.follow_up_id == follow_up_id

        async def update(connection: AsyncConnection) -> bool:
            change = sa.update(follow_ups).where(mine, _OPEN, *conditions).values(changes)
            return (await connection.execute(change)).rowcount == 1

        return await self._database.run(operation, update)

    async def _write(
        self, operation: str, work: Callable[[AsyncConnection], Awaitable[None]], session_id: str
    ) -> None:
        """One transaction that fails with `UnknownContact` when its row points to no session."""
        try:
            await self._database.run(operation, work)
        except SecondWriter as error:
            raise UnknownContact(session_id) from error


_FOLLOW_UP = (
    *("follow_up_id", "session_id", "kind", "queue", "due_at", "created_at", "created_by"),
    *("state", "attempts", "outcome"),
)
_OPEN = follow_ups.c.state == "open"


def _nobodys(now: float) -> "sa.ColumnElement[bool]":
    return sa.or_(follow_ups.c.claimed_until.is_(None), follow_ups.c.claimed_until <= now)


def _follow_up(row: Any) -> FollowUp:
    pii = row["pii"] or {}
    columns = {column: row[column] for column in _FOLLOW_UP}
    return FollowUp(**columns, number=pii.get("number"), words=pii.get("words", ""))


def _wrap_up(row: Any) -> WrapUp:
    columns = ("session_id", "handoff_id", "agent_id", "disposition", "at", "follow_up_id")
    return WrapUp(**{column: row[column] for column in columns}, notes=(row["pii"] or {}).get("notes", ""))


def _past_contact(row: Any) -> PastContact:
    columns = ("session_id", "channel", "started_at", "ended_at", "outcome", "disposition")
    lines = (row["summary"] or {}).get("lines", ())
    return PastContact(**{column: row[column] for column in columns}, summary=tuple(lines))
