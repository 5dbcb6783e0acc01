"""
What a document costs its parser.

`risk` decides by the text whether a limited process should parse it (`jail`). `is_costly` and `is_deep` decide whether a tree
is built and used at all, because the rules of HTML for open elements make some documents cost the square of their length.
200,000 nested `div` take selectolax 91 s.
"""

from __future__ import annotations

import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from ingest.model import Kind
from ingest.parse.markup.characters import names
from ingest.parse.markup.sniffing import is_page

# ── in this process or in a limited one ───────────────────────────────────────────────────────────────────────────

LONGEST: Final = 2_000_000
"""Characters. The longest of 730 recorded documents has 1,693,485 (a page with its data), the longest feed 609,443."""

MOST_TAGS: Final = 25_000
"""Signs of a tag. The most in a recorded document is 15,910 (a podcast). An XML parser takes 10 µs for each."""

MOST_IN_SITEMAP: Final = 100_000
"""The same for sitemaps, with six tags an address. Their reader builds no tree and takes 2.5 µs a tag."""

MOST_REFERENCES: Final = 100_000
"""Ampersands. The most in a recorded document is 23,008. An XML parser takes 3 s for 2 million."""

MOST_REOPENED: Final = 500_000
"""
Tags of a page times its different formatting tags, a third of the elements in the worst tree. Recorded: 31,023.

HTML §13.2.4.3: an open formatting element is made again in every following block, at most three times for equal ones.
Closed ones count too, because an apparent end tag need not be one. Such a tree is built within a second, and its depth
is judged afterwards (`is_deep`).
"""

_FORMATTING: Final = re.compile(
    r"<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])(?:=\s*+\"[^\"]*\"|=\s*+'[^']*'|[^>])*+",
    re.IGNORECASE,
)
# One tag behind its `<`, with quotes read as HTML §13.2.5 does. Each attribute is compared with those before it.
_TAG: Final = re.compile(r"(?:=\s*+\"[^\"]*\"|=\s*+'[^']*'|[^>])*+")
_VALUE: Final = re.compile(r"=\s*+(?:\"[^\"]*\"|'[^']*')")
_LONGEST_TAG: Final = 8_000  # characters beside the values
_MARKUP_KINDS: Final = frozenset({Kind.PAGE, Kind.CHANGELOG, Kind.WATCH})


def risk(text: str, kind: Kind) -> str | None:
    """
    Return why a document should be parsed in a limited process, and None for an ordinary document.

    The check makes a few passes at C speed. A feed needs none of the checks for pages, because `feed.bounded` removes the
    quadratic costs. A page in place of a feed is checked as a page.
    """
    if len(text) > LONGEST:
        return "size"
    if text.count("<") > (MOST_IN_SITEMAP if kind is Kind.SITEMAP else MOST_TAGS):
        return "tags"
    if text.count("&") > MOST_REFERENCES:
        return "references"
    return _risk_of_page(text) if kind in _MARKUP_KINDS or is_page(text) else None


def _risk_of_page(text: str) -> str | None:
    if any(_is_long_tag(part) for part in text.split("<")[1:] if len(part) > _LONGEST_TAG):
        return "attributes"
    unlike = len(set(_FORMATTING.findall(text)))
    return "formatting" if unlike * text.count("<") > MOST_REOPENED else None


def _is_long_tag(part: str) -> bool:
    """Whether the text after a `<` is a tag with very many attributes."""
    if not (part[0].isascii() and part[0].isalpha()) and part[0] != "/":
        return False  # HTML §13.2.5.6: text, or what has no attributes
    tag = _TAG.match(part)
    assert tag is not None  # it may be empty
    return len(tag[0]) > _LONGEST_TAG and len(_VALUE.sub("", tag[0])) > _LONGEST_TAG


# ── as a tree or not at all ─────────────────────────────────────────────────────────────────────────────────────

_DEPTH_COST: Final = 50_000_000
"""Steps up the stack of open elements: a tenth of a second. The costliest recorded page needs 140,000."""

_FORMAT_COST: Final = 1_000_000
"""Elements repeated by unclosed formatting: a fifth of a second. Recorded pages have at most 4,500."""

_DEEPEST: Final = 200  # elements inside one another in the tree; the deepest recorded page has 34

_TAG_NAME: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_FORMATTING_NAMES: Final = names("a b big code em font i nobr s small strike strong tt u")
# Void elements, and those whose end tags are left out so often that counting them would see depth where there is none.
_FLAT: Final = names(
    "area base br col dd dt embed hr img input li link meta option p param path source td th tr track wbr"
)


def is_costly(markup: str) -> bool:
    """Whether building the tree could cost much more time than its length suggests."""
    depth = formatting = depth_cost = format_cost = 0
    for slash, written in _TAG_NAME.findall(markup):
        name = written.lower()
        if name in _FORMATTING_NAMES:
            formatting = max(0, formatting + (-1 if slash else 1))
        elif name not in _FLAT:
            depth = max(0, depth + (-1 if slash else 1))
        if not slash and name not in _FORMATTING_NAMES:
            format_cost += formatting
        depth_cost += depth + formatting
    return depth_cost > _DEPTH_COST or format_cost > _FORMAT_COST


def is_deep(tree: LexborHTMLParser) -> bool:
    """
    Whether elements are nested so deep that every search for ancestors costs the square of the depth.

    The tree decides. In markup, an apparent end tag may be in a comment, in a value, or out of scope.
    """
    node, depth = tree.root, 0
    while node is not None and depth <= _DEEPEST:
        inner, depth = node.first_child, depth + 1
        while inner is None and node is not None:
            inner, node, depth = node.next, node.parent, depth - 1
        node = inner
    return node is not None
