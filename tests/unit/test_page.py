from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ingest.model import Precision, Role, State
from ingest.store.queries import SourceRow
from ingest.store.stories import ListedStory
from ingest.web import page

TOKYO = ZoneInfo("Asia/Tokyo")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
NOW = datetime(2026, 5, 22, 12, tzinfo=UTC)
FRESH = page.freshness_of(NOW, NOW, UTC)

STORY = ListedStory(
    id="s1",
    headline_id="h1",
    vendor_id="acme",
    vendor_name="Acme",
    source_id="acme/news",
    role=Role.NEWS,
    url="https://www.acme-ai.com/one",
    title="One",
    lang="en",
    published=NOW,
    published_precision=Precision.SECOND,
    first_seen_at=NOW,
    headlines=1,
    product="",
    display_title="One",
)
SOURCE = SourceRow(
    id="acme/news",
    vendor_id="acme",
    kind="feed",
    role=Role.NEWS,
    url="https://www.acme-ai.com/feed.xml",
    state=State.OK,
    reason="",
    last_success_at=NOW,
    last_change_at=NOW,
    next_poll_at=NOW,
    consecutive_failures=0,
    last_error="",
    headlines=3,
    data_as_of=NOW,
    product="",
)


def headline(title: str = "One", **changes: Any) -> ListedStory:
    return replace(STORY, title=title, display_title=title, **changes)


def day(title: str, year: int, month: int, day: int) -> ListedStory:
    return headline(title, published=datetime(year, month, day, tzinfo=UTC), published_precision=Precision.DAY)


def source(id_: str, state: State = State.OK, **changes: Any) -> SourceRow:
    return replace(SOURCE, id=id_, state=state, **changes)


def front(
    newest: list[ListedStory],
    *,
    live: list[ListedStory] | None = None,
    sources: list[SourceRow] | None = None,
    zone: Any = UTC,
) -> page.FrontPage:
    return page.front_page(newest if live is None else live, newest, sources or [], FRESH, zone)


def days(shown: page.FrontPage) -> dict[str, list[str]]:
    return {result.heading: [line.title for line in result.lines] for result in shown.days}


# ── lines ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url", ["http://www.acme-ai.com/", "javascript:alert(1)", "data:text/html,x", "//x/", "/x", ""]
)
def test_an_address_that_is_not_https_is_never_linked(url: str) -> None:
    (line,) = front([headline(url=url)]).ticker
    assert line.url is None


def test_an_official_address_is_linked_as_it_is_stored() -> None:
    (line,) = front([headline(url="https://www.acme-ai.com/a?b=1&c#d")]).ticker
    assert line.url == "https://www.acme-ai.com/a?b=1&c#d"


@pytest.mark.parametrize(
    ("lang", "shown"),
    [("ja", "ja"), ("zh-Hant-TW", "zh-Hant-TW"), (None, None), ("", None), ('e"x', None), ("-", None)],
)
def test_only_a_language_tag_is_sent_to_the_browser(lang: str | None, shown: str | None) -> None:
    (line,) = front([headline(lang=lang)]).ticker
    assert line.lang == shown


# ── ticker ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_ticker_is_what_is_live_and_the_list_is_everything() -> None:
    fresh = [headline(f"new {number}") for number in range(page.TICKER_LEAST)]
    shown = front([*fresh, headline("old")], live=fresh)
    assert [line.title for line in shown.ticker] == [row.title for row in fresh]
    assert not shown.with_backfill
    assert days(shown) == {"Friday, 22 May 2026": [row.title for row in (*fresh, headline("old"))]}


def test_with_little_that_is_new_the_ticker_shows_the_newest_of_all_and_says_so() -> None:
    shown = front([headline("old")], live=[])
    assert ([line.title for line in shown.ticker], shown.with_backfill) == (["old"], True)


def test_with_nothing_there_is_nothing_to_say_about_backfill() -> None:
    shown = front([])
    assert (shown.ticker, shown.days, shown.with_backfill, shown.more) == ((), (), False, False)


