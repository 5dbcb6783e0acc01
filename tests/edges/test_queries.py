"""What is read back, on both engines alike, after real rounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, event

from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.model import Outcome, Precision, State
from ingest.store import provenance, queries, recorded
from ingest.store.engine import BATCH, read
from ingest.store.queries import Bound, Filter
from support.world import BLOG, FEED, NOW, Item, World, fetch_settings, rss

TOKYO = timezone(timedelta(hours=9))
LATE = datetime(2026, 5, 21, 20, 0, tzinfo=UTC)  # the 22nd in Tokyo
ITEMS = (
    Item("Claude と GPT の比較", "https://www.acme-ai.com/1", LATE, guid="1"),
    Item("A 100% faster model_x", "https://www.acme-ai.com/2", LATE - timedelta(hours=30), guid="2"),
    Item("An older note", "https://www.acme-ai.com/3", NOW - timedelta(days=9), guid="3"),
    Item("Press", "https://press.example.net/4", guid="4"),
)
DAY_ONLY = (
    b'<?xml version="1.0"?><rss version="2.0"><channel><title>B</title><link>https://blog.acme-ai.com/</link>'
    b"<item><title>A day</title><link>https://blog.acme-ai.com/d</link><pubDate>2026-05-21</pubDate></item>"
    b"<item><title>Nobody knows when</title><link>https://blog.acme-ai.com/n</link></item></channel></rss>"
)


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    with (
        VendorServer({FEED: rss(*ITEMS), BLOG: Answer(DAY_ONLY)}) as server,
        Fetcher(fetch_settings(server), now=lambda: NOW) as fetcher,
    ):
        built = World(engine, server, fetcher)
        assert built.round().failed == ()
        yield built


def titles(world: World, wanted: Filter = queries.ANY, **options: int) -> list[str]:
    with read(world.engine) as conn:
        return [result.title for result in queries.headlines(conn, wanted, **options)]


def test_headlines_come_newest_first_and_undated_ones_by_when_we_saw_them(world: World) -> None:
    assert titles(world) == [
        "Nobody knows when",
        "Claude と GPT の比較",
        "A day",
        "A 100% faster model_x",
        "An older note",
    ]
    assert titles(world, limit=2) == ["Nobody knows when", "Claude と GPT の比較"]


def test_a_headline_is_shown_whole(world: World) -> None:
    with read(world.engine) as conn:
        (day,) = queries.headlines(conn, Filter(search="a day"))
        assert queries.count_headlines(conn) == 5
    assert (day.vendor_name, day.source_id, day.role) == ("Acme", "acme/blog", "news")
    assert (day.published, day.published_precision) == (datetime(2026, 5, 21, tzinfo=UTC), Precision.DAY)
    assert (day.first_seen_at, day.revision, day.state, day.backfill) == (NOW, 1, "live", False)
    assert day.categories == ()


@pytest.mark.parametrize(
    ("search", "result"),
    [
        ("gpt", ["Claude と GPT の比較"]),
        ("比較", ["Claude と GPT の比較"]),
        ("claude 比較", ["Claude と GPT の比較"]),
        ("claude note", []),
        ("100%", ["A 100% faster model_x"]),
        ("model_x", ["A 100% faster model_x"]),
        ("%", ["A 100% faster model_x"]),
    ],
)
def test_every_word_has_to_be_there_and_none_is_a_pattern(world: World, search: str, result: list[str]) -> None:
    assert titles(world, Filter(search=search)) == result


def test_a_day_begins_where_the_reader_is_and_a_printed_day_stays_that_day(world: World) -> None:
    def since(day: date, zone: timezone) -> set[str]:
        return set(titles(world, Filter(since=Bound.of_day(day, zone), search="a")))

    the_22nd = date(2026, 5, 22)
    assert since(the_22nd, TOKYO) == {"Claude と GPT の比較"}  # 20:00Z on the 21st is the 22nd there
    assert since(the_22nd, UTC) == set()
    assert since(date(2026, 5, 21), TOKYO) == {"Claude と GPT の比較", "A day"}


def test_until_leaves_the_border_out(world: World) -> None:
    assert "A day" not in titles(world, Filter(until=Bound.of_day(date(2026, 5, 21), UTC)))
    assert "A day" in titles(world, Filter(until=Bound.of_day(date(2026, 5, 22), UTC)))
    assert "Nobody knows when" not in titles(world, Filter(until=Bound.of_day(date(2026, 5, 22), UTC)))


def test_filters_narrow(world: World) -> None:
    assert titles(world, Filter(vendor="nobody")) == []
    assert titles(world, Filter(source="acme/blog", lang="en")) == ["Nobody knows when", "A day"]
    assert titles(world, Filter(lang="ja")) == ["Claude と GPT の比較"]
    assert titles(world, Filter(backfill=True)) == ["Nobody knows when", "An older note"]


def test_sources_vendors_and_rejections_say_how_things_stand(world: World) -> None:
    with read(world.engine) as conn:
        (vendor,) = queries.vendors(conn)
        blog, news = queries.sources(conn)
        (refused,) = queries.rejections(conn)
        assert queries.rejections(conn, status="filtered") == []
        assert queries.rejections_at(conn, "https://press.example.net/4") == [refused]
        assert queries.data_as_of(conn) == NOW
        assert not queries.is_empty(conn)
    assert (vendor.name, vendor.sources, vendor.headlines, vendor.data_as_of) == ("Acme", 2, 5, NOW)
    assert (blog.id, blog.state, blog.headlines, news.headlines) == ("acme/blog", State.OK, 2, 3)
    assert news.next_poll_at is not None
    assert (refused.reason, refused.title, refused.times, refused.status) == ("off-scope", "Press", 1, "rejected")


def test_a_headline_has_its_whole_provenance(world: World) -> None:
    with read(world.engine) as conn:
        (shown,) = queries.headlines(conn, Filter(search="gpt"))
        result = provenance.provenance(conn, shown.id)
        assert recorded.headlines_at(conn, "https://www.acme-ai.com/1") == [shown]
        assert provenance.provenance(conn, "hnone") is None
    assert result is not None
    assert (result.headline, result.scope, result.generation.number) == (shown, "www.acme-ai.com", 1)
    assert (result.capture.target_url, result.capture.status_code, len(result.capture.wire_digest)) == (FEED, 200, 64)
    assert [(one.url, one.rel) for one in result.links] == [("https://www.acme-ai.com/1", "primary")]
    assert [one.title_original for one in result.claims] == ["Claude と GPT の比較"]
    assert [(one.revision, one.title) for one in result.revisions] == [(1, "Claude と GPT の比較")]


def test_a_document_costs_the_same_number_of_statements_whatever_its_length(engine: Engine) -> None:
    """A query an entry is what makes feed readers slow."""
    counted: list[int] = []

    def count(_: Any, __: Any, ___: str, values: Any, ____: Any, many: bool) -> None:
        counted.append(0 if many else len(values))

    event.listen(engine, "before_cursor_execute", count)

    def cost(*items: Item) -> int:
        """Count statements, but of those that ask for a list of names in batches only the last."""
        server.update({FEED: rss(*items)})
        counted.clear()
        assert built.poll().outcome is Outcome.OK
        return sum(values < BATCH for values in counted)

    with (
        VendorServer({FEED: rss(), BLOG: rss()}) as server,
        Fetcher(fetch_settings(server), now=lambda: NOW) as fetcher,
    ):
        built = World(engine, server, fetcher)
        items = [Item(f"Item {n}", f"https://www.acme-ai.com/{n}", NOW - timedelta(hours=n)) for n in range(410)]
        built.round()
        cost(*items[:5], items[409])  # the first fill does not compare with older entries of the source, and costs less
        few, many = cost(*items[5:9], items[408]), cost(*items[9:408])  # both have days that are settled
        again = cost(*items[1:409])
    assert many == few
    assert again <= few
