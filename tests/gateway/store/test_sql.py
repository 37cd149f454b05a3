import asyncio
import sqlite3
import subprocess
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway import session as sessions
from gateway.session import Session
from gateway.store.sql import SqlStore, open_store
from gateway.store.store import Store
from pipelines.facts import Unavailable
from tests.contracts.store import StoreContract, turn


class TestSqlite(StoreContract):
    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.url = f"sqlite+aiosqlite:///{tmp_path / 'state' / 'sessions.sqlite'}"

    def opened(self) -> AbstractAsyncContextManager[Store]:
        return open_store(self.url)

    def test_what_was_stored_is_there_after_reopening(self) -> None:
        async def write() -> Session:
            async with open_store(self.url) as store:
                session, _ = sessions.begin("chat", 1.0)
                await store.create(session)
                await store.append(session.session_id, turn(1, "m1"))
                return session

        async def read(session: Session) -> None:
            async with open_store(self.url) as store:
                assert await store.session(session.session_id) == session
                assert await store.events(session.session_id) == [turn(1, "m1")]

        asyncio.run(read(asyncio.run(write())))

    def test_a_full_disk_fails_the_event_and_nothing_else(self) -> None:
        async def fill(store: SqlStore, session: Session) -> int:
            sa.event.listen(store.database.engine.sync_engine, "begin", _allow_no_more_pages)
            for seq in range(1, 50):
                try:
                    await store.append(session.session_id, turn(seq, text="x" * 4000))
                except Unavailable as error:
                    assert "OperationalError" in str(error)
                    return seq
            raise AssertionError("the disk never filled")

        async def main() -> None:
            async with open_store(self.url) as store:
                session, _ = sessions.begin("chat", 1.0)
                await store.create(session)
                full_at = await fill(store, session)
                assert len(await store.events(session.session_id)) == full_at - 1
                sa.event.remove(store.database.engine.sync_engine, "begin", _allow_no_more_pages)
                sa.event.listen(store.database.engine.sync_engine, "begin", _allow_many_pages)
                await store.append(session.session_id, turn(full_at))
                assert len(await store.events(session.session_id)) == full_at

        asyncio.run(main())

    def test_a_database_of_a_newer_version_is_refused_with_advice(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with open_store(self.url):
                pass
            with sqlite3.connect(tmp_path / "state" / "sessions.sqlite") as database:
                database.execute("UPDATE alembic_version SET version_num = '9999'")
            database.close()
            with pytest.raises(Unavailable, match="update Warmline"):
                async with open_store(self.url):
                    raise AssertionError("it opened")

        asyncio.run(main())

    def test_appends_that_wait_when_the_store_closes_are_told(self) -> None:
        async def main() -> None:
            async with asyncio.TaskGroup() as tasks:
                async with open_store(self.url) as store:
                    append = tasks.create_task(_ignore_unavailable(store))
                    await asyncio.sleep(0)
            assert append.result() in ("stored", "refused")

        asyncio.run(main())


async def _ignore_unavailable(store: SqlStore) -> str:
    try:
        await store.append("s_nobody", turn(1))
    except Unavailable:
        return "refused"
    return "stored"


def _allow_no_more_pages(connection: sa.Connection) -> None:
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def _allow_many_pages(connection: sa.Connection) -> None:
    connection.exec_driver_sql("PRAGMA max_page_count=100000")


@pytest.mark.postgres
class TestPostgres(StoreContract):
    @pytest.fixture(autouse=True)
    def _server(self, postgres_url: str) -> None:
        self.url = postgres_url

    def opened(self) -> AbstractAsyncContextManager[Store]:
        return open_store(self.url)

    def test_nodes_that_start_together_take_turns_at_the_schema(self) -> None:
        nodes = [subprocess.Popen([sys.executable, "-c", OPEN, self.url], stderr=-1) for _ in range(3)]
        errors = [node.communicate()[1].decode() for node in nodes]
        assert [node.returncode for node in nodes] == [0, 0, 0], errors


OPEN = """
import asyncio, sys
from gateway.store.sql import open_store

async def main():
    async with open_store(sys.argv[1]) as store:
        await store.check()

asyncio.run(main())
"""


def test_a_store_that_cannot_be_opened_says_where_it_looked_but_no_password(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_store("postgresql+asyncpg://warmline:s3cret@127.0.0.1:1/nothing"):
            raise AssertionError("it opened")

    with pytest.raises(Unavailable, match="127.0.0.1:1") as raised:
        asyncio.run(main())
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("blocked", ["file", "folder"])
def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path, blocked: str) -> None:
    if blocked == "file":
        (tmp_path / "state" / "sessions.sqlite").mkdir(parents=True)
    else:
        (tmp_path / "state").write_text("in the way")

    async def main() -> None:
        async with open_store(f"sqlite+aiosqlite:///{tmp_path / 'state' / 'sessions.sqlite'}"):
            raise AssertionError("it opened")

    with pytest.raises(Unavailable, match="sessions.sqlite cannot be opened"):
        asyncio.run(main())
