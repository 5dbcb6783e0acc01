"""A changelog read by the selectors of its stanza, and lists split by `item`."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborNode

from ingest import dates
from ingest.dates import partial
from ingest.dates.partial import PartialDate
from ingest.model import Dated, Precision
from ingest.parse.changelog import extents, structure
from ingest.parse.changelog.extents import Extent
from ingest.parse.changelog.outline import Element, Outline
from ingest.parse.changelog.sections import Section
from ingest.parse.changelog.structure import Contexts, Head
from ingest.parse.markup.elements import HtmlPage, text_of
from ingest.parse.markup.links import absolute
from ingest.parse.markup.selector import Selector, compile_selector
from ingest.text import MARKUP_LIMIT, clean_title

TITLE_OF_ITEM: Final = 200
"""Characters of an item's title, which is its first sentence. A longer sentence is cut at a word."""

_SENTENCE_END: Final = re.compile(r"[.!?…][\"'”’)\]]?(?=\s|$)|[。！？][」』）]?")


@dataclass(frozen=True, slots=True)
class Reader:
    """The context of a page: its elements, selectors, base, the address for anchors, and its front matter."""

    page: HtmlPage
    outline: Outline
    select: Mapping[str, str]
    base: str
    home: str
    front: Mapping[str, str] = field(default_factory=dict)

    def pick(self, name: str) -> Selector | None:
        """Return a selector of the stanza, and None without one."""
        return compile_selector(self.select[name]) if name in self.select else None

    def first(self, name: str, node: LexborNode, attribute: str = "") -> str:
        """Return the first text of a selector, and "" without one."""
        pick = self.pick(name)
        return pick.first(node, self.page, attribute=attribute) if pick else ""


def sections(reader: Reader) -> list[Section]:
    """Return the entries of a page, by the selectors of the stanza or by the page's structure."""
    heads = _selected(reader) if "entry" in reader.select else structure.heads(reader.outline)
    outer = {head.under.element.number: head.under.element for head in heads if head.under}
    starts = [
        extents.start(
            head.element,
            head.mark.element if head.mark and "entry" not in reader.select else None,
            is_line=head.is_line,
        )
        for head in heads
    ]
    fences = list(outer.values())
    if starts and all(start.element.level for start in starts):
        level = max(start.element.level for start in starts)
        fences += [element for element in reader.outline.headings() if element.level <= level]
    places = extents.extents(reader.outline, starts, fences)
    if not heads and (day := partial.find(reader.front.get("date", ""))):
        root = reader.outline.elements[0]
        heads = [Head(root, 7, reader.front.get("title") or day.raw, day)]
        places = [Extent(extents.start(root), (), 0, root.last + 1, root)]
    items = _items(reader) if "item" in reader.select else []
    numbers = [item.number for item in items]
    listed: list[Section] = []
    for head, place in zip(heads, places, strict=True):
        section = _section(reader, head, place)
        own = items[bisect_left(numbers, place.element.number + 1) : bisect_left(numbers, place.stop)]
        stops = [*(item.number for item in own[1:]), place.stop]
        listed += [_item(reader, item, stop, section) for item, stop in zip(own, stops, strict=False)] or [section]
    return listed


# ── entries ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _selected(reader: Reader) -> list[Head]:
    """Return the elements of `entry` as heads, without those inside another."""
    selected: list[Head] = []
    contexts = _contexts(reader)
    last = -1
    for node in reader.page.matches(reader.select["entry"])[1]:
        element = reader.outline.find(node)
        if element is None or element.number <= last:
            continue
        last = element.last
        day, exact = _date(reader, node, element)
        title = reader.first("title", node) if "title" in reader.select else _heading_text(reader, element)
        if (day_of_title := partial.find(title)) and day_of_title.whole and day_of_title.changed:
            continue  # "Last updated May 21, 2026" below the last entry
        if day is not None and day.year is None:
            day = day.within(_year(reader, node) or contexts.year(element.number, element.level or 7))
        head = Head(element, element.level or 7, title, day)
        head.mark = structure.Mark(element, day, exact) if exact and day else None
        selected.append(head)
    return selected


def _contexts(reader: Reader) -> Contexts:
    headings = [structure.head(element, reader.outline) for element in reader.outline.headings()]
    return Contexts(headings, [])


def _year(reader: Reader, node: LexborNode) -> int | None:
    day = partial.find(reader.first("year", node))
    return day.year if day else None


def _date(reader: Reader, node: LexborNode, element: Element) -> tuple[PartialDate | None, Dated | None]:
    """
    Return the printed date of an entry, and its time stamp.

    The visible date comes first. The element's `datetime` completes it.
    """
    pick = reader.pick("date")
    if pick is None:
        head = structure.head(element, reader.outline)
        if head.day is not None or element.level:
            return head.day, None
        pick = _TIME
    shown = pick.all(node, reader.page)
    stated = [dates.parse(text) for text in pick.all(node, reader.page, attribute="datetime")]
    exact = next((date for date in stated if date.value is not None), None)
    day = next((day for text in shown if (day := partial.find(text))), None)
    if day is None:
        precise = exact if exact and exact.precision is Precision.SECOND and exact.raw in shown else None
        return (partial.of(exact) if exact else None), precise
    return (day.within(exact.value.year) if exact and exact.value else day), None


