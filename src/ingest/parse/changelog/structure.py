"""
A changelog read by its own structure: the headings that are entries, and the date of each.

The first of these rules with a result counts:

1. Mintlify's updates: each box with a label is an entry.
2. The level of headings with the most dates or versions. A date may be in the heading ("v2.1.144 - May 21, 2026"), or be a line
   just before or after it. Below a heading that is only a date, each deeper heading is an entry of that date, unless all of
   them only sort ("Added", "Bug fixes"). A date with nothing but text below is one entry, titled by the date as written.
   Lists are not split without `item` in the stanza.
3. Lines that are only a date, if headings have no dates or only months.
4. Rows of a table with a date in one cell.

Menus, quotations, code and hidden elements are skipped.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from ingest import dates
from ingest.dates import partial
from ingest.dates.partial import PartialDate
from ingest.model import Dated
from ingest.parse.changelog.outline import Element, Outline
from ingest.parse.changelog.sections import VERSION, is_release
from ingest.parse.markup.elements import text_of
from ingest.parse.markup.webpage import attribute

_LONGEST_MARK: Final = 80
"""Characters of a line that is only a date. `Thursday, 21 September 2026 10:00:00 GMT+0900 (Japan Standard Time)` has 67."""

_GAP: Final = 60
"""Characters between a heading and its date: a tag, an author."""

_SORTING: Final = re.compile(
    r"(?:\W|(?:what(?:'|’)?s |new |other |minor |major |breaking |known |notable |general |bug |full |api |sdk |security |key |all )*"
    r"(?:new|added|additions?|changed|changes?|changelog|fixed|fix(?:es)?|bug ?fix(?:es)?|bugs|deprecated|deprecations?|removed|removals?"
    r"|security|features?|improved|improvements?|enhancements?|issues|updates?|misc(?:ellaneous)?|documentation|docs|performance"
    r"|chores?|highlights?|overview|summary|notes|contributors|what|why|other|others|general|internal|refactor(?:ing|s)?|tests?)"
    r"|追加|変更|変更点|修正|改善|新機能|機能追加|不具合修正|バグ修正|既知の問題|廃止|非推奨|削除|概要|その他|セキュリティ)+",
    re.IGNORECASE,
)
_MAJOR: Final = re.compile(r"(?:v|version |release )\d{1,4}(?:\b|$)", re.IGNORECASE)


@dataclass(slots=True)
class Mark:
    """A line that is only a date."""

    element: Element
    day: PartialDate
    exact: Dated | None = None


@dataclass(slots=True)
class Head:
    """
    A heading. `day` is its own date, `mark` the line with its date, `under` the date heading above it.

    `is_line` means that the content of the entry follows the element.
    """

    element: Element
    level: int
    text: str
    day: PartialDate | None = None
    version: bool = False
    mark: Mark | None = None
    under: Head | None = None
    is_line: bool = False

    @property
    def is_dated(self) -> bool:
        """Whether the heading has its own date, at least a month. A year alone does not count."""
        return self.mark is not None or (self.day is not None and self.day.month is not None)

    @property
    def is_date(self) -> bool:
        """Whether it is nothing but a date."""
        return self.day is not None and self.day.whole and self.mark is None


def heads(outline: Outline) -> list[Head]:
    """Return the entries of a page."""
    if updates := _updates(outline):
        return updates
    headings = [head(element, outline) for element in outline.headings()]
    marks, cells = _marks(outline)
    _give_marks(headings, marks, outline)
    chosen = _chosen(headings)
    dated = [mark for mark in marks if mark.day.day] or [mark for mark in marks if mark.day.month]
    is_of_months = all(head.is_date and head.day and head.day.day is None for head in chosen)
    if len(dated) > 1 and is_of_months and (not chosen or dated[0].day.day):
        chosen = [Head(mark.element, 7, mark.day.raw, mark.day, is_line=True) for mark in dated]
    if not chosen and len(cells) > 1:
        chosen = list(_rows(cells, outline))
    return _within_years(chosen, headings, marks)


# ── headings ────────────────────────────────────────────────────────────────────────────────────────────────────


def head(element: Element, outline: Outline) -> Head:
    """Return a heading with its text, date and version."""
    text = outline.text_of(element)
    day = _day_of(element, text, outline)
    return Head(element, element.level, text, None if day and day.changed else day, is_version(text))


def is_version(text: str) -> bool:
    """Whether a heading is called by a version: "0.8 – Agent hooks", "Kiro 0.8" and "v5" are, "Gemini 3.5 Flash" is not."""
    if (version := VERSION.search(text)) is None:
        return bool(_MAJOR.fullmatch(text.partition(" - ")[0].strip(" []")))
    ends = len(text) <= _LONGEST_MARK and not text[version.end() :].strip(" )]")
    return is_release(text, version) or ends


def _day_of(element: Element, text: str, outline: Outline) -> PartialDate | None:
    """Return a heading's own date: as printed, or as its `time` states it where less is printed."""
    day = partial.find(text)
    if day is not None and day.year:
        return day
    stated = (attribute(inner.node, "datetime") for inner in outline.inside(element) if inner.tag == "time")
    exact = next((read for written in stated if (read := partial.of(dates.parse(written)))), None)
    if day is None:
        return replace(exact, whole=False) if exact else None
    return day.within(exact.year) if exact else day


