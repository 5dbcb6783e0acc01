"""Stories for people and programs: the list, all official links, and the reasons for each."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from ingest.display import shown_title
from ingest.model import Precision, Role
from ingest.store import members, recorded, schema
from ingest.store.engine import batches
from ingest.store.queries import (
    ANY,
    HEADLINES,
    LINKS,
    Filter,
    Headline,
    Link,
    conditions,
    declare,
    headline_of,
    shown_at,
)
from ingest.stories import NEAR, Join, in_words, partners, relations

_STORIES: Final = declare("v1_stories", "id vendor_id headline_id headlines links")
_LANGUAGES: Final = declare("v1_story_languages", "story_id lang headline_id")


@dataclass(frozen=True, slots=True)
class ListedStory:
    """
    A listed announcement: the headline shown, the number of headlines, and every official link.

    `first_seen_at` is that of the headline shown. Links are sorted by `_order`, that of the headline shown first.
    """

    id: str
    vendor_id: str
    vendor_name: str
    headline_id: str
    title: str
    url: str
    role: Role
    lang: str | None
    published: datetime | None
    published_precision: Precision
    first_seen_at: datetime
    headlines: int
    source_id: str
    product: str
    display_title: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Joined:
    """The reason for a headline in its story: the other headline, the rule and the score, with `why` in words."""

    headline_id: str
    other_id: str
    rule: str
    score: float
    evidence: tuple[tuple[str, str], ...]
    why: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Word:
    """An operator's decision about headlines of a story, or about a former one."""

    at: datetime
    by: str
    kind: str
    subject: str
    others: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Related:
    """Another vendor's announcement about the same thing, linked and never merged, with its `evidence`."""

    story_id: str
    vendor_id: str
    headline_id: str
    title: str
    url: str
    evidence: tuple[tuple[str, str], ...]
    display_title: str


@dataclass(frozen=True, slots=True)
class Told:
    """
    One story with all its facts.

    `headline_id` is the one shown, `languages` the one of each language. Headlines come oldest first, withdrawn and
    revoked ones included (`state`). Links are those official now.
    """

    id: str
    vendor_id: str
    headline_id: str
    languages: tuple[tuple[str, str], ...]
    headlines: tuple[Headline, ...]
    links: tuple[Link, ...]
    joins: tuple[Joined, ...]
    words: tuple[Word, ...]
    related: tuple[Related, ...]


# ── all ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def stories(conn: Connection, wanted: Filter = ANY, *, limit: int | None = 50) -> list[ListedStory]:
    """
    List stories, newest first.

    Their time and backfill are those of the headline shown. A language is that of any of their headlines, and then the
    one of that language is shown. Words have to occur in one of them.
    """
    order = (shown_at(HEADLINES).desc(), HEADLINES.c.first_seen_at.desc(), HEADLINES.c.id)
    rows = conn.execute(_wanted(wanted).order_by(*order).limit(limit)).all()
    ids = [row.story_id for row in rows]
    links, sizes = _links(conn, ids), _sizes(conn, ids)
    return [_story(row, sizes[row.story_id], links.get(row.story_id, ())) for row in rows]


def count_stories(conn: Connection, wanted: Filter = ANY) -> int:
    """Count stories."""
    return int(conn.execute(select(func.count()).select_from(_wanted(wanted).subquery())).scalar_one())


def _wanted(wanted: Filter) -> Select[Any]:
    query = select(*HEADLINES.c).join_from(HEADLINES, _STORIES, _shows(wanted))
    if wanted.lang is not None:
        query = query.join(_LANGUAGES, _LANGUAGES.c.headline_id == HEADLINES.c.id).where(
            _LANGUAGES.c.lang == wanted.lang.partition("-")[0].lower()
        )
    alone = Filter(vendor=wanted.vendor, since=wanted.since, until=wanted.until, backfill=wanted.backfill)
    query = query.where(*conditions(HEADLINES, alone))
    anywhere = Filter(lang=wanted.lang, search=wanted.search, source=wanted.source)
    if anywhere != ANY:
        member = HEADLINES.alias("member")
        query = query.where(_STORIES.c.id.in_(select(member.c.story_id).where(*conditions(member, anywhere))))
    return query


def _shows(wanted: Filter) -> ColumnElement[bool]:
    if wanted.lang is None:
        return _STORIES.c.headline_id == HEADLINES.c.id
    return _STORIES.c.id == HEADLINES.c.story_id


def _story(row: Row[Any], size: int, links: Iterable[Link]) -> ListedStory:
    return ListedStory(
        id=row.story_id,
        vendor_id=row.vendor_id,
        vendor_name=row.vendor_name,
        headline_id=row.id,
        title=row.title,
        url=row.url,
        role=Role(row.role),
        lang=row.lang,
        published=row.published,
        published_precision=Precision(row.published_precision),
        first_seen_at=row.first_seen_at,
        headlines=size,
        source_id=row.source_id,
        product=row.product,
        display_title=shown_title(row.title, row.product),
        links=tuple(sorted(links, key=lambda link: (link.headline_id != row.id, *_order(link)))),
    )


