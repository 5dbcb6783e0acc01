"""The ledger: one row a poll. Every entry of the document is counted in exactly one place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, insert, select

from ingest.model import EntryOutcome, Outcome, PollReport, Tally
from ingest.store import schema
from ingest.store.engine import batches, json_text


@dataclass(frozen=True, slots=True)
class Circumstances:
    """
    The circumstances of one attempt.

    kind: `poll`, `recovered` (a capture left behind by a crash) or `reingest` (read by other rules); else `part`,
        `article` or `gave-up`, with its `url`
    capture_id: the capture read or confirmed by a 304
    response_headers: of a 304, which makes no capture
    rule: the reason of a failure
    """

    kind: str
    started_at: datetime
    finished_at: datetime
    generation: int
    capture_id: int | None
    rule: str = ""
    url: str = ""
    response_headers: tuple[tuple[str, str], ...] = ()


def record(conn: Connection, attempts: Iterable[tuple[PollReport, Circumstances]]) -> None:
    """Write a row for each attempt."""
    rows = [_row(report, circumstances) for report, circumstances in attempts]
    if rows:
        conn.execute(insert(schema.polls), rows)


def _row(report: PollReport, circumstances: Circumstances) -> dict[str, Any]:
    return {
        "source_id": report.source_id,
        "kind": circumstances.kind,
        "started_at": circumstances.started_at,
        "finished_at": circumstances.finished_at,
        "generation": circumstances.generation,
        "outcome": report.outcome.value,
        "status_code": report.status_code,
        "rule": circumstances.rule,
        "url": circumstances.url,
        "error": report.error,
        "note": report.note,
        "capture_id": circumstances.capture_id,
        "response_headers": json_text(circumstances.response_headers),
        "bytes": report.bytes,
        "elapsed_ms": report.elapsed_ms,
        "entries": report.tally.entries,
        **{fate.value: getattr(report.tally, fate.value) for fate in EntryOutcome},
    }


def last_tallies(conn: Connection, sources: Iterable[str]) -> dict[str, Tally]:
    """Return the tally of the last document of each source, empty before the first."""
    tallies: dict[str, Tally] = {}
    for batch in batches(sources):
        tallies |= dict.fromkeys(batch, Tally())
        tallies |= {source_id: Tally(*counts) for source_id, *counts in conn.execute(_LAST_TALLIES, {"ids": batch})}
    return tallies


def _last_tallies() -> Select[Any]:
    table, earlier = schema.polls, schema.polls.alias()
    last = (
        select(earlier.c.id)
        .where(earlier.c.source_id == schema.sources.c.id, earlier.c.outcome == Outcome.OK.value)
        .order_by(earlier.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(schema.sources.c.id, *(table.c[fate.value] for fate in EntryOutcome))
        .select_from(schema.sources)
        .join(table, table.c.id == last)
        .where(schema.sources.c.id.in_(bindparam("ids", expanding=True)))
    )


_LAST_TALLIES: Final = _last_tallies()


def last_counts(conn: Connection, source_id: str, limit: int = 8) -> tuple[int, ...]:
    """Return the numbers of entries in the last accepted documents of a source, newest last."""
    table = schema.polls
    rows = conn.execute(
        select(table.c.entries)
        .where(table.c.source_id == source_id, table.c.outcome == Outcome.OK.value, table.c.entries > 0)
        .where(table.c.kind.in_(("poll", "recovered", "reingest")))
        .order_by(table.c.id.desc())
        .limit(limit)
    )
    return tuple(reversed(rows.scalars().all()))
