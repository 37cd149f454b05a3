"""Our own people and their sign-ins; what the desk leaves behind; the audit, which nothing changes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _people()
    _desk()
    op.create_table(
        "audit",
        sa.Column("entry", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Double, nullable=False, index=True),
        sa.Column("agent_id", sa.String(64), nullable=False, index=True),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("session_id", sa.String(64), index=True),
        sa.Column("details", sa.JSON, nullable=False),
    )
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _people() -> None:
    op.create_table(
        "accounts",
        sa.Column("agent_id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("display_name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("profile", sa.JSON, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("password_hash", sa.String(256), nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
    )
    op.create_table(
        "desk_sessions",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column(
            "agent_id",
            sa.String(64),
            sa.ForeignKey("accounts.agent_id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("opened_at", sa.Double, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
    )


def _desk() -> None:
    op.create_table(
        "follow_ups",
        sa.Column("follow_up_id", sa.String(64), primary_key=True),
        _session_column(index=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("queue", sa.String(64), nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("claimed_until", sa.Double),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(32)),
        sa.Column("closed_at", sa.Double),
        sa.Column("pii", sa.JSON(none_as_null=True)),
        sa.Index("ix_follow_ups_due", "state", "due_at"),
    )
    op.create_table(
        "wrap_ups",
        sa.Column("handoff_id", sa.String(64), primary_key=True),
        sa.Column("agent_id", sa.String(64), primary_key=True),
        _session_column(index=True),
        sa.Column("disposition", sa.String(64), nullable=False),
        sa.Column("follow_up_id", sa.String(64)),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("pii", sa.JSON(none_as_null=True)),
    )
    op.create_table(
        "summaries",
        _session_column(primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("pii", sa.JSON(none_as_null=True)),
    )


def _session_column(*, primary_key: bool = False, index: bool | None = None) -> "sa.Column[str]":
    key = sa.ForeignKey("sessions.session_id", ondelete="CASCADE")
    return sa.Column("session_id", sa.String(64), key, primary_key=primary_key, nullable=False, index=index)


APPEND_ONLY = {
    "sqlite": (
        "CREATE TRIGGER audit_append_only BEFORE UPDATE ON audit"
        " BEGIN SELECT RAISE(ABORT, 'the audit is append only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the audit is append only'; END $$",
        "CREATE TRIGGER audit_append_only BEFORE UPDATE ON audit"
        " FOR EACH ROW EXECUTE FUNCTION audit_append_only()",
    ),
}
"No fault of ours can change an entry; whole old ones may be deleted when their time is over."


def downgrade() -> None:
    for table in ("audit", "summaries", "wrap_ups", "follow_ups", "desk_sessions", "accounts"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_append_only()")
