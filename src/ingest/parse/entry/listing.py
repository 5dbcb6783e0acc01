"""
Items of a list as entries. Several items for one page become one entry.

Lists render an item twice (mobile and desktop), nest links in links, which HTML separates, or link both the picture and the title.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ingest import urls
from ingest.model import NO_DATE, Dated, Entry, Precision, TextKind

_FINENESS: Final = (Precision.NONE, Precision.YEAR, Precision.MONTH, Precision.DAY, Precision.SECOND)

# What a link says that leads to a page without naming it.
_CALL: Final = re.compile(
    r"(?:(?:read|learn|see|view|show|find out|discover)(?: the)?(?: full)?(?: more| article| story| post| details| announcement"
    r"| press release| all)?(?: about it)?|more|details?|continue reading|full story|もっと(?:見る|読む|知る)|続き(?:を読む|はこちら)"
    r"|詳細(?:を見る|はこちら|)|詳しく(?:は|見る|はこちら|)|一覧(?:を見る|へ|)|こちら|查看(?:更多|详情|全部)|了解更多|阅读(?:更多|全文)|자세히(?: 보기)?|더 ?보기)"
    r"[\s.…→›»>↗＞]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ListItem:
    """One item of a list. `title` and `summary` may be empty, and `link` is absolute or ""."""

    link: str
    title: str
    title_type: TextKind = "text"
    entry_id: str = ""
    published: Dated = NO_DATE
    updated: Dated = NO_DATE
    summary: str = ""
    summary_type: TextKind = "text"
    categories: tuple[str, ...] = ()
    lang: str | None = None


def is_call(title: str) -> bool:
    """Whether a text invites to read on, without a title (`Read more`, 続きを読む)."""
    return _CALL.fullmatch(title.strip()) is not None


def entries(cards: Iterable[ListItem], own_address: str) -> list[Entry]:
    """
    Return one entry for each page of a list, in the order of first mention.

    Args:
        cards: The items as read.
        own_address: The address of the list itself, which is not an entry.
    """
    own = urls.page_key_of(own_address)
    merged: dict[str, ListItem] = {}
    for number, card in enumerate(cards):
        key = card.entry_id or (
            urls.page_key_of(card.link) if card.link else f"title:{card.title}" if card.title else ""
        )
        if not key or key == own:
            continue
        merged[key] = _joined(merged[key], card) if key in merged else replace(card, title=_title(card.title))
        del number
    return [_entry(card, position) for position, card in enumerate(merged.values())]


def _title(title: str) -> str:
    return "" if is_call(title) else title


def _joined(first: ListItem, other: ListItem) -> ListItem:
    """Combine two items for one page: the first value of each field, and the finer date."""
    is_titled = bool(first.title)
    return replace(
        first,
        title=first.title or _title(other.title),
        title_type=first.title_type if is_titled else other.title_type,
        published=_finer(first.published, other.published),
        updated=_finer(first.updated, other.updated),
        summary=first.summary or other.summary,
        summary_type=first.summary_type if first.summary else other.summary_type,
        categories=first.categories or other.categories,
        lang=first.lang or other.lang,
    )


def _finer(first: Dated, other: Dated) -> Dated:
    if first.value is None:
        return other if other.value is not None or first is NO_DATE else first
    return other if _FINENESS.index(other.precision) > _FINENESS.index(first.precision) else first


def _entry(card: ListItem, position: int) -> Entry:
    return Entry(
        position=position,
        entry_id=card.entry_id or None,
        link=card.link or None,
        title=card.title,
        title_type=card.title_type,
        summary=card.summary,
        summary_type=card.summary_type,
        published=card.published,
        updated=card.updated,
        lang=card.lang,
        categories=card.categories,
    )
