"""Captures and payloads: every response as it came, stored before anything reads it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, func, insert, or_, select, update

from ingest import codings
from ingest.codings import zstd
from ingest.errors import DamagedError
from ingest.model import Capture, Response
from ingest.store import schema
from ingest.store.engine import LOCK_CAPTURES, batches, json_text, serialise, upsert

ZSTD_LEVEL: Final = 3
"""The library's default: feeds shrink to a fifth at some 300 MB/s. Level 9 saves 5 % more at a third of the speed."""


@dataclass(frozen=True, slots=True)
class Received:
    """A response for a source, to be stored. `purpose` is that of `model.Capture`."""

    source_id: str
    response: Response
    generation: int
    rules_version: str
    purpose: str = "source"


def add(conn: Connection, received: Sequence[Received]) -> list[int]:
    """
    Store responses with their bytes, at most one for each source. Identical bytes share one payload.

    Returns:
        The numbers of the captures, in commit order.
    """
    serialise(conn, LOCK_CAPTURES)
    _keep_payloads(conn, [one.response for one in received])
    previous: dict[str, int] = {}
    for batch in batches(one.source_id for one in received):
        previous |= dict(iter(conn.execute(_PREVIOUS, {"ids": batch})))
    rows = [_row(one, previous.get(one.source_id)) for one in received]
    return list(conn.execute(_ADDING, rows).scalars())


_PREVIOUS: Final = (
    select(schema.captures.c.source_id, func.max(schema.captures.c.id))
    .where(schema.captures.c.source_id.in_(bindparam("ids", expanding=True)))
    .group_by(schema.captures.c.source_id)
)

_ADDING: Final = insert(schema.captures).returning(schema.captures.c.id, sort_by_parameter_order=True)


def _row(received: Received, previous: int | None) -> dict[str, Any]:
    response = received.response
    return {
        "source_id": received.source_id,
        "purpose": received.purpose,
        "previous_id": previous,
        "generation": received.generation,
        "rules_version": received.rules_version,
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
        "wire_size": len(response.body or b""),
        "payload_digest": response.payload_digest,
        "payload_size": len(response.content),
    }


def _keep_payloads(conn: Connection, responses: Iterable[Response]) -> None:
    by_digest: dict[str, tuple[Response, bytes]] = {}
    for response in responses:
        if response.body is None or response.wire_digest is None or response.payload_digest is None:
            raise ValueError("a response without a body makes no capture")
        by_digest.setdefault(response.wire_digest, (response, response.body))
    for batch in batches(by_digest):
        for known in conn.execute(_KEPT, {"digests": batch}).scalars():
            del by_digest[known]
    rows = [_payload(digest, response, body) for digest, (response, body) in by_digest.items()]
    if rows:  # a payload that was pruned and comes again has its row already
        upsert(conn, schema.payloads, rows, key=("digest",), keep=("first_seen_at",))


_KEPT: Final = select(schema.payloads.c.digest).where(
    schema.payloads.c.digest.in_(bindparam("digests", expanding=True)), schema.payloads.c.body.is_not(None)
)


def _payload(digest: str, response: Response, body: bytes) -> dict[str, Any]:
    kept, stored_as = body, "identity"
    if not codings.names_of(response.content_encoding):
        packed = zstd.compress(body, ZSTD_LEVEL)
        if len(packed) < len(body):
            kept, stored_as = packed, "zstd"
    at = response.fetched_at
    return {
        "digest": digest,
        "size": len(body),
        "stored_as": stored_as,
        "body": kept,
        "first_seen_at": at,
        "pruned_at": None,
    }


def get(conn: Connection, capture_id: int) -> Capture | None:
    """
    Return a capture with its decoded bytes, or None where its payload was pruned.

    Raises:
        DamagedError: The stored bytes do not match their digest.
    """
    captures, payloads = schema.captures, schema.payloads
    row = conn.execute(
        select(captures, payloads.c.stored_as, payloads.c.body)
        .join(payloads, payloads.c.digest == captures.c.wire_digest)
        .where(captures.c.id == capture_id)
    ).one()
    if row.body is None:
        return None
    try:
        content = codings.decode(
            unpacked(row.body, row.stored_as, row.wire_digest), row.content_encoding, max_bytes=row.payload_size
        )
        response_headers = headers(row.response_headers)
    except Exception as error:
        raise DamagedError(
            f"the stored bytes of capture {row.id} are damaged ({error}); restore the database from a backup.",
            subject=row.source_id,
        ) from error
    return _capture(row, content, response_headers)


