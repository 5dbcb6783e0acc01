"""
The sources on a page: feeds, the likely list with selectors for it, data in scripts, sitemaps.

Nothing is fetched. A proposal gives its score and the reasons, and an operator decides. The selectors are made to survive the
new hashes of a redesign. Semantic elements, named classes and the shape of addresses come before names from a build tool.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ingest import urls
from ingest.authoring.discover import data, lists
from ingest.errors import ParseError
from ingest.model import Document, Kind
from ingest.parse import page as pages
from ingest.parse.markup import webpage
from ingest.parse.markup.decoding import Decoded
from ingest.parse.markup.elements import HtmlPage
from ingest.parse.markup.links import absolute
from ingest.parse.obstacles import obstacle_on
from ingest.parse.refresh import moved_to

PROPOSALS: Final = 5
"""Proposals for one page."""

_FEED_TYPE: Final = re.compile(
    r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|text/xml|application/xml", re.IGNORECASE
)
_FEED_PATH: Final = re.compile(
    r"(?:^|/)(?:rss|atom|feed|index)\.(?:xml|rss|rdf|json)(?:$|\?)|/(?:rss|feeds?|atom)/?(?:$|\?)|\.(?:rss|rdf|atom)(?:$|\?)",
    re.IGNORECASE,
)
_COMMENTS: Final = re.compile(r"comments?(?:/|\b)", re.IGNORECASE)
_SITEMAP: Final = re.compile(r"/[\w.-]{0,40}sitemap[\w.-]{0,40}\.xml(?:\.gz)?(?:$|\?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourceProposal:
    """
    A proposed source.

    select: selectors, if the kind needs them
    sure: a score from 0 to 1
    why: short sentences for and against it
    document: the entries on the page itself, or None for an address to be fetched first
    """

    kind: Kind
    url: str
    select: tuple[tuple[str, str], ...]
    sure: float
    why: tuple[str, ...]
    title: str = ""
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Discovery:
    """The proposals of a page, best first. `obstacle` and `moved_to` explain an empty list."""

    proposals: tuple[SourceProposal, ...]
    obstacle: str | None = None
    moved_to: str | None = None


def discover(decoded: Decoded, url: str) -> Discovery:
    """
    Find the sources on a page.

    Args:
        decoded: The page.
        url: The address that answered.

    Raises:
        ParseError: The document is not a page (`empty`, `not-html`, `too-costly`).
    """
    page = HtmlPage(webpage.parse(decoded.text))
    base = webpage.base_of(page.tree, url)
    proposals = sorted([*_lists(page, url, base), *_feeds(page, base)], key=lambda proposal: -proposal.sure)
    obstacle = obstacle_on(page.tree) if not any(p.kind is Kind.PAGE for p in proposals) else None
    return Discovery((*proposals, *_sitemaps(page, base)), obstacle, moved_to(page.tree, url))


def _lists(page: HtmlPage, url: str, base: str) -> list[SourceProposal]:
    """Return proposals of kind page, without repetitions of a better one."""
    drafted = []
    for draft in [*lists.drafts(page, url, base), *data.drafts(page, url, base)]:
        try:
            document = pages.read(page, dict(draft.select), url)
        except ParseError:
            continue
        if document.entries:
            drafted.append(SourceProposal(Kind.PAGE, url, draft.select, draft.sure, draft.why, "", document))
    drafted.sort(key=lambda proposal: -proposal.sure)
    kept: list[SourceProposal] = []
    for proposal in drafted:
        keys = _keys(proposal)
        if not any(
            len(keys & _keys(better)) > len(keys) / 2 and not _is_data(proposal) ^ _is_data(better) for better in kept
        ):
            kept.append(proposal)
    return kept[:PROPOSALS]


def _is_data(proposal: SourceProposal) -> bool:
    return any(name == "data" for name, _ in proposal.select)


def _keys(proposal: SourceProposal) -> set[str]:
    entries = proposal.document.entries if proposal.document else ()
    return {urls.page_key_of(entry.link) for entry in entries if entry.link}


def _feeds(page: HtmlPage, base: str) -> Iterator[SourceProposal]:
    """Yield the declared feeds of a page (RSS Board's autodiscovery, RFC 4287's `alternate`), then linked feeds."""
    seen: set[str] = set()
    for node in page.css("link[rel~=alternate i][href][type], a[href]"):
        href = absolute(webpage.attribute(node, "href"), base)
        declared = node.tag == "link" and _FEED_TYPE.match(webpage.attribute(node, "type"))
        if (
            not href.startswith("http")
            or href in seen
            or _SITEMAP.search(href)  # which some declare in a feed's way
            or not (declared or (node.tag == "a" and _FEED_PATH.search(href)))
        ):
            continue
        seen.add(href)
        title = webpage.attribute(node, "title")
        of_comments = bool(_COMMENTS.search(href) or _COMMENTS.search(title))
        sure = 0.2 if of_comments else 0.95 if declared else 0.6
        reason = "the page declares it as its feed" if declared else "a link on the page looks like one to a feed"
        why = (reason, *(("it seems to be of comments",) if of_comments else ()))
        yield SourceProposal(Kind.FEED, href, (), sure, why, title)


def _sitemaps(page: HtmlPage, base: str) -> Iterator[SourceProposal]:
    """Yield the linked sitemaps of a page, else the usual address (sitemaps.org)."""
    named = [webpage.attribute(node, "href") for node in page.css("link[href*=sitemap i], a[href*=sitemap i]")]
    named_urls = list(dict.fromkeys(url for href in named if _SITEMAP.search(url := absolute(href, base))))
    for url in named_urls:
        yield SourceProposal(Kind.SITEMAP, url, (), 0.5, ("the page names it",))
    if not named_urls and (usual := absolute("/sitemap.xml", base)).startswith("http"):
        yield SourceProposal(Kind.SITEMAP, usual, (), 0.2, ("sitemaps usually lie there; robots.txt would say",))
