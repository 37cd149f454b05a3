from pathlib import Path

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from gateway.store.migrations.versions import m0001_sessions_and_events as before
from gateway.store.migrations.versions import m0004_files as step


def test_the_step_makes_its_tables_and_takes_them_away_again(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        before.upgrade()
        step.upgrade()
        names = {"sessions", "events", "files", "file_pieces"}
        assert set(sa.inspect(connection).get_table_names()) == names
        step.downgrade()
        assert set(sa.inspect(connection).get_table_names()) == {"sessions", "events"}
    engine.dispose()
