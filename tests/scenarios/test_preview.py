"""A preview says what the next poll then does, and writes nothing; a document is looked at for what it may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest

from ingest import allowlist
from ingest.authoring.preview import Preview, preview
from ingest.authoring.survey import look
from ingest.demo.answers import Answer
from ingest.errors import ParseError
from ingest.judging import Reading
from ingest.model import Allowlist, Capture, EntryOutcome, Kind, State, Tally
from support.world import NOW, World, rss
from support.world import Item as FeedItem

HOST = "https://www.acme-ai.com"
LIST = f"""
version: 1
vendors:
  acme:
    name: Acme
    home: {HOST}/
    official: [www.acme-ai.com, blog.acme-ai.com, "!www.acme-ai.com/community/"]
    sources:
      news: {{kind: feed, url: {HOST}/feed.xml, lang: en, exclude: ['title:Job']}}
      page: {{kind: page, url: {HOST}/news, lang: en, select: {{entry: li.card, title: h3, date: time, link: a@href}}}}
      map: {{kind: sitemap, url: {HOST}/sitemap.xml, lang: en, include: ['path:^/research/'], first_fill: 2}}
"""
FEED = rss(
    FeedItem("Model 5 is here", f"{HOST}/news/5"),
    FeedItem("Model 4 is here", f"{HOST}/news/4", NOW - timedelta(days=30)),
    FeedItem("Model 4 is here", f"{HOST}/news/4", NOW - timedelta(days=30)),
    FeedItem("Job: parrot", f"{HOST}/jobs/1"),
    FeedItem("Press says", "https://press.example.net/acme"),
    FeedItem("In two years", f"{HOST}/news/100", NOW + timedelta(days=800)),
)


def listing(*titles: str, name: str = "card") -> Answer:
    items = "".join(
        f'<li class="{name}"><a href="/news/{n}"><h3>{title}</h3></a><time>May {n}, 2026</time></li>'
        for n, title in enumerate(titles, 1)
    )
    return Answer(f"<!doctype html><title>News</title><ul>{items}</ul>".encode(), "text/html")


def urlset(*paths: str) -> Answer:
    urls = "".join(
        f"<url><loc>{HOST}{path}</loc><lastmod>2026-05-0{n}</lastmod></url>" for n, path in enumerate(paths, 1)
    )
    ns = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    return Answer(f'<?xml version="1.0"?><urlset {ns}>{urls}</urlset>'.encode(), "application/xml")


TITLES = ("Acme releases the first one", "Acme releases another one", "Acme opens an office", "Acme hires a poet")


def capture_of(answer: Answer, url: str, source_id: str = "acme/x") -> Capture:
    return Capture(0, source_id, url, url, answer.content, "", (("Content-Type", answer.media_type),), NOW, 0)


@cache
def listed() -> Allowlist:
    return allowlist.parse(LIST.encode())


def seen(key: str, answer: Answer, world: World | None = None) -> Preview:
    """Preview what a source answers, against what is stored in a world if one is given."""
    (source,) = (item for item in listed().sources if item.id == f"acme/{key}")
    reading = Reading(source, listed().vendors[0], 0)
    return preview(capture_of(answer, source.url, source.id), reading, world.engine if world else None)


def polled(world: World, key: str, answer: Answer) -> Tally:
    (source,) = (item for item in listed().sources if item.id == f"acme/{key}")
    if world.accepted is None:
        world.put_in_force(LIST)
    world.server.update({source.url: answer})
    return world.poll(source.id).tally


@pytest.mark.parametrize(
    ("key", "first", "then"),
    [
        (
            "news",
            FEED,
            rss(FeedItem("Model 5 is here today", f"{HOST}/news/5"), FeedItem("A model 6", f"{HOST}/news/6")),
        ),
        ("page", listing(*TITLES), listing(*TITLES, "Acme writes a poem")),
        ("page", listing(*TITLES), listing("Home", "About us", "Careers", "Contact")),
    ],
)
def test_what_a_preview_says_is_what_the_poll_then_does(world: World, key: str, first: Answer, then: Answer) -> None:
    for answer in (first, then):
        reported = seen(key, answer, world)
        assert reported.tally.entries > 0
        assert polled(world, key, answer) == reported.tally


def test_entries_whose_page_is_opened_first_wait_in_a_preview_as_in_a_poll(world: World) -> None:
    world.put_in_force(LIST)
    first = urlset(*(f"/research/{n}" for n in range(5)), "/about")
    reported = seen("map", first, world)
    assert (reported.tally.pending, reported.tally.seen) == (2, 3)
    assert [item.url for item in reported.items if item.fate is EntryOutcome.PENDING] == [
        f"{HOST}/research/3",
        f"{HOST}/research/4",
    ]
    world.server.update({f"{HOST}/sitemap.xml": first})
    assert world.poll("acme/map").tally == reported.tally
    assert seen("map", first, world).tally.created == 0


def test_a_preview_writes_nothing(world: World) -> None:
    world.put_in_force(LIST)
    tables = ("headlines", "rejections", "candidates", "captures", "polls", "changes", "leases")
    known = [row.name for row in world.rows(_TABLES[world.engine.dialect.name])]
    before = {name: world.rows(f"SELECT count(*) AS n FROM {name}")[0].n for name in tables if name in known}
    assert len(before) >= 6
    for key, answer in (("news", FEED), ("page", listing(*TITLES)), ("map", urlset("/research/1"))):
        assert seen(key, answer, world).items
    assert {name: world.rows(f"SELECT count(*) AS n FROM {name}")[0].n for name in before} == before


_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
}


def test_each_entry_says_where_it_would_end_and_why() -> None:
    reported = seen("news", FEED)
    rules = {item.title: (item.fate, item.rule) for item in reported.items if item.fate is not EntryOutcome.DUPLICATE}
    assert reported.tally.duplicate == 1
    assert rules == {
        "Model 5 is here": (EntryOutcome.CREATED, ""),
        "Model 4 is here": (EntryOutcome.CREATED, ""),
        "Job: parrot": (EntryOutcome.FILTERED, "exclude"),
        "Press says": (EntryOutcome.REJECTED, "off-scope"),
        "In two years": (EntryOutcome.QUARANTINED, "far-date"),
    }
    assert reported.verdict.passed


def test_a_find_that_is_not_accepted_is_quarantined_whole_with_its_dates() -> None:
    reported = seen("page", listing("Home", "About us", "Careers", "Contact"))
    assert (reported.verdict.state, reported.tally.quarantined) == (State.BROKEN, 4)
    assert {(item.rule, item.published.raw[:3]) for item in reported.items} == {("navigation", "May")}
    challenge = Answer(b"<!doctype html><title>Just a moment...</title><div id=challenge-form></div>", "text/html")
    assert seen("page", challenge).verdict.state in {State.BLOCKED, State.BROKEN}
    assert seen("news", Answer(b"<html>", "text/html")).verdict.state is State.BROKEN


@pytest.mark.parametrize(
    ("key", "answer", "message"),
    [
        ("news", rss(*(FeedItem(f"Model {n}", f"{HOST}/{n}") for n in range(5))), "All entries have one date"),
        ("news", rss(FeedItem("Old", f"{HOST}/1", NOW - timedelta(days=800))), "The newest entry is of 2024-03-13"),
        ("news", rss(FeedItem("Soon", f"{HOST}/1", NOW + timedelta(days=9))), "dated after they were read"),
        ("news", rss(FeedItem("Model", f"{HOST}/1"), FeedItem("Model", f"{HOST}/2")), "stand for several entries"),
        (
            "news",
            rss(FeedItem("新しいモデルを公開しました", f"{HOST}/1")),
            "Most entries are in ja, and the stanza says en",
        ),
        ("news", rss(FeedItem("x" * 300, f"{HOST}/1")), "longer than 200 characters"),
        ("news", rss(FeedItem("Off", "https://press.example.net/1")), "1 of 1 entries are rejected, most by off-scope"),
        ("news", rss(FeedItem("Job: x", f"{HOST}/1")), "1 of 1 entries are filtered, most by exclude"),
        ("news", rss(), "There is nothing in it"),
        ("page", Answer(listing(*TITLES).content.replace(b"time>", b"b>"), "text/html"), "have no date"),
        ("map", urlset("/research/1", "/about", "/jobs"), "2 addresses of the sitemap lie outside"),
    ],
)
def test_odd_results_are_reported_in_a_sentence(key: str, answer: Answer, message: str) -> None:
    odd = seen(key, answer).odd
    assert [sentence for sentence in odd if message in sentence], odd


def test_a_redirect_is_reported_with_the_address_to_give() -> None:
    (source,) = (item for item in listed().sources if item.id == "acme/news")
    moved = replace(capture_of(FEED, source.url), final_url=f"{HOST}/rss.xml")
    odd = preview(moved, Reading(source, listed().vendors[0], 0)).odd
    assert odd[0] == f"{source.url} redirects to {HOST}/rss.xml; if it stays so, give that address."


def test_an_ordinary_feed_has_nothing_odd() -> None:
    plain = rss(*(FeedItem(f"Model {n} is here", f"{HOST}/{n}", NOW - timedelta(days=n)) for n in range(5)))
    assert seen("news", plain).odd == ()


# ── what a document may be ──────────────────────────────────────────────────────────────────────────────────────


def test_a_feed_or_sitemap_is_proposed_as_what_it_is() -> None:
    feed = look(capture_of(FEED, f"{HOST}/feed.xml"))
    assert [(one.kind, one.sure) for one in feed.proposals] == [(Kind.FEED, 1.0)]
    assert feed.proposals[0].document is not None
    assert len(feed.proposals[0].document.entries) == 6
    sitemap = look(capture_of(urlset("/a", "/b"), f"{HOST}/sitemap.xml"))
    assert [one.kind for one in sitemap.proposals] == [Kind.SITEMAP]


def test_a_page_named_changelog_is_proposed_as_one_and_a_list_of_news_first_as_a_page() -> None:
    days = "".join(
        f"<h2 id=d{n}>May {n}, 2026</h2><h3 id=x{n}>Release {n}.0 brings more</h3><p>Text</p>" for n in range(9, 2, -1)
    )
    log = Answer(f"<!doctype html><title>Changelog</title><main>{days}</main>".encode(), "text/html")
    assert look(capture_of(log, f"{HOST}/docs/changelog")).proposals[0].kind is Kind.CHANGELOG
    assert look(capture_of(listing(*TITLES), f"{HOST}/news")).proposals[0].kind is Kind.PAGE


def test_what_is_no_document_is_refused() -> None:
    for body in (b"\x00\x01\x02" * 50, b'{"a": 1}'):
        with pytest.raises(ParseError):
            look(capture_of(Answer(body, "application/octet-stream"), f"{HOST}/x"))
    deep = Answer(b"<!doctype html>" + b"<div>" * 2000, "text/html")
    with pytest.raises(ParseError, match="nests its elements without end"):
        look(capture_of(deep, f"{HOST}/x"))


def test_the_order_of_items_is_that_of_the_document() -> None:
    positions = [item.position for item in seen("news", FEED).items]
    assert positions == sorted(positions)
