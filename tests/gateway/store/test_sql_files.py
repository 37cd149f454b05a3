import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import session as sessions
from gateway.store import tables
from gateway.store.sql import open_store
from gateway.store.sql_files import SqlFiles
from gateway.store.store import SecondWriter
from pipelines.facts import Unavailable
from tests.contracts.files import BOUNDS, FileStoreContract, OpenedFiles, stored


class SqlFilesContract(FileStoreContract):
    """Beside the contract: what becomes of files when their session's data is erased."""

    url: str

    def opened(self) -> AbstractAsyncContextManager[OpenedFiles]:
        @asynccontextmanager
        async def files() -> AsyncIterator[OpenedFiles]:
            async with open_store(self.url) as store:
                yield OpenedFiles(store, SqlFiles(store.database))

        return files()

    def erased(self, *statements: sa.Executable) -> tuple[str | None, bool, int]:
        """A file after these: its name, whether it is there, and how many pieces of it."""

        async def main() -> tuple[str | None, bool, int]:
            async with open_store(self.url) as store:
                files = SqlFiles(store.database)
                session, _ = sessions.begin("chat", 1000.0)
                await store.create(session)
                await files.begin("file_a", session.session_id, 10.0, BOUNDS)
                await files.add("file_a", 0, b"abcdef")
                await files.finish(stored(session.session_id), BOUNDS)

                async def erase(connection: AsyncConnection) -> int:
                    for statement in statements:
                        await connection.execute(statement)
                    pieces = sa.select(sa.func.count()).select_from(tables.file_pieces)
                    return int((await connection.execute(pieces)).scalar_one())

                pieces = await store.database.run("erase", erase)
                file = await files.file("file_a")
                return (None if file is None else file.name), file is not None, pieces

        return asyncio.run(main())

    def test_the_files_of_a_session_go_with_it_to_the_last_piece(self) -> None:
        assert self.erased(sa.delete(tables.sessions)) == (None, False, 0)

    def test_a_file_whose_personal_data_was_erased_has_no_name(self) -> None:
        assert self.erased(sa.update(tables.files).values(pii=None)) == (None, True, 1)

    def test_what_was_forgotten_meanwhile_can_be_neither_added_to_nor_finished(self) -> None:
        async def main() -> None:
            async with open_store(self.url) as store:
                files = SqlFiles(store.database)
                session, _ = sessions.begin("chat", 1000.0)
                await store.create(session)
                await files.begin("file_a", session.session_id, 10.0, BOUNDS)
                await files.drop("file_a")
                with pytest.raises(SecondWriter):
                    await files.add("file_a", 0, b"abcdef")
                with pytest.raises(Unavailable, match="took too long"):
                    await files.finish(stored(session.session_id), BOUNDS)

        asyncio.run(main())


class TestSqlite(SqlFilesContract):
    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.url = f"sqlite+aiosqlite:///{tmp_path / 'files.sqlite'}"


@pytest.mark.postgres
class TestPostgres(SqlFilesContract):
    @pytest.fixture(autouse=True)
    def _server(self, postgres_url: str) -> None:
        self.url = postgres_url
