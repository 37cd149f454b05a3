"""Which sessions a telephone number has called in, on a database."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.caller_index import MOST
from gateway.store.database import Database, conflict_free_insert
from gateway.store.desk_records import UnknownContact
from gateway.store.store import SecondWriter
from gateway.store.tables import callers


class SqlCallerIndex:
    """The `CallerIndex` in SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, caller_key: str, session_id: str, at: float) -> None:
        """That this caller is in a session."""
        row = {"session_id": session_id, "caller_key": caller_key, "at": at}

        async def write(connection: AsyncConnection) -> None:
            insert = conflict_free_insert(connection, callers).values(row)
            changes = {"caller_key": caller_key, "at": at}
            await connection.execute(
                insert.on_conflict_do_update(index_elements=["session_id"], set_=changes)
            )

        try:
            await self._database.run("note_caller", write)
        except SecondWriter as error:
            raise UnknownContact(session_id) from error

    async def sessions(self, caller_key: str, *, since: float) -> list[str]:
        """Their sessions from that time on, the newest first."""
        query = (
            sa.select(callers.c.session_id)
            .where(callers.c.caller_key == caller_key, callers.c.at >= since)
            .order_by(callers.c.at.desc(), callers.c.session_id)
            .limit(MOST)
        )

        async def select(connection: AsyncConnection) -> list[str]:
            return [row[0] for row in (await connection.execute(query)).all()]

        return await self._database.run("sessions_of_caller", select)
