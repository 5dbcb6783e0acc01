"""Rows of the `v1_` views as values, for people and programs (see also `stories` and `provenance`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    FromClause,
    Row,
    TableClause,
    case,
    column,
    func,
    literal,
    or_,
    select,
    table,
)

from ingest.display import shown_title
from ingest.model import Precision, Role, State
from ingest.store.utc import UtcDateTime

# ── the views and a few tables, as far as their types go ────────────────────────────────────────────────────────


def declare(name: str, columns: str, *, times: str = "", flags: str = "") -> TableClause:
    """
    Declare a view with its types, because engines give neither times nor truth values of a view's columns.

    A few tables are declared here, too. Building all of `schema` would take longer than a query does.
    """
    types: dict[str, Any] = dict.fromkeys(times.split(), UtcDateTime) | dict.fromkeys(flags.split(), Boolean)
    return table(name, *(column(each, types.get(each)) for each in columns.split()))


HEADLINES: Final = declare(
    "v1_headlines",
    "id story_id vendor_id vendor_name source_id role url title summary lang categories published published_precision"
    " first_seen_at changed_at revision backfill state allowlist_generation capture_id product",
    times="published first_seen_at changed_at",
    flags="backfill",
)
LINKS: Final = declare(
    "v1_links", "headline_id url rel lang source_id first_seen_at last_seen_at", times="first_seen_at last_seen_at"
)
_VENDORS: Final = declare("v1_vendors", "id name home sources headlines data_as_of", times="data_as_of")
_SOURCES: Final = declare(
    "v1_sources",
    "id vendor_id kind role url state reason last_success_at last_change_at next_poll_at consecutive_failures last_error"
    " headlines data_as_of product",
    times="last_success_at last_change_at next_poll_at data_as_of",
)
_REJECTIONS: Final = declare(
    "v1_rejections",
    "id source_id url title reason detail first_seen_at last_seen_at times status",
    times="first_seen_at last_seen_at",
)
_STORED: Final = declare("headlines", "id")
_STATES: Final = declare("source_states", "last_attempt_at last_success_at", times="last_attempt_at last_success_at")
_GENERATIONS: Final = declare("generations", "number by")

# ── headlines ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Headline:
    """
    A row of `v1_headlines`. `published` may be None, `state` is live or withdrawn.

    `title` is the vendor's own title, `display_title` the one for people (`display`).
    """

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
    product: str
    display_title: str


@dataclass(frozen=True, slots=True)
class Link:
    """A row of `v1_links`: an official address of a headline. `rel` is primary, alternate, related or via."""

    headline_id: str
    url: str
    rel: str
    lang: str | None
    source_id: str
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Bound:
    """
    A bound in time: a moment, and the calendar day for headlines with a day only.

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
    A filter of headlines. None leaves a property open.

    lang: includes regions (`en` finds `en-US`)
    since, until: inclusive and exclusive; an undated headline counts by its first sight
    search: every word occurs in title or summary, in any case
    withdrawn: includes headlines withdrawn by an operator
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
    """List headlines, newest first, by the source's date or else by first sight."""
    view = HEADLINES
    rows = conn.execute(
        select(view)
        .where(*conditions(view, wanted))
        .order_by(shown_at(view).desc(), view.c.first_seen_at.desc(), view.c.id)
        .limit(limit)
    )
    return [headline_of(row) for row in rows]


def count_headlines(conn: Connection, wanted: Filter = ANY) -> int:
    """Count headlines."""
    view = HEADLINES
    return conn.execute(select(func.count()).select_from(view).where(*conditions(view, wanted))).scalar_one()


def headline_of(row: Row[*tuple[Any, ...]]) -> Headline:
    """Make a headline of a row with the columns of `v1_headlines`."""
    return Headline(
        **{
            **row._mapping,  # noqa: SLF001 - SQLAlchemy's documented way to columns by name
            "role": Role(row.role),
            "categories": tuple(json.loads(row.categories)),
            "published_precision": Precision(row.published_precision),
            "display_title": shown_title(row.title, row.product),
        }
    )


def shown_at(view: FromClause) -> ColumnElement[datetime]:
    """The sort key of a headline: the source's date, else its first sight."""
    return func.coalesce(view.c.published, view.c.first_seen_at, type_=UtcDateTime)