# ── days ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_moment_stands_under_its_day_in_the_zone_and_a_printed_day_under_itself() -> None:
    rows = [
        headline("evening", published=datetime(2026, 5, 22, 2, tzinfo=UTC)),
        day("printed", 2026, 5, 22),
        headline("afternoon", published=datetime(2026, 5, 21, 22, tzinfo=UTC)),
    ]
    assert days(front(rows, zone=TOKYO)) == {"Friday, 22 May 2026": ["evening", "printed", "afternoon"]}
    # In Los Angeles the printed day lies between two moments of the day before: one heading each, all the same.
    assert days(front(rows, zone=LOS_ANGELES)) == {
        "Friday, 22 May 2026": ["printed"],
        "Thursday, 21 May 2026": ["evening", "afternoon"],
    }
    assert front(rows, zone=LOS_ANGELES).days[0].heading == "Friday, 22 May 2026"


def test_a_month_stands_after_its_first_day_and_the_undated_under_the_day_we_saw_them() -> None:
    rows = [
        headline("undated", published=None, published_precision=Precision.NONE),
        day("printed", 2026, 5, 1),
        headline("month", published=datetime(2026, 5, 1, tzinfo=UTC), published_precision=Precision.MONTH),
        day("april", 2026, 4, 30),
    ]
    assert list(days(front(rows)).items()) == [
        ("Undated, first seen on Friday, 22 May 2026", ["undated"]),
        ("Friday, 1 May 2026", ["printed"]),
        ("May 2026, day not given", ["month"]),
        ("Thursday, 30 April 2026", ["april"]),
    ]


# ── bounds ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_says_when_there_is_more_than_it_shows() -> None:
    rows = [headline(f"{number}") for number in range(page.LIST_LINES + 1)]
    whole, cut = front(rows[:-1]), front(rows)
    assert (whole.shown, whole.more) == (page.LIST_LINES, False)
    assert (cut.shown, cut.more) == (page.LIST_LINES, True)
    assert len(cut.ticker) == page.TICKER_LINES


@pytest.mark.parametrize("title", ["x" * 1000, "字" * 1000, "&" * 1000])
def test_long_lines_shorten_the_list_but_never_empty_it(title: str) -> None:
    rows = [headline(title, url="https://www.acme-ai.com/" + "a" * 2000)] * page.LIST_LINES
    shown = front(rows)
    assert 1 <= len(shown.ticker) < page.TICKER_LINES
    assert 1 <= shown.shown < page.LIST_LINES
    assert shown.more


# ── sources ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_page_shows_the_sources_in_trouble_first_and_counts_all() -> None:
    many = [source(f"acme/{number:02}") for number in range(page.SOURCE_LINES)]
    table = front([], sources=[*many, source("acme/z", State.FAILING, reason="timeout")]).sources
    assert (table.lines[0].id, table.lines[0].state, table.lines[0].reason) == ("acme/z", State.FAILING, "timeout")
    assert [line.id for line in table.lines[1:]] == [row.id for row in many[:-1]]
    assert table.states == ((State.OK, page.SOURCE_LINES), (State.FAILING, 1))
    assert table.left_out == 1


def test_the_page_of_sources_leaves_none_out_and_keeps_their_order() -> None:
    many = [source(f"acme/{number:03}", reason="x" * 299) for number in range(500)]
    table = page.sources_page(many, FRESH, UTC).sources
    assert [line.id for line in table.lines] == [row.id for row in many]
    assert table.left_out == 0


def test_a_source_that_never_answered_has_no_last_success() -> None:
    table = page.sources_page([source("acme/x", State.NEW, last_success_at=None, headlines=0)], FRESH, UTC).sources
    assert (table.lines[0].success, table.lines[0].headlines) == (None, 0)


def test_a_long_reason_is_cut() -> None:
    (line,) = page.sources_page([source("acme/x", State.FAILING, reason="r" * 5000)], FRESH, UTC).sources.lines
    assert line.reason == "r" * page.REASON_LIMIT + "…"


# ── freshness ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_freshness_has_the_zone_and_how_recent_the_data_is() -> None:
    shown = page.freshness_of(NOW, NOW, TOKYO)
    assert shown.as_of is not None
    assert (shown.zone, shown.as_of.text, shown.stale) == ("Asia/Tokyo", "2026-05-22 21:00", False)


def test_data_older_than_the_longest_interval_is_stale() -> None:
    assert not page.freshness_of(NOW, NOW + page.STALE, UTC).stale
    assert page.freshness_of(NOW, NOW + page.STALE + timedelta(seconds=1), UTC).stale


def test_before_the_first_poll_there_is_no_data_to_be_stale() -> None:
    assert page.freshness_of(None, NOW, UTC) == page.Freshness("UTC", None, stale=False)
