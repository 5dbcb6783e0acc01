"""
The time of day after a date, in English, Japanese, Chinese and Korean.

A date is valid without its time. An ambiguous time is dropped and the day stays. Words for parts of the day change an hour
from 1 to 12:

    AM, 午前, 上午, 오전, 早上, 早晨, 清晨    unchanged. 12 is ambiguous, because it is written for noon and for midnight
    凌晨, 새벽                              unchanged. 12 is midnight
    PM, 午後, 下午, 오후                    12 hours later. 12 is noon, but ambiguous in Japanese (午後12時 is also midnight)
    傍晚, 晚上, 夜晚, 夜間, 저녁, 밤         12 hours later from 5 to 11
    中午, 正午                              11 and 12 unchanged, 1 and 2 are 12 hours later. 正午 alone is 12:00

AM and PM are English, where 12 AM is midnight and 12 PM is noon. An hour from 13 to 23 with a word of the afternoon stays as it
is (下午15:30). 正子 and "midnight" alone give a day, but not which end of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final


def _names(text: str) -> frozenset[str]:
    """Return the words of a list that is separated by spaces."""
    return frozenset(text.split())


_NOON: Final = 12
_LAST_HOUR: Final = 23

_LATE: Final = _names("pm 下午 오후 午後 午后 傍晚 晚上 夜晚 夜間 晚間 夜间 晚间 저녁 밤")
_EVENING: Final = {hour: hour + _NOON for hour in range(5, _NOON)}
_MORNING: Final = {hour: hour for hour in range(_NOON)}
_AFTERNOON: Final = {hour: hour + _NOON for hour in range(1, _NOON)}
_HALVES: Final[dict[str, dict[int, int]]] = {
    name: hours
    for names, hours in (
        ("am", {**_MORNING, 12: 0}),
        ("pm", {**_AFTERNOON, 12: 12}),
        ("午前 上午 오전 早上 早晨 清晨 今朝", _MORNING),
        ("凌晨 未明 새벽", {**_MORNING, 12: 0}),
        ("下午 오후", {**_AFTERNOON, 12: 12}),
        ("午後 午后", {**_AFTERNOON, 0: 12}),
        ("傍晚 晚上 夜晚 夜間 晚間 夜间 晚间 저녁 밤", _EVENING),
        ("中午 正午 정오", {11: 11, 12: 12, 1: 13, 2: 14}),
    )
    for name in names.split()
}
"""By word: the hour of the day for an hour with this word. A missing hour is ambiguous."""

HALF: Final = rf"(?:[ap]\s?\.?\s?m(?![a-z])\.?|{'|'.join(name for name in _HALVES if not name.isascii())})"
"""A word for a part of the day, as a regular expression on text in lower case."""

WEEKDAY: Final = (
    r"(?:[日月火水木金土일월화수목금토](?:曜日|요일|曜?(?![^\W\d_]))|(?:星期|礼拜|禮拜|周|週)[一二三四五六日天](?![^\W\d_])"
    r"|(?:mon|tue(?:s)?|wed(?:nes)?|thu(?:r?s)?|fri|sat(?:ur)?|sun)(?:day)?(?![a-z])\.?)"
)
"""The name of a day of the week, which is ignored."""

_HOUR: Final = (
    r"(?P<hour>\d{1,2})(?:(?P<sign>:)(?P<minute>\d{2})(?!\d)(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,12}))?)?"
    r"|\s*(?P<mark>[時时點点시])(?:(?P<thirty>半)|\s*(?P<minutes>\d{1,2})(?:\s*[分분](?:\s*(?P<seconds>\d{1,2})\s*[秒초])?)?)?"
    r"(?:\s*整)?)?"
)
_PLACES: Final = r"日本(?:標準)?時間|(?:北京|中国|中國|台北|臺北|香港)(?:时间|時間)|한국\s?시간|韓国時間"
_ZONE: Final = (
    rf"(?P<zone>(?:gmt|utc|ut)?[+-]\d{{1,2}}(?::?\d{{2}})?(?!\d)|(?![ap]m\b)[a-z]{{1,5}}(?![a-z/])|[a-z]{{1,20}}/[a-z_]{{1,20}}"
    rf"|{_PLACES})"
)
_TIME: Final = re.compile(
    rf"(?:(?P<place>{_PLACES})の?\s*)?(?:(?P<before>{HALF})\s*)?{_HOUR}(?:\s*(?P<behind>{HALF}))?"
    rf"(?:\s*{_ZONE}(?:\s+[a-z]{{3,5}})?)?"
)
_NAMED: Final = re.compile(
    rf"(?:(?P<place>{_PLACES})の?\s*)?(?:(?P<noon>正午|中午|정오|(?:12\s*)?noon)|正子|子夜|자정|midnight)(?:\s*{_ZONE})?"
)
_FRONT: Final = re.compile(rf"[\s,、・|]*(?:{WEEKDAY}[\s,、]*)?(?:付け?の?[\s,]*)?(?:(?:-\s+|at\s+|@\s*|t\s*(?=\d)))?")
_BACK: Final = re.compile(rf"[\s,]*(?:{WEEKDAY})?[\s,]*(?:付け?|頃|ごろ)?\s*")
# Behind a time: an announcement that holds from then on, or an event that lasts from then to then.
_FROM: Final = re.compile(
    r"\s*(?:現在|時点|から|より|[~〜]\s*(?:\d{1,2}(?::\d{2}|\s*[時时點点]\s*(?:\d{1,2}\s*分)?))?)\s*"
)
_LEAD: Final = re.compile(
    rf"(?:{WEEKDAY}[\s,、]*)?(?:(?P<time>{_TIME.pattern})[\s,、]*(?:on\s+)?)?"
    r"(?P<date>(?:\d{4}|\d{1,2}(?:st|nd|rd|th)?\s+[a-z]|[a-z]{3,9}\.?\s+\d|令和|平成|民[国國]).*)"
)
_ODD: Final = re.compile(
    r"(?:[^\W\d_]{1,12}\s*){0,2}\d{1,2}\s*(?::\d{2}|[h時时點点시])(?:\s*(?!(?:19|20)\d\d)[a-z\d:+./_-]{1,20}){0,3}\s*"
)

AFTER: Final = (
    rf"\.?(?:\s*[(（\[【〔]?\s*{WEEKDAY}(?:・?祝)?\s*[)）\]】〕]?)?"
    rf"(?:[,、]?\s*(?:at|-|–|t|@)?\s*(?:{HALF}\s*)?\d{{1,2}}"
    rf"(?:(?:[:：]\d{{2}}){{1,2}}(?:\s*{HALF})?(?:\s*\(?(?:(?:gmt|utc)?[+-]\d{{1,2}}:?\d{{2}}|[a-z]{{1,5}}(?![a-z]))\)?)?"
    rf"|\s*[時时點点시](?:\s*半|\s*\d{{1,2}}\s*[分분]?)?|\s*{HALF}(?:\s*[a-z]{{2,4}}(?![a-z]))?)|\s*(?:正午|中午|정오))?"
    rf"(?:\s*[(（]?{WEEKDAY}[)）]?)?"
)
"""Text that may stand between a date and a word after it: weekday, time and zone. To be matched ignoring case."""


BEFORE: Final = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?|\d{1,2}:\d{2}(?:\s*[ap]m)?(?:\s*[A-Z]{2,4})?,?\s*(?:on)?)\s*$"
"""The weekday or time in front of a date in a line, ignoring case."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day since midnight, or None for an unknown time, and its zone as written."""

    since: timedelta | None = None
    zone: str | None = None


