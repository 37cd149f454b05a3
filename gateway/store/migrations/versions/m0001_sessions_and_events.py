"""Sessions and their events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "sessions",
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
    op.create_table(
        "events",
        sa.Column(
            "session_id",
            sa.String(64),
            sa.ForeignKey("sessions.session_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("pii", sa.JSON(none_as_null=True)),
        sa.Column("client_id", sa.String(64)),
        sa.UniqueConstraint("session_id", "client_id", name="uq_events_client_id"),
    )


def downgrade() -> None:
    op.drop_table("events")
    op.drop_table("sessions")
