"""What a source is about, and why it is paused, as its stanza says; both are filled when a list is next put in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261201_0003"
down_revision = "20261201_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sources", sa.Column("paused", sa.Text(), server_default="", nullable=False))
    op.add_column("sources", sa.Column("product", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("sources") as sources:
        sources.drop_column("product")
        sources.drop_column("paused")
