"""What a round fetches besides the sources' own documents: parts that those list, and pages of their new entries."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from ingest import urls
from ingest.errors import DamagedError, DocumentError, LeaseLostError, ParseError, StaleListError
from ingest.jail import parse, read_article
from ingest.model import Capture, Failed, Fetched, FetchPlan, NotModified, Outcome, PollReport, Source, Tally
from ingest.parse import selfcheck
from ingest.pipeline import isolation, pages
from ingest.pipeline.ingest import Ingested, Reading, capture_of, judge, write
from ingest.pipeline.isolation import isolated, writing
from ingest.rules import RULES_VERSION
from ingest.store import candidates, captures, polls
from ingest.store import engine as database
from ingest.store import sources as states

if TYPE_CHECKING:
    from ingest.pipeline.rounds import Round

log = logging.getLogger("ingest.pages")

PAGES_A_HOST: Final = 10
"""Pages of one host that a round opens; a first fill of 30 takes three rounds, so that nobody waits for it."""

PARTS: Final = 20
"""Parts of one document that are read; the longest sitemap index among the vendors has 17."""

_ACCEPT: Final = (("Accept", "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.1"),)

Found = Fetched | NotModified | Failed
_Writing = Callable[[Connection], Ingested]
_Otherwise = Callable[[Connection, DocumentError], None]


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────


def open_pages(this: Round, listed: Mapping[str, Source]) -> list[PollReport]:
    """Open the pages of entries that wait, one at a time a host, until none may be opened now."""
    sources = [source.id for source in listed.values() if source.enabled and source.opens_pages]
    if not sources:
        return []
    opened: Counter[str] = Counter()
    flying: dict[Future[Found], candidates.Waiting] = {}
    reports: list[PollReport] = []
    with ThreadPoolExecutor(this.workers, thread_name_prefix="pages") as pool:
        try:
            while True:
                busy = [_host(one) for one in flying.values()] + [
                    host for host in opened if opened[host] >= PAGES_A_HOST
                ]
                for one in _claim(this, sources, busy) if len(flying) < this.workers else ():
                    opened[_host(one)] += 1
                    flying[pool.submit(this.get, plan(this, listed[one.source_id], one.candidate.url))] = one
                if not flying:
                    return reports
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    one = flying.pop(future)
                    reports += _land_page(this, listed[one.source_id], one, future.result())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            with database.write(this.context.engine) as conn:
                for one in flying.values():
                    candidates.give_back(conn, one)


def _host(one: candidates.Waiting) -> str:
    return urls.parse(one.candidate.url).host


def _claim(this: Round, sources: list[str], busy: list[str]) -> list[candidates.Waiting]:
    if this.stop():
        return []
    with database.write(this.context.engine) as conn:
        return candidates.claim(
            conn, now=this.context.now(), owner=this.owner, lease=this.lease, source_ids=sources, hosts_busy=busy
        )


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


def _land_page(this: Round, source: Source, one: candidates.Waiting, found: Found) -> list[PollReport]:
    """Record an entry by what its page said; put it off, or do without the page, where that could not be had."""
    visit = Visit(this, this.reading(source), "article", one.candidate.url, this.context.now())
    try:
        with isolated("opening", subject=source.id):
            return _come_to(visit, one, found)
    except LeaseLostError:
        log.warning("lease lost source=%s url=%s", source.id, one.candidate.url)
    except StaleListError:
        with database.write(this.context.engine) as conn:
            candidates.give_back(conn, one)
    except DocumentError as error:
        with database.write(this.context.engine) as conn:
            return [visit.record(conn, _fault_of(conn, visit, one, error), None, None, rule=isolation.RULE)]
    return []


def _come_to(visit: Visit, one: candidates.Waiting, found: Found) -> list[PollReport]:
    if isinstance(found, Fetched):
        return _read_page(visit, one, visit.keep(found), found)
    if isinstance(found, Failed) and pages.is_final(found, one):
        return [_give_up(visit, one, found)]
    if isinstance(found, Failed):
        with database.write(visit.this.context.engine) as conn:
            return [visit.record(conn, _put_off(conn, visit, one, found), found, None)]
    return []


def _read_page(visit: Visit, one: candidates.Waiting, capture: Capture, found: Fetched | None) -> list[PollReport]:
    """Record an entry by what its page says; where something else stands in its place, as if it could not be had."""

    def otherwise(conn: Connection, error: DocumentError) -> None:
        _fault_of(conn, visit, one, error)

    try:
        with isolated("reading", subject=one.source_id):
            article = read_article(capture, visit.reading.source)
    except ParseError as error:
        return _read_obstacle(visit, one, capture, found, error)
    except DocumentError as error:
        with database.write(visit.this.context.engine) as conn:
            return [visit.set_aside(conn, capture, found, error, otherwise)]
    return [
        visit.finish(
            capture,
            found,
            lambda conn: _as_ingested(pages.write(conn, capture, article, one, visit.reading)),
            otherwise,
        )
    ]


def _read_obstacle(
    visit: Visit, one: candidates.Waiting, capture: Capture, found: Fetched | None, error: ParseError
) -> list[PollReport]:
    """Try a page again later in whose place something else stands, or do without it."""
    outcome = Outcome(selfcheck.judge_error(error).state.value)
    status = found.response.status_code if found else None
    failed = Failed(one.source_id, outcome, error.rule, error.message, found.elapsed_ms if found else 0, status)
    if not pages.is_final(failed, one):
        return [visit.finish(capture, found, lambda conn: _put_off(conn, visit, one, failed))]
    nothing = Ingested(Tally(), outcome=failed.outcome, error=failed.detail)
    return [visit.finish(capture, found, lambda _: nothing), _give_up(visit, one, failed)]


def _put_off(conn: Connection, visit: Visit, one: candidates.Waiting, failed: Failed) -> Ingested:
    """Try again later."""
    wait = max(pages.wait(one.attempts), failed.retry_after or timedelta())
    candidates.put_off(conn, one, visit.this.context.now() + wait, failed.detail)
    return Ingested(Tally(), outcome=failed.outcome, error=failed.detail)


def _fault_of(conn: Connection, visit: Visit, one: candidates.Waiting, error: DocumentError) -> Ingested:
    """Try an entry again later on which this program fails, for as long as it does."""
    candidates.put_off(conn, one, visit.this.context.now() + pages.wait(one.attempts), error.message)
    return Ingested(Tally(), outcome=Outcome.BROKEN, error=error.message)


def _give_up(visit: Visit, one: candidates.Waiting, failed: Failed) -> PollReport:
    """Do without the page."""

    def otherwise(conn: Connection, error: DocumentError) -> None:
        _fault_of(conn, visit, one, error)

    with database.write(visit.this.context.engine) as conn:
        listed = _listed(conn, one)
        if listed is None:  # its list's bytes were pruned while it waited; the row still says what it said
            candidates.finish(conn, one, "refused", page_capture_id=None, error=failed.detail)
            return visit.record(conn, Ingested(Tally(), outcome=failed.outcome, error=failed.detail), failed, None)
        visit.kind = "gave-up"
        try:
            with writing(conn, subject=one.source_id):
                opened = pages.give_up(conn, listed, one, visit.reading)
        except DocumentError as error:
            return visit.set_aside(conn, listed, None, error, otherwise)
        return visit.record(conn, _as_ingested(opened), failed, listed.id)


def _listed(conn: Connection, one: candidates.Waiting) -> Capture | None:
    """Read the capture that offered an entry; damaged bytes do for it, since the row says what they said."""
    number = candidates.capture_of(conn, one)
    try:
        return captures.get(conn, number)
    except DamagedError:
        return captures.without_bytes(conn, number)


def _as_ingested(opened: pages.Opened) -> Ingested:
    return Ingested(opened.tally)


# ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────


def read_parts(this: Round, source: Source, parts: Iterable[str]) -> list[PollReport]:
    """Fetch and read the documents that a source's own one lists, one after the other; those that fail are said beside it."""
    reports: list[PollReport] = []
    for url in list(parts)[:PARTS]:
        if this.stop():
            break
        visit = Visit(this, this.reading(source), "part", url, this.context.now())
        report = read_part(visit, this.get(plan(this, source, url)))
        if report is None:
            break
        reports += report
    failed = [report for report in reports if report.error]
    if failed:
        told = f"{len(failed)} of {len(reports)} documents that it lists could not be read: {failed[0].error}"
        with database.write(this.context.engine) as conn:
            states.warn(conn, source.id, told)
    return reports


