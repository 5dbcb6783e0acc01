"""
A round: unread captures first, then the due or named sources. Threads fetch, and the calling thread does the rest.

The threads only fetch, so SQLite has one writer and a round one order. No two requests of a round go to one host at the
same time.
"""

from __future__ import annotations

import difflib
import logging
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta
from typing import Final

from ingest import urls
from ingest.errors import DocumentError, LeaseLostError, Remedy, StaleListError, UsageError
from ingest.model import FetchPlan, Outcome, PollReport, RoundReport, Skip, Source
from ingest.pipeline.attempt import Answer
from ingest.pipeline.further import follow_lists
from ingest.pipeline.hosts import SOON_S
from ingest.pipeline.isolation import isolated
from ingest.pipeline.openings import open_pages
from ingest.pipeline.parts import read_parts
from ingest.pipeline.placing import settle_all
from ingest.pipeline.poll import TOGETHER_S, Poll, write_together
from ingest.pipeline.round import Progress, Round
from ingest.pipeline.stored import read_stored
from ingest.store import engine as database
from ingest.store import owners, sources

log = logging.getLogger("ingest.poll")

_Flight = Future[Answer]

PORTION: Final = 1 << 20
"""Bytes of documents that are read before they are written. A document in memory takes some ten times its bytes."""

LOOK_AGAIN_S: Final = 0.5
"""The interval at which a host held by another process is looked at again, since a lease may end early."""


def run_round(shared: Round, *, only: Sequence[str] = (), everything: bool = False) -> RoundReport:
    """
    Poll once every due source, or the named ones, or all enabled ones.

    Unread captures and sources with a changed stanza are read first. Then a thread fetches each claimed source, and the
    calling thread writes it. Two rounds at once share the work: each claims its own sources.

    Raises:
        UsageError: A named source is not in the list in force.
    """
    listed = {source.id: source for source in shared.allowlist.sources}
    for source_id in only:
        if source_id not in listed:
            near = difflib.get_close_matches(source_id, listed, n=1)
            message = "no such source in the list in force" + (f'; did you mean "{near[0]}"?' if near else "")
            raise UsageError(message, subject=source_id, remedy=None if near else Remedy.LIST_SOURCES)
    faults = settle_all(shared.context.engine, at=shared.context.now(), generation=shared.context.generation)
    _release(shared)
    _follow_clock(shared)
    stored = read_stored(shared)
    reports, worked = _poll_all(shared, listed, only=only, everything=everything)
    visits = [report for poll in worked for report in read_parts(shared, poll.source, poll.listed_parts())]
    chosen = {source_id: listed[source_id] for source_id in only} or listed
    visits += follow_lists(shared, chosen, {poll.source.id for poll in worked})
    visits += open_pages(shared, chosen)
    return RoundReport((*stored, *reports), tuple(visits), tuple(faults))


def _release(shared: Round) -> None:
    """Release the leases of dead processes on this machine."""
    with database.read(shared.context.engine) as conn:
        dead = owners.dead(conn)
    if dead:
        log.warning("taking over what dead processes held: %s", ", ".join(sorted(dead)))
        with database.write(shared.context.engine) as conn:
            owners.release(conn, dead, host_free_at=shared.context.now() + shared.context.limits.host_gap)


def _follow_clock(shared: Round) -> None:
    """Plan again the sources whose next poll an earlier, faster clock set too late."""
    now = shared.context.now()
    with database.read(shared.context.engine) as conn:
        ahead = sources.attempted_after(conn, now + shared.lease)  # clocks of several machines differ by less
    if ahead:
        log.warning("our clock was set back; %d sources are planned anew from now on", len(ahead))
        with database.write(shared.context.engine) as conn:
            sources.follow_clock(conn, ahead, now)


