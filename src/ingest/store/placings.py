"""The material of stories: members, keys, pairs and open days, and the stories themselves (docs/decisions/0004)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    true,
    update,
)

from ingest.dedupe import key_text
from ingest.model import Precision, Role
from ingest.store import schema
from ingest.store.engine import batches, json_text, upsert
from ingest.stories import Join, Member, ProofKey, Story, StoryDecision

_HEADLINES, _MEMBERS, _KEYS, _PAIRS = schema.headlines, schema.story_members, schema.story_keys, schema.story_pairs

LIKENESS: Final = ("words", "translation")
"""The rules of pairs decided for whole days. All other rules are proofs."""


def story_id(founder_id: str) -> str:
    """Name a story after its founder."""
    return "s" + founder_id[1:]


def _ordinal(day: date | None) -> int | None:
    return None if day is None else day.toordinal()


# ── members ─────────────────────────────────────────────────────────────────────────────────────────────────────


def members(conn: Connection, ids: Iterable[str]) -> dict[str, Member]:
    """Read headlines as far as stories ask."""
    wanted = list(ids)
    names = ("id", "vendor_id", "source_id", "url", "title", "lang", "published", "published_precision")
    columns = [
        *(_HEADLINES.c[name] for name in names),
        _HEADLINES.c.first_seen_at,
        _HEADLINES.c.summary,
        schema.sources.c.role,
    ]
    by_id: dict[str, Member] = {}
    for batch in batches(wanted):
        rows = conn.execute(
            select(*columns)
            .join(schema.sources, schema.sources.c.id == _HEADLINES.c.source_id)
            .where(_HEADLINES.c.id.in_(batch))
        )
        by_id |= {row.id: _member(row) for row in rows}
    alternates = _alternates(conn, by_id)
    return {id_: replace(member, alternates=alternates.get(id_, ())) for id_, member in by_id.items()}


def _member(row: Row[Any]) -> Member:
    return Member(
        id=row.id,
        vendor=row.vendor_id,
        source=row.source_id,
        role=Role(row.role),
        url=row.url,
        title=row.title,
        lang=row.lang,
        published=row.published,
        precision=Precision(row.published_precision),
        first_seen_at=row.first_seen_at,
        summary=row.summary,
    )


def _alternates(conn: Connection, members_of: Mapping[str, Member]) -> dict[str, tuple[str, ...]]:
    """Read the addresses of pages in other languages, as named by the pages."""
    links = schema.links
    named: dict[str, list[str]] = defaultdict(list)
    for batch in batches(members_of):
        rows = conn.execute(
            select(links.c.headline_id, links.c.url, links.c.lang)
            .where(links.c.headline_id.in_(batch), links.c.rel == "alternate", links.c.lang.is_not(None))
            .order_by(links.c.url)
        )
        for row in rows:
            if row.lang != members_of[row.headline_id].lang:
                named[row.headline_id].append(row.url)
    return {id_: tuple(urls) for id_, urls in named.items()}


def window(conn: Connection, vendor_id: str, first: date, last: date) -> dict[str, tuple[Member, str]]:
    """Read a vendor's members of some days, each with its group of proofs."""
    rows = conn.execute(
        select(_MEMBERS.c.headline_id, _MEMBERS.c.proof_group).where(
            _MEMBERS.c.vendor_id == vendor_id, _MEMBERS.c.day.between(first.toordinal(), last.toordinal())
        )
    )
    groups = dict(iter(rows.all()))
    return {id_: (member, groups[id_]) for id_, member in members(conn, groups).items()}


def put(conn: Connection, placed: Mapping[str, Member], keys: Mapping[str, Sequence[ProofKey]]) -> None:
    """Store members again, each alone in its group, with their keys."""
    for batch in batches(placed):
        conn.execute(delete(_KEYS).where(_KEYS.c.headline_id.in_(batch)))
    rows = [
        {"headline_id": id_, "vendor_id": member.vendor, "day": _ordinal(member.day), "proof_group": id_}
        for id_, member in placed.items()
    ]
    if rows:
        upsert(conn, _MEMBERS, rows, key=("headline_id",))
    key_rows = {
        (key.vendor, key.kind, key_text(key.value), id_): _ordinal(placed[id_].day)
        for id_, proof_keys in keys.items()
        for key in proof_keys
    }
    if key_rows:
        names = ("vendor_id", "kind", "value", "headline_id")
        conn.execute(
            insert(_KEYS), [{**dict(zip(names, key, strict=True)), "day": day} for key, day in key_rows.items()]
        )


