"""
Titles, dates and ages as people see them, on the page and in a terminal.

A title like `v2.1.88` or `2026-05-22` is clear on its vendor's page, but not in a list of many vendors. The allow-list
names the product (`product:`), and this name precedes such a title. The stored title stays the vendor's own.

A date is as precise as at its source. A moment is shown in the operator's time zone. A printed day, month or year stays the
same in every zone (CONTRACT §3, `INGEST_TIMEZONE`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Final

from ingest.model import Precision

LONGEST: Final = 60
"""Characters of the longest bare title. A date with its weekday and a version has fewer."""

_STAGES: Final = (
    "alpha|beta|rc|dev|pre|preview|prerelease|next|nightly|canary|edge|experimental|snapshot|insiders?|stable|lts|ga|final"
    "|hotfix|patch|post|build|release|rev|sp"
)
"""Suffixes of a version number (semver.org §9, PEP 440, and release pages)."""

_VERSION: Final = (
    r"v?+\d++(?:[._]\d++)*+"
    rf"(?>[-+._ ]?(?:{_STAGES})(?![a-z])(?:[-.]?\d++)*+|(?:a|b|c|rc)\d++|\+[\da-z.-]++|-\d++(?:\.\d++)*+)*+(?![a-z])"
)
_BUILD: Final = r"b\d{3,}+(?![a-z])"  # the builds of llama.cpp

_MONTHS: Final = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?"
    "|dec(?:ember)?"
    "|januar|februar|märz|mai|juni|juli|oktober|dezember"
    "|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre"
    "|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
)
_WEEKDAYS: Final = (
    "(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?|[月火水木金土日]曜日?|星期[一二三四五六日天]"
)
_DATE: Final = (
    rf"(?:{_MONTHS})\b\.?|(?:{_WEEKDAYS})\b\.?|\d{{1,2}}(?:st|nd|rd|th)\b|q[1-4]\b|of\b|de\b"
    r"|(?:令和|平成)?\s*(?:\d{1,4}|元)\s*[年月日년월일]"
    r"|\d{4}-\d\d-\d\d(?=t\d)|t?\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:z|[+-]\d\d:?\d\d)?\b|(?:utc|gmt|am|pm)\b"
)
"""The parts of dates on release pages."""

_LABELS: Final = (
    r"(?:version|ver|released?|updated?|build|patch|hotfix|tag|no|week|notes?|changelog|latest|stable|current)\b\.?"
    "|バージョン|版|リリース(?:ノート)?|更新(?:日|日志|履歴)?|アップデート|公開日?|版本|发布|發布|버전|릴리[스즈]|업데이트"
)
"""Labels of a number."""

_BETWEEN: Final = r"[\s,;:/|·•・()\[\]{}（）「」【】~〜#*_&.–—-]"

_BARE: Final = re.compile(rf"(?>{_BETWEEN}++|{_DATE}|{_LABELS}|{_VERSION}|{_BUILD})++", re.IGNORECASE)
"""All quantifiers are possessive, so that any title is read once from left to right."""

_DIGIT: Final = re.compile(r"\d")


def is_bare(title: str) -> bool:
    """Whether a title is only a version or a date, with or without a label."""
    text = unicodedata.normalize("NFKC", title).strip()
    return len(text) <= LONGEST and _DIGIT.search(text) is not None and _BARE.fullmatch(text) is not None


def shown_title(title: str, product: str) -> str:
    """
    Return the title as people see it.

    Args:
        title: The stored title.
        product: The product of the source by the allow-list, or "".
    """
    return f"{product} {title}" if product and is_bare(title) else title


# ── dates ───────────────────────────────────────────────────────────────────────────────────────────────────────

_FORMS: Final = {Precision.DAY: "%Y-%m-%d", Precision.MONTH: "%Y-%m", Precision.YEAR: "%Y"}

_HEADINGS: Final = {
    Precision.SECOND: "%A, {0.day} %B %Y",
    Precision.DAY: "%A, {0.day} %B %Y",
    Precision.MONTH: "%B %Y, day not given",
    Precision.YEAR: "%Y, day not given",
}


_RANKS: Final = {Precision.YEAR: 0, Precision.MONTH: 1, Precision.NONE: 2, Precision.DAY: 3, Precision.SECOND: 3}
"""The order within one calendar day. Precise dates come first, and a month or year stands at its first day."""


@dataclass(frozen=True, slots=True)
class When:
    """
    A date for people (`text`), for machines (`datetime`, a valid HTML date string) and as the heading of its day.

    `order` sorts headings by their first calendar day and their precision.
    """

    text: str
    datetime: str
    heading: str
    order: tuple[date, int]


def published(value: datetime | None, precision: Precision, seen_at: datetime, zone: tzinfo) -> When:
    """Return the time of publication. Without one, return the day of the first sight, marked as such."""
    if value is None or precision is Precision.NONE:
        seen = seen_at.astimezone(zone)
        heading = f"Undated, first seen on {_heading(seen)}"
        return When(f"seen {seen:%Y-%m-%d}", f"{seen:%Y-%m-%d}", heading, (seen.date(), _RANKS[Precision.NONE]))
    if precision is Precision.SECOND:
        there = value.astimezone(zone)
        order = (there.date(), _RANKS[precision])
        return When(f"{there:%Y-%m-%d %H:%M}", there.isoformat(timespec="seconds"), _heading(there), order)
    text = value.strftime(_FORMS[precision])
    return When(text, text, _heading(value, precision), (value.date(), _RANKS[precision]))


def moment(value: datetime, zone: tzinfo) -> When:
    """Return a time of our own clock."""
    return published(value, Precision.SECOND, value, zone)


def _heading(value: datetime, precision: Precision = Precision.SECOND) -> str:
    return value.strftime(_HEADINGS[precision].format(value))


def ago(value: datetime | None, now: datetime) -> str:
    """Return the distance of a time from now: `12 min ago`, `in 3 h`, or `never` for None."""
    if value is None:
        return "never"
    seconds = (now - value).total_seconds()
    if abs(seconds) < 60:  # noqa: PLR2004 - a minute
        return "just now" if seconds >= 0 else "now"
    size, unit = next((size, unit) for size, unit in ((86400, "d"), (3600, "h"), (60, "min")) if abs(seconds) >= size)
    span = f"{int(abs(seconds) // size)} {unit}"
    return f"{span} ago" if seconds > 0 else f"in {span}"
