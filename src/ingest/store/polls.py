"""The ledger: one row a poll, in which every entry that the document offered ends in exactly one place."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from ingest.model import Fate, Outcome, PollReport, Tally
from ingest.store import schema
from ingest.store.engine import json_text


@dataclass(frozen=True, slots=True)
class Circumstances:
    """
    The circumstances of one poll.

    `kind` is `poll`, `recovered` (a capture that a crash left behind) or `reingest` (read anew by other rules); `part`,
    `article` or `gave-up` for what was fetched besides, with its `url`.
    `capture_id` is what was read, or what a 304 confirmed, whose `response_headers` are kept here since it makes no capture.
    `rule` names a failure.
    """

    kind: str
    started_at: datetime
    finished_at: datetime
    generation: int
    capture_id: int | None
    rule: str = ""
    url: str = ""
    response_headers: tuple[tuple[str, str], ...] = ()


def record(conn: Connection, report: PollReport, circumstances: Circumstances) -> None:
    """Write one poll."""
    conn.execute(
        insert(schema.polls).values(
            source_id=report.source_id,
            kind=circumstances.kind,
            started_at=circumstances.started_at,
            finished_at=circumstances.finished_at,
            generation=circumstances.generation,
            outcome=report.outcome.value,
            status_code=report.status_code,
            rule=circumstances.rule,
            url=circumstances.url,
            error=report.error,
            note=report.note,
            capture_id=circumstances.capture_id,
            response_headers=json_text(circumstances.response_headers),
            bytes=report.bytes,
            elapsed_ms=report.elapsed_ms,
            entries=report.tally.entries,
            **asdict(report.tally),
        )
    )


def last_tally(conn: Connection, source_id: str) -> Tally:
    """Give the ledger of the last document of a source that was read; an empty one before the first."""
    table = schema.polls
    row = conn.execute(
        select(*(table.c[fate.value] for fate in Fate))
        .where(table.c.source_id == source_id, table.c.outcome == Outcome.OK.value)
        .order_by(table.c.id.desc())
        .limit(1)
    ).first()
    return Tally(*row) if row else Tally()


def last_counts(conn: Connection, source_id: str, limit: int = 8) -> tuple[int, ...]:
    """Give how many entries the last documents of a source had that were believed, the newest last."""
    table = schema.polls
    rows = conn.execute(
        select(table.c.entries)
        .where(table.c.source_id == source_id, table.c.outcome == Outcome.OK.value, table.c.entries > 0)
        .where(table.c.kind.in_(("poll", "recovered", "reingest")))
        .order_by(table.c.id.desc())
        .limit(limit)
    )
    return tuple(reversed(rows.scalars().all()))