def read(behind: str) -> Clock | None:
    """
    Read the time of day after a date, and return None for other text.

    Args:
        behind: The text in lower case and NFKC, without comments. "" and a weekday are a date without a time.
    """
    front = _FRONT.match(behind)
    written = behind[front.end() if front else 0 :]
    if _BACK.fullmatch(written):
        return Clock()
    for form in (_TIME, _NAMED):
        match = form.match(written)
        rest = written[match.end() :] if match else ""
        if match and (_BACK.fullmatch(rest) or _FROM.fullmatch(rest)) and (clock := _clock(match.groupdict())):
            return clock
    return Clock() if _ODD.fullmatch(written) else None


def turned(text: str) -> str | None:
    """
    Move the time of day from the front of a date to its end, and return None without one.

    Args:
        text: As for `read`, from the beginning.
    """
    lead = _LEAD.fullmatch(text)
    if lead is None or lead.start("date") == 0:
        return None
    is_time = any(lead[name] for name in ("sign", "mark", "before", "behind"))
    return None if lead["time"] and not is_time else f"{lead['date']} {lead['time'] or ''}".strip()


def _clock(parts: dict[str, str | None]) -> Clock | None:
    zone = parts["zone"] or parts["place"]
    if "hour" not in parts:
        return Clock(timedelta(hours=_NOON) if parts["noon"] else None, zone)
    half = parts["before"] or parts["behind"]
    if not (parts["sign"] or parts["mark"] or half):
        return None
    hour = hour_of(int(parts["hour"] or 0), half)
    if hour is None:
        return Clock(None, zone)
    minute = 30 if parts["thirty"] else int(parts["minute"] or parts["minutes"] or 0)
    second = int(parts["second"] or parts["seconds"] or 0)
    return Clock(since_midnight(hour, minute, second, parts["fraction"] or ""), zone)


def hour_of(hour: int, half: str | None) -> int | None:
    """Return the hour of the day for an hour with a word for a part of the day, and None for an ambiguous pair."""
    if half is None:
        return hour
    name = half if half in _HALVES else f"{half[0]}m"
    if name in _LATE and _NOON < hour <= _LAST_HOUR:
        return hour
    return _HALVES[name].get(hour)


def since_midnight(hour: int, minute: int, second: int, fraction: str = "") -> timedelta | None:
    """Return a time of day, and None for an invalid one. A leap second counts as the second before, 24:00 as the day's end."""
    since = timedelta(
        hours=hour, minutes=minute, seconds=min(second, 59), microseconds=int(fraction.ljust(6, "0")[:6] or 0)
    )
    is_one = minute <= 59 and second <= 60 and since <= timedelta(days=1)  # noqa: PLR2004 the face of a clock
    return since if is_one else None
