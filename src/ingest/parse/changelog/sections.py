"""
Sections of a changelog as entries, with a link, an identity and the text under each.

The identity of an entry is the first of these: a chosen anchor, its own page, the version of a release, the date with the title.
In the first three cases an entry keeps its identity when its date is corrected. Edits above and below never matter. A generated
anchor lasts no longer than its title, and less if titles repeat: the second "Excel" of a page is `#excel-1` until a third appears
above. Such an anchor is only a link, or, if numbered, is replaced by the anchor of the entry's date. Several entries of one date
and title are numbered from the top.

A year inferred from neighbours is not part of an identity, because neighbours disappear.
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

from ingest.dates import partial
from ingest.dates.partial import PartialDate
from ingest.model import Dated, Entry, Unreadable
from ingest.parse.entry.fields import ENTRY_LIMIT
from ingest.text import MARKUP_LIMIT

VERSION: Final = re.compile(
    r"(?<![\w.])(?:v|version |release |r)?(?P<number>\d{1,4}(?:\.\d{1,6}){1,4}(?:[-+.]?(?:alpha|beta|rc|pre|preview|dev|nightly|a|b|post)"
    r"[\w.-]*)?)(?![\w.]*\d)",
    re.IGNORECASE,
)
"""A version number, as releases are called."""

_COUNTED: Final = re.compile(r"(?P<base>.+)[-_]\d{1,3}")
_NO_LETTER: Final = re.compile(r"[\W_]+")
_NAMED_BY_VERSION: Final = 80
"""Characters of a heading named by a version with three parts. A longer heading only mentions a version."""


def is_release(title: str, version: re.Match[str]) -> bool:
    """Whether a title names one release: it begins with the version, or the version has three parts."""
    begins = not title[: version.start()].strip(" [(v")
    return begins or (version["number"].count(".") > 1 and len(title) <= _NAMED_BY_VERSION)


@dataclass(slots=True)
class Section:
    """
    One entry before its identity is known.

    day: the printed date
    exact: a time stamp, complete in itself
    anchor, link: those of the entry itself
    fallback: an anchor shared with other entries of its date
    """

    title: str
    day: PartialDate | None = None
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
        sections: The sections in page order.
        page: The address for anchors.
        lang: The language of the page.
    """
    once = _once(sections)
    counted = _counted(once)
    keys = Counter[str]()
    listed: list[Entry] = []
    for position, (section, dated) in enumerate(zip(once, _with_years(once), strict=True)):
        if position >= ENTRY_LIMIT:
            left = f"{len(once) - ENTRY_LIMIT} entries after the first {ENTRY_LIMIT}"
            return listed, [Unreadable(position, "too-many", left)]
        key = _key(section)
        anchor = (
            section.fallback if section.anchor in counted and section.fallback else section.anchor or section.fallback
        )
        keys[key] += 1
        listed.append(
            Entry(
                position=position,
                entry_id=(key if keys[key] == 1 else f"{key}/{keys[key]}") or None,
                link=section.link or (f"{page.partition('#')[0]}#{anchor}" if anchor else page),
                title=section.title,
                summary=section.summary[:MARKUP_LIMIT],
                summary_type="html",
                published=dated,
                lang=lang,
                categories=section.categories,
            )
        )
    return listed, []


def _once(sections: Iterable[Section]) -> list[Section]:
    """Remove repetitions: the same anchor, page or text under one title and date."""
    seen: dict[tuple[str, ...], Section] = {}
    for section in sections:
        own = section.anchor or section.link or " ".join(section.summary.split())
        seen.setdefault((section.title, section.day.printed if section.day else "", own), section)
    return list(seen.values())


def _counted(sections: Iterable[Section]) -> set[str]:
    """Return the anchors that a generator numbered because of repeated titles, with the first of each."""
    suffixes = {section.anchor: suffix for section in sections if (suffix := _COUNTED.fullmatch(section.anchor))}
    of_title = [
        suffix
        for section in sections
        if (suffix := suffixes.get(section.anchor)) and _is_of(suffix["base"], section.title)
    ]
    return {suffix[0] for suffix in of_title} | {suffix["base"] for suffix in of_title}


def _is_of(anchor: str, title: str) -> bool:
    """Whether an anchor was made of a title: it has its letters and digits and no others."""
    return _NO_LETTER.sub("", _folded(anchor)) == _NO_LETTER.sub("", _folded(title))


def _is_made(section: Section) -> bool:
    suffix = _COUNTED.fullmatch(section.anchor)
    return _is_of(section.anchor, section.title) or (suffix is not None and _is_of(suffix["base"], section.title))


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _key(section: Section) -> str:
    if section.anchor and not _is_made(section):
        return f"#{section.anchor}"
    if section.link:
        return section.link
    title = _folded(section.title)
    if (version := VERSION.search(title)) and is_release(title, version):
        return f"{title[: version.start()].strip(' [(')} {version['number']}".strip()
    if section.day is None:
        return f"#{section.anchor}" if section.anchor else title
    printed = section.exact.value.date().isoformat() if section.exact and section.exact.value else section.day.printed
    of_title = partial.find(section.title)
    return printed if of_title and of_title.whole else f"{printed} {title}"


# ── years ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _with_years(sections: Sequence[Section]) -> list[Dated]:
    """
    Return the dates of sections. A day without a year gets the only year that fits between its neighbours.

    A changelog is ordered by time, in one direction: between 3 June 2026 and 30 April 2026, "May 21" is in 2026. With a full date on
    one side only, the nearest such day counts.
    """
    known = [(index, full) for index, section in enumerate(sections) if (full := _full(section)) is not None]
    places = [index for index, _ in known]
    is_rising = sum(a < b for (_, a), (_, b) in _pairs(known)) > sum(a > b for (_, a), (_, b) in _pairs(known))
    dated = []
    for index, section in enumerate(sections):
        if section.exact is not None:
            dated.append(section.exact)
            continue
        day = section.day
        if day is not None and day.year is None and day.day and known:
            after = bisect_right(places, index)
            older, newer = known[after][1] if after < len(known) else None, known[after - 1][1] if after else None
            bounds = (newer, older) if is_rising else (older, newer)
            day = day.within(_year_between(day, *bounds))
        dated.append(partial.dated(day))
    return dated


def _pairs(known: Sequence[tuple[int, date]]) -> Iterable[tuple[tuple[int, date], tuple[int, date]]]:
    return pairwise(known)


def _full(section: Section) -> date | None:
    if section.exact is not None:
        return section.exact.value.date() if section.exact.value else None
    dated = partial.dated(section.day) if section.day and section.day.day and section.day.year else None
    return dated.value.date() if dated and dated.value else None


def _year_between(day: PartialDate, older: date | None, newer: date | None) -> int | None:
    """Return the only year for a day between two dates, and None for several or none."""
    around = {bound.year + step for bound in (older, newer) if bound for step in (-1, 0, 1)}
    years = [
        year
        for year in sorted(around)
        if (value := partial.dated(replace(day, year=year)).value)
        and (older is None or older <= value.date())
        and (newer is None or value.date() <= newer)
    ]
    if older is not None and newer is not None:
        return years[0] if len(years) == 1 else None
    return (years[0] if older else years[-1]) if years else None
