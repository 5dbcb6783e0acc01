"""
The values of the pages, made from stored rows: ticker lines, days, the state of the sources.

This module is pure: rows, the time zone and the time are arguments. Titles are text from vendors, escaped by the template.
An address without https is never a link. The first page stays small: each part has a limit of lines and of bytes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from html import escape
from itertools import groupby
from typing import Final, TypeVar

from ingest.display import When, moment, published
from ingest.model import State
from ingest.store.queries import SourceRow
from ingest.store.stories import ListedStory

POLICY_JA: Final = "公式発表のみ掲載。噂・リーク・情報商材は載せません。"
POLICY_EN: Final = (
    "We use only official sources. Each article links to the original announcement so you can verify it yourself."
)

TICKER_LINES: Final = 20
"""The number of lines in the ticker of May 2026, as in the demo."""

TICKER_LEAST: Final = 5
"""The fewest new lines of a ticker. With fewer, as in the first days, it shows backfill, too."""

LIST_LINES: Final = 60
"""The number of lines in `LIST_BYTES` at 400 bytes each, the usual length."""

SOURCE_LINES: Final = 40

TICKER_BYTES: Final = 10_000
LIST_BYTES: Final = 24_000
SOURCE_BYTES: Final = 9_000
"""Together 43 kB at most. Head, style sheet and foot have 6 kB, and the first page must stay under 50 kB."""

REASON_LIMIT: Final = 300
"""Characters of a source's reason on the page. `ingest status` has the rest."""

STALE: Final = timedelta(days=1)
"""The age of stale data: the default `max_interval`, the longest pause between two polls of a source."""

_LINE_BYTES: Final = 300  # the markup around one story, at most, with a heading of its own day
_SOURCE_BYTES: Final = 180  # the same for one source
_REASON_BYTES: Final = 45  # and for its reason

_TROUBLE: Final = frozenset({State.FAILING, State.BROKEN, State.BLOCKED, State.MOVED, State.FROZEN, State.QUIET})
_LANGUAGE: Final = re.compile("[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")  # BCP 47 as far as a browser looks at it


@dataclass(frozen=True, slots=True)
class StoryLine:
    """
    One story: the headline that represents it, and the number of its official links.

    `url` is the headline's official page, or None for an address that must not be a link.
    """

    title: str
    url: str | None
    lang: str | None
    vendor: str
    source_id: str
    when: When
    links: int


@dataclass(frozen=True, slots=True)
class DayGroup:
    """The stories under one heading, newest first."""

    heading: str
    lines: tuple[StoryLine, ...]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """The state of one source."""

    id: str
    state: State
    reason: str
    success: When | None
    headlines: int


Shown = TypeVar("Shown", StoryLine, SourceLine)


