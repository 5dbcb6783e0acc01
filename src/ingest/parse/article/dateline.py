"""
The visible dates of an article: those in `<time>` and in the text around the heading.

Only lines near the heading count, up to the first prose. A date must be the whole line, follow a label ("Published", 公開日),
or be set off from the rest ("News | May 21, 2026", "By Ada · May 21, 2026 · 5 min read"). Sentences, copyright lines, lists of
other articles, comments and events give no date. Three or more different dates without a label are a list and are ignored.
A time of day without a zone is dropped (`dates`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest import dates
from ingest.dates import clock, forms, labels, printed
from ingest.dates.parsing import parse_local
from ingest.model import NO_DATE, Dated, Evidence
from ingest.parse.markup.characters import names
from ingest.parse.markup.elements import ancestors
from ingest.parse.markup.webpage import UNSEEN, attribute

# ── where ───────────────────────────────────────────────────────────────────────────────────────────────────────

_LEVELS_BEFORE: Final = 3  # elements around the heading in which a date before it still belongs to it
_LEVELS_AFTER: Final = 6
_LINES_AFTER: Final = (
    16  # a tag list, buttons to share and an author's box stand between heading and date on recorded pages
)
_LINES_BEFORE: Final = 8
_PROSE: Final = 140  # characters of a line that is prose; the longest recorded byline has 67
_PROSE_EAST: Final = re.compile("[。！？].*[。！？]|^.{30,}。")
_NODE_LIMIT: Final = 5_000  # elements and texts that are looked at around the heading

_FRAME: Final = frozenset({"nav", "aside", "footer"})
_SKIPPED: Final = UNSEEN | _FRAME | {"form", "button", "dialog"}
_FOREIGN: Final = re.compile(
    r"(?:^|[\s_-])(?:related|recommend\w*|comments?|sidebar|ranking|popular|latest|recent|trending|carousel|newsletter|cookie\w*)"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
_INLINE: Final = names("a abbr b bdi bdo cite code em font i mark q s small span strong sub sup time u var wbr ruby")

# ── what ────────────────────────────────────────────────────────────────────────────────────────────────────────

_MARK: Final = "\ue000"  # stands for a `<time>` in a line; of the private use area, so taken out of the page's own text
_DATE: Final = re.compile("|".join((rf"{_MARK}(?P<time>\d+){_MARK}", *forms.FULL)), re.IGNORECASE)

# Stands for the border of an inline element that is called a date, so that no space need be there.
_EDGE: Final = "\ue001"
_IS_DATE: Final = re.compile(r"date|time|publi|posted", re.IGNORECASE)
_PRIVATE: Final = re.compile(f"[{_MARK}{_EDGE}]")

_BRACKETS: Final = " \t\u3000([（【［〔「" + _EDGE
_CLOSERS: Final = " \t\u3000)]）】］〕」" + _EDGE
_LABEL: Final = re.compile(labels.LABEL, re.IGNORECASE)
_LABEL_LAST: Final = re.compile(rf"(?:^|[|｜·•:：(（／/,、>»\u3000]) *{labels.LABEL}$", re.IGNORECASE)
_AFTERTHOUGHT: Final = re.compile(clock.AFTER, re.IGNORECASE)
_ENDS: Final = re.compile(
    rf"\s*(?:\.?$|{_EDGE}|読了|約?\d+\s*分|来源|來源|作者|\d+[ -]min|[|｜·•—–―/／>»\u3000]|-\s|\(|（|by\s)",
    re.IGNORECASE,
)
_SET_OFF: Final = re.compile(rf"(?:^|{_EDGE}|[|｜·•／>»\u3000]|\s[-–—―/])\s*$")
_CLOCK_BEFORE: Final = re.compile(
    clock.BEFORE,
    re.IGNORECASE,
)
_DATELINE: Final = re.compile(r"[A-Z][\w.,'’()/ -]{1,50}[,–—-]\s*")  # SAN FRANCISCO, May 21, 2026 —
_DASH: Final = re.compile(r"\s*(?:[-–—―]|/|\(|（)")
_NOT_OURS: Final = re.compile(
    r"©|\(c\)|copyright|all rights|\bevents?\b|\bdeadline|\bexpir|\bvalid\b|\buntil\b|\beffective\b|\bstarts?\b|\bends?\b"
    r"|\bregister\b|\bsunset|\bdeprecat|開催|締切|締め切り|有効|終了|期限|会期|申込|受付|予定|開始",
    re.IGNORECASE,
)
_LONGEST: Final = 100  # characters in front of a date or behind it

_CLASS_UPDATED: Final = re.compile(r"updat|modif|revis|edited", re.IGNORECASE)
_CLASS_PUBLISHED: Final = re.compile(r"publi|posted|pub-?date|entry-?date|post-?date", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class VisibleDates:
    """The dates near a heading, with the evidence for each."""

    published: Dated = NO_DATE
    published_by: Evidence | None = None
    modified: Dated = NO_DATE
    modified_by: Evidence | None = None


@dataclass(frozen=True, slots=True)
class _NearbyDate:
    """One date and its weight. `rank` counts lines from the heading, with the lines after it first."""

    date: Dated
    by: Evidence
    is_update: bool
    is_named: bool
    rank: int


@dataclass(frozen=True, slots=True)
class _DateRole:
    """Whether a date is the change of the page or its publication, by a label or by its place. `word` is a label after it."""

    is_update: bool = False
    is_named: bool = False
    word: str = ""


@dataclass(slots=True)
class _TextLine:
    """The text of one block. `<time>` elements are marks in it, numbered as in `times`."""

    text: str = ""
    times: list[LexborNode] = field(default_factory=list)


def around(heading: LexborNode | None) -> VisibleDates:
    """Return the dates near a heading."""
    if heading is None:
        return VisibleDates()
    before, after = _lines(heading)
    ranked = [*after, *reversed(before)]
    dates = [date for rank, line in enumerate(ranked) for date in _dates(line, rank)]
    published = [date for date in dates if not date.is_update]
    if len({date.date.value for date in published if not date.is_named}) > 2:  # noqa: PLR2004 the module says why
        published = [date for date in published if date.is_named]
    first = min(published, key=lambda date: (date.by is not Evidence.TIME, not date.is_named, date.rank), default=None)
    changed = min((date for date in dates if date.is_update), key=lambda date: date.rank, default=None)
    return VisibleDates(
        first.date if first else NO_DATE,
        first.by if first else None,
        changed.date if changed else NO_DATE,
        changed.by if changed else None,
    )


def marked(page: LexborHTMLParser, *, updated: bool) -> Dated:
    """
    Return the date of a `<time>` with `itemprop` or the old `pubdate`, anywhere on the page.

    Several different dates belong to a list of other articles, and none is used.
    """
    selector = "time[itemprop~=dateModified]" if updated else "time[itemprop~=datePublished], time[pubdate]"
    read = {_moment(node) for node in page.css(selector) if not is_foreign(node)}
    return read.pop() if len(read) == 1 else NO_DATE


def is_foreign(node: LexborNode) -> bool:
    """Whether an element is in a part of the page about other things: related articles, comments, the frame."""
    return any(above.tag in _FRAME or _is_called_foreign(above) for above in ancestors(node))


def _is_called_foreign(node: LexborNode) -> bool:
    return node.tag not in {"html", "body"} and _FOREIGN.search(_names_of(node)) is not None


def _names_of(node: LexborNode) -> str:
    return f"{attribute(node, 'class')} {attribute(node, 'id')}"


# ── lines around the heading ────────────────────────────────────────────────────────────────────────────────────


def _lines(heading: LexborNode) -> tuple[list[_TextLine], list[_TextLine]]:
    """Return the lines of an article before and after its heading."""
    above = [node for node in ancestors(heading) if node.tag not in {"html", "body"}]
    whole = next((i for i, node in enumerate(above) if node.tag in {"article", "main"}), len(above)) + 1
    near, far = min(_LEVELS_BEFORE, whole, len(above)), min(_LEVELS_AFTER, whole, len(above))
    if not above:
        return [], _collect(_following(heading), heading, set())
    kept = {node.mem_id for node in above}
    before = _collect([above[near - 1]], heading, kept, until=heading)[-_LINES_BEFORE:]
    return before, _collect([above[far - 1]], heading, kept)


def _following(heading: LexborNode) -> Iterator[LexborNode]:
    node = heading.next
    while node is not None:
        yield node
        node = node.next


def _collect(
    roots: Iterable[LexborNode], heading: LexborNode, kept: set[int], until: LexborNode | None = None
) -> list[_TextLine]:
    """
    Return lines in document order: those before `until`, else those after the heading, up to the first prose.

    `kept` are the ancestors of the heading. They are entered whatever their names.
    """
    lines = [_TextLine()]
    passed = until is not None or not kept
    for step, (node, opening) in enumerate(_steps(roots, kept, heading)):
        if step > _NODE_LIMIT:
            break
        if node.mem_id == heading.mem_id:
            if until is not None:
                break
            passed, lines = True, [_TextLine()]
        elif passed:
            _add(lines, node, opening=opening)
            if until is None and (len(lines) > _LINES_AFTER or (len(lines) > 1 and _is_prose(lines[-2].text))):
                break
    return [line for line in lines if line.text.strip()]


def _steps(roots: Iterable[LexborNode], kept: set[int], heading: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Yield each node of interest as it opens and each element again as it closes, without recursion."""
    for root in roots:
        node: LexborNode | None = root
        while node is not None:
            yield node, True
            child = node.first_child if _is_walked(node, kept, heading) else None
            if child is not None:
                node = child
                continue
            while node is not None:
                yield node, False
                if node.mem_id == root.mem_id:
                    node = None
                elif node.next is not None:
                    node = node.next
                    break
                else:
                    node = node.parent


