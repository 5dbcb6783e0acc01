"""
An entry and its own page, opened for facts missing in its list: title, date, canonical address, languages.

An entry waits until its page can be read. After several days without the page, the entry is recorded as its list gives
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ingest import dedupe, policy, urls
from ingest.errors import UrlError
from ingest.judging.values import Reading, refusal_of
from ingest.model import Article, Candidate, EntryOutcome, Failed, Precision, Refusal, Scope
from ingest.normalise import filtered_by
from ingest.text import clean_summary, clean_title

FIRST_WAIT: Final = timedelta(minutes=10)
"""The pause before the second try, doubled with every further one."""

TRIES: Final = 6
"""Tries for an entry with a title in its list, five hours in all."""

TRIES_UNTITLED: Final = 12
"""Tries for an entry without a title, two weeks in all: without its page the announcement would be lost."""

_FINAL: Final = frozenset(
    {"off-list-redirect", "redirect-downgrade", "robots", "not-html", "parked", "too-costly", "over-budget"}
)
"""Rules of lasting failures, where another try is useless."""

_CUT: Final = ("…", "...")

_EXACTNESS: Final = (Precision.NONE, Precision.YEAR, Precision.MONTH, Precision.DAY, Precision.SECOND)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry waiting for its page; `list_digest` is the digest of its list's claim, `token` fences its writes."""

    id: int
    source_id: str
    entry_key: str
    candidate: Candidate
    list_digest: str
    attempts: int
    token: int


@dataclass(frozen=True, slots=True)
class Entitled:
    """Another entry of the source whose page has the same title."""

    entry_key: str
    title: str


def wait(attempts: int) -> timedelta:
    """Return the pause after so many tries: a week at most."""
    return FIRST_WAIT * (1 << min(attempts, 10))


def is_final(failed: Failed, waiting: Waiting) -> bool:
    """
    Whether an entry goes on without its page, because a further try is useless or too many were made.

    A list may be ahead of its pages. An entry without a title is therefore tried again even after 404.
    """
    is_absent = failed.status_code in {404, 410} or failed.rule in {"soft-404", "moved"}
    tries = TRIES if waiting.candidate.title else TRIES_UNTITLED
    if waiting.attempts + 1 >= tries or failed.rule in _FINAL:
        return True
    return is_absent and bool(waiting.candidate.title)


def is_gone(failed: Failed) -> bool:
    """Whether a page does not exist, or another try would only fail again."""
    return failed.status_code in {404, 410} or failed.rule in {"soft-404", "moved", *_FINAL, "off-scope", "exception"}


def enriched(candidate: Candidate, article: Article) -> Candidate:
    """
    Complete a list's entry with the facts of its page.

    The list's title stays unless it is empty or cut short, because a page's own title may carry the name of the site.
    The more exact date wins. Summary and language fill empty fields.
    """
    listed, paged = candidate.published, article.published
    more_exact = _EXACTNESS.index(paged.precision) > _EXACTNESS.index(listed.precision)
    return replace(
        candidate,
        title=_title(candidate.title, article.title),
        title_original=candidate.title_original or article.title_original,
        published=paged if more_exact else listed,
        summary=candidate.summary or clean_summary(article.description, "text"),
        lang=candidate.lang or article.lang,
        categories=candidate.categories or article.categories,
        alternates=tuple(pair for pair in article.alternates if pair[0] != "x-default"),
    )


def _title(listed: str, paged: str) -> str:
    cut = next((listed.removesuffix(sign).rstrip() for sign in _CUT if listed.endswith(sign)), None)
    if not listed or (cut and paged.startswith(cut)):
        return clean_title(paged, "text") or listed
    return listed


def may_be_site_name(article: Article, waiting: Waiting) -> bool:
    """Whether the title of a page could be only the site's name, so that its heading matters."""
    return not waiting.candidate.title and bool(article.heading)


def headed(article: Article, others: Sequence[Entitled], reading: Reading) -> tuple[Article, str]:
    """
    Use a page's heading as its title where its title is only the site's name.

    A title is the site's name if it is the vendor's, or if another page of the source has it too. The first such page
    looked like any other, so it has to be opened once more.

    Args:
        others: Entries of the source with the same page title.

    Returns:
        The article, and the entry key of the page to open again or "".
    """
    if not others and article.title.casefold() != reading.vendor.name.casefold():
        return article, ""
    is_second = len(others) == 1 and others[0].title == article.title
    return replace(article, title=article.heading), others[0].entry_key if is_second else ""


def judge(candidate: Candidate, waiting: Waiting, article: Article, reading: Reading) -> dedupe.Offer | Refusal:
    """Admit an entry under its page's official canonical address, else under its list's address."""
    if not candidate.title:
        return refusal_of(
            candidate, EntryOutcome.UNPARSABLE, "no-title", "neither its list nor its page gives it a title"
        )
    filtered = filtered_by(candidate, reading.source)
    if filtered is not None:
        return refusal_of(candidate, EntryOutcome.FILTERED, *filtered)
    verdict = policy.admit(reading.vendor, candidate.url)
    if isinstance(verdict, policy.Refused):
        return refusal_of(candidate, EntryOutcome.REJECTED, verdict.rule, verdict.detail, url=verdict.url)
    listed = dedupe.Offer.of(candidate, verdict.url, verdict.scope)
    alternates = tuple(_alternates(candidate, reading))
    offer = replace(listed, list_digest=waiting.list_digest, name=waiting.entry_key, alternates=alternates)
    canonical = _admitted(article.canonical, reading)
    if canonical is None or canonical.url.path in {"", "/"} or canonical.url.fragment != verdict.url.fragment:
        return offer
    return replace(offer, url=canonical.url, scope=canonical.scope, canonical=urls.page_key(canonical.url))


def _alternates(candidate: Candidate, reading: Reading) -> list[tuple[str, urls.Url, Scope]]:
    admitted = ((lang, _admitted(address, reading)) for lang, address in candidate.alternates)
    own = urls.page_key(urls.parse(candidate.url))
    return [
        (lang, verdict.url, verdict.scope)
        for lang, verdict in admitted
        if verdict is not None and urls.page_key(verdict.url) != own
    ]


def _admitted(address: str | None, reading: Reading) -> policy.Admitted | None:
    """Admit an address named by a page. An unofficial one is never adopted."""
    if not address:
        return None
    try:
        cleaned = urls.clean(policy.upgrade(reading.vendor, urls.possible(urls.unwrapped(urls.parse(address)))))
    except UrlError:
        return None
    verdict = policy.admit(reading.vendor, cleaned.text)
    return verdict if isinstance(verdict, policy.Admitted) else None