@dataclass(frozen=True, slots=True)
class SourceTable:
    """Sources, the number of sources in each state, and the number of those left out."""

    lines: tuple[SourceLine, ...]
    states: tuple[tuple[State, int], ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """The time zone, the time of the newest data, and whether the data is stale."""

    zone: str
    as_of: When | None
    stale: bool


@dataclass(frozen=True, slots=True)
class FrontPage:
    """The first page. A ticker with too few new lines has backfill, too."""

    freshness: Freshness
    ticker: tuple[StoryLine, ...]
    with_backfill: bool
    days: tuple[DayGroup, ...]
    shown: int
    more: bool
    sources: SourceTable


@dataclass(frozen=True, slots=True)
class SourcesPage:
    """Every source in force."""

    freshness: Freshness
    sources: SourceTable


def front_page(
    live: Sequence[ListedStory],
    newest: Sequence[ListedStory],
    sources: Sequence[SourceRow],
    freshness: Freshness,
    zone: tzinfo,
) -> FrontPage:
    """
    Make the first page.

    Args:
        live: The newest stories without backfill.
        newest: The newest stories. One more than `LIST_LINES` means that there are older ones.
        sources: The sources in force.
        freshness: The result of `freshness_of`.
        zone: The zone for the day of a moment.
    """
    listed = _fitting((_line(row, zone) for row in newest[:LIST_LINES]), LIST_BYTES)
    few = len(live) < TICKER_LEAST and len(newest) > len(live)
    ranked = sorted(sources, key=lambda source: (source.state not in _TROUBLE, source.id))
    return FrontPage(
        freshness=freshness,
        ticker=_fitting((_line(row, zone) for row in (newest if few else live)[:TICKER_LINES]), TICKER_BYTES),
        with_backfill=few,
        days=_days(listed),
        shown=len(listed),
        more=len(newest) > len(listed),
        sources=_table(ranked, zone, SOURCE_LINES, SOURCE_BYTES),
    )


def sources_page(sources: Sequence[SourceRow], freshness: Freshness, zone: tzinfo) -> SourcesPage:
    """Make the page of all sources, in the order given."""
    return SourcesPage(freshness, _table(sources, zone, None, None))


def freshness_of(as_of: datetime | None, now: datetime, zone: tzinfo) -> Freshness:
    """Return how recent the data is. `as_of` is the last successful poll of any source."""
    return Freshness(str(zone), moment(as_of, zone) if as_of else None, as_of is not None and now - as_of > STALE)


def _line(row: ListedStory, zone: tzinfo) -> StoryLine:
    return StoryLine(
        title=row.display_title,
        url=row.url if row.url.startswith("https://") else None,
        lang=row.lang if row.lang and _LANGUAGE.fullmatch(row.lang) else None,
        vendor=row.vendor_name,
        source_id=row.source_id,
        when=published(row.published, row.published_precision, row.first_seen_at, zone),
        links=len(row.links),
    )


def _days(lines: Iterable[StoryLine]) -> tuple[DayGroup, ...]:
    """
    Group lines by day, the newest day first. Lines of one day keep their order.

    The stored order alone would show a heading twice: a printed day sorts at midnight UTC, a moment by the day of its zone.
    """
    ordered = sorted(lines, key=lambda line: line.when.order, reverse=True)
    return tuple(
        DayGroup(heading, tuple(group)) for heading, group in groupby(ordered, key=lambda line: line.when.heading)
    )


def _table(sources: Sequence[SourceRow], zone: tzinfo, limit: int | None, budget: int | None) -> SourceTable:
    lines = tuple(_source(row, zone) for row in sources[:limit])
    kept = lines if budget is None else _fitting(lines, budget)
    counts = Counter(source.state for source in sources)
    states = tuple((state, counts[state]) for state in State if counts[state])
    return SourceTable(kept, states, len(sources) - len(kept))


def _source(row: SourceRow, zone: tzinfo) -> SourceLine:
    reason = row.reason if len(row.reason) <= REASON_LIMIT else row.reason[:REASON_LIMIT].rstrip() + "…"
    success = moment(row.last_success_at, zone) if row.last_success_at else None
    return SourceLine(row.id, row.state, reason, success, row.headlines)


def _fitting(lines: Iterable[Shown], budget: int) -> tuple[Shown, ...]:
    """Take lines from the top while they fit. The first always fits (a title has 1,000 characters, an address 2,048)."""
    kept: list[Shown] = []
    for line in lines:
        budget -= _weight(line)
        if kept and budget < 0:
            break
        kept.append(line)
    return tuple(kept)


def _weight(line: StoryLine | SourceLine) -> int:
    """Estimate the bytes of a line on the page, rather too many than too few."""
    if isinstance(line, SourceLine):
        return _SOURCE_BYTES + _bytes(line.id) + (_REASON_BYTES + _bytes(line.reason) if line.reason else 0)
    return _LINE_BYTES + _bytes(line.title, line.url or "", line.lang or "", line.vendor, line.source_id)


def _bytes(*texts: str) -> int:
    return sum(len(escape(text).encode()) for text in texts)
