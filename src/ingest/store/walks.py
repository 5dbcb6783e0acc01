"""Lists being followed. The next page is written with the page before it, so a kill loses none."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from typing import Final

from sqlalchemy import Connection, delete, select, update

from ingest.judging.walking import Walk
from ingest.store import schema
from ingest.store.engine import json_text, upsert

_TABLE: Final = schema.walks


def of(conn: Connection, source_id: str) -> Walk | None:
    """Return the unfinished walk of a source, if any."""
    row = conn.execute(select(_TABLE).where(_TABLE.c.source_id == source_id)).first()
    if row is None:
        return None
    return Walk(row.source_id, row.url, tuple(json.loads(row.visited)), row.remaining, row.fills, row.failures)


def waiting(conn: Connection, source_ids: Collection[str]) -> list[Walk]:
    """List the unfinished walks of some sources."""
    ids = conn.execute(select(_TABLE.c.source_id).order_by(_TABLE.c.source_id)).scalars().all()
    return [walk for source_id in ids if source_id in source_ids and (walk := of(conn, source_id))]


def go_on(conn: Connection, walk: Walk) -> None:
    """Note where a walk goes on."""
    upsert(conn, _TABLE, [{**asdict(walk), "visited": json_text(walk.visited)}], key=("source_id",))


def fail(conn: Connection, walk: Walk) -> None:
    """Count a failed round for the next page."""
    mine = (_TABLE.c.source_id == walk.source_id, _TABLE.c.url == walk.url)
    conn.execute(update(_TABLE).where(*mine).values(failures=walk.failures + 1))


def end(conn: Connection, source_id: str, url: str | None = None) -> None:
    """Forget a walk, with `url` only if it still waits for that page."""
    here = [_TABLE.c.url == url] if url is not None else []
    conn.execute(delete(_TABLE).where(_TABLE.c.source_id == source_id, *here))
