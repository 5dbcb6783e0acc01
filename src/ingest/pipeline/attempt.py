"""
One attempt at one document, in six steps: keep, read, judge, write, settle, ledger. Each step exists once.

The bytes are committed before anything reads them. All changes by the document are then one transaction. Polls, parts,
pages, recovered captures and replays are attempts and differ in a step or two.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ingest import polling
from ingest.errors import DocumentError, ParseError
from ingest.jail import parse
from ingest.judging import Ingested, Reading
from ingest.judging.carrying import Remembered
from ingest.judging.documents import Judged, judge
from ingest.model import Capture, Document, Failed, Fetched, Lease, NotModified, Outcome, PollReport, Response
from ingest.parse import selfcheck
from ingest.pipeline import isolation
from ingest.pipeline.batch import Batch, batch
from ingest.pipeline.isolation import isolated, writing
from ingest.pipeline.writing import write_document
from ingest.rules import RULES_VERSION
from ingest.store import Connection, Engine, captures, leases, polls, slices
from ingest.store import engine as database

log = logging.getLogger("ingest.poll")

Answer = Fetched | NotModified | Failed

Work = Callable[[Connection], Ingested] | Ingested
"""Writes all changes of an attempt within a transaction, or the result where nothing is written."""


NO_LIMITS: Final = polling.Limits(timedelta(), 0)
"""The limits of an attempt without a request."""


@dataclass(frozen=True, slots=True)
class Context:
    """The database, the generation of the list in force, our clock and the limits of a request."""

    engine: Engine
    generation: int
    now: Callable[[], datetime]
    limits: polling.Limits = NO_LIMITS


_WORKS: Final = frozenset({Outcome.OK, Outcome.NOT_MODIFIED})


class Attempt:
    """
    One attempt for one source, with the `kind` and `url` of `polls.Circumstances`.

    Args:
        purpose: The purpose of the new capture (`Capture.purpose`).
        only_new: A newer document of the source was read before, so this one adds entries and revises none.

    Attributes:
        parts: The documents listed by the one that was read.
        lease: The claim under which a poll writes.
        newest_capture_id: The capture confirmed by a 304.
        remembered: The last reading of a feed.
        worked_before: Whether the source worked at its last poll, so that a failure is news.
    """

    def __init__(
        self,
        context: Context,
        reading: Reading,
        kind: str,
        url: str = "",
        *,
        purpose: str = "source",
        only_new: bool = False,
    ) -> None:
        self.context = context
        self.reading = reading
        self.kind = kind
        self.url = url
        self.started_at = context.now()
        self.answer: Answer | None = None
        self.capture: Capture | None = None
        self.document: Document | None = None
        self.parts: tuple[str, ...] | None = None
        self.notes: list[str] = []
        self.lease: Lease | None = None
        self.remembered: Remembered | None = None
        self.newest_capture_id: int | None = None
        self.worked_before = False
        self.purpose = purpose
        self.only_new = only_new

    @property
    def is_carrying(self) -> bool:
        """Whether unchanged entries are carried (`judging.carrying`). Only polls do so."""
        return False

    @property
    def source_id(self) -> str:
        """The source of the attempt."""
        return self.reading.source.id

    def received(self, response: Response) -> captures.Received:
        """Return a response as it is stored."""
        return captures.Received(self.source_id, response, self.context.generation, RULES_VERSION, self.purpose)

    def run(
        self, answer: Answer | None, capture: Capture | None = None, fault: DocumentError | None = None
    ) -> PollReport:
        """
        Carry an answer, or a stored capture, from its bytes to its row in the ledger.

        Args:
            fault: Why a stored capture cannot be read.

        Raises:
            LeaseLostError: Another worker took the source over.
            StaleListError: Another list came into force.
            StoreError: The database cannot be used.
        """
        self.answer, self.capture = answer, capture
        try:
            with isolated("settling", subject=self.source_id):
                keep([self])
                work = self.read() if fault is None else failing(fault)
                with batch(self.context.engine) as shared:
                    lock([self], shared.conn)
                    return self.write(shared, work)
        except DocumentError as error:
            return self.fail(error)
        finally:
            self.forget()

    def fail(self, error: DocumentError) -> PollReport:
        """Save the minimum where even settling fails. The source keeps its pace."""
        self.answer = None
        with batch(self.context.engine) as shared:
            lock([self], shared.conn)
            ingested = Ingested(outcome=Outcome.BROKEN, error=error.message, rule=isolation.RULE)
            if self.capture is not None:
                ingested = self._set_aside(shared.conn, self.capture, error)
            self._postpone(shared, ingested.error)
            shared.write()
            report = self._report(ingested)
            with suppress(DocumentError), writing(shared.conn, subject=self.source_id):
                self._enter(shared, ingested, report)
                shared.write()
        return report

    def forget(self) -> None:
        """Drop the bytes. A round remembers its polls, and not their bytes."""
        self.answer = self.capture = self.document = self.remembered = None

    # ── the steps ───────────────────────────────────────────────────────────────────────────────────────────────

    def read(self) -> Work:
        """Read and judge the capture. A failure or a 304 only reaches the ledger."""
        answer, capture = self.answer, self.capture
        if isinstance(answer, Failed):
            return Ingested(outcome=answer.outcome, error=answer.detail)
        if capture is None:
            return Ingested(outcome=Outcome.NOT_MODIFIED)
        try:
            judged = self._judge(capture)
        except ParseError as error:
            return unreadable(error)
        except DocumentError as error:
            return failing(error)
        self.document = judged.document
        self.parts = judged.document.parts
        return lambda conn: self._write_document(conn, capture, judged)

    def write(self, shared: Batch, work: Work) -> PollReport:
        """Write the changes of this attempt, their consequences and its row in the ledger."""
        ingested = self._change(shared, work)
        self._settle(shared, ingested)
        report = self._report(ingested)
        self._enter(shared, ingested, report)
        return report

    def _change(self, shared: Batch, work: Work) -> Ingested:
        """Write and mark the changes by the capture, or set it aside where this program fails on it."""
        if isinstance(work, Ingested):
            ingested = work
        else:
            try:
                with writing(shared.conn, subject=self.source_id):
                    ingested = work(shared.conn)
            except DocumentError as error:
                if self.capture is None:
                    raise
                return self._set_aside(shared.conn, self.capture, error)
        if self.capture is not None:
            self._mark(shared, self.capture, ingested)
        return ingested

    def _settle(self, shared: Batch, ingested: Ingested) -> None:
        """Save the consequences for the source or the entry. A part has none."""

    def _enter(self, shared: Batch, ingested: Ingested, report: PollReport) -> None:
        """Write the row in the ledger and the line in the log."""
        circumstances = polls.Circumstances(
            kind=self.kind,
            started_at=self.started_at,
            finished_at=self.context.now(),
            generation=self.context.generation,
            capture_id=self._ledger_capture_id(),
            rule=ingested.rule or (self.answer.rule if isinstance(self.answer, Failed) else ""),
            url=self.url,
            response_headers=self.answer.response.response_headers if isinstance(self.answer, NotModified) else (),
        )
        shared.enter(report, circumstances)
        self._log(report)

    # ── where kinds of attempts differ ──────────────────────────────────────────────────────────────────────────

    def _judge(self, capture: Capture, *, afresh: bool = False) -> Judged:
        """
        Parse and judge a document.

        Args:
            afresh: Read all entries. A poll may otherwise carry unchanged ones.
        """
        del afresh
        return read_document(capture, self.reading)

    def _write_document(self, conn: Connection, capture: Capture, judged: Judged) -> Ingested:
        """Write the changes by a document. It is read whole where its slices turn out not to be enough."""

        def whole() -> Judged:
            return self._judge(capture, afresh=True)

        try:
            return write_document(conn, capture, judged, self.reading, whole=whole, only_new=self.only_new)
        except ParseError as error:
            return unreadable(error)

    def _mark(self, shared: Batch, capture: Capture, ingested: Ingested) -> None:
        """Mark a capture as read by today's rules and this stanza."""
        shared.mark(self._marked(capture, ingested.error))

    def _marked(self, capture: Capture, error: str) -> captures.ReadMark:
        return captures.ReadMark(capture, self.context.now(), RULES_VERSION, self.reading.digest, error)

    def _set_aside(self, conn: Connection, capture: Capture, error: DocumentError) -> Ingested:
        """Set aside a capture because this program fails on it."""
        sentence = isolation.sentence(capture.id, error)
        captures.set_aside(conn, self._marked(capture, sentence))
        return Ingested(outcome=Outcome.BROKEN, error=sentence, rule=isolation.RULE, set_aside=capture.id)

    def _postpone(self, shared: Batch, reason: str) -> None:
        """Save the next try where even settling fails."""

    # ── what is reported ────────────────────────────────────────────────────────────────────────────────────────

    def _ledger_capture_id(self) -> int | None:
        """Return the capture read in this attempt or confirmed by a 304."""
        if self.capture is not None:
            return self.capture.id
        return self.newest_capture_id if isinstance(self.answer, NotModified) else None

    def _log(self, report: PollReport) -> None:
        tally, subject = report.tally, self.kind if self.url else "poll"
        if report.note:
            log.warning('%s source=%s note="%s"', subject, self.source_id, report.note)
        log.info(
            "%s source=%s outcome=%s status=%s entries=%d created=%d revised=%d rejected=%d bytes=%d ms=%d%s",
            subject,
            self.source_id,
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

    def _report(self, ingested: Ingested) -> PollReport:
        answer = self.answer
        status = answer.status_code if isinstance(answer, Failed) else None
        response = answer.response if isinstance(answer, Fetched | NotModified) else None
        return PollReport(
            self.source_id,
            ingested.outcome,
            status_code=response.status_code if response else status,
            tally=ingested.tally,
            bytes=len(response.body or b"") if response else 0,
            elapsed_ms=answer.elapsed_ms if answer else 0,
            error=ingested.error,
            note="; ".join(filter(None, (ingested.note, *self.notes))),
            newly_failing=self.worked_before and ingested.outcome not in _WORKS,
            set_aside=ingested.set_aside,
        )


def keep(attempts: Sequence[Attempt]) -> None:
    """Commit the bytes of answers before anything reads them, to lose nothing in a crash."""
    fetched = [(one, one.answer.response) for one in attempts if isinstance(one.answer, Fetched) and not one.capture]
    if not fetched:
        return
    with database.write(attempts[0].context.engine) as conn:
        require([one for one, _ in fetched], conn)
        numbers = captures.add(conn, [one.received(response) for one, response in fetched])
        remembered = slices.of(conn, [one.source_id for one, _ in fetched if one.is_carrying])
    for (one, response), number in zip(fetched, numbers, strict=True):
        one.capture = capture_of(number, one.reading, response, one.purpose)
        one.remembered = remembered.get(one.source_id)


def lock(attempts: Sequence[Attempt], conn: Connection) -> None:
    """
    Take the locks of a write transaction: vendors, the list, then the sources of polls.

    A new list takes its own lock first and then rows of sources. So a transaction with records takes the list before them.

    Raises:
        LeaseLostError: Another worker took a source over.
    """
    database.serialise_vendors(conn, (one.reading.vendor.id for one in attempts))
    database.hold_list(conn)
    require(attempts, conn)


def require(attempts: Iterable[Attempt], conn: Connection) -> None:
    """
    Check that the sources of polls are still ours. They stay so until the transaction ends.

    Raises:
        LeaseLostError: Another worker took one over.
    """
    wanted = [one.lease for one in attempts if one.lease is not None]
    held = leases.held(conn, wanted) if wanted else set()
    for lease in wanted:
        if lease.source_id not in held:
            raise leases.lost(lease)


def read_document(capture: Capture, reading: Reading) -> Judged:
    """
    Parse and judge a stored document.

    Raises:
        ParseError: It cannot be read.
        DocumentError: This program fails on it.
    """
    with isolated("reading", subject=reading.source.id):
        return judge(parse(capture, reading.source), reading, capture.fetched_at)


def unreadable(error: ParseError) -> Ingested:
    """Return the result for an unreadable document."""
    verdict = selfcheck.judge_error(error)
    return Ingested(outcome=Outcome(verdict.state.value), error=verdict.reasons[0].detail, rule=error.rule)


def failing(error: DocumentError) -> Work:
    """Return work that fails with an earlier error."""

    def work(_: Connection) -> Ingested:
        raise error

    return work


def capture_of(number: int, reading: Reading, response: Response, purpose: str = "source") -> Capture:
    """Return the capture of a stored response, equal to the result of `captures.get`."""
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