def conditions(view: FromClause, wanted: Filter) -> Iterator[ColumnElement[bool]]:
    """Return the condition of a filter on `v1_headlines`."""
    if not wanted.withdrawn:
        yield view.c.state == "live"
    exact = ((view.c.vendor_id, wanted.vendor), (view.c.source_id, wanted.source), (view.c.backfill, wanted.backfill))
    yield from (column == value for column, value in exact if value is not None)
    if wanted.lang is not None:
        yield or_(view.c.lang == wanted.lang, view.c.lang.startswith(f"{wanted.lang}-", autoescape=True))
    if wanted.since is not None:
        yield shown_at(view) >= _border(view, wanted.since)
    if wanted.until is not None:
        yield shown_at(view) < _border(view, wanted.until)
    for word in (wanted.search or "").split():
        columns = (view.c.title, view.c.summary)
        # SQLite folds the case of ASCII letters only, so the word is also looked for as it was typed.
        yield or_(
            *(column.icontains(word, autoescape=True) for column in columns),
            *(column.contains(word, autoescape=True) for column in columns),
        )


def _border(view: FromClause, bound: Bound) -> ColumnElement[datetime]:
    """Return the moment, or the day at 00:00Z for dates without a time, as they are stored."""
    midnight = datetime.combine(bound.day, time(), UTC)
    timed = view.c.published_precision.in_([Precision.SECOND.value, Precision.NONE.value])
    moments = (literal(moment, UtcDateTime) for moment in (bound.at, midnight))
    return case((timed, next(moments)), else_=next(moments))


# ── vendors, sources, rejections ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class VendorRow:
    """A row of `v1_vendors`. `data_as_of` is the oldest last success among its sources."""

    id: str
    name: str
    home: str
    sources: int
    headlines: int
    data_as_of: datetime | None


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row of `v1_sources`. `last_change_at` is when it last had something new."""

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
    product: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row of `v1_rejections`. Its `url` and `title` are only for display, and must not be followed."""

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


def vendors(conn: Connection) -> list[VendorRow]:
    """List the vendors in force, by id."""
    return [VendorRow(*row) for row in conn.execute(select(_VENDORS).order_by(_VENDORS.c.id))]


def sources(conn: Connection, ids: Sequence[str] = ()) -> list[SourceRow]:
    """List the sources in force, all or those named, by id."""
    query = select(_SOURCES).order_by(_SOURCES.c.id)
    if ids:
        query = query.where(_SOURCES.c.id.in_(list(ids)))
    return [
        SourceRow(**{**row._mapping, "role": Role(row.role), "state": State(row.state)})  # noqa: SLF001 - by name
        for row in conn.execute(query)
    ]


def rejections(
    conn: Connection,
    *,
    source: str | None = None,
    reason: str | None = None,
    status: str | None = None,
    limit: int | None = 50,
) -> list[Rejection]:
    """List refused and waiting entries, last seen first."""
    view = _REJECTIONS
    asked = ((view.c.source_id, source), (view.c.reason, reason), (view.c.status, status))
    query = select(view).where(*(column == value for column, value in asked if value is not None))
    return [
        Rejection(*row)
        for row in conn.execute(query.order_by(view.c.last_seen_at.desc(), view.c.id.desc()).limit(limit))
    ]


def rejections_at(conn: Connection, url: str) -> list[Rejection]:
    """List the refusals of exactly this address."""
    return [Rejection(*row) for row in conn.execute(select(_REJECTIONS).where(_REJECTIONS.c.url == url))]


# ── rounds ──────────────────────────────────────────────────────────────────────────────────────────────────────


def is_empty(conn: Connection) -> bool:
    """Say whether no headline has ever been stored."""
    return conn.execute(select(_STORED.c.id).limit(1)).first() is None


DEMO: Final = "ingest demo"
"""The owner of the demo's list. A database with that list in force holds recorded samples."""


def demo_at(conn: Connection) -> datetime | None:
    """Return the time of the demo's clock (its last poll), or None for another database."""
    newest = select(_GENERATIONS.c.by).order_by(_GENERATIONS.c.number.desc()).limit(1)
    if conn.execute(newest).scalar() != DEMO:
        return None
    at: datetime | None = conn.execute(select(func.max(_STATES.c.last_attempt_at))).scalar_one()
    return at


def data_as_of(conn: Connection) -> datetime | None:
    """Return the time of the last successful poll of any source, or None before the first."""
    last: datetime | None = conn.execute(select(func.max(_STATES.c.last_success_at))).scalar_one()
    return last
