"""
One poll: plan, then what came is stored, then ingested: parse → normalise → admit → reconcile → write.

It joins the decisions of the pure modules to the store and decides nothing itself. The capture is committed before it
is parsed; everything the document changes, its ledger and the next poll are then one transaction, fenced by the
lease. Live polls, recovered captures and later readings of a stored one all go through `Poll.ingest`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from ingest import __version__, dedupe, httpcache, policy, polling, rules
from ingest.errors import ParseError
from ingest.model import (
    Candidate,
    Capture,
    Document,
    Failed,
    Fate,
    Fetched,
    FetchPlan,
    Lease,
    NotModified,
    Outcome,
    PollReport,
    PollState,
    Refusal,
    Response,
    Skip,
    Source,
    Tally,
    Vendor,
)
from ingest.normalise import normalise
from ingest.parse import parse
from ingest.store import captures, headlines, leases, polls, rejections, sources
from ingest.store import engine as database

log = logging.getLogger("ingest.poll")

RULES_VERSION = f"{__version__}+{rules.VERSION}"
"""What decided: this program's version and that of the rules file. Kept with every capture and revision."""


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
        self.reading = _reading(source, vendor)

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
        return was_read_so(self.state, self.source, self.vendor)

    def _same_bytes(self, found: Fetched, capture_id: int) -> PollReport:
        with database.write(self.context.engine) as conn:
            tally = seen_again(polls.last_tally(conn, self.source.id))
            self._settle(conn, polling.Settlement(Outcome.OK, wish=self._wish(found.response)), found, capture_id)
            captures.mark_ingested(
                conn,
                capture_id,
                at=self.context.now(),
                rules_version=RULES_VERSION,
                source_digest=self.reading,
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
        offers, refusals = judge(document, self.source, self.vendor)
        with database.write(self.context.engine) as conn:
            known = headlines.known(conn, self.source, offers)
            decisions = dedupe.reconcile(offers, known, source=self.source, at=capture.fetched_at)
            headlines.apply(
                conn, decisions, headlines.Writing(self.source, capture, self.context.generation, RULES_VERSION)
            )
            rejections.record(conn, refusals, capture)
            tally = tally_of(decisions, refusals)
            note = dedupe.churn(decisions, known)
            wish = max(document.ttl or timedelta(), self._wish(found.response) if found else timedelta())
            changed = tally.created + tally.revised > 0
            self._settle(conn, polling.Settlement(Outcome.OK, wish=wish, changed=changed), found, capture.id, capture)
            self._mark(conn, capture)
            report = replace(self._report(Outcome.OK, found, tally=tally), note=note)
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
                ingested_source_digest=self.reading,
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
                ingested_source_digest=self.reading,
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
            source_digest=self.reading,
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


def was_read_so(state: PollState, source: Source, vendor: Vendor) -> bool:
    """Whether a source's last capture was read by today's rules, stanza and scopes."""
    read_by = (state.ingested_rules_version, state.ingested_source_digest)
    return read_by == (RULES_VERSION, _reading(source, vendor))


def _reading(source: Source, vendor: Vendor) -> str:
    """Digest what a document is read and judged by, besides the rules: its stanza and its vendor's scopes."""
    scopes = "\n".join(f"{scope.grant} {scope.text}" for scope in vendor.scopes)
    return hashlib.sha256(f"{source.digest}\n{scopes}".encode()).hexdigest()


def judge(document: Document, source: Source, vendor: Vendor) -> tuple[list[dedupe.Offer], list[Refusal]]:
    """Split what a document offers into what the policy admits and what some rule refuses."""
    offers: list[dedupe.Offer] = []
    refusals: list[Refusal] = []
    for item in normalise(document, source, vendor):
        if isinstance(item, Refusal):
            refusals.append(item)
            continue
        match policy.admit(vendor, item.url):
            case policy.Admitted(url, scope):
                offers.append(dedupe.Offer.of(item, url, scope))
            case policy.Refused() as refused:
                refusals.append(_refusal(item, refused))
    return offers, refusals


def _refusal(candidate: Candidate, refused: policy.Refused) -> Refusal:
    return Refusal(
        position=candidate.position,
        fate=Fate.REJECTED,
        rule=refused.rule,
        detail=refused.detail,
        raw_key=candidate.raw_key,
        url=refused.url,
        title=candidate.title,
    )


def tally_of(decisions: Iterable[dedupe.Decision], refusals: Iterable[Refusal]) -> Tally:
    """Count every entry under the one fate it ended in."""
    fates = [decision.fate for decision in decisions] + [refusal.fate for refusal in refusals]
    return Tally(**{fate.value: fates.count(fate) for fate in Fate})


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
