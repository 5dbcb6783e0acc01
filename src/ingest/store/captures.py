"""Captures and payloads: every response as it came, stored before anything reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import zstandard
from sqlalchemy import Connection, func, insert, or_, select, update

from ingest import codings
from ingest.model import Capture, Response
from ingest.store import schema
from ingest.store.engine import LOCK_CAPTURES, json_text, serialise, upsert

ZSTD_LEVEL: Final = 3
"""The library's default: feeds shrink to a fifth at some 300 MB/s; level 9 saves 5 % more at a third of the speed."""


def add(
    conn: Connection,
    response: Response,
    *,
    source_id: str,
    generation: int,
    rules_version: str,
    purpose: str = "source",
) -> int:
    """
    Store a response with its bytes; identical bytes share one payload.

    Args:
        purpose: `source`, `part` or `article`, see `model.Capture`.

    Returns:
        The number of the capture; numbers are in commit order.
    """
    if response.body is None or response.wire_digest is None or response.payload_digest is None:
        raise ValueError("a response without a body makes no capture")
    serialise(conn, LOCK_CAPTURES)
    _keep_payload(conn, response.wire_digest, response.body, response.content_encoding, response.fetched_at)
    table = schema.captures
    previous = conn.execute(select(func.max(table.c.id)).where(table.c.source_id == source_id)).scalar_one()
    row: dict[str, Any] = {
        "source_id": source_id,
        "purpose": purpose,
        "previous_id": previous,
        "generation": generation,
        "rules_version": rules_version,
        "target_url": response.target_url,
        "final_url": response.final_url,
        "hops": json_text([[hop.url, hop.status_code, hop.location] for hop in response.hops]),
        "status_code": response.status_code,
        "http_version": response.http_version,
        "request_headers": json_text(response.request_headers),
        "response_headers": json_text(response.response_headers),
        "peer_address": response.peer_address,
        "peer_certificate_digest": response.peer_certificate_digest,
        "requested_at": response.requested_at,
        "fetched_at": response.fetched_at,
        "content_encoding": response.content_encoding,
        "wire_digest": response.wire_digest,
        "wire_size": len(response.body),
        "payload_digest": response.payload_digest,
        "payload_size": len(response.content),
    }
    return int(conn.execute(insert(table).values(row).returning(table.c.id)).scalar_one())


def _keep_payload(conn: Connection, digest: str, body: bytes, content_encoding: str, at: datetime) -> None:
    table = schema.payloads
    known = conn.execute(select(table.c.body.is_not(None)).where(table.c.digest == digest)).scalar_one_or_none()
    if known:
        return
    kept, stored_as = body, "identity"
    if not codings.names_of(content_encoding):
        packed = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body)
        if len(packed) < len(body):
            kept, stored_as = packed, "zstd"
    row = {"digest": digest, "size": len(body), "stored_as": stored_as, "body": kept}
    # A payload that was pruned and comes again has its row already.
    upsert(conn, table, [{**row, "first_seen_at": at, "pruned_at": None}], key=("digest",), keep=("first_seen_at",))


def get(conn: Connection, capture_id: int) -> Capture | None:
    """Read a capture with its decoded bytes; None when its payload was pruned."""
    captures, payloads = schema.captures, schema.payloads
    row = conn.execute(
        select(captures, payloads.c.stored_as, payloads.c.body)
        .join(payloads, payloads.c.digest == captures.c.wire_digest)
        .where(captures.c.id == capture_id)
    ).one()
    if row.body is None:
        return None
    body = zstandard.ZstdDecompressor().decompress(row.body) if row.stored_as == "zstd" else row.body
    return Capture(
        id=row.id,
        source_id=row.source_id,
        target_url=row.target_url,
        final_url=row.final_url,
        content=codings.decode(body, row.content_encoding, max_bytes=row.payload_size),
        payload_digest=row.payload_digest,
        response_headers=headers(row.response_headers),
        fetched_at=row.fetched_at,
        generation=row.generation,
        purpose=row.purpose,
    )


def newest_of(conn: Connection, url: str) -> Capture | None:
    """Read the newest capture of a page that still has its bytes, whichever source it was asked for."""
    captures, payloads = schema.captures, schema.payloads
    found = conn.execute(
        select(captures.c.id)
        .join(payloads, payloads.c.digest == captures.c.wire_digest)
        .where(or_(captures.c.target_url == url, captures.c.final_url == url), payloads.c.body.is_not(None))
        .order_by(captures.c.id.desc())
        .limit(1)
    ).scalar()
    return None if found is None else get(conn, found)


def headers(stored: str) -> tuple[tuple[str, str], ...]:
    """Read header pairs back."""
    return tuple((name, value) for name, value in json.loads(stored))


def waiting(conn: Connection) -> Iterator[tuple[str, int]]:
    """List the captures that were stored and never ingested, as source and number, oldest first."""
    table = schema.captures
    rows = conn.execute(select(table.c.source_id, table.c.id).where(table.c.ingested_at.is_(None)).order_by(table.c.id))
    return ((source_id, capture_id) for source_id, capture_id in rows.all())


def is_waiting(conn: Connection, capture_id: int) -> bool:
    """Say whether a capture still was not ingested."""
    table = schema.captures
    return conn.execute(select(table.c.ingested_at.is_(None)).where(table.c.id == capture_id)).scalar_one()


def mark_ingested(
    conn: Connection, capture_id: int, *, at: datetime, rules_version: str, source_digest: str, error: str = ""
) -> None:
    """Note when and by which rules and stanza a capture was read, and why it could not be."""
    table = schema.captures
    conn.execute(
        update(table)
        .where(table.c.id == capture_id)
        .values(
            ingested_at=at,
            ingested_rules_version=rules_version,
            ingested_source_digest=source_digest,
            ingest_error=error,
        )
    )
