"""One fetch for a source beside its poll, a part or an entry's page: its capture, its writing, its row in the ledger."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from ingest.errors import DocumentError, ParseError
from ingest.jail import parse
from ingest.model import Capture, Failed, Fetched, FetchPlan, NotModified, Outcome, PollReport, Source, Tally
from ingest.pipeline import isolation
from ingest.pipeline.ingest import Ingested, Reading, capture_of, judge, write
from ingest.pipeline.isolation import isolated, writing
from ingest.rules import RULES_VERSION
from ingest.store import captures, polls
from ingest.store import engine as database

if TYPE_CHECKING:
    from ingest.pipeline.rounds import Round

log = logging.getLogger("ingest.pages")

_ACCEPT: Final = (("Accept", "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.1"),)

Found = Fetched | NotModified | Failed
_Writing = Callable[[Connection], Ingested]
_Otherwise = Callable[[Connection, DocumentError], None]


def plan(this: Round, source: Source, url: str) -> FetchPlan:
    """Say how a document is asked for that a source names: as a page, under the robots.txt of its host."""
    limits = this.context.limits
    headers = tuple(pair for pair in source.headers if pair[0].lower() != "accept")
    return FetchPlan(
        source.id,
        this.vendor_of(source),
        url,
        limits.timeout,
        limits.max_bytes,
        headers=(*headers, *_ACCEPT),
        robots=not source.robots_ignored_because,
    )


@dataclass
class Visit:
    """One fetch for a source beside its poll: its capture, its writing, its row in the ledger."""

    this: Round
    reading: Reading
    kind: str
    url: str
    started_at: datetime

    def keep(self, found: Fetched) -> Capture:
        """Store and commit what came, before anything reads it."""
        with database.write(self.this.context.engine) as conn:
            number = captures.add(
                conn,
                found.response,
                source_id=self.reading.source.id,
                generation=self.reading.generation,
                rules_version=RULES_VERSION,
                purpose=self.kind,
            )
        return capture_of(number, self.reading, found.response, purpose=self.kind)

    def finish(
        self, capture: Capture, found: Fetched | None, work: _Writing, otherwise: _Otherwise = lambda *_: None
    ) -> PollReport:
        """Write what a capture comes to, with its mark and its row in the ledger, in one transaction."""
        with database.write(self.this.context.engine) as conn:
            try:
                with writing(conn, subject=self.reading.source.id):
                    ingested = work(conn)
            except DocumentError as error:
                return self.set_aside(conn, capture, found, error, otherwise)
            captures.mark_ingested(
                conn,
                capture,
                at=self.this.context.now(),
                rules_version=RULES_VERSION,
                source_digest=self.reading.digest,
                error=ingested.error,
            )
            return self.record(conn, ingested, found, capture.id)

    def finish_document(self, capture: Capture, found: Fetched | None, *, only_new: bool = False) -> PollReport:
        """Read and write a part as a document of its source."""
        try:
            with isolated("reading", subject=self.reading.source.id):
                document = parse(capture, self.reading.source)
                judged = judge(document, self.reading, capture.fetched_at)
        except ParseError as error:
            broken = Ingested(Tally(), outcome=Outcome.BROKEN, error=error.message)
            return self.finish(capture, found, lambda _: broken)
        except DocumentError as error:
            with database.write(self.this.context.engine) as conn:
                return self.set_aside(conn, capture, found, error)
        return self.finish(
            capture,
            found,
            lambda conn: write(conn, capture, document, self.reading, judged, only_new=only_new),
        )

    def set_aside(
        self,
        conn: Connection,
        capture: Capture,
        found: Fetched | None,
        error: DocumentError,
        otherwise: _Otherwise = lambda *_: None,
    ) -> PollReport:
        """Set a capture aside on which this program fails."""
        told = isolation.sentence(capture.id, error)
        captures.set_aside(
            conn,
            capture,
            at=self.this.context.now(),
            rules_version=RULES_VERSION,
            source_digest=self.reading.digest,
            error=told,
        )
        otherwise(conn, error)
        nothing = Ingested(Tally(), outcome=Outcome.BROKEN, error=told)
        report = self.record(conn, nothing, found, capture.id, rule=isolation.RULE)
        return replace(report, set_aside=capture.id)

    def record(
        self,
        conn: Connection,
        ingested: Ingested,
        found: Fetched | Failed | None,
        capture_id: int | None,
        *,
        rule: str = "",
    ) -> PollReport:
        """Write the row in the ledger and the line in the log."""
        response = found.response if isinstance(found, Fetched) else None
        report = PollReport(
            self.reading.source.id,
            ingested.outcome,
            status_code=response.status_code if response else found.status_code if isinstance(found, Failed) else None,
            tally=ingested.tally,
            bytes=len(response.body or b"") if response else 0,
            elapsed_ms=found.elapsed_ms if found else 0,
            error=ingested.error,
        )
        attempt = polls.Attempt(
            kind=self.kind,
            started_at=self.started_at,
            finished_at=self.this.context.now(),
            generation=self.reading.generation,
            capture_id=capture_id,
            rule=found.rule if isinstance(found, Failed) else rule,
            url=self.url,
        )
        polls.record(conn, report, attempt)
        log.info(
            "%s source=%s outcome=%s created=%d", self.kind, report.source_id, report.outcome, report.tally.created
        )
        return report
