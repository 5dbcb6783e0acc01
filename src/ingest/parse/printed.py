"""Dates that stand inside other text of a list: `MAY 21, 2026 / AI`, `Published 2026/ 5 / 21 · 5 min read`, `（5月21日 木）`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ingest import dates
from ingest.model import NO_DATE, Dated

_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_FORMS: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?<!\d)\d{4}-\d\d?-\d\d?T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?",
        rf"(?<![^\W\d_]){_MONTH}\s*\d{{1,2}}(?:st|nd|rd|th)?(?:,\s*|\s+)\d{{4}}(?!\d)",
        rf"(?<!\d)\d{{1,2}}(?:st|nd|rd|th)?\.?[\s-]*(?:of\s+)?{_MONTH},?[\s-]+\d{{4}}(?!\d)",
        r"(?:令和|平成)\s*(?:\d{1,2}|元)\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日",
        r"(?<!\d)\d{4}\s*[年년]\s*\d{1,2}\s*[月월]\s*\d{1,2}\s*[日일]",
        r"(?<![\d./-])\d{4}(?P<sign>[-/.])\d{1,2}(?P=sign)\d{1,2}(?![\d/-])",
        r"(?<![\d./-])\d{1,2}(?P<mark>[-/.])\d{1,2}(?P=mark)\d{4}(?![\d/-])",
        rf"(?<![^\W\d_]){_MONTH},?\s+\d{{4}}(?!\d)",
        r"(?<!\d)\d{4}\s*[年년]\s*\d{1,2}\s*[月월]",
    )
)
_SPACED: Final = re.compile(r"(?<=\d)\s*([-/.])\s*(?=\d)")  # 2020/ 9 / 15
_WITHIN: Final = 400  # characters; a card's date comes before its prose ends


def dated(texts: Iterable[str]) -> Dated:
    """Return the first date that stands in one of several texts; failing that the first text with its reason."""
    first = NO_DATE
    for text in texts:
        found = date_in(text)
        if found.value is not None:
            return found
        first = found if first is NO_DATE else first
    return first


def date_in(text: str) -> Dated:
    """Return the date that a text is, else the first that stands in it."""
    whole = dates.parse(text)
    if whole.value is not None or not text:
        return whole
    return next((date for _, date in dates_in(text)), whole)


def dates_in(text: str) -> list[tuple[str, Dated]]:
    """Return the dates in a text, as written there and as read, the full ones first."""
    text = _SPACED.sub(r"\1", text[:_WITHIN])
    matches = [(match[0], dates.parse(match[0])) for form in _FORMS for match in form.finditer(text)]
    return [(written, date) for written, date in matches if date.value is not None]