def without_bytes(conn: Connection, capture_id: int) -> Capture:
    """Return a capture without its bytes, for pruned and damaged ones."""
    return _capture(conn.execute(select(schema.captures).where(schema.captures.c.id == capture_id)).one(), b"", ())


def _capture(row: Row[Any], content: bytes, response_headers: tuple[tuple[str, str], ...]) -> Capture:
    return Capture(
        id=row.id,
        source_id=row.source_id,
        target_url=row.target_url,
        final_url=row.final_url,
        content=content,
        payload_digest=row.payload_digest,
        response_headers=response_headers,
        fetched_at=row.fetched_at,
        generation=row.generation,
        purpose=row.purpose,
    )


def unpacked(body: bytes, stored_as: str, digest: str) -> bytes:
    """
    Give a payload as it came over the wire.

    Raises:
        ValueError: It no longer has its digest, or cannot be unpacked.
    """
    try:
        wire = zstd.decompress(body) if stored_as == "zstd" else body
    except zstd.ZstdError as error:
        raise ValueError(str(error)) from error
    if sha256(wire).hexdigest() != digest:
        raise ValueError("their digest differs")
    return wire


def damaged(conn: Connection) -> Iterator[tuple[str, int, str]]:
    """List the captures with damaged bytes, as source, number and reason."""
    captures, payloads = schema.captures, schema.payloads
    stored = select(payloads.c.digest, payloads.c.stored_as, payloads.c.body).where(payloads.c.body.is_not(None))
    for payload in conn.execute(stored).yield_per(_PAYLOADS):
        try:
            unpacked(payload.body, payload.stored_as, payload.digest)
        except ValueError as error:
            holders = select(captures.c.source_id, captures.c.id).where(captures.c.wire_digest == payload.digest)
            for row in conn.execute(holders.order_by(captures.c.id)).all():
                yield row.source_id, row.id, str(error)


_PAYLOADS: Final = 50
"""Payloads in memory at a time while all are checked. The largest have some megabytes."""


def newest_of(conn: Connection, url: str) -> Capture | None:
    """Return the newest capture of a page that still has its bytes, from any source."""
    captures, payloads = schema.captures, schema.payloads
    newest = conn.execute(
        select(captures.c.id)
        .join(payloads, payloads.c.digest == captures.c.wire_digest)
        .where(or_(captures.c.target_url == url, captures.c.final_url == url), payloads.c.body.is_not(None))
        .order_by(captures.c.id.desc())
        .limit(1)
    ).scalar()
    return None if newest is None else get(conn, newest)


def headers(stored: str) -> tuple[tuple[str, str], ...]:
    """Read header pairs back."""
    return tuple((name, value) for name, value in json.loads(stored))


def waiting(conn: Connection) -> Iterator[tuple[str, int]]:
    """List the stored captures not yet read, as source and number, oldest first."""
    table = schema.captures
    rows = conn.execute(select(table.c.source_id, table.c.id).where(table.c.ingested_at.is_(None)).order_by(table.c.id))
    return ((source_id, capture_id) for source_id, capture_id in rows.all())


def is_waiting(conn: Connection, capture_id: int) -> bool:
    """Say whether a capture still was not ingested."""
    table = schema.captures
    return conn.execute(select(table.c.ingested_at.is_(None)).where(table.c.id == capture_id)).scalar_one()


def is_set_aside(conn: Connection, capture_id: int) -> bool:
    """Say whether a capture still is set aside."""
    table = schema.captures
    return conn.execute(select(table.c.set_aside_at.is_not(None)).where(table.c.id == capture_id)).scalar_one()


@dataclass(frozen=True, slots=True)
class ReadMark:
    """A capture that was read, with the time, the rules, the stanza and a reading error."""

    capture: Capture
    at: datetime
    rules_version: str
    source_digest: str
    error: str = ""


def mark_ingested(conn: Connection, marks: Sequence[ReadMark]) -> None:
    """
    ReadMark captures as read.

    Captures of the same document, or of the same entry's page, are no longer set aside.
    """
    if not marks:
        return
    rows = [
        {
            "number": mark.capture.id,
            "ingested_at": mark.at,
            "ingested_rules_version": mark.rules_version,
            "ingested_source_digest": mark.source_digest,
            "ingest_error": mark.error,
        }
        for mark in marks
    ]
    conn.execute(_MARKING, rows)
    aside: set[str] = set()
    for batch in batches(mark.capture.source_id for mark in marks):
        aside |= set(conn.execute(_WITH_SET_ASIDE, {"ids": batch}).scalars())
    for mark in marks:
        if mark.capture.source_id in aside:
            conn.execute(update(schema.captures).where(_same_document(mark.capture)).values(set_aside_at=None))


