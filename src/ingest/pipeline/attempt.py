"""
One attempt at one document, whatever brings it: keep → read → judge → write → mark → ledger, each step here and once.

A poll, a part, an entry's page and what is stored differ in what they do beside it: a poll also settles when its source is
asked again, a page also finishes its entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Engine

from ingest import polling
from ingest.errors import DocumentError, ParseError
from ingest.jail import parse
from ingest.model import Capture, Document, Failed, Fetched, NotModified, Outcome, PollReport, Response
from ingest.parse import selfcheck
from ingest.pipeline import isolation
from ingest.pipeline.ingest import Ingested, Reading, judge, write
from ingest.pipeline.isolation import isolated, writing
from ingest.rules import RULES_VERSION
from ingest.store import captures, polls

Answer = Fetched | NotModified | Failed

Work = Callable[[Connection], Ingested]
"""What writes all that a document comes to."""

Otherwise = Callable[[Connection, DocumentError], None]
"""What is done beside setting a document aside."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a round works with: the database, the generation of the list in force, our clock and the limits."""

    engine: Engine
    generation: int
    now: Callable[[], datetime]
    limits: polling.Limits


class Attempt:
    """One attempt for one source; `kind` and `url` are those of `polls.Attempt`."""

    def __init__(self, context: Context, reading: Reading, kind: str, url: str = "") -> None:
        self.context = context
        self.reading = reading
        self.kind = kind
        self.url = url
        self.started_at = context.now()

    @property
    def source_id(self) -> str:
        """Whose document it is."""
        return self.reading.source.id

    def keep(self, conn: Connection, response: Response, purpose: str = "source") -> Capture:
        """Store what came, before anything reads it; from the commit on nothing can be lost."""
        number = captures.add(
            conn,
            response,
            source_id=self.source_id,
            generation=self.context.generation,
            rules_version=RULES_VERSION,
            purpose=purpose,
        )
        return capture_of(number, self.reading, response, purpose)

    def read(self, capture: Capture, *, only_new: bool = False) -> tuple[Document | None, Work]:
        """Read and judge a document; gives it, None where it could not be read, and what writes that."""
        try:
            with isolated("reading", subject=self.source_id):
                document = parse(capture, self.reading.source)
                judged = judge(document, self.reading, capture.fetched_at)
        except ParseError as error:
            unread = _unread(error)
            return None, lambda _: unread
        except DocumentError as error:
            return None, partial(_fail, error=error)

        def work(conn: Connection) -> Ingested:
            return write(conn, capture, document, self.reading, judged, only_new=only_new)

        return document, work

    def write(self, conn: Connection, capture: Capture, work: Work, otherwise: Otherwise = lambda *_: None) -> Ingested:
        """Write what a capture comes to, with its mark; where this program fails on it, set it aside instead."""
        try:
            with writing(conn, subject=self.source_id):
                ingested = work(conn)
        except DocumentError as error:
            otherwise(conn, error)
            return self.set_aside(conn, capture, error)
        captures.mark_ingested(
            conn,
            capture,
            at=self.context.now(),
            rules_version=RULES_VERSION,
            source_digest=self.reading.digest,
            error=ingested.error,
        )
        return ingested

    def set_aside(self, conn: Connection, capture: Capture, error: DocumentError) -> Ingested:
        """Set a capture aside on which this program fails."""
        sentence = isolation.sentence(capture.id, error)
        captures.set_aside(
            conn,
            capture,
            at=self.context.now(),
            rules_version=RULES_VERSION,
            source_digest=self.reading.digest,
            error=sentence,
        )
        return Ingested(outcome=Outcome.BROKEN, error=sentence, rule=isolation.RULE, set_aside=capture.id)

    def enter(
        self,
        conn: Connection,
        ingested: Ingested,
        answer: Answer | None,
        capture_id: int | None,
        *,
        note: str = "",
        newly_failing: bool = False,
    ) -> PollReport:
        """Write the row in the ledger."""
        response = answer.response if isinstance(answer, Fetched | NotModified) else None
        report = PollReport(
            self.source_id,
            ingested.outcome,
            status_code=response.status_code
            if response
            else answer.status_code
            if isinstance(answer, Failed)
            else None,
            tally=ingested.tally,
            bytes=len(response.body or b"") if response else 0,
            elapsed_ms=answer.elapsed_ms if answer else 0,
            error=ingested.error,
            note=note,
            newly_failing=newly_failing,
            set_aside=ingested.set_aside,
        )
        row = polls.Attempt(
            kind=self.kind,
            started_at=self.started_at,
            finished_at=self.context.now(),
            generation=self.context.generation,
            capture_id=capture_id,
            rule=answer.rule if isinstance(answer, Failed) else ingested.rule,
            url=self.url,
            response_headers=response.response_headers if response and isinstance(answer, NotModified) else (),
        )
        polls.record(conn, report, row)
        return report


def capture_of(number: int, reading: Reading, response: Response, purpose: str = "source") -> Capture:
    """Make of a stored response what `captures.get` reads back of it."""
    return Capture(
        id=number,
        source_id=reading.source.id,
        target_url=response.target_url,
        final_url=response.final_url,
        content=response.content,
        payload_digest=response.payload_digest or "",
        response_headers=response.response_headers,
        fetched_at=response.fetched_at,
        generation=reading.generation,
        purpose=purpose,
    )


def _unread(error: ParseError) -> Ingested:
    """Say what a document comes to that could not be read; its bytes are kept."""
    verdict = selfcheck.judge_error(error)
    return Ingested(outcome=Outcome(verdict.state.value), error=verdict.reasons[0].detail, rule=error.rule)


def _fail(_: Connection, *, error: DocumentError) -> Ingested:
    raise error
