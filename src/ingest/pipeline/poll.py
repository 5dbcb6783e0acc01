"""A poll: an attempt at a source's own document under a lease. It also decides the next poll of the source."""

from __future__ import annotations

from contextlib import suppress

from ingest import polling, urls
from ingest.errors import DocumentError, ParseError
from ingest.jail import parse
from ingest.judging import Ingested, Reading, settling
from ingest.judging.settling import Ended, Facts
from ingest.model import (
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
from ingest.pipeline.attempt import Attempt, Context, Work
from ingest.pipeline.isolation import isolated
from ingest.store import Connection, captures, leases, polls, proposals, robots, sources
from ingest.store import engine as database


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
        self._is_known = False

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

    def _read(self) -> Work:
        """Read a document unless the same rules and stanza have read these very bytes (ARCHITECTURE §4.5)."""
        if isinstance(self.answer, Fetched):
            same = self.state.ingested_payload_digest == self.answer.response.payload_digest
            self._is_known = same and self.reading.has_read(self.state)
        if self._is_known:
            return lambda conn: Ingested(settling.seen_again(polls.last_tally(conn, self.source.id)))
        return super()._read()

    def _settle(self, conn: Connection, ingested: Ingested) -> None:
        """Save the next poll under our fencing token, with a move shown by the answer."""
        ended = Ended(
            ingested,
            self.answer,
            self.document,
            None if self._is_known else self.capture,
            self.capture.id if self.capture else self.state.last_capture_id,
            is_poll=self.kind == "poll",
            is_recovered=self.kind == "recovered",
        )
        settled = settling.settle(self.reading, self.state, ended, self._facts(conn, ended), self.context.now())
        if settled.answers_here:
            proposals.close(conn, self.source.id)
        if settled.move is not None:
            proposals.save(conn, settled.move)
        self._save(conn, settled.state)
        self.notes += settled.notes

    def _facts(self, conn: Connection, ended: Ended) -> Facts:
        """Read the stored facts for settling."""
        sighting = settling.sighting(self.reading, ended)
        before = proposals.find(conn, self.source, sighting) if sighting is not None else None
        is_unchanged = isinstance(ended.answer, NotModified)
        tally = polls.last_tally(conn, self.source.id) if is_unchanged and self.state.reason else Tally()
        record = None
        is_feed = self.source.kind is Kind.FEED and not self.source.robots_ignored_because
        if is_feed and sighting is None and isinstance(ended.answer, Fetched | NotModified):
            record = robots.load(conn, urls.parse(ended.answer.response.final_url).host)
        return Facts(tally, sighting, before, record)

    def _save(self, conn: Connection, state: PollState) -> None:
        """Save the state of the source. The gap of its host begins now."""
        rested = self.context.now() + self.context.limits.host_gap
        leases.settle(conn, self.lease, sources.values_of(state), host_free_at=rested)

    def _postpone(self, conn: Connection, reason: str) -> None:
        self._save(conn, settling.postponed(self.reading, self.state, reason, self.context.now()))
