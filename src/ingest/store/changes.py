"""The change log, numbered in commit order. A reader following `seq` never misses a row (docs/decisions/0001)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from ingest.store import schema
from ingest.store.engine import LOCK_CHANGES, batches, serialise


def append(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """
    Append changes of headlines. This is the last write of a transaction, since its lock is held to the end.

    Args:
        rows: `at`, `kind`, `headline_id`, `revision`, `generation`, `capture_id`. The story is looked up.
    """
    if not rows:
        return
    table = schema.headlines
    story_of: dict[str, str] = {}
    for batch in batches(row["headline_id"] for row in rows):
        stories = conn.execute(select(table.c.id, table.c.story_id).where(table.c.id.in_(batch)))
        story_of |= dict(iter(stories))
    serialise(conn, LOCK_CHANGES)
    conn.execute(insert(schema.changes), [{**row, "story_id": story_of[row["headline_id"]]} for row in rows])
