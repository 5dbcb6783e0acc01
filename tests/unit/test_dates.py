from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from ingest.dates import LONGEST, parse
from ingest.model import NO_DATE, Precision

TEN = datetime(2026, 5, 21, 10, tzinfo=UTC)
ONE = datetime(2026, 5, 21, 1, tzinfo=UTC)
DAY = datetime(2026, 5, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        # RFC 822 and its successors
        ("Thu, 21 May 2026 10:00:00 GMT", TEN),
        ("Thu, 21 May 2026 10:00:00 +0900", ONE),
        ("Thu, 21 May 2026 10:00:00 -0000", TEN),
        ("Thu, 21 May 2026 10:00:00 UT", TEN),
        ("Thu, 21 May 2026 03:00:00 PDT", TEN),
        ("Thu, 21 May 2026 05:00 EST", TEN),
        ("21 May 2026 10:00:00 Z", TEN),
        ("Thu, 21 May 26 10:00:00 GMT", TEN),
        ("Thu, 21 May 126 10:00:00 GMT", TEN),
        ("Mon, 21 May 2026 10:00:00 GMT", TEN),  # it was a Thursday
        ("thu, 21 may 2026 10:00:00 gmt", TEN),
        ("Thu,21 May 2026 10:00:00 GMT", TEN),
        ("Thursday, 21-May-26 10:00:00 GMT", TEN),
        ("Do., 21 May 2026 10:00:00 GMT", TEN),
        ("Thu, 21 May 2026 10:00:00 GMT (server time)", TEN),
        ("Thu, 21 May 2026 10:00:00 GMT+9", ONE),
        ("Thu, 21 May 2026 10:00:00 JST", ONE),
        ("Wed, 20 May 2026 24:00:00 GMT", DAY),
        ("Thu, 21 May 2026 00:00:00 GMT", DAY),
        # RFC 3339 and ISO 8601
        ("2026-05-21T10:00:00Z", TEN),
        ("2026-05-21t10:00:00z", TEN),
        ("2026-05-21T10:00:00+09:00", ONE),
        ("2026-05-21T10:00:00+0900", ONE),
        ("2026-05-21T10:00:00+09", ONE),
        ("2026-05-21T10:00+09:00", ONE),
        ("2026-05-21 10:00:00 +0900", ONE),
        ("2026-05-21 10:00:00 +0900 JST", ONE),
        ("2026-05-21T10:00:00+09:00[Asia/Tokyo]", ONE),
        ("2026-05-21T10:00:00.123456789Z", TEN.replace(microsecond=123456)),
        ("2026-05-21T10:00:00,5Z", TEN.replace(microsecond=500000)),
        ("20260521T100000Z", TEN),
        ("2026-05-20T24:00:00Z", DAY),
        ("2026-12-31T23:59:60Z", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        # no zone in a machine form: UTC
        ("2026-05-21T10:00:00", TEN),
        ("2026-05-21 10:00", TEN),
        ("Thu, 21 May 2026 10:00:00", TEN),
        ("20260521100000", TEN),
        # programming languages
        ("Thu May 21 10:00:00 2026", TEN),
        ("Thu May 21 10:00:00 UTC 2026", TEN),
        ("Thu May 21 2026 10:00:00 GMT+0900 (Japan Standard Time)", ONE),
        ("1779357600", TEN),
        ("1779357600500", TEN.replace(microsecond=500000)),
        # pages that say the zone
        ("May 21, 2026 3:00 AM PDT", TEN),
        ("May 21, 2026 at 10 a.m. UTC", TEN),
        ("21 May 2026, 12:00 CEST", TEN),
        ("2026/05/21 10:00:00 +0900", ONE),
    ],
)
def test_a_moment_is_read_to_the_second_in_utc(raw: str, moment: datetime) -> None:
    read = parse(raw)
    assert (read.value, read.precision, read.raw, read.reason) == (moment, Precision.SECOND, raw, "")


@pytest.mark.parametrize(
    "raw",
    [
        "2026-05-21",
        "2026-5-21",
        "20260521",
        "2026/05/21",
        "2026.05.21",
        "2026. 5. 21.",
        "21 May 2026",
        "21st of May, 2026",
        "Thu, 21 May 2026",
        "May 21, 2026",
        "MAY 21, 2026",
        "May 21st, 2026",
        "Thursday, May 21, 2026",
        "May. 21 2026",
        "5/21/2026",
        "21-05-2026",
        "21.05.2026",
        "2026年5月21日",
        "2026年05月21日(木)",
        "２０２６年５月２１日（木）",
        "2026年5月21日 木曜日",
        "令和8年5月21日",
        "R8.5.21",
        "2026.5.21(木)",
        "2026년 5월 21일",
    ],
)
def test_a_date_without_a_time_stays_that_day(raw: str) -> None:
    read = parse(raw)
    assert (read.value, read.precision) == (DAY, Precision.DAY)


