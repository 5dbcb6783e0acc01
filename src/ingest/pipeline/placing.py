"""Headlines into stories, as they come: proofs at once, likeness when its days are settled (docs/decisions/0004)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from ingest import stories
from ingest.errors import DocumentError
from ingest.model import Fault
from ingest.pipeline import likeness
from ingest.pipeline.isolation import sentence, writing
from ingest.pipeline.proving import prove
from ingest.pipeline.surroundings import Surroundings
from ingest.store import Connection, Engine, captures, changes, days, decisions, lists, members, placings
from ingest.store import engine as database
from ingest.stories import Member, Story


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
    around = Surroundings(conn)
    touched, reopened = prove(conn, vendor_id, set(ids), around)
    until = stories.settled(at.date())
    old = {day for day in reopened if day <= until}
    days.reopen(conn, vendor_id, reopened - old)
    waiting = days.ready(conn, vendor_id, until)
    windows = likeness.windows(conn, vendor_id, old | waiting)
    if waiting:
        days.close(conn, vendor_id, until)
    if not windows:
        _partition(conn, vendor_id, touched, around, at=at, generation=generation, choose=choose)
        return
    try:
        with writing(conn, subject=vendor_id):
            settled = likeness.settle(conn, vendor_id, windows, stories.liken, around)
            _partition(conn, vendor_id, touched | settled, around, at=at, generation=generation, choose=choose)
    except DocumentError:  # those days are about other documents, and the next round reports them
        days.reopen(conn, vendor_id, old | waiting)
        _partition(conn, vendor_id, touched, Surroundings(conn), at=at, generation=generation, choose=choose)


def settle_all(engine: Engine, *, at: datetime, generation: int) -> list[Fault]:
    """
    Settle every vendor's days of sufficient age, with or without new headlines.

    A headline on which settling fails is left out, and its capture is set aside. The next round tries its days again.

    Returns:
        The faults.
    """
    until = stories.settled(at.date())
    with database.read(engine) as conn:
        waiting = days.vendors_to_settle(conn, until)
    return [fault for vendor_id in waiting for fault in _settle_vendor(engine, vendor_id, at, generation)]


def _settle_vendor(engine: Engine, vendor_id: str, at: datetime, generation: int) -> list[Fault]:
    sorter = likeness.Sorter()
    until = stories.settled(at.date())
    with database.write(engine) as conn:
        database.serialise_vendors(conn, [vendor_id])
        database.hold_list(conn)
        try:
            with writing(conn, subject=vendor_id):
                around = Surroundings(conn)
                windows = likeness.windows(conn, vendor_id, days.ready(conn, vendor_id, until))
                days.close(conn, vendor_id, until)
                settled = likeness.settle(conn, vendor_id, windows, sorter.liken, around)
                _partition(conn, vendor_id, settled, around, at=at, generation=generation)
        except DocumentError as error:
            return [Fault(vendor_id, f"its stories wait: {error.message}")]
        return [_leave_out(conn, vendor_id, member, error, at) for member, error in sorter.left_out.items()]


def _leave_out(conn: Connection, vendor_id: str, member: Member, error: DocumentError, at: datetime) -> Fault:
    """Set aside the capture of a headline on which likeness fails, and reopen its days."""
    if member.day is not None:
        days.reopen(conn, vendor_id, [member.day])
    capture = captures.of_headline(conn, member.id)
    reason = sentence(capture.id, error)
    captures.set_aside_again(conn, capture.id, at=at, error=reason)
    return Fault(capture.source_id, reason)


def choose_again(conn: Connection, generation: int) -> None:
    """Choose again the headlines shown by the stories affected by a new list."""
    stories_of = placings.touched_by_list(conn, generation)
    around = Surroundings(conn)
    drawn = [Story(founder_id, tuple(sorted(ids)), ()) for founder_id, ids in stories_of.items()]
    _choose(conn, drawn, around, stories.pins(placings.decisions(conn)))


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
    for member in members.read(conn, [decision.subject]).values():
        database.serialise_vendors(
            conn, [member.vendor]
        )  # first, as an ingest does: the two must not wait for each other
    database.hold_list(conn)
    if decision.kind in {"withdraw", "restore"}:
        if not decisions.decide(conn, decision):
            return False
        vendor_id = members.read(conn, [decision.subject])[decision.subject].vendor
    else:
        vendor_id = decisions.on_story(conn, decision)
    choose = decision.kind not in {"merge", "split"}  # what these move is chosen for anyway
    concerned = {decision.subject, *decision.others}
    _partition(conn, vendor_id, concerned, Surroundings(conn), at=decision.at, generation=generation, choose=choose)
    return True


# ── stories ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _partition(
    conn: Connection,
    vendor_id: str,
    ids: set[str],
    around: Surroundings,
    *,
    at: datetime,
    generation: int,
    choose: bool = False,
) -> None:
    """Draw the stories around some headlines, and write the changes with their rows in the change log."""
    if not ids:
        return
    words = placings.decisions(conn)
    whole, joins = around.connected(ids)
    grown = set(stories.concerned(whole, words))
    while grown - whole:
        more, more_joins = around.connected(grown - whole)
        whole, joins = whole | more, joins | more_joins
        grown = set(stories.concerned(whole, words)) | whole
    placed = around.of(whole)
    before = {id_: one.founder_id for id_, one in placed.items()}
    drawn = stories.partition([one.member for one in placed.values()], joins.values(), words)
    changed = stories.changes(before, drawn)
    placings.write(conn, vendor_id, drawn, before, at)
    moved = {id_ for one in changed for id_ in (one.headline_id, one.before)}  # where one left, its founder is left
    stale = [one for one in drawn if choose or len(one.headline_ids) == 1 or not moved.isdisjoint(one.headline_ids)]
    _choose(conn, stale, around, stories.pins(words))
    placings.drop_empty(conn, {one.before for one in changed})
    changes.append(conn, [_change_row(one, at, generation) for one in changed])


def _change_row(change: stories.Change, at: datetime, generation: int) -> dict[str, object]:
    return {
        "at": at,
        "kind": change.kind,
        "headline_id": change.headline_id,
        "revision": None,
        "generation": generation,
        "capture_id": None,
    }


def _choose(conn: Connection, drawn: list[Story], around: Surroundings, pinned: Mapping[str, int]) -> None:
    """Choose the headlines shown by stories among those that can be shown."""
    chosen: dict[str, tuple[str, Mapping[str, str]]] = {}
    shown: dict[str, str] = {}
    every = around.of(id_ for story in drawn for id_ in story.headline_ids)
    for story in drawn:
        placed = [every[id_] for id_ in story.headline_ids]
        candidates = [one.member for one in placed if one.is_live] or [one.member for one in placed]
        languages = {lang: member.id for lang, member in stories.by_language(candidates, pinned).items()}
        chosen[story.founder_id] = (stories.primary(candidates, pinned).id, languages)
        shown |= {one.founder_id: one.shown_id for one in placed}
    placings.show(conn, chosen, shown=shown, new=around.new)