def _updates(outline: Outline) -> list[Head]:
    """Return Mintlify's updates, as a page or as MDX has them."""
    updates: list[Head] = []
    for element in outline.elements:
        if (
            (updates and element.number <= updates[-1].element.last)
            or element.apart
            or "update" not in attribute(element.node, "class").split()
        ):
            continue
        label, description = (attribute(element.node, f"data-{name}") for name in ("label", "description"))
        parts = {attribute(inner.node, "data-component-part"): inner for inner in outline.inside(element)}
        if part := parts.get("update-label"):
            label = outline.text_of(part)
        if part := parts.get("update-description"):
            description = outline.text_of(part)
        if not label:
            continue
        inner = [outline.text_of(heading) for heading in outline.inside(element) if heading.level]
        days = [day for text in (label, description) if (day := partial.find(text))]
        texts = (
            label,
            "" if is_version(description) else description,
            *(inner if len(inner) == 1 else ()),
            description,
        )
        named = [text for text in texts if text and not _is_date(text)]
        updates.append(Head(element, 7, named[0] if named else label, days[0] if days else None, is_version(label)))
    return updates


def _is_date(text: str) -> bool:
    return (day := partial.find(text)) is not None and day.whole


def _chosen(headings: list[Head]) -> list[Head]:
    """Return the headings that are entries, by the rules of the module."""
    counts = Counter(head.level for head in headings if head.is_dated or head.version)
    if not counts:
        return []
    level = max(counts, key=lambda level: (counts[level], -level))
    of_level = [head for head in headings if head.level == level and (head.is_dated or head.version)]
    outer = [head.level for head in headings if head.is_date and head.is_dated and head.level < level]
    if outer and 2 * sum(head.is_dated for head in of_level) <= len(of_level):
        level = max(outer)
        of_level = [head for head in headings if head.level == level and (head.is_dated or head.version)]
    return [head for section in of_level for head in _split(section, headings)]


def _split(section: Head, headings: list[Head]) -> list[Head]:
    """Return the headings under a date as entries of that date, unless they only sort."""
    if not section.is_date:
        return [section]
    start = bisect_left(headings, section.element.number + 1, key=lambda head: head.element.number)
    deeper = []
    for head in headings[start:]:
        if head.level <= section.level:
            break
        deeper.append(head)
    level = min((head.level for head in deeper), default=0)
    titled = [head for head in deeper if head.level == level and not _SORTING.fullmatch(head.text)]
    for head in titled:
        head.under = section
    return titled or [section]


# ── dates beside headings ───────────────────────────────────────────────────────────────────────────────────────


def _marks(outline: Outline) -> tuple[list[Mark], list[Mark]]:
    """Return the lines that are only a date, and separately those in cells of tables."""
    targets = {attribute(element.node, "id"): element for element in outline.elements}
    lines: list[Mark] = []
    cells: list[Mark] = []
    skipped = tables = -1
    for element in outline.elements:
        if element.tag == "table":
            tables = max(tables, element.last)
        if element.level:
            skipped = max(skipped, element.last)
        if element.number <= skipped or element.apart:
            continue
        mark = _mark(element, outline)
        if mark is None or _leads_elsewhere(element, outline, targets):
            continue
        skipped = element.last
        (cells if element.number <= tables else lines).append(mark)
    return lines, cells


def _mark(element: Element, outline: Outline) -> Mark | None:
    if element.tag == "time":
        day = partial.find(outline.text_of(element))
        exact = dates.parse(attribute(element.node, "datetime"))
        if day is None or not day.whole:
            day = partial.of(exact)
        elif exact.value is not None:
            day = day.within(exact.value.year)
        return Mark(element, replace(day, whole=True)) if day else None
    if element.tag == "p":  # Markdown without a blank line: the date is the first or last line of a paragraph
        lines = outline.lines(element, written=True)
        ends = [line for line in (lines[-1:] + lines[:1]) if len(line) <= _LONGEST_MARK]
    else:
        ends = [outline.text_of(element)] if element.end - element.start <= 2 * _LONGEST_MARK else []
    for text in ends:
        day = partial.find(text) if len(text) <= _LONGEST_MARK else None
        if day and day.whole and not day.changed and not any(inner.level for inner in outline.inside(element)):
            return Mark(element, day)
    return None


