"""The schema of the store, as SQLAlchemy tables. Changes need a migration beside them."""

import sqlalchemy as sa

metadata = sa.MetaData()

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("session_id", sa.String(64), primary_key=True),
    sa.Column("token_hash", sa.String(64), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("ended_at", sa.Double),
    sa.Column("outcome", sa.String(32)),
    sa.Column("reason", sa.String(200)),
    sa.Column("ended_by", sa.String(64)),
    sa.Column("customer_id", sa.String(64), index=True),
)


def _session_column(*, primary_key: bool = False, index: bool | None = None) -> "sa.Column[str]":
    key = sa.ForeignKey("sessions.session_id", ondelete="CASCADE")
    return sa.Column("session_id", sa.String(64), key, primary_key=primary_key, nullable=False, index=index)


def _pii_column() -> "sa.Column[object]":
    """Personal data; NULL once it was erased."""
    return sa.Column("pii", sa.JSON(none_as_null=True))


events = sa.Table(
    "events",
    metadata,
    _session_column(primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    _pii_column(),
    sa.Column("client_id", sa.String(64)),
    sa.UniqueConstraint("session_id", "client_id", name="uq_events_client_id"),
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("agent_id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("display_name", sa.String(64), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("profile", sa.JSON, nullable=False),  # queues, skills, languages, capacity
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("password_hash", sa.String(256), nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
)

desk_sessions = sa.Table(
    "desk_sessions",
    metadata,
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

audit = sa.Table(
    "audit",
    metadata,
    # No foreign keys: an entry outlives the contact and the account that it names.
    sa.Column("entry", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Double, nullable=False, index=True),
    sa.Column("agent_id", sa.String(64), nullable=False, index=True),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("session_id", sa.String(64), index=True),
    sa.Column("details", sa.JSON, nullable=False),
)

follow_ups = sa.Table(
    "follow_ups",
    metadata,
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
    _pii_column(),
    sa.Index("ix_follow_ups_due", "state", "due_at"),
)

wrap_ups = sa.Table(
    "wrap_ups",
    metadata,
    sa.Column("handoff_id", sa.String(64), primary_key=True),
    sa.Column("agent_id", sa.String(64), primary_key=True),
    _session_column(index=True),
    sa.Column("disposition", sa.String(64), nullable=False),
    sa.Column("follow_up_id", sa.String(64)),
    sa.Column("at", sa.Double, nullable=False),
    _pii_column(),
)

summaries = sa.Table(
    "summaries",
    metadata,
    _session_column(primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    _pii_column(),
)

callers = sa.Table(
    "callers",
    metadata,
    _session_column(primary_key=True),
    # A keyed hash: whoever has the database and not the key cannot tell whose number it is.
    sa.Column("caller_key", sa.String(64), nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Index("ix_callers_caller_key", "caller_key", "at"),
)

files = sa.Table(
    "files",
    metadata,
    sa.Column("file_id", sa.String(64), primary_key=True),
    _session_column(index=True),
    sa.Column("begun_at", sa.Double, nullable=False),
    sa.Column("whole", sa.Boolean, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),  # as it was announced, until it is whole
    sa.Column("media_type", sa.String(64)),
    _pii_column(),
    sa.Index("ix_files_coming", "whole", "begun_at"),
)

file_pieces = sa.Table(
    "file_pieces",
    metadata,
    sa.Column("file_id", sa.String(64), sa.ForeignKey("files.file_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
