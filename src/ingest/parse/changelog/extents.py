"""
The place of an entry on its page: its anchor, its own page, and the text under its heading.

An entry consists of the elements around its heading without another entry, and of everything up to the next one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from ingest.parse.changelog.outline import Element, Outline
from ingest.parse.markup.links import absolute
from ingest.parse.markup.webpage import attribute

_LINES: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "p", "dt", "summary"})

_FRAME_IDS: Final = re.compile(
    r"(?:__)?(?:next|nuxt|docusaurus|root|app|gatsby)|___gatsby|(?:skip-)?(?:main|content|page|top|body|article|changelog|releases?|docs?)"
    r"(?:[-_]?(?:content|area|body|wrapper|container|main|root|list|skipToContent\w*))*|:r\w+:|radix-.*|react-aria-?.*|headlessui-.*",
    re.IGNORECASE,
)
"""Ids of a site's frame, and ids numbered anew by a library on every build. They lead to no entry."""

_PERMALINK: Final = re.compile(r"#(?P<id>[^#\s]{1,300})")


@dataclass(frozen=True, slots=True)
class Start:
    """
    The start of an entry.

    `date` is its date, if outside of `element`. `is_line` means that the content of the entry follows the element.
    """

    element: Element
    date: Element | None = None
    is_line: bool = False


def start(element: Element, date: Element | None = None, *, is_line: bool = False) -> Start:
    """Return the start of an entry. Headings and paragraphs are lines in any case."""
    return Start(element, date, is_line=is_line or element.tag in _LINES)


@dataclass(frozen=True, slots=True)
class Extent:
    """
    The extent of an entry: from `first`, its outermost element or the date before it, up to `stop`, inside `frame`.

    `outer` are its ancestors without another entry, the nearest first.
    """

    start: Start
    outer: tuple[Element, ...]
    first: int
    stop: int
    frame: Element

    @property
    def element(self) -> Element:
        """The entry's element."""
        return self.start.element


def extents(outline: Outline, starts: Sequence[Start], fences: Iterable[Element]) -> list[Extent]:
    """
    Return the extent of each entry.

    Args:
        starts: The starts of entries in order.
        fences: Other elements that end the entry above them.
    """
    own = {start.element.number for start in starts}
    fence = sorted(own | {element.number for element in fences})
    outers = [_outer(outline, start.element, fence) if len(starts) > 1 else () for start in starts]
    firsts = [_first(start, outer) for start, outer in zip(starts, outers, strict=True)]
    stops = sorted({*firsts, *(number for number in fence if number not in own)})
    ranges = []
    for start, outer, first in zip(starts, outers, firsts, strict=True):
        frame = _frame(outline, start, outer)
        after = bisect_left(stops, start.element.number + 1)
        stop = min(stops[after] if after < len(stops) else frame.last + 1, frame.last + 1)
        ranges.append(Extent(start, outer, first, stop, frame))
    return ranges


def _first(start: Start, outer: tuple[Element, ...]) -> int:
    return min(element.number for element in (start.element, start.date, *outer[-1:]) if element is not None)


def _outer(outline: Outline, element: Element, fence: Sequence[int]) -> tuple[Element, ...]:
    """Return the ancestors of an element without another entry, the nearest first."""
    at = bisect_left(fence, element.number)
    before = fence[at - 1] if at else 0  # the root itself holds all
    after = fence[at + 1] if at + 1 < len(fence) else len(outline.elements)
    outer = []
    for above in outline.above(element):
        if above.number <= before or above.last >= after or above.number == 0:
            break
        outer.append(above)
    return tuple(outer)


def _frame(outline: Outline, start: Start, outer: tuple[Element, ...]) -> Element:
    """Return the outer limit of an entry's text: its own box, else the element around all entries."""
    box = outer[-1] if outer else start.element
    if (box is not start.element and box.last > start.element.last) or not (start.is_line or outer):
        return box
    return next(outline.above(box), outline.elements[0])


# ── anchors ─────────────────────────────────────────────────────────────────────────────────────────────────────


def anchor_of(place: Extent, outline: Outline) -> str:
    """
    Return the anchor of an entry, and "" without one.

    The candidates in order: its own id, the id of an anchor in its heading, the target of a link in it, the id of an ancestor without
    another entry, and the id of an empty anchor just before it.
    """
    element = place.element
    inside = outline.inside(element) if element.level or element.end - element.start < _SHORT else []
    for near in (element, *(inner for inner in inside if inner.tag == "a" or element.level)):
        if name := _id(near):
            return name
    for inner in inside:
        if inner.tag == "a" and (target := _PERMALINK.fullmatch(attribute(inner.node, "href"))):
            return unquote(target["id"])
    for outer in place.outer:
        if (name := _id(outer)) and not _FRAME_IDS.fullmatch(name):
            return name
    before = outline.elements[place.first - 1] if place.first > 0 else None
    if before is not None and before.start == before.end and before.tag in {"a", "span"} and (name := _id(before)):
        return name
    return ""


_SHORT: Final = 400  # characters of an entry's element that is its own heading


def _id(element: Element) -> str:
    name = attribute(element.node, "id") or (attribute(element.node, "name") if element.tag == "a" else "")
    return "" if any(char.isspace() for char in name) else name


def link_of(place: Extent, outline: Outline, base: str, page: str) -> str:
    """
    Return the entry's own page, and "" without one: the target of its heading, its date or its box.

    The page must be below the changelog's address, because headings also link to comparisons, tickets and articles.
    """
    home = urlsplit(page)
    near = outline.elements[place.first : place.element.last + 1]
    for element in (*near, *place.outer):
        href = attribute(element.node, "href") if element.tag == "a" else ""
        if not href or href.startswith("#"):
            continue
        link = absolute(href, base)
        there = urlsplit(link) if link.startswith(("https:", "http:")) else None
        if (
            there
            and there.netloc == home.netloc
            and there.path.startswith(f"{home.path.rstrip('/')}/")
            and there.path.strip("/") != home.path.strip("/")
        ):
            return link
    return ""
