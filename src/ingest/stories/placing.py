"""
From pairs to stories: the connected headlines, with an operator's decision above every join.

A story is a connected set of headlines. Its founder is the headline seen first, and the story is named after it. So a
growing story keeps its name, the older name survives a merge, and a part without the founder gets a new one.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ingest.stories.evidence import SCORES
from ingest.stories.members import Join, Member, Story, StoryDecision


@dataclass(frozen=True, slots=True)
class Change:
    """A headline moved from one story to another, both named by their founders."""

    kind: Literal["merged", "split"]
    headline_id: str
    before: str
    after: str


def concerned(ids: Iterable[str], decisions: Iterable[StoryDecision]) -> frozenset[str]:
    """Return the headlines named by decisions together with any of these, to be partitioned with them."""
    together = set(ids)
    grown = True
    while grown:
        size = len(together)
        for decision in decisions:
            named = {decision.headline_id, *decision.others}
            if together & named:
                together |= named
        grown = len(together) > size
    return frozenset(together)


def partition(members: Iterable[Member], joins: Iterable[Join], decisions: Iterable[StoryDecision] = ()) -> list[Story]:
    """
    Group headlines into stories, sorted by founder.

    The result does not depend on the order of any argument. Decisions are taken newest first, then joins strongest
    first. A join against an operator's split is skipped.

    Args:
        members: Whole stories: each headline with all those connected by joins or decisions (`concerned`).
        joins: Their joins. Joins with other headlines are ignored.
        decisions: Operators' decisions. Those about other headlines are ignored.
    """
    by_id = {member.id: member for member in members}
    sets = _Sets(by_id)
    for decision in sorted(decisions, key=lambda decision: decision.number, reverse=True):
        for other in decision.others:
            if decision.headline_id in by_id and other in by_id:
                _obey(sets, decision, other)
    for join in sorted(joins, key=lambda join: (-join.score, join.rule, join.pair)):
        if join.headline_id in by_id and join.other_id in by_id:
            sets.unite(join)
    stories = [_story([by_id[id_] for id_ in ids], sets.kept) for ids in sets.all()]
    return sorted(stories, key=lambda story: story.founder_id)


def founder(members: Iterable[Member]) -> str:
    """Return the id of the headline seen first."""
    return min(members, key=lambda member: (member.first_seen_at, member.id)).id


def changes(before: Mapping[str, str], stories: Iterable[Story]) -> list[Change]:
    """
    Return the changes by a new partition for headlines with a story, sorted by headline.

    Args:
        before: The former founder of each headline's story.
        stories: The present stories.
    """
    known = frozenset(before.values())
    changes_of = []
    for story in stories:
        for id_ in story.headline_ids:
            was = before.get(id_, story.founder_id)
            if was != story.founder_id:
                kind: Literal["merged", "split"] = "merged" if story.founder_id in known else "split"
                changes_of.append(Change(kind, id_, was, story.founder_id))
    return sorted(changes_of, key=lambda change: change.headline_id)


def _obey(sets: _Sets, decision: StoryDecision, other: str) -> None:
    if decision.kind == "split":
        sets.forbid(decision.headline_id, other)
    elif decision.kind == "merge":
        evidence = (("decision", str(decision.number)),)
        sets.unite(Join(decision.headline_id, other, "operator", SCORES["operator"], evidence))


def _story(members: Sequence[Member], kept: Mapping[str, Collection[Join]]) -> Story:
    """Order the joins of a story from its founder, so that each brings one headline in."""
    root = founder(members)
    laid: list[Join] = []
    reached, waiting = {root}, deque([root])
    while waiting:
        here = waiting.popleft()
        for join in sorted(kept.get(here, ()), key=lambda join: join.pair):
            there = join.other_id if join.headline_id == here else join.headline_id
            if there not in reached:
                reached.add(there)
                waiting.append(there)
                laid.append(Join(there, here, join.rule, join.score, join.evidence))
    laid.sort(key=lambda join: join.headline_id)
    return Story(root, tuple(sorted(member.id for member in members)), tuple(laid))


class _Sets:
    """Disjoint sets of headlines with their joins. Some pairs must not meet."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._set_of = {id_: [id_] for id_ in ids}
        self._forbidden: dict[str, set[str]] = defaultdict(set)
        self.kept: dict[str, list[Join]] = defaultdict(list)

    def forbid(self, one: str, other: str) -> None:
        """Keep two headlines apart from now on, unless they are together already."""
        if self._set_of[one] is not self._set_of[other]:
            self._forbidden[one].add(other)
            self._forbidden[other].add(one)

    def unite(self, join: Join) -> None:
        """Bring the sets of two headlines together, unless they are one or must not meet."""
        one, other = self._set_of[join.headline_id], self._set_of[join.other_id]
        if one is other or any(self._forbidden.get(id_, frozenset()) & set(other) for id_ in one):
            return
        self.kept[join.headline_id].append(join)
        self.kept[join.other_id].append(join)
        small, large = sorted((one, other), key=len)
        large.extend(small)
        self._set_of.update(dict.fromkeys(small, large))

    def all(self) -> list[list[str]]:
        """Return the sets."""
        return list({id(group): group for group in self._set_of.values()}.values())
