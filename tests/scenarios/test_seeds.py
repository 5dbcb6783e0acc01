"""
The ticker of May 2026 through the list that ships: which source carries each line's announcement, and that it gets there.

The documents are ours. Their structure follows recordings (Anthropic's newsroom, feeds) or what is documented of the page;
titles, addresses and days are the announcements' own. Before the week there are older documents, so that what is new is new.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, Final

import pytest

from ingest import allowlist, policy, urls
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.model import Outcome, RoundReport
from support.databases import new
from support.world import World, fetch_settings

BEFORE: Final = datetime(2026, 5, 18, 6, tzinfo=UTC)
AFTER: Final = datetime(2026, 5, 23, 6, tzinfo=UTC)

SHIPPED: Final = (Path(__file__).parents[2] / "sources.yaml").read_text("utf-8")
VENDORS: Final = {vendor.id: vendor for vendor in allowlist.parse(SHIPPED.encode()).vendors}

BLOG: Final = "https://blog.google/innovation-and-ai"


@dataclass(frozen=True)
class Announced:
    """One official announcement: the source that carries it, and what must be recorded."""

    source: str
    title: str
    url: str
    day: str = ""

    @property
    def vendor(self) -> str:
        return self.source.partition("/")[0]


GLASSWING = Announced(
    "anthropic/research",
    "Project Glasswing: An initial update",
    "https://www.anthropic.com/research/glasswing-initial-update",
    "2026-05-22",
)
CODEX = Announced(
    "openai/codex-changelog",
    "Appshots, goal mode, and more (26.519)",
    "https://learn.chatgpt.com/docs/changelog#codex-2026-05-21",
    "2026-05-21",
)
PROVENANCE = Announced(
    "openai/news",
    "Advancing content provenance for a safer, more transparent AI ecosystem",
    "https://openai.com/index/advancing-content-provenance/",
    "2026-05-19",
)
KEYWORD: Final = {
    2: (
        "Making it easier to understand how content was created and edited",
        "products/identifying-ai-generated-media-online",
    ),
    10: ("Gemini 3.5: frontier intelligence with action", "models-and-research/gemini-models/gemini-3-5"),
    12: ("Introducing Gemini Omni", "models-and-research/gemini-models/gemini-omni"),
    13: (
        "New agents, mobile apps and Gemini Omni for Google Flow and Google Flow Music",
        "models-and-research/google-labs/flow-updates",
    ),
    15: (
        "Gemini for Science: AI experiments and tools for a new era of discovery",
        "technology/research/gemini-for-science-io-2026",
    ),
    20: ("Managed Agents in the Gemini API", "technology/developers-tools/managed-agents-gemini-api"),
}
SAVE_THE_DATE = Announced(
    "google/keyword",
    "Google I/O 2026 save the date",
    f"{BLOG}/technology/developers-tools/io-2026-save-the-date/",
    "2026-02-17",
)

SEEDS: Final[dict[int, Announced | None]] = {
    1: GLASSWING,
    3: CODEX,
    4: CODEX,  # one entry with two of the ticker's lines in it
    5: GLASSWING,
    6: Announced(
        "anthropic/cvd-ledger",
        "Coordinated vulnerability disclosure dashboard: 1596 disclosed",
        "https://red.anthropic.com/2026/cvd/",
        "2026-05-22",
    ),
    7: Announced(
        "google/deepmind-repositories",
        "science-skills: Skills for agents that work in the sciences",
        "https://github.com/google-deepmind/science-skills",
        "2026-05-19",
    ),
    8: None,  # no official page says it; candidates are those of 10 and 15
    9: Announced(
        "google/developers-blog",
        "Announcing ADK for Kotlin and ADK for Android 0.1.0: Building AI Agents on Android and Beyond",
        "https://developers.googleblog.com/adk-kotlin-android-building-ai-agents/",
        "2026-05-21",
    ),
    11: Announced(
        "openai/news",
        "An OpenAI model has disproved a central conjecture in discrete geometry",
        "https://openai.com/index/model-disproves-discrete-geometry-conjecture/",
        "2026-05-20",
    ),
    14: Announced("openai/sitemap", "OpenAI Guaranteed Capacity", "https://openai.com/business/guaranteed-capacity/"),
    16: PROVENANCE,
    17: SAVE_THE_DATE,
    18: PROVENANCE,
    19: Announced(
        "anthropic/news",
        "KPMG integrates Claude across its core business and workforce of more than 276,000 in strategic alliance",
        "https://www.anthropic.com/news/anthropic-kpmg",
        "2026-05-19",
    ),
    **{
        no: Announced("google/keyword", title, f"{BLOG}/{path}/", "2026-05-19") for no, (title, path) in KEYWORD.items()
    },
}
"""The twenty lines by number."""

JA: Final = "https://blog.google/intl/ja-jp/company-news/technology"
API: Final = "https://ai.google.dev/gemini-api/docs/changelog#05-19-2026"
TWINS: Final = {
    "advancing-content-provenance": "より安全で透明な AI エコシステムに向けたコンテンツの来歴",
    "voice-agents": "音声エージェントの新しいモデル",
    "enterprise": "企業での導入を進める取り組み",
}

COPIES: Final = [
    Announced("openai/news-ja", title, f"https://openai.com/ja-JP/index/{slug}/", "2026-05-19")
    for slug, title in TWINS.items()
] + [
    Announced(
        "openai/codex-whatsnew",
        "Codex week by week: May 18-22, 2026",
        "https://learn.chatgpt.com/docs/whats-new#may-18-22-2026",
    ),
    Announced(
        "openai/codex-whatsnew-ja",
        "Codex 週刊ダイジェスト：2026 年 5 月 18～22 日",
        "https://learn.chatgpt.com/ja-JP/docs/whats-new#w21",
    ),
    Announced(
        "openai/chatgpt-release-notes", "Goal mode", "https://help.openai.com/en/articles/6825453-chatgpt-release-notes"
    ),
    Announced(
        "openai/chatgpt-release-notes",
        "Remote locked use",
        "https://help.openai.com/en/articles/6825453-chatgpt-release-notes",
    ),
    Announced("openai/codex-releases", "0.133.0", "https://github.com/openai/codex/releases/tag/rust-v0.133.0"),
    Announced("openai/sitemap", "Verify images", "https://openai.com/research/verify/"),
    Announced("anthropic/red", "Measuring exploits", "https://red.anthropic.com/2026/exploit-evals/", "2026-05-22"),
    Announced(
        "google/deepmind", KEYWORD[10][0], "https://deepmind.google/blog/gemini-3-5-frontier-intelligence-with-action/"
    ),
    Announced("google/keyword-ja", "Gemini 3.5 を発表", f"{JA}/gemini-3-5/"),
    Announced("google/keyword-ja", "Gemini Omni を発表", f"{JA}/gemini-omni/"),
    Announced("google/keyword-ja", "Gemini for Science のご紹介", f"{JA}/gemini-for-science-io-2026/"),
    Announced("google/gemini-api-changelog", "Launched Managed Agents in public preview.", API, "2026-05-19"),
    Announced("google/gemini-api-changelog", "Released gemini-3.5-flash as generally available.", API, "2026-05-19"),
    Announced("google/gemini-api-changelog", "Added file search to the tools.", API, "2026-05-19"),
    Announced(
        "google/adk-kotlin-releases", "ADK for Kotlin 0.1.0", "https://github.com/google/adk-kotlin/releases/tag/v0.1.0"
    ),
    Announced(
        "google/developers-blog",
        "Get ready for Google I/O 2026",
        "https://developers.googleblog.com/get-ready-for-google-io-2026/",
    ),
]
"""Other official surfaces of the same announcements, as far as the list carries them."""

EXPECTED: Final = [(f"line {no}", message) for no, message in sorted(SEEDS.items()) if message] + [
    (one.source, one) for one in COPIES
]
SOURCES: Final = sorted({message.source for _, message in EXPECTED})


# ── documents of ours ───────────────────────────────────────────────────────────────────────────────────────────


def html(body: str, lang: str = "en", head: str = "") -> Answer:
    page = f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'
    return Answer(page.encode(), "text/html; charset=utf-8")


def announced_by(source: str, since: str = "0") -> list[Announced]:
    """What of the expected a source says, the newest first."""
    result = {
        message.url + message.title: message
        for _, message in EXPECTED
        if message.source == source and (message.day or "9") >= since
    }
    return sorted(result.values(), key=lambda message: message.day, reverse=True)


def rss(source: str, old: tuple[str, str], *, new: bool, slash: bool = True) -> Answer:
    """A feed with something old in it, then with all that the source says."""
    entries = [*(announced_by(source) if new else []), Announced(source, *old, "2026-05-11")]
    items = "".join(
        f"<item><title>{escape(one.title)}</title><link>{one.url if slash else one.url.rstrip('/')}</link><guid>{one.url}</guid>"
        f"<pubDate>{datetime.fromisoformat(one.day or '2026-05-20'):%a, %d %b %Y} 16:00:00 GMT</pubDate></item>"
        for one in entries
    )
    head = f"<title>News</title><link>{VENDORS[entries[0].vendor].home}</link>"
    return Answer(f'<rss version="2.0"><channel>{head}{items}</channel></rss>'.encode(), "application/rss+xml")


def releases(source: str, old: str, *, new: bool) -> Answer:
    repository = old.partition("/releases/")[0]
    entries = [(one.title, one.url) for one in (announced_by(source) if new else [])] + [("0.0.9", old)]
    body = "".join(
        f"<entry><id>tag:github.com,2008:{url}</id><title>{title}</title><updated>2026-05-2{n}T10:00:00Z</updated>"
        f'<link rel="alternate" type="text/html" href="{url}"/></entry>'
        for n, (title, url) in enumerate(entries)
    )
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><id>{repository}</id><title>Releases</title>{body}</feed>'
    return Answer(feed.encode(), "application/atom+xml")


def cards(*rows: tuple[str, str, str]) -> str:
    """Cards as Anthropic's site has them, with names that its style sheets make up."""
    return "".join(
        f'<li><a href="{urls.parse(url).path}" class="List-module__a1__item"><div class="List-module__a1__meta"><time>{day}</time>'
        f'<span>Announcements</span></div><span class="List-module__a1__title">{escape(title)}</span></a></li>'
        for title, url, day in rows
    )