def _is_walked(node: LexborNode, kept: set[int], heading: LexborNode) -> bool:
    if not node.is_element_node or node.tag == "time" or node.mem_id == heading.mem_id:
        return False
    if node.mem_id in kept:
        return True
    return node.tag not in _SKIPPED and node.tag != "article" and not _is_called_foreign(node)


def _add(lines: list[_TextLine], node: LexborNode, *, opening: bool) -> None:
    """Add a node to the current line, or begin another at the border of a block."""
    line = lines[-1]
    if node.is_text_node:
        line.text += _PRIVATE.sub("", node.text_content or "") if opening else ""
    elif node.tag == "time":
        if opening:
            line.text += f" {_MARK}{len(line.times)}{_MARK} "
            line.times.append(node)
    elif node.tag in _INLINE:
        line.text += _EDGE if _IS_DATE.search(attribute(node, "class")) else ""
    elif node.is_element_node and line.text.strip():
        lines.append(_TextLine())


def _is_prose(text: str) -> bool:
    written = " ".join(text.split())
    return len(written) >= _PROSE or _PROSE_EAST.search(written) is not None


# ── dates in a line ─────────────────────────────────────────────────────────────────────────────────────────────


def _dates(line: _TextLine, rank: int) -> Iterator[_NearbyDate]:
    """Yield the dates of a line that are not words of a sentence."""
    text = " ".join(line.text.split())
    start = 0
    for match in _DATE.finditer(text[: 2 * _PROSE]):
        front, behind, is_first = text[start : match.start()], text[match.end() :], start == 0
        start = match.end()
        number = int(match["time"] or -1)
        time = line.times[number] if 0 <= number < len(line.times) else None
        role = _role(front, behind, is_time=time is not None, is_first=is_first)
        if role and role.word:
            start = text.index(role.word, start) + len(role.word)
        if time is not None and (is_update := _marked_as(time)) is not None:
            role = _DateRole(is_update=is_update, is_named=True)
        date = _moment(time) if time is not None else dates.parse(match[0])
        if role and date.value is not None:
            by = Evidence.TEXT if time is None else Evidence.TIME
            yield _NearbyDate(date, by, role.is_update, role.is_named, rank)


