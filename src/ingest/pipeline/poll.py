"""
One poll: plan, then what came is stored, then ingested.

The capture is committed before it is parsed; everything the document changes, its ledger and the next poll are then one
transaction, fenced by the lease.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine

from ingest import httpcache, polling, robots, urls
from ingest.errors import DamagedError, DocumentError, ParseError
from ingest.jail import parse
from ingest.model import (
    Capture,
    Document,
    Failed,
    Fetched,
    FetchPlan,
    Kind,
    Lease,
    NotModified,
    Outcome,
    PollReport,
    PollState,
    Response,
    Skip,
    Source,
    State,
    Tally,
    Trust,
    Vendor,
)
from ingest.parse import selfcheck
from ingest.pipeline import isolation, moves
from ingest.pipeline.ingest import Judged, Reading, capture_of, judge, write
from ingest.pipeline.isolation import isolated, writing
from ingest.rules import RULES_VERSION
from ingest.store import captures, leases, polls, proposals, sources
from ingest.store import engine as database
from ingest.store import robots as kept_robots

log = logging.getLogger("ingest.poll")

_CUT: Final = (
    "the document breaks off in the middle, so entries may be missing; it is asked for whole until it comes whole"
)


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
        self.parts: tuple[str, ...] = ()
        self.notes: list[str] = []
        self._capture: Capture | None = None

    def listed_parts(self) -> tuple[str, ...]:
        """Give the parts that the document names; also where it came unchanged, since they may have changed all the same."""
        if self.parts or self.source.kind is not Kind.SITEMAP or self.state.last_capture_id is None:
            return self.parts
        try:
            with isolated("reading", subject=self.source.id), database.read(self.context.engine) as conn:
                capture = captures.get(conn, self.state.last_capture_id)
                return parse(capture, self.source).parts if capture else ()
        except (ParseError, DocumentError):  # its own reading said so
            return ()

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

    def keep(self, response: Response) -> Capture:
        """Store and commit what came, before anything reads it; from here on nothing can be lost."""
        with database.write(self.context.engine) as conn:
            leases.require(conn, self.lease)
            number = captures.add(
                conn,
                response,
                source_id=self.source.id,
                generation=self.context.generation,
                rules_version=RULES_VERSION,
            )
        self._capture = capture_of(number, self.reading, response)
        return self._capture

    def _fetched(self, found: Fetched) -> PollReport:
        capture = self.keep(found.response)
        if self._is_known(found.response):
            return self._same_bytes(found, capture)
        return self.ingest(capture, found=found)

    def _is_known(self, response: Response) -> bool:
        """Whether these very bytes were read before, by the same rules and the same stanza (ARCHITECTURE §4.5)."""
        same = self.state.ingested_payload_digest == response.payload_digest
        return same and self.reading.has_read(self.state)

    def _same_bytes(self, found: Fetched, capture: Capture) -> PollReport:
        with database.write(self.context.engine) as conn:
            tally = seen_again(polls.last_tally(conn, self.source.id))
            settlement = polling.Settlement(Outcome.OK, wish=self._wish(found.response), notice=all_refused(tally))
            self._settle(conn, settlement, found, capture.id)
            self._mark(conn, capture)
            report = self._report(Outcome.OK, found, tally=tally)
            self._record(conn, report, capture_id=capture.id)
        return report

    def _unchanged(self, found: NotModified) -> PollReport:
        with database.write(self.context.engine) as conn:
            told = all_refused(polls.last_tally(conn, self.source.id)) if self.state.reason else ""
            settlement = polling.Settlement(Outcome.NOT_MODIFIED, wish=self._wish(found.response), notice=told)
            self._settle(conn, settlement, found, self.state.last_capture_id)
            report = self._report(Outcome.NOT_MODIFIED, found)
            headers = found.response.response_headers
            self._record(conn, report, capture_id=self.state.last_capture_id, response_headers=headers)
        return report

    def _failed(self, found: Failed) -> PollReport:
        settlement = polling.Settlement(
            found.outcome, error=found.detail, rule=found.rule, retry_after=found.retry_after
        )
        with database.write(self.context.engine) as conn:
            self._settle(conn, settlement, found, self.state.last_capture_id)
            report = PollReport(
                self.source.id,
                found.outcome,
                status_code=found.status_code,
                elapsed_ms=found.elapsed_ms,
                error=found.detail,
                note="; ".join(self.notes),
                newly_failing=self.state.consecutive_failures == 0,
            )
            self._record(conn, report, rule=found.rule, capture_id=None)
        return report

    def ingest(self, capture: Capture, *, found: Fetched | None) -> PollReport:
        """Parse, judge and write one capture: everything it changes is one transaction."""
        self._capture = capture
        try:
            with isolated("reading", subject=self.source.id):
                document = parse(capture, self.source)
                judged = judge(document, self.reading, capture.fetched_at)
        except ParseError as error:
            return self._broken(capture, error, found)
        except DocumentError as error:
            with database.write(self.context.engine) as conn:
                return self._aside(conn, capture, error, found)
        report = self._write(capture, document, judged, found)
        if report.set_aside is None:
            self.parts = document.parts
        return report

    def _write(self, capture: Capture, document: Document, judged: Judged, found: Fetched | None) -> PollReport:
        with database.write(self.context.engine) as conn:
            try:
                with writing(conn, subject=self.source.id):
                    ingested = write(conn, capture, document, self.reading, judged)
            except DocumentError as error:
                return self._aside(conn, capture, error, found)
            believed = ingested.outcome is Outcome.OK
            settlement = polling.Settlement(
                ingested.outcome,
                error=ingested.error,
                wish=self._wish(found.response) if found else None,
                habits=document.habits if believed else None,
                changed=ingested.changed,
                notice=_CUT if document.cut else all_refused(ingested.tally),
            )
            self._settle(conn, settlement, found, capture.id, capture, believed=believed and not document.cut)
            self._mark(conn, capture, error=ingested.error)
            report = replace(
                self._report(ingested.outcome, found, tally=ingested.tally, error=ingested.error),
                note="; ".join(filter(None, (ingested.note, *self.notes))),
                newly_failing=not believed and self.state.consecutive_failures == 0,
            )
            self._record(conn, report, capture_id=capture.id)
        return report

    def _broken(self, capture: Capture, error: ParseError, found: Fetched | None) -> PollReport:
        """Note a document that could not be read; its bytes are kept."""
        verdict = selfcheck.judge_error(error)
        reason = verdict.reasons[0]
        outcome = Outcome(verdict.state.value)
        newly = self.state.consecutive_failures == 0
        report = replace(self._report(outcome, found, error=reason.detail), newly_failing=newly)
        with database.write(self.context.engine) as conn:
            settlement = polling.Settlement(outcome, error=reason.detail)
            self._settle(conn, settlement, found, capture.id, capture, believed=False)
            self._mark(conn, capture, error=reason.detail)
            self._record(conn, report, rule=error.rule, capture_id=capture.id)
        return report

    def _aside(self, conn: Connection, capture: Capture, error: DocumentError, found: Fetched | None) -> PollReport:
        """Set a document aside on which this program fails; its source goes on at its pace."""
        told = isolation.sentence(capture.id, error)
        self._settle(
            conn,
            polling.Settlement(Outcome.BROKEN, error=told, rule=isolation.RULE, ours=True),
            found,
            capture.id,
            capture,
            believed=False,
        )
        return self._record_aside(conn, capture, told, found)

    def _record_aside(self, conn: Connection, capture: Capture, told: str, found: Fetched | None) -> PollReport:
        self._mark_aside(conn, capture, told)
        report = replace(
            self._report(Outcome.BROKEN, found, error=told),
            newly_failing=self.state.consecutive_failures == 0,
            set_aside=capture.id,
        )
        self._record(conn, report, rule=isolation.RULE, capture_id=capture.id)
        return report

    def _mark_aside(self, conn: Connection, capture: Capture, told: str) -> None:
        captures.set_aside(
            conn,
            capture,
            at=self.context.now(),
            rules_version=RULES_VERSION,
            source_digest=self.reading.digest,
            error=told,
        )

    def set_damaged_aside(self, capture_id: int, error: DamagedError) -> PollReport:
        """Set a stored document aside whose bytes are not those that came."""
        with database.write(self.context.engine) as conn:
            return self._aside(conn, captures.without_bytes(conn, capture_id), error, None)

    def fail(self, error: DocumentError) -> PollReport:
        """Save as little as can be where even the settling of a poll fails, so that the source keeps its pace."""
        told = isolation.sentence(self._capture.id, error) if self._capture else error.message
        report = replace(
            self._report(Outcome.BROKEN, None, error=told),
            newly_failing=self.state.consecutive_failures == 0,
            set_aside=self._capture.id if self._capture else None,
        )
        with database.write(self.context.engine) as conn:
            self._postpone(conn, told)
            with suppress(DocumentError), writing(conn, subject=self.source.id):
                number = self._capture.id if self._capture else None
                self._record(conn, report, rule=isolation.RULE, capture_id=number)
        return report

    def _postpone(self, conn: Connection, told: str) -> None:
        now = self.context.now()
        values = {
            "state": State.BROKEN.value,
            "reason": told,
            "last_error": told,
            "consecutive_failures": self.state.consecutive_failures + 1,
            "last_attempt_at": now,
            "next_poll_at": now + self.source.interval,
        }
        leases.settle(conn, self.lease, values, host_free_at=now + self.context.limits.host_gap)
        if self._capture is not None:
            self._mark_aside(conn, self._capture, told)

    def _settle(
        self,
        conn: Connection,
        settlement: polling.Settlement,
        found: Fetched | NotModified | Failed | None,
        capture_id: int | None,
        ingested: Capture | None = None,
        *,
        believed: bool = True,
    ) -> None:
        """
        Save the next poll, with the validators of a good answer and what was read, under our fencing token.

        What could not be read whole or was not believed is read again when the parser or the stanza changes, and no
        validator vouches for it.
        """
        now = self.context.now()
        state = replace(self.state, last_capture_id=capture_id)
        if not believed or self.kind == "recovered":  # what came with recovered bytes was not kept with them
            state = replace(state, validators=None, unchanged_in_a_row=0)
        elif isinstance(found, NotModified):
            state = polling.confirmed(replace(state, validators=found.response.validators), now)
        elif isinstance(found, Fetched):
            state = polling.looked(state, found.response.validators, now, changed=settlement.changed)
        if state.trust is Trust.DISTRUSTED and self.state.trust is not Trust.DISTRUSTED:
            self.notes.append(polling.doubts(state))
        if ingested is not None:
            state = replace(
                state,
                ingested_payload_digest=ingested.payload_digest if believed else None,
                ingested_rules_version=RULES_VERSION,
                ingested_source_digest=self.reading.digest,
            )
        if self.kind == "poll":
            settlement = self._locate(conn, settlement, found, believed=believed)
            state = polling.settle(self.source, state, settlement, now)
        self._save(conn, state)

    def _locate(
        self,
        conn: Connection,
        settlement: polling.Settlement,
        found: Fetched | NotModified | Failed | None,
        *,
        believed: bool,
    ) -> polling.Settlement:
        """Keep what the answer tells of where the source is, and say it where an operator looks."""
        sighting = moves.sighted(self.source, self.vendor, found) if found is not None and believed else None
        if sighting is None:
            if believed and self.state.reason and isinstance(found, Fetched | NotModified):
                proposals.close(conn, self.source.id)
            return replace(settlement, notice=settlement.notice or self._robots_notice(conn, found))
        proposal, is_new = moves.note(conn, self.source, self.vendor, sighting, self.context.now())
        if is_new:
            self.notes.append(sighting.told)
        is_open = is_new or proposal.status == "open"
        if not is_open and (sighting.kind != "host" or proposal.status == "discarded"):
            return settlement  # not yet, or an operator does not want to hear of it
        return replace(settlement, notice=sighting.told, moved=is_open and sighting.kind == "host")

    def _robots_notice(self, conn: Connection, found: Fetched | NotModified | Failed | None) -> str:
        """Say where a feed is closed to robots by a robots.txt that is known anyway: for feeds that informs, and no more."""
        if self.source.kind is not Kind.FEED or self.source.robots_ignored_because or isinstance(found, Failed | None):
            return ""
        url = urls.parse(found.response.final_url)
        heard = kept_robots.recall(conn, url.host)
        agent = dict(found.response.request_headers).get("User-Agent", "")
        if heard is None or robots.allows(heard, f"{url.path}{url.suffix}", robots.token_of(agent)) is not False:
            return ""
        return f"the robots.txt of {url.host} closes {url.path} to robots; a feed is for machines and is asked all the same"

    def _save(self, conn: Connection, state: PollState) -> None:
        """Save under our fencing token; the host rests from now on."""
        rested = self.context.now() + self.context.limits.host_gap
        leases.settle(conn, self.lease, sources.values_of(state), host_free_at=rested)

    def _mark(self, conn: Connection, capture: Capture, error: str = "") -> None:
        captures.mark_ingested(
            conn,
            capture,
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
            note="; ".join(self.notes),
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


def all_refused(tally: Tally) -> str:
    """Say that nothing of what a source offers is official, "" where something is: its vendor may speak elsewhere now."""
    if not tally.entries or tally.rejected < tally.entries:
        return ""
    return (
        f"none of its {tally.entries} entries is official; `ingest rejections` says why, and the list may lack a scope"
    )


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
