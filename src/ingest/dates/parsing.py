"""
One date, read strictly: nothing is completed or corrected.

A form is a regular expression with named parts. `parse` tries the forms in order and combines the parts. The forms are those
of RFC 822 and its successors, RFC 3339, ISO 8601, the printed times of JavaScript and Go, and the English, Japanese, Chinese
and Korean dates of web pages. Four decisions:

* A calendar date without a time is that day at 00:00Z with precision `day`, in any zone.
* A machine form with a time and no zone is UTC. No feed specification allows it, and most generators without a zone print
  the clock of a server in UTC.
* On pages, a time without a zone or with an ambiguous zone is dropped, and the day stays.
* An invalid time (25:00, 午前13時) is dropped, and the day stays.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from ingest.dates import clock
from ingest.dates.clock import Clock
from ingest.dates.forms import ERA, NAME, counted, month_number, year_of
from ingest.model import NO_DATE, Dated, Precision

LONGEST: Final = 100
"""Characters of a date. `Thursday, 21 September 2026 10:00:00 GMT+0900 (Japan Standard Time)` has 67."""

EARLIEST_YEAR: Final = 1990
"""Earlier years are zero values of generators (Go's year 1, the Unix epoch), because the web is younger."""

LATEST_YEAR: Final = 2099
"""Later years are sentinels for "never" (9999) or a slip of the keyboard."""

# By hours east of UTC: the names of RFC 822 §5.1, and those which occur in feeds and mean one thing only. Not here: IST
# (India, Israel, Ireland) and AST; CST is Chicago's, as RFC 822 has it, and never China's.
_ZONES: Final = {
    name: timezone(timedelta(hours=hours))
    for hours, names in (
        *((-10, "hst"), (-9, "akst"), (-8, "pst akdt"), (-7, "pdt mst"), (-6, "mdt cst"), (-5, "cdt est"), (-4, "edt")),
        *((0, "ut utc gmt z wet"), (1, "west bst cet"), (2, "cest eet"), (3, "eest msk")),
        *((8, "hkt sgt"), (9, "jst kst"), (10, "aest"), (11, "aedt"), (12, "nzst"), (13, "nzdt")),
    )
    for name in names.split()
} | {
    place + word: timezone(timedelta(hours=hours))
    for hours, places in ((8, "北京 中国 中國 台北 臺北 香港"), (9, "日本 日本標準 韓国 한국"))
    for place in places.split()
    for word in ("時間", "时间", "시간")
}
_MONTHS: Final = 12
_FARTHEST_HOURS: Final = 14  # east or west of UTC, where anybody lives

# ── forms, matched against text in lower case and NFKC, without comments ────────────────────────────────────────

_WEEKDAY: Final = r"(?:[^\W\d_]{1,12}\.?(?:,\s*|\s+))?"  # of any language, and never believed
_YEAR: Final = r"(?P<year>\d{4})"
_DAY: Final = r"(?P<day>\d{1,2})"
_ORDINAL: Final = rf"{_DAY}(?:st|nd|rd|th)?"
_EAST_MONTH: Final = r"(?P<month>\d{1,2})\s*[月월]"
_EAST_DAY: Final = rf"{_DAY}\s*[日号號일]"
_ZONE: Final = (
    r"(?P<zone>(?:gmt|utc|ut)?[+-]\d{1,2}(?::?\d{2})?|(?![ap]m\b)[a-z]{1,5}|(?![ap]m\b)[a-z]{1,20}/[a-z_]{1,20})"
)
_CLOCK: Final = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,12}))?)?"
_TIME: Final = rf"{_CLOCK}(?:\s*{_ZONE}(?:\s+[a-z]{{3,5}})?)?"  # Go: 10:00:00 +0900 JST
_REST: Final = r"(?!\d)(?P<rest>.*)"  # what `clock` reads

