"""Files that customers and agents send each other, in pieces."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("file_id", sa.String(64), primary_key=True),
        sa.Column(
            "session_id",
            sa.String(64),
            sa.ForeignKey("sessions.session_id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("begun_at", sa.Double, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("media_type", sa.String(64)),
        sa.Column("pii", sa.JSON(none_as_null=True)),
        sa.Index("ix_files_coming", "whole", "begun_at"),
    )
    op.create_table(
        "file_pieces",
        sa.Column(
            "file_id", sa.String(64), sa.ForeignKey("files.file_id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("file_pieces")
    op.drop_table("files")
