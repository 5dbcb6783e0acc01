"""
Entries whose own page is opened once, for what their list does not tell: title, date, canonical address, languages.

Each page is a capture of its own, stored before it is read. An entry waits in the database, across restarts, until its page
was read; where it cannot be opened for days, what the list said has to do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from ingest import dedupe, policy, urls
from ingest.errors import UrlError
from ingest.model import Article, Candidate, Capture, Failed, Fate, Precision, Refusal, Scope, Tally
from ingest.normalise import filtered_by
from ingest.pipeline.ingest import Reading, begin, record, refusal_of, tally_of
from ingest.store import candidates, identity, rejections
from ingest.text import clean_summary, clean_title

FIRST_WAIT: Final = timedelta(minutes=10)
"""Before a page is tried again; doubled with every further try."""

TRIES: Final = 6
"""After so many, five hours in all, what the list said has to do."""

TRIES_UNTITLED: Final = 12
"""The same where the list says no title, two weeks in all: without its page the announcement would be lost."""

_FINAL: Final = frozenset(
    {"off-list-redirect", "redirect-downgrade", "robots", "not-html", "parked", "too-costly", "over-budget"}
)
"""Rules of what another try would only find again."""

_CUT: Final = ("…", "...")

_EXACTNESS: Final = (Precision.NONE, Precision.YEAR, Precision.MONTH, Precision.DAY, Precision.SECOND)


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of one entry when its page was read, or was given up."""

    tally: Tally
    error: str = ""


def wait(attempts: int) -> timedelta:
    """Say how long to wait after so many tries: a week at most."""
    return FIRST_WAIT * (1 << min(attempts, 10))


def is_final(failed: Failed, waiting: candidates.Waiting) -> bool:
    """
    Whether an entry goes on without its page, which will not come back by itself or was tried for too long.

    A list may be ahead of its pages, so one that is not there is tried again for a list that says no titles.
    """
    is_absent = failed.status_code in {404, 410} or failed.rule in {"soft-404", "moved"}
    tries = TRIES if waiting.candidate.title else TRIES_UNTITLED
    if waiting.attempts + 1 >= tries or failed.rule in _FINAL:
        return True
    return is_absent and bool(waiting.candidate.title)


def is_gone(failed: Failed) -> bool:
    """Whether a page is not there, or another try would only find the same again."""
    return failed.status_code in {404, 410} or failed.rule in {"soft-404", "moved", *_FINAL, "off-scope", "exception"}


def write(
    conn: Connection, capture: Capture, article: Article, waiting: candidates.Waiting, reading: Reading
) -> Opened:
    """Record an entry with what its page tells; the rest of the transaction is the caller's."""
    article = _headed(conn, article, waiting, reading)
    return _record(conn, capture, waiting, reading, enriched(waiting.candidate, article), article)


def give_up(conn: Connection, listed: Capture, waiting: candidates.Waiting, reading: Reading) -> Opened:
    """Record an entry whose page cannot be opened with what its list said, or refuse it where that was too little."""
    return _record(conn, listed, waiting, reading, waiting.candidate, Article(""))


def enriched(candidate: Candidate, article: Article) -> Candidate:
    """
    Put what a page says beside what its list said.

    The list's title stays unless it has none or cuts it short: it is what readers of the list saw, and a page's own title
    may carry the name of the site. The more exact date wins. Summary and language fill what is empty.
    """
    listed, said = candidate.published, article.published
    more_exact = _EXACTNESS.index(said.precision) > _EXACTNESS.index(listed.precision)
    return replace(
        candidate,
        title=_title(candidate.title, article.title),
        title_original=candidate.title_original or article.title_original,
        published=said if more_exact else listed,
        summary=candidate.summary or clean_summary(article.description, "text"),
        lang=candidate.lang or article.lang,
        categories=candidate.categories or article.categories,
        alternates=tuple(pair for pair in article.alternates if pair[0] != "x-default"),
    )


