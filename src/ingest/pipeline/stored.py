"""
What is stored and unread: captures that a kill left behind, that were set aside, or that are to be read anew.

They go the same way as what a poll brings, before anything is asked. No vendor hears of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from ingest.errors import DamagedError, LeaseLostError, StaleListError
from ingest.model import Capture, Lease, PollReport, Source
from ingest.pipeline.ingest import Ingested
from ingest.pipeline.openings import read_page
from ingest.pipeline.poll import Poll
from ingest.pipeline.visits import Visit
from ingest.rules import RULES_VERSION
from ingest.store import candidates, captures, sources
from ingest.store import engine as database

if TYPE_CHECKING:
    from ingest.pipeline.rounds import Round

log = logging.getLogger("ingest.poll")


def read_stored(this: Round) -> list[PollReport]:
    """
    Read what is stored and unread, asking nobody.

    First what a kill left behind, then what was set aside by other rules or another stanza, then what is to be read anew
    under a changed list, rules or parser.
    """
    listed = {source.id: source for source in this.allowlist.sources}
    with database.read(this.context.engine) as conn:
        waiting = [(source_id, number) for source_id, number in captures.waiting(conn) if source_id in listed]
        aside = [one for one in captures.all_set_aside(conn) if one.source_id in listed]
        states = {state.source_id: state for state in sources.poll_states(conn, None)}
    reports: list[PollReport] = []
    for source_id, number in waiting:
        reports += _recover(this, listed[source_id], number, captures.is_waiting)
    for one in aside:
        by = (one.rules_version, one.source_digest)
        newest = states[one.source_id].last_capture_id
        if one.id != newest and by != (RULES_VERSION, this.reading(listed[one.source_id]).digest):
            reports += _recover(this, listed[one.source_id], one.id, captures.is_set_aside)
    for state in states.values():
        source = listed.get(state.source_id)
        if source is not None and state.last_capture_id and not this.reading(source).has_read(state):
            reports += _ingest_again(this, source)
    return reports


def _recover(
    this: Round, source: Source, number: int, is_wanted: Callable[[Connection, int], bool]
) -> list[PollReport]:
    """Ingest a capture that was stored and not read, unless another process is about to or just did."""
    reports: list[PollReport] = []
    for state, lease in this.claim_source(source.id).taken:
        with leased(this, lease):
            with database.read(this.context.engine) as conn:
                wanted = is_wanted(conn, number)
                head = captures.without_bytes(conn, number)
            if not wanted:
                this.give_back([lease])
            elif head.purpose == "source" and number >= (state.last_capture_id or 0):
                reports += _read_newest(this, this.poll(source, state, lease, kind="recovered"), number)
            else:
                this.give_back([lease])
                reports += _read_other(this, source, head)
    return reports


def _read_newest(this: Round, poll: Poll, number: int) -> list[PollReport]:
    try:
        with database.read(this.context.engine) as conn:
            capture = captures.get(conn, number)
    except DamagedError as error:
        return [poll.set_damaged_aside(number, error)]
    if capture is None:
        this.give_back([poll.lease])
        return []
    return [poll.ingest(capture, found=None)]


def _read_other(this: Round, source: Source, head: Capture) -> list[PollReport]:
    try:
        with database.read(this.context.engine) as conn:
            capture = captures.get(conn, head.id)
        return _read_beside(this, source, capture) if capture else []
    except DamagedError as error:
        return [_set_damaged_aside(this, source, head, error)]


def _read_beside(this: Round, source: Source, capture: Capture) -> list[PollReport]:
    """Read a part or page that a crash left behind unread, or a document of a source that is not its newest."""
    visit = Visit(this, source, _KINDS.get(capture.purpose, "reingest"), "")
    if capture.purpose == "source":
        return [visit.finish_document(capture, None, only_new=True)]
    visit.url = capture.target_url
    if capture.purpose == "part":
        return [visit.finish_document(capture, None)]
    with database.write(this.context.engine) as conn:
        one = candidates.find(
            conn, source.id, capture.target_url, now=this.context.now(), owner=this.owner, lease=this.lease
        )
    if one is not None:
        return read_page(visit, one, capture, None)
    # The entry was finished by another capture of the same page.
    return [visit.finish(capture, None, lambda _: Ingested())]


_KINDS: Final = {"part": "part", "article": "article"}


def _set_damaged_aside(this: Round, source: Source, capture: Capture, error: DamagedError) -> PollReport:
    """Set a stored part or page aside whose bytes are not those that came."""
    kind = _KINDS.get(capture.purpose, "reingest")
    return Visit(this, source, kind, capture.target_url).fail(capture, None, error, lambda *_: None)


def _ingest_again(this: Round, source: Source) -> list[PollReport]:
    """Read a source's last capture anew; nothing when its payload was pruned or another process was faster."""
    reports: list[PollReport] = []
    for state, lease in this.claim_source(source.id).taken:
        with leased(this, lease):
            poll = this.poll(source, state, lease, kind="reingest")
            if state.last_capture_id is None or poll.reading.has_read(state):
                this.give_back([lease])
            else:
                reports += _read_newest(this, poll, state.last_capture_id)
    return reports


@contextmanager
def leased(this: Round, lease: Lease) -> Iterator[None]:
    """Let a lost lease or another list void what we did, which is no fault; give the source back before anything else goes on up."""
    try:
        yield
    except LeaseLostError:
        log.warning("lease lost source=%s", lease.source_id)
        this.give_back([lease])  # the host may still be ours, and was asked
    except StaleListError:
        log.warning("list changed source=%s; its capture is read by the next round", lease.source_id)
        this.give_back([lease])
    except BaseException:
        this.give_back([lease])
        raise
