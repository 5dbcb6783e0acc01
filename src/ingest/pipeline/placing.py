"""Headlines into stories, as they come: proofs at once, likeness when its days are settled (docs/decisions/0004)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from ingest import stories
from ingest.errors import DocumentError
from ingest.model import Fault
from ingest.pipeline.isolation import isolated, sentence, writing
from ingest.store import Connection, Engine, captures, changes, decisions, lists, placings
from ingest.store import engine as database
from ingest.stories import Join, Member, Story

_DAY = timedelta(days=1)
_Pair = tuple[str, str]


def place(
    conn: Connection,
    vendor_id: str,
    ids: Iterable[str],
    *,
    at: datetime,
    generation: int,
    choose: bool = False,
) -> None:
    """
    Place new and revised headlines, and settle the vendor's days of sufficient age.

    Args:
        at: When their document was fetched, so that a replay settles the same days.
        choose: Choose again the headlines shown by their stories, because some can be shown again.
    """
    touched = _prove(conn, vendor_id, sorted(set(ids)))
    try:
        with writing(conn, subject=vendor_id):
            settled = _settle(conn, vendor_id, stories.settled(at.date()), stories.liken)
            _partition(conn, vendor_id, touched | settled, at=at, generation=generation, choose=choose)
    except DocumentError:  # those days are about other documents, and the next round tells of them
        _partition(conn, vendor_id, touched, at=at, generation=generation, choose=choose)


def settle_all(engine: Engine, *, at: datetime, generation: int) -> list[Fault]:
    """
    Settle every vendor's days of sufficient age, with or without new headlines.

    A headline on which settling fails is left out, and its capture is set aside. The next round tries its days again.

    Returns:
        The faults.
    """
    until = stories.settled(at.date())
    with database.read(engine) as conn:
        waiting = placings.vendors_to_settle(conn, until)
    return [fault for vendor_id in waiting for fault in _settle_vendor(engine, vendor_id, at, generation)]


def _settle_vendor(engine: Engine, vendor_id: str, at: datetime, generation: int) -> list[Fault]:
    sorter = _Sorter()
    with database.write(engine) as conn:
        database.serialise_vendor(conn, vendor_id)
        database.hold_list(conn)
        try:
            with writing(conn, subject=vendor_id):
                settled = _settle(conn, vendor_id, stories.settled(at.date()), sorter.liken)
                _partition(conn, vendor_id, settled, at=at, generation=generation)
        except DocumentError as error:
            return [Fault(vendor_id, f"its stories wait: {error.message}")]
        return [_leave_out(conn, vendor_id, member, error, at) for member, error in sorter.left_out.items()]


def _leave_out(conn: Connection, vendor_id: str, member: Member, error: DocumentError, at: datetime) -> Fault:
    """Set aside the capture of a headline on which likeness fails, and reopen its days."""
    if member.day is not None:
        placings.open_days(conn, vendor_id, [member.day])
    capture = captures.of_headline(conn, member.id)
    reason = sentence(capture.id, error)
    captures.set_aside_again(conn, capture.id, at=at, error=reason)
    return Fault(capture.source_id, reason)


def choose_again(conn: Connection, generation: int) -> None:
    """Choose again the headlines shown by the stories affected by a new list."""
    stories_of = placings.touched_by_list(conn, generation)
    members = placings.members(conn, (id_ for ids in stories_of.values() for id_ in ids))
    drawn = [Story(founder_id, tuple(sorted(ids)), ()) for founder_id, ids in stories_of.items()]
    _choose(conn, drawn, members, stories.pins(placings.decisions(conn)))


def decide(engine: Engine, word: decisions.OperatorDecision) -> bool:
    """Record and apply an operator's decision in one transaction (`apply_decision`)."""
    with database.write(engine) as conn:
        now = lists.in_force(conn)
        return apply_decision(conn, word, now.generation if now else 0)


def apply_decision(conn: Connection, decision: decisions.OperatorDecision, generation: int) -> bool:
    """
    Apply an operator's decision about a headline or its story. Later documents do not undo it.

    Returns:
        Whether anything changed.

    Raises:
        UsageError: Its subject is not stored.
    """
    for member in placings.members(conn, [decision.subject]).values():
        database.serialise_vendor(conn, member.vendor)  # first, as an ingest does: the two must not wait for each other
    database.hold_list(conn)
    if decision.kind in {"withdraw", "restore"}:
        if not decisions.decide(conn, decision):
            return False
        vendor_id = placings.members(conn, [decision.subject])[decision.subject].vendor
    else:
        vendor_id = decisions.on_story(conn, decision)
    choose = decision.kind not in {"merge", "split"}  # what these move is chosen for anyway
    _partition(
        conn, vendor_id, {decision.subject, *decision.others}, at=decision.at, generation=generation, choose=choose
    )
    return True


# ── proofs ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _prove(conn: Connection, vendor_id: str, ids: list[str]) -> set[str]:
    """Store headlines as they are now with the evidence they prove, and return the headlines concerned."""
    if not ids:
        return set()
    old = placings.pairs_of(conn, ids)
    fellows = {end for pair in old for end in pair} - set(ids)
    _touch(conn, vendor_id, placings.groups_of(conn, {*ids, *fellows}).values())
    placings.drop_pairs(conn, old)
    placed = placings.members(conn, ids)
    keys = {id_: stories.keys(member) for id_, member in placed.items()}
    placings.put(conn, placed, keys)
    near = placings.neighbours(conn, keys, {id_: member.day for id_, member in placed.items()})
    others = {id_ for ids_near in near.values() for id_ in ids_near}
    known = {**placings.members(conn, others - placed.keys()), **placed}
    joins: dict[_Pair, Join] = {}
    for id_, member in placed.items():
        candidates = [known[other] for other in sorted(near.get(id_, ()))]
        joins |= {join.pair: join for join in stories.proofs(member, candidates)}
    placings.add_pairs(conn, vendor_id, joins.values(), {})
    concerned = {*ids, *fellows, *(end for pair in joins for end in pair)}
    _regroup(conn, vendor_id, concerned)
    return concerned


