"""Lists without feeds: selectors are verified first, and the page of each entry is opened once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ingest import pipeline
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.judging import pages
from ingest.model import Outcome
from ingest.moments import written
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
    official: [www.acme-ai.com, "!www.acme-ai.com/go/"]
    sources:
      news:
        kind: page
        url: {HOST}/news
        lang: en
        select: {{entry: li.card, title: h3, date: time, link: a@href}}
      map:
        kind: sitemap
        url: {HOST}/sitemap.xml
        lang: en
        include: ['path:^/research/']
        first_fill: 2
        interval: 1h
"""


def listing(*cards: tuple[str, str, str], name: str = "card") -> Answer:
    items = "".join(
        f'<li class="{name}"><a href="{link}"><h3>{title}</h3></a><time>{day}</time></li>' for title, link, day in cards
    )
    return Answer(f"<!doctype html><title>News</title><ul>{items}</ul>".encode(), "text/html; charset=utf-8")


def article(title: str, day: str, head: str = "") -> Answer:
    body = (
        f'<!doctype html><html lang="en"><head><title>{title} | Acme</title>{head}'
        f'<meta property="article:published_time" content="{day}"></head><body><h1>{title}</h1><p>Text.</p></body></html>'
    )
    return Answer(body.encode(), "text/html; charset=utf-8")


def urlset(*pages: tuple[str, str]) -> Answer:
    urls = "".join(f"<url><loc>{HOST}{path}</loc><lastmod>{day}</lastmod></url>" for path, day in pages)
    ns = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    return Answer(f'<?xml version="1.0"?><urlset {ns}>{urls}</urlset>'.encode(), "application/xml")


WALL = b"<!doctype html><title>Just a moment...</title><script src='/cdn-cgi/challenge-platform/x'></script>"
SENT_ON = b"<!doctype html><title>Redirecting</title><meta http-equiv=refresh content='0; url=/elsewhere'>"
LOST = b"<!doctype html><title>Page not found</title><h1>Page not found</h1><p>Try the search.</p>"
NEWS = [(f"Acme announces release {n}", f"/news/{n}", f"May {n}, 2026") for n in range(5, 0, -1)]
RESEARCH = {f"/research/{n}": article(f"Research paper {n}", f"2026-05-{n:02}T10:00:00Z") for n in range(1, 7)}


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer({f"{HOST}/news": listing(*NEWS)}) as vendors:
        vendors.update({f"{HOST}{path}": page for path, page in RESEARCH.items()})
        vendors.update(
            {
                f"{HOST}/sitemap.xml": urlset(
                    *((path, f"2026-05-0{path[-1]}") for path in RESEARCH), ("/about", "2026-01-01")
                )
            }
        )
        yield vendors


@pytest.fixture
def world(engine: Engine, server: VendorServer) -> Iterator[World]:
    with Fetcher(fetch_settings(server), now=lambda: built.at) as fetcher:
        built = World(engine, server, fetcher)
        built.put_in_force(LIST)
        yield built


def asked(world: World, part: str) -> list[str]:
    return [request.target for request in world.server.requests if part in request.target]


def assert_replayed(world: World, folder: Path) -> None:
    """See that what is stored comes to the same when it is read anew."""
    target = new(f"{folder}/again.db")
    pipeline.replay(world.engine, target)
    with read(world.engine) as stored, read(target) as replayed:
        assert list(replays.differences(stored, replayed)) == []
    target.dispose()


# ── a page read with selectors ──────────────────────────────────────────────────────────────────────────────────


def test_a_page_yields_headlines_with_the_days_it_prints(world: World) -> None:
    report = world.poll("acme/news")
    assert (report.outcome, report.tally.created) == (Outcome.OK, 5)
    rows = world.rows("SELECT title, url, published_precision FROM v1_headlines ORDER BY title LIMIT 1")
    assert [tuple(row) for row in rows] == [("Acme announces release 1", f"{HOST}/news/1", "day")]


def test_a_renamed_class_raises_an_alarm_and_costs_nothing(world: World) -> None:
    world.poll("acme/news")
    world.server.update(
        {f"{HOST}/news": listing(("Acme announces release 6", "/news/6", "May 6, 2026"), *NEWS, name="tile")}
    )
    report = world.poll("acme/news", after=timedelta(hours=2))
    assert report.outcome is Outcome.BROKEN
    assert "compare select.entry with the page" in report.error
    assert len(world.titles()) == 5
    world.put_in_force(LIST.replace("li.card", "li.tile"))
    world.round(everything=False, after=timedelta(minutes=1))  # a repaired stanza reads the stored bytes anew
    assert "Acme announces release 6" in world.titles()
    (state,) = world.rows("SELECT state FROM v1_sources WHERE id = 'acme/news'")
    assert state.state in {"ok", "broken"}