_MARKING: Final = (
    update(schema.captures)
    .where(schema.captures.c.id == bindparam("number"))
    .values(
        {
            name: bindparam(name)
            for name in ("ingested_at", "ingested_rules_version", "ingested_source_digest", "ingest_error")
        }
    )
)

_WITH_SET_ASIDE: Final = select(schema.captures.c.source_id).where(
    schema.captures.c.source_id.in_(bindparam("ids", expanding=True)), schema.captures.c.set_aside_at.is_not(None)
)


def set_aside(conn: Connection, mark: ReadMark) -> None:
    """
    Set a capture aside. Other rules, or an operator, let it be tried again.

    The newest stands for all captures of the same document.
    """
    mark_ingested(conn, [mark])
    table = schema.captures
    conn.execute(update(table).where(table.c.id == mark.capture.id).values(set_aside_at=mark.at))


def set_aside_again(conn: Connection, capture_id: int, *, at: datetime, error: str) -> None:
    """Set a capture aside after it was read, because this program fails on its headlines."""
    values = {"set_aside_at": at, "ingest_error": error}
    conn.execute(update(schema.captures).where(schema.captures.c.id == capture_id).values(values))


def of_headline(conn: Connection, headline_id: str) -> Capture:
    """Return the capture of a headline, without its bytes."""
    number = select(schema.headlines.c.capture_id).where(schema.headlines.c.id == headline_id)
    return without_bytes(conn, conn.execute(number).scalar_one())


def _same_document(capture: Capture) -> Any:  # noqa: ANN401 - a condition
    table = schema.captures
    same = and_(
        table.c.set_aside_at.is_not(None),
        table.c.source_id == capture.source_id,
        table.c.target_url == capture.target_url,
    )
    return same if capture.purpose == "article" else and_(same, table.c.payload_digest == capture.payload_digest)


# ── what was set aside ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SetAside:
    """
    A capture on which this program failed, with the reason.

    `rules_version` and `source_digest` are those of the failure. `discarded_at` and `discarded_because` are an
    operator's decision.
    """

    id: int
    source_id: str
    purpose: str
    url: str
    fetched_at: datetime
    size: int
    error: str
    set_aside_at: datetime | None
    discarded_at: datetime | None
    discarded_because: str
    rules_version: str | None
    source_digest: str | None


_SET_ASIDE: Final = {
    "id": schema.captures.c.id,
    "source_id": schema.captures.c.source_id,
    "purpose": schema.captures.c.purpose,
    "url": schema.captures.c.target_url,
    "fetched_at": schema.captures.c.fetched_at,
    "size": schema.captures.c.payload_size,
    "error": schema.captures.c.ingest_error,
    "set_aside_at": schema.captures.c.set_aside_at,
    "discarded_at": schema.captures.c.discarded_at,
    "discarded_because": schema.captures.c.discarded_because,
    "rules_version": schema.captures.c.ingested_rules_version,
    "source_digest": schema.captures.c.ingested_source_digest,
}


def all_set_aside(conn: Connection, *, source_id: str | None = None, discarded: bool = False) -> list[SetAside]:
    """List the captures set aside now, or the discarded ones, oldest first."""
    table = schema.captures
    query = select(*_SET_ASIDE.values()).order_by(table.c.id)
    query = query.where((table.c.discarded_at if discarded else table.c.set_aside_at).is_not(None))
    if source_id is not None:
        query = query.where(table.c.source_id == source_id)
    return [_set_aside(row) for row in conn.execute(query)]


def one_set_aside(conn: Connection, capture_id: int) -> SetAside | None:
    """Return the record of a capture, set aside or not, or None without one of that number."""
    row = conn.execute(select(*_SET_ASIDE.values()).where(schema.captures.c.id == capture_id)).first()
    return _set_aside(row) if row else None


def _set_aside(row: Row[Any]) -> SetAside:
    return SetAside(**dict(zip(_SET_ASIDE, row, strict=True)))


def retry(conn: Connection, capture_id: int) -> None:
    """Let the next round read a capture again after it was set aside or discarded."""
    values = {"ingested_at": None, "set_aside_at": None, "discarded_at": None, "discarded_because": ""}
    conn.execute(update(schema.captures).where(schema.captures.c.id == capture_id).values(values))


def discard(conn: Connection, capture_id: int, *, at: datetime, because: str) -> None:
    """Give up a capture after it was set aside. It is not tried again, and its bytes stay."""
    values = {"set_aside_at": None, "discarded_at": at, "discarded_because": because}
    conn.execute(update(schema.captures).where(schema.captures.c.id == capture_id).values(values))
