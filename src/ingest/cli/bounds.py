"""Bounds in time of the command line: days, moments, and spans before now."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final

from ingest.errors import UsageError

if TYPE_CHECKING:
    from ingest.store.queries import Bound

_BACK: Final = re.compile(r"([0-9]{1,5})([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAYS_BACK: Final = {"today": 0, "yesterday": 1}


def parse_bound(text: str, *, flag: str, now: datetime, zone: tzinfo) -> Bound:
    """
    Read `2026-05-22`, `2026-05-22T09:00` (with or without `Z` or an offset), `today`, `yesterday`, `7d` or `12h`.

    Days and times without an offset are in the operator's zone.

    Args:
        text: The bound.
        flag: The flag, for the message.
        now: The time for spans.
        zone: The operator's zone.

    Raises:
        UsageError: The text has another form, or is outside the calendar.
    """
    from ingest.store.queries import Bound

    word = text.strip().lower()
    try:
        if word in _DAYS_BACK:
            return Bound.of_day(now.astimezone(zone).date() - timedelta(days=_DAYS_BACK[word]), zone)
        if back := _BACK.fullmatch(word):
            at = now - timedelta(**{_UNITS[back[2]]: int(back[1])})
        elif re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", word):
            return Bound.of_day(date.fromisoformat(word), zone)
        else:
            at = datetime.fromisoformat(text.strip())
        at = at if at.tzinfo else at.replace(tzinfo=zone)
        return Bound(at.astimezone(now.tzinfo), at.astimezone(zone).date())
    except (ValueError, OverflowError) as error:
        remedy = "write a day (2026-05-22), a moment (2026-05-22T09:00Z), today, yesterday, or 12h, 7d, 2w before now."
        raise UsageError(f"{text!r} is no day or moment; {remedy}", subject=flag) from error
