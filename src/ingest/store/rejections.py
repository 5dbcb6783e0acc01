"""Refused entries with their rules: one row an entry and rule, however often it is offered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, and_, bindparam, case, or_, select, update

from ingest.dedupe import key_text
from ingest.model import Capture, EntryOutcome, Refusal
from ingest.store import schema
from ingest.store.engine import batches, insert

_DECIDED = ("accepted", "discarded")
"""A status set by an operator. It stays, however often the entry is offered again."""


def record(conn: Connection, refusals: Sequence[Refusal], capture: Capture) -> None:
    """Store the refused entries of a capture. A known refusal counts once more."""
    if not refusals:
        return
    table = schema.rejections
    statement = insert(conn, table)
    decided = or_(*(table.c.status == word for word in _DECIDED))
    again = statement.on_conflict_do_update(
        index_elements=["source_id", "raw_key", "reason"],
        set_={
            "times": table.c.times + 1,
            "last_seen_at": statement.excluded.last_seen_at,
            "url": statement.excluded.url,
            "title": statement.excluded.title,
            "detail": statement.excluded.detail,
            "status": case((decided, table.c.status), else_=statement.excluded.status),
        },
    )
    conn.execute(
        again,
        [
            {
                "source_id": capture.source_id,
                "raw_key": key_text(refusal.raw_key),
                "reason": refusal.rule,
                "status": refusal.fate.value,
                "url": refusal.url,
                "title": refusal.title,
                "detail": refusal.detail,
                "first_seen_at": capture.fetched_at,
                "last_seen_at": capture.fetched_at,
                "times": 1,
                "capture_id": capture.id,
            }
            for refusal in refusals
        ],
    )


_WAITING: Final = (
    select(schema.rejections.c.id)
    .where(
        schema.rejections.c.source_id == bindparam("mine"),
        schema.rejections.c.status == EntryOutcome.QUARANTINED.value,
    )
    .limit(1)
)


def release(conn: Connection, source_id: str, raw_keys: Sequence[str]) -> None:
    """Mark quarantined entries as released, because they have been recorded."""
    if conn.execute(_WAITING, {"mine": source_id}).first() is None:
        return
    table = schema.rejections
    waiting = and_(table.c.source_id == source_id, table.c.status == EntryOutcome.QUARANTINED.value)
    for batch in batches(map(key_text, raw_keys)):
        conn.execute(update(table).where(waiting, table.c.raw_key.in_(batch)).values(status="accepted"))
