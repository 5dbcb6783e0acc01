"""One launch announced in five places by one vendor: one story in any order, and decisions of an operator last."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from dedupe.test_seed_headlines import COPIES, PAGES
from ingest import allowlist, pipeline
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.store import checks, decisions, replays, stories
from ingest.store.engine import open_engine, read
from support.databases import copied
from support.world import NOW, Item, World, fetch_settings, rss

pytestmark = pytest.mark.either_engine

LIST = """
version: 1
vendors:
  acme:
    name: Acme
    home: https://www.acme-ai.com/
    official:
      - www.acme-ai.com
      - blog.acme-ai.com
      - docs.acme-ai.com
    sources:
      news: {kind: feed, url: https://www.acme-ai.com/news.xml, role: news, lang: en}
      blog: {kind: feed, url: https://blog.acme-ai.com/feed.xml, role: product, lang: en}
      log: {kind: feed, url: https://docs.acme-ai.com/changelog.xml, role: changelog, lang: en}
      releases: {kind: feed, url: https://docs.acme-ai.com/releases.xml, role: release, lang: en}
      japan: {kind: feed, url: https://www.acme-ai.com/ja/news.xml, role: news, lang: ja}
"""
FEEDS = {
    "acme/news": "https://www.acme-ai.com/news.xml",
    "acme/blog": "https://blog.acme-ai.com/feed.xml",
    "acme/log": "https://docs.acme-ai.com/changelog.xml",
    "acme/releases": "https://docs.acme-ai.com/releases.xml",
    "acme/japan": "https://www.acme-ai.com/ja/news.xml",
}
TITLE = "Introducing Acme Model 5 for builders everywhere"
LAUNCH = {
    "acme/news": Item(TITLE, "https://www.acme-ai.com/news/acme-model-5-for-builders"),
    "acme/blog": Item(TITLE, "https://blog.acme-ai.com/posts/model-5"),
    "acme/log": Item("Acme Model 5", "https://docs.acme-ai.com/log/acme-model-5-for-builders"),
    "acme/releases": Item(
        "Acme Model 5 for builders, everywhere they work", "https://docs.acme-ai.com/releases/2026-05-a"
    ),
    "acme/japan": Item("Acme Model 5 を発表", "https://www.acme-ai.com/ja/news/acme-model-5-for-builders"),
}
OTHER = Item("Acme opens a lab in Zurich", "https://www.acme-ai.com/news/zurich-lab")


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    """A world whose answers are dated by its own clock, since days settle by it."""
    with VendorServer() as server, Fetcher(fetch_settings(server), now=lambda: built.at) as fetcher:
        built = World(engine, server, fetcher)
        yield built


@pytest.fixture
def empty(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Iterator[Engine]:
    """Another database, of the other engine."""
    if engine.dialect.name == "postgresql":
        built = copied(request.getfixturevalue("empty_database"), tmp_path / "replayed.db")
        yield built
        built.dispose()
        return
    url = request.getfixturevalue("postgresql")()
    built = open_engine(url)
    yield built
    built.dispose()
    request.getfixturevalue("postgres").give_back(url)


def announce(world: World, sources: list[str], *, apart: timedelta = timedelta(hours=1)) -> None:
    """Publish the launch in one source after the other, let everything settle, and publish something else as well."""
    world.put_in_force(LIST)
    world.server.update(dict.fromkeys(FEEDS.values(), rss()))
    world.round()
    for source in sources:
        extra = (OTHER,) if source == "acme/news" else ()
        world.server.update({FEEDS[source]: rss(LAUNCH[source], *extra)})
        world.poll(source, after=apart)
    settle(world)


def settle(world: World) -> None:
    """Let the days pass after which likeness is decided."""
    world.round(after=timedelta(days=9))


def story(world: World) -> set[tuple[str, str]]:
    """The headlines of the launch's story: source and address, whichever is shown."""
    (result,) = world.rows("SELECT id FROM v1_stories WHERE headlines > 1")
    rows = world.rows("SELECT source_id, url FROM v1_headlines WHERE story_id = :id AND state = 'live'", id=result.id)
    return {(row.source_id, row.url) for row in rows}


def shown(world: World, query: str = "SELECT headline_id FROM v1_stories WHERE headlines > 1") -> list[str]:
    """The sources of the headlines that a query shows."""
    rows = world.rows(f"SELECT source_id FROM v1_headlines WHERE id IN ({query}) ORDER BY source_id")
    return [row.source_id for row in rows]


def shown_ids(world: World) -> set[str]:
    return {row.headline_id for row in world.rows("SELECT headline_id FROM v1_stories")}


def together(world: World) -> set[frozenset[str]]:
    """The headlines of the launch, by story."""
    result: dict[str, set[str]] = {}
    for row in world.rows("SELECT id, story_id FROM v1_headlines WHERE url <> :url", url=OTHER.link):
        result.setdefault(row.story_id, set()).add(row.id)
    return set(map(frozenset, result.values()))


def id_of(world: World, source: str, item: Item | None = None) -> str:
    url = (item or LAUNCH[source]).link
    (row,) = world.rows("SELECT id FROM headlines WHERE source_id = :source AND url = :url", source=source, url=url)
    return str(row.id)


def apply_decision(world: World, kind: decisions.Kind, subject: str, *others: str) -> None:
    decision = decisions.OperatorDecision(world.at, "editor", kind, subject, "by hand", others=others)
    assert pipeline.decide(world.engine, decision)


def kinds(world: World, after: int = 0) -> list[str]:
    return [row.kind for row in world.rows("SELECT kind FROM v1_changes WHERE seq > :after ORDER BY seq", after=after)]


def last_change(world: World) -> int:
    return int(world.rows("SELECT max(seq) AS seq FROM v1_changes")[0].seq)


def differences(stored: Engine, replayed: Engine) -> list[replays.RecordDifference]:
    with read(stored) as one, read(replayed) as other:
        return list(replays.differences(one, other))


LANGUAGES_OF = "SELECT headline_id FROM v1_story_languages WHERE story_id = :id"
EVERYWHERE = {(source, item.link) for source, item in LAUNCH.items()}


def test_a_launch_in_five_places_is_one_story_with_every_official_link(world: World) -> None:
    announce(world, list(LAUNCH))
    assert story(world) == EVERYWHERE
    (result,) = world.rows("SELECT * FROM v1_stories WHERE headlines > 1")
    assert (result.headlines, result.links, result.role, result.title) == (5, 5, "news", TITLE)
    assert shown(world) == ["acme/news"]
    (japanese,) = world.rows("SELECT headline_id FROM v1_story_languages WHERE lang = 'ja'")
    assert japanese.headline_id == id_of(world, "acme/japan")
    (english,) = world.rows(
        "SELECT headline_id FROM v1_story_languages WHERE lang = 'en' AND story_id = :id", id=result.id
    )
    assert english.headline_id == id_of(world, "acme/news")
    assert len(world.rows("SELECT id FROM v1_stories")) == 2
    rules = {row.rule for row in world.rows("SELECT rule FROM story_joins WHERE story_id = :id", id=result.id)}
    assert {"first", "address", "title", "words"} <= rules


APART = [timedelta(minutes=5), timedelta(hours=30), timedelta(days=6)]


@pytest.mark.parametrize(
    ("seed", "apart"),
    [
        pytest.param(seed, apart, marks=() if seed == number % 3 + 1 else pytest.mark.long)
        for number, apart in enumerate(APART)
        for seed in range(4)
    ],
)
def test_the_order_and_the_days_of_arrival_do_not_matter(world: World, seed: int, apart: timedelta) -> None:
    announce(world, random.Random(seed).sample(list(LAUNCH), len(LAUNCH)), apart=apart)
    assert story(world) == EVERYWHERE
    assert shown(world) == ["acme/news"]
    assert shown(world, "SELECT headline_id FROM v1_story_languages WHERE lang = 'ja'") == ["acme/japan"]


def test_what_is_shown_changes_only_when_stories_merge_or_split(world: World) -> None:
    announce(world, ["acme/releases", "acme/blog"])
    assert shown(world) == ["acme/blog"]
    before = last_change(world)
    edited = replace(LAUNCH["acme/blog"], published=NOW - timedelta(hours=2))
    world.server.update({FEEDS["acme/blog"]: rss(edited)})
    world.poll("acme/blog", after=timedelta(hours=1))
    assert (kinds(world, before), shown(world)) == (["revised"], ["acme/blog"])
    before = last_change(world)
    world.server.update({FEEDS["acme/news"]: rss(LAUNCH["acme/news"])})
    world.poll("acme/news", after=timedelta(hours=1))
    assert kinds(world, before) == ["created", "merged"]
    assert shown(world) == ["acme/news"]
    merged = world.rows("SELECT headline_id, story_id FROM v1_changes WHERE kind = 'merged' ORDER BY seq DESC")[0]
    assert merged.headline_id == id_of(world, "acme/news")
    assert merged.story_id == world.rows("SELECT id FROM v1_stories WHERE headlines > 1")[0].id
    before = last_change(world)
    apply_decision(world, "split", id_of(world, "acme/news"), id_of(world, "acme/blog"))
    assert kinds(world, before) == ["split"]
    assert shown(world) == ["acme/blog"]


def test_what_a_revision_takes_out_of_a_story_is_not_shown_for_it_any_longer(world: World) -> None:
    announce(world, ["acme/blog", "acme/releases", "acme/news"])
    assert shown(world) == ["acme/news"]
    (whole,) = world.rows("SELECT id FROM v1_stories WHERE headlines > 1")
    before = last_change(world)
    world.server.update({FEEDS["acme/news"]: rss(replace(LAUNCH["acme/news"], title="Our offices over the summer"))})
    world.poll("acme/news", after=timedelta(hours=1))
    assert kinds(world, before) == ["revised", "split"]
    for query in ("SELECT headline_id FROM v1_stories WHERE id = :id", LANGUAGES_OF):
        (left,) = world.rows(query, id=whole.id)
        assert left.headline_id == id_of(world, "acme/blog")


def test_what_hung_on_a_headline_that_is_split_off_goes_with_it_until_a_word_brings_it_back(world: World) -> None:
    announce(world, ["acme/blog", "acme/news", "acme/releases"])
    hanging = id_of(world, "acme/releases")
    (by,) = world.rows("SELECT other_id, rule FROM story_joins WHERE headline_id = :id", id=hanging)
    (left,) = {id_of(world, "acme/blog"), id_of(world, "acme/news")} - {by.other_id}
    assert by.rule == "words"
    apply_decision(world, "split", by.other_id, left)
    assert together(world) == {frozenset({by.other_id, hanging}), frozenset({left})}
    settle(world)
    assert together(world) == {frozenset({by.other_id, hanging}), frozenset({left})}
    apply_decision(world, "merge", hanging, left)
    assert together(world) == {frozenset({by.other_id}), frozenset({left, hanging})}


def test_a_pin_is_in_the_change_log(world: World, empty: Engine) -> None:
    announce(world, list(LAUNCH))
    before = last_change(world)
    apply_decision(world, "pin", id_of(world, "acme/log"))
    assert shown(world) == ["acme/log"]
    (reported,) = world.rows("SELECT kind, headline_id, story_id FROM v1_changes WHERE seq > :after", after=before)
    (whole,) = world.rows("SELECT id FROM v1_stories WHERE headlines > 1")
    assert tuple(reported) == ("edited", id_of(world, "acme/log"), whole.id)
    pipeline.replay(world.engine, empty)
    assert differences(world.engine, empty) == []


def test_a_word_that_moves_nothing_changes_nothing_that_is_shown(world: World) -> None:
    announce(world, ["acme/news", "acme/blog"])
    apply_decision(world, "merge", id_of(world, "acme/news", OTHER), id_of(world, "acme/news"))
    before, seen = last_change(world), shown_ids(world)
    first, last = sorted((LAUNCH["acme/news"], OTHER), key=lambda item: id_of(world, "acme/news", item) in seen)
    earlier = replace(first, published=first.published - timedelta(days=1))
    world.server.update({FEEDS["acme/news"]: rss(earlier, last)})
    world.poll("acme/news", after=timedelta(hours=1))
    apply_decision(world, "merge", id_of(world, "acme/blog"), id_of(world, "acme/news"))
    assert (kinds(world, before), shown_ids(world)) == (["revised"], seen)


@pytest.mark.parametrize("japanese_first", [True, False])
def test_translations_and_notes_are_found_whatever_comes_first(
    world: World, empty: Engine, japanese_first: bool
) -> None:
    def item(title: str, host: str, path: str, days: int = 0) -> Item:
        return Item(title, f"https://{host}.acme-ai.com/{path}", NOW - timedelta(days=30 - days))

    entries = {
        "acme/news": [
            item("Introducing Generate Soundtrack in Acme Studio", "www", "news/generate-soundtrack"),
            item("Generate Video in Acme Studio", "www", "news/generate-video"),
            item("Foundation models in Acme Cloud are generally available", "www", "news/fm-cloud"),
            item("Acme context-3: focused chunks", "www", "news/acme-context-3"),
        ],
        "acme/japan": [
            item("Acme Studio の「サウンドトラック生成」を提供開始", "www", "ja/cc-studio-soundtrack", 1),
            item("Acme Studio の料金を改定", "www", "ja/cc-studio-pricing", 1),
            item("Acme context-3 のご紹介", "www", "ja/news/acme-context-3-jp", 23),
        ],
        "acme/log": [item("May 12, 2026: FMs in Acme Cloud (GA)", "docs", "log/2026/fms-in-acme-cloud")],
    }
    world.put_in_force(LIST)
    world.server.update(dict.fromkeys(FEEDS.values(), rss()))
    world.round()
    for source in sorted(entries, reverse=not japanese_first):
        world.server.update({FEEDS[source]: rss(*entries[source])})
        world.poll(source, after=timedelta(hours=1))
        settle(world)
    titles = {row.id: row.title for row in world.rows("SELECT id, title FROM v1_headlines")}
    joined = {frozenset(titles[id_] for id_ in ids) for ids in together(world) if len(ids) > 1}
    news, japan, log = (entries[source] for source in ("acme/news", "acme/japan", "acme/log"))
    assert joined == {
        frozenset({news[0].title, japan[0].title}),
        frozenset({news[2].title, log[0].title}),
        frozenset({news[3].title, japan[2].title}),
    }
    rules = world.rows("SELECT rule FROM story_joins WHERE other_id IS NOT NULL")
    assert {row.rule for row in rules} == {"translation", "title", "slug"}
    last = last_change(world)
    settle(world)
    assert kinds(world, last) == []
    result = checks.check(world.engine, allowlist.parse(LIST.encode()))
    assert [one.what for one in result if one.level == "fault"] == []
    pipeline.replay(world.engine, empty)
    assert differences(world.engine, empty) == []


def test_what_two_vendors_announce_together_is_linked_and_not_merged(world: World) -> None:
    listed = """
version: 1
vendors:
  anthropic:
    name: Anthropic
    home: https://www.anthropic.com/
    official: [www.anthropic.com]
    sources: {news: {kind: feed, url: https://www.anthropic.com/news.xml, lang: en}}
  aws:
    name: AWS
    home: https://aws.amazon.com/
    official: [aws.amazon.com]
    sources: {whats-new: {kind: feed, url: https://aws.amazon.com/new.xml, lang: en}}
"""
    maker = Item("Claude Opus 4.8 is now available in Amazon Bedrock", "https://www.anthropic.com/news/opus-bedrock")
    host = Item("Anthropic's Claude Opus 4.8 in Amazon Bedrock", "https://aws.amazon.com/new/opus")
    another = Item("Anthropic's Claude Opus 4.7 in Amazon Bedrock", "https://aws.amazon.com/new/opus-4-7")
    world.server.update(
        {"https://www.anthropic.com/news.xml": rss(maker), "https://aws.amazon.com/new.xml": rss(host, another)}
    )
    world.put_in_force(listed)
    world.round()
    settle(world)
    ids = {row.url: (row.story_id, row.id) for row in world.rows("SELECT id, url, story_id FROM v1_headlines")}
    assert len({story_id for story_id, _ in ids.values()}) == 3
    with read(world.engine) as conn:
        for one, other in ((maker, host), (host, maker)):
            (related,) = stories.told(conn, ids[one.link][0]).related
            assert (related.story_id, related.headline_id, related.url) == (*ids[other.link], other.link)
            assert dict(related.evidence)["words in both"]
        assert stories.told(conn, ids[another.link][0]).related == ()


def test_where_the_headline_shown_is_withdrawn_another_is_shown(world: World) -> None:
    announce(world, list(LAUNCH))
    apply_decision(world, "withdraw", id_of(world, "acme/news"))
    assert shown(world) == ["acme/japan"]
    assert story(world) == {one for one in EVERYWHERE if one[0] != "acme/news"}
    languages = "SELECT headline_id FROM v1_story_languages WHERE lang = 'en'"
    assert "acme/blog" in shown(world, languages)
    apply_decision(world, "restore", id_of(world, "acme/news"))
    assert (shown(world), story(world)) == (["acme/news"], EVERYWHERE)


def test_an_operator_s_words_survive_later_polls_and_a_replay(world: World, empty: Engine) -> None:
    announce(world, list(LAUNCH))
    others = [id_of(world, one) for one in LAUNCH if one != "acme/releases"]
    apply_decision(world, "split", id_of(world, "acme/releases"), *others)
    apply_decision(world, "merge", id_of(world, "acme/news", OTHER), id_of(world, "acme/blog"))
    apply_decision(world, "pin", id_of(world, "acme/log"))
    apply_decision(world, "withdraw", id_of(world, "acme/japan"))
    wanted = {one for one in EVERYWHERE if one[0] not in {"acme/releases", "acme/japan"}} | {("acme/news", OTHER.link)}
    assert (story(world), shown(world)) == (wanted, ["acme/log"])
    for number, (source, item) in enumerate(LAUNCH.items()):
        changed = replace(item, title=f"{item.title} ", published=item.published + timedelta(minutes=number))
        extra = (OTHER,) if source == "acme/news" else ()
        world.server.update({FEEDS[source]: rss(changed, *extra, note="again")})
        world.poll(source, after=timedelta(hours=2))
    settle(world)
    assert (story(world), shown(world)) == (wanted, ["acme/log"])
    pipeline.replay(world.engine, empty)
    assert differences(world.engine, empty) == []
    replayed = World(empty, world.server, world.fetcher, world.at, world.accepted)
    assert (story(replayed), shown(replayed)) == (wanted, ["acme/log"])


def test_a_scope_that_leaves_takes_its_headline_and_not_the_story(world: World) -> None:
    announce(world, list(LAUNCH))
    narrower = LIST.replace(
        "      - www.acme-ai.com\n", "      - www.acme-ai.com/ja/\n      - www.acme-ai.com/news.xml\n"
    )
    world.put_in_force(narrower.replace("home: https://www", "home: https://blog"), confirm=True)
    world.round(after=timedelta(hours=1))
    assert shown(world) == ["acme/japan"]
    assert story(world) == {one for one in EVERYWHERE if one[0] != "acme/news"}
    world.put_in_force(LIST, deliberate=True, confirm=True)
    world.round(after=timedelta(hours=1))
    assert (story(world), shown(world)) == (EVERYWHERE, ["acme/news"])


# ── the ticker of May 2026 ──────────────────────────────────────────────────────────────────────────────────────


def ticker() -> list[tuple[str, Item]]:
    """Every page of the ticker and every other official copy, with its source."""
    copies = [fields for _, *fields in COPIES]
    return [
        (source, Item(title, url, published=NOW.fromisoformat(f"{day}T09:00:00+00:00")))
        for source, day, title, url in (*PAGES.values(), *copies)
    ]


HOSTS = {
    "anthropic": ["www.anthropic.com", "red.anthropic.com"],
    "google": [
        "blog.google",
        "deepmind.google",
        "developers.googleblog.com",
        "github.com/google-deepmind/science-skills",
    ],
    "openai": ["openai.com", "learn.chatgpt.com/docs/"],
}


def listed(sources: Iterator[str]) -> str:
    """Write an allow-list for the vendors of the ticker, each feed at a host of its own."""
    vendors: dict[str, Any] = {
        vendor: {
            "name": vendor.title(),
            "home": f"https://{vendor}.example-vendor.com/",
            "official": [f"{vendor}.example-vendor.com", *hosts],
            "sources": {},
        }
        for vendor, hosts in HOSTS.items()
    }
    for source in sorted(set(sources)):
        vendor, key = source.split("/")
        role = {"codex-changelog": "changelog", "deepmind": "research"}.get(key, "news")
        lang = "ja" if key.endswith("-ja") else "en"
        stanza = {"kind": "feed", "url": feed_of(source), "role": role, "lang": lang}
        vendors[vendor]["sources"][key] = stanza
    return json.dumps({"version": 1, "vendors": vendors})


def feed_of(source: str) -> str:
    vendor, key = source.split("/")
    return f"https://{vendor}.example-vendor.com/{key}.xml"


@pytest.mark.parametrize("seed", range(2))
def test_the_pages_of_the_may_ticker_are_sixteen_stories_with_every_copy(world: World, seed: int) -> None:
    reported = ticker()
    world.put_in_force(listed(source for source, _ in reported))
    feeds: dict[str, list[Item]] = {}
    for source, item in random.Random(seed).sample(reported, len(reported)):
        feeds.setdefault(source, []).append(item)
        world.server.update({feed_of(source): rss(*feeds[source])})
        world.poll(source, after=timedelta(hours=5))
    settle(world)
    assert len(world.rows("SELECT id FROM v1_stories")) == len(PAGES) == 16
    kept = {row.url for row in world.rows("SELECT url FROM v1_links")}
    assert kept == {item.link for _, item in reported}
    shown = {
        row.id: row
        for row in world.rows("SELECT t.*, h.url FROM v1_stories t JOIN v1_headlines h ON h.id = t.headline_id")
    }
    assert {row.url for row in shown.values()} == {url for _, _, _, url in PAGES.values()}, "the page before its copies"
    languages: dict[str, dict[str, str]] = {id_: {} for id_ in shown}
    for row in world.rows(
        "SELECT l.story_id, l.lang, h.url FROM v1_story_languages l JOIN v1_headlines h ON h.id = l.headline_id"
    ):
        languages[row.story_id][row.lang] = row.url
    japanese = {number: url for number, source, _, _, url in COPIES if source.endswith("-ja")}
    page_of = {number: url for numbers, (_, _, _, url) in PAGES.items() for number in numbers}
    wanted = {url: {"en": url} for url in page_of.values()}
    for number, url in japanese.items():
        wanted[page_of[number]]["ja"] = url
    assert {shown[id_].url: result for id_, result in languages.items()} == wanted
    links = {row.url: row.links for row in shown.values()}
    assert sum(links.values()) == len(reported) == 23
