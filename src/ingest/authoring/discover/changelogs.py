"""
Selectors for a changelog without headings: boxes, rows of a list or folded sections, each with a date.

Small elements with a date are grouped by their names. An entry is the largest element around a date without a second date. It
is the date itself when its text follows in another element (`dt` and `dd`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from selectolax.lexbor import LexborNode

from ingest.authoring.discover import lists
from ingest.authoring.discover.groups import HEADING, Card, Group
from ingest.authoring.discover.lists import Draft
from ingest.authoring.discover.names import common, own_names, signature
from ingest.dates import partial
from ingest.model import Dated
from ingest.parse.changelog.outline import APART
from ingest.parse.markup.elements import HtmlPage, ancestors, text_of
from ingest.parse.markup.selector import compile_selector
from ingest.parse.markup.webpage import UNSEEN

GROUP_LIMIT: Final = 3
"""Groups of dates to get selectors, the largest first."""

_LEAST: Final = 3  # dates that make a changelog
_LONGEST: Final = 80  # characters of a line with a date
_MARKS: Final = 2_000  # elements with a date that are looked at
_CLIMB: Final = 6  # elements from a date up to its entry
_OUTER: Final = frozenset({"body", "main", "table", "tbody", "ul", "ol", "dl"})
_BEHIND: Final = ("following::dd", "following::td", "following::p", "following::li")
_TITLE_TAGS: Final = frozenset({"summary", "strong", "b", "dt", "dd"})
_WIDTH: Final = range(4, 161)  # characters of a title


def drafts(page: HtmlPage) -> list[Draft]:
    """Draft `select` of a changelog, with the most dates first."""
    return [draft for marks in _groups(page)[:GROUP_LIMIT] if (draft := _draft(marks, page)) is not None]


def _groups(page: HtmlPage) -> list[list[LexborNode]]:
    """
    Return the elements with a date in groups of equal names, the largest group first.

    Headings are left out, because a changelog without selectors is read by its headings.
    """
    groups: dict[tuple[str, ...], list[LexborNode]] = {}
    outside = page.ids(", ".join((*APART, HEADING)))
    for node in _dated(page.css("body *")):
        if outside.isdisjoint(outer.mem_id for outer in (node, *ancestors(node))):
            groups.setdefault(signature(node), []).append(node)
    return sorted((marks for marks in groups.values() if len(marks) >= _LEAST), key=len, reverse=True)


def _dated(nodes: Iterable[LexborNode]) -> Iterator[LexborNode]:
    """Yield the innermost elements of one line with a date at its beginning or end."""
    dated: list[LexborNode] = []
    for node in nodes:
        if len(dated) >= _MARKS:
            break
        text = node.text(deep=True) or "" if node.tag not in UNSEEN else ""
        if not 4 <= len(text) <= 2 * _LONGEST:  # noqa: PLR2004 the shortest date
            continue
        shown = text_of(node)
        day = partial.find(shown) if len(shown) <= _LONGEST else None
        if day and day.year and day.day and not day.loose and not day.changed:
            while dated and dated[-1].mem_id in {outer.mem_id for outer in ancestors(node)}:
                dated.pop()
            dated.append(node)
    yield from dated


def _draft(marks: list[LexborNode], page: HtmlPage) -> Draft | None:
    held: Counter[int] = Counter()
    for mark in marks:
        held.update(outer.mem_id for outer in ancestors(mark))
    boxes = [_box(mark, held) for mark in marks]
    if len({box.mem_id for box in boxes}) < len(boxes):
        return None
    cards = [
        Card(box, box, "", str(number), text_of(box), _date(mark))
        for number, (box, mark) in enumerate(zip(boxes, marks, strict=True))
    ]
    entry = lists.entry_name(Group(cards), page)
    if not entry:
        return None
    is_alone = boxes[0].mem_id == marks[0].mem_id
    date = "." if is_alone else _name(marks, boxes)
    is_headed = all(box.css_first(HEADING) for box in boxes)
    is_title = not is_headed and sum(_is_more(mark) for mark in marks) > len(marks) / 2
    title = "" if is_title else _behind(cards, page) if is_alone else _title(cards, page)
    picks = {"entry": entry, "title": date if is_title else title, "date": date}
    if not (is_title or title or is_headed):
        return None
    why = (f"{len(marks)} boxes of one make show a date each",)
    return Draft(tuple((name, pick) for name, pick in picks.items() if pick), 0.4, why)


def _date(mark: LexborNode) -> Dated:
    return partial.dated(partial.find(text_of(mark)))


def _is_more(mark: LexborNode) -> bool:
    """Whether a line has more than its date: "Version 2.3 - May 21, 2026"."""
    day = partial.find(text_of(mark))
    return day is not None and not day.whole


def _box(mark: LexborNode, held: Counter[int]) -> LexborNode:
    """Return the largest element around a date without another date of its group."""
    box = mark
    for outer in list(ancestors(mark))[:_CLIMB]:
        if held[outer.mem_id] > 1 or outer.tag in _OUTER:
            break
        box = outer
    return box


def _name(marks: list[LexborNode], boxes: list[LexborNode]) -> str:
    """Return the selector for the first date in each box."""
    names = common(own_names(mark) for mark in marks)
    for name in names:
        if all(
            (first := box.css_first(name)) and first.mem_id == mark.mem_id
            for box, mark in zip(boxes, marks, strict=True)
        ):
            return name
    return names[0] if names else "time"


def _behind(cards: list[Card], page: HtmlPage) -> str:
    """Return the selector for the text after dates in elements of their own."""
    return max(_BEHIND, key=lambda pick: _score(pick, cards, page))


def _title(cards: list[Card], page: HtmlPage) -> str:
    """Return the selector for the title in each box, and "" for the default, a heading."""
    if all(card.node.css_first(HEADING) for card in cards):
        return ""
    names = lists.names_of(cards, lambda node: bool(text_of(node)))
    names += [f". ~ {pattern}" for pattern in lists.LEADING]
    return max(dict.fromkeys(names), key=lambda pick: _score(pick, cards, page), default="")


def _score(pick: str, cards: list[Card], page: HtmlPage) -> float:
    """Say how much the texts of a pick are like titles: there, each another, of one line, no dates, called so."""
    compiled = compile_selector(pick)
    texts = [compiled.first(card.node, page) for card in cards]
    filled = [text for text in texts if text]
    if not filled:
        return 0.0
    fitting = sum(len(text) in _WIDTH for text in filled) / len(cards)
    days = [day for text in filled if (day := partial.find(text)) and day.day]
    dated = sum(1.0 if day.whole else 0.4 for day in days) / len(cards)
    called = "title" in pick.lower() or "head" in pick.lower()
    tag = pick.rpartition(" ")[2].rpartition("::")[2].split(".")[0].split("[")[0]
    return (
        3 * len(filled) / len(cards)
        + 1.5 * len(set(filled)) / len(cards)
        + 2 * fitting
        - 4 * dated
        + 0.8 * called
        + 0.5 * (tag in _TITLE_TAGS)
        - 0.002 * sum(map(len, filled)) / len(filled)
        - 0.004 * len(pick)
    )
