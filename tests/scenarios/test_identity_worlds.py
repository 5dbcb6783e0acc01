"""Worlds that nobody thought of, the whole way: nothing ends a round, nothing is lost or doubled, ids stay, a replay agrees."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.model import Outcome
from ingest.store.engine import open_engine
from scenarios.whole import assert_replayed, assert_whole, settle
from support.sampling import is_long
from support.world import NOW, World, fetch_settings

pytestmark = pytest.mark.either_engine

HOST = "https://www.acme-ai.com"
FEED = f"{HOST}/feed.xml"
MAP = f"{HOST}/sitemap.xml"
LIST = f"""
version: 1
vendors:
  acme:
    name: Acme
    home: {HOST}/
    official: [www.acme-ai.com]
    sources:
      news: {{kind: feed, url: {FEED}, article: ARTICLE}}
"""
SITE = f"""
version: 1
vendors:
  acme:
    name: Acme
    home: {HOST}/
    official: [www.acme-ai.com]
    sources:
      map: {{kind: sitemap, url: {MAP}, lang: en}}
      news: {{kind: feed, url: {FEED}, article: true, lang: en}}
"""

MakeWorld = Callable[[], World]
SOME = settings(
    max_examples=settings().max_examples // 25 if is_long() else 3,  # each example is several rounds and a replay
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(params=["sqlite", "postgresql"])
def make_world(request: pytest.FixtureRequest, empty_database: Path, tmp_path: Path) -> Iterator[MakeWorld]:
    """Give a world with a database of its own for each example."""
    engines: list[Engine] = []

    def make() -> World:
        if request.param == "sqlite":
            path = tmp_path / f"{uuid4().hex[:8]}.db"
            shutil.copy(empty_database, path)
            url = f"sqlite:///{path}"
        else:
            url = request.getfixturevalue("postgresql")()
        engines.append(open_engine(url))
        built.engine, built.at, built.accepted = engines[-1], NOW, None
        return built

    with VendorServer() as server, Fetcher(fetch_settings(server), now=lambda: built.at) as fetcher:
        built = World(open_engine("sqlite://"), server, fetcher)
        yield make
        for engine in engines:
            engine.dispose()


# ── feeds ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class History:
    """What a feed shows round by round, newest first, as numbers of articles; how it names and links them."""

    rounds: tuple[tuple[int, ...], ...]
    guid: str
    link: str
    seed: int
    article: bool

    def answer(self, shown: tuple[int, ...]) -> Answer:
        body = "".join(self._item(place, number) for place, number in enumerate(shown))
        head = f"<title>Acme</title><link>{HOST}/</link><language>en</language>"
        return Answer(f'<rss version="2.0"><channel>{head}{body}</channel></rss>'.encode(), "application/rss+xml")

    def _item(self, place: int, number: int) -> str:
        chance = random.Random(self.seed * 1000 + number)
        guid = {
            "own": f"urn:{number}",
            "one": "urn:acme",
            "position": f"item-{place}",
            "few": chance.choice(("urn:a", "urn:b", f"urn:{number}")),
            "link": self.path(number),
            "none": None,
        }[self.guid]
        named = "" if guid is None else f'<guid isPermaLink="false">{escape(guid)}</guid>'
        link = self.path(number) + (f"?utm_source={place}" if self.link == "own, tracked" else "")
        return (
            f"<item><title>Announcement {number}</title><link>{escape(link)}</link>{named}"
            f"<pubDate>{NOW - timedelta(days=40) + timedelta(hours=7 * number):%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
        )

    def path(self, number: int) -> str:
        shared = self.link == "one" or (self.link == "few" and number % 3)
        return f"{HOST}/changelog" if shared else f"{HOST}/news/{number}"


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A feed as a window that moves on, and sometimes back; several entries first, so that what is shared shows as such."""
    newest = draw(st.integers(3, 5))
    rounds: list[tuple[int, ...]] = []
    for _ in range(draw(st.integers(2, 4))):
        size = draw(st.integers(3 if not rounds else 1, 5))
        shown = range(newest, max(-1, newest - size), -1)
        gaps = draw(st.sets(st.sampled_from(list(shown)), max_size=len(shown) - 1)) if rounds else set()
        rounds.append(tuple(number for number in shown if number not in gaps))
        newest = max(2, newest + draw(st.integers(-2, 3)))
    return History(
        tuple(rounds),
        draw(st.sampled_from(("own", "one", "position", "few", "link", "none"))),
        draw(st.sampled_from(("own", "own, tracked", "one", "few"))),
        draw(st.integers(0, 9)),
        draw(st.booleans()),
    )