_MACHINE_FORMS: Final = (
    # RFC 3339 and ISO 8601, extended and basic; a space for the T and one-digit months are common slips.
    rf"{_YEAR}-(?P<month>\d{{1,2}})-{_DAY}(?:\s*t\s*|\s+){_TIME}",
    rf"{_YEAR}(?P<month>\d\d)(?P<day>\d\d)t?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?{_ZONE}?",
    # RFC 822 §5, RFC 2822 §3.3 and §4.3; also as strftime prints it in an East Asian locale.
    rf"{_WEEKDAY}{_DAY}[\s-]*{NAME}[\s,-]*(?P<year>\d{{2,4}}),?\s+{_TIME}",
    rf"{_WEEKDAY}{_DAY}\s+{_EAST_MONTH}\s+{_YEAR}\s+{_TIME}",
    # asctime (RFC 9110 §5.6.7), date(1), and JavaScript's Date.prototype.toString.
    rf"{_WEEKDAY}{NAME}\s+{_DAY}\s+{_CLOCK}\s+(?:(?P<zone>[a-z]{{1,5}})\s+)?{_YEAR}",
    rf"{_WEEKDAY}{NAME}\s+{_DAY}\s+{_YEAR}\s+{_TIME}",
    # Unix time in seconds, milliseconds, microseconds or nanoseconds.
    r"(?P<seconds>\d{10})(?P<milliseconds>\d{3})?(?:\d{3}){0,2}(?:\.\d+)?",
)
_PAGE_FORMS: Final = (
    rf"{_YEAR}(?P<separator>[/.])(?P<month>\d{{1,2}})(?P=separator){_DAY}\s+{_TIME}",
    rf"{_YEAR}(?P<separator>[-/.])\s?(?P<month>\d{{1,2}})(?P=separator)\s?{_DAY}\.?{_REST}",
    rf"{_YEAR}[-/.]\s?(?P<month>\d{{1,2}})",
    rf"{_YEAR}(?P<month>\d\d)(?P<day>\d\d){_REST}",
    rf"{_YEAR}\s*[年년]?",
    rf"{_WEEKDAY}{NAME}\s*{_ORDINAL}(?:,\s*|\s+){_YEAR}{_REST}",
    rf"{_WEEKDAY}{_ORDINAL}\.?[\s-]*(?:of\s+)?{NAME}[\s,-]+{_YEAR}{_REST}",
    rf"{NAME},?\s+{_YEAR}",
    rf"(?:西暦|公元|西元)?\s*{_YEAR}\s*[年년]\s*{_EAST_MONTH}(?:\s*{_EAST_DAY}(?P<rest>.*))?",
    rf"(?P<era>{ERA})\s*(?P<count>\d{{1,3}}|元)\s*年\s*{_EAST_MONTH}(?:\s*{_EAST_DAY}(?P<rest>.*))?",
    rf"(?P<era>{ERA})\s*(?P<count>\d{{1,3}}|元)\s*(?P<separator>[-/.])\s?(?P<month>\d{{1,2}})(?P=separator)\s?{_DAY}{_REST}",
    rf"{_WEEKDAY}(?P<either>\d{{1,2}})(?P<separator>[-/.])(?P<other>\d{{1,2}})(?P=separator){_YEAR}{_REST}",
)
_FORMS: Final = tuple(
    (re.compile(form), machine) for forms, machine in ((_MACHINE_FORMS, True), (_PAGE_FORMS, False)) for form in forms
)
_Form = tuple[re.Pattern[str], bool]
_OF_PAGES: Final = tuple((form, machine) for form, machine in _FORMS if not machine)
_COMMENT: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕")  # RFC 822 §3.4.3; RFC 9557 §4.1

