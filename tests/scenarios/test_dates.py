"""Dates with odd hours and words beside them, through real rounds: as a feed's date, in `<time>`, in a line, in a list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ingest import pipeline
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.model import Outcome
from ingest.store import replays
from ingest.store.checks import check
from ingest.store.engine import read
from support.databases import new
from support.world import NOW, World, fetch_settings

pytestmark = pytest.mark.either_engine

HOST = "https://www.acme-ai.com"
LIST = f"""
version: 1
vendors:
  acme:
    name: Acme
    home: {HOST}/
    official: [www.acme-ai.com]
    sources:
      feed: {{kind: feed, url: {HOST}/feed.xml, lang: ja}}
      list: {{kind: page, url: {HOST}/list, lang: ja, select: {{entry: li, title: a, date: p}}}}
      map: {{kind: sitemap, url: {HOST}/sitemap.xml, lang: ja}}
      bare: {{kind: sitemap, url: {HOST}/bare.xml, lang: ja}}
"""

# What is written, and the day of its publication and of its change.
WRITTEN = [
    ("2026年4月1日 午前10時00分", "2026-04-01", ""),
    ("2026年4月2日（木）午後3:05", "2026-04-02", ""),
    ("令和8年4月3日 正午", "2026-04-03", ""),
    ("R8.4.4", "2026-04-04", ""),
    ("2026年4月5日 上午10:00", "2026-04-05", ""),
    ("2026-04-06 凌晨2点05分", "2026-04-06", ""),
    ("2026년 4월 7일 오전 10:00", "2026-04-07", ""),
    ("公開日：２０２６年４月８日（水） 午後３時", "2026-04-08", ""),
    ("2026年4月9日付", "2026-04-09", ""),
    ("掲載日：2026年4月10日 更新日：2026年5月1日", "2026-04-10", "2026-05-01"),
    ("最終更新：2026年5月2日 午前10時", "", "2026-05-02"),
    ("Wed, 15 Apr 2026 25:00:00 GMT", "2026-04-15", ""),
]


def xml(body: str) -> Answer:
    return Answer(f'<?xml version="1.0" encoding="UTF-8"?>{body}'.encode(), "application/xml")


def html(body: str) -> Answer:
    return Answer(
        f'<!doctype html><html lang="ja"><title>アクメ</title>{body}</html>'.encode(), "text/html; charset=utf-8"
    )


def article(number: int, written: str) -> Answer:
    tag = "time" if number % 2 else "p"
    prose = "この度、当社は新しいモデルの提供を開始しましたので、お知らせいたします。" * 3
    return html(f"<main><h1>ページのお知らせ その{number}</h1><{tag}>{written}</{tag}><p>{prose}</p></main>")


@pytest.fixture
def server() -> Iterator[VendorServer]:
    items = "".join(
        f"<item><title>フィードのお知らせ その{n}</title><link>{HOST}/feed/{n}</link><pubDate>{written}</pubDate></item>"
        for n, (written, *_) in enumerate(WRITTEN)
    )
    rows = "".join(
        f'<li><a href="/list/{n}">一覧のお知らせ その{n}</a><p>{written}</p></li>'
        for n, (written, *_) in enumerate(WRITTEN)
    )
    urls = "".join(
        f"<url><loc>{HOST}/page/{n}</loc><lastmod>2026-05-03 08:53:11 PM</lastmod></url>" for n in range(len(WRITTEN))
    )
    answers = {
        f"{HOST}/feed.xml": xml(f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>"),
        f"{HOST}/list": html(f"<ul>{rows}</ul>"),
        f"{HOST}/sitemap.xml": xml(f"<urlset><urlset>{urls}</urlset></urlset>"),
        f"{HOST}/bare.xml": xml("<urlset><url><loc>/page/1</loc></url></urlset>"),
    }
    pages = {f"{HOST}/page/{n}": article(n, written) for n, (written, *_) in enumerate(WRITTEN)}
    with VendorServer({**answers, **pages}) as vendors:
        yield vendors


@pytest.fixture
def world(engine: Engine, server: VendorServer) -> Iterator[World]:
    with Fetcher(fetch_settings(server), now=lambda: NOW) as fetcher:
        built = World(engine, server, fetcher)
        built.put_in_force(LIST)
        yield built


@pytest.mark.parametrize("source", ["feed", "list", "map"])
def test_the_day_is_recorded_however_its_hour_is_written(world: World, source: str, tmp_path: Path) -> None:
    first = world.poll(f"acme/{source}")
    assert first.outcome is Outcome.OK
    world.poll(f"acme/{source}")  # a round opens ten pages
    sql = f"SELECT url, published, published_precision FROM v1_headlines WHERE source_id = 'acme/{source}'"
    rows = {
        row.url.rpartition("/")[2]: (str(row.published or "")[:10], row.published_precision) for row in world.rows(sql)
    }
    expected = {str(n): (day, "day" if day else "none") for n, (_, day, _) in enumerate(WRITTEN)}
    assert rows == expected
    again = world.poll(f"acme/{source}")
    assert (again.tally.created, again.tally.revised) == (0, 0)
    target = new(f"{tmp_path}/again.db")
    pipeline.replay(world.engine, target)
    with read(world.engine) as stored, read(target) as replayed:
        assert list(replays.differences(stored, replayed)) == []
    assert [finding for finding in check(world.engine, None) if finding.level == "fault"] == []
    target.dispose()


def test_a_sitemap_without_absolute_addresses_is_broken_by_name(world: World) -> None:
    report = world.poll("acme/bare")
    assert report.outcome is Outcome.BROKEN
    assert "absolute" in report.error
    assert "/page/1" in report.error