@pytest.mark.parametrize(
    "raw",
    [
        "2026年5月21日 10:00",
        "2026年5月21日 10時00分",
        "2026/05/21 10:00",
        "May 21, 2026 10:00 AM",
        "Thursday, May 21, 2026 - 10:00",  # Drupal
        "Thu, 05/21/2026 - 10:00",  # same
        "5/21/2026 10:00:00 AM",  # .NET
        "Thu, 21 May 2026 23:00:00 America/Los_Angeles",
        "Thu, 21 May 2026 23:00:00 IST",  # India, Israel or Ireland
        "Thu, 21 May 2026 23:00:00 PT",
        "2026-05-21T10:00:00+9999",
    ],
)
def test_a_time_in_a_zone_that_cannot_be_known_leaves_the_day(raw: str) -> None:
    read = parse(raw)
    assert (read.value, read.precision) == (DAY, Precision.DAY)


@pytest.mark.parametrize(
    ("raw", "value", "precision"),
    [
        ("May 2026", datetime(2026, 5, 1, tzinfo=UTC), Precision.MONTH),
        ("2026-05", datetime(2026, 5, 1, tzinfo=UTC), Precision.MONTH),
        ("2026年5月", datetime(2026, 5, 1, tzinfo=UTC), Precision.MONTH),
        ("令和元年5月", datetime(2019, 5, 1, tzinfo=UTC), Precision.MONTH),
        ("2026", datetime(2026, 1, 1, tzinfo=UTC), Precision.YEAR),
        ("2026年", datetime(2026, 1, 1, tzinfo=UTC), Precision.YEAR),
    ],
)
def test_less_than_a_day_says_so(raw: str, value: datetime, precision: Precision) -> None:
    read = parse(raw)
    assert (read.value, read.precision) == (value, precision)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("soon", "not a form of date that we know"),
        ("3 days ago", "not a form of date that we know"),
        ("May 21", "not a form of date that we know"),
        ("21 foo 2026", "not a form of date that we know"),
        ("3/4/2026 10:00 AM", "day and month cannot be distinguished"),
        ("05-21/2026", "not a form of date that we know"),
        ("3/4/2026", "day and month cannot be distinguished"),
        ("30 February 2026", "no such day in the calendar"),
        ("2026-13-01", "no such day in the calendar"),
        ("Mon, 01 Jan 0001 00:00:00 +0000", "the year 1 is a placeholder"),
        ("1970-01-01T00:00:00Z", "the year 1970 is a placeholder"),
        ("9999-12-31T23:59:59Z", "the year 9999 is a placeholder"),
        ("9999999999", "the year 2286 is a placeholder"),
        ("1" * (LONGEST + 1), "too long for a date"),
    ],
)
def test_what_is_not_there_is_not_made_up(raw: str, reason: str) -> None:
    read = parse(raw)
    assert (read.value, read.precision, read.reason) == (None, Precision.NONE, reason)
    assert raw.startswith(read.raw)


@pytest.mark.parametrize("raw", [None, "", "  \n"])
def test_no_text_is_no_date_and_no_complaint(raw: str | None) -> None:
    assert parse(raw) == NO_DATE


HOUR_FORMS = [
    "午前10時00分", "午前10時", "午前10:00", "午後3:05", "午後3時5分", "午後１５時０５分", "午前０時", "午後12時", "午前13時",
    "10時", "10時半", "24時", "25時30分", "零時", "正午", "午前十時", "10:00頃",
    "上午10:00", "下午3点05分", "下午3點", "下午15:30", "凌晨2:00", "早上8点", "中午12:00", "晚上8点半", "오전 10:00", "오후 3시 5분",
    "오전 10시", "AM 10:00", "PM 3:05", "AM10:00", "10:00 AM", "3:05pm", "3 p.m.", "A.M. 10:00", "10:00:00 P.M.", "日本時間10時",
]  # fmt: skip
DAYS = ["2026年5月21日", "2026年5月21日（木）", "２０２６年５月２１日", "令和8年5月21日(木)", "R8.5.21", "2026/05/21", "2026.5.21(木)",
        "2026-05-21", "2026年5月21日 木曜日", "二〇二六年五月二十一日", "民國115年5月21日", "2026年5月21号"]  # fmt: skip


@pytest.mark.parametrize("hour", HOUR_FORMS)
def test_the_day_is_read_whatever_the_hour_beside_it_is(hour: str) -> None:
    for day, gap in product(DAYS, ("", " ", "\u3000")):
        if gap == "" and day[-1].isdigit():
            continue
        read = parse(f"{day}{gap}{hour}")
        assert read.value is not None, (day, gap, hour)
        if "日本時間" in hour:
            assert (read.value, read.precision) == (ONE, Precision.SECOND)
        elif (day, hour) == ("2026-05-21", "10:00"):
            assert read.precision is Precision.SECOND  # a machine's clock
        else:
            assert (read.value, read.precision) == (DAY, Precision.DAY), (day, gap, hour)


