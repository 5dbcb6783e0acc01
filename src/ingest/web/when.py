"""
How dates are shown, on the page and in a terminal: as precise as the source was, never more.

A moment is shown in the operator's time zone. A printed day, month or year stays what was printed in every zone
(CONTRACT §3, `INGEST_TIMEZONE`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from ingest.model import Precision

_FORMS: Final = {Precision.DAY: "%Y-%m-%d", Precision.MONTH: "%Y-%m", Precision.YEAR: "%Y"}

_HEADINGS: Final = {
    Precision.SECOND: "%A, {0.day} %B %Y",
    Precision.DAY: "%A, {0.day} %B %Y",
    Precision.MONTH: "%B %Y, day not given",
    Precision.YEAR: "%Y, day not given",
}


@dataclass(frozen=True, slots=True)
class When:
    """A date for people (`text`), for machines (`datetime`, a valid HTML date string) and as a heading of its day."""

    text: str
    datetime: str
    heading: str


def published(value: datetime | None, precision: Precision, seen_at: datetime, zone: tzinfo) -> When:
    """Show when something was published; where the source does not say, the day we first saw it, and that it is that."""
    if value is None or precision is Precision.NONE:
        seen = seen_at.astimezone(zone)
        return When(f"seen {seen:%Y-%m-%d}", f"{seen:%Y-%m-%d}", f"Undated, first seen on {_heading(seen)}")
    if precision is Precision.SECOND:
        there = value.astimezone(zone)
        return When(f"{there:%Y-%m-%d %H:%M}", there.isoformat(timespec="seconds"), _heading(there))
    text = value.strftime(_FORMS[precision])
    return When(text, text, _heading(value, precision))


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
    span = f"{round(abs(seconds) / size)} {unit}"
    return f"{span} ago" if seconds > 0 else f"in {span}"