def _marked_as(time: LexborNode) -> bool | None:
    """Whether a `<time>` is marked as the change of the page (True), as its publication (False), or not at all (None)."""
    labelled = printed.labelled(" ".join(time.text().split()))
    if (labelled.published is NO_DATE) is not (labelled.updated is NO_DATE):
        return labelled.published is NO_DATE
    item, names = attribute(time, "itemprop"), attribute(time, "class")
    if "dateModified" in item or (not item and _CLASS_UPDATED.search(names)):
        return True
    return False if "datePublished" in item or "pubdate" in time.attributes or _CLASS_PUBLISHED.search(names) else None


def _role(front: str, behind: str, *, is_time: bool, is_first: bool) -> _DateRole | None:
    """
    Return the role of a date from the words around it, and None for a word of a sentence.

    A second date in a line needs a label.
    """
    set_off = is_time or _SET_OFF.search(front)
    ends = is_time or _ENDS.match(behind) is not None
    front = _CLOCK_BEFORE.sub("", front.lstrip(_CLOSERS)).strip(_BRACKETS + _CLOSERS)
    behind = behind[afterthought.end() if (afterthought := _AFTERTHOUGHT.match(behind)) else 0 :].lstrip(_CLOSERS)
    set_off = set_off or not front or _SET_OFF.search(front)
    ends = bool(ends or _ENDS.match(behind)) or _begins_another(behind)
    if len(front) > _LONGEST or _NOT_OURS.search(front) or _NOT_OURS.search(behind[:_LONGEST]):
        return None
    label = _LABEL.fullmatch(front) or _LABEL_LAST.search(front)
    goes_on = behind.startswith("in ") or _DATE.match(behind) or _LABEL.match(behind) or labels.behind(behind, _DATE)
    if label and (ends or goes_on):
        return _DateRole(is_update=label["updated"] is not None, is_named=True)
    if set_off and (label := labels.behind(behind, _DATE)):
        return _DateRole(is_update=label["updated"] is not None, is_named=True, word=label[0])
    is_alone = set_off and ends and len(behind) <= _LONGEST
    is_dateline = _DATELINE.fullmatch(front) and _DASH.match(behind)
    return _DateRole() if is_first and (is_alone or is_dateline) else None


def _begins_another(text: str) -> bool:
    """Whether a text begins with the label of a following date."""
    label = _LABEL.match(text.lstrip())
    return label is not None and _DATE.match(text.lstrip(), label.end()) is not None


def _moment(time: LexborNode) -> Dated:
    """Return the date of a `<time>`: its `datetime`, else its text (HTML §4.5.14)."""
    written = attribute(time, "datetime")
    return parse_local(written) if written else printed.date_in(" ".join(time.text().split()))