@pytest.mark.parametrize(
    ("raw", "hour"),
    [
        ("2026年5月21日 午後7時 JST", 10),
        ("2026年5月21日 日本時間午後7時", 10),
        ("2026年5月21日 午後7時（日本時間）JST", 10),
        ("2026年5月21日 正午 JST", 3),
        ("2026年5月21日 下午6:00 UTC+8", 10),
        ("2026年5月21日 北京时间18:00", 10),
        ("2026年5月21日 晚上8点 UTC", 20),
        ("2026年5月21日 中午1点 UTC", 13),
        ("2026년 5월 21일 오후 7시 KST", 10),
        ("2026년 5월 21일 오후 7:00 한국시간", 10),
        ("2026년 5월 21일 오후 12:30 KST", 3),
        ("Thu, 21 May 2026 10:00:00 PM GMT", 22),
        ("2026-05-21 10:00 a.m. UTC", 10),
        ("2026-05-21 AM 10:00 UTC", 10),
        ("2026-05-21 PM 12:00 UTC", 12),
        ("May 21, 2026 12:00 AM UTC", 0),
        ("5/21/2026 10:00:00 PM +00:00", 22),
        ("木, 21 5月 2026 19:00:00 +0900", 10),
    ],
)
def test_an_hour_of_half_a_day_is_one_of_the_whole_where_its_zone_is_known(raw: str, hour: int) -> None:
    read = parse(raw)
    assert read.precision is Precision.SECOND
    assert read.value is not None
    assert read.value.replace(minute=0) == DAY.replace(hour=hour)


@pytest.mark.parametrize(
    "raw",
    [
        "2026年5月21日 午後12時 JST",  # midnight by the law of 1872, noon on a clock
        "2026年5月21日 午前12時 JST",
        "2026年5月21日 上午12:00 UTC+8",
        "2026年5月21日 午前13時 JST",
        "Thu, 21 May 2026 25:00:00 GMT",
        "2026-05-21T25:00:00Z",
        "2026-05-21T10:61:00Z",
        "2026-05-21T24:00:01Z",
        "2026-05-21T10:00:00 09:00",
        "2026-05-21T10:00:00Z+09:00",
        "Thu, 21 May 2026 10:00:00 Z0900",
        "21 May 2026 13:00 AM UTC",
        "2026年5月21日 midnight",
    ],
)
def test_an_hour_that_cannot_be_known_leaves_the_day(raw: str) -> None:
    read = parse(raw)
    assert (read.value, read.precision) == (DAY, Precision.DAY)


@pytest.mark.parametrize(
    ("raw", "year", "precision"),
    [
        ("令和元年5月21日", 2019, Precision.DAY),
        ("令和8.5.21", 2026, Precision.DAY),
        ("R8/5/21", 2026, Precision.DAY),
        ("R08.05.21", 2026, Precision.DAY),
        ("Ｒ８．５．２１", 2026, Precision.DAY),
        ("R8年5月21日", 2026, Precision.DAY),
        ("㋿8年5月21日", 2026, Precision.DAY),
        ("令和八年五月二十一日", 2026, Precision.DAY),
        ("令和8年(2026年)5月21日(木)", 2026, Precision.DAY),
        ("2026年（令和8年）5月21日（木）", 2026, Precision.DAY),
        ("平成31年4月", 2019, Precision.MONTH),
        ("H30.5.21", 2018, Precision.DAY),
        ("中華民國115年5月21日", 2026, Precision.DAY),
    ],
)
def test_years_of_an_era_are_ours(raw: str, year: int, precision: Precision) -> None:
    read = parse(raw)
    assert read.value is not None, read.reason
    assert (read.value.year, read.precision) == (year, precision)


@pytest.mark.parametrize(
    "raw",
    ["12/05/2026 午前10時", "12/05/2026 10:00 PM", "令和8年13月1日 午前10時", "2026年5月21日に公開", "May 21, 2026 10 comments",
     "2026年5月21日～22日", "2026年5月21日 第2版", "r2d2", "2026/5/21 3 items"],
)  # fmt: skip
def test_what_is_ambiguous_or_more_than_a_date_stays_unread(raw: str) -> None:
    assert parse(raw).value is None


@pytest.mark.parametrize(
    "written",
    [
        *("2026年5月21日 10:00～", "2026年5月21日 10時～12時", "2026年5月21日 午前10時から", "2026年5月21日 15:30現在"),
        *("午後3時30分 2026年5月21日", "下午3:30 2026-05-21", "오후 3:30 2026-05-21", "星期四 2026年5月21日"),
        *("PM 3:30, May 21, 2026", "3:30 PM, 21 May 2026", "1:05 PM on May 21, 2026", "May 21, 2026, 12 noon"),
        *("(木) 午後3時 令和8年5月21日", "3:30 PM May 21, 2026"),
    ],
)
def test_a_time_that_is_odd_or_stands_in_front_costs_no_day(written: str) -> None:
    result = parse(written)
    assert result.value == datetime(2026, 5, 21, tzinfo=UTC)
    assert result.precision is Precision.DAY


def test_a_time_in_front_with_its_zone_is_read() -> None:
    result = parse("3:30 PM EST, May 21, 2026")
    assert result.value == datetime(2026, 5, 21, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize("written", ["2026年5月21日から", "2026年5月21日～5月30日", "12 2026-05-21", "10:00 news"])
def test_a_span_or_a_mere_number_in_front_makes_no_date(written: str) -> None:
    assert parse(written).value is None
