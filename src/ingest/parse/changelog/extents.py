"""
Where an entry stands on its page: which anchor leads to it, which page of its own it has, what stands under its heading.

What belongs to an entry are the elements around its heading that hold no other entry, and everything up to the next one.
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
"""Ids of a site's frame, and those that a library counts out anew on every build: they lead to no entry."""

_PERMALINK: Final = re.compile(r"#(?P<id>[^#\s]{1,300})")


@dataclass(frozen=True, slots=True)
class Start:
    """
    Where an entry begins.

    `date` is its date where that stands outside of `element`; `is_line` says that what belongs to the entry stands below
    the element and not inside it.
    """

    element: Element
    date: Element | None = None
    is_line: bool = False


def start(element: Element, date: Element | None = None, *, is_line: bool = False) -> Start:
    """Return where an entry begins; headings and paragraphs are lines in any case."""
    return Start(element, date, is_line=is_line or element.tag in _LINES)


@dataclass(frozen=True, slots=True)
class Extent:
    """
    Where one entry is: from `first`, its outermost element or its date before it, to before `stop`, within `frame`.

    `outer` are the elements around it that hold no other entry, the nearest first.
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
    Return where each entry is.

    Args:
        starts: In order.
        fences: Other elements that end what is above them.
    """
    own = {start.element.number for start in starts}
    fence = sorted(own | {element.number for element in fences})
    outers = [_outer(outline, start.element, fence) if len(starts) > 1 else () for start in starts]
    firsts = [_first(start, outer) for start, outer in zip(starts, outers, strict=True)]
    stops = sorted({*firsts, *(number for number in fence if number not in own)})
    made = []
    for start, outer, first in zip(starts, outers, firsts, strict=True):
        frame = _frame(outline, start, outer)
        after = bisect_left(stops, start.element.number + 1)
        stop = min(stops[after] if after < len(stops) else frame.last + 1, frame.last + 1)
        made.append(Extent(start, outer, first, stop, frame))
    return made


def _first(start: Start, outer: tuple[Element, ...]) -> int:
    return min(element.number for element in (start.element, start.date, *outer[-1:]) if element is not None)


def _outer(outline: Outline, element: Element, fence: Sequence[int]) -> tuple[Element, ...]:
    """Return the elements around one that hold no other entry, the nearest first."""
    at = bisect_left(fence, element.number)
    before = fence[at - 1] if at else 0  # the root itself holds all
    after = fence[at + 1] if at + 1 < len(fence) else len(outline.elements)
    found = []
    for above in outline.above(element):
        if above.number <= before or above.last >= after or above.number == 0:
            break
        found.append(above)
    return tuple(found)


def _frame(outline: Outline, start: Start, outer: tuple[Element, ...]) -> Element:
    """Return the element in which an entry's text ends at the latest: its own box, else what holds all of them."""
    box = outer[-1] if outer else start.element
    if (box is not start.element and box.last > start.element.last) or not (start.is_line or outer):
        return box
    return next(outline.above(box), outline.elements[0])


# ── anchors ─────────────────────────────────────────────────────────────────────────────────────────────────────


def anchor_of(place: Extent, outline: Outline) -> str:
    """
    Return the anchor that leads to an entry, "" if it has none.

    Its own id; else that of an anchor inside its heading, or to which a link inside it leads; else that of the elements
    around it which hold no other entry; else that of an empty anchor just before it.
    """
    element = place.element
    inside = outline.inside(element) if element.level or element.end - element.start < _SHORT else []
    for near in (element, *(inner for inner in inside if inner.tag == "a" or element.level)):
        if name := _id(near):
            return name
    for inner in inside:
        if inner.tag == "a" and (found := _PERMALINK.fullmatch(attribute(inner.node, "href"))):
            return unquote(found["id"])
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
    Return the entry's own page, "" if it has none: where its heading, its date or the box around it links to.

    Only an address below the changelog's own counts: headings also link to comparisons, tickets and articles.
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
