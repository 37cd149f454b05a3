"""Runs the migrations on the connection that `gateway/store/sql.py` hands in; Alembic executes this file."""

from alembic import context
from sqlalchemy import Connection, text

from gateway.store.tables import metadata

LOCK = 7_203_110
"Nodes that start together take turns: PostgreSQL's advisory lock of this number."


def migrate(connection: Connection) -> None:
    """Bring the database to the newest schema within one transaction."""
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.run_migrations()


migrate(context.config.attributes["connection"])
