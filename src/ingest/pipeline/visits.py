"""What a round fetches besides the sources' own documents: parts that those list, and pages of their new entries."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from ingest import urls
from ingest.errors import LeaseLostError, ParseError, StaleListError
from ingest.jail import parse, read_article
from ingest.model import Capture, Failed, Fetched, FetchPlan, NotModified, Outcome, PollReport, Source, Tally
from ingest.parse import selfcheck
from ingest.pipeline import pages
from ingest.pipeline.ingest import Ingested, Reading, capture_of, judge, write
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

_Found = Fetched | NotModified | Failed
_Writing = Callable[[Connection], Ingested]


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────


def open_pages(this: Round, listed: Mapping[str, Source]) -> list[PollReport]:
    """Open the pages of entries that wait, one at a time a host, until none may be opened now."""
    sources = [source.id for source in listed.values() if source.enabled and source.opens_pages]
    if not sources:
        return []
    opened: Counter[str] = Counter()
    flying: dict[Future[_Found], candidates.Waiting] = {}
    reports: list[PollReport] = []
    with ThreadPoolExecutor(this.workers, thread_name_prefix="pages") as pool:
        try:
            while True:
                busy = [_host(one) for one in flying.values()] + [
                    host for host in opened if opened[host] >= PAGES_A_HOST
                ]
                for one in _claim(this, sources, busy) if len(flying) < this.workers else ():
                    opened[_host(one)] += 1
                    flying[pool.submit(this.fetcher.get, _plan(this, listed[one.source_id], one.candidate.url))] = one
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


def _plan(this: Round, source: Source, url: str) -> FetchPlan:
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


def _land_page(this: Round, source: Source, one: candidates.Waiting, found: _Found) -> Iterator[PollReport]:
    """Record an entry by what its page said; put it off, or do without the page, where that could not be had."""
    visit = _Visit(this, this.reading(source), "article", one.candidate.url, this.context.now())
    try:
        if isinstance(found, Fetched):
            yield from _read_page(visit, one, visit.keep(found), found)
        elif isinstance(found, Failed) and pages.is_final(found, one):
            yield _give_up(visit, one, found)
        elif isinstance(found, Failed):
            with database.write(this.context.engine) as conn:
                report = visit.record(conn, _put_off(conn, visit, one, found), found, None)
            yield report
    except LeaseLostError:
        log.warning("lease lost source=%s url=%s", source.id, one.candidate.url)
    except StaleListError:
        with database.write(this.context.engine) as conn:
            candidates.give_back(conn, one)


def _read_page(visit: _Visit, one: candidates.Waiting, capture: Capture, found: Fetched | None) -> Iterator[PollReport]:
    """Record an entry by what its page says; where something else stands in its place, as if it could not be had."""
    try:
        article = read_article(capture, visit.reading.source)
    except ParseError as error:
        outcome = Outcome(selfcheck.judge_error(error).state.value)
        status = found.response.status_code if found else None
        failed = Failed(one.source_id, outcome, error.rule, error.message, found.elapsed_ms if found else 0, status)
        if pages.is_final(failed, one):
            nothing = Ingested(Tally(), outcome=failed.outcome, error=failed.detail)
            yield visit.finish(capture, found, lambda _: nothing)
            yield _give_up(visit, one, failed)
        else:
            yield visit.finish(capture, found, lambda conn: _put_off(conn, visit, one, failed))
        return
    yield visit.finish(
        capture, found, lambda conn: _as_ingested(pages.write(conn, capture, article, one, visit.reading))
    )


def _put_off(conn: Connection, visit: _Visit, one: candidates.Waiting, failed: Failed) -> Ingested:
    """Try again later."""
    wait = max(pages.wait(one.attempts), failed.retry_after or timedelta())
    candidates.put_off(conn, one, visit.this.context.now() + wait, failed.detail)
    return Ingested(Tally(), outcome=failed.outcome, error=failed.detail)


def _give_up(visit: _Visit, one: candidates.Waiting, failed: Failed) -> PollReport:
    """Do without the page."""
    with database.write(visit.this.context.engine) as conn:
        listed = captures.get(conn, candidates.capture_of(conn, one))
        if listed is None:  # its list's bytes were pruned while it waited; the row still says what it said
            candidates.finish(conn, one, "refused", page_capture_id=None, error=failed.detail)
            return visit.record(conn, Ingested(Tally(), outcome=failed.outcome, error=failed.detail), failed, None)
        visit.kind = "gave-up"
        opened = pages.give_up(conn, listed, one, visit.reading)
        return visit.record(conn, _as_ingested(opened), failed, listed.id)


def _as_ingested(opened: pages.Opened) -> Ingested:
    return Ingested(opened.tally)


# ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────


def read_parts(this: Round, source: Source, parts: Iterable[str]) -> list[PollReport]:
    """Fetch and read the documents that a source's own one lists, one after the other; those that fail are said beside it."""
    reports: list[PollReport] = []
    for url in list(parts)[:PARTS]:
        if this.stop():
            break
        visit = _Visit(this, this.reading(source), "part", url, this.context.now())
        found = this.fetcher.get(_plan(this, source, url))
        if isinstance(found, Fetched):
            try:
                reports.append(visit.finish_document(visit.keep(found), found))
            except StaleListError:
                break
        elif isinstance(found, Failed):
            with database.write(this.context.engine) as conn:
                nothing = Ingested(Tally(), outcome=found.outcome, error=found.detail)
                reports.append(visit.record(conn, nothing, found, None))
    failed = [report for report in reports if report.error]
    if failed:
        told = f"{len(failed)} of {len(reports)} documents that it lists could not be read: {failed[0].error}"
        with database.write(this.context.engine) as conn:
            states.warn(conn, source.id, told)
    return reports


