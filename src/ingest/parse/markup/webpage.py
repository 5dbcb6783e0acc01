"""
HTML as a tree, and the base of its links.

A page is refused if its tree would cost the square of its length (`cost`).
"""

from __future__ import annotations

from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest import urls
from ingest.errors import ParseError, UrlError
from ingest.parse.markup.characters import names
from ingest.parse.markup.cost import is_costly, is_deep
from ingest.parse.markup.sniffing import is_page

HTML_LIMIT: Final = 10_000_000
"""Characters of a page that are read. The longest recorded page has 1,700,000."""

_COUNT_FROM: Final = 100_000  # characters; a shorter page is built first, and its tree judged

_NESTED: Final = "The page nests its elements without end; it is not read."

UNSEEN: Final = names("script style noscript template iframe object svg head title textarea select datalist")
"""Elements whose text a browser does not show as part of the page."""


def parse(markup: str) -> LexborHTMLParser:
    """
    Build the tree of a page.

    Raises:
        ParseError: `empty`, `not-html` (another kind of document) or `too-costly`.
    """
    if not markup.strip("\x00\ufeff \t\r\n"):
        raise ParseError("The page is empty.", rule="empty")
    if not is_page(markup):
        raise ParseError(f"The answer is no web page; it begins {markup.strip()[:40]!r}.", rule="not-html")
    markup = markup[:HTML_LIMIT]
    if len(markup) > _COUNT_FROM and is_costly(markup):
        raise ParseError(_NESTED, rule="too-costly")
    tree = LexborHTMLParser(markup)
    if is_deep(tree):
        raise ParseError(_NESTED, rule="too-costly")
    return tree


def base_of(page: LexborHTMLParser, url: str) -> str:
    """Return the base of a page's links (HTML §4.2.3): its first valid `<base href>`, else its own address."""
    element = page.css_first("base[href]")
    written = (element.attributes.get("href") or "").strip() if element else ""
    try:
        return urls.parse(written, url).text if written else url
    except UrlError:
        return url


def attribute(node: LexborNode, name: str) -> str:
    """Return an attribute without white space around it, and "" when it is missing or has no value."""
    return (node.attributes.get(name) or "").strip()