def _poll_all(
    shared: Round, listed: Mapping[str, Source], *, only: Sequence[str], everything: bool
) -> tuple[list[PollReport], list[Poll]]:
    """
    Keep `workers` requests in flight, and claim sources as workers and hosts come free, until none is left.

    Returns:
        The reports, and the polls that worked, because their documents may list parts.
    """
    named = bool(only) or everything
    queue = _Queue(shared, listed, only=only, everything=everything)
    shared.watch(Progress("started", total=len(queue)))
    reports: list[PollReport] = []
    flying: dict[_Flight, Poll] = {}
    worked: list[Poll] = []
    with ThreadPoolExecutor(shared.workers, thread_name_prefix="fetch") as pool:
        try:
            while flying or queue:
                for poll in queue.take(shared.workers - len(flying), _hosts(flying)):
                    plan = _planned(poll, named=named)
                    if isinstance(plan, PollReport):
                        reports.append(plan)
                    elif isinstance(plan, Skip):
                        reports.append(poll.skip(plan))
                    else:
                        shared.watch(Progress("fetching", poll.source.id))
                        flying[pool.submit(shared.fetch, poll, plan)] = poll
                landed = _next(flying, None if len(flying) == shared.workers else queue.pause(_hosts(flying)))
                for future, report in _land(shared, {future: flying[future] for future in landed}):
                    poll = flying.pop(future)
                    reports.append(report)
                    if report.outcome in {Outcome.OK, Outcome.NOT_MODIFIED}:
                        worked.append(poll)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            shared.give_back(poll.lease for poll in flying.values())
    return reports + queue.skipped, worked


def _planned(poll: Poll, *, named: bool) -> FetchPlan | Skip | PollReport:
    try:
        with isolated("planning", subject=poll.source.id):
            return poll.plan(named=named)
    except DocumentError as error:
        return poll.fail(error)


def _hosts(flying: Mapping[_Flight, Poll]) -> set[str]:
    return {poll.lease.host for poll in flying.values()}


def _next(flying: Mapping[_Flight, Poll], patience_s: float | None) -> set[_Flight]:
    """
    Wait for the first answer, or sleep where no request is in flight, for at most the given seconds.

    Answers that come soon after are taken with it, up to half of those awaited, to be written together.
    """
    if not flying:
        time.sleep(patience_s or 0.0)
        return set()
    landed = wait(flying, timeout=patience_s, return_when=FIRST_COMPLETED).done
    until = time.monotonic() + TOGETHER_S
    while landed and 2 * len(landed) < len(flying) and (left := until - time.monotonic()) > 0:
        more = wait(flying.keys() - landed, timeout=left, return_when=FIRST_COMPLETED).done
        landed |= more
    return landed