@pytest.mark.timeout(900)
@SOME
@given(history=histories())
def test_a_feed_that_names_its_entries_as_it_likes(make_world: MakeWorld, tmp_path: Path, history: History) -> None:
    world = make_world()
    world.put_in_force(LIST.replace("ARTICLE", str(history.article).lower()))
    pages = {
        history.path(number): page(f"Announcement {number}" if "news" in history.path(number) else "Changelog", "")
        for shown in history.rounds
        for number in shown
    }
    seen: set[int] = set()
    ids: dict[str, str] = {}
    for shown in history.rounds:
        seen |= set(shown)
        for report in settle(world, {**pages, FEED: history.answer(shown)}):
            assert {poll.outcome for poll in report.polls} <= {Outcome.OK, Outcome.NOT_MODIFIED}
        result = world.rows("SELECT id, title, revision FROM v1_headlines ORDER BY title")
        assert [row.title for row in result] == sorted(f"Announcement {number}" for number in seen)
        assert ids.items() <= {row.title: row.id for row in result}.items()
        ids = {row.title: row.id for row in result}
    assert_whole(world, {FEED: history.answer(history.rounds[-1])}, tmp_path)


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────


def page(title: str, head: str) -> Answer:
    text = "<p>What there is to say about it, in a paragraph of some length.</p>" * 4
    body = (
        f'<!doctype html><html lang="en"><head><title>{title} | Acme</title>{head}</head>'
        f'<body><main><article><h1>{title}</h1><time datetime="2026-05-01T10:00:00Z">1 May 2026</time>{text}'
        "</article></main></body></html>"
    )
    return Answer(body.encode(), "text/html; charset=utf-8")


def spellings(number: int) -> list[str]:
    own = f"{HOST}/en/news/{number}"
    return [
        own,
        f"{own}/",
        f"{own}?utm_source=feed",
        f"{own}/amp/",
        f"{own}#top",
        f"http://www.acme-ai.com/en/news/{number}",
        f"/en/news/{number}",
        f"{HOST}/en/news/{number}-of-2026",
        f"{HOST}/ja/news/{number}",
        "https://press.example.net/acme",
        f"{HOST}/",
        f"{HOST}/en/news",
        "not an address",
        "",
    ]


@st.composite
def heads(draw: st.DrawFn, number: int) -> str:
    """Whatever a page may call its own address, AMP view and other languages."""
    links = draw(
        st.lists(
            st.tuples(
                st.sampled_from(
                    (
                        '<link rel="canonical" href="{}">',
                        '<meta property="og:url" content="{}">',
                        '<link rel="amphtml" href="{}">',
                        '<link rel="alternate" hreflang="en" href="{}">',
                        '<link rel="alternate" hreflang="ja" href="{}">',
                        '<link rel="alternate" hreflang="x-default" href="{}">',
                    )
                ),
                st.sampled_from(spellings(number)),
            ),
            max_size=5,
        )
    )
    return "".join(form.format(escape(address)) for form, address in links)


@st.composite
def sites(draw: st.DrawFn) -> tuple[dict[str, Answer], list[str]]:
    """A sitemap, a feed or both, and their pages; each page is an announcement of its own."""
    numbers = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4, unique=True))
    titles = [f"Announcement {number}" for number in numbers]
    answers = {f"{HOST}/en/news/{n}": page(t, draw(heads(n))) for n, t in zip(numbers, titles, strict=True)}
    listed = {number: draw(st.sampled_from(spellings(number)[:4])) for number in numbers}
    for number, address in listed.items():
        answers[address.partition("#")[0]] = answers[f"{HOST}/en/news/{number}"]
    locations = "".join(f"<url><loc>{escape(address)}</loc></url>" for address in listed.values())
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    answers[MAP] = Answer(f"<urlset {space}>{locations}</urlset>".encode(), "application/xml")
    fed = draw(st.lists(st.sampled_from(numbers), unique=True))
    items = "".join(
        f"<item><title>Announcement {n}</title><link>{escape(draw(st.sampled_from(spellings(n)[:4])))}</link></item>"
        for n in fed
    )
    answers[FEED] = Answer(f'<rss version="2.0"><channel><title>Acme</title>{items}</channel></rss>'.encode())
    for number in numbers:
        for address in spellings(number)[:4]:
            answers.setdefault(address, answers[f"{HOST}/en/news/{number}"])
    return answers, titles


@pytest.mark.timeout(900)
@SOME
@given(site=sites())
def test_pages_that_call_themselves_what_they_like(
    make_world: MakeWorld, tmp_path: Path, site: tuple[dict[str, Answer], list[str]]
) -> None:
    world = make_world()
    world.put_in_force(SITE)
    answers, titles = site
    for report in settle(world, answers):
        assert {poll.outcome for poll in report.polls} == {Outcome.OK}
    result = world.rows("SELECT id, title, story_id FROM v1_headlines ORDER BY title")
    assert [row.title for row in result] == sorted(titles)
    primary = world.rows("SELECT headline_id FROM v1_links WHERE rel = 'primary' ORDER BY headline_id")
    assert {row.headline_id for row in primary} == {row.id for row in result}
    assert_whole(world, {MAP: answers[MAP], FEED: answers[FEED]}, tmp_path)
    assert_replayed(world, tmp_path)
