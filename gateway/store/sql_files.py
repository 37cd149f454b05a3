"""The files of sessions, on a database."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.database import Database
from gateway.store.desk_records import UnknownContact
from gateway.store.file_store import ABANDONED_S, FileBounds, StoredFile, TooManyBytes, TooManyFiles
from gateway.store.store import SecondWriter
from gateway.store.tables import file_pieces, files, sessions
from pipelines.facts import Unavailable


class SqlFiles:
    """The `FileStore` in SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self, file_id: str, session_id: str, at: float, bounds: FileBounds, *, expected_bytes: int = 0
    ) -> None:
        """A file is about to come."""
        row = {"file_id": file_id, "session_id": session_id, "begun_at": at, "whole": False}
        abandoned = files.c.whole.is_(False) & (files.c.begun_at < at - ABANDONED_S)

        async def write(connection: AsyncConnection) -> None:
            await connection.execute(sa.delete(files).where(abandoned))
            await connection.execute(sa.insert(files), {**row, "size": expected_bytes})
            await _check(connection, session_id, bounds)

        try:
            await self._database.run("begin_file", write)
        except SecondWriter as error:
            raise UnknownContact(session_id) from error

    async def add(self, file_id: str, number: int, piece: bytes) -> None:
        """Its next piece."""
        row = {"file_id": file_id, "number": number, "data": piece}

        async def write(connection: AsyncConnection) -> None:
            await connection.execute(sa.insert(file_pieces), row)

        await self._database.run("add_to_file", write)

    async def finish(self, file: StoredFile, bounds: FileBounds) -> None:
        """It is whole."""
        coming = (files.c.file_id == file.file_id) & files.c.whole.is_(False)
        changes: dict[str, Any] = {
            "whole": True,
            "size": file.size,
            "media_type": file.media_type,
            "pii": {"name": file.name},
        }

        async def write(connection: AsyncConnection) -> None:
            done = await connection.execute(sa.update(files).where(coming).values(changes))
            if not done.rowcount:
                raise Unavailable("the file took too long, and was forgotten")
            await _check(connection, file.session_id, bounds)

        await self._database.run("finish_file", write)

    async def drop(self, file_id: str) -> None:
        """Forget it."""

        async def write(connection: AsyncConnection) -> None:
            await connection.execute(sa.delete(files).where(files.c.file_id == file_id))

        await self._database.run("drop_file", write)

    async def file(self, file_id: str) -> StoredFile | None:
        """One that is whole."""
        query = sa.select(files).where(files.c.file_id == file_id, files.c.whole.is_(True))

        async def select(connection: AsyncConnection) -> StoredFile | None:
            row = (await connection.execute(query)).mappings().one_or_none()
            if row is None:
                return None
            name = None if row["pii"] is None else row["pii"]["name"]
            return StoredFile(row["file_id"], row["session_id"], row["media_type"], row["size"], name)

        return await self._database.run("file", select)

    async def piece(self, file_id: str, number: int) -> bytes | None:
        """One piece of it."""
        query = sa.select(file_pieces.c.data).where(
            file_pieces.c.file_id == file_id, file_pieces.c.number == number
        )

        async def select(connection: AsyncConnection) -> bytes | None:
            found = (await connection.execute(query)).scalar_one_or_none()
            return None if found is None else bytes(found)

        return await self._database.run("piece_of_file", select)


async def _check(connection: AsyncConnection, session_id: str, bounds: FileBounds) -> None:
    """Count what the session has, this transaction's own file too; raises what is too much."""
    # One after the other: on PostgreSQL by the lock on the session's row (it lets events in), on SQLite
    # because a row was written before, and whoever writes is alone.
    mine = sessions.c.session_id == session_id
    await connection.execute(sa.select(sessions.c.session_id).where(mine).with_for_update(key_share=True))
    has = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(files.c.size), 0))
    count, total = (await connection.execute(has.where(files.c.session_id == session_id))).one()
    if count > bounds.count:
        raise TooManyFiles(session_id)
    if total > bounds.total_bytes:
        raise TooManyBytes(session_id)
