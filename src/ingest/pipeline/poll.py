"""
One poll: plan, then what came is stored, then ingested.

The capture is committed before it is parsed; everything the document changes, its ledger and the next poll are then one
transaction, fenced by the lease.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

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
    State,
    Tally,
    Trust,
)
from ingest.pipeline import isolation, moves
from ingest.pipeline.attempt import Answer, Attempt, Context
from ingest.pipeline.ingest import Ingested, Reading
from ingest.pipeline.isolation import isolated, writing
from ingest.rules import RULES_VERSION
from ingest.store import captures, leases, polls, proposals, sources
from ingest.store import engine as database
from ingest.store import robots as kept_robots

log = logging.getLogger("ingest.poll")

_CUT: Final = (
    "the document breaks off in the middle, so entries may be missing; it is asked for whole until it comes whole"
)


class Poll(Attempt):
    """One claimed source on its way through a round: an attempt that also settles when the source is asked again."""

    def __init__(
        self, context: Context, reading: Reading, state: PollState, lease: Lease, *, kind: str = "poll"
    ) -> None:
        super().__init__(context, reading, kind)
        self.source = reading.source
        self.vendor = reading.vendor
        self.state = state
        self.lease = lease
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

    def finish(self, found: Answer) -> PollReport:
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

    def _fetched(self, found: Fetched) -> PollReport:
        with database.write(self.context.engine) as conn:
            leases.require(conn, self.lease)
            self._capture = capture = self.keep(conn, found.response)
        if self._is_known(found.response):
            return self._same_bytes(found, capture)
        return self.ingest(capture, found=found)

    def _is_known(self, response: Response) -> bool:
        """Whether these very bytes were read before, by the same rules and the same stanza (ARCHITECTURE §4.5)."""
        same = self.state.ingested_payload_digest == response.payload_digest
        return same and self.reading.has_read(self.state)

    def _same_bytes(self, found: Fetched, capture: Capture) -> PollReport:
        with database.write(self.context.engine) as conn:
            ingested = Ingested(seen_again(polls.last_tally(conn, self.source.id)))
            notice = all_refused(ingested.tally)
            settlement = polling.Settlement(Outcome.OK, wish=self._wish(found.response), notice=notice)
            self._settle(conn, settlement, found, capture.id)
            self.write(conn, capture, lambda _: ingested)
            return self._enter(conn, ingested, found, capture.id)

    def _unchanged(self, found: NotModified) -> PollReport:
        with database.write(self.context.engine) as conn:
            notice = all_refused(polls.last_tally(conn, self.source.id)) if self.state.reason else ""
            settlement = polling.Settlement(Outcome.NOT_MODIFIED, wish=self._wish(found.response), notice=notice)
            self._settle(conn, settlement, found, self.state.last_capture_id)
            return self._enter(conn, Ingested(outcome=Outcome.NOT_MODIFIED), found, self.state.last_capture_id)

    def _failed(self, found: Failed) -> PollReport:
        settlement = polling.Settlement(
            found.outcome, error=found.detail, rule=found.rule, retry_after=found.retry_after
        )
        with database.write(self.context.engine) as conn:
            self._settle(conn, settlement, found, self.state.last_capture_id)
            return self._enter(conn, Ingested(outcome=found.outcome, error=found.detail), found, None)

    def ingest(self, capture: Capture, *, found: Fetched | None) -> PollReport:
        """Read, judge and write one capture: everything it changes is one transaction."""
        self._capture = capture
        document, work = self.read(capture)
        with database.write(self.context.engine) as conn:
            ingested = self.write(conn, capture, work)
            if document is not None and ingested.set_aside is None:
                self.parts = document.parts
            whole = ingested.outcome is Outcome.OK and document is not None and not document.cut
            settlement = self._settlement(document, ingested, found)
            self._settle(conn, settlement, found, capture.id, capture, believed=whole)
            return self._enter(conn, ingested, found, capture.id)

    def _settlement(self, document: Document | None, ingested: Ingested, found: Fetched | None) -> polling.Settlement:
        """Say what a document means for the next poll."""
        found_well = ingested.outcome is Outcome.OK
        cut = found_well and document is not None and document.cut
        return polling.Settlement(
            ingested.outcome,
            error=ingested.error,
            wish=self._wish(found.response) if found and document else None,
            habits=document.habits if document and found_well else None,
            changed=ingested.changed,
            notice=_CUT if cut else all_refused(ingested.tally),
            ours=ingested.set_aside is not None,
        )

    def set_damaged_aside(self, capture_id: int, error: DamagedError) -> PollReport:
        """Set a stored document aside whose bytes are not those that came."""
        with database.write(self.context.engine) as conn:
            capture = captures.without_bytes(conn, capture_id)
            ingested = self.set_aside(conn, capture, error)
            self._settle(conn, self._settlement(None, ingested, None), None, capture_id, capture, believed=False)
            return self._enter(conn, ingested, None, capture_id)

    def fail(self, error: DocumentError) -> PollReport:
        """Save as little as can be where even the settling of a poll fails, so that the source keeps its pace."""
        with database.write(self.context.engine) as conn:
            ingested = Ingested(outcome=Outcome.BROKEN, error=error.message, rule=isolation.RULE)
            if self._capture is not None:
                ingested = self.set_aside(conn, self._capture, error)
            self._postpone(conn, ingested.error)
            with suppress(DocumentError), writing(conn, subject=self.source.id):
                self._enter(conn, ingested, None, ingested.set_aside)
        return PollReport(
            self.source.id,
            Outcome.BROKEN,
            error=ingested.error,
            newly_failing=self.state.consecutive_failures == 0,
            set_aside=ingested.set_aside,
        )

    def _postpone(self, conn: Connection, reason: str) -> None:
        now = self.context.now()
        values = {
            "state": State.BROKEN.value,
            "reason": reason,
            "last_error": reason,
            "consecutive_failures": self.state.consecutive_failures + 1,
            "last_attempt_at": now,
            "next_poll_at": now + self.source.interval,
        }
        leases.settle(conn, self.lease, values, host_free_at=now + self.context.limits.host_gap)

    def _settle(
        self,
        conn: Connection,
        settlement: polling.Settlement,
        found: Answer | None,
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
        found: Answer | None,
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

    def _robots_notice(self, conn: Connection, found: Answer | None) -> str:
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

    def _enter(self, conn: Connection, ingested: Ingested, found: Answer | None, capture_id: int | None) -> PollReport:
        works = ingested.outcome in {Outcome.OK, Outcome.NOT_MODIFIED}
        return self.enter(
            conn,
            ingested,
            found,
            capture_id,
            note="; ".join(filter(None, (ingested.note, *self.notes))),
            newly_failing=not works and self.state.consecutive_failures == 0,
        )

    def _wish(self, response: Response) -> timedelta:
        return httpcache.freshness(response.response_headers, response.fetched_at) or timedelta()


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
