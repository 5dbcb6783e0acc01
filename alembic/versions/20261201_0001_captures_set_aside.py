"""
Captures that could not be ingested for a reason of ours are set aside.

Revises: 20260501_0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ingest.store.schema import UtcDateTime

revision = "20261201_0001"
down_revision = "20260501_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("captures", sa.Column("set_aside_at", UtcDateTime(), nullable=True))
    op.add_column("captures", sa.Column("discarded_at", UtcDateTime(), nullable=True))
    op.add_column("captures", sa.Column("discarded_because", sa.Text(), server_default="", nullable=False))
    op.create_index(
        "ix_captures_set_aside",
        "captures",
        ["source_id", "id"],
        sqlite_where=sa.text("set_aside_at IS NOT NULL"),
        postgresql_where=sa.text("set_aside_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_captures_set_aside", "captures")
    for name in ("discarded_because", "discarded_at", "set_aside_at"):
        op.drop_column("captures", name)
