"""
Dates inside other text of a list or a field: `MAY 21, 2026 / AI`, `公開日：2026/ 5 / 21 · 5 min read`.

`labels` separates publication from change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ingest.dates import forms, labels
from ingest.dates.parsing import in_english, parse
from ingest.model import NO_DATE, Dated

_MOMENT: Final = r"(?<!\d)\d{4}-\d\d?-\d\d?T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
_FORMS: Final = tuple(re.compile(form, re.IGNORECASE) for form in (_MOMENT, *forms.FULL, *forms.MONTHS))
_ANY: Final = re.compile("|".join((_MOMENT, *forms.FULL)), re.IGNORECASE)
_SPACED: Final = re.compile(r"(?<=\d)\s*([-/.])\s*(?=\d)")  # 2020/ 9 / 15
_WITHIN: Final = 400  # characters; a card's date comes before its prose ends


@dataclass(frozen=True, slots=True)
class Stated:
    """The dates of publication and of change in one or several texts."""

    published: Dated = NO_DATE
    updated: Dated = NO_DATE


def stated(texts: Iterable[str]) -> Stated:
    """
    Return the first publication and the first change in several texts, or the first text with the reason for a failure.

    A labelled publication comes before a date without a label.
    """
    first = NO_DATE
    named: list[Dated] = []
    plain: list[Dated] = []
    changes: list[Dated] = []
    for text in texts:
        whole = parse(text)
        dated_parts = _dates_of(text) if whole.value is None or labels.speaks(text) else [(whole, None)]
        for date, is_update in dated_parts:
            (plain if is_update is None else changes if is_update else named).append(date)
        first = whole if first is NO_DATE else first
    return Stated(next(iter([*named, *plain]), NO_DATE if changes else first), next(iter(changes), NO_DATE))


def labelled(text: str) -> Stated:
    """Return the labelled dates of a text, and no dates without a label."""
    is_labelled = labels.speaks(text) and any(is_update is not None for _, is_update in _dates_of(text))
    return stated([text]) if is_labelled else Stated()


def dated(texts: Iterable[str]) -> Dated:
    """Return the date of publication in several texts, else that of change, else the first text with its reason."""
    dates = stated(texts)
    return dates.updated if dates.published.value is None and dates.updated.value is not None else dates.published


def date_in(text: str) -> Dated:
    """Return the date that a text is, else the date inside it."""
    return dated([text])


def dates_in(text: str) -> list[tuple[str, Dated]]:
    """Return the dates in a text, as written there and as read, the full ones first."""
    return [(date.raw, date) for date, _ in _dates_of(text)]


def _dates_of(text: str) -> list[tuple[Dated, bool | None]]:
    """Return each date in a text, full dates first, and whether it is a change."""
    text = _SPACED.sub(r"\1", text[:_WITHIN])
    english = in_english(text.lower())
    return _read(text) or (_read(english) if english != text.lower() else [])


def _read(text: str) -> list[tuple[Dated, bool | None]]:
    read = [(parse(part.written), part.is_update) for part in labels.dates_in(text, _FORMS, _ANY)]
    return [(date, is_update) for date, is_update in read if date.value is not None]
