"""One fetch for a source beside its poll, a part or an entry's page: an attempt in a transaction of its own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from ingest.errors import DocumentError
from ingest.model import Capture, Fetched, FetchPlan, PollReport, Source
from ingest.pipeline.attempt import Answer, Attempt, Otherwise, Work
from ingest.pipeline.ingest import Ingested
from ingest.store import engine as database

if TYPE_CHECKING:
    from ingest.pipeline.rounds import Round

log = logging.getLogger("ingest.pages")

_ACCEPT: Final = (("Accept", "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.1"),)


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


class Visit(Attempt):
    """One fetch for a source beside its poll: its capture, its writing, its row in the ledger."""

    def __init__(self, this: Round, source: Source, kind: str, url: str) -> None:
        super().__init__(this.context, this.reading(source), kind, url)

    def store(self, found: Fetched) -> Capture:
        """Store and commit what came, before anything reads it."""
        with database.write(self.context.engine) as conn:
            return self.keep(conn, found.response, self.kind)

    def finish(
        self, capture: Capture, found: Fetched | None, work: Work, otherwise: Otherwise = lambda *_: None
    ) -> PollReport:
        """Write what a capture comes to, with its mark and its row in the ledger, in one transaction."""
        with database.write(self.context.engine) as conn:
            return self.record(conn, self.write(conn, capture, work, otherwise), found, capture.id)

    def finish_document(self, capture: Capture, found: Fetched | None, *, only_new: bool = False) -> PollReport:
        """Read and write a document of its source."""
        _, work = self.read(capture, only_new=only_new)
        return self.finish(capture, found, work)

    def fail(self, capture: Capture, found: Fetched | None, error: DocumentError, otherwise: Otherwise) -> PollReport:
        """Set a capture aside on which this program fails, in a transaction of its own."""

        def work(_: Connection) -> Ingested:
            raise error

        return self.finish(capture, found, work, otherwise)

    def record(self, conn: Connection, ingested: Ingested, found: Answer | None, capture_id: int | None) -> PollReport:
        """Write the row in the ledger and the line in the log."""
        report = self.enter(conn, ingested, found, capture_id)
        log.info(
            "%s source=%s outcome=%s created=%d", self.kind, report.source_id, report.outcome, report.tally.created
        )
        return report
