"""
Dates as headings and badges print them: inside other words, without a year, as a month, a week or a range.

`parsing` reads a text that is a date. Here the date is part of a text, and its printed parts are kept apart. A day without a
year stays incomplete until a heading around it provides the year.

* A week or a range counts by its first day ("Week of May 18", "May 18–22, 2026", 5 月 18～22 日), the one always printed in full.
* A day with a year counts anywhere in a text. Without a year it must be set off from the rest ("v1.2 - May 21"). A month or
  year alone counts only as the whole text, because "may" is a word too, and 2026 a number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from ingest.dates.clock import AFTER, HALF
from ingest.dates.forms import ERA, MONTH_STARTS, NAME, counted, month_number, year_of
from ingest.dates.parsing import LONGEST, parse
from ingest.model import NO_DATE, Dated, Precision

TEXT_LIMIT: Final = 300
"""Characters of a text that are searched for a date. The longest recorded heading with one has 25."""

NO_YEAR: Final = "the page gives no year for it"
"""The reason for a day or month without a year."""

_NAME: Final = rf"(?<![a-z]){NAME}"
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?!\w|:\d)"
_UNTIL: Final = r"\s*(?:-|~|to|and|&)\s*"  # after `_folded`
_RANGE: Final = rf"(?:{_UNTIL}(?:[a-z]{{3,9}}\.?\s*)?\d{{1,2}}(?:st|nd|rd|th)?(?!\w|:\d))?"
_YEAR: Final = r"(?P<year>(?:19|20)\d{2})(?!\d)"
_FULL_UNTIL: Final = rf"(?:{_UNTIL}[a-z]{{3,9}}\.?\s*\d{{1,2}}\s*,?\s*\d{{4}}(?!\d))?"
_EAST_RANGE: Final = rf"(?:\s*日?{_UNTIL}(?:\d{{1,2}}\s*月\s*)?\d{{1,2}})?"
_EAST_DAY: Final = rf"(?P<month>\d{{1,2}})\s*[月월]\s*(?P<day>\d{{1,2}}){_EAST_RANGE}\s*[日号號일]"
_EAST_YEAR: Final = rf"(?:(?P<era>{ERA})\s*(?P<count>\d{{1,3}}|元)|(?<!\d){_YEAR})\s*[年년]"

_ANYWHERE: Final = tuple(
    re.compile(form)
    for form in (
        rf"{_NAME}\s*{_DAY}{_RANGE}\s*,?\s*{_YEAR}{_FULL_UNTIL}",
        rf"(?<![\w.])(?P<day>\d{{1,2}})\.?\s+{_NAME}{_UNTIL}\d{{1,2}}\.?\s+[a-z]{{3,9}}\.?,?\s+{_YEAR}",
        rf"(?<![\w.])(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.?{_RANGE}[\s-]*(?:of\s+)?{_NAME}[\s,-]*{_YEAR}",
        rf"(?<![\w./-]){_YEAR}(?P<sign>[-/.])(?P<month>\d{{1,2}})(?P=sign)(?P<day>\d{{1,2}})(?![\d./-]\d|\d)",
        r"(?<![\w./-])(?P<year>(?:19|20)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>[0-3]\d)(?![\w.-])",
        rf"{_EAST_YEAR}\s*{_EAST_DAY}",
        rf"(?<![a-z])(?P<era>{ERA})\s*(?P<count>\d{{1,2}})(?P<sign>[-/.])(?P<month>\d{{1,2}})(?P=sign)(?P<day>\d{{1,2}})(?![\d./-])",
        rf"{_EAST_YEAR}\s*(?P<month>\d{{1,2}})\s*[月월](?!\s*\d)",
        # 21/05/2026 and 05/21/2026; where half of the world would read the other day, neither form fits.
        rf"(?<![\w./-])(?P<day>1[3-9]|2\d|3[01])(?P<sign>[/.-])(?P<month>0?[1-9]|1[0-2])(?P=sign){_YEAR}(?![\w./-])",
        rf"(?<![\w./-])(?P<month>0?[1-9]|1[0-2])(?P<sign>[/.-])(?P<day>1[3-9]|2\d|3[01])(?P=sign){_YEAR}(?![\w./-])",
    )
)
_SET_OFF: Final = tuple(
    re.compile(form)
    for form in (
        rf"{_NAME}\s*{_DAY}{_RANGE}",
        rf"(?<![\w.])(?P<day>\d{{1,2}})(?:st|nd|rd|th)?{_RANGE}\s+(?:of\s+)?{_NAME}",
        rf"(?<!\d){_EAST_DAY}",
        rf"{_NAME}\s*,?\s*{_YEAR}",
        rf"(?<![\w./-]){_YEAR}[-/.](?P<month>0[1-9]|1[0-2])(?![\w./-])",
    )
)
_ALONE: Final = tuple(
    re.compile(form)
    for form in (r"(?<!\d)(?P<month>\d{1,2})\s*月", _NAME, _EAST_YEAR, rf"(?<![\w./-]){_YEAR}(?![\w./-])")
)

# What may stand beside a date without making the text more than one.
_BESIDE: Final = re.compile(
    r"\b(?:week|weeks|weekly|of|ending|commencing|beginning|starting|from|date|dated|released?|releases|published|posted|on|the|at"
    r"|updates?|updated|last|changes|mon|tues?|wed|thur?s?|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|utc|gmt|pst|pdt|est|edt|jst)\b|[日月火水木金土]曜日?|の?週|日付|公開日?|掲載日?|発表日?|リリース|更新情報|付け?"
    rf"|(?:{HALF}\s*)?\d{{1,2}}(?::\d{{2}}(?::\d{{2}})?|\s*[時时點点시](?:\s*半|\s*\d{{1,2}}\s*[分분])?)(?:\s*{HALF})?|{HALF}|正午"
)
_CLOCK: Final = re.compile(AFTER)
_WEEKDAY_EAST: Final = re.compile(r"\([日月火水木金土일월화수목금토](?:・?祝)?\)")
_CHANGED: Final = re.compile(r"updated|modified|revised|edited|最終|更新日|更新日時|改訂|수정")
_BORDER_BEFORE: Final = re.compile(r"[-|·•:,(\[/~>]\s*$")
_BORDER_AFTER: Final = re.compile(r"^\s*[-|·•:,)\]/~]")
_DASHES: Final = str.maketrans(dict.fromkeys("–—―−‐‑‒", "-") | {"〜": "~", "～": "~", "，": ",", "（": "(", "）": ")"})


@dataclass(frozen=True, slots=True)
class PartialDate:
    """
    A date with its printed parts. `raw` is the text around it.

    whole: the text is nothing but the date
    loose: the date is inside a sentence and may be of another event ("Shutdown of v1 on June 15, 2026")
    changed: the date has a label of change
    """

    raw: str
    year: int | None = None
    month: int | None = None
    day: int | None = None
    whole: bool = False
    loose: bool = False
    changed: bool = False

    @property
    def printed(self) -> str:
        """The printed parts in one spelling: `2026-05-21`, `2026-05`, `--05-21`."""
        year = f"{self.year:04}" if self.year else "-"
        return "-".join([year, *(f"{part:02}" for part in (self.month, self.day) if part)])

    def within(self, year: int | None) -> PartialDate:
        """Add a year from elsewhere to a date without one."""
        return replace(self, year=year) if self.year is None and year else self


def find(text: str) -> PartialDate | None:
    """Return the first date in a text, and None without one. A date with a year comes before one without."""
    written = " ".join(text.split())[:TEXT_LIMIT]
    folded = _WEEKDAY_EAST.sub(" ", unicodedata.normalize("NFKC", written).lower().translate(_DASHES))
    folded = counted(folded)
    if not any(char.isdigit() for char in folded) and not any(month in folded for month in MONTH_STARTS):
        return None
    for match, forms in _matches(folded):
        before, after = folded[: match.start()], folded[match.end() :]
        whole = not any(char.isalnum() for char in _BESIDE.sub(" ", f"{before} {after}"))
        is_set_off = whole or (forms is not _ALONE and _is_set_off(before, after))
        if (is_set_off or forms is _ANYWHERE) and (read := _day(match.groupdict(), written)):
            changed = _CHANGED.search(before) is not None
            return replace(read, whole=whole, loose=not is_set_off, changed=changed)
    return None


def _matches(folded: str) -> Iterator[tuple[re.Match[str], tuple[re.Pattern[str], ...]]]:
    for forms in (_ANYWHERE, _SET_OFF, _ALONE):
        matches = [match for form in forms for match in form.finditer(folded)]
        # Of several forms at one place the longest says most: "May 21" before "May".
        yield from ((match, forms) for match in sorted(matches, key=lambda match: (match.start(), -match.end())))


def _is_set_off(before: str, after: str) -> bool:
    before = _BESIDE.sub(" ", before)
    starts = not before.strip() or _BORDER_BEFORE.search(before)
    after = after[clock.end() if (clock := _CLOCK.match(after)) else 0 :]
    ends = not after.strip() or _BORDER_AFTER.search(after)
    return bool(starts and ends)


def _day(parts: dict[str, str | None], raw: str) -> PartialDate | None:
    """Combine the parts of one form, and return None for an invalid day."""
    year = int(parts["year"] or 0) if parts.get("year") else None
    if (era := parts.get("era")) and (count := parts.get("count")):
        year = year_of(era, count)
    name, number = parts.get("name"), parts.get("month")
    month = month_number(name) if name else int(number) if number else None
    day = int(parts["day"] or 0) if parts.get("day") else None
    return _checked(PartialDate(raw, year, month, day))


def _checked(day: PartialDate) -> PartialDate | None:
    # Any leap year serves to see whether a day without a year exists.
    read = parse(replace(day, year=day.year or 2024).printed)
    return day if read.value is not None else None


def of(date: Dated) -> PartialDate | None:
    """Convert a parsed date, and return None for one without a value."""
    if date.value is None:
        return None
    month = date.value.month if date.precision is not Precision.YEAR else None
    day = date.value.day if month and date.precision is not Precision.MONTH else None
    return PartialDate(date.raw, date.value.year, month, day, whole=True)


def dated(day: PartialDate | None) -> Dated:
    """Return the date with its printed precision. Without a year it has no value, and its reason is `NO_YEAR`."""
    if day is None:
        return NO_DATE
    if day.year is None:
        return Dated(None, Precision.NONE, day.raw[:LONGEST], NO_YEAR)
    return replace(parse(day.printed), raw=day.raw[:LONGEST])