class _Queue:
    """The sources of a round, claimed a few at a time so that several processes share them."""

    def __init__(self, shared: Round, listed: Mapping[str, Source], *, only: Sequence[str], everything: bool) -> None:
        self._shared = shared
        self._only = frozenset(only)
        self._named = bool(only) or everything
        self._began = shared.context.now()
        wanted = list(dict.fromkeys(only)) or [source.id for source in listed.values() if source.enabled]
        if not self._named:
            with database.read(shared.context.engine) as conn:
                wanted = sources.due(conn, now=shared.context.now(), ids=wanted)
        self._left = {source_id: listed[source_id] for source_id in wanted}
        self._host = {source_id: urls.parse(source.url).host for source_id, source in self._left.items()}
        self._later: dict[str, float] = {}  # both by the clock that nobody sets
        self._wanted_since: dict[str, float] = {}
        self.skipped: list[PollReport] = []

    def __len__(self) -> int:
        """How many sources are left, 0 once the round was asked to stop."""
        return 0 if self._shared.stop() else len(self._left)

    def take(self, places: int, busy: Collection[str]) -> list[Poll]:
        """Claim up to `places` sources of different hosts without a request of ours in flight."""
        picked = self._ready(places, busy) if places and self else {}
        if not picked:
            return []
        claims = self._shared.claim(list(picked.values()), since=self._began if self._named else None)
        chosen = {source_id: self._left.pop(source_id) for source_id in picked.values()}
        for source_id, until in claims.later.items():
            self._put_off(chosen[source_id], until - self._shared.context.now())
        for source_id, until in claims.resting.items():
            why = f"{self._host[source_id]} asked to be left alone until {until:%Y-%m-%d %H:%M:%S}Z"
            self.skipped.append(PollReport(source_id, Outcome.SKIPPED, error=why))
        for _, lease in claims.taken:
            self._wanted_since.pop(lease.host, None)
        if self._only:  # who names a source is told what became of it
            got = {state.source_id for state, _ in claims.taken} | claims.later.keys() | claims.resting.keys()
            why = "another worker has it, or has just asked it"
            self.skipped += [PollReport(item, Outcome.SKIPPED, error=why) for item in sorted(chosen.keys() - got)]
        return [self._shared.poll(chosen[state.source_id], state, lease) for state, lease in claims.taken]

    def _ready(self, places: int, busy: Collection[str]) -> dict[str, str]:
        """Return the first sources that may be asked now, one a host."""
        picked: dict[str, str] = {}
        now = time.monotonic()
        for source_id in self._left:
            host = self._host[source_id]
            if host not in busy and self._later.get(host, 0.0) <= now:
                picked.setdefault(host, source_id)
                if len(picked) == places:
                    break
        return picked

    def _put_off(self, source: Source, rest: timedelta) -> None:
        """
        Try again when the host has rested, or when its present user (another process, or a redirect of ours) is done.

        A source that was not named waits for at most the time of one request. A process that keeps its host for longer
        is dead or has sources of its own there. The source stays due for the next round.
        """
        host, now = self._host[source.id], time.monotonic()
        patience_s = (self._shared.context.limits.timeout + self._shared.context.limits.host_gap).total_seconds()
        if self._named or now - self._wanted_since.setdefault(host, now) <= patience_s:
            self._left[source.id] = source
            self._later[host] = now + min(max(rest.total_seconds(), SOON_S), LOOK_AGAIN_S)

    def pause(self, busy: Collection[str]) -> float | None:
        """Return the seconds until a host without a request of ours has rested, or None where no source waits."""
        if not self:
            return None
        now = time.monotonic()
        soonest: float | None = None
        for source_id in self._left:
            host = self._host[source_id]
            if host not in busy:
                until = self._later.get(host, 0.0)
                soonest = until if soonest is None else min(soonest, until)
                if soonest <= now:
                    break
        return None if soonest is None else max(0.0, soonest - now)


def _land(shared: Round, landed: Mapping[_Flight, Poll]) -> Iterator[tuple[_Flight, PollReport]]:
    """Carry answers through: together in few transactions, and those alone that could not be."""
    for future, poll in landed.items():
        poll.answer = future.result()
    settled = _together(list(landed.values()))
    for future, poll in landed.items():
        report = settled.get(poll.source_id)
        if report is None:
            report = PollReport(poll.source_id, Outcome.SKIPPED, error="another worker took the source over")
            with shared.leased(poll.lease):
                report = poll.run(future.result(), poll.capture)
        shared.watch(Progress("finished", poll.source_id, report=report))
        yield future, report


def _together(polls: Sequence[Poll]) -> Mapping[str, PollReport]:
    """Write polls together, the quiet ones first. The result lacks those of a transaction that failed."""
    settled: dict[str, PollReport] = {}
    for some in _portions(sorted(polls, key=lambda poll: not poll.is_quiet)):
        with suppress(DocumentError, LeaseLostError, StaleListError):
            for report in write_together(some) if len(some) > 1 else ():
                settled[report.source_id] = report
        for poll in some:
            if poll.source_id in settled:
                poll.forget()
    return settled


def _portions(polls: Iterable[Poll]) -> Iterator[list[Poll]]:
    """Split polls so that the documents of one portion are small enough to be in memory as read."""
    portion: list[Poll] = []
    size = 0
    for poll in polls:
        weight = 0 if poll.is_quiet else poll.size
        if portion and size + weight > PORTION:
            yield portion
            portion, size = [], 0
        portion.append(poll)
        size += weight
    if portion:
        yield portion
