from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from ingest.display import ago, moment, published
from ingest.model import Precision

TOKYO = ZoneInfo("Asia/Tokyo")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
LATE = datetime(2026, 5, 21, 16, 5, tzinfo=UTC)
MIDNIGHT = datetime(2026, 5, 22, tzinfo=UTC)
SEEN = datetime(2026, 5, 23, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "text", "machine", "heading"),
    [
        (UTC, "2026-05-21 16:05", "2026-05-21T16:05:00+00:00", "Thursday, 21 May 2026"),
        (TOKYO, "2026-05-22 01:05", "2026-05-22T01:05:00+09:00", "Friday, 22 May 2026"),
        (LOS_ANGELES, "2026-05-21 09:05", "2026-05-21T09:05:00-07:00", "Thursday, 21 May 2026"),
    ],
)
def test_a_moment_is_shown_in_the_zone_and_stands_under_the_day_it_has_there(
    zone: tzinfo, text: str, machine: str, heading: str
) -> None:
    when = published(LATE, Precision.SECOND, SEEN, zone)
    assert (when.text, when.datetime, when.heading) == (text, machine, heading)
    assert datetime.fromisoformat(when.datetime) == LATE


@pytest.mark.parametrize(
    "zone", [UTC, TOKYO, LOS_ANGELES, timezone(timedelta(hours=-12)), timezone(timedelta(hours=14))]
)
@pytest.mark.parametrize(
    ("precision", "text", "heading"),
    [
        (Precision.DAY, "2026-05-22", "Friday, 22 May 2026"),
        (Precision.MONTH, "2026-05", "May 2026, day not given"),
        (Precision.YEAR, "2026", "2026, day not given"),
    ],
)
def test_what_was_printed_without_a_time_is_the_same_in_every_zone(
    zone: tzinfo, precision: Precision, text: str, heading: str
) -> None:
    when = published(MIDNIGHT, precision, SEEN, zone)
    assert (when.text, when.datetime, when.heading) == (text, text, heading)


@pytest.mark.parametrize(
    ("value", "precision"), [(None, Precision.NONE), (None, Precision.DAY), (LATE, Precision.NONE)]
)
def test_an_undated_announcement_says_when_we_saw_it_and_that_it_is_that(
    value: datetime | None, precision: Precision
) -> None:
    when = published(value, precision, SEEN, TOKYO)
    assert (when.text, when.datetime) == ("seen 2026-05-24", "2026-05-24")
    assert when.heading == "Undated, first seen on Sunday, 24 May 2026"


def test_headings_come_in_the_order_of_their_days_the_precise_before_the_vague() -> None:
    first_of_may = datetime(2026, 5, 1, tzinfo=UTC)
    whens = [
        published(first_of_may, Precision.YEAR, SEEN, TOKYO),
        published(first_of_may, Precision.MONTH, SEEN, TOKYO),
        published(None, Precision.NONE, first_of_may, TOKYO),
        published(first_of_may, Precision.DAY, SEEN, TOKYO),
        published(LATE, Precision.SECOND, SEEN, TOKYO),
    ]
    assert sorted(whens, key=lambda when: when.order) == whens
    assert whens[-1].order == published(MIDNIGHT, Precision.DAY, SEEN, TOKYO).order
    assert whens[-1].order[0] == date(2026, 5, 22)


def test_our_own_times_are_moments() -> None:
    assert moment(LATE, TOKYO).text == "2026-05-22 01:05"


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 d ago"),
        (timedelta(days=400), "400 d ago"),
        (timedelta(seconds=-30), "now"),
        (timedelta(minutes=-5), "in 5 min"),
        (timedelta(hours=-3), "in 3 h"),
    ],
)
def test_distance_in_time_is_shown_in_its_largest_whole_unit(passed: timedelta, text: str) -> None:
    assert ago(SEEN, SEEN + passed) == text


def test_what_never_happened_is_never() -> None:
    assert ago(None, SEEN) == "never"
