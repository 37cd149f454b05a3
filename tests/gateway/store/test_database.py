import asyncio
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.database import open_database
from gateway.store.tables import sessions
from pipelines.facts import Unavailable


def test_a_new_file_is_for_its_owner_only_and_so_is_what_is_written_beside_it(tmp_path: Path) -> None:
    async def write(connection: AsyncConnection) -> None:
        row = {"session_id": "s_1", "token_hash": "h", "channel": "chat", "started_at": 1.0}
        await connection.execute(sa.insert(sessions), row)

    async def main() -> list[str]:
        async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'state' / 'all.sqlite'}") as database:
            await database.run("write", write)
            return [stat.filemode(path.stat().st_mode) for path in (tmp_path / "state").iterdir()]

    modes = asyncio.run(main())
    assert len(modes) > 1 and set(modes) == {"-rw-------"}


def test_what_fails_in_the_database_is_unavailable_and_names_no_statement(tmp_path: Path) -> None:
    async def break_something(connection: AsyncConnection) -> None:
        await connection.execute(sa.text("SELECT secret FROM nowhere"))

    async def main() -> None:
        async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'all.sqlite'}") as database:
            with pytest.raises(Unavailable) as raised:
                await database.run("break", break_something)
            assert "secret" not in str(raised.value)

    asyncio.run(main())