_TIME: Final = compile_selector("time")


def _heading_text(reader: Reader, element: Element) -> str:
    """Return the entry's heading: itself, the first one inside, else its first line."""
    if element.level:
        return structure.title_of(element, reader.outline)
    for inner in reader.outline.inside(element):
        if inner.level and (text := structure.title_of(inner, reader.outline)):
            return text
    return next(iter(reader.outline.lines(element)), "")


def _section(reader: Reader, head: Head, place: Extent) -> Section:
    element, outline = head.element, reader.outline
    day = head.day if head.day and not head.day.loose else None
    exact = head.mark.exact if head.mark else None
    day = day or (head.mark.day if head.mark else None) or (head.under.day if head.under else None) or head.day
    anchor, link = _own_place(reader, element, place)
    fallback = ""
    if head.under is not None:
        above = head.under.element
        fallback = extents.anchor_of(Extent(extents.start(above), (), above.number, place.first, above), outline)
    title = head.text if "entry" in reader.select or head.level > 6 else structure.title_of(element, outline)  # noqa: PLR2004 h6
    return Section(
        title=title,
        day=day,
        exact=exact,
        anchor=anchor,
        link=link,
        fallback=fallback,
        summary=reader.first("summary", element.node) or _body(reader, head, place),
        categories=_categories(reader, element.node),
    )


def _own_place(reader: Reader, element: Element, place: Extent) -> tuple[str, str]:
    """Return an entry's anchor and page, by picks where the stanza has them."""
    if "anchor" in reader.select:
        anchor = reader.first("anchor", element.node, "id").rpartition("#")[2]
    else:
        anchor = extents.anchor_of(place, reader.outline)
    if "link" in reader.select:
        written = reader.first("link", element.node, "href")
        return anchor, absolute(written, reader.base) if written else ""
    return anchor, extents.link_of(place, reader.outline, reader.base, reader.home)


def _categories(reader: Reader, node: LexborNode) -> tuple[str, ...]:
    pick = reader.pick("category")
    return tuple(dict.fromkeys(pick.all(node, reader.page))) if pick else ()


def _body(reader: Reader, head: Head, place: Extent) -> str:
    """Return the markup after an entry's heading and date."""
    element, outline = head.element, reader.outline
    if place.start.is_line:
        mark = head.mark.element if head.mark and head.mark.element.number > element.last else element
        return outline.markup(mark if mark.last < place.stop else element, place.stop, place.frame, MARKUP_LIMIT)
    inner = next((inner for inner in outline.inside(element) if inner.level), None)
    if inner is None or text_of(inner.node) != head.text:
        return (element.node.html or "")[:MARKUP_LIMIT]
    return outline.markup(inner, place.stop, element, MARKUP_LIMIT)


# ── items ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _items(reader: Reader) -> list[Element]:
    """Return the elements of `item`, without those inside another."""
    items: list[Element] = []
    for node in reader.page.matches(reader.select["item"])[1]:
        element = reader.outline.find(node)
        if element is not None and (not items or element.number > items[-1].last):
            items.append(element)
    return items


def _item(reader: Reader, item: Element, stop: int, section: Section) -> Section:
    """Return an item as an entry with its section's date, and with its own anchor or the section's."""
    place = Extent(extents.start(item), (), item.number, item.last + 1, item)
    anchor = extents.anchor_of(place, reader.outline)
    title = (reader.first("title", item.node) if "title" in reader.select else "") or item_title(reader, item)
    day, exact = section.day, section.exact
    if own := partial.find(reader.first("date", item.node)):
        day, exact = own.within(section.day.year if section.day else None), None
    return Section(
        title=title,
        day=day,
        exact=exact,
        anchor=anchor if anchor != section.anchor else "",
        link="",
        fallback=section.anchor or section.fallback,
        summary=_under(reader, item, stop) if item.level else (item.node.html or "")[:MARKUP_LIMIT],
        categories=_categories(reader, item.node) or section.categories,
    )


def _under(reader: Reader, heading: Element, stop: int) -> str:
    return reader.outline.markup(heading, stop, reader.outline.elements[0], MARKUP_LIMIT)


def item_title(reader: Reader, item: Element) -> str:
    """Return an item's heading, else the first sentence of its first line."""
    if item.level:
        return structure.title_of(item, reader.outline)
    heading = next((inner for inner in reader.outline.inside(item) if inner.level), None)
    if heading is not None:
        return text_of(heading.node)
    return first_sentence(next(iter(reader.outline.lines(item)), ""))


def first_sentence(line: str) -> str:
    """Return the first sentence of a line, within `TITLE_OF_ITEM`."""
    end = _SENTENCE_END.search(line, 0, TITLE_OF_ITEM)
    return line[: end.end()] if end else clean_title(line, "text") if len(line) <= TITLE_OF_ITEM else _cut(line)


def _cut(line: str) -> str:
    return line[: line.rfind(" ", TITLE_OF_ITEM // 2, TITLE_OF_ITEM) % TITLE_OF_ITEM].rstrip(" ,;:") + "…"
