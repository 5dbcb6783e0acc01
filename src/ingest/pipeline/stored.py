"""
Unread stored captures: left behind by a kill, set aside, or read last by another stanza or other rules.

They are read before anything is fetched, without any request.
"""

from __future__ import annotations

from collections.abc import Callable

from ingest.errors import DamagedError
from ingest.judging import Ingested
from ingest.model import Capture, Lease, PollReport, PollState, Source
from ingest.pipeline.attempt import Attempt, Context, Work
from ingest.pipeline.openings import open_page
from ingest.pipeline.round import Round
from ingest.rules import RULES_VERSION
from ingest.store import Connection, candidates, captures, sources
from ingest.store import engine as database


def read_stored(shared: Round) -> list[PollReport]:
    """
    Read the unread stored captures, without a request.

    First come those left behind by a kill, then those set aside under other rules or another stanza. The newest capture
    of each source with a changed list, changed rules or a changed parser follows.
    """
    listed = {source.id: source for source in shared.allowlist.sources}
    with database.read(shared.context.engine) as conn:
        waiting = [(source_id, number) for source_id, number in captures.waiting(conn) if source_id in listed]
        aside = [one for one in captures.all_set_aside(conn) if one.source_id in listed]
        states = {state.source_id: state for state in sources.poll_states(conn, None)}
    reports: list[PollReport] = []
    for source_id, number in waiting:
        reports += _recover(shared, listed[source_id], number, captures.is_waiting)
    for one in aside:
        by = (one.rules_version, one.source_digest)
        newest = states[one.source_id].last_capture_id
        if one.id != newest and by != (RULES_VERSION, shared.reading(listed[one.source_id]).digest):
            reports += _recover(shared, listed[one.source_id], one.id, captures.is_set_aside)
    for state in states.values():
        source = listed.get(state.source_id)
        if source is not None and state.last_capture_id and not shared.reading(source).has_read(state):
            reports += _read_again(shared, source)
    return reports


def _recover(
    shared: Round, source: Source, number: int, is_wanted: Callable[[Connection, int], bool]
) -> list[PollReport]:
    """Read a stored capture, unless another process is about to or just did."""
    reports: list[PollReport] = []
    for state, lease in shared.claim_source(source.id).taken:
        with shared.leased(lease):
            with database.read(shared.context.engine) as conn:
                wanted = is_wanted(conn, number)
                head = captures.without_bytes(conn, number)
            if not wanted:
                shared.give_back([lease])
            elif head.purpose == "source" and number >= (state.last_capture_id or 0):
                reports += _read_newest(shared, source, state, lease, "recovered", number)
            else:
                shared.give_back([lease])
                reports += _read_other(shared, source, head)
    return reports


def _read_again(shared: Round, source: Source) -> list[PollReport]:
    """Read the newest capture of a source again, unless its bytes were pruned or another process was faster."""
    reports: list[PollReport] = []
    for state, lease in shared.claim_source(source.id).taken:
        with shared.leased(lease):
            if state.last_capture_id is None or shared.reading(source).has_read(state):
                shared.give_back([lease])
            else:
                reports += _read_newest(shared, source, state, lease, "reingest", state.last_capture_id)
    return reports


def _read_newest(
    shared: Round, source: Source, state: PollState, lease: Lease, kind: str, number: int
) -> list[PollReport]:
    capture, fault = _load(shared.context, number)
    if capture is None:
        shared.give_back([lease])
        return []
    return [shared.poll(source, state, lease, kind=kind).run(None, capture, fault)]


def _read_other(shared: Round, source: Source, head: Capture) -> list[PollReport]:
    """Read a part, a page, or an older document of a source."""
    capture, fault = _load(shared.context, head.id)
    if capture is None:
        return []
    context, reading = shared.context, shared.reading(source)
    match head.purpose:
        case "source":
            return [Attempt(context, reading, "reingest", only_new=True).run(None, capture, fault)]
        case "part":
            return [Attempt(context, reading, "part", capture.target_url).run(None, capture, fault)]
    if fault is None:
        with database.write(context.engine) as conn:
            one = candidates.find(
                conn, source.id, capture.target_url, now=context.now(), owner=shared.owner, lease=shared.lease
            )
        if one is not None:
            return open_page(context, reading, one, None, capture)
    return [_Finished(context, reading, "article", capture.target_url).run(None, capture, fault)]


class _Finished(Attempt):
    """An attempt at a page whose entry was finished by another capture of the same page."""

    def read(self) -> Work:
        return Ingested()


def _load(context: Context, number: int) -> tuple[Capture | None, DamagedError | None]:
    """Return a capture, None where its bytes were pruned, and a capture without bytes where they are damaged."""
    with database.read(context.engine) as conn:
        try:
            return captures.get(conn, number), None
        except DamagedError as error:
            return captures.without_bytes(conn, number), error
