"""
Stories in memory: the reference with which the tables of the store must agree.

Adding looks only at headlines with a common key that are near enough, settling only at the days touched since. So neither grows
with the number of stored headlines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from ingest.stories.evidence import ProofKey, keys, proofs
from ingest.stories.likeness import liken, touched_by, window_of
from ingest.stories.members import Join, Member, Story, StoryDecision
from ingest.stories.placing import concerned, partition

_DAY = timedelta(days=1)


class InMemoryStories:
    """Headlines with their keys and joins. Any order of adding and settling ends in the same stories."""

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self._holders: dict[_Name, dict[int, dict[str, None]]] = defaultdict(dict)
        self._days: dict[str, dict[date, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
        self._proofs: dict[str, dict[tuple[str, str], Join]] = defaultdict(dict)
        self._likes: dict[str, dict[tuple[str, str], Join]] = defaultdict(dict)
        self._groups: dict[str, str] = {}
        self._open: dict[str, set[date]] = defaultdict(set)

    def __len__(self) -> int:
        """How many headlines there are."""
        return len(self._members)

    def add(self, member: Member) -> list[Join]:
        """Place a headline by what can be proved at once; one that is there already is taken off first."""
        self.remove(member.id)
        wanted = keys(member)
        result = proofs(member, self.neighbours(member, wanted))
        self._members[member.id] = member
        for key in wanted:
            self._holders[_name(key)].setdefault(_period(member.day), {})[member.id] = None
        if member.day is not None:
            self._days[member.vendor][member.day][member.id] = None
        for join in result:
            for end in join.pair:
                self._proofs[end][join.pair] = join
        self._regroup([member.id])
        return result

    def remove(self, headline_id: str) -> None:
        """Take a headline off, with its joins; what it held together comes apart."""
        member = self._members.get(headline_id)
        if member is None:
            return
        self._touch(headline_id)
        fellows = {end for join in self._proofs.get(headline_id, {}).values() for end in join.pair} - {headline_id}
        for joins in (self._proofs, self._likes):
            for join in joins.pop(headline_id, {}).values():
                for end in join.pair:
                    joins[end].pop(join.pair, None)
        for key in keys(member):
            self._holders[_name(key)][_period(member.day)].pop(headline_id, None)
        if member.day is not None:
            self._days[member.vendor][member.day].pop(headline_id, None)
        del self._members[headline_id], self._groups[headline_id]
        for fellow in fellows:
            self._touch(fellow)
        self._regroup(fellows)

    def neighbours(self, member: Member, wanted: Iterable[ProofKey] | None = None) -> list[Member]:
        """Return the headlines that share a key with this one and are near enough for it."""
        result: dict[str, Member] = {}
        for key in keys(member) if wanted is None else wanted:
            for id_ in _held(self._holders.get(_name(key), {}), member.day, key.days):
                other = self._members[id_]
                if id_ not in result and _is_near(member.day, other.day, key.days):
                    result[id_] = other
        return list(result.values())

    def settle(self, until: date) -> tuple[list[Join], list[Join]]:
        """Decide likeness for all touched days to this one; returns the joins that came and those that went."""
        came: list[Join] = []
        went: list[Join] = []
        for vendor, days in self._open.items():
            ready = sorted(day for day in days if day <= until)
            days.difference_update(ready)
            for first, last in _runs(ready):
                new, old = self._settle(vendor, first, last)
                came += new
                went += old
        return came, went

    def story_of(self, headline_id: str, decisions: Iterable[StoryDecision] = ()) -> Story:
        """Return the story of one headline, looking at nothing that is not connected with it."""
        decisions = tuple(decisions)
        ids = self._connected(headline_id, decisions)
        stories = partition((self._members[id_] for id_ in ids), self._joins_of(ids), decisions)
        return next(story for story in stories if headline_id in story.headline_ids)

    def stories(self, decisions: Iterable[StoryDecision] = ()) -> list[Story]:
        """Return all stories."""
        return partition(self._members.values(), self._joins_of(self._members), decisions)

    def _settle(self, vendor: str, first: date, last: date) -> tuple[list[Join], list[Join]]:
        start, end = window_of(first, last)
        window = [self._members[id_] for day in _each(start, end) for id_ in self._days[vendor].get(day, ())]
        new = {join.pair: join for join in liken(window, self._groups, first, last)}
        old = {
            join.pair: join
            for member in window
            for join in self._likes.get(member.id, {}).values()
            if first <= self._later_day(join) <= last
        }
        for pair in old.keys() - new.keys():
            for end_ in pair:
                self._likes[end_].pop(pair, None)
        for pair, join in new.items():
            for end_ in pair:
                self._likes[end_][pair] = join
        came = [new[pair] for pair in sorted(new.keys() - old.keys())]
        return came, [old[pair] for pair in sorted(old.keys() - new.keys())]

    def _later_day(self, join: Join) -> date:
        days = [self._members[end].day for end in join.pair]
        return max(day for day in days if day is not None)

    def _joins_of(self, ids: Iterable[str]) -> Iterator[Join]:
        for id_ in ids:
            for joins in (self._proofs.get(id_), self._likes.get(id_)):
                yield from (joins or {}).values()

    def _connected(self, headline_id: str, decisions: tuple[StoryDecision, ...]) -> set[str]:
        result: set[str] = set()
        waiting = {headline_id}
        while waiting:
            result |= waiting
            ends = {end for join in self._joins_of(waiting) for end in join.pair}
            waiting = ((ends | concerned(result, decisions)) & self._members.keys()) - result
        return result

    def _regroup(self, ids: Iterable[str]) -> None:
        """Name the proved group of each headline after its smallest id, and open the days of all that it changes."""
        for start in ids:
            group, waiting = {start}, [start]
            while waiting:
                for join in self._proofs.get(waiting.pop(), {}).values():
                    waiting += set(join.pair) - group
                    group |= set(join.pair)
            name = min(group)
            for id_ in group:
                if len(group) > 1 or self._groups.get(id_) != name:
                    self._touch(id_)
                self._groups[id_] = name

    def _touch(self, headline_id: str) -> None:
        member = self._members[headline_id]
        if member.day is not None:
            self._open[member.vendor].update(_each(*touched_by(member.day)))


_Name = tuple[str, str, str]

_PERIOD = 32  # days that lie together under a key, so that one used for years is not read whole

_UNDATED = -1  # the period of what has no day


def _name(key: ProofKey) -> _Name:
    return key.vendor, key.kind, key.value


def _period(day: date | None) -> int:
    return _UNDATED if day is None else day.toordinal() // _PERIOD


def _held(periods: Mapping[int, Iterable[str]], day: date | None, days: int | None) -> Iterator[str]:
    """List what a key holds, around a day or of all times."""
    if day is None or days is None:
        near: Iterable[int] = periods
    else:
        start, end = day.toordinal() - days, day.toordinal() + days
        near = [_UNDATED, *range(start // _PERIOD, end // _PERIOD + 1)]
    for period in near:
        yield from periods.get(period, ())


def _is_near(one: date | None, other: date | None, days: int | None) -> bool:
    return days is None or one is None or other is None or abs((one - other).days) <= days


def _each(first: date, last: date) -> Iterator[date]:
    return (first + _DAY * offset for offset in range((last - first).days + 1))


def _runs(days: list[date]) -> Iterator[tuple[date, date]]:
    """Group sorted days into runs without a gap."""
    start = previous = None
    for day in days:
        if start is None or previous is None:
            start = day
        elif day != previous + _DAY:
            yield start, previous
            start = day
        previous = day
    if start is not None and previous is not None:
        yield start, previous