# ── what both have in common ────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Visit:
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

    def finish(self, capture: Capture, found: Fetched | None, writing: _Writing) -> PollReport:
        """Write what a capture comes to, with its mark and its row in the ledger, in one transaction."""
        with database.write(self.this.context.engine) as conn:
            ingested = writing(conn)
            captures.mark_ingested(
                conn,
                capture.id,
                at=self.this.context.now(),
                rules_version=RULES_VERSION,
                source_digest=self.reading.digest,
                error=ingested.error,
            )
            return self.record(conn, ingested, found, capture.id)

    def finish_document(self, capture: Capture, found: Fetched | None) -> PollReport:
        """Read and write a part as a document of its source."""
        try:
            document = parse(capture, self.reading.source)
        except ParseError as error:
            broken = Ingested(Tally(), outcome=Outcome.BROKEN, error=error.message)
            return self.finish(capture, found, lambda _: broken)
        judged = judge(document, self.reading, capture.fetched_at)
        return self.finish(capture, found, lambda conn: write(conn, capture, document, self.reading, judged))

    def record(
        self, conn: Connection, ingested: Ingested, found: Fetched | Failed | None, capture_id: int | None
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
            rule=found.rule if isinstance(found, Failed) else "",
            url=self.url,
        )
        polls.record(conn, report, attempt)
        log.info(
            "%s source=%s outcome=%s created=%d", self.kind, report.source_id, report.outcome, report.tally.created
        )
        return report


def recover(this: Round, source: Source, capture: Capture) -> Iterator[PollReport]:
    """Read a part or page that a crash left behind unread."""
    visit = _Visit(this, this.reading(source), capture.purpose, capture.target_url, this.context.now())
    if capture.purpose == "part":
        yield visit.finish_document(capture, None)
        return
    with database.write(this.context.engine) as conn:
        one = candidates.find(
            conn, source.id, capture.target_url, now=this.context.now(), owner=this.owner, lease=this.lease
        )
    if one is not None:
        yield from _read_page(visit, one, capture, None)
    else:  # the entry was finished by another capture of the same page
        yield visit.finish(capture, None, lambda _: Ingested(Tally()))
