"""
What dates look like inside other text. A line is searched for these forms, and `dates.parse` reads the matches.

Years count from the eras of Japan (令和8年, R8) and Taiwan (民國115年), and numbers may be written in kanji (五月一日). An ambiguous
date (12/05/2026) is matched here and refused when it is read.
"""

from __future__ import annotations

import re
from typing import Final

MONTH_STARTS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
"""The first letters of the months, in lower case."""

NAME: Final = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)(?![a-z])\.?"
)
"""The name of a month, in lower case."""

_ERAS: Final = {"令和": 2018, "平成": 1988, "民國": 1911, "民国": 1911}
"""The year before each era. The first year of an era is also written 元年."""

_LETTERS: Final = {"r": "令和", "h": "平成"}
_REPUBLIC: Final = "中華"  # in front of the era of Taiwan
_JAPANESE: Final = "|".join(_LETTERS.values())
_ERA_NAMES: Final = "|".join(name if name in _LETTERS.values() else f"(?:{_REPUBLIC})?{name}" for name in _ERAS)

ERA: Final = rf"{_ERA_NAMES}|(?<![a-z])[{''.join(_LETTERS)}](?=\s?[\d元])"
"""The name of an era, in lower case."""

_KANJI: Final = "〇零一二三四五六七八九十"
_KANJI_NUMBER: Final = re.compile(rf"[{_KANJI}]+(?=\s*[年月日号號時时點点分])")

# ── in a line, ignoring case ────────────────────────────────────────────────────────────────────────────────────

_MONTH: Final = rf"(?:{'|'.join(MONTH_STARTS)})[a-z]{{0,6}}\.?"
_NUMBER: Final = rf"(?:\d{{1,2}}|[{_KANJI}]{{1,3}})"
_EAST_YEAR: Final = rf"(?:(?:{_ERA_NAMES}|(?<![^\W\d_])[RＲHＨ])\s*(?:\d{{1,3}}|元|[{_KANJI}]{{1,3}})|(?<!\d)\d{{4}}|[{_KANJI}]{{4}})\s*[年년]"
FULL: Final = (
    rf"(?<![\w-]){_MONTH}\s*\d{{1,2}}(?:st|nd|rd|th)?(?:,\s*|\s+)\d{{4}}(?!\w)",
    rf"(?<![\w-])\d{{1,2}}(?:st|nd|rd|th)?\.?[\s-]*(?:of\s+)?{_MONTH},?[\s-]+\d{{4}}(?!\w)",
    rf"{_EAST_YEAR}(?:\s*[(（][^()（）]{{1,12}}年[)）])?\s*{_NUMBER}\s*[月월]\s*{_NUMBER}\s*[日号號일]",
    rf"(?<![^\W\d_])(?:{_JAPANESE}|[RＲ])\s?\d{{1,2}}\s?(?P<dot>[-/.])\s?\d{{1,2}}\s?(?P=dot)\s?\d{{1,2}}(?![\d/-])",
    r"(?<![\d./-])\d{4}\s?(?P<sign>[-/.])\s?\d{1,2}\s?(?P=sign)\s?\d{1,2}(?![\d/-])",
    r"(?<![\d./-])\d{1,2}(?P<mark>[-/.])\d{1,2}(?P=mark)\d{4}(?![\d/-])",
)
"""Dates to the day, the surest form first, to be joined with `|` or tried one by one."""

MONTHS: Final = (
    rf"(?<![^\W\d_]){_MONTH},?\s+\d{{4}}(?!\d)",
    rf"{_EAST_YEAR}\s*{_NUMBER}\s*[月월]",
)
"""Months."""


WITHOUT_YEAR: Final = (
    r"(?:\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일]|\d{1,2}[./-]\d{1,2}|[A-Za-z]{3,9}\.? \d{1,2}|\d{1,2} [A-Za-z]{3,9}\.?)"
    r"(?:\s?[(（][月火水木金土日][)）])?"
)
"""A day without its year, as the whole of a text."""


def month_number(name: str) -> int:
    """Return the number of a month from a match of `NAME`."""
    return MONTH_STARTS.index(name[:3]) + 1


def year_of(era: str, count: str) -> int:
    """Return the year of an era's `count`-th year."""
    return _ERAS[_LETTERS.get(era, era).removeprefix(_REPUBLIC)] + (1 if count == "元" else int(count))


def counted(text: str) -> str:
    """Return a text with the kanji numbers of dates and times as digits: 二〇二六年五月二十一日, 午前十時."""
    return _KANJI_NUMBER.sub(lambda match: _number(match[0]), text)


def _number(written: str) -> str:
    if "十" not in written:
        return "".join(str(max(0, _KANJI.index(sign) - 1)) for sign in written)
    tens, _, ones = written.partition("十")
    return f"{_number(tens) or 1}{_number(ones) or 0}"
