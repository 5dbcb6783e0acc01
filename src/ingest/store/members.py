"""Headlines as members of stories: their facts, proof keys and groups (docs/decisions/0004)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Delete,
    Insert,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    union_all,
    update,
)

from ingest.dedupe import key_text
from ingest.model import Precision, Role
from ingest.store import schema
from ingest.store.engine import BATCH, batches, mixed_batches, upsert
from ingest.stories import Member, ProofKey

_HEADLINES, _MEMBERS, _KEYS = schema.headlines, schema.story_members, schema.story_keys


@dataclass(frozen=True, slots=True)
class Placed:
    """
    A headline with its place among the stories.

    founder_id: the founder of its story
    shown_id: the headline shown for its story
    is_live: whether it can be shown
    group: its group of proofs, None before its first placing
    day: the day by which it was placed
    """

    member: Member
    founder_id: str
    shown_id: str
    is_live: bool
    group: str | None
    day: date | None


def ordinal(day: date | None) -> int | None:
    """Return a day as it is stored."""
    return None if day is None else day.toordinal()


# ── headlines ───────────────────────────────────────────────────────────────────────────────────────────────────


def read(conn: Connection, ids: Iterable[str]) -> dict[str, Member]:
    """Read headlines as far as stories ask."""
    return {id_: one.member for id_, one in placed(conn, ids).items()}


def placed(conn: Connection, ids: Iterable[str]) -> dict[str, Placed]:
    """Read headlines with their places, in one statement."""
    rows: list[Row[Any]] = []
    for batch in batches(ids):
        rows += conn.execute(_reading(), {"ids": batch}).all()
    by_id: dict[str, Placed] = {}
    alternates: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.id not in by_id:
            by_id[row.id] = _placed(row)
        if row.alternate is not None and row.alternate_lang != row.lang:
            alternates[row.id].append(row.alternate)
    for id_, urls in alternates.items():
        member = replace(by_id[id_].member, alternates=tuple(sorted(urls)))
        by_id[id_] = replace(by_id[id_], member=member)
    return by_id


@cache
def _reading() -> Select[Any]:
    """Build the statement for headlines. One has several rows if its page names pages in other languages."""
    names = ("id", "vendor_id", "source_id", "url", "title", "lang", "published", "published_precision")
    further = ("first_seen_at", "summary", "state", "story_id")
    links, stories = schema.links, schema.stories
    named = and_(links.c.headline_id == _HEADLINES.c.id, links.c.rel == "alternate", links.c.lang.is_not(None))
    return (
        select(
            *(_HEADLINES.c[name] for name in (*names, *further)),
            schema.sources.c.role,
            stories.c.headline_id.label("shown_id"),
            _MEMBERS.c.proof_group,
            _MEMBERS.c.day,
            links.c.url.label("alternate"),
            links.c.lang.label("alternate_lang"),
        )
        .join(schema.sources, schema.sources.c.id == _HEADLINES.c.source_id)
        .join(stories, stories.c.id == _HEADLINES.c.story_id)
        .outerjoin(_MEMBERS, _MEMBERS.c.headline_id == _HEADLINES.c.id)
        .outerjoin(links, named)
        .where(_HEADLINES.c.id.in_(bindparam("ids", expanding=True)))
    )


def _placed(row: Row[Any]) -> Placed:
    member = Member(
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
    day = date.fromordinal(row.day) if row.day else None
    return Placed(member, "h" + row.story_id[1:], row.shown_id, row.state == "live", row.proof_group, day)


def put(conn: Connection, vendor_id: str, new: Collection[Member], keys: Mapping[str, Sequence[ProofKey]]) -> None:
    """Store members, each alone in its group, with their keys. Their earlier keys are gone (`drop_keys`)."""
    rows = [
        {"headline_id": one.id, "vendor_id": vendor_id, "day": ordinal(one.day), "proof_group": one.id} for one in new
    ]
    if rows:
        upsert(conn, _MEMBERS, rows, key=("headline_id",))
    key_rows = [
        {"vendor_id": vendor_id, "kind": kind, "value": value, "headline_id": one.id, "day": ordinal(one.day)}
        for one in new
        for kind, value in dict.fromkeys((key.kind, key_text(key.value)) for key in keys[one.id])
    ]
    if key_rows:
        conn.execute(_new_keys(), key_rows)


@cache
def _new_keys() -> Insert:
    return insert(_KEYS)


def drop_keys(conn: Connection, ids: Iterable[str]) -> None:
    """Forget the keys of headlines."""
    for batch in batches(ids):
        conn.execute(_deletion_of_keys(), {"ids": batch})


@cache
def _deletion_of_keys() -> Delete:
    return delete(_KEYS).where(_KEYS.c.headline_id.in_(bindparam("ids", expanding=True)))


def regroup(conn: Connection, groups: Mapping[str, str]) -> None:
    """Store the groups made by proofs."""
    if groups:
        rows = [{"member": id_, "leader": leader} for id_, leader in sorted(groups.items())]
        conn.execute(_regrouping(), rows)


@cache
def _regrouping() -> Update:
    return update(_MEMBERS).where(_MEMBERS.c.headline_id == bindparam("member")).values(proof_group=bindparam("leader"))


# ── neighbours by keys ──────────────────────────────────────────────────────────────────────────────────────────

_Holder = tuple[str, int | None]
"""A headline with a key, and the reach of the key in days."""

_FIRST_DAY: Final = date.min.toordinal()
_LAST_DAY: Final = date.max.toordinal()


def neighbours(
    conn: Connection, vendor_id: str, keys: Mapping[str, Sequence[ProofKey]], days: Mapping[str, date | None]
) -> dict[str, set[str]]:
    """Return, for each new member, the others with a common key that are near enough in time, stored or new."""
    holders: dict[tuple[str, str], list[_Holder]] = defaultdict(list)
    for id_, proof_keys in keys.items():
        for key in proof_keys:
            holders[key.kind, key_text(key.value)].append((id_, key.days))
    ordinals = {id_: ordinal(day) for id_, day in days.items()}
    near: dict[str, set[str]] = defaultdict(set)
    for ours in holders.values():
        if len(ours) > 1:
            _meet(near, ours, [(id_, ordinals[id_]) for id_, _ in ours], ordinals)
    for row in _stored(conn, vendor_id, holders, ordinals):
        _meet(near, holders[row.kind, row.value], [(row.headline_id, row.day)], ordinals)
    return near


def _meet(
    near: dict[str, set[str]],
    ours: Sequence[_Holder],
    theirs: Sequence[tuple[str, int | None]],
    ordinals: Mapping[str, int | None],
) -> None:
    for other, day in theirs:
        for id_, reach in ours:
            if other != id_ and _is_near(ordinals[id_], day, reach):
                near[id_].add(other)


def _is_near(one: int | None, other: int | None, reach: int | None) -> bool:
    return reach is None or one is None or other is None or abs(one - other) <= reach


def _stored(
    conn: Connection,
    vendor_id: str,
    holders: Mapping[tuple[str, str], Sequence[_Holder]],
    ordinals: Mapping[str, int | None],
) -> Iterable[Row[Any]]:
    """Read the stored keys among these, in one statement for every few hundred."""
    values_of: dict[str, list[str]] = defaultdict(list)
    for kind, value in holders:
        values_of[kind].append(value)
    for batch in mixed_batches(values_of):
        parameters: dict[str, Any] = {"vendor": vendor_id}
        for kind, values in batch.items():
            asked = [(ordinals[id_], reach) for value in values for id_, reach in holders[kind, value]]
            first, last = _around(asked)
            parameters |= {f"{kind}_values": values, f"{kind}_first": first, f"{kind}_last": last}
        yield from conn.execute(_look_up(tuple(batch)), parameters)


def _around(asked: Iterable[tuple[int | None, int | None]]) -> tuple[int, int]:
    """Return the first and last day worth reading, so that a weekly title of years is not read whole."""
    bounds = [None if day is None or reach is None else (day - reach, day + reach) for day, reach in asked]
    known = [bound for bound in bounds if bound is not None]
    if len(known) < len(bounds):
        return _FIRST_DAY, _LAST_DAY
    return min(low for low, _ in known), max(high for _, high in known)


@cache
def _look_up(kinds: tuple[str, ...]) -> CompoundSelect[Any]:
    """Build one look-up by key for each kind. Each of them is a search in the primary key."""
    columns = (_KEYS.c.kind, _KEYS.c.value, _KEYS.c.headline_id, _KEYS.c.day)
    vendor = _KEYS.c.vendor_id == bindparam("vendor")
    return union_all(
        *(
            select(*columns).where(
                vendor,
                _KEYS.c.kind == kind,
                _KEYS.c.value.in_(bindparam(f"{kind}_values", expanding=True)),
                or_(_KEYS.c.day.is_(None), _KEYS.c.day.between(bindparam(f"{kind}_first"), bindparam(f"{kind}_last"))),
            )
            for kind in kinds
        )
    )


# ── days ────────────────────────────────────────────────────────────────────────────────────────────────────────


def on_days(conn: Connection, vendor_id: str, days: Iterable[date]) -> list[Row[Any]]:
    """Read a vendor's members of some days: `headline_id`, `proof_group`, `day` as an ordinal, `source_id`."""
    ordinals = sorted({day.toordinal() for day in days})
    rows: list[Row[Any]] = []
    for start in range(0, len(ordinals), BATCH):
        parameters = {"vendor": vendor_id, "days": ordinals[start : start + BATCH]}
        rows += conn.execute(_calendar(), parameters).all()
    return rows


@cache
def _calendar() -> Select[Any]:
    return (
        select(_MEMBERS.c.headline_id, _MEMBERS.c.proof_group, _MEMBERS.c.day, _HEADLINES.c.source_id)
        .join(_HEADLINES, _HEADLINES.c.id == _MEMBERS.c.headline_id)
        .where(_MEMBERS.c.vendor_id == bindparam("vendor"), _MEMBERS.c.day.in_(bindparam("days", expanding=True)))
    )
