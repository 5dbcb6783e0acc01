"""
One poll: plan, then what came is stored, then ingested.

The capture is committed before it is parsed; everything the document changes, its ledger and the next poll are then one
transaction, fenced by the lease.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from ingest import httpcache, polling
from ingest.errors import ParseError
from ingest.model import (
    Capture,
    Failed,
    Fetched,
    FetchPlan,
    Lease,
    NotModified,
    Outcome,
    PollReport,
    PollState,
    Response,
    Skip,
    Source,
    Tally,
    Vendor,
)
from ingest.parse import parse
from ingest.pipeline.ingest import RULES_VERSION, Reading, judge, write
from ingest.store import captures, leases, polls, sources
from ingest.store import engine as database

log = logging.getLogger("ingest.poll")


@dataclass(frozen=True, slots=True)
class Context:
    """What a poll works with: the database, the generation of the list in force, our clock and the limits."""

    engine: Engine
    generation: int
    now: Callable[[], datetime]
    limits: polling.Limits


class Poll:
    """One claimed source on its way through a round."""

    def __init__(
        self, context: Context, source: Source, vendor: Vendor, state: PollState, lease: Lease, *, kind: str = "poll"
    ) -> None:
        self.context = context
        self.source = source
        self.vendor = vendor
        self.state = state
        self.lease = lease
        self.kind = kind
        self.started_at = context.now()
        self.reading = Reading(source, vendor, context.generation)

    def plan(self, *, named: bool) -> FetchPlan | Skip:
        """Ask the rules whether and how to fetch."""
        return polling.plan(self.source, self.vendor, self.state, self.context.limits, self.started_at, named=named)

    def skip(self, skip: Skip) -> PollReport:
        """Give the source back untouched."""
        with database.write(self.context.engine) as conn:
            leases.give_back(conn, self.lease)
        return PollReport(self.source.id, Outcome.SKIPPED, error=skip.reason)

    def finish(self, found: Fetched | NotModified | Failed) -> PollReport:
        """Store what came, ingest it, settle; one log line."""
        match found:
            case Fetched():
                report = self._fetched(found)
            case NotModified():
                report = self._unchanged(found)
            case Failed():
                report = self._failed(found)
        _log(report)
        return report

    def keep(self, response: Response) -> int:
        """Store and commit what came, before anything reads it; from here on nothing can be lost."""
        with database.write(self.context.engine) as conn:
            return captures.add(
                conn,
                response,
                source_id=self.source.id,
                generation=self.context.generation,
                rules_version=RULES_VERSION,
            )

    def _fetched(self, found: Fetched) -> PollReport:
        capture_id = self.keep(found.response)
        if self._is_known(found.response):
            return self._same_bytes(found, capture_id)
        return self.ingest(self._capture(capture_id, found.response), found=found)

    def _capture(self, capture_id: int, response: Response) -> Capture:
        """Make of a response what `captures.get` reads back of it."""
        return Capture(
            id=capture_id,
            source_id=self.source.id,
            target_url=response.target_url,
            final_url=response.final_url,
            content=response.content,
            payload_digest=response.payload_digest or "",
            response_headers=response.response_headers,
            fetched_at=response.fetched_at,
            generation=self.context.generation,
        )

    def _is_known(self, response: Response) -> bool:
        """Whether these very bytes were read before, by the same rules and the same stanza (ARCHITECTURE §4.5)."""
        same = self.state.ingested_payload_digest == response.payload_digest
        return same and self.was_read_so()

    def was_read_so(self) -> bool:
        """Whether the last capture was read by today's rules, stanza and scopes."""
        return was_read_so(self.state, self.reading)

    def _same_bytes(self, found: Fetched, capture_id: int) -> PollReport:
        with database.write(self.context.engine) as conn:
            tally = seen_again(polls.last_tally(conn, self.source.id))
            self._settle(conn, polling.Settlement(Outcome.OK, wish=self._wish(found.response)), found, capture_id)
            captures.mark_ingested(
                conn,
                capture_id,
                at=self.context.now(),
                rules_version=RULES_VERSION,
                source_digest=self.reading.digest,
            )
            report = self._report(Outcome.OK, found, tally=tally)
            self._record(conn, report, capture_id=capture_id)
        return report

    def _unchanged(self, found: NotModified) -> PollReport:
        with database.write(self.context.engine) as conn:
            wish = self._wish(found.response)
            self._settle(conn, polling.Settlement(Outcome.NOT_MODIFIED, wish=wish), found, self.state.last_capture_id)
            report = self._report(Outcome.NOT_MODIFIED, found)
            headers = found.response.response_headers
            self._record(conn, report, capture_id=self.state.last_capture_id, response_headers=headers)
        return report

    def _failed(self, found: Failed) -> PollReport:
        settlement = polling.Settlement(found.outcome, error=found.detail, retry_after=found.retry_after)
        report = PollReport(
            self.source.id,
            found.outcome,
            status_code=found.status_code,
            elapsed_ms=found.elapsed_ms,
            error=found.detail,
            newly_failing=self.state.consecutive_failures == 0,
        )
        with database.write(self.context.engine) as conn:
            self._settle(conn, settlement, None, self.state.last_capture_id)
            self._record(conn, report, rule=found.rule, capture_id=None)
        return report

    def ingest(self, capture: Capture, *, found: Fetched | None) -> PollReport:
        """Parse, judge and write one capture: everything it changes is one transaction."""
        try:
            document = parse(capture, self.source)
        except ParseError as error:
            return self._broken(capture, error, found)
        judged = judge(document, self.reading)
        with database.write(self.context.engine) as conn:
            ingested = write(conn, capture, document, self.reading, judged)
            wish = max(ingested.wish, self._wish(found.response) if found else timedelta())
            settlement = polling.Settlement(Outcome.OK, wish=wish, changed=ingested.changed)
            self._settle(conn, settlement, found, capture.id, capture)
            self._mark(conn, capture)
            report = replace(self._report(Outcome.OK, found, tally=ingested.tally), note=ingested.note)
            self._record(conn, report, capture_id=capture.id)
        return report

    def _broken(self, capture: Capture, error: ParseError, found: Fetched | None) -> PollReport:
        """The bytes are kept, and read again when the parser or the stanza changes; no validator vouches for them."""
        outcome = Outcome.BLOCKED if error.rule == "challenge" else Outcome.BROKEN
        newly = self.state.consecutive_failures == 0
        report = replace(self._report(outcome, found, error=error.message), newly_failing=newly)
        with database.write(self.context.engine) as conn:
            tried = replace(
                self.state,
                ingested_rules_version=RULES_VERSION,
                ingested_source_digest=self.reading.digest,
                last_capture_id=capture.id,
                ingested_payload_digest=None,
                validators=None,
            )
            settled = polling.settle(
                self.source, tried, polling.Settlement(outcome, error=error.message), self.context.now()
            )
            self._save(conn, settled)
            self._mark(conn, capture, error=error.message)
            self._record(conn, report, rule=error.rule, capture_id=capture.id)
        return report

    def _settle(
        self,
        conn: Connection,
        settlement: polling.Settlement,
        found: Fetched | NotModified | None,
        capture_id: int | None,
        ingested: Capture | None = None,
    ) -> None:
        """Save the next poll, with the validators of a good answer and what was read, under our fencing token."""
        state = replace(self.state, last_capture_id=capture_id)
        if found is not None:
            state = replace(state, validators=found.response.validators)
        if ingested is not None:
            state = replace(
                state,
                ingested_payload_digest=ingested.payload_digest,
                ingested_rules_version=RULES_VERSION,
                ingested_source_digest=self.reading.digest,
            )
        if self.kind == "poll":
            state = polling.settle(self.source, state, settlement, self.context.now())
        self._save(conn, state)

    def _save(self, conn: Connection, state: PollState) -> None:
        """Save under our fencing token; the host rests from now on."""
        rested = self.context.now() + self.context.limits.host_gap
        leases.settle(conn, self.lease, sources.values_of(state), host_free_at=rested)

    def _mark(self, conn: Connection, capture: Capture, error: str = "") -> None:
        captures.mark_ingested(
            conn,
            capture.id,
            at=self.context.now(),
            rules_version=RULES_VERSION,
            source_digest=self.reading.digest,
            error=error,
        )

    def _wish(self, response: Response) -> timedelta:
        return httpcache.freshness(response.response_headers, response.fetched_at) or timedelta()

    def _report(
        self,
        outcome: Outcome,
        found: Fetched | NotModified | None,
        *,
        tally: Tally | None = None,
        error: str = "",
    ) -> PollReport:
        return PollReport(
            self.source.id,
            outcome,
            status_code=found.response.status_code if found else None,
            tally=tally or Tally(),
            bytes=len(found.response.body or b"") if found else 0,
            elapsed_ms=found.elapsed_ms if found else 0,
            error=error,
        )

    def _record(
        self,
        conn: Connection,
        report: PollReport,
        *,
        capture_id: int | None,
        rule: str = "",
        response_headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        attempt = polls.Attempt(
            kind=self.kind,
            started_at=self.started_at,
            finished_at=self.context.now(),
            generation=self.context.generation,
            capture_id=capture_id,
            rule=rule,
            response_headers=response_headers,
        )
        polls.record(conn, report, attempt)


def was_read_so(state: PollState, reading: Reading) -> bool:
    """Whether a source's last capture was read by today's rules, stanza and scopes."""
    read_by = (state.ingested_rules_version, state.ingested_source_digest)
    return read_by == (RULES_VERSION, reading.digest)


def seen_again(last: Tally) -> Tally:
    """Tally the same bytes once more: what had become a headline is now seen, what was refused still is."""
    seen = last.created + last.revised + last.seen
    return replace(last, created=0, revised=0, seen=seen)


def _log(report: PollReport) -> None:
    tally = report.tally
    if report.note:
        log.warning('poll source=%s note="%s"', report.source_id, report.note)
    log.info(
        "poll source=%s outcome=%s status=%s entries=%d created=%d revised=%d rejected=%d bytes=%d ms=%d%s",
        report.source_id,
        report.outcome,
        report.status_code or "-",
        tally.entries,
        tally.created,
        tally.revised,
        tally.rejected,
        report.bytes,
        report.elapsed_ms,
        f' error="{report.error}"' if report.error else "",
    )