def _leads_elsewhere(element: Element, outline: Outline, targets: dict[str, Element]) -> bool:
    """Whether a date is in a table of contents: a link to an element further down."""
    around = [element, *outline.inside(element), *list(outline.above(element))[:2]]
    links = [attribute(near.node, "href") for near in around if near.tag == "a"]
    linked = [targets[link[1:]] for link in links if link.startswith("#") and link[1:] in targets]
    return any(target.number > element.last for target in linked)


def _give_marks(headings: list[Head], marks: list[Mark], outline: Outline) -> None:
    """Assign dates to headings, from the line before or after, whichever is usual for their level."""
    tokens: list[Head | Mark] = sorted([*headings, *marks], key=lambda token: token.element.number)
    before: dict[int, list[tuple[Head, Mark]]] = {}
    behind: dict[int, list[tuple[Head, Mark]]] = {}
    for one, two in pairwise(tokens):
        if isinstance(one, Mark) == isinstance(two, Mark):
            continue
        if len(outline.text(one.element.end, two.element.start)) > _GAP:
            continue
        head, mark, sides = (two, one, before) if isinstance(one, Mark) else (one, two, behind)
        assert isinstance(head, Head)
        assert isinstance(mark, Mark)
        if (head.day is None or head.day.loose or head.day.year is None) and not head.is_date:
            sides.setdefault(head.level, []).append((head, mark))
    for level in before.keys() | behind.keys():
        pairs = max(before.get(level, []), behind.get(level, []), key=len)
        for head, mark in pairs:
            head.mark = mark


def _rows(cells: list[Mark], outline: Outline) -> Iterator[Head]:
    """Yield the rows of tables with a date in one cell. The first other cell is the title."""
    last = -1
    for mark in cells:
        row = next((above for above in outline.above(mark.element) if above.tag == "tr"), None)
        if row is None or mark.element.number <= last:
            continue
        last = row.last
        others = [cell for cell in outline.inside(row) if cell.tag in {"td", "th"} and cell.parent == row.number]
        titles = [text for cell in others if (text := outline.text_of(cell)) and not _is_date(text)]
        if titles:
            yield Head(row, 7, titles[0], mark.day, mark=mark)


# ── years ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _within_years(chosen: list[Head], headings: Sequence[Head], marks: Sequence[Mark]) -> list[Head]:
    """Complete days without a year from the date heading above them."""
    contexts = Contexts(headings, marks)
    for head in chosen:
        for holder in (head, head.mark, head.under):
            if holder is not None and holder.day is not None:
                holder.day = holder.day.within(contexts.year(head.element.number, head.level))
    return chosen


class Contexts:
    """The headings and lines of a page that provide the year for text below them."""

    def __init__(self, headings: Sequence[Head], marks: Sequence[Mark]) -> None:
        tokens = [(head.element.number, head.level, head.day) for head in headings if head.is_date]
        tokens += [(mark.element.number, 7, mark.day) for mark in marks]
        dated = sorted((number, level, day) for number, level, day in tokens if day and day.year)
        self._levels: dict[int, tuple[list[int], list[int]]] = {}
        for number, level, day in dated:
            # A year or month heads what follows whatever its level; a full date only what is deeper.
            numbers, years = self._levels.setdefault(0 if day.day is None else level, ([], []))
            numbers.append(number)
            years.append(day.year or 0)

    def year(self, number: int, level: int) -> int | None:
        """Return the year for an element of a level, and None without a heading above."""
        nearest = [
            (numbers[index - 1], years[index - 1])
            for outer, (numbers, years) in self._levels.items()
            if outer < level and (index := bisect_left(numbers, number))
        ]
        return max(nearest)[1] if nearest else None


def title_of(element: Element, outline: Outline) -> str:
    """Return the visible text of a heading, without an inner element that is only a date."""
    whole = text_of(element.node)
    for inner in outline.inside(element):
        text = text_of(inner.node) if inner.end - inner.start <= _LONGEST_MARK else ""
        if text and text != whole and _is_date(text) and (rest := _cut(whole, text)):
            return rest
    return whole


def _cut(whole: str, part: str) -> str:
    before, _, after = whole.partition(part)
    rest = f"{before.rstrip()} {after.lstrip()}".strip(" -–—|·•:,()[]")
    return rest if any(char.isalnum() for char in rest) else ""
