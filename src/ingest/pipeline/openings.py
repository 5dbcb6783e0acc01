"""The pages of new entries: claimed, opened once each and politely, then recorded, put off or given up."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Final

from ingest import urls
from ingest.errors import DamagedError, DocumentError, LeaseLostError, ParseError, StaleListError
from ingest.jail import read_article
from ingest.judging import Ingested, Reading, pages
from ingest.judging.pages import Waiting
from ingest.model import Article, Capture, Failed, Fetched, Outcome, PollReport, Source
from ingest.parse import selfcheck
from ingest.pipeline.attempt import Answer, Attempt, Context, Work, failing
from ingest.pipeline.batch import Batch
from ingest.pipeline.isolation import isolated
from ingest.pipeline.round import Round
from ingest.pipeline.writing import give_up, write_page
from ingest.store import Connection, candidates, captures
from ingest.store import engine as database

log = logging.getLogger("ingest.pages")

PAGES_A_HOST: Final = 10
"""Pages of one host opened in a round. A first fill of 30 takes three rounds, and no other source waits for it."""


def open_pages(shared: Round, listed: Mapping[str, Source]) -> list[PollReport]:
    """Open the pages of waiting entries, one at a time a host, until none may be opened now."""
    sources = [source.id for source in listed.values() if source.enabled and source.opens_pages]
    if not sources:
        return []
    opened: Counter[str] = Counter()
    flying: dict[Future[Answer], Waiting] = {}
    reports: list[PollReport] = []
    with ThreadPoolExecutor(shared.workers, thread_name_prefix="pages") as pool:
        try:
            while True:
                full = [host for host in opened if opened[host] >= PAGES_A_HOST]
                busy = [_host(one) for one in flying.values()] + full
                for one in _claim(shared, sources, busy) if len(flying) < shared.workers else ():
                    opened[_host(one)] += 1
                    plan = shared.page_plan(listed[one.source_id], one.candidate.url)
                    flying[pool.submit(shared.get, plan)] = one
                if not flying:
                    return reports
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    one = flying.pop(future)
                    reports += _land(shared, listed[one.source_id], one, future.result())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            with database.write(shared.context.engine) as conn:
                for one in flying.values():
                    candidates.give_back(conn, one)


def _host(one: Waiting) -> str:
    return urls.parse(one.candidate.url).host


def _claim(shared: Round, sources: list[str], busy: list[str]) -> list[Waiting]:
    if shared.stop():
        return []
    context = shared.context
    with database.write(context.engine) as conn:
        return candidates.claim(
            conn, now=context.now(), owner=shared.owner, lease=shared.lease, source_ids=sources, hosts_busy=busy
        )


def _land(shared: Round, source: Source, one: Waiting, answer: Answer) -> list[PollReport]:
    try:
        return open_page(shared.context, shared.reading(source), one, answer)
    except LeaseLostError:
        log.warning("lease lost source=%s url=%s", source.id, one.candidate.url)
    except StaleListError:
        with database.write(shared.context.engine) as conn:
            candidates.give_back(conn, one)
    return []


def open_page(
    context: Context,
    reading: Reading,
    one: Waiting,
    answer: Answer | None,
    capture: Capture | None = None,
    fault: DocumentError | None = None,
) -> list[PollReport]:
    """Record an entry by its page, put it off, or give its page up."""
    if isinstance(answer, Failed) and pages.is_final(answer, one):
        return [_give_up(context, reading, one, answer)]
    opening = Opening(context, reading, one)
    reports = [opening.run(answer, capture, fault)]
    if opening.given_up is not None:
        reports.append(_give_up(context, reading, one, opening.given_up))
    return reports


class Opening(Attempt):
    """An attempt at the page of one entry. `given_up` is the reason to go on without the page."""

    def __init__(self, context: Context, reading: Reading, one: Waiting) -> None:
        super().__init__(context, reading, "article", one.candidate.url, purpose="article")
        self.given_up: Failed | None = None
        self._one = one

    def read(self) -> Work:
        """Read a page, or treat an obstacle in its place as a failure."""
        answer, capture = self.answer, self.capture
        if isinstance(answer, Failed):
            return self._put_off(answer)
        if capture is None:
            return super().read()
        try:
            article = read_page(capture, self.reading)
        except ParseError as error:
            return self._stopped(error)
        except DocumentError as error:
            return failing(error)
        return lambda conn: write_page(conn, capture, article, self._one, self.reading)

    def _stopped(self, error: ParseError) -> Work:
        answer = self.answer
        outcome = Outcome(selfcheck.judge_error(error).state.value)
        status = answer.response.status_code if isinstance(answer, Fetched) else None
        elapsed_ms = answer.elapsed_ms if answer else 0
        failed = Failed(self.source_id, outcome, error.rule, error.message, elapsed_ms, status)
        if not pages.is_final(failed, self._one):
            return self._put_off(failed)
        self.given_up = failed
        return Ingested(outcome=failed.outcome, error=failed.detail)

    def _put_off(self, failed: Failed) -> Work:
        """Try again later."""
        pause = max(pages.wait(self._one.attempts), failed.retry_after or timedelta())

        def work(conn: Connection) -> Ingested:
            candidates.put_off(conn, self._one, self.context.now() + pause, failed.detail)
            return Ingested(outcome=failed.outcome, error=failed.detail)

        return work

    def _settle(self, shared: Batch, ingested: Ingested) -> None:
        """Put off an entry where this program fails on its page."""
        if ingested.set_aside is not None:
            self._postpone(shared, ingested.error)

    def _postpone(self, shared: Batch, reason: str) -> None:
        candidates.put_off(shared.conn, self._one, self.context.now() + pages.wait(self._one.attempts), reason)


class GivingUp(Opening):
    """An attempt to record an entry without its page, from the capture of its list."""

    def __init__(self, context: Context, reading: Reading, one: Waiting, failed: Failed) -> None:
        super().__init__(context, reading, one)
        self.kind = "gave-up"
        self._failed = failed

    def read(self) -> Work:
        """Record the entry as its list gives it, or refuse it where the bytes of the list were pruned."""
        capture = self.capture
        if capture is not None:
            return lambda conn: give_up(conn, capture, self._one, self.reading)

        def refuse(conn: Connection) -> Ingested:
            candidates.finish(conn, self._one, "refused", page_capture_id=None, error=self._failed.detail)
            return Ingested(outcome=self._failed.outcome, error=self._failed.detail)

        return refuse

    def _mark(self, shared: Batch, capture: Capture, ingested: Ingested) -> None:
        """Leave the mark of the list's capture, set when the list was read."""


def _give_up(context: Context, reading: Reading, one: Waiting, failed: Failed) -> PollReport:
    with database.read(context.engine) as conn:
        listed = _listed(conn, one)
    return GivingUp(context, reading, one, failed).run(failed, listed)


def _listed(conn: Connection, one: Waiting) -> Capture | None:
    """Read the capture of an entry's list. Damaged bytes suffice, since the entry itself is stored."""
    number = candidates.capture_of(conn, one)
    try:
        return captures.get(conn, number)
    except DamagedError:
        return captures.without_bytes(conn, number)


def read_page(capture: Capture, reading: Reading) -> Article:
    """
    Read the stored page of an entry.

    Raises:
        ParseError: An obstacle stands in its place.
        DocumentError: This program fails on it.
    """
    with isolated("reading", subject=reading.source.id):
        return read_article(capture, reading.source)