def test_an_extraction_of_a_menu_waits_in_quarantine_until_it_is_verified(world: World) -> None:
    menu = [(word, f"/{word.lower()}", "") for word in ("Home", "About", "Careers", "Contact", "Privacy")]
    world.server.update({f"{HOST}/news": listing(*menu)})
    report = world.poll("acme/news")
    assert (report.outcome, report.tally.quarantined, report.tally.created) == (Outcome.BROKEN, 5, 0)
    assert {row.status for row in world.rows("SELECT status FROM v1_rejections")} == {"quarantined"}
    world.server.update({f"{HOST}/news": listing(*NEWS)})
    assert world.poll("acme/news", after=timedelta(hours=30)).tally.created == 5


def test_an_extraction_that_include_would_leave_out_whole_is_broken_with_a_message(world: World) -> None:
    with_paths = "include: ['path:^/news/']\n        select: {entry"
    world.put_in_force(LIST.replace("select: {entry", with_paths))
    assert world.poll("acme/news").tally.created == 5
    events = [(title, link.replace("news", "events"), day) for title, link, day in NEWS]
    world.server.update({f"{HOST}/news": listing(*events)})
    report = world.poll("acme/news", after=timedelta(hours=2))
    assert (report.outcome, report.tally.filtered) == (Outcome.BROKEN, 5)
    assert report.error.startswith(
        "5 of 5 links lead elsewhere than include says, for example to https://www.acme-ai.com/events/5;"
    )


def test_a_wall_is_blocked_and_not_broken(world: World) -> None:
    world.poll("acme/news")
    world.server.update({f"{HOST}/news": Answer(WALL, "text/html")})
    assert world.poll("acme/news", after=timedelta(hours=2)).outcome is Outcome.BLOCKED
    assert len(world.titles()) == 5


# ── pages of entries ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sitemap_opens_the_newest_pages_and_registers_the_others_as_known(world: World) -> None:
    report = world.round("acme/map")
    (polled,) = report.polls
    assert (polled.tally.pending, polled.tally.seen, polled.tally.entries) == (2, 4, 6)
    assert report.tally.created == 2
    assert world.titles() == ["Research paper 5", "Research paper 6"]
    (row,) = world.rows("SELECT published, published_precision, backfill FROM v1_headlines WHERE title LIKE '%6'")
    assert row.published_precision == "second"
    assert len(asked(world, "/research/")) == 2
    world.round("acme/map", after=timedelta(hours=2))
    assert len(asked(world, "/research/")) == 2  # each page is opened once


def test_a_new_page_in_a_sitemap_becomes_a_headline_with_its_own_title_and_date(world: World) -> None:
    world.round("acme/map")
    world.server.update({f"{HOST}/research/7": article("Research paper 7", "2026-05-22T09:00:00Z")})
    paths = [*((path, "2026-05-21") for path in RESEARCH), ("/research/7", "2026-05-22")]
    world.server.update({f"{HOST}/sitemap.xml": urlset(*paths)})
    world.round("acme/map", after=timedelta(hours=2))
    assert "Research paper 7" in world.titles()
    assert len(world.titles()) == 3  # a new lastmod is no news


def test_an_index_is_read_part_by_part(world: World) -> None:
    ns = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    index = "".join(f"<sitemap><loc>{HOST}/maps/{n}.xml</loc></sitemap>" for n in (1, 2))
    world.server.update(
        {
            f"{HOST}/sitemap.xml": Answer(f"<sitemapindex {ns}>{index}</sitemapindex>".encode(), "application/xml"),
            f"{HOST}/maps/1.xml": urlset(("/research/1", "2026-05-01")),
            f"{HOST}/maps/2.xml": urlset(("/research/2", "2026-05-02")),
        }
    )
    world.round("acme/map")
    assert world.titles() == ["Research paper 1", "Research paper 2"]
    world.server.update({f"{HOST}/maps/2.xml": urlset(("/research/2", "2026-05-02"), ("/research/3", "2026-05-03"))})
    world.round("acme/map", after=timedelta(hours=2))  # the index itself answers 304
    assert "Research paper 3" in world.titles()


