"""
HTML as a tree: which encoding it is in, which address its links are relative to, and what of it a reader sees.

A page is refused, not parsed, where the tree itself would be the attack: browsers' rules for open elements make some
documents cost the square of their length (200,000 nested `div` take selectolax 91 s). The cost is counted beforehand.
"""

from __future__ import annotations

import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest import urls
from ingest.errors import ParseError, UrlError
from ingest.parse.markup.decoding import decode


def names(text: str) -> frozenset[str]:
    """Return the names that a text lists, space between them."""
    return frozenset(text.split())


HTML_LIMIT: Final = 10_000_000
"""Characters of a page that are read; the longest recorded one has 1,700,000."""

_DEPTH_COST: Final = 50_000_000
"""Steps up the stack of open elements, at most: a tenth of a second. The costliest recorded page needs 140,000."""

_FORMAT_COST: Final = 1_000_000
"""Elements that unclosed formatting may repeat in every block; a fifth of a second. On recorded pages it is 4,500 at most."""

_DEEPEST: Final = 200  # elements inside one another in the tree; the deepest recorded page has 34

_NESTED: Final = "The page nests its elements without end; it is not read."

_COUNT_FROM: Final = 100_000  # characters; shorter ones cannot cost more than those limits

_META_CHARSET: Final = re.compile(rb"<meta\s[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.ASCII | re.IGNORECASE)
_META_WITHIN: Final = 8_192  # bytes; the standard looks at 1,024, which real pages fill with comments and scripts first

_ROOT: Final = re.compile(
    r"(?:[\s\ufeff\x00]++|<\?.*?\?>|<!--.*?-->|<!doctype[^>]*>)*+<(?P<name>[a-z][\w:.-]*)", re.DOTALL | re.IGNORECASE
)
_DECLARED: Final = re.compile(r"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_DECLARED_WITHIN: Final = 2_000  # characters; what servers print before the page (warnings, a stray comment) is short
_HTML_NAMES: Final = names(
    "a article aside b base blockquote body br button center div dl em footer form frameset h1 h2 h3 h4 head header hr html iframe img li link main "
    "meta nav noscript ol p pre script section span strong style svg table time title ul"
)
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_FORMATTING: Final = names("a b big code em font i nobr s small strike strong tt u")
# Void elements, and those whose end tags are left out so often that counting them would see depth where there is none.
_FLAT: Final = names(
    "area base br col dd dt embed hr img input li link meta option p param path source td th tr track wbr"
)

UNSEEN: Final = names("script style noscript template iframe object svg head title textarea select datalist")
"""Elements whose text no reader sees as text of the page."""


def read(content: bytes, content_type: str = "") -> LexborHTMLParser:
    """
    Return a page as a tree.

    The encoding is what `charset` makes of bytes, media type and the page's own `<meta charset>`, which counts less than the
    media type (HTML §13.2.3.2).

    Raises:
        ParseError: `empty`, `not-html` (another kind of document) or `too-costly` (see above).
    """
    return tree(text_of(content, content_type)[0])


def text_of(content: bytes, content_type: str) -> tuple[str, str]:
    """Return what may be a page as text, and why it could not be read cleanly (else "")."""
    found = _META_CHARSET.search(content[:_META_WITHIN])
    return decode(content, content_type, stated=found[1].decode("ascii") if found else "")


def tree(markup: str) -> LexborHTMLParser:
    """Return markup as a tree; raises as `read` does."""
    if not markup.strip("\x00\ufeff \t\r\n"):
        raise ParseError("The page is empty.", rule="empty")
    if not is_page(markup):
        raise ParseError(f"The answer is no web page; it begins {markup.strip()[:40]!r}.", rule="not-html")
    markup = markup[:HTML_LIMIT]
    if len(markup) > _COUNT_FROM and is_costly(markup):
        raise ParseError(_NESTED, rule="too-costly")
    made = LexborHTMLParser(markup)
    if _is_deep(made):
        raise ParseError(_NESTED, rule="too-costly")
    return made


def is_page(markup: str) -> bool:
    """Whether a text is HTML, by what it begins with."""
    root = _ROOT.match(markup)
    named = root is not None and root["name"].lower() in _HTML_NAMES
    return named or _DECLARED.search(markup, 0, _DECLARED_WITHIN) is not None


def breaks_off(content: bytes) -> bool:
    """Whether a page ends inside a tag: it was cut. One that is cut between two cannot be told, for end tags may be left out."""
    return content.rfind(b"<") > content.rfind(b">")


def _is_deep(made: LexborHTMLParser) -> bool:
    """
    Whether elements stand that deep in one another that whoever asks for what holds what pays the square of it.

    Told from the tree: in the markup, what looks like an end tag may be in a comment, a value, or out of scope.
    """
    node, depth = made.root, 0
    while node is not None and depth <= _DEEPEST:
        inner, depth = node.first_child, depth + 1
        while inner is None and node is not None:
            inner, node, depth = node.next, node.parent, depth - 1
        node = inner
    return node is not None


def is_costly(markup: str) -> bool:
    """Whether building the tree could take much longer than the length of the markup suggests."""
    depth = formatting = depth_cost = format_cost = 0
    for slash, written in _TAG.findall(markup):
        name = written.lower()
        if name in _FORMATTING:
            formatting = max(0, formatting + (-1 if slash else 1))
        elif name not in _FLAT:
            depth = max(0, depth + (-1 if slash else 1))
        if not slash and name not in _FORMATTING:
            format_cost += formatting
        depth_cost += depth + formatting
    return depth_cost > _DEPTH_COST or format_cost > _FORMAT_COST


def base_of(page: LexborHTMLParser, url: str) -> str:
    """Return what the page's links are relative to (HTML §4.2.3): its first `<base href>` if that is one, else its own address."""
    found = page.css_first("base[href]")
    written = (found.attributes.get("href") or "").strip() if found else ""
    try:
        return urls.parse(written, url).text if written else url
    except UrlError:
        return url


def attribute(node: LexborNode, name: str) -> str:
    """Return an attribute's text without surrounding white space, "" where it is missing or has no value."""
    return (node.attributes.get(name) or "").strip()
