"""Lists that are being followed: the next page is written with the page before it, so that a kill loses none."""

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
    """Return the walk of a source that has yet to end, if there is one."""
    row = conn.execute(select(_TABLE).where(_TABLE.c.source_id == source_id)).first()
    if row is None:
        return None
    return Walk(row.source_id, row.url, tuple(json.loads(row.visited)), row.remaining, row.fills, row.failures)


def waiting(conn: Connection, source_ids: Collection[str]) -> list[Walk]:
    """List the walks of some sources that have yet to end."""
    ids = conn.execute(select(_TABLE.c.source_id).order_by(_TABLE.c.source_id)).scalars().all()
    return [walk for source_id in ids if source_id in source_ids and (walk := of(conn, source_id))]


def go_on(conn: Connection, walk: Walk) -> None:
    """Note where a walk goes on."""
    upsert(conn, _TABLE, [{**asdict(walk), "visited": json_text(walk.visited)}], key=("source_id",))


def fail(conn: Connection, walk: Walk) -> None:
    """Count a round in which the next page could not be had."""
    mine = (_TABLE.c.source_id == walk.source_id, _TABLE.c.url == walk.url)
    conn.execute(update(_TABLE).where(*mine).values(failures=walk.failures + 1))


def end(conn: Connection, source_id: str, url: str | None = None) -> None:
    """Forget a walk; with `url` only if that still is the page it waits for."""
    here = [_TABLE.c.url == url] if url is not None else []
    conn.execute(delete(_TABLE).where(_TABLE.c.source_id == source_id, *here))