def _regroup(conn: Connection, vendor_id: str, ids: set[str]) -> None:
    """Name the proved group of each headline after its smallest id, and reopen the days of all changed groups."""
    component, joins = _connected(conn, ids, likeness=False)
    leader = {id_: id_ for id_ in component}

    def find(id_: str) -> str:
        while leader[id_] != id_:
            id_ = leader[id_]
        return id_

    for low, high in joins:
        one, other = sorted((find(low), find(high)))
        leader[other] = one
    before = placings.groups_of(conn, component)
    changed = {id_: find(id_) for id_ in component if before[id_][0] != find(id_)}
    sizes: dict[str, int] = {}
    for id_ in component:
        sizes[find(id_)] = sizes.get(find(id_), 0) + 1
    placings.regroup(conn, changed)
    _touch(conn, vendor_id, (before[id_] for id_ in component if id_ in ids or id_ in changed or sizes[find(id_)] > 1))


def _touch(conn: Connection, vendor_id: str, groups: Iterable[tuple[str, date | None]]) -> None:
    days = {day for _, day in groups if day is not None}
    placings.open_days(conn, vendor_id, (each for day in days for each in _each(*stories.touched_by(day))))


def _each(first: date, last: date) -> Iterator[date]:
    return (first + _DAY * offset for offset in range((last - first).days + 1))


# ── likeness ────────────────────────────────────────────────────────────────────────────────────────────────────


_Liken = Callable[[Iterable[Member], Mapping[str, str], date, date], list[Join]]


class _Sorter:
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


def _settle(conn: Connection, vendor_id: str, until: date, liken: _Liken) -> set[str]:
    """Decide likeness for the open days up to one, and return the headlines with changed pairs."""
    concerned: set[str] = set()
    for first, last in _runs(placings.take_days(conn, vendor_id, until)):
        window = placings.window(conn, vendor_id, *stories.window_of(first, last))
        members = {id_: member for id_, (member, _) in window.items()}
        groups = {id_: group for id_, (_, group) in window.items()}
        new = {join.pair: join for join in liken(members.values(), groups, first, last)}
        old = placings.likenesses(conn, vendor_id, first, last)
        came, went = new.keys() - old.keys(), old.keys() - new.keys()
        placings.drop_pairs(conn, sorted(went))
        placings.add_pairs(conn, vendor_id, new.values(), {pair: _later(members, pair) for pair in new})
        concerned |= {end for pair in came | went for end in pair}
    return concerned


def _later(members: Mapping[str, Member], pair: _Pair) -> date | None:
    return max((day for id_ in pair if (day := members[id_].day) is not None), default=None)


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


# ── stories ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _connected(conn: Connection, ids: set[str], *, likeness: bool = True) -> tuple[set[str], dict[_Pair, Join]]:
    """Read all headlines connected with these by pairs, and the pairs."""
    connected: set[str] = set()
    joins: dict[_Pair, Join] = {}
    waiting = set(ids)
    while waiting:
        connected |= waiting
        read = placings.pairs_of(conn, waiting)
        joins |= {pair: join for pair, join in read.items() if likeness or join.rule not in placings.LIKENESS}
        waiting = {end for pair in joins for end in pair} - connected
    return connected, joins


def _partition(
    conn: Connection, vendor_id: str, ids: set[str], *, at: datetime, generation: int, choose: bool = False
) -> None:
    """Draw the stories around some headlines, and write the changes with their rows in the change log."""
    if not ids:
        return
    words = placings.decisions(conn)
    whole, joins = _connected(conn, ids)
    grown = set(stories.concerned(whole, words))
    while grown - whole:
        more, more_joins = _connected(conn, grown - whole)
        whole, joins = whole | more, joins | more_joins
        grown = set(stories.concerned(whole, words)) | whole
    members = placings.members(conn, whole)
    before = placings.founders(conn, members)
    drawn = stories.partition(members.values(), joins.values(), words)
    changed = stories.changes(before, drawn)
    placings.write(conn, vendor_id, drawn, before, at)
    moved = {id_ for one in changed for id_ in (one.headline_id, one.before)}  # where one left, its founder is left
    stale = [one for one in drawn if choose or len(one.headline_ids) == 1 or not moved.isdisjoint(one.headline_ids)]
    _choose(conn, stale, members, stories.pins(words))
    placings.drop_empty(conn, {one.before for one in changed})
    changes.append(
        conn,
        [
            {
                "at": at,
                "kind": one.kind,
                "headline_id": one.headline_id,
                "revision": None,
                "generation": generation,
                "capture_id": None,
            }
            for one in changed
        ],
    )


def _choose(conn: Connection, drawn: Iterable[Story], members: Mapping[str, Member], pinned: Mapping[str, int]) -> None:
    """Choose the headlines shown by stories among those that can be shown."""
    live = placings.live(conn, members)
    chosen: dict[str, tuple[str, Mapping[str, str]]] = {}
    for story in drawn:
        candidates = [members[id_] for id_ in live.intersection(story.headline_ids) or story.headline_ids]
        languages = {lang: member.id for lang, member in stories.by_language(candidates, pinned).items()}
        chosen[story.founder_id] = (stories.primary(candidates, pinned).id, languages)
    placings.show(conn, chosen)
