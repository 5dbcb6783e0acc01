"""What people and programs read: rows of the `v1_` views as values, and the whole provenance of one headline."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, case, column, desc, func, literal_column, or_, select, table

from ingest.dates import UTC
from ingest.model import Hop, Precision, Role, State, Tally
from ingest.store import schema

# ── headlines ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Headline:
    """A row of `v1_headlines`; `published` is None where the source gives no date, `state` is live or withdrawn."""

    id: str
    story_id: str
    vendor_id: str
    vendor_name: str
    source_id: str
    role: Role
    url: str
    title: str
    summary: str
    lang: str | None
    categories: tuple[str, ...]
    published: datetime | None
    published_precision: Precision
    first_seen_at: datetime
    changed_at: datetime
    revision: int
    backfill: bool
    state: str
    allowlist_generation: int
    capture_id: int


@dataclass(frozen=True, slots=True)
class Bound:
    """
    A border in time, as an operator means it: a moment, and the calendar day that stands for it where only days are known.

    A printed day stays that day in every zone (CONTRACT §3, `INGEST_TIMEZONE`), so both are needed.
    """

    at: datetime
    day: date

    @classmethod
    def of_day(cls, day: date, zone: tzinfo) -> Bound:
        """Make the border at the beginning of a day in a zone."""
        return cls(datetime.combine(day, time(), zone).astimezone(UTC), day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """
    Which headlines are wanted; None leaves a property open.

    `lang` takes regions in (`en` finds `en-US`). `since` is inclusive, `until` exclusive; an undated headline counts by
    when we first saw it. `search`: every word occurs in title or summary, whatever the case. `withdrawn` adds those that
    an operator withdrew.
    """

    vendor: str | None = None
    source: str | None = None
    lang: str | None = None
    since: Bound | None = None
    until: Bound | None = None
    search: str | None = None
    backfill: bool | None = None
    withdrawn: bool = False


ANY: Final = Filter()


def headlines(conn: Connection, wanted: Filter = ANY, *, limit: int | None = 50) -> list[Headline]:
    """List headlines, newest first: by what the source claims, undated ones by when we first saw them."""
    raise NotImplementedError


def count_headlines(conn: Connection, wanted: Filter = ANY) -> int:
    """Count headlines."""
    raise NotImplementedError


# ── vendors, sources, rejections ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Vendor:
    """A row of `v1_vendors`; `data_as_of` is the oldest last success among its sources that have one."""

    id: str
    name: str
    home: str
    sources: int
    headlines: int
    data_as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Source:
    """A row of `v1_sources`; `last_change_at` is when it last brought something new."""

    id: str
    vendor_id: str
    kind: str
    role: Role
    url: str
    state: State
    reason: str
    last_success_at: datetime | None
    last_change_at: datetime | None
    next_poll_at: datetime | None
    consecutive_failures: int
    last_error: str
    headlines: int
    data_as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row of `v1_rejections`; `url` and `title` are text to be shown to a person, never followed."""

    id: int
    source_id: str
    url: str
    title: str
    reason: str
    detail: str
    first_seen_at: datetime
    last_seen_at: datetime
    times: int
    status: str


def vendors(conn: Connection) -> list[Vendor]:
    """List the vendors in force, by id."""
    raise NotImplementedError


def sources(conn: Connection, ids: Sequence[str] = ()) -> list[Source]:
    """List the sources in force, all or those named, by id."""
    raise NotImplementedError


def rejections(
    conn: Connection,
    *,
    source: str | None = None,
    reason: str | None = None,
    status: str | None = None,
    limit: int | None = 50,
) -> list[Rejection]:
    """List what was refused or waits, last seen first."""
    raise NotImplementedError


# ── provenance ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Link:
    """A row of `v1_links`: an official address of a headline; `rel` is primary, alternate, related or via."""

    headline_id: str
    url: str
    rel: str
    lang: str | None
    source_id: str
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Generation:
    """A version of the allow-list that was in force; `digest` is the sha256 hex of its file."""

    number: int
    digest: str
    at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class CaptureRecord:
    """
    What is known of one stored response, without its bytes; digests are sha256 hex, sizes bytes.

    `wire_digest` is that of the bytes as they came, `payload_digest` that of the decoded ones.
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
    """What one source last said of a headline, in its own words where they were kept (`title_original`, `…_raw`)."""

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
    """What was shown of a headline from `at` on, and the capture and rules that said so."""

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
    Everything that stands behind one headline.

    `state` is live, withdrawn or revoked (its scope left the list; `headline` is shown for the record then). `scope` is
    the line of the allow-list that holds its address, `generation` the list that admitted it, `capture` the response that
    first showed it. Revisions oldest first.
    """

    headline: Headline
    scope: str
    generation: Generation
    capture: CaptureRecord
    links: tuple[Link, ...]
    claims: tuple[Claim, ...]
    revisions: tuple[Revision, ...]


def provenance(conn: Connection, headline_id: str) -> Provenance | None:
    """Collect what stands behind a headline, revoked ones included; None when there is none of that id."""
    raise NotImplementedError


def headlines_at(conn: Connection, url: str) -> list[Headline]:
    """List the headlines, revoked ones included, one of whose links is exactly this address in normal form."""
    raise NotImplementedError


def rejections_at(conn: Connection, url: str) -> list[Rejection]:
    """List what was refused under exactly this address."""
    raise NotImplementedError


# ── rounds ──────────────────────────────────────────────────────────────────────────────────────────────────────


def is_empty(conn: Connection) -> bool:
    """Say whether no headline has ever been stored."""
    raise NotImplementedError


def data_as_of(conn: Connection) -> datetime | None:
    """Give the time of the last successful poll of any source; None before the first."""
    raise NotImplementedError
