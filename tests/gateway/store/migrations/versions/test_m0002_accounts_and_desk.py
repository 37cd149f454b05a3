from pathlib import Path

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from gateway.store.migrations.versions import m0001_sessions_and_events as before
from gateway.store.migrations.versions import m0002_accounts_and_desk as step

NEW = {"accounts", "desk_sessions", "audit", "follow_ups", "wrap_ups", "summaries"}


def test_the_step_makes_its_tables_and_takes_them_away_again(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        before.upgrade()
        step.upgrade()
        assert set(sa.inspect(connection).get_table_names()) == {"sessions", "events"} | NEW
        step.downgrade()
        assert set(sa.inspect(connection).get_table_names()) == {"sessions", "events"}
    engine.dispose()


def test_contacts_of_before_are_kept(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        before.upgrade()
        connection.execute(
            sa.text("INSERT INTO sessions VALUES ('s', 'h', 'chat', 1, 2, 'x', 'y', 'z', 'C')")
        )
        step.upgrade()
        assert connection.execute(sa.text("SELECT session_id FROM sessions")).scalar_one() == "s"
    engine.dispose()