# Months as German, French, Spanish, Portuguese, Italian, Dutch, Scandinavian, Polish, Turkish, Indonesian and Russian
# systems print them into feeds (CLDR, `format` names and abbreviations); those that English shares are left out.
_FOREIGN_MONTHS: Final = {
    word: english
    for english, words in {
        "jan": "januar januari janvier janv enero ene janeiro gennaio gen stycznia ocak января янв",
        "feb": "februar februari février févr fév febrero fevereiro fev febbraio lutego şubat февраля фев февр",
        "mar": "märz mrz mars mär marzo março maart mrt marca marts mart maret марта мар",
        "apr": "avril avr abril abr aprile kwietnia nisan апреля апр",
        "may": "mai mei maj mayo maio maggio mag maja mayıs мая май",
        "jun": "juni juin junio junho giugno giu czerwca haziran июня июн",
        "jul": "juli juillet juil julio julho luglio lug lipca temmuz июля июл",
        "aug": "août aoû agosto ago augustus augusti sierpnia ağustos agustus августа авг",
        "sep": "septembre septiembre setiembre setembro settembre set września eylül сентября сен сент",
        "oct": "oktober okt octobre octubre outubro out ottobre ott października ekim октября окт",
        "nov": "novembre noviembre novembro listopada kasım november ноября ноя нояб",
        "dec": "dezember dez décembre déc diciembre dic dezembro dicembre desember grudnia aralık декабря дек",
    }.items()
    for word in words.split()
}
_MONTH_WORD: Final = re.compile(
    r"(?<![^\W\d_])(?:" + "|".join(sorted(_FOREIGN_MONTHS, key=len, reverse=True)) + r")(?![^\W\d_])\.?"
)
_BETWEEN: Final = re.compile(
    r"(?<=\d)(?:er|º|ª|°)?\s+d[eo]l?\s+|(?<=[a-z])\s+d[eo]l?\s+(?=\d{4})"
)  # 20 de mayo de 2026
_ORDINAL_SIGN: Final = re.compile(r"(?<=\d)(?:er|º|ª|°)(?=\s)")  # 1er mars

_Parts = dict[str, str | None]


class _NotADateError(ValueError):
    """The text has the form of a date without being one. The message gives the reason."""


class _OtherTextError(ValueError):
    """The text after the date is not a time of day, so the whole is more than a date."""


def parse(raw: str | None) -> Dated:
    """
    Return the date in `raw` as aware UTC with its precision, or a date without a value and with the reason.

    Nothing is completed or corrected, except by the standards: two-digit years, 24:00, leap seconds (RFC 2822 §4.3, ISO 8601-1
    §5.3, RFC 3339 §5.7). A contradictory weekday is ignored.
    """
    written = (raw or "").strip()
    if not written:
        return NO_DATE
    if len(written) > LONGEST:
        return Dated(None, Precision.NONE, written[:LONGEST], "too long for a date")
    bare = in_english(counted(_COMMENT.sub(" ", unicodedata.normalize("NFKC", written).lower()))).strip()
    date = _first(_FORMS, bare, written)
    if date is None and (turned := clock.turned(bare)) is not None:
        date = _first(_OF_PAGES, turned, written)
    return date or Dated(None, Precision.NONE, written, "not a form of date that we know")


def _first(forms: Iterable[_Form], bare: str, written: str) -> Dated | None:
    """Return the date by the first fitting form, and None without one."""
    for form, machine in forms:
        if match := form.fullmatch(bare):
            try:
                value, precision = _value(match.groupdict(), machine=machine)
            except _NotADateError as error:
                return Dated(None, Precision.NONE, written, str(error))
            except _OtherTextError:
                continue
            return Dated(value, precision, written)
    return None


def parse_local(raw: str) -> Dated:
    """
    Read a date in the markup of a page. A time without a zone is dropped, and the day stays.

    Feeds print such times in UTC, pages by the clock of their editors (afp.com +02:00, yomiuri.co.jp +09:00, latimes.com UTC).
    """
    date = parse(raw)
    if date.precision is not Precision.SECOND or not _NO_ZONE.fullmatch(raw.strip()):
        return date
    day = parse(raw.strip()[:10])
    return Dated(day.value, day.precision, raw.strip(), day.reason)