def read_part(visit: Visit, found: Found) -> list[PollReport] | None:
    """Store and read what came of one part; None where nothing may be written any more."""
    try:
        with isolated("reading", subject=visit.reading.source.id):
            if isinstance(found, Fetched):
                return [visit.finish_document(visit.keep(found), found)]
    except StaleListError:
        return None
    except DocumentError as error:
        with database.write(visit.this.context.engine) as conn:
            nothing = Ingested(Tally(), outcome=Outcome.BROKEN, error=error.message)
            return [visit.record(conn, nothing, None, None, rule=isolation.RULE)]
    if isinstance(found, Failed):
        with database.write(visit.this.context.engine) as conn:
            nothing = Ingested(Tally(), outcome=found.outcome, error=found.detail)
            return [visit.record(conn, nothing, found, None)]
    return []


# ── what both have in common ────────────────────────────────────────────────────────────────────────────────────


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


def recover(this: Round, source: Source, capture: Capture) -> list[PollReport]:
    """Read a part or page that a crash left behind unread, or a document of a source that is not its newest."""
    visit = Visit(this, this.reading(source), _KINDS.get(capture.purpose, "reingest"), "", this.context.now())
    if capture.purpose == "source":
        return [visit.finish_document(capture, None, only_new=True)]
    visit.url = capture.target_url
    if capture.purpose == "part":
        return [visit.finish_document(capture, None)]
    with database.write(this.context.engine) as conn:
        one = candidates.find(
            conn, source.id, capture.target_url, now=this.context.now(), owner=this.owner, lease=this.lease
        )
    if one is not None:
        return _read_page(visit, one, capture, None)
    # The entry was finished by another capture of the same page.
    return [visit.finish(capture, None, lambda _: Ingested(Tally()))]


_KINDS: Final = {"part": "part", "article": "article"}


def set_damaged_aside(this: Round, source: Source, capture: Capture, error: DamagedError) -> PollReport:
    """Set a stored part or page aside whose bytes are not those that came."""
    kind = _KINDS.get(capture.purpose, "reingest")
    visit = Visit(this, this.reading(source), kind, capture.target_url, this.context.now())
    with database.write(this.context.engine) as conn:
        return visit.set_aside(conn, capture, None, error)
