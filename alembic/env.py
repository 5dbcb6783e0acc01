"""Runs the migrations on the connection of `ingest.store.engine`, or for `alembic` itself on INGEST_DATABASE_URL."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection

from ingest.store import engine as database
from ingest.store.schema import metadata


def migrate(connection: Connection) -> None:
    """Take guards and views away, migrate, make them anew: SQLite's batch mode drops triggers without a word."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        transactional_ddl=True,
        compare_server_default=True,
    )
    database.drop_rules(connection)
    with context.begin_transaction():
        context.run_migrations()
    if context.config.attributes.get("rules", True):  # none on the way down: the tables under them are going
        database.rebuild_rules(connection)


if (ours := context.config.attributes.get("connection")) is not None:
    migrate(ours)
else:
    with database.write(database.open_engine(os.environ.get("INGEST_DATABASE_URL", "sqlite:///ingest.db"))) as opened:
        migrate(opened)
