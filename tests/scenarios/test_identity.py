"""Identity the whole way: re-used guids, pages that name themselves, and what else real documents do, on both engines."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.judging import moves
from ingest.model import Outcome
from ingest.store import proposals
from ingest.store.engine import write
from scenarios.whole import assert_replayed, assert_whole, settle
from support.world import FEED, NOW, Item, World, fetch_settings, rss

pytestmark = pytest.mark.either_engine

CASES = Path(__file__).parents[3] / "shared" / "cases"
ABSENT = "the shared cases are not beside the checkout"
HOST = "https://www.acme-ai.com"
DAYS = [NOW - timedelta(days=day) for day in range(9, 0, -1)]

LIST = f"""
version: 1
vendors:
  acme:
    name: Acme
    home: {HOST}/
    official: [www.acme-ai.com]
    sources:
      news: {{kind: feed, url: {HOST}/feed.xml}}
"""


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer() as vendors:
        yield vendors


@pytest.fixture
def world(engine: Engine, server: VendorServer) -> Iterator[World]:
    with Fetcher(fetch_settings(server), now=lambda: built.at) as fetcher:
        built = World(engine, server, fetcher)
        yield built


# ── the shared cases ────────────────────────────────────────────────────────────────────────────────────────────

RIGHT = {
    "e1": ["A", "B"],
    "e2": ["A", "B", "X"],
    "e5": ["A", "B", "C"],
    "poison": ["A", "B"],
    "g1": ["A"],
    "g2": ["A"],
    "w1": [f"Post number {number} here" for number in range(5)],
    "spoison": ["Self canonical"],
}
"""The titles that each case comes to."""


def case(name: str, text: str) -> tuple[list[dict[str, Answer]], dict[str, Answer]]:
    """Read the documents of a case in their order, and the pages of its entries."""
    folder, host = CASES / name, f"https://{name}.test-vendor.com"
    url = text.split("url: '", 1)[1].split("'", 1)[0]
    kind = "text/html; charset=utf-8" if name == "w1" else "application/xml"
    rounds = [
        {url: Answer(path.read_bytes(), kind)}
        for path in sorted(folder.iterdir())
        if path.name.startswith(("round", "input"))
    ]
    pages = {}
    for path in sorted(folder.glob("page*.html")):
        first = path.read_text().partition("\n")[0]
        place = first.removeprefix("<!-- ").removesuffix(" -->") if first.startswith("<!-- /") else "/news/1"
        pages[host + place] = Answer(path.read_bytes(), "text/html; charset=utf-8")
    return rounds, pages


@pytest.mark.skipif(not CASES.is_dir(), reason=ABSENT)
@pytest.mark.parametrize("name", RIGHT)
def test_a_shared_case_comes_to_what_is_right(world: World, tmp_path: Path, name: str) -> None:
    text = (CASES / name / "sources.yaml").read_text()
    world.put_in_force(text)
    rounds, pages = case(name, text)
    for document in rounds:
        for report in settle(world, {**pages, **document}):
            assert [poll.outcome for poll in report.polls] == [Outcome.OK]
    assert world.titles() == RIGHT[name]
    assert_whole(world, {**pages, **rounds[-1]}, tmp_path)


# ── guids and links that are used again ─────────────────────────────────────────────────────────────────────────


def item(title: str, guid: str | None, path: str | None = None, day: int = 0) -> Item:
    return Item(title, f"{HOST}/{path or title.lower()}", DAYS[day], guid=guid)


def bare(*items: Item) -> Answer:
    """Write a feed whose entries have no guid."""
    whole = rss(*items)
    return Answer(
        b"".join(
            part.partition(b"</guid>")[2] if i else part
            for i, part in enumerate(whole.content.split(b'<guid isPermaLink="false">'))
        ),
        whole.media_type,
    )


def atom(*items: Item) -> Answer:
    body = "".join(
        f"<entry><id>{one.guid}</id><title>{one.title}</title><link href='{one.link}'/>"
        f"<updated>{one.published:%Y-%m-%dT%H:%M:%SZ}</updated><published>{one.published:%Y-%m-%dT%H:%M:%SZ}</published></entry>"
        for one in items
    )
    text = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Acme</title><id>urn:acme</id>{body}</feed>"
    return Answer(text.encode(), "application/atom+xml")


A, B, C, D = (item(title, "g", day=day) for day, title in enumerate("ABCD"))
P = [item(title, None, "p", day) for day, title in enumerate("ABCDE")]
SAME = [Item("Weekly update", f"{HOST}/weekly", day, guid="w") for day in DAYS]

HISTORIES: Mapping[str, tuple[list[Answer], list[str]]] = {
    "one guid for one article after the other": ([rss(A), rss(B), rss(C), rss(D)], ["A", "B", "C", "D"]),
    "a guid that returns to its first article": ([rss(A), rss(B), rss(A), rss(B)], ["A", "B"]),
    "a guid that returns to its first article, which was edited": (
        [rss(A), rss(B), rss(item("A2", "g", "a"))],
        ["A2", "B"],
    ),
    "an Atom id for one article after the other": ([atom(A), atom(B), atom(A, B)], ["A", "B"]),
    "several entries under one guid": ([rss(A, B), rss(C, A, B), rss(D, C)], ["A", "B", "C", "D"]),
    "several entries under one guid, then one": ([rss(A, B, C), rss(B), rss(D)], ["A", "B", "C", "D"]),
    "guids that count positions": (
        [
            rss(
                *(
                    item(title, f"item-{place}", day=day)
                    for place, (day, title) in enumerate(reversed(list(enumerate(shown))))
                )
            )
            for shown in ("AB", "ABC", "ABCD", "ABCDEF")
        ],
        list("ABCDEF"),
    ),
    "guids that count positions in a window of three": (
        [
            rss(*(item(title, f"item-{place}", day="ABCDEFGH".index(title)) for place, title in enumerate(shown)))
            for shown in ("CBA", "DCB", "FED", "DCB", "HGF")
        ],
        list("ABCDEFGH"),
    ),
    "no guids and one link": (
        [bare(*P[:2]), bare(P[2], P[1]), bare(P[2]), bare(P[3]), bare(P[4], P[0])],
        list("ABCDE"),
    ),
    "one guid, one link": (
        [
            rss(*(item(t, "p", "p", d) for d, t in shown))
            for shown in ([(0, "A"), (1, "B")], [(2, "C"), (1, "B")], [(3, "D")])
        ],
        list("ABCD"),
    ),
    "one guid, one link, one title": (
        [rss(*SAME[:2]), rss(*SAME[1:3]), rss(*SAME[:4])],
        ["Weekly update"] * 4,
    ),
    "an entry that is listed twice": ([rss(A, A), rss(A, A, A), rss(A)], ["A"]),
    "guids that become links": (
        [rss(A, item("B", "b")), rss(item("A", f"{HOST}/a"), item("B", f"{HOST}/b"))],
        ["A", "B"],
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_what_is_named_again_is_neither_lost_nor_doubled(world: World, tmp_path: Path, name: str) -> None:
    world.put_in_force(LIST)
    documents, titles = HISTORIES[name]
    for document in documents:
        (report,) = settle(world, {FEED: document})
        assert report.polls[0].outcome is Outcome.OK, report.polls
    assert world.titles() == titles
    assert_whole(world, {FEED: documents[-1]}, tmp_path)


# ── pages that have one name for all ────────────────────────────────────────────────────────────────────────────

MAP = f"{HOST}/sitemap.xml"
SITEMAP = f"""
version: 1
vendors:
  acme:
    name: Acme
    home: {HOST}/
    official: [www.acme-ai.com]
    sources:
      map: {{kind: sitemap, url: {MAP}, lang: en}}
