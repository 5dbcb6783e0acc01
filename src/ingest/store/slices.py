"""The last reading of each feed. Its unchanged entries are not read again (docs/decisions/0005)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from ingest.judging.carrying import Claimed, Fate, Remembered, StoredClaim
from ingest.model import EntryOutcome, Refusal
from ingest.store import schema
from ingest.store.engine import batches, json_text, upsert

_TABLE: Final = schema.slices
_OF: Final = select(_TABLE).where(_TABLE.c.source_id.in_(bindparam("ids", expanding=True)))

_CLAIMS: Final = (
    select(
        *(schema.claims.c[name] for name in ("headline_id", "entry_key", "digest", "raw_key", "page")),
        schema.headlines.c.state,
    )
    .join(schema.headlines, schema.headlines.c.id == schema.claims.c.headline_id)
    .where(
        schema.claims.c.source_id == bindparam("source_id"),
        schema.claims.c.headline_id.in_(bindparam("ids", expanding=True)),
    )
)


def of(conn: Connection, source_ids: Iterable[str]) -> dict[str, Remembered]:
    """Return the last readings of some feeds, by source."""
    kept: dict[str, Remembered] = {}
    for batch in batches(source_ids):
        for row in conn.execute(_OF, {"ids": batch}):
            fates = {digest: _fate(stored) for digest, stored in json.loads(row.fates).items()}
            kept[row.source_id] = Remembered(row.frame, row.fetched_at, fates)
    return kept


def keep(conn: Connection, source_id: str, remembered: Remembered, before: Remembered | None) -> None:
    """Keep a reading for the next one, unless the same is kept already."""
    if before is not None and (before.frame, before.fates) == (remembered.frame, remembered.fates):
        return
    fates = {digest: _stored(fate) for digest, fate in remembered.fates.items()}
    row = {"source_id": source_id, "frame": remembered.frame, "fetched_at": remembered.at, "fates": json_text(fates)}
    upsert(conn, _TABLE, [row], key=("source_id",))


def claims(conn: Connection, source_id: str, headline_ids: Sequence[str]) -> list[StoredClaim]:
    """Return all claims of a source about some headlines."""
    stored: list[StoredClaim] = []
    for batch in batches(headline_ids):
        rows = conn.execute(_CLAIMS, {"source_id": source_id, "ids": batch})
        stored += [StoredClaim(*tuple(row)) for row in rows]
    return stored


def _stored(fate: Fate) -> list[str]:
    if isinstance(fate, Claimed):
        return [fate.headline_id, fate.mark]
    return [fate.fate.value, fate.rule, fate.detail, fate.raw_key, fate.url, fate.title]


def _fate(stored: Sequence[Any]) -> Fate:
    if len(stored) == len(Claimed.__slots__):
        return Claimed(*stored)
    return Refusal(0, EntryOutcome(stored[0]), *stored[1:])
