"""Likeness of the headlines of settled days, in bulk (docs/decisions/0004)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import attrgetter

from ingest import stories
from ingest.errors import DocumentError
from ingest.pipeline.isolation import isolated
from ingest.pipeline.surroundings import Pair, Surroundings
from ingest.store import Connection, members, placings
from ingest.stories import Join, Member

Liken = Callable[[Iterable[Member], Mapping[str, str], date, date], list[Join]]

_DAY = timedelta(days=1)


def each(first: date, last: date) -> Iterator[date]:
    """Yield the days from the first to the last."""
    return (first + _DAY * offset for offset in range((last - first).days + 1))


@dataclass(frozen=True, slots=True)
class Window:
    """A run of days to decide, and the headlines around it with their groups of proofs."""

    first: date
    last: date
    groups: Mapping[str, str]


def windows(conn: Connection, vendor_id: str, days: Iterable[date]) -> list[Window]:
    """
    Return the windows of a vendor's days, one for each run without a gap.

    A window with headlines of one source is left out. A source separates its own entries, so they have no pairs.
    """
    runs = [(first, last, stories.window_of(first, last)) for first, last in _runs(sorted(days))]
    rows = members.on_days(conn, vendor_id, (day for _, _, window in runs for day in each(*window)))
    rows.sort(key=attrgetter("day"))
    windows = []
    for first, last, (begin, end) in runs:
        start = bisect_left(rows, begin.toordinal(), key=attrgetter("day"))
        inside = rows[start : bisect_right(rows, end.toordinal(), key=attrgetter("day"))]
        if len({row.source_id for row in inside}) > 1:
            windows.append(Window(first, last, {row.headline_id: row.proof_group for row in inside}))
    return windows


def settle(conn: Connection, vendor_id: str, windows: Sequence[Window], liken: Liken, around: Surroundings) -> set[str]:
    """Decide the likeness of days, and return the headlines with changed pairs."""
    new: dict[Pair, Join] = {}
    later: dict[Pair, date | None] = {}
    decided: list[date] = []
    placed = around.of(id_ for window in windows for id_ in window.groups)
    for window in windows:
        near = {id_: placed[id_].member for id_ in sorted(window.groups)}
        joins = {join.pair: join for join in liken(near.values(), window.groups, window.first, window.last)}
        new |= joins
        later |= {pair: _later(near, pair) for pair in joins}
        decided += each(window.first, window.last)
    old = placings.likenesses(conn, vendor_id, decided)
    came, went = new.keys() - old.keys(), old.keys() - new.keys()
    placings.drop_pairs(conn, went)
    placings.add_pairs(conn, vendor_id, new.values(), later)
    around.change_pairs(went, new)
    return {end for pair in came | went for end in pair}


def _later(near: Mapping[str, Member], pair: Pair) -> date | None:
    return max((day for id_ in pair if (day := near[id_].day) is not None), default=None)


def _runs(days: list[date]) -> Iterator[tuple[date, date]]:
    """Group sorted days into runs without a gap."""
    start = end = None
    for day in days:
        if end is None or day != end + _DAY:
            if start is not None and end is not None:
                yield start, end
            start = day
        end = day
    if start is not None and end is not None:
        yield start, end


class Sorter:
    """Decides likeness like `stories.liken`, and leaves out and remembers headlines on which it fails."""

    def __init__(self) -> None:
        self.left_out: dict[Member, DocumentError] = {}

    def liken(self, window: Iterable[Member], groups: Mapping[str, str], first: date, last: date) -> list[Join]:
        """Return the result of `stories.liken` for all headlines on which it does not fail."""
        every = list(window)
        joins = self._try(every, groups, first, last)
        if isinstance(joins, list):
            return joins
        healthy = self._sort(every, groups, first, last)
        return stories.liken(healthy, groups, first, last)

    def _sort(self, members: list[Member], groups: Mapping[str, str], first: date, last: date) -> list[Member]:
        """Return the members on which likeness does not fail, found by bisection."""
        fault = self._try(members, groups, first, last)
        if isinstance(fault, list):
            return members
        if len(members) == 1:
            self.left_out[members[0]] = fault
            return []
        middle = len(members) // 2
        healthy = self._sort(members[:middle], groups, first, last)
        for member in self._sort(members[middle:], groups, first, last):  # what fails only beside another one
            verdict = self._try([*healthy, member], groups, first, last)
            if isinstance(verdict, list):
                healthy.append(member)
            else:
                self.left_out[member] = verdict
        return healthy

    def _try(
        self, members: list[Member], groups: Mapping[str, str], first: date, last: date
    ) -> list[Join] | DocumentError:
        try:
            with isolated("comparing", subject="stories"):
                return stories.liken(members, groups, first, last)
        except DocumentError as error:
            return error