def test_an_entry_waits_for_its_page_over_failures_and_restarts(world: World) -> None:
    world.server.update({f"{HOST}/research/6": Answer(b"busy", "text/plain", 503)})
    world.round("acme/map")
    assert world.titles() == ["Research paper 5"]
    assert world.round("acme/map", after=timedelta(minutes=1)).tally.created == 0  # not before its time
    world.server.update({f"{HOST}/research/6": RESEARCH["/research/6"]})
    world.round("acme/map", after=timedelta(hours=1))
    assert world.titles() == ["Research paper 5", "Research paper 6"]


@pytest.mark.parametrize(
    ("instead", "outcome"),
    [
        (Answer(WALL, "text/html"), "blocked"),
        (Answer(LOST, "text/html"), "broken"),
        (Answer(SENT_ON, "text/html"), "moved"),
        (Answer(b"", "text/html"), "failed"),
    ],
)
def test_what_stands_in_the_place_of_a_page_costs_no_announcement(
    world: World, instead: Answer, outcome: str, tmp_path: Path
) -> None:
    world.server.update({f"{HOST}/research/6": instead})
    world.round("acme/map")
    (visit,) = world.rows("SELECT outcome, error FROM polls WHERE url LIKE '%/research/6'")
    assert (visit.outcome, world.titles()) == (outcome, ["Research paper 5"])
    assert not world.rows("SELECT id FROM captures WHERE ingested_at IS NULL")
    world.server.update({f"{HOST}/research/6": RESEARCH["/research/6"]})
    world.round("acme/map", after=timedelta(hours=1))
    assert world.titles() == ["Research paper 5", "Research paper 6"]
    assert_replayed(world, tmp_path)


def test_a_list_that_gives_titles_does_not_wait_for_pages_that_are_not_there(world: World, tmp_path: Path) -> None:
    world.server.update({f"{HOST}/news/{number}": Answer(LOST, "text/html") for number in range(1, 6)})
    world.put_in_force(LIST.replace("kind: page\n", "kind: page\n        article: true\n"))
    world.round("acme/news")
    assert len(world.titles()) == 5
    assert_replayed(world, tmp_path)


def test_a_page_that_never_comes_and_was_the_only_one_with_a_title_is_refused_by_name(world: World) -> None:
    world.server.remove(f"{HOST}/research/6")
    for number in range(pages.TRIES_UNTITLED):
        assert not world.rows("SELECT reason FROM v1_rejections WHERE reason = 'no-title'")
        world.round("acme/map", after=pages.wait(number))
    assert len(asked(world, "/research/6")) == pages.TRIES_UNTITLED
    (refused,) = world.rows("SELECT reason, url FROM v1_rejections WHERE reason = 'no-title'")
    assert refused.url == f"{HOST}/research/6"


def test_a_page_that_alone_gives_a_title_is_waited_for_through_days_of_silence(world: World) -> None:
    world.server.update({f"{HOST}/research/6": Answer(b"busy", "text/plain", 403)})
    for number in range(9):
        world.round("acme/map", after=pages.wait(number))
    assert world.at > NOW + timedelta(days=3)
    world.server.update({f"{HOST}/research/6": RESEARCH["/research/6"]})
    world.round("acme/map", after=pages.wait(9))
    assert "Research paper 6" in world.titles()


@pytest.mark.parametrize("column", ["lease_until", "next_try_at"])
def test_after_our_clock_was_set_back_no_page_waits_for_the_old_time(column: str, world: World) -> None:
    world.server.remove(f"{HOST}/research/6")
    world.round("acme/map")
    world.write(
        f"UPDATE candidates SET {column} = :then WHERE status = 'pending'", then=written(world.at + timedelta(days=30))
    )
    world.server.update({f"{HOST}/research/6": RESEARCH["/research/6"]})
    world.round("acme/map", after=timedelta(hours=1))
    assert "Research paper 6" in world.titles()


def test_the_text_of_the_list_has_to_do_when_the_page_cannot_be_opened(world: World) -> None:
    world.put_in_force(LIST.replace("kind: page\n", "kind: page\n        article: true\n"))
    world.round("acme/news")
    assert len(world.titles()) == 5
    assert {row.published_precision for row in world.rows("SELECT published_precision FROM v1_headlines")} == {"day"}


