"""What an operator may write after --since and --until."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from ingest.cli.bounds import parse_bound
from ingest.errors import UsageError

NOW = datetime(2026, 5, 22, 20, 30, tzinfo=UTC)  # the 23rd, 05:30, in Tokyo
TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("text", "at", "day"),
    [
        ("2026-05-22", datetime(2026, 5, 21, 15, tzinfo=UTC), date(2026, 5, 22)),
        ("today", datetime(2026, 5, 22, 15, tzinfo=UTC), date(2026, 5, 23)),
        (" Yesterday ", datetime(2026, 5, 21, 15, tzinfo=UTC), date(2026, 5, 22)),
        ("12h", datetime(2026, 5, 22, 8, 30, tzinfo=UTC), date(2026, 5, 22)),
        ("7d", datetime(2026, 5, 15, 20, 30, tzinfo=UTC), date(2026, 5, 16)),
        ("2w", datetime(2026, 5, 8, 20, 30, tzinfo=UTC), date(2026, 5, 9)),
        ("30m", datetime(2026, 5, 22, 20, 0, tzinfo=UTC), date(2026, 5, 23)),
        ("2026-05-22T09:00", datetime(2026, 5, 22, 0, 0, tzinfo=UTC), date(2026, 5, 22)),
        ("2026-05-22T09:00Z", datetime(2026, 5, 22, 9, 0, tzinfo=UTC), date(2026, 5, 22)),
        ("2026-05-22T20:00-05:00", datetime(2026, 5, 23, 1, 0, tzinfo=UTC), date(2026, 5, 23)),
    ],
)
def test_days_and_times_without_an_offset_are_the_operators_own(text: str, at: datetime, day: date) -> None:
    bound = parse_bound(text, flag="--since", now=NOW, zone=TOKYO)
    assert (bound.at, bound.at.tzinfo, bound.day) == (at, UTC, day)


@pytest.mark.parametrize(
    "text", ["", "soon", "7", "d", "7y", "2026-13-01", "2026-02-30", "22.5.2026", "0001-01-01", "-1d"]
)
def test_anything_else_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--since: .* is no day or moment; write a day \(2026-05-22\)"):
        parse_bound(text, flag="--since", now=NOW, zone=TOKYO)