def _title(listed: str, said: str) -> str:
    cut = next((listed.removesuffix(sign).rstrip() for sign in _CUT if listed.endswith(sign)), None)
    if not listed or (cut and said.startswith(cut)):
        return clean_title(said, "text") or listed
    return listed


def _headed(conn: Connection, article: Article, waiting: candidates.Waiting, reading: Reading) -> Article:
    """
    Let a page's heading be its title where the title is but the site's name, and the list gives none.

    A title is the site's name where it is the vendor's, or where another page of the source has it, too. The first such page
    could not be told by itself, so it is opened once more.
    """
    if waiting.candidate.title or not article.heading:
        return article
    page = urls.page_key(urls.parse(waiting.candidate.url))
    others = identity.entitled(conn, reading.source.id, article.title_original, besides=page)
    if not others and article.title.casefold() != reading.vendor.name.casefold():
        return article
    if len(others) == 1 and others[0][1] == article.title:
        candidates.open_again(conn, reading.source.id, others[0][0])
    return replace(article, title=article.heading)


def _record(
    conn: Connection,
    capture: Capture,
    waiting: candidates.Waiting,
    reading: Reading,
    candidate: Candidate,
    article: Article,
) -> Opened:
    begin(conn, reading)
    judged = _judge(candidate, waiting, article, reading)
    page_capture_id = capture.id if capture.target_url == candidate.url or article.title else None
    if isinstance(judged, Refusal):
        rejections.record(conn, [judged], capture)
        candidates.finish(conn, waiting, "refused", page_capture_id=page_capture_id, error=judged.detail)
        return Opened(tally_of([judged.fate]), judged.detail)
    known = identity.known(conn, reading.source, [judged])
    decisions = dedupe.reconcile([judged], known, source=reading.source, at=capture.fetched_at)
    record(conn, decisions, reading, capture)
    candidates.finish(conn, waiting, "finished", page_capture_id=page_capture_id)
    return Opened(tally_of([one.fate for one in decisions]))


def _judge(
    candidate: Candidate, waiting: candidates.Waiting, article: Article, reading: Reading
) -> dedupe.Offer | Refusal:
    """Admit an entry under its page's own address where that is official, else under the one its list gave."""
    if not candidate.title:
        return refusal_of(candidate, Fate.UNPARSABLE, "no-title", "neither its list nor its page gives it a title")
    filtered = filtered_by(candidate, reading.source)
    if filtered is not None:
        return refusal_of(candidate, Fate.FILTERED, *filtered)
    verdict = policy.admit(reading.vendor, candidate.url)
    if isinstance(verdict, policy.Refused):
        return refusal_of(candidate, Fate.REJECTED, verdict.rule, verdict.detail, url=verdict.url)
    listed = dedupe.Offer.of(candidate, verdict.url, verdict.scope)
    alternates = tuple(_alternates(candidate, reading))
    offer = replace(listed, said=waiting.said, name=waiting.entry_key, alternates=alternates)
    canonical = _admitted(article.canonical, reading)
    if canonical is None or canonical.url.path in {"", "/"} or canonical.url.fragment != verdict.url.fragment:
        return offer
    return replace(offer, url=canonical.url, scope=canonical.scope, canonical=urls.page_key(canonical.url))


def _alternates(candidate: Candidate, reading: Reading) -> list[tuple[str, urls.Url, Scope]]:
    found = []
    for lang, address in candidate.alternates:
        verdict = _admitted(address, reading)
        if verdict is not None and urls.page_key(verdict.url) != urls.page_key(urls.parse(candidate.url)):
            found.append((lang, verdict.url, verdict.scope))
    return found


def _admitted(address: str | None, reading: Reading) -> policy.Admitted | None:
    """Admit an address that a page names; one that points out of the list is never adopted."""
    if not address:
        return None
    try:
        cleaned = urls.clean(policy.upgrade(reading.vendor, urls.possible(urls.unwrapped(urls.parse(address)))))
    except UrlError:
        return None
    verdict = policy.admit(reading.vendor, cleaned.text)
    return verdict if isinstance(verdict, policy.Admitted) else None