def sitemap(*paths: str) -> Answer:
    body = "".join(f"<url><loc>https://openai.com{path}</loc><lastmod>2026-05-20</lastmod></url>" for path in paths)
    return Answer(f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{body}</urlset>'.encode())


def article(title: str, day: str = "") -> Answer:
    date = f'<script type="application/ld+json">{json.dumps({"@type": "Article", "headline": title, "datePublished": day})}</script>'
    return html(
        f"<main><h1>{title}</h1><p>What it is, and for whom.</p></main>",
        head=f"<title>{title}</title>{date if day else ''}",
    )


def pages(*, new: bool) -> Iterator[tuple[str, Answer]]:
    """What Anthropic and Google show in lists without feeds."""
    old = [
        (f"An older post, number {n}", f"https://www.anthropic.com/news/older-{n}", f"May {n}, 2026") for n in (4, 5, 6)
    ]
    kpmg = [(one.title, one.url, "May 19, 2026") for one in announced_by("anthropic/news")] if new else []
    yield "https://www.anthropic.com/news", html(f"<main><ul>{cards(*kpmg, *old)}</ul></main>")
    papers = [(title, url.replace("/news/", "/research/"), day) for title, url, day in old]
    update = [(GLASSWING.title, GLASSWING.url, "May 22, 2026")] if new else []
    yield "https://www.anthropic.com/research", html(f"<main><ul>{cards(*update, *papers)}</ul></main>")
    notes = '<div class="date">April 2026</div><a class="note" href="/2026/preview/"><h3>A preview of the next model</h3></a>'
    note = '<div class="date">May 2026</div><a class="note" href="/2026/exploit-evals/"><h3>Measuring exploits</h3></a>'
    yield "https://red.anthropic.com/", html(f"{note if new else ''}{notes}")
    yield "https://red.anthropic.com/2026/exploit-evals/", article("Measuring exploits", "2026-05-22")
    yield "https://red.anthropic.com/2026/preview/", article("A preview of the next model", "2026-04-07")
    posts = [(one.title, one.url, "MAY 21, 2026") for one in announced_by("google/developers-blog")] if new else []
    posts += [
        (f"An older post, number {n}", f"https://developers.googleblog.com/older-{n}/", f"MAY {n}, 2026")
        for n in (4, 5)
    ]
    results = "".join(
        f'<li class="search-result"><p class="search-result__eyebrow">{day} / AI</p>'
        f'<h3 class="search-result__title"><a href="{url}">{title}</a></h3></li>'
        for title, url, day in posts
    )
    yield "https://developers.googleblog.com/search/?technology_categories=AI", html(f"<main><ul>{results}</ul></main>")
    twins = "".join(
        f'<a class="group" href="/ja-JP/index/{slug}/"><div class="line-clamp-4">{title}</div><time datetime="2026-05-19">2026年5月19日</time></a>'
        for slug, title in (TWINS.items() if new else [("older", "以前の発表とその背景")])
    )
    yield "https://openai.com/ja-JP/news/", html(f"<main><div>{twins}</div><div>{twins}</div></main>", "ja")


def changelogs(*, new: bool) -> Iterator[tuple[str, Answer]]:
    """Days with several items, digests of a week, features under a day."""
    items = "".join(
        f"<li><p>{message.title} It does more.</p></li>" for message in announced_by("google/gemini-api-changelog")
    )
    day = f'<h2 id="05-19-2026" data-text="May 19, 2026">May 19, 2026</h2><ul>{items}</ul>' if new else ""
    older = '<h2 id="05-07-2026" data-text="May 7, 2026">May 7, 2026</h2><ul><li><p>Raised the limits of batch jobs.</p></li></ul>'
    yield (
        "https://ai.google.dev/gemini-api/docs/changelog",
        html(f'<div class="devsite-article-body">{day}{older}</div>'),
    )
    week = "## May 18-22, 2026\n\nGoal mode on all surfaces.\n\n" if new else ""
    digest = f"# What's new\n\n{week}## May 11-15, 2026\n\nWork on from your phone.\n"
    yield "https://learn.chatgpt.com/docs/whats-new.md", Answer(digest.encode(), "text/markdown; charset=utf-8")
    woche = '<h2 id="w21">2026 年 5 月 18～22 日</h2><p>目標モード。</p>' if new else ""
    ja = f'<main>{woche}<h2 id="w20">2026 年 5 月 11～15 日</h2><p>スマートフォンから。</p></main>'
    yield "https://learn.chatgpt.com/ja-JP/docs/whats-new", html(ja, "ja")
    notes = (
        "<h1>May 21, 2026</h1><h2>Goal mode</h2><p>Say it.</p><h2>Remote locked use</h2><p>From afar.</p>"
        if new
        else ""
    )
    notes += "<h1>May 7, 2026</h1><h2>Longer memory</h2><p>It stays.</p>"
    yield "https://help.openai.com/en/articles/6825453-chatgpt-release-notes", html(f"<main>{notes}</main>")


def data(*, new: bool) -> Iterator[tuple[str, Answer]]:
    """Values, repositories, and a sitemap with pages that nothing else shows."""
    totals = {"disclosed": 1596 if new else 1402, "projects": 281, "patched": 97}
    ledger = {"updated": "2026-05-22" if new else "2026-05-15", "totals": totals}
    yield "https://red.anthropic.com/2026/cvd/data/ledger.json", Answer(json.dumps(ledger).encode(), "application/json")
    names = [("science-skills", "Skills for agents that work in the sciences", "19")] if new else []
    repositories = [
        {"node_id": name, "name": name, "description": text, "created_at": f"2026-05-{day}T15:00:00Z"}
        | {"html_url": f"https://github.com/google-deepmind/{name}", "topics": []}
        for name, text, day in [*names, ("tide-tables", "Tables of the tides", "04")]
    ]
    listing = "https://api.github.com/orgs/google-deepmind/repos?type=sources&sort=created&direction=desc&per_page=30"
    yield listing, Answer(json.dumps(repositories).encode(), "application/json")
    parts = "".join(
        f"<sitemap><loc>https://openai.com/sitemap.xml/{part}/</loc></sitemap>"
        for part in ("page", "research", "video")
    )
    index = f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{parts}</sitemapindex>'
    yield "https://openai.com/sitemap.xml", Answer(index.encode())
    capacity = ("/business/guaranteed-capacity/", "/form/guaranteed-capacity/") if new else ()
    yield "https://openai.com/sitemap.xml/page/", sitemap(*capacity, "/business/", "/business/older-offer/")
    yield (
        "https://openai.com/sitemap.xml/research/",
        sitemap(*(("/research/verify/",) if new else ()), "/index/some-post/"),
    )
    yield "https://openai.com/business/guaranteed-capacity/", article("OpenAI Guaranteed Capacity")
    yield "https://openai.com/business/older-offer/", article("An older offer")
    yield "https://openai.com/research/verify/", article("Verify images")


def feeds(*, new: bool) -> Iterator[tuple[str, Answer]]:
    older = ("An older post about agents", "https://openai.com/index/older/")
    yield "https://openai.com/news/rss.xml", rss("openai/news", older, new=new, slash=False)
    anchor = ("Codex 26.511", "https://learn.chatgpt.com/docs/changelog#codex-2026-05-14")
    yield "https://learn.chatgpt.com/docs/changelog/rss.xml", rss("openai/codex-changelog", anchor, new=new)
    yield "https://blog.google/rss/", rss("google/keyword", ("Gemini in May", f"{BLOG}/products/older/"), new=new)
    yield "https://blog.google/intl/ja-jp/rss/", rss("google/keyword-ja", ("生成AIを学校で", f"{JA}/older/"), new=new)
    yield (
        "https://deepmind.google/blog/rss.xml",
        rss("google/deepmind", ("Older", "https://deepmind.google/blog/older/"), new=new),
    )
    codex = "https://github.com/openai/codex/releases/tag/rust-v0.0.9"
    yield "https://github.com/openai/codex/releases.atom", releases("openai/codex-releases", codex, new=new)
    kotlin = "https://github.com/google/adk-kotlin/releases/tag/v0.0.9"
    yield "https://github.com/google/adk-kotlin/releases.atom", releases("google/adk-kotlin-releases", kotlin, new=new)


def documents(*, new: bool) -> dict[str, Answer]:
    """Every document of a moment, by address."""
    return dict([*pages(new=new), *changelogs(new=new), *data(new=new), *feeds(new=new)])


# ── the week ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that polled all of these sources before the week and after it; on SQLite, once for all tests here."""
    engine = new(f"{tmp_path_factory.mktemp('week')}/week.db")
    with VendorServer(documents(new=False)) as server, Fetcher(fetch_settings(server), now=lambda: AFTER) as fetcher:
        world = World(engine, server, fetcher, at=BEFORE)
        world.put_in_force(SHIPPED)
        before = world.round(*SOURCES)
        assert failures(before) == {}
        server.update(documents(new=True))
        after = world.round(*SOURCES, after=AFTER - BEFORE)
        assert failures(after) == {}
        yield world
    engine.dispose()


def failures(report: RoundReport) -> dict[str, str]:
    fine = {Outcome.OK, Outcome.NOT_MODIFIED}  # a sitemap's index stays as it is while its parts change
    return {poll.source_id: poll.error for poll in report.polls if poll.outcome not in fine}


def headlines(world: World) -> list[Mapping[str, Any]]:
    query = "SELECT id, vendor_id, source_id, url, title, lang, published, state, backfill FROM v1_headlines"
    return [row._mapping for row in world.rows(query)]


def test_every_announcement_of_the_ticker_is_recorded_by_the_source_that_carries_it(week: World) -> None:
    rows = headlines(week)
    missing = {name: message for name, message in EXPECTED if not [row for row in rows if is_of(row, message)]}
    assert missing == {}
    for name, message in EXPECTED:
        for row in (row for row in rows if is_of(row, message)):
            assert (row["state"], row["vendor_id"]) == ("live", message.vendor), name
            assert isinstance(policy.admit(VENDORS[message.vendor], row["url"]), policy.Admitted), name
            assert message.day in str(row["published"]), name
    assert len([no for no, message in SEEDS.items() if message]) == 19


def is_of(row: Mapping[str, Any], message: Announced) -> bool:
    """Whether a headline is an announcement, or the story's one headline for a page that another source said first."""
    same = urls.page_key(urls.parse(row["url"])) == urls.page_key(urls.parse(message.url))
    return bool(same and row["title"] == message.title and row["source_id"] == message.source)


def test_the_nineteen_lines_are_sixteen_stories_with_every_official_link(week: World) -> None:
    story_of = {(row.source_id, row.title): row.story_id for row in week.rows("SELECT * FROM v1_headlines")}
    lines = {no: story_of[message.source, message.title] for no, message in SEEDS.items() if message}
    assert (len(lines), len(set(lines.values()))) == (19, 16)
    reported = {
        no: sorted(one.source for one in COPIES if story_of[one.source, one.title] == lines[no]) for no in lines
    }
    assert {no: sources for no, sources in reported.items() if sources} == {
        10: ["google/deepmind", "google/keyword-ja"],
        12: ["google/keyword-ja"],
        15: ["google/keyword-ja"],
        16: ["openai/news-ja"],
        18: ["openai/news-ja"],
        20: ["google/gemini-api-changelog"],
    }  # the others are about a part of an announcement, of a week, or by a bare version
    links = {(row.story_id, urls.page_key(urls.parse(row.url))) for row in week.rows(OFFICIAL_LINKS)}
    assert {(story_of[one.source, one.title], urls.page_key(urls.parse(one.url))) for _, one in EXPECTED} <= links
    wanted = {lines[no]: 1 + len(sources) for no, sources in reported.items()}
    counted = {row.id: row.headlines for row in week.rows("SELECT id, headlines FROM v1_stories")}
    assert {story_id: counted[story_id] for story_id in wanted} == wanted


OFFICIAL_LINKS: Final = "SELECT h.story_id, l.url FROM v1_links l JOIN v1_headlines h ON h.id = l.headline_id"


def test_what_is_new_in_the_week_is_no_backfill_and_the_japanese_twins_are_japanese(week: World) -> None:
    rows = {row["url"].rstrip("/"): row for row in headlines(week)}
    assert not rows[GLASSWING.url]["backfill"]
    assert not rows["https://openai.com/business/guaranteed-capacity"]["backfill"]
    assert rows["https://openai.com/ja-JP/index/advancing-content-provenance"]["lang"].startswith("ja")
    assert rows[f"{JA}/gemini-3-5"]["lang"].startswith("ja")


def test_a_day_with_three_items_gives_three_headlines_of_one_address(week: World) -> None:
    result = [row["title"] for row in headlines(week) if row["url"] == API]
    assert len(result) == len(set(result)) == 3


def test_a_value_that_changed_is_a_headline_of_its_own_beside_the_earlier_one(week: World) -> None:
    result = sorted(row["title"] for row in headlines(week) if row["source_id"] == "anthropic/cvd-ledger")
    assert [title.split()[-2] for title in result] == ["1402", "1596"]


def test_only_pages_of_the_wanted_sections_come_from_the_sitemap(week: World) -> None:
    result = {urls.parse(row["url"]).path for row in headlines(week) if row["source_id"] == "openai/sitemap"}
    assert result == {"/business/guaranteed-capacity/", "/business/older-offer/", "/research/verify/"}


def test_the_same_documents_again_announce_nothing(week: World) -> None:
    report = week.round(*SOURCES)
    assert (report.tally.created, report.tally.revised, report.tally.pending) == (0, 0, 0)


def test_nothing_that_was_recorded_is_outside_the_scopes(week: World) -> None:
    rows = headlines(week)
    assert len(rows) > 40
    assert all(isinstance(policy.admit(VENDORS[row["vendor_id"]], row["url"]), policy.Admitted) for row in rows)
