"""
How dates are shown, on the page and in a terminal: as precise as the source was, never more.

A moment is shown in the operator's time zone. A printed day, month or year stays what was printed in every zone
(CONTRACT §3, `INGEST_TIMEZONE`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Final

from ingest.model import Precision

_FORMS: Final = {Precision.DAY: "%Y-%m-%d", Precision.MONTH: "%Y-%m", Precision.YEAR: "%Y"}

_HEADINGS: Final = {
    Precision.SECOND: "%A, {0.day} %B %Y",
    Precision.DAY: "%A, {0.day} %B %Y",
    Precision.MONTH: "%B %Y, day not given",
    Precision.YEAR: "%Y, day not given",
}


_RANKS: Final = {Precision.YEAR: 0, Precision.MONTH: 1, Precision.NONE: 2, Precision.DAY: 3, Precision.SECOND: 3}
"""Under one calendar day the precise come first; a whole month or year stands where it begins."""


@dataclass(frozen=True, slots=True)
class When:
    """
    A date for people (`text`), for machines (`datetime`, a valid HTML date string) and as a heading of its day.

    `order` puts headings in order: the calendar day that the heading begins with, and how precise it is.
    """

    text: str
    datetime: str
    heading: str
    order: tuple[date, int]


def published(value: datetime | None, precision: Precision, seen_at: datetime, zone: tzinfo) -> When:
    """Show when something was published; where the source does not say, the day we first saw it, and that it is that."""
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
    """Show a time of our own clock."""
    return published(value, Precision.SECOND, value, zone)


def _heading(value: datetime, precision: Precision = Precision.SECOND) -> str:
    return value.strftime(_HEADINGS[precision].format(value))


def ago(value: datetime | None, now: datetime) -> str:
    """Say how long ago, or in how long, something is: `12 min ago`, `in 3 h`, `never` for None."""
    if value is None:
        return "never"
    seconds = (now - value).total_seconds()
    if abs(seconds) < 60:  # noqa: PLR2004 - a minute
        return "just now" if seconds >= 0 else "now"
    size, unit = next((size, unit) for size, unit in ((86400, "d"), (3600, "h"), (60, "min")) if abs(seconds) >= size)
    span = f"{int(abs(seconds) // size)} {unit}"
    return f"{span} ago" if seconds > 0 else f"in {span}"
