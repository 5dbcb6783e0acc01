"""A poll: an attempt at a source's own document under a lease. It also decides the next poll of the source."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from ingest import polling, urls
from ingest.errors import DocumentError, ParseError
from ingest.jail import parse
from ingest.judging import Ingested, Reading, settling
from ingest.judging.carrying import may_be_carried
from ingest.judging.documents import Judged
from ingest.judging.settling import Ended, Facts
from ingest.model import (
    Capture,
    Fetched,
    FetchPlan,
    Kind,
    Lease,
    NotModified,
    Outcome,
    PollReport,
    PollState,
    Skip,
    Tally,
)
from ingest.pipeline.attempt import Attempt, Context, Work, keep, lock
from ingest.pipeline.batch import Batch, batch
from ingest.pipeline.isolation import isolated
from ingest.pipeline.slicing import read_slices
from ingest.store import captures, leases, proposals, slices, sources
from ingest.store import engine as database

TOGETHER_S: Final = 0.05
"""How long a transaction with several polls may take, and how long an answer waits for others."""


class Poll(Attempt):
    """One claimed source on its way through a round. Its `kind` is poll, recovered or reingest."""

    lease: Lease

    def __init__(
        self, context: Context, reading: Reading, state: PollState, lease: Lease, *, kind: str = "poll"
    ) -> None:
        super().__init__(context, reading, kind)
        self.source = reading.source
        self.vendor = reading.vendor
        self.state = state
        self.lease = lease
        self.newest_capture_id = state.last_capture_id
        self.worked_before = state.consecutive_failures == 0

    def plan(self, *, named: bool) -> FetchPlan | Skip:
        """Decide whether and how to fetch."""
        return polling.plan(self.source, self.vendor, self.state, self.context.limits, self.started_at, named=named)

    def skip(self, skip: Skip) -> PollReport:
        """Give the source back untouched."""
        with database.write(self.context.engine) as conn:
            leases.give_back(conn, self.lease)
        return PollReport(self.source.id, Outcome.SKIPPED, error=skip.reason)

    def listed_parts(self) -> tuple[str, ...]:
        """Return the parts of the document, even if it is unchanged, because a part may change alone."""
        if self.parts is not None:
            return self.parts
        if self.source.kind is not Kind.SITEMAP or self.state.last_capture_id is None:
            return ()
        with suppress(ParseError, DocumentError), isolated("reading", subject=self.source.id):  # already reported
            with database.read(self.context.engine) as conn:
                capture = captures.get(conn, self.state.last_capture_id)
            return parse(capture, self.source).parts if capture else ()
        return ()

    @property
    def is_known(self) -> bool:
        """Whether the same rules and stanza have read these very bytes (ARCHITECTURE §4.5)."""
        if not isinstance(self.answer, Fetched) or not self.reading.has_read(self.state):
            return False
        return self.state.ingested_payload_digest == self.answer.response.payload_digest

    @property
    def is_carrying(self) -> bool:
        """Whether unchanged entries of a changed document are carried."""
        return may_be_carried(self.reading) and not self.is_known

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to read."""
        return not isinstance(self.answer, Fetched) or self.is_known

    @property
    def size(self) -> int:
        """The bytes of the document."""
        return len(self.answer.response.content) if isinstance(self.answer, Fetched) else 0

    @property
    def host(self) -> str:
        """The host of the answer, or of the request."""
        if isinstance(self.answer, Fetched | NotModified):
            return urls.parse(self.answer.response.final_url).host
        return self.lease.host

    def read(self) -> Work:
        """Read a document unless its bytes are known."""
        return Ingested() if self.is_known else super().read()

    def _judge(self, capture: Capture, *, afresh: bool = False) -> Judged:
        """Read a changed feed by its slices."""
        if not isinstance(self.answer, Fetched) and self.is_carrying:
            with database.read(self.context.engine) as conn:
                self.remembered = slices.of(conn, [self.source_id]).get(self.source_id)
        sliced = read_slices(capture, self.reading, None if afresh else self.remembered)
        return sliced or super()._judge(capture, afresh=afresh)

    def _change(self, shared: Batch, work: Work) -> Ingested:
        """Count the entries of known bytes as seen."""
        if self.is_known:
            work = Ingested(settling.seen_again(shared.last_tally(self.source_id)))
        return super()._change(shared, work)

    def _settle(self, shared: Batch, ingested: Ingested) -> None:
        """Save the next poll under our fencing token, with a move shown by the answer."""
        ended = Ended(
            ingested,
            self.answer,
            self.document,
            None if self.is_known else self.capture,
            self.capture.id if self.capture else self.state.last_capture_id,
            is_poll=self.kind == "poll",
            is_recovered=self.kind == "recovered",
        )
        settled = settling.settle(self.reading, self.state, ended, self._facts(shared, ended), self.context.now())
        if settled.answers_here:
            proposals.close(shared.conn, self.source.id)
        if settled.move is not None:
            proposals.save(shared.conn, settled.move)
        self._save(shared, settled.state)
        self.notes += settled.notes

    def _facts(self, shared: Batch, ended: Ended) -> Facts:
        """Read the stored facts for settling."""
        sighting = settling.sighting(self.reading, ended)
        before = proposals.find(shared.conn, self.source, sighting) if sighting is not None else None
        is_unchanged = isinstance(ended.answer, NotModified)
        tally = shared.last_tally(self.source.id) if is_unchanged and self.state.reason else Tally()
        is_feed = self.source.kind is Kind.FEED and not self.source.robots_ignored_because
        has_answer = isinstance(ended.answer, Fetched | NotModified)
        record = shared.robots_of(self.host) if is_feed and sighting is None and has_answer else None
        return Facts(tally, sighting, before, record)

    def _save(self, shared: Batch, state: PollState) -> None:
        """Save the state of the source. The gap of its host begins now."""
        rested = self.context.now() + self.context.limits.host_gap
        shared.settle(leases.Release(self.lease, sources.values_of(state), rested))

    def _postpone(self, shared: Batch, reason: str) -> None:
        self._save(shared, settling.postponed(self.reading, self.state, reason, self.context.now()))


def write_together(polls: Sequence[Poll]) -> Iterator[PollReport]:
    """
    Read polls and write them in few transactions, and yield the reports in their order after each commit.

    A transaction ends after `TOGETHER_S`, because other processes wait for it.

    Raises:
        DocumentError: This program fails on one of them. Nothing but their bytes was written.
        LeaseLostError: Another worker took a source over. The same holds.
        StaleListError: Another list came into force. The same holds.
    """
    with isolated("settling", subject=f"{len(polls)} sources"):
        keep(polls)
        waiting = deque((poll, poll.read()) for poll in polls)
        while waiting:
            reports: list[PollReport] = []
            with batch(polls[0].context.engine) as shared:
                left = [poll for poll, _ in waiting]
                lock(left, shared.conn)
                shared.expect([poll.source_id for poll in left], [poll.host for poll in left])
                until = time.monotonic() + TOGETHER_S
                while waiting and (not reports or time.monotonic() < until):
                    poll, work = waiting.popleft()
                    reports.append(poll.write(shared, work))
            yield from reports