def test_a_page_gives_the_exact_time_its_own_address_and_its_other_languages(world: World) -> None:
    head = (
        f'<link rel="canonical" href="{HOST}/news/one"><link rel="alternate" hreflang="ja" href="{HOST}/ja/news/one">'
        '<link rel="alternate" hreflang="de" href="https://elsewhere.example.net/eins">'
    )
    world.server.update({f"{HOST}/news/1": article("Release 1", "2026-05-01T08:30:00Z", head)})
    out = '<link rel="canonical" href="https://elsewhere.example.net/two">'
    world.server.update({f"{HOST}/news/2": article("Release 2", "2026-05-02T08:30:00Z", out)})
    through = f'<link rel="canonical" href="{HOST}/redirect?url=https://elsewhere.example.net/three">'
    world.server.update({f"{HOST}/news/3": article("Release 3", "2026-05-03T08:30:00Z", through)})
    world.put_in_force(LIST.replace("kind: page\n", "kind: page\n        article: true\n"))
    world.round("acme/news")
    (one,) = world.rows("SELECT id, url, published_precision FROM v1_headlines WHERE title LIKE '% 1'")
    assert (one.url, one.published_precision) == (f"{HOST}/news/one", "second")
    links = world.rows("SELECT url, rel, lang FROM v1_links WHERE headline_id = :id ORDER BY rel", id=one.id)
    assert [tuple(row) for row in links] == [
        (f"{HOST}/ja/news/one", "alternate", "ja"),
        (f"{HOST}/news/one", "primary", "en"),
    ]
    for number in (2, 3):
        kept = world.rows("SELECT url FROM v1_headlines WHERE title LIKE :end", end=f"% {number}")
        assert kept[0].url == f"{HOST}/news/{number}"
    before = len(world.server.requests)
    world.round("acme/news", after=timedelta(hours=2))
    assert len(asked(world, "/news/")) == 5
    assert len(world.server.requests) == before + 1
    assert [row.kind for row in world.rows("SELECT kind FROM v1_changes")] == ["created"] * 5


def test_an_edit_in_the_list_opens_the_page_once_more_and_is_a_revision(world: World) -> None:
    world.put_in_force(LIST.replace("kind: page\n", "kind: page\n        article: true\n"))
    for number in range(1, 6):
        world.server.update({f"{HOST}/news/{number}": article(f"Release {number}", f"2026-05-0{number}T08:30:00Z")})
    world.round("acme/news")
    edited = [(title.replace("release 3", "release three"), link, day) for title, link, day in NEWS]
    world.server.update({f"{HOST}/news": listing(*edited)})
    report = world.round("acme/news", after=timedelta(hours=2))
    assert report.tally.revised == 1
    (row,) = world.rows("SELECT title, revision, published_precision FROM v1_headlines WHERE revision = 2")
    assert tuple(row) == ("Acme announces release three", 2, "second")


def test_a_replay_comes_to_the_same(world: World, tmp_path: Path) -> None:
    world.put_in_force(LIST.replace("kind: page\n", "kind: page\n        article: true\n"))
    world.server.update({f"{HOST}/news/1": article("Release 1", "2026-05-01T08:30:00Z")})
    world.round()
    world.server.update({f"{HOST}/news": listing(("Acme announces release 6", "/news/6", "May 6, 2026"), *NEWS)})
    world.round(after=timedelta(hours=2))
    assert_replayed(world, tmp_path)
    assert len(world.titles()) == 8


OTHER_LANGUAGE = (
    f'<link rel="canonical" href="{HOST}/news/one"><link rel="alternate" hreflang="ja" href="{HOST}/ja/news/one">'
)


def test_a_link_that_an_exception_covers_leaves_at_once_when_somebody_has_confirmed_it(
    world: World, tmp_path: Path
) -> None:
    opened = LIST.replace("kind: page\n", "kind: page\n        article: true\n")
    narrower = opened.replace('"!www.acme-ai.com/go/"', '"!www.acme-ai.com/go/", "!www.acme-ai.com/ja/"')
    world.server.update({f"{HOST}/news/1": article("Release 1", "2026-05-01T08:30:00Z", OTHER_LANGUAGE)})
    world.put_in_force(opened)
    world.round("acme/news")
    query = "SELECT url FROM v1_links WHERE url LIKE '%/ja/%'"

    held = world.put_in_force(narrower)
    assert held.standing is pipeline.Standing.HELD
    assert held.applied is not None
    assert (held.applied.links_revoked, held.applied.addresses) == (1, (f"{HOST}/ja/news/one",))
    assert len(world.rows(query)) == 1

    assert world.put_in_force(narrower, confirm=True).standing is pipeline.Standing.APPLIED
    assert world.rows(query) == []
    world.round(after=timedelta(hours=2))
    world.round(after=timedelta(hours=2))
    assert world.rows(query) == []
    accepted = pipeline.in_force(world.engine)
    assert accepted is not None
    assert [finding.what for finding in check(world.engine, accepted.allowlist) if finding.level == "fault"] == []
    assert_replayed(world, tmp_path)
