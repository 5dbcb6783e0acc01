"""The pages of new entries, opened once each, politely: what is claimed, fetched, recorded, put off or given up."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from ingest import urls
from ingest.errors import DamagedError, DocumentError, LeaseLostError, ParseError, StaleListError
from ingest.jail import read_article
from ingest.model import Capture, Failed, Fetched, Outcome, PollReport, Source
from ingest.parse import selfcheck
from ingest.pipeline import isolation, pages
from ingest.pipeline.attempt import Answer
from ingest.pipeline.ingest import Ingested
from ingest.pipeline.isolation import isolated, writing
from ingest.pipeline.visits import Visit, plan
from ingest.store import candidates, captures
from ingest.store import engine as database

if TYPE_CHECKING:
    from ingest.pipeline.rounds import Round

log = logging.getLogger("ingest.pages")

PAGES_A_HOST: Final = 10
"""Pages of one host that a round opens; a first fill of 30 takes three rounds, so that nobody waits for it."""


def open_pages(this: Round, listed: Mapping[str, Source]) -> list[PollReport]:
    """Open the pages of entries that wait, one at a time a host, until none may be opened now."""
    sources = [source.id for source in listed.values() if source.enabled and source.opens_pages]
    if not sources:
        return []
    opened: Counter[str] = Counter()
    flying: dict[Future[Answer], candidates.Waiting] = {}
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


def _land_page(this: Round, source: Source, one: candidates.Waiting, found: Answer) -> list[PollReport]:
    """Record an entry by what its page said; put it off, or do without the page, where that could not be had."""
    visit = Visit(this, source, "article", one.candidate.url)
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
            _put_fault_off(conn, visit, one, error)
            ingested = Ingested(outcome=Outcome.BROKEN, error=error.message, rule=isolation.RULE)
            return [visit.record(conn, ingested, None, None)]
    return []


def _come_to(visit: Visit, one: candidates.Waiting, found: Answer) -> list[PollReport]:
    if isinstance(found, Fetched):
        return read_page(visit, one, visit.store(found), found)
    if isinstance(found, Failed) and pages.is_final(found, one):
        return [_give_up(visit, one, found)]
    if isinstance(found, Failed):
        with database.write(visit.context.engine) as conn:
            return [visit.record(conn, _put_off(conn, visit, one, found), found, None)]
    return []


def read_page(visit: Visit, one: candidates.Waiting, capture: Capture, found: Fetched | None) -> list[PollReport]:
    """Record an entry by what its page says; where something else stands in its place, as if it could not be had."""

    def otherwise(conn: Connection, error: DocumentError) -> None:
        _put_fault_off(conn, visit, one, error)

    try:
        with isolated("reading", subject=one.source_id):
            article = read_article(capture, visit.reading.source)
    except ParseError as error:
        return _read_obstacle(visit, one, capture, found, error)
    except DocumentError as error:
        return [visit.fail(capture, found, error, otherwise)]
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
    nothing = Ingested(outcome=failed.outcome, error=failed.detail)
    return [visit.finish(capture, found, lambda _: nothing), _give_up(visit, one, failed)]


def _put_off(conn: Connection, visit: Visit, one: candidates.Waiting, failed: Failed) -> Ingested:
    """Try again later."""
    wait = max(pages.wait(one.attempts), failed.retry_after or timedelta())
    candidates.put_off(conn, one, visit.context.now() + wait, failed.detail)
    return Ingested(outcome=failed.outcome, error=failed.detail)


def _put_fault_off(conn: Connection, visit: Visit, one: candidates.Waiting, error: DocumentError) -> None:
    """Try an entry again later on which this program fails, for as long as it does."""
    candidates.put_off(conn, one, visit.context.now() + pages.wait(one.attempts), error.message)


def _give_up(visit: Visit, one: candidates.Waiting, failed: Failed) -> PollReport:
    """Do without the page."""

    def otherwise(conn: Connection, error: DocumentError) -> None:
        _put_fault_off(conn, visit, one, error)

    with database.write(visit.context.engine) as conn:
        listed = _listed(conn, one)
        if listed is None:  # its list's bytes were pruned while it waited; the row still says what it said
            candidates.finish(conn, one, "refused", page_capture_id=None, error=failed.detail)
            return visit.record(conn, Ingested(outcome=failed.outcome, error=failed.detail), failed, None)
        visit.kind = "gave-up"
        try:
            with writing(conn, subject=one.source_id):
                opened = pages.give_up(conn, listed, one, visit.reading)
        except DocumentError as error:
            otherwise(conn, error)
            return visit.record(conn, visit.set_aside(conn, listed, error), None, listed.id)
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
