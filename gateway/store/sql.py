"""The store of sessions on a database.

Events of all sessions go through one writer, which commits whatever has gathered while the commit before
was under way: fifty busy chats cost few transactions, and one chat alone waits for nobody. A batch that a
single entry spoils is written again entry by entry, so a session's fault stays its own.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from prometheus_client import Gauge
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.events import FACT, Event, SessionEnded
from gateway.session import Disposition, Session
from gateway.store.database import Database, open_database
from gateway.store.tables import events, sessions
from pipelines.facts import CustomerTurn, IdentityVerified, Unavailable

BATCH = 256
"Events in one transaction, at most."
WAITING = 4096
"Events that may wait for the writer; beyond it, whoever appends waits."

STORE_WAITING = Gauge("warmline_store_waiting", "Events waiting for the store's writer")


@dataclass(slots=True)
class _Entry:
    session_id: str
    event: Event
    done: asyncio.Future[None]


class SqlStore:
    """A `Store` on any database SQLAlchemy knows; made by `open_store`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._waiting: asyncio.Queue[_Entry] = asyncio.Queue(WAITING)

    async def create(self, session: Session) -> None:
        """Store a new session's record."""
        row = {column: getattr(session, column) for column in ("session_id", "token_hash", "channel")}

        async def insert(connection: AsyncConnection) -> None:
            await connection.execute(sa.insert(sessions), {**row, "started_at": session.started_at})

        await self.database.run("create", insert)

    async def session(self, session_id: str) -> Session | None:
        """The record, or None when there is no such session."""

        async def select(connection: AsyncConnection) -> Session | None:
            rows = await connection.execute(sa.select(sessions).where(sessions.c.session_id == session_id))
            row = rows.mappings().one_or_none()
            return None if row is None else _session(row)

        return await self.database.run("session", select)

    async def append(self, session_id: str, event: Event) -> None:
        """Store the next event of a session; durable when this returns."""
        entry = _Entry(session_id, event, asyncio.get_running_loop().create_future())
        await self._waiting.put(entry)
        STORE_WAITING.set(self._waiting.qsize())
        await entry.done

    async def events(self, session_id: str, *, after: int = 0, limit: int = 500) -> list[Event]:
        """At most `limit` events with a `seq` above `after`, in order."""
        query = sa.select(events).where(events.c.session_id == session_id, events.c.seq > after)

        async def select(connection: AsyncConnection) -> list[Event]:
            rows = await connection.execute(query.order_by(events.c.seq).limit(limit))
            return [_event(row) for row in rows.mappings()]

        return await self.database.run("events", select)

    async def check(self) -> None:
        """Return when the store can be written to: takes the write lock and lets it go."""

        async def touch(connection: AsyncConnection) -> None:
            await connection.execute(sa.delete(sessions).where(sa.false()))

        await self.database.run("check", touch)

    async def write_forever(self) -> None:
        """The writer; runs for as long as the store is open. Whoever still waits then is told so."""
        batch: list[_Entry] = []
        try:
            while True:
                batch = [await self._waiting.get()]
                while len(batch) < BATCH and not self._waiting.empty():
                    batch.append(self._waiting.get_nowait())
                STORE_WAITING.set(self._waiting.qsize())
                await self._write([entry for entry in batch if not entry.done.cancelled()])
        finally:
            while not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            for entry in batch:
                _settle(entry.done, Unavailable("the session store was closed"))

    async def _write(self, batch: Sequence[_Entry]) -> None:
        async def insert(connection: AsyncConnection) -> None:
            if batch:
                await connection.execute(sa.insert(events), [_row(entry) for entry in batch])
            for entry in batch:
                if changes := _record_changes(entry.event):
                    mine = sessions.c.session_id == entry.session_id
                    await connection.execute(sa.update(sessions).where(mine).values(changes))

        failure: Unavailable | None = None
        try:
            await self.database.run("append", insert)
        except Unavailable as error:
            if len(batch) > 1 and isinstance(error.__cause__, IntegrityError | DataError):
                for entry in batch:
                    await self._write([entry])
                return
            failure = error
        for entry in batch:
            _settle(entry.done, failure)


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[SqlStore]:
    """The store at an SQLAlchemy address, with its schema brought up to date.

    Raises `Unavailable` when it cannot be reached, or was made by a newer version.
    """
    async with open_database(url) as database, asyncio.TaskGroup() as tasks:
        store = SqlStore(database)
        writer = tasks.create_task(store.write_forever(), name="store writer")
        try:
            yield store
        finally:
            writer.cancel()


def _settle(done: asyncio.Future[None], failure: Unavailable | None) -> None:
    if done.done():
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)


def _row(entry: _Entry) -> dict[str, Any]:
    body = entry.event.fact.model_dump(mode="json")
    fact = entry.event.fact
    return {
        "session_id": entry.session_id,
        "seq": entry.event.seq,
        "at": entry.event.at,
        "type": body.pop("type"),
        "pii": body.pop("pii", None),
        "body": body,
        "client_id": fact.client_id if isinstance(fact, CustomerTurn) else None,
    }


def _event(row: Any) -> Event:
    pii = {} if row["pii"] is None else {"pii": row["pii"]}
    fact = FACT.validate_python({"type": row["type"], **row["body"], **pii})
    return Event(row["seq"], row["at"], fact)


def _record_changes(event: Event) -> dict[str, Any]:
    match event.fact:
        case IdentityVerified(customer_id=customer_id):
            return {"customer_id": customer_id}
        case SessionEnded(outcome=outcome, reason=reason, by=by):
            return {"ended_at": event.at, "outcome": outcome, "reason": reason, "ended_by": by}
    return {}


def _session(row: Any) -> Session:
    ending = (row["outcome"], row["reason"], row["ended_by"])
    return Session(
        session_id=row["session_id"],
        token_hash=row["token_hash"],
        channel=row["channel"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        disposition=None if row["outcome"] is None else Disposition(*ending),
        customer_id=row["customer_id"],
    )
