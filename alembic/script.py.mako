"""${message}

Revises: ${down_revision | comma,n}

Expand first, contract in a later release: an older worker may still be running on this schema. Name every constraint. Guards
and views are dropped before and made anew after every migration (env.py); do not touch them here.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
