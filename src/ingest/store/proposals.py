"""Proposed changes of the allow-list with their evidence: sources that moved or are gone (`judging.moves`)."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, select, update

from ingest.judging.moves import Move, Sighting, place_of
from ingest.model import Source
from ingest.store import schema
from ingest.store.engine import json_text, upsert

_TABLE = schema.proposals
_LIVE: Final = ("sighted", "open")
_KEY: Final = ("source_id", "kind", "from_url", "to_url")


def find(conn: Connection, source: Source, sighting: Sighting) -> Move | None:
    """Return the stored move of a sighting."""
    mine = (
        _TABLE.c.source_id == source.id,
        _TABLE.c.kind == sighting.kind,
        _TABLE.c.from_url == source.url,
        _TABLE.c.to_url == place_of(sighting),
    )
    row = conn.execute(select(_TABLE).where(*mine)).first()
    return None if row is None else _move(row)


def save(conn: Connection, move: Move) -> None:
    """Store a move under its source, kind and addresses."""
    upsert(conn, _TABLE, [{**asdict(move), "evidence": json_text(move.evidence)}], key=_KEY)


def _move(row: Any) -> Move:  # noqa: ANN401 - a row of `proposals`, whose columns have our names
    values = {name: value for name, value in row._mapping.items() if name != "id"}  # noqa: SLF001 - by name
    return Move(**{**values, "evidence": json.loads(row.evidence)})


def close(conn: Connection, source_id: str) -> None:
    """Mark the proposals of a source as done, because it answers where the list has it."""
    conn.execute(
        update(_TABLE).where(_TABLE.c.source_id == source_id, _TABLE.c.status.in_(_LIVE)).values(status="done")
    )


def discard(conn: Connection, source_id: str) -> None:
    """Discard the open proposals of a source at an operator's request."""
    conn.execute(
        update(_TABLE).where(_TABLE.c.source_id == source_id, _TABLE.c.status == "open").values(status="discarded")
    )


def listed(conn: Connection, *, source_id: str | None = None, status: str | None = "open") -> list[Move]:
    """List proposals, the oldest first. None means all."""
    query = select(_TABLE).order_by(_TABLE.c.first_seen_at, _TABLE.c.id)
    if source_id is not None:
        query = query.where(_TABLE.c.source_id == source_id)
    if status is not None:
        query = query.where(_TABLE.c.status == status)
    return [_move(row) for row in conn.execute(query)]
