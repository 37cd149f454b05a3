import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.database import open_database
from gateway.store.desk_records import AuditEntry
from gateway.store.sql import open_store
from gateway.store.sql_desk_records import SqlDeskRecords
from gateway.store.tables import audit
from pipelines.facts import Unavailable
from tests.contracts.desk_records import DeskRecordsContract, Opened


def opened(url: str) -> AbstractAsyncContextManager[Opened]:
    @asynccontextmanager
    async def records() -> AsyncIterator[Opened]:
        async with open_store(url) as store:
            yield Opened(store, SqlDeskRecords(store.database))

    return records()


def check_that_the_audit_cannot_be_rewritten(url: str) -> None:
    async def rewrite(connection: AsyncConnection) -> None:
        await connection.execute(sa.update(audit).values(agent_id="a_somebody_else"))

    async def main() -> None:
        async with open_database(url) as database:
            records = SqlDeskRecords(database)
            await records.note(AuditEntry(1.0, "a_1", "message"))
            with pytest.raises(Unavailable):
                await database.run("rewrite", rewrite)
            assert [entry.agent_id for entry in await records.entries()] == ["a_1"]

    asyncio.run(main())


class TestSqlite(DeskRecordsContract):
    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.url = f"sqlite+aiosqlite:///{tmp_path / 'desk.sqlite'}"

    def opened(self) -> AbstractAsyncContextManager[Opened]:
        return opened(self.url)

    def test_the_audit_cannot_be_rewritten(self) -> None:
        check_that_the_audit_cannot_be_rewritten(self.url)


@pytest.mark.postgres
class TestPostgres(DeskRecordsContract):
    @pytest.fixture(autouse=True)
    def _server(self, postgres_url: str) -> None:
        self.url = postgres_url

    def opened(self) -> AbstractAsyncContextManager[Opened]:
        return opened(self.url)

    def test_the_audit_cannot_be_rewritten(self) -> None:
        check_that_the_audit_cannot_be_rewritten(self.url)