def neighbours(
    conn: Connection, keys: Mapping[str, Sequence[ProofKey]], days: Mapping[str, date | None]
) -> dict[str, set[str]]:
    """Return, for each member, the others with a common key that are near enough in time."""
    wanted: dict[tuple[str, str], dict[str, list[tuple[str, int | None]]]] = defaultdict(lambda: defaultdict(list))
    for id_, proof_keys in keys.items():
        for key in proof_keys:
            wanted[key.vendor, key.kind][key_text(key.value)].append((id_, key.days))
    near: dict[str, set[str]] = defaultdict(set)
    for (vendor_id, kind), values in wanted.items():
        for batch in batches(values):
            asked = [(days[id_], reach) for value in batch for id_, reach in values[value]]
            rows = conn.execute(
                select(_KEYS.c.value, _KEYS.c.headline_id, _KEYS.c.day).where(
                    _KEYS.c.vendor_id == vendor_id, _KEYS.c.kind == kind, _KEYS.c.value.in_(batch), _around(asked)
                )
            )
            for row in rows:
                for id_, reach in values[row.value]:
                    if row.headline_id != id_ and _is_near(_ordinal(days[id_]), row.day, reach):
                        near[id_].add(row.headline_id)
    return near


def _around(asked: Iterable[tuple[date | None, int | None]]) -> ColumnElement[bool]:
    """Leave out distant members, so that a weekly title of years is not read whole."""
    bounds = []
    for day, reach in asked:
        if day is None or reach is None:
            return true()
        bounds.append((day.toordinal() - reach, day.toordinal() + reach))
    first, last = min(low for low, _ in bounds), max(high for _, high in bounds)
    return or_(_KEYS.c.day.is_(None), _KEYS.c.day.between(first, last))


def _is_near(one: int | None, other: int | None, reach: int | None) -> bool:
    return reach is None or one is None or other is None or abs(one - other) <= reach


def regroup(conn: Connection, groups: Mapping[str, str]) -> None:
    """Store the groups made by proofs."""
    _update(conn, _MEMBERS, "headline_id", "proof_group", groups)


def _update(conn: Connection, table: Table, key: str, column: str, values: Mapping[str, str]) -> None:
    """Set one column of many rows in one statement."""
    if values:
        statement = update(table).where(table.c[key] == bindparam("row_key")).values({column: bindparam("row_value")})
        conn.execute(statement, [{"row_key": name, "row_value": value} for name, value in sorted(values.items())])


def groups_of(conn: Connection, ids: Iterable[str]) -> dict[str, tuple[str, date | None]]:
    """Read the group and day of members."""
    groups_of: dict[str, tuple[str, date | None]] = {}
    for batch in batches(ids):
        rows = conn.execute(
            select(_MEMBERS.c.headline_id, _MEMBERS.c.proof_group, _MEMBERS.c.day).where(
                _MEMBERS.c.headline_id.in_(batch)
            )
        )
        groups_of |= {
            row.headline_id: (row.proof_group, date.fromordinal(row.day) if row.day else None) for row in rows
        }
    return groups_of


# ── pairs and days ──────────────────────────────────────────────────────────────────────────────────────────────


def pairs_of(conn: Connection, ids: Iterable[str]) -> dict[tuple[str, str], Join]:
    """Read every join of these headlines."""
    joins: dict[tuple[str, str], Join] = {}
    for batch in batches(ids):
        either = or_(_PAIRS.c.headline_id.in_(batch), _PAIRS.c.other_id.in_(batch))
        joins |= {(row.headline_id, row.other_id): _join(row) for row in conn.execute(select(_PAIRS).where(either))}
    return joins


