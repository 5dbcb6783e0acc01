"""
A round: what waits, then what is due or named; threads fetch, the asking thread ingests.

Threads only fetch, so that SQLite has one writer and a round one order. No two requests of a round go to one host at
the same time.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import timedelta

from ingest import urls
from ingest.errors import LeaseLostError, UsageError
from ingest.fetch import Fetcher
from ingest.model import Allowlist, Failed, Fetched, NotModified, Outcome, PollReport, PollState, Skip, Source, Tally
from ingest.pipeline.poll import Context, Poll
from ingest.store import captures, sources
from ingest.store import engine as database

log = logging.getLogger("ingest.poll")

LEASE = timedelta(minutes=5)
"""How long a claimed source is ours: several times the longest request with its retries and turns at a busy host."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a round, for whoever watches: started (with the number to do), fetching, finished (with the report)."""

    kind: str
    source_id: str = ""
    total: int = 0
    report: PollReport | None = None


@dataclass(frozen=True, slots=True)
class RoundReport:
    """What a round came to: a report for every source that was named or due."""

    polls: tuple[PollReport, ...]

    def count(self, outcome: Outcome) -> int:
        """How many sources ended so."""
        return sum(report.outcome is outcome for report in self.polls)

    @property
    def tally(self) -> Tally:
        """The ledgers added up."""
        names = [item.name for item in fields(Tally)]
        return Tally(**{name: sum(getattr(report.tally, name) for report in self.polls) for name in names})

    @property
    def failed(self) -> tuple[PollReport, ...]:
        """The reports that are neither well nor skipped."""
        well = {Outcome.OK, Outcome.NOT_MODIFIED, Outcome.SKIPPED}
        return tuple(report for report in self.polls if report.outcome not in well)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round works with; `stop` asks it to finish what is under way and begin nothing new."""

    context: Context
    allowlist: Allowlist
    fetcher: Fetcher
    owner: str
    workers: int = 32
    watch: Callable[[Progress], None] = field(default=lambda _: None)
    stop: Callable[[], bool] = field(default=lambda: False)

    def poll(self, source: Source, state: PollState, *, kind: str = "poll") -> Poll:
        """Put a claimed source on its way."""
        vendor = next(vendor for vendor in self.allowlist.vendors if vendor.id == source.vendor_id)
        return Poll(self.context, source, vendor, state, kind=kind)

    def claim(self, ids: Sequence[str], *, due_only: bool) -> list[PollState]:
        """Take the leases of those sources that nobody else holds, in a transaction of its own."""
        with database.write(self.context.engine) as conn:
            return sources.claim(
                conn, now=self.context.now(), owner=self.owner, lease=LEASE, ids=ids, due_only=due_only
            )

    def release(self, states: Iterable[PollState]) -> None:
        """Give leases back untouched."""
        given = list(states)
        if given:
            with database.write(self.context.engine) as conn:
                sources.release(conn, given)


def run_round(this: Round, *, only: Sequence[str] = (), everything: bool = False) -> RoundReport:
    """
    Look once at what is due, or at what is named, or at everything that is enabled.

    Captures that wait and sources whose reading changed are ingested first; then each source is claimed, fetched
    by a thread and ingested here. Two rounds at once share the work: a claimed source is another's for the while.

    Errors:
        UsageError: a named source is not in the list in force.
    """
    listed = {source.id: source for source in this.allowlist.sources}
    for source_id in only:
        if source_id not in listed:
            near = difflib.get_close_matches(source_id, listed, n=1)
            hint = f'did you mean "{near[0]}"?' if near else "`ingest sources list` shows them."
            message = f"no such source in the list in force; {hint}"
            raise UsageError(message, subject=source_id)
    reports = list(_ingest_stored(this, listed))
    reports += _poll_all(this, listed, only=only, everything=everything)
    return RoundReport(tuple(reports))


def _ingest_stored(this: Round, listed: Mapping[str, Source]) -> Iterator[PollReport]:
    """Ingest what a kill left behind, then what is to be read anew under a changed list, rules or parser."""
    with database.read(this.context.engine) as conn:
        waiting = [
            (listed[source_id], capture_id) for source_id, capture_id in captures.waiting(conn) if source_id in listed
        ]
        states = {state.source_id: state for state in sources.poll_states(conn, None)}
    for source, capture_id in waiting:
        yield from _ingest_again(this, source, capture_id, kind="recovered")
    recovered = {source.id for source, _ in waiting}
    for source in listed.values():
        state = states.get(source.id)
        if state is None or state.last_capture_id is None or source.id in recovered:
            continue
        if not this.poll(source, state).was_read_so():
            yield from _ingest_again(this, source, state.last_capture_id, kind="reingest")


def _ingest_again(this: Round, source: Source, capture_id: int, *, kind: str) -> Iterator[PollReport]:
    """Ingest a stored capture; nothing when another process has the source or the payload was pruned."""
    for state in this.claim([source.id], due_only=False):
        with _leased(this, state):
            with database.read(this.context.engine) as conn:
                capture = captures.get(conn, capture_id)
            yield this.poll(source, state, kind=kind).ingest(capture, found=None)


def _poll_all(this: Round, listed: Mapping[str, Source], *, only: Sequence[str], everything: bool) -> list[PollReport]:
    """Keep `workers` requests in flight, claiming as places come free, until nothing is left to claim."""
    named = bool(only) or everything
    queue = _Queue(this, listed, only=only, everything=everything)
    this.watch(Progress("started", total=len(queue)))
    reports: list[PollReport] = []
    flying: dict[Future[Fetched | NotModified | Failed], Poll] = {}
    with ThreadPoolExecutor(this.workers, thread_name_prefix="fetch") as pool:
        try:
            while flying or queue:
                busy = {host_of(poll.source) for poll in flying.values()}
                for poll in queue.take(this.workers - len(flying), busy):
                    plan = poll.plan(named=named)
                    if isinstance(plan, Skip):
                        reports.append(poll.skip(plan))
                    else:
                        this.watch(Progress("fetching", poll.source.id))
                        flying[pool.submit(this.fetcher.get, plan)] = poll
                landed, _ = wait(flying, return_when=FIRST_COMPLETED)
                reports += [_land(this, flying.pop(future), future) for future in landed]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            this.release(poll.state for poll in flying.values())
    return reports


def host_of(source: Source) -> str:
    """The host a source is asked at."""
    return urls.parse(source.url).host


class _Queue:
    """The sources of a round, claimed a few at a time so that several processes share them."""

    def __init__(self, this: Round, listed: Mapping[str, Source], *, only: Sequence[str], everything: bool) -> None:
        self._this = this
        self._named = bool(only) or everything
        wanted = list(dict.fromkeys(only)) or [source.id for source in listed.values() if source.enabled]
        if not self._named:
            with database.read(this.context.engine) as conn:
                wanted = sources.due(conn, now=this.context.now(), ids=wanted)
        self._left = [listed[source_id] for source_id in wanted]

    def __len__(self) -> int:
        """How many are left; none once the round was asked to stop."""
        return 0 if self._this.stop() else len(self._left)

    def take(self, places: int, busy: Collection[str]) -> list[Poll]:
        """Claim up to `places` sources of different hosts, none of them busy."""
        picked: dict[str, Source] = {}
        for source in self._left if self else ():
            if len(picked) == places:
                break
            host = host_of(source)
            if host not in busy and host not in picked:
                picked[host] = source
        if not picked:
            return []
        batch = {source.id: source for source in picked.values()}
        self._left = [source for source in self._left if source.id not in batch]
        claimed = self._this.claim(list(batch), due_only=not self._named)
        return [self._this.poll(batch[state.source_id], state) for state in claimed]


def _land(this: Round, poll: Poll, future: Future[Fetched | NotModified | Failed]) -> PollReport:
    """Ingest what a thread brought back."""
    report = PollReport(poll.source.id, Outcome.SKIPPED, error="another worker took the source over")
    with _leased(this, poll.state):
        report = poll.finish(future.result())
    this.watch(Progress("finished", poll.source.id, report=report))
    return report


@contextmanager
def _leased(this: Round, state: PollState) -> Iterator[None]:
    """Let a lost lease void what we did, which is no fault; give the source back before anything else goes on up."""
    try:
        yield
    except LeaseLostError:
        log.warning("lease lost source=%s", state.source_id)
    except BaseException:
        this.release([state])
        raise