_NO_ZONE: Final = re.compile(r"\d{4}([-/.])\d\d\1\d\d(?:\s*[tT]\s*|\s+)\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?")


def in_english(text: str) -> str:
    """Translate the months of other languages in lower-case text to English, and remove the words around them."""
    if not _MONTH_WORD.search(text):
        return text
    named = _MONTH_WORD.sub(lambda match: _FOREIGN_MONTHS[match[0].rstrip(".")], text)
    return _ORDINAL_SIGN.sub("", _BETWEEN.sub(" ", named))


def _value(parts: _Parts, *, machine: bool) -> tuple[datetime, Precision]:
    """Put the parts of one form together."""
    if seconds := parts.get("seconds"):
        moment = datetime.fromtimestamp(int(seconds), UTC) + timedelta(milliseconds=int(parts["milliseconds"] or 0))
        _plausible(moment.year)
        return moment, Precision.SECOND
    month, day = _month_and_day(parts)
    time = _time(parts)
    midnight = _calendar_date(_year(parts), month or 1, day or 1)
    if day is None:
        return midnight, Precision.YEAR if month is None else Precision.MONTH
    zone = _zone(time.zone, machine=machine)
    if time.since is None or zone is None:
        return midnight, Precision.DAY
    return (midnight + time.since).replace(tzinfo=zone).astimezone(UTC), Precision.SECOND


def _time(parts: _Parts) -> Clock:
    """Return the time of day, from the form itself or from the text after the date."""
    if parts.get("rest") is not None:
        time = clock.read(parts["rest"] or "")
        if time is None:
            raise _OtherTextError
        return time
    if parts.get("hour") is None:
        return Clock()
    hour, minute, second = (int(parts.get(part) or 0) for part in ("hour", "minute", "second"))
    return Clock(clock.since_midnight(hour, minute, second, parts.get("fraction") or ""), parts.get("zone"))


def _year(parts: _Parts) -> int:
    """Return the year, counted from our era's beginning."""
    if era := parts.get("era"):
        return year_of(era, parts["count"] or "")
    written = parts["year"] or ""
    year = int(written)
    # RFC 2822 §4.3: 00–49 are ours, 50–99 the last century's, three digits count from 1900.
    return year + {2: 2000 if year < 50 else 1900, 3: 1900}.get(len(written), 0)  # noqa: PLR2004 as above


def _month_and_day(parts: _Parts) -> tuple[int | None, int | None]:
    """Return the month and the day, if given. `3/4/2026` is refused, because half of the world swaps the two."""
    if parts.get("either"):
        low, high = sorted((int(parts["either"] or 0), int(parts["other"] or 0)))
        if low != high and high <= _MONTHS:
            raise _NotADateError("day and month cannot be distinguished")
        return low, high
    day = int(parts["day"] or 0) if parts.get("day") else None
    if name := parts.get("name"):
        return month_number(name), day
    return (int(parts["month"] or 0) if parts.get("month") else None), day


def _calendar_date(year: int, month: int, day: int) -> datetime:
    """Return that day at 00:00Z."""
    _plausible(year)
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        raise _NotADateError("no such day in the calendar") from None


def _plausible(year: int) -> None:
    """Refuse years that generators print for a missing date."""
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise _NotADateError(f"the year {year} is a placeholder")


def _zone(name: str | None, *, machine: bool) -> timezone | None:
    """Return the zone of a time, and None for an ambiguous one."""
    if name is None:
        return UTC if machine else None
    name = name.replace(" ", "")
    offset = re.fullmatch(r"(?:gmt|utc|ut)?([+-])(\d{1,2}):?(\d{2})?", name)
    if offset is None:
        return _ZONES.get(name)
    sign, hours, minutes = offset[1], int(offset[2]), int(offset[3] or 0)
    if hours > _FARTHEST_HOURS or minutes > 59:  # noqa: PLR2004 minutes
        return None
    return timezone((-1 if sign == "-" else 1) * timedelta(hours=hours, minutes=minutes))