def _sizes(conn: Connection, story_ids: Iterable[str]) -> dict[str, int]:
    """Count the headlines of some stories, outside the sorting query, which would count all."""
    counts: dict[str, int] = {}
    for batch in batches(story_ids):
        query = select(_STORIES.c.id, _STORIES.c.headlines).where(_STORIES.c.id.in_(batch))
        counts |= dict(iter(conn.execute(query).all()))
    return counts


def _links(conn: Connection, story_ids: Iterable[str]) -> dict[str, list[Link]]:
    """Read the official links of stories, those of withdrawn headlines excepted, each address once."""
    by_story: dict[str, dict[str, Link]] = defaultdict(dict)
    for batch in batches(story_ids):
        rows = conn.execute(
            select(HEADLINES.c.story_id, *LINKS.c)
            .join_from(LINKS, HEADLINES, HEADLINES.c.id == LINKS.c.headline_id)
            .where(HEADLINES.c.story_id.in_(batch), HEADLINES.c.state == "live")
        )
        for link in sorted(rows, key=lambda row: _order(Link(*row[1:]))):
            by_story[link.story_id].setdefault(link.url, Link(*link[1:]))
    return {story_id: list(links.values()) for story_id, links in by_story.items()}


def _order(link: Link) -> tuple[bool, datetime, str, str, str]:
    return (link.rel != "primary", link.first_seen_at, link.url, link.source_id, link.headline_id)


# ── one ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def story_of(conn: Connection, headline_id: str) -> str | None:
    """Return the story of a headline, or None for an unknown one."""
    table = schema.headlines
    story_id: str | None = conn.execute(select(table.c.story_id).where(table.c.id == headline_id)).scalar()
    return story_id


def told(conn: Connection, story_id: str) -> Told:
    """Return all facts about a story, also one without a visible headline."""
    table, languages = schema.stories, schema.story_languages
    story = conn.execute(select(table).where(table.c.id == story_id)).one()
    members = [
        headline_of(row) for row in conn.execute(recorded.RECORDED.where(schema.headlines.c.story_id == story_id))
    ]
    rows = conn.execute(
        select(languages.c.lang, languages.c.headline_id)
        .where(languages.c.story_id == story_id)
        .order_by(languages.c.lang)
    )
    links = _links(conn, [story_id]).get(story_id, [])
    return Told(
        id=story.id,
        vendor_id=story.vendor_id,
        headline_id=story.headline_id,
        languages=tuple((row.lang, row.headline_id) for row in rows),
        headlines=tuple(members),
        links=tuple(sorted(links, key=lambda link: (link.headline_id != story.headline_id, *_order(link)))),
        joins=tuple(_joins(conn, story_id)),
        words=tuple(_words(conn, [member.id for member in members])),
        related=tuple(_related(conn, [member.id for member in members if member.state == "live"])),
    )


def _joins(conn: Connection, story_id: str) -> Iterator[Joined]:
    """List the join of each headline but the first."""
    table = schema.story_joins
    rows = conn.execute(
        select(table)
        .where(table.c.story_id == story_id, table.c.other_id.is_not(None))
        .order_by(table.c.joined_at, table.c.headline_id)
    )
    for row in rows:
        evidence = tuple((str(name), str(value)) for name, value in json.loads(row.evidence))
        join = Join(row.headline_id, row.other_id, row.rule, row.score, evidence)
        yield Joined(join.headline_id, join.other_id, join.rule, join.score, evidence, in_words(join), row.joined_at)


def _words(conn: Connection, headline_ids: Sequence[str]) -> Iterator[Word]:
    """List the operators' decisions about any of these headlines, in order."""
    table, members = schema.decisions, frozenset(headline_ids)
    for row in conn.execute(select(table).order_by(table.c.id)):
        others = tuple(json.loads(row.said).get("others", ()))
        if members & {row.subject, *others}:
            yield Word(row.at, row.by, row.kind, row.subject, others, row.reason)


def _related(conn: Connection, headline_ids: Sequence[str]) -> Iterator[Related]:
    """List related announcements of other vendors, each once. They are computed on request, not stored."""
    named: set[str] = set()
    for one in members.read(conn, headline_ids).values():
        others = partners(one)
        if one.day is None or not others:
            continue
        day, moment = datetime.combine(one.day, time(), UTC), shown_at(HEADLINES)
        rows = conn.execute(
            select(HEADLINES).where(
                HEADLINES.c.vendor_id.in_(sorted(others)),
                HEADLINES.c.state == "live",
                moment >= day - NEAR,
                moment < day + NEAR + timedelta(days=1),
            )
        )
        near = {row.id: row for row in rows}
        for id_, evidence in relations(one, members.read(conn, near).values()).items():
            if id_ not in named:
                named.add(id_)
                row = near[id_]
                shown = shown_title(row.title, row.product)
                yield Related(row.story_id, row.vendor_id, id_, row.title, row.url, evidence, shown)
