"""Parse captures into documents: one reader per kind of source, and one for the page of an announcement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ingest.errors import ParseError
from ingest.model import Article, Capture, Document, Kind, Source
from ingest.parse import changelog, feed, jsonlist, page, refresh, sitemap, watch
from ingest.parse.article import parse_article
from ingest.parse.markup import decoding, webpage
from ingest.parse.markup.decoding import Decoded
from ingest.parse.obstacles import OBSTACLES, obstacle_on

_READERS: Final[Mapping[Kind, Callable[[Decoded, str, Source], Document]]] = {
    Kind.FEED: lambda decoded, url, _: feed.parse(decoded, url),
    Kind.PAGE: page.parse,
    Kind.JSON: jsonlist.parse,
    Kind.CHANGELOG: changelog.parse,
    Kind.SITEMAP: sitemap.parse,
    Kind.WATCH: watch.parse,
}
_OTHERWISE: Final = frozenset({"html", "not-a-feed", "not-a-sitemap"})
"""Rules for documents of another kind than their source."""


def parse(capture: Capture, source: Source) -> Document:
    """
    Read a capture as its source's kind requires.

    Raises:
        ParseError: The document is not of that kind. `rule` names an obstacle (`obstacles`) or a redirect (`refresh`) first.
            No other exception leaves, whatever the bytes.
    """
    try:
        decoded = decoding.read(capture.content, capture.content_type)
    except ParseError as error:
        raise _about(source, error) from error
    return parse_decoded(decoded, capture.final_url, source)


def parse_decoded(decoded: Decoded, url: str, source: Source) -> Document:
    """Read a decoded document from `url`, as `parse` does."""
    try:
        return _READERS[source.kind](decoded, url, source)
    except ParseError as error:
        cause = _instead(decoded, url, source) if error.rule in _OTHERWISE else None
        raise _about(source, cause or error) from error


def parse_page(capture: Capture, source: Source) -> Article:
    """
    Read a capture as the page of one announcement of its source.

    Raises:
        ParseError: The page is not such a page. See `parse`.
    """
    try:
        decoded = decoding.read(capture.content, capture.content_type)
    except ParseError as error:
        raise _about(source, error) from error
    return parse_decoded_page(decoded, capture.final_url, source)


def parse_decoded_page(decoded: Decoded, url: str, source: Source) -> Article:
    """Read a decoded page from `url`, as `parse_page` does."""
    try:
        article = parse_article(decoded, url)
        if article.refresh and article.published.value is None:  # its title is "Redirecting …", or an older one
            raise refresh.fault(article.refresh)
    except ParseError as error:
        raise _about(source, error) from None
    return article


def _about(source: Source, error: ParseError) -> ParseError:
    """Return an error with its source as the subject."""
    return ParseError(error.message, rule=error.rule, subject=source.id)


def _instead(decoded: Decoded, url: str, source: Source) -> ParseError | None:
    """Explain a document of another kind: a page in its place may be an obstacle or a redirect."""
    try:
        tree = webpage.parse(decoded.text)
    except ParseError:
        return None
    if obstacle := obstacle_on(tree):
        return ParseError(f"Where the {source.kind} should be stands {OBSTACLES[obstacle]}.", rule=obstacle)
    target = refresh.moved_to(tree, url)
    return refresh.fault(target) if target else None
