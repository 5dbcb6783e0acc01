"""The last reading of each feed by entry, so that a changed feed costs what changed in it. It may be emptied at any time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ingest.store.schema import UtcDateTime

revision = "20261201_0005"
down_revision = "20261201_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slices",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("frame", sa.Text(), nullable=False),
        sa.Column("fetched_at", UtcDateTime(), nullable=False),
        sa.Column("fates", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_slices_source_id")),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_slices")),
    )


def downgrade() -> None:
    op.drop_table("slices")
