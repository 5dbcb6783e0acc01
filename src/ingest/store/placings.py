"""The pairs of headlines and the stories made of them (docs/decisions/0004)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Connection,
    Delete,
    Insert,
    Row,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    insert,
    select,
    union_all,
    update,
)

from ingest.store import schema
from ingest.store.engine import BATCH, add_missing, batches, json_text, upsert
from ingest.store.members import ordinal
from ingest.stories import Join, Story, StoryDecision

_HEADLINES, _PAIRS = schema.headlines, schema.story_pairs

LIKENESS: Final = ("words", "translation")
"""The rules of pairs decided for whole days. All other rules are proofs."""


def story_id(founder_id: str) -> str:
    """Name a story after its founder."""
    return "s" + founder_id[1:]


# ── pairs ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def pairs_of(conn: Connection, ids: Iterable[str]) -> dict[tuple[str, str], Join]:
    """Read every join of these headlines."""
    rows: list[Row[Any]] = []
    for batch in batches(ids):
        rows += conn.execute(_either_end(), {"ids": batch}).all()
    return {(row.headline_id, row.other_id): _join(row) for row in rows}


@cache
def _either_end() -> CompoundSelect[Any]:
    ids: BindParameter[str] = bindparam("ids", expanding=True)
    return union_all(*(select(_PAIRS).where(end.in_(ids)) for end in (_PAIRS.c.headline_id, _PAIRS.c.other_id)))


def likenesses(conn: Connection, vendor_id: str, days: Iterable[date]) -> dict[tuple[str, str], Join]:
    """Read a vendor's pairs with their later day among these, without proofs."""
    ordinals = sorted({day.toordinal() for day in days})
    rows: list[Row[Any]] = []
    for start in range(0, len(ordinals), BATCH):
        parameters = {"vendor": vendor_id, "days": ordinals[start : start + BATCH]}
        rows += conn.execute(_by_later_day(), parameters).all()
    return {(row.headline_id, row.other_id): _join(row) for row in rows}


@cache
def _by_later_day() -> Select[Any]:
    decided = _PAIRS.c.later_day.in_(bindparam("days", expanding=True))
    return select(_PAIRS).where(_PAIRS.c.vendor_id == bindparam("vendor"), _PAIRS.c.rule.in_(LIKENESS), decided)


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
            "later_day": ordinal(later_day.get(join.pair)),
        }
        for join in joins
    ]
    if rows:
        upsert(conn, _PAIRS, rows, key=("headline_id", "other_id"))


def drop_pairs(conn: Connection, pairs: Iterable[tuple[str, str]]) -> None:
    """Forget joins."""
    rows = [{"low": low, "high": high} for low, high in sorted(pairs)]
    if rows:
        conn.execute(_deletion_of_pairs(), rows)


@cache
def _deletion_of_pairs() -> Delete:
    return delete(_PAIRS).where(_PAIRS.c.headline_id == bindparam("low"), _PAIRS.c.other_id == bindparam("high"))


# ── stories ─────────────────────────────────────────────────────────────────────────────────────────────────────


def decisions(conn: Connection) -> list[StoryDecision]:
    """Read the operators' decisions on stories."""
    return [
        StoryDecision(row.id, row.kind, row.subject, tuple(json.loads(row.said).get("others", ())))
        for row in conn.execute(_on_stories())
    ]


@cache
def _on_stories() -> Select[Any]:
    table = schema.decisions
    columns = (table.c.id, table.c.kind, table.c.subject, table.c.said)
    return select(*columns).where(table.c.kind.in_(("merge", "split", "pin"))).order_by(table.c.id)


def write(conn: Connection, vendor_id: str, stories: Sequence[Story], before: Mapping[str, str], at: datetime) -> None:
    """
    Store the story of each headline, with the one join that brought it in.

    Args:
        before: The founder of each headline's present story.
    """
    known = set(before.values())
    fresh = [
        {"id": story_id(one.founder_id), "vendor_id": vendor_id, "headline_id": one.founder_id, "created_at": at}
        for one in stories
        if one.founder_id not in known
    ]
    add_missing(conn, schema.stories, fresh)
    moved = {
        id_: story_id(story.founder_id)
        for story in stories
        for id_ in story.headline_ids
        if before[id_] != story.founder_id
    }
    _set(conn, _HEADLINES, "story_id", moved)
    rows = [_founder_row(story, at) for story in stories]
    rows += [_join_row(story, join, at) for story in stories for join in story.joins]
    upsert(conn, schema.story_joins, rows, key=("headline_id",), keep=("joined_at",))


def _set(conn: Connection, table: Table, column: str, values: Mapping[str, str]) -> None:
    """Set one column of rows given by their id."""
    if values:
        rows = [{"row_id": name, "row_value": value} for name, value in sorted(values.items())]
        conn.execute(_setting(table, column), rows)


@cache
def _setting(table: Table, column: str) -> Update:
    return update(table).where(table.c.id == bindparam("row_id")).values({column: bindparam("row_value")})


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


def show(
    conn: Connection,
    chosen: Mapping[str, tuple[str, Mapping[str, str]]],
    *,
    shown: Mapping[str, str] = MappingProxyType({}),
    new: Collection[str] = (),
) -> None:
    """
    Store the headline shown for each story, and for each language of it.

    Args:
        chosen: By founder: the headline shown for the story, and those of its languages.
        shown: By founder: the headline shown so far, as far as it is known.
        new: The founders of stories that were never shown.
    """
    _set(
        conn,
        schema.stories,
        "headline_id",
        {story_id(id_): headline for id_, (headline, _) in chosen.items() if shown.get(id_) != headline},
    )
    for batch in batches(story_id(id_) for id_ in chosen if id_ not in new):
        conn.execute(_deletion_of_languages(), {"ids": batch})
    rows = [
        {"story_id": story_id(id_), "lang": lang, "headline_id": headline}
        for id_, (_, languages) in chosen.items()
        for lang, headline in languages.items()
    ]
    if rows:
        conn.execute(_new_languages(), rows)


@cache
def _deletion_of_languages() -> Delete:
    table = schema.story_languages
    return delete(table).where(table.c.story_id.in_(bindparam("ids", expanding=True)))


@cache
def _new_languages() -> Insert:
    return insert(schema.story_languages)


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
