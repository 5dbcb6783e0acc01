"""Hours and days without updates: RSS 2.0 `skipHours` and `skipDays`, unknown to feedparser."""

from __future__ import annotations

import re
from typing import Final

_ENTRY: Final = re.compile(r"<(?:item|entry)[\s>]", re.IGNORECASE)
_SKIPPED: Final = re.compile(r"<skip(Hours|Days)\s*>(.{0,2000}?)</skip\1\s*>", re.DOTALL | re.IGNORECASE)
_HOUR: Final = re.compile(r"<hour\s*>\s*([0-9]{1,2})\s*</hour", re.IGNORECASE)
_DAY: Final = re.compile(r"<day\s*>\s*([A-Za-z]{3,9})\s*</day", re.IGNORECASE)
_WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS_A_DAY: Final = 24
_HEAD: Final = 64 * 1024  # characters that are looked at, whatever stands in them


def skips_of(markup: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """
    Return the hours and days in UTC that a client may skip (RSS 2.0 `skipHours`, `skipDays`).

    Only the text before the first entry counts. RSS 0.91 counts hours from 1 to 24. A feed that skips everything is ignored.
    """
    hours: set[int] = set()
    days: set[int] = set()
    first = _ENTRY.search(markup, 0, _HEAD)
    for element in _SKIPPED.finditer(markup, 0, min(first.start() if first else _HEAD, _HEAD)):
        if element[1].lower() == "hours":
            hours |= {int(hour) % _HOURS_A_DAY for hour in _HOUR.findall(element[2]) if int(hour) <= _HOURS_A_DAY}
        else:
            days |= {_WEEK.index(day.lower()) for day in _DAY.findall(element[2]) if day.lower() in _WEEK}
    return (
        tuple(sorted(hours)) if len(hours) < _HOURS_A_DAY else (),
        tuple(sorted(days)) if len(days) < len(_WEEK) else (),
    )