"""


def sitemap(*paths: str) -> Answer:
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    locations = "".join(f"<url><loc>{HOST}{path}</loc></url>" for path in paths)
    return Answer(f"<urlset {space}>{locations}</urlset>".encode())


def headed(heading: str, title: str, *, head: str = "") -> Answer:
    text = (
        f"<!doctype html><html lang=en><head><title>{title}</title>{head}</head><body><main><article>"
        f"<h1>{heading}</h1><p>{'What there is to say about it. ' * 9}</p></article></main></body></html>"
    )
    return Answer(text.encode(), "text/html; charset=utf-8")


@pytest.mark.parametrize(
    "form",
    [
        lambda heading: headed(heading, "The Acme Newsroom"),
        lambda heading: headed(heading, heading, head='<meta property="og:title" content="The Acme Newsroom">'),
        lambda heading: headed(heading, "Acme"),
        lambda heading: headed(
            heading,
            "Labs",
            head='<meta property="og:title" content="Labs"><meta property="og:site_name" content="Labs">',
        ),
    ],
)
def test_a_title_that_every_page_has_is_no_headline(
    world: World, tmp_path: Path, form: Callable[[str], Answer]
) -> None:
    world.put_in_force(SITEMAP)
    names = ["Borea opens", "Corvus closes", "Delta ships"]
    pages = {f"{HOST}/news/{number}": form(name) for number, name in enumerate(names)}
    for shown in (1, 2, 3):
        settle(world, {**pages, MAP: sitemap(*(f"/news/{number}" for number in range(shown)))})
    assert world.titles() == names
    assert len(world.rows("SELECT id FROM headlines")) == len(names)
    assert_whole(world, {MAP: sitemap("/news/0", "/news/1", "/news/2")}, tmp_path)
    assert len(world.server.requests) < 20  # the first page twice at most


def test_pages_of_one_day_that_share_a_title_are_announcements_of_their_own(world: World, tmp_path: Path) -> None:
    world.put_in_force(SITEMAP)
    day = '<meta property="article:published_time" content="2026-05-20">'
    pages = {f"{HOST}/news/{number}": headed("Release notes", "Release notes", head=day) for number in range(3)}
    settle(world, {**pages, MAP: sitemap(*(f"/news/{number}" for number in range(3)))})
    assert world.titles() == ["Release notes"] * 3
    assert_whole(world, {MAP: sitemap("/news/0", "/news/1", "/news/2")}, tmp_path)


@pytest.mark.parametrize("guid", ["g", None])
@pytest.mark.parametrize("down", [True, False])
def test_what_takes_the_place_of_an_entry_that_waits_does_not_cost_it(
    world: World, tmp_path: Path, guid: str | None, *, down: bool
) -> None:
    """The page of the first cannot be opened yet when its guid, or its link, is given to the next."""
    world.put_in_force(LIST.replace("feed.xml}", "feed.xml, article: true}"))
    path = "p" if guid is None else None
    first, second, third = (item(f"Announcement {n}", guid, path or f"{n}", n) for n in range(3))
    feed = rss if guid else bare
    pages = {one.link: headed("Changelog", "Changelog") for one in (first, second, third)}
    world.server.update(pages)
    if down:
        broken = Answer(b"", "text/html", 503)
        world.server.update(dict.fromkeys(pages, broken))
    for shown in ((first, second), (third, second), (third,)):
        world.server.update({FEED: feed(*shown)})
        world.round(after=timedelta(minutes=1))
    settle(world, pages)
    assert world.titles() == [f"Announcement {n}" for n in range(3)]
    assert_whole(world, {FEED: feed(third)}, tmp_path)


def test_a_title_that_two_pages_share_stays_where_no_heading_says_more(world: World, tmp_path: Path) -> None:
    world.put_in_force(SITEMAP)
    pages = {f"{HOST}/news/{number}": headed("Release notes", "Release notes") for number in range(3)}
    settle(world, {**pages, MAP: sitemap(*(f"/news/{number}" for number in range(3)))})
    assert world.titles() == ["Release notes"] * 3
    assert_whole(world, {MAP: sitemap("/news/0", "/news/1", "/news/2")}, tmp_path)


# ── what a later version leaves out ─────────────────────────────────────────────────────────────────────────────


def with_language(answer: Answer, lang: str) -> Answer:
    return replace(
        answer, content=answer.content.replace(b"<channel>", f"<channel><language>{lang}</language>".encode())
    )


def test_a_language_that_was_declared_once_is_not_lost_by_a_version_that_omits_it(world: World, tmp_path: Path) -> None:
    world.put_in_force(LIST)
    settle(world, {FEED: with_language(rss(A, item("B", "b")), "ja")})
    (report,) = settle(world, {FEED: rss(A, item("B2", "b", "b"))})
    assert (report.tally.seen, report.tally.revised) == (1, 1)
    assert {row.lang for row in world.rows("SELECT lang FROM v1_headlines")} == {"ja"}
    settle(world, {FEED: rss(A, item("B", "b"), item("C", "c"))})
    assert {row.lang for row in world.rows("SELECT lang FROM v1_headlines")} == {"ja"}, "a new entry has it, too"
    french = with_language(rss(A, item("B2", "b", "b"), item("C", "c")), "fr")
    settle(world, {FEED: french})
    assert {row.lang for row in world.rows("SELECT lang FROM v1_headlines")} == {"fr"}
    assert_whole(world, {FEED: french}, tmp_path)


@pytest.mark.parametrize("times", [2, 3])
def test_a_document_that_was_cut_off_and_came_again_replays_alike(world: World, tmp_path: Path, times: int) -> None:
    world.put_in_force(LIST)
    whole = rss(A, item("B", "b"), item("C", "c"))
    cut = Answer(whole.content[: whole.content.index(b"<title>C") + 5], whole.media_type)
    settle(world, {FEED: whole})
    for _ in range(times):
        settle(world, {FEED: cut})
    assert_replayed(world, tmp_path)
    assert_whole(world, {FEED: whole}, tmp_path)


def test_the_longest_addresses_make_a_proposal_on_both_engines(world: World) -> None:
    """An index of PostgreSQL takes rows of some 2,700 bytes; what is repetitive would be compressed into one."""
    world.put_in_force(LIST)
    chance = random.Random(1)
    long, other = ("".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=2000)) for _ in range(2))
    listed = world.make_round().allowlist
    source = replace(next(one for one in listed.sources if one.id == "acme/news"), url=f"{HOST}/{long}")
    sighting = moves.Sighting("path", f"{HOST}/{other}", "", {})
    for _ in range(2):
        with write(world.engine) as conn:
            before = proposals.find(conn, source, sighting)
            proposals.save(conn, moves.note(before, source, listed.vendors[0], sighting, world.at))
    (kept,) = world.rows("SELECT times, length(to_url) AS length FROM proposals")
    assert (kept.times, kept.length) == (2, 500)