def likenesses(conn: Connection, vendor_id: str, first: date, last: date) -> dict[tuple[str, str], Join]:
    """Read a vendor's pairs decided by the days between two."""
    between = _PAIRS.c.later_day.between(first.toordinal(), last.toordinal())
    rows = conn.execute(select(_PAIRS).where(_PAIRS.c.vendor_id == vendor_id, _PAIRS.c.rule.in_(LIKENESS), between))
    return {(row.headline_id, row.other_id): _join(row) for row in rows}


def _join(row: Row[Any]) -> Join:
    evidence = tuple((name, value) for name, value in json.loads(row.evidence))
    return Join(row.headline_id, row.other_id, row.rule, row.score, evidence)


def add_pairs(
    conn: Connection, vendor_id: str, joins: Iterable[Join], later_day: Mapping[tuple[str, str], date | None]
) -> None:
    """Store joins, and replace earlier ones of the same pair."""
    rows = [
        {
            "headline_id": join.pair[0],
            "other_id": join.pair[1],
            "vendor_id": vendor_id,
            "rule": join.rule,
            "score": join.score,
            "evidence": json_text(join.evidence),
            "later_day": _ordinal(later_day.get(join.pair)),
        }
        for join in joins
    ]
    if rows:
        upsert(conn, _PAIRS, rows, key=("headline_id", "other_id"))


def drop_pairs(conn: Connection, pairs: Iterable[tuple[str, str]]) -> None:
    """Forget joins."""
    rows = [{"low": low, "high": high} for low, high in sorted(pairs)]
    if rows:
        is_pair = and_(_PAIRS.c.headline_id == bindparam("low"), _PAIRS.c.other_id == bindparam("high"))
        conn.execute(delete(_PAIRS).where(is_pair), rows)


def open_days(conn: Connection, vendor_id: str, days: Iterable[date]) -> None:
    """Reopen days, so that their likeness is decided again."""
    rows = [{"vendor_id": vendor_id, "day": ordinal} for ordinal in sorted({day.toordinal() for day in days})]
    table = schema.story_days
    known = set(conn.execute(select(table.c.day).where(table.c.vendor_id == vendor_id)).scalars())
    fresh = [row for row in rows if row["day"] not in known]
    if fresh:
        conn.execute(insert(table), fresh)


def take_days(conn: Connection, vendor_id: str, until: date) -> list[date]:
    """Take the open days of a vendor up to one, in order."""
    table = schema.story_days
    ready = and_(table.c.vendor_id == vendor_id, table.c.day <= until.toordinal())
    days = sorted(conn.execute(select(table.c.day).where(ready)).scalars())
    conn.execute(delete(table).where(ready))
    return [date.fromordinal(day) for day in days]


def vendors_to_settle(conn: Connection, until: date) -> list[str]:
    """List the vendors with open days up to one."""
    table = schema.story_days
    query = select(table.c.vendor_id).where(table.c.day <= until.toordinal()).distinct().order_by(table.c.vendor_id)
    return list(conn.execute(query).scalars())


# ── stories ─────────────────────────────────────────────────────────────────────────────────────────────────────


def decisions(conn: Connection) -> list[StoryDecision]:
    """Read the operators' words on stories."""
    table = schema.decisions
    rows = conn.execute(select(table).where(table.c.kind.in_(("merge", "split", "pin"))).order_by(table.c.id))
    return [StoryDecision(row.id, row.kind, row.subject, tuple(json.loads(row.said).get("others", ()))) for row in rows]


