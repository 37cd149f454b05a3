"""The database under the stores: SQLite beside the process, or PostgreSQL shared by many; opened, brought to
the newest schema, and asked one transaction at a time.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.util import CommandError
from prometheus_client import Histogram
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gateway.store.store import SecondWriter
from pipelines.facts import Unavailable

T = TypeVar("T")

PATIENCE_S = 10.0
"An operation that takes longer counts as failed."
BUSY_MS = 5000
"How long SQLite waits for another process's lock."

STORE_SECONDS = Histogram("warmline_store_seconds", "Time of a store operation", ["operation"])


class Database:
    """An open database; made by `open_database`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def run(self, operation: str, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do the work in one transaction; `operation` names it in metrics.

        Raises `SecondWriter` when a key is taken or points nowhere, else `Unavailable`, whatever it was.
        """
        try:
            with STORE_SECONDS.labels(operation).time():
                async with asyncio.timeout(PATIENCE_S), self.engine.begin() as connection:
                    return await work(connection)
        except IntegrityError as error:
            raise SecondWriter(f"{operation}: the row is there already") from error
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise Unavailable(f"the session store failed: {type(error).__name__}") from error


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """The database at an SQLAlchemy address, with its schema brought up to date.

    Raises `Unavailable` when it cannot be reached, or was made by a newer version.
    """
    engine = create_async_engine(url, **_settings(url))
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    try:
        await _migrate(engine)
        yield Database(engine)
    finally:
        await engine.dispose()


def conflict_free_insert(connection: AsyncConnection, table: sa.Table) -> "postgresql.Insert | sqlite.Insert":
    """An INSERT that can say what happens when the row is there already; both databases write it alike."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def migrate(connection: sa.Connection) -> None:
    """Bring the database of this connection to the newest schema."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def _migrate(engine: AsyncEngine) -> None:
    try:
        _open_sqlite_file(engine.url)
        async with asyncio.timeout(6 * PATIENCE_S), engine.begin() as connection:
            await connection.run_sync(migrate)
    except CommandError as error:
        raise Unavailable("the database was made by a newer version: update Warmline") from error
    except (SQLAlchemyError, sqlite3.Error, OSError, TimeoutError) as error:
        shown = engine.url.render_as_string(hide_password=True)
        reason = str(getattr(error, "orig", None) or error)
        raise Unavailable(f"the session store {shown} cannot be opened: {reason}") from error


def _settings(url: str) -> dict[str, Any]:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        connect = {"timeout": PATIENCE_S} if parsed.drivername.endswith("asyncpg") else {}
        return {"pool_pre_ping": True, "pool_timeout": PATIENCE_S, "connect_args": connect}
    return {}


def _open_sqlite_file(url: sa.URL) -> None:
    """Make the file and its folder, so that what is wrong with them is known before any thread is."""
    if url.get_backend_name() == "sqlite" and url.database:
        file = Path(url.database)
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.touch(0o600)  # words of customers and hashes of passwords; SQLite's other files take it over
        sqlite3.connect(url.database).close()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # WAL: readers never wait for the writer. With it, NORMAL loses nothing when the process is killed;
    # a power cut may cost the last commits but cannot corrupt the file.
    for setting in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()
