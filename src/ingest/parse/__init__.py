"""From stored bytes to a `Document`: one module a kind of source, one way in."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ingest.errors import ParseError
from ingest.model import Article, Capture, Document, Kind, Source
from ingest.parse import changelog, feed, jsonlist, page, refresh, sitemap, watch
from ingest.parse.article import parse_article
from ingest.parse.markup import webpage
from ingest.parse.obstacles import OBSTACLES, obstacle_on

_OTHERWISE: Final = frozenset({"html", "not-a-feed", "not-a-sitemap"})
"""Rules of documents of another kind than was meant."""


def parse(capture: Capture, source: Source) -> Document:
    """
    Read a capture as its source's kind says.

    Raises:
        ParseError: It is no document of that kind; `rule` says what it is instead, and first of all what bars the way to
            it (`obstacles`), or that it is elsewhere (`refresh`). Never anything else, whatever the bytes.
    """
    readers = {
        Kind.PAGE: page.parse,
        Kind.JSON: jsonlist.parse,
        Kind.CHANGELOG: changelog.parse,
        Kind.SITEMAP: sitemap.parse,
        Kind.WATCH: watch.parse,
    }
    capture = (
        capture if source.kind is Kind.SITEMAP else _unpacked(capture)
    )  # which does so itself, and says what broke off
    try:
        return feed.parse(capture) if source.kind is Kind.FEED else readers[source.kind](capture, source)
    except ParseError as error:
        better = _looked_at(capture, source) if error.rule in _OTHERWISE else None
        if better is None:
            raise
        raise ParseError(better.message, rule=better.rule, subject=source.id) from error


def parse_page(capture: Capture, source: Source) -> Article:
    """
    Read a capture as the page of one announcement of its source.

    Raises:
        ParseError: It is none; as `parse`.
    """
    capture = _unpacked(capture)
    try:
        article = parse_article(capture.content, capture.content_type, capture.final_url)
        if article.refresh and article.published.value is None:  # its title is "Redirecting …", or an older one
            raise refresh.fault(article.refresh)
    except ParseError as error:
        raise ParseError(error.message, rule=error.rule, subject=source.id) from None
    return article


def _unpacked(capture: Capture) -> Capture:
    """Return a document out of the gzip file that some servers send without saying so."""
    try:
        content, _ = sitemap.unpacked(capture.content)
    except ParseError as error:
        raise ParseError(error.message, rule=error.rule, subject=capture.source_id) from error
    return capture if content is capture.content else replace(capture, content=content)


def _looked_at(capture: Capture, source: Source) -> ParseError | None:
    """Look at what is no document of the kind that was meant: it may be a page that says why; None where it says nothing."""
    try:
        tree = webpage.tree(webpage.text_of(capture.content, capture.content_type)[0])
    except ParseError:
        return None
    if why := obstacle_on(tree):
        return ParseError(f"Where the {source.kind} should be stands {OBSTACLES[why]}.", rule=why)
    where = refresh.moved_to(tree, capture.final_url)
    return refresh.fault(where) if where else None
