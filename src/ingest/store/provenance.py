"""The evidence of one headline: scope, list, response, links, claims and revisions."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, select

from ingest.model import Hop, Precision
from ingest.store import recorded, schema, stories
from ingest.store.captures import headers
from ingest.store.queries import Headline, Link, headline_of


@dataclass(frozen=True, slots=True)
class Generation:
    """An earlier or present version of the allow-list. `digest` is the sha256 hex of its file."""

    number: int
    digest: str
    at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class CaptureRecord:
    """
    One stored response without its bytes. Digests are sha256 hex, sizes bytes.

    `wire_digest` is that of the received bytes, `payload_digest` that of the decoded ones.
    """

    id: int
    source_id: str
    target_url: str
    final_url: str
    hops: tuple[Hop, ...]
    status_code: int
    response_headers: tuple[tuple[str, str], ...]
    peer_address: str
    peer_certificate_digest: str | None
    requested_at: datetime
    fetched_at: datetime
    wire_digest: str
    wire_size: int
    payload_digest: str
    payload_size: int
    generation: int
    rules_version: str
    previous_id: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The last claim of one source about a headline; `title_original` and `…_raw` are its own words, if kept."""

    source_id: str
    url: str
    title: str
    title_original: str
    published: datetime | None
    published_precision: Precision
    published_raw: str
    first_seen_at: datetime
    last_seen_at: datetime
    capture_id: int


@dataclass(frozen=True, slots=True)
class Revision:
    """The content of a headline from `at` on, with its capture and rules."""

    revision: int
    at: datetime
    source_id: str
    url: str
    title: str
    published: datetime | None
    published_precision: Precision
    capture_id: int
    generation: int
    rules_version: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """
    The evidence of one headline.

    state: live, withdrawn or revoked (its scope left the list, and `headline` is shown for the record)
    scope: the line of the allow-list that holds its address
    generation: the list that admitted it
    capture: the first response with it
    story: the announcement it belongs to
    revisions: oldest first
    """

    headline: Headline
    scope: str
    generation: Generation
    capture: CaptureRecord
    links: tuple[Link, ...]
    claims: tuple[Claim, ...]
    revisions: tuple[Revision, ...]
    story: stories.Told


def provenance(conn: Connection, headline_id: str) -> Provenance | None:
    """Return the evidence of a headline, revoked ones included, or None for an unknown id."""
    base = schema.headlines
    row = conn.execute(recorded.RECORDED.where(base.c.id == headline_id)).first()
    if row is None:
        return None
    headline = headline_of(row)
    scope = conn.execute(select(schema.scopes.c.text).join(base).where(base.c.id == headline_id)).scalar_one()
    return Provenance(
        headline=headline,
        scope=scope,
        generation=_generation(conn, headline.allowlist_generation),
        capture=_capture(conn, headline.capture_id),
        links=_links(conn, headline_id),
        claims=_claims(conn, headline_id),
        revisions=_revisions(conn, headline_id),
        story=stories.told(conn, headline.story_id),
    )


def _generation(conn: Connection, number: int) -> Generation:
    table = schema.generations
    columns = (table.c.number, table.c.digest, table.c.at, table.c.by, table.c.why)
    return Generation(*conn.execute(select(*columns).where(table.c.number == number)).one())


def _capture(conn: Connection, capture_id: int) -> CaptureRecord:
    table = schema.captures
    names = [item.name for item in fields(CaptureRecord)]
    row = conn.execute(select(*(table.c[name] for name in names)).where(table.c.id == capture_id)).one()
    hops = tuple(Hop(*hop) for hop in json.loads(row.hops))
    return CaptureRecord(**{**row._mapping, "hops": hops, "response_headers": headers(row.response_headers)})  # noqa: SLF001 - by name


def _links(conn: Connection, headline_id: str) -> tuple[Link, ...]:
    table = schema.links
    order = (table.c.rel != "primary", table.c.first_seen_at, table.c.url, table.c.source_id)
    query = select(*(table.c[item.name] for item in fields(Link))).where(table.c.headline_id == headline_id)
    return tuple(Link(*row) for row in conn.execute(query.order_by(*order)))


def _claims(conn: Connection, headline_id: str) -> tuple[Claim, ...]:
    table = schema.claims
    query = select(*(table.c[item.name] for item in fields(Claim))).where(table.c.headline_id == headline_id)
    return tuple(
        Claim(**{**row._mapping, "published_precision": Precision(row.published_precision)})  # noqa: SLF001 - by name
        for row in conn.execute(query.order_by(table.c.first_seen_at, table.c.source_id, table.c.entry_key))
    )


def _revisions(conn: Connection, headline_id: str) -> tuple[Revision, ...]:
    table = schema.revisions
    query = select(*(table.c[item.name] for item in fields(Revision))).where(table.c.headline_id == headline_id)
    return tuple(
        Revision(**{**row._mapping, "published_precision": Precision(row.published_precision)})  # noqa: SLF001 - by name
        for row in conn.execute(query.order_by(table.c.revision))
    )