def founders(conn: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Read the founder of each headline's story as it stands."""
    founders: dict[str, str] = {}
    for batch in batches(ids):
        rows = conn.execute(select(_HEADLINES.c.id, _HEADLINES.c.story_id).where(_HEADLINES.c.id.in_(batch)))
        founders |= {row.id: "h" + row.story_id[1:] for row in rows}
    return founders


def live(conn: Connection, ids: Iterable[str]) -> set[str]:
    """Return the headlines that can be shown."""
    shown: set[str] = set()
    for batch in batches(ids):
        query = select(_HEADLINES.c.id).where(_HEADLINES.c.id.in_(batch), _HEADLINES.c.state == "live")
        shown |= set(conn.execute(query).scalars())
    return shown


def write(conn: Connection, vendor_id: str, stories: Sequence[Story], before: Mapping[str, str], at: datetime) -> None:
    """
    Store the story of each headline, with the one join that brought it in.

    Args:
        before: The founder of each headline's present story.
    """
    table = schema.stories
    known = set()
    for batch in batches(story_id(story.founder_id) for story in stories):
        known |= set(conn.execute(select(table.c.id).where(table.c.id.in_(batch))).scalars())
    fresh = [
        {"id": story_id(one.founder_id), "vendor_id": vendor_id, "headline_id": one.founder_id, "created_at": at}
        for one in stories
        if story_id(one.founder_id) not in known
    ]
    if fresh:
        conn.execute(insert(table), fresh)
    moved = {
        id_: story_id(story.founder_id)
        for story in stories
        for id_ in story.headline_ids
        if before[id_] != story.founder_id
    }
    _update(conn, _HEADLINES, "id", "story_id", moved)
    rows = [_founder_row(story, at) for story in stories]
    rows += [_join_row(story, join, at) for story in stories for join in story.joins]
    upsert(conn, schema.story_joins, rows, key=("headline_id",), keep=("joined_at",))


def _founder_row(story: Story, at: datetime) -> dict[str, Any]:
    nothing = {"other_id": None, "rule": "first", "score": None, "evidence": json_text([])}
    return {"headline_id": story.founder_id, "story_id": story_id(story.founder_id), **nothing, "joined_at": at}


def _join_row(story: Story, join: Join, at: datetime) -> dict[str, Any]:
    return {
        "headline_id": join.headline_id,
        "story_id": story_id(story.founder_id),
        "other_id": join.other_id,
        "rule": join.rule,
        "score": join.score,
        "evidence": json_text(join.evidence),
        "joined_at": at,
    }


def show(conn: Connection, chosen: Mapping[str, tuple[str, Mapping[str, str]]]) -> None:
    """
    Store the headline shown for each story, and for each language of it.

    Args:
        chosen: By founder: the headline shown for the story, and those of its languages.
    """
    _update(conn, schema.stories, "id", "headline_id", {story_id(id_): shown for id_, (shown, _) in chosen.items()})
    table = schema.story_languages
    for batch in batches(map(story_id, chosen)):
        conn.execute(delete(table).where(table.c.story_id.in_(batch)))
    rows = [
        {"story_id": story_id(id_), "lang": lang, "headline_id": shown}
        for id_, (_, languages) in chosen.items()
        for lang, shown in languages.items()
    ]
    if rows:
        conn.execute(insert(table), rows)


def touched_by_list(conn: Connection, generation: int) -> dict[str, list[str]]:
    """Return the stories of headlines revoked or restored by a new list: their headlines, by founder."""
    table = schema.changes
    kinds = table.c.kind.in_(("revoked", "restored"))
    ids = select(table.c.headline_id).where(table.c.generation == generation, kinds)
    touched = conn.execute(select(_HEADLINES.c.story_id).where(_HEADLINES.c.id.in_(ids)).distinct()).scalars()
    by_founder: dict[str, list[str]] = defaultdict(list)
    for batch in batches(touched):
        rows = conn.execute(select(_HEADLINES.c.id, _HEADLINES.c.story_id).where(_HEADLINES.c.story_id.in_(batch)))
        for row in rows:
            by_founder["h" + row.story_id[1:]].append(row.id)
    return by_founder


def drop_empty(conn: Connection, founder_ids: Iterable[str]) -> None:
    """Delete stories without headlines. An editor's short lines move to the story of the merge."""
    for batch in batches(map(story_id, founder_ids)):
        left = conn.execute(select(_HEADLINES.c.story_id).where(_HEADLINES.c.story_id.in_(batch)).distinct())
        empty = sorted(set(batch) - set(left.scalars()))
        if empty:
            for table in (schema.story_languages, schema.short_headlines):
                conn.execute(delete(table).where(table.c.story_id.in_(empty)))
            conn.execute(delete(schema.stories).where(schema.stories.c.id.in_(empty)))
