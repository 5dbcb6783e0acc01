"""
What a changelog's sections become: entries with a link, an identity and the text that stands under each.

Identity, the first that there is: the anchor; the page of its own; the date with the title, of which the version alone
counts where it has one. So an entry stays itself when its date is corrected (anchor, page, version) and whatever is
edited above and below. Several without anchor under one date and title are told apart by their number from the top.

A year that only the neighbours prove is not part of it: neighbours go.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Final

from ingest.model import Dated, Entry, Unreadable
from ingest.parse.changelog import days
from ingest.parse.changelog.days import Day
from ingest.parse.fields import ENTRY_LIMIT
from ingest.text import MARKUP_LIMIT

VERSION: Final = re.compile(
    r"(?<![\w.])(?:v|version |release |r)?(?P<number>\d{1,4}(?:\.\d{1,6}){1,4}(?:[-+.]?(?:alpha|beta|rc|pre|preview|dev|nightly|a|b|post)"
    r"[\w.-]*)?)(?![\w.]*\d)",
    re.IGNORECASE,
)
"""A version number, as releases are called."""


@dataclass(slots=True)
class Section:
    """
    One entry before it has its identity.

    `day` is what is printed, `exact` a date that needs no more reading (a time stamp); `anchor` and `link` are the entry's
    own, `fallback` is an anchor that it shares with others of its date.
    """

    title: str
    day: Day | None = None
    exact: Dated | None = None
    anchor: str = ""
    link: str = ""
    fallback: str = ""
    summary: str = ""
    categories: tuple[str, ...] = field(default=())


def entries(sections: Sequence[Section], page: str, lang: str | None) -> tuple[list[Entry], list[Unreadable]]:
    """
    Return the entries of a page.

    Args:
        sections: In the order of the page.
        page: The address that anchors are added to.
        lang: Of the page.
    """
    once = _once(sections)
    keys = Counter[str]()
    made: list[Entry] = []
    for position, (section, dated) in enumerate(zip(once, _with_years(once), strict=True)):
        if position >= ENTRY_LIMIT:
            left = f"{len(once) - ENTRY_LIMIT} entries after the first {ENTRY_LIMIT}"
            return made, [Unreadable(position, "too-many", left)]
        key = _key(section)
        keys[key] += 1
        anchor = section.anchor or section.fallback
        made.append(
            Entry(
                position=position,
                entry_id=(key if keys[key] == 1 else f"{key}/{keys[key]}") or None,
                link=section.link or (f"{page.partition('#')[0]}#{anchor}" if anchor else page),
                title=section.title,
                summary=section.summary[:MARKUP_LIMIT],
                summary_type="text",
                published=dated,
                lang=lang,
                categories=section.categories,
            )
        )
    return made, []


def _once(sections: Iterable[Section]) -> list[Section]:
    """Leave out what is rendered a second time: the same anchor or page, or the same text, under one title and date."""
    seen: dict[tuple[str, ...], Section] = {}
    for section in sections:
        own = section.anchor or section.link or " ".join(section.summary.split())
        seen.setdefault((section.title, section.day.printed if section.day else "", own), section)
    return list(seen.values())


def _key(section: Section) -> str:
    if section.anchor:
        return f"#{section.anchor}"
    if section.link:
        return section.link
    title = " ".join(unicodedata.normalize("NFKC", section.title).casefold().split())
    if version := VERSION.search(title):
        return f"{title[: version.start()]}{version['number']}"
    if section.day is None:
        return title
    printed = section.exact.value.date().isoformat() if section.exact and section.exact.value else section.day.printed
    of_title = days.find(section.title)
    return printed if of_title and of_title.whole else f"{printed} {title}"


# ── years ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _with_years(sections: Sequence[Section]) -> list[Dated]:
    """
    Return the sections' dates; a day without a year gets it from its neighbours, where they leave only one.

    A changelog is in the order of time, one way or the other: between 3 June 2026 and 30 April 2026, "May 21" is of 2026.
    With a full date on one side only, it is the nearest such day in that direction.
    """
    known = [(index, full) for index, section in enumerate(sections) if (full := _full(section)) is not None]
    places = [index for index, _ in known]
    is_rising = sum(a < b for (_, a), (_, b) in _pairs(known)) > sum(a > b for (_, a), (_, b) in _pairs(known))
    made = []
    for index, section in enumerate(sections):
        if section.exact is not None:
            made.append(section.exact)
            continue
        day = section.day
        if day is not None and day.year is None and day.day and known:
            after = bisect_right(places, index)
            older, newer = known[after][1] if after < len(known) else None, known[after - 1][1] if after else None
            bounds = (newer, older) if is_rising else (older, newer)
            day = day.within(_year_between(day, *bounds))
        made.append(days.dated(day))
    return made


def _pairs(known: Sequence[tuple[int, date]]) -> Iterable[tuple[tuple[int, date], tuple[int, date]]]:
    return pairwise(known)


def _full(section: Section) -> date | None:
    if section.exact is not None:
        return section.exact.value.date() if section.exact.value else None
    dated = days.dated(section.day) if section.day and section.day.day and section.day.year else None
    return dated.value.date() if dated and dated.value else None


def _year_between(day: Day, older: date | None, newer: date | None) -> int | None:
    """Return the year in which a day lies between two dates, None where there is none or more than one."""
    around = {bound.year + step for bound in (older, newer) if bound for step in (-1, 0, 1)}
    years = [
        year
        for year in sorted(around)
        if (value := days.dated(replace(day, year=year)).value)
        and (older is None or older <= value.date())
        and (newer is None or value.date() <= newer)
    ]
    if older is not None and newer is not None:
        return years[0] if len(years) == 1 else None
    return (years[0] if older else years[-1]) if years else None
