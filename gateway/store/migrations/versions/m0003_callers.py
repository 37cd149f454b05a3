"""Which sessions a telephone number has called in, by a keyed hash of it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "callers",
        sa.Column(
            "session_id",
            sa.String(64),
            sa.ForeignKey("sessions.session_id", ondelete="CASCADE"),
            primary_key=True,
            nullable=False,
        ),
        sa.Column("caller_key", sa.String(64), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Index("ix_callers_caller_key", "caller_key", "at"),
    )


def downgrade() -> None:
    op.drop_table("callers")
