"""The change log, numbered in commit order. A reader following `seq` never misses a row (docs/decisions/0001)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Select, bindparam, insert, select

from ingest.store import schema
from ingest.store.engine import LOCK_CHANGES, batches, serialise


def append(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """
    Append changes of headlines. This is the last write of a transaction, since its lock is held to the end.

    Args:
        rows: `at`, `kind`, `headline_id`, `revision`, `generation`, `capture_id`, and `story_id` if it is known.
    """
    if not rows:
        return
    story_of: dict[str, str] = {}
    for batch in batches(row["headline_id"] for row in rows if row.get("story_id") is None):
        story_of |= dict(iter(conn.execute(_stories(), {"ids": batch})))
    serialise(conn, LOCK_CHANGES)
    complete = [{**row, "story_id": row.get("story_id") or story_of[row["headline_id"]]} for row in rows]
    conn.execute(_insertion(), complete)


@cache
def _stories() -> Select[Any]:
    table = schema.headlines
    return select(table.c.id, table.c.story_id).where(table.c.id.in_(bindparam("ids", expanding=True)))


@cache
def _insertion() -> Insert:
    return insert(schema.changes)
