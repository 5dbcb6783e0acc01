"""Proofs that headlines are one announcement, decided when their document is placed (docs/decisions/0004)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from ingest import stories
from ingest.pipeline.likeness import each
from ingest.pipeline.surroundings import Pair, Surroundings
from ingest.store import Connection, members, placings
from ingest.stories import Join, Member


def prove(conn: Connection, vendor_id: str, ids: set[str], around: Surroundings) -> tuple[set[str], set[date]]:
    """
    Store headlines as they are now with the evidence they prove.

    Returns:
        The headlines concerned, and the days whose likeness has to be decided again.
    """
    if not ids:
        return set(), set()
    placed = around.of(ids)
    old = around.pairs_of(ids)
    fellows = {end for pair in old for end in pair} - ids
    days = _touched(one.day for one in around.of({*ids, *fellows}).values())
    placings.drop_pairs(conn, old)
    joins = _store(conn, vendor_id, {id_: one.member for id_, one in placed.items()}, around)
    around.change_pairs(old, joins)
    concerned = {*ids, *fellows, *(end for pair in joins for end in pair)}
    return concerned, days | _regroup(conn, concerned, around)


def _store(conn: Connection, vendor_id: str, new: Mapping[str, Member], around: Surroundings) -> dict[Pair, Join]:
    """Store members with their keys and joins."""
    keys = {id_: stories.keys(member) for id_, member in new.items()}
    members.drop_keys(conn, new.keys() - around.new)
    near = members.neighbours(conn, vendor_id, keys, {id_: member.day for id_, member in new.items()})
    members.put(conn, vendor_id, new.values(), keys)
    around.put(new)
    known = around.of(id_ for ids_near in near.values() for id_ in ids_near)
    joins: dict[Pair, Join] = {}
    for id_, member in new.items():
        candidates = [known[other].member for other in sorted(near.get(id_, ()))]
        joins |= {join.pair: join for join in stories.proofs(member, candidates)}
    placings.add_pairs(conn, vendor_id, joins.values(), {})
    return joins


def _regroup(conn: Connection, ids: set[str], around: Surroundings) -> set[date]:
    """Name the proved group of each headline after its smallest id, and return the days touched by changed groups."""
    component, joins = around.connected(ids, likeness=False)
    leader = {id_: id_ for id_ in component}

    def find(id_: str) -> str:
        while leader[id_] != id_:
            id_ = leader[id_]
        return id_

    for low, high in joins:
        one, other = sorted((find(low), find(high)))
        leader[other] = one
    before = around.of(component)
    changed = {id_: find(id_) for id_ in component if before[id_].group != find(id_)}
    sizes = Counter(map(find, component))
    members.regroup(conn, changed)
    return _touched(before[id_].day for id_ in component if id_ in ids or id_ in changed or sizes[find(id_)] > 1)


def _touched(days: Iterable[date | None]) -> set[date]:
    """Return the days whose likeness depends on headlines of some days."""
    known = {day for day in days if day is not None}
    return {touched for day in known for touched in each(*stories.touched_by(day))}
