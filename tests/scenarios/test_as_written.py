"""
Documents as they are really written, the whole way: served over TLS, polled until quiet, again, replayed and checked.

Encodings, links and titles of every kind of source; on both engines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from corpus.report import ROOT
from ingest import pipeline
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.model import EntryOutcome, Outcome
from ingest.store import checks, replays
from ingest.store.engine import read
from support.databases import new
from support.world import World, fetch_settings

pytestmark = pytest.mark.either_engine

HOST = "https://www.acme-ai.com"
LIST = f"""
version: 1
vendors:
  acme:
    name: Acme
    home: {HOST}/
    official: [www.acme-ai.com, feeds.acme-ai.com]
    sources:
"""
SOURCE = "      {name}: {{kind: {kind}, url: '{url}', lang: en{select}}}\n"
SELECT = {
    "page": "{entry: li, title: h3, date: time, link: a@href}",
    "json": "{entry: /items, title: /title, link: /link, date: /date}",
    "changelog": "{entry: section, title: h2, date: time, anchor: '@id'}",
}
TITLES = ("髙橋電機、新モデル①を発表", "お知らせ：㈱サンプルのﾃｽﾄ", "三番目のお知らせを公開しました")


@dataclass(frozen=True)
class Round:
    """What is served in one round, and what is shown after it: titles and addresses, in their order."""

    answer: Answer
    titles: tuple[str, ...]
    links: tuple[str, ...] = ()
    fates: dict[str, int] = field(default_factory=dict)


def euc(text: str) -> bytes:
    """Write EUC-JP as Windows does, by way of its Shift_JIS."""
    written = b""
    for char in text:
        code = char.encode("cp932")
        if len(code) == 2:
            lead, trail = code[0] - (0x81 if code[0] < 0xA0 else 0xC1), code[1]
            odd = trail >= 0x9F
            cell = trail - 0x9F if odd else trail - 0x40 - (trail > 0x7F)
            code = bytes((0xA1 + 2 * lead + odd, 0xA1 + cell))
        elif code[0] >= 0xA1:
            code = b"\x8e" + code
        written += code
    return written


def jis(text: str) -> bytes:
    """Write ISO-2022-JP as Windows does."""
    written, mode = b"", b"\x1b(B"
    for char in text:
        code = euc(char)
        now = b"\x1b(I" if code[0] == 0x8E else b"\x1b$B" if len(code) == 2 else b"\x1b(B"
        code = code[1:] if code[0] == 0x8E else code
        written += (now if now != mode else b"") + bytes(byte & 0x7F for byte in code)
        mode = now
    return written + (b"\x1b(B" if mode != b"\x1b(B" else b"")


def spelt(text: str, how: str) -> bytes:
    return {"euc": euc, "jis": jis}[how](text) if how in {"euc", "jis"} else text.encode(how)


def feed(titles: tuple[str, ...], label: str = "UTF-8", at: str = "news") -> str:
    items = "".join(
        f"<item><title>{title}</title><link>{HOST}/{at}/{n}</link><guid isPermaLink='false'>g{n}</guid>"
        f"<pubDate>Fri, 22 May 2026 0{n}:00:00 GMT</pubDate></item>"
        for n, title in enumerate(titles)
    )
    return (
        f'<?xml version="1.0" encoding="{label}"?><rss version="2.0"><channel><title>T</title>{items}</channel></rss>'
    )


def page(titles: tuple[str, ...], label: str = "UTF-8", at: str = "news") -> str:
    items = "".join(
        f"<li><a href='/{at}/{n}'><h3>{title}</h3></a><time>2026-05-2{n}</time></li>" for n, title in enumerate(titles)
    )
    return f'<!doctype html><html><head><meta charset="{label}"><title>News</title></head><ul>{items}</ul></html>'


def changelog(titles: tuple[str, ...], label: str = "UTF-8", _at: str = "") -> str:
    items = "".join(
        f"<section id='v{n}'><h2>{title}</h2><time>2026-05-2{n}</time><p>Text</p></section>"
        for n, title in enumerate(titles)
    )
    return f'<!doctype html><html><head><meta charset="{label}"><title>Log</title></head><body>{items}</body></html>'


def data(titles: tuple[str, ...], _label: str = "", at: str = "news") -> str:
    items = [{"title": title, "link": f"/{at}/{n}", "date": f"2026-05-2{n}"} for n, title in enumerate(titles)]
    return json.dumps({"items": items}, ensure_ascii=False)


def jsonfeed(titles: tuple[str, ...], _label: str = "", at: str = "news") -> str:
    items = [{"id": str(n), "title": title, "url": f"{HOST}/{at}/{n}"} for n, title in enumerate(titles)]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": items}, ensure_ascii=False)


def news_map(titles: tuple[str, ...], label: str = "UTF-8", at: str = "news") -> str:
    items = "".join(
        f"<url><loc>{HOST}/{at}/{n}</loc><n:news><n:title>{title}</n:title>"
        f"<n:publication_date>2026-05-2{n}</n:publication_date></n:news></url>"
        for n, title in enumerate(titles)
    )
    ns = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"'
    return f'<?xml version="1.0" encoding="{label}"?><urlset {ns}>{items}</urlset>'


MAKERS = {"feed": feed, "jsonfeed": jsonfeed, "page": page, "changelog": changelog, "json": data, "sitemap": news_map}
TYPES = {"page": "text/html", "changelog": "text/html", "json": "application/json", "jsonfeed": "application/json"}


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer({}) as vendors:
        yield vendors


@pytest.fixture
def world(engine: Engine, server: VendorServer) -> Iterator[World]:
    with Fetcher(fetch_settings(server), now=lambda: built.at) as fetcher:
        built = World(engine, server, fetcher)
        yield built


def in_force(world: World, **urls: str) -> None:
    """Put a list in force with one source for each kind that is named."""
    lines = ""
    for name, url in urls.items():
        kind = name.replace("jsonfeed", "feed")
        select = f", select: {SELECT[kind]}" if kind in SELECT else ""
        lines += SOURCE.format(name=name, kind=kind, url=url, select=select)
    world.put_in_force(LIST + lines)


def poll(world: World) -> dict[str, int]:
    """Poll until nothing waits; return what became of the sources' own entries."""
    report = world.round(after=timedelta(hours=7))
    assert {own.outcome for own in report.polls} <= {Outcome.OK, Outcome.NOT_MODIFIED}, report.failed
    for _ in range(10):
        if not world.rows("SELECT 1 FROM candidates WHERE status = 'pending'"):
            break
        world.round(after=timedelta(hours=7))
    tallies = [own.tally for own in report.polls]
    return {
        fate.value: sum(counts) for fate in EntryOutcome if sum(counts := [getattr(one, fate.value) for one in tallies])
    }


def go_the_whole_way(world: World, folder: Path, url: str, rounds: list[Round]) -> None:
    for one in rounds:
        world.server.update({url: one.answer})
        fates = poll(world)
        if one.fates:
            assert fates == one.fates
        rows = world.rows("SELECT title, url FROM v1_headlines ORDER BY url")
        assert tuple(row.title for row in rows) == one.titles
        assert not one.links or tuple(row.url for row in rows) == one.links
        unchanged(world)
    replayed_and_checked(world, folder)


def unchanged(world: World) -> None:
    """See that the same bytes bring nothing."""
    world.write("UPDATE source_states SET etag = NULL, last_modified = NULL")
    assert set(poll(world)) <= {"seen", "rejected", "duplicate", "filtered"}


def replayed_and_checked(world: World, folder: Path) -> None:
    target = new(f"{folder}/again.db")
    pipeline.replay(world.engine, target)
    with read(world.engine) as stored, read(target) as replayed:
        assert list(replays.differences(stored, replayed)) == []
    target.dispose()
    assert world.accepted is not None
    result = checks.check(world.engine, world.accepted.allowlist)
    assert [finding for finding in result if finding.level == "fault"] == []


# ── encodings ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("label", "how"),
    [
        ("Shift_JIS", "cp932"),
        ("EUC-JP", "euc"),
        ("eucJP-ms", "euc"),
        ("ISO-2022-JP", "jis"),
        ("cp50221", "jis"),
        ("UTF-16", "utf-16"),
        ("iso-8859-1", "utf-8"),
    ],
)
def test_every_kind_of_document_in_every_encoding(world: World, tmp_path: Path, label: str, how: str) -> None:
    in_force(world, **{kind: f"{HOST}/{kind}" for kind in MAKERS})
    for kind, make in MAKERS.items():
        reported = f"; charset={label}" if kind in {"json", "jsonfeed"} else ""
        answer = Answer(spelt(make(TITLES, label, kind), how), TYPES.get(kind, "application/xml") + reported)
        world.server.update({f"{HOST}/{kind}": answer})
    pages = {f"{HOST}/sitemap/{n}": Answer(page((title,)).encode(), "text/html") for n, title in enumerate(TITLES)}
    world.server.update(pages)

    poll(world)
    unchanged(world)

    for kind in MAKERS:
        rows = world.rows("SELECT title FROM v1_headlines WHERE source_id = :id ORDER BY url", id=f"acme/{kind}")
        assert (kind, *(row.title for row in rows)) == (kind, *TITLES)
    replayed_and_checked(world, tmp_path)


@pytest.mark.parametrize("kind", ["feed", "page", "json"])
def test_a_stray_byte_in_a_later_round_revises_nothing(world: World, tmp_path: Path, kind: str) -> None:
    url = f"{HOST}/source"
    in_force(world, **{kind: url})
    titles = tuple(f"Company’s update {number}" for number in range(4))
    content = MAKERS[kind](titles).encode()
    added = MAKERS[kind]((*titles, "Our partner[]s new model")).encode().replace(b"[]", b"\x92")
    mojibake = content.decode("cp1252").encode()
    lossy = content.replace("’".encode(), "\ufffd".encode())
    asked = content.replace("’".encode(), b"?")
    media = TYPES.get(kind, "application/xml")
    more = (*titles, "Our partner’s new model")
    rounds = [
        Round(Answer(content, media), titles, fates={"created": 4}),
        Round(Answer(added, media), more, fates={"created": 1, "seen": 4}),
        *(Round(Answer(spoilt, media), more, fates={"seen": 4}) for spoilt in (mojibake, lossy, asked)),
        Round(Answer(content, media), more, fates={"seen": 4}),
    ]
    go_the_whole_way(world, tmp_path, url, rounds)
    assert [row.revision for row in world.rows("SELECT revision FROM v1_headlines")] == [1] * 5


def test_a_better_decoding_and_a_new_day_are_revisions(world: World, tmp_path: Path) -> None:
    url = f"{HOST}/source"
    in_force(world, feed=url)
    good, spoilt = ("Company’s update",), ("Companyâ€™s update",)
    later = feed(spoilt).replace("22 May", "21 May")
    rounds = [
        Round(Answer(feed(spoilt).encode()), spoilt, fates={"created": 1}),
        Round(Answer(feed(good).encode()), good, fates={"revised": 1}),
        Round(Answer(later.encode()), good, fates={"revised": 1}),  # its day is another one, its title is not
    ]
    go_the_whole_way(world, tmp_path, url, rounds)


# ── links and titles ────────────────────────────────────────────────────────────────────────────────────────────


def items(*pairs: tuple[str, str], channel: str = HOST) -> bytes:
    body = "".join(f"<item><title>{title}</title><link>{link}</link></item>" for title, link in pairs)
    return f'<rss version="2.0"><channel><title>T</title><link>{channel}</link>{body}</channel></rss>'.encode()


def test_links_are_recorded_as_browsers_read_them_and_asked_so(world: World, tmp_path: Path) -> None:
    url = "https://feeds.acme-ai.com/feed.xml"
    in_force(world, feed=url)
    content = items(
        ("A", "/news/a"),
        ("B", "news/my post.html"),
        ("C", f"{HOST}/news/\n      c"),
        ("D", f"\ufeff{HOST}/news/d\u200b"),
        ("E", "www.acme-ai.com/news/e"),
        ("F", "&lt;![CDATA[/news/f]]&gt;"),
        ("Other host", "www.other-vendor.com/x"),
        ("Two in one", f"{HOST}/{HOST}/news/g"),
        ("No slash", "https//www.acme-ai.com/news/h"),
        ("Unfilled", "/news/{{slug}}"),
        channel=f"{HOST}/",
    )
    titles = ("A", "C", "D", "E", "F", "B")
    links = tuple(f"{HOST}/news/{name}" for name in ("a", "c", "d", "e", "f", "my%20post.html"))
    fates = {"created": 6, "rejected": 4}
    go_the_whole_way(world, tmp_path, url, [Round(Answer(content), titles, links, fates)])
    rows = world.rows("SELECT title, reason FROM v1_rejections ORDER BY title")
    assert {row.title: row.reason for row in rows} == {
        "No slash": "malformed",
        "Other host": "off-scope",
        "Two in one": "malformed",
        "Unfilled": "malformed",
    }


def test_a_page_is_asked_for_under_the_address_that_is_stored(world: World, tmp_path: Path) -> None:
    url = f"{HOST}/sitemap.xml"
    in_force(world, sitemap=url)
    content = f"<urlset><url><loc>&lt;![CDATA[{HOST}/news/my post]]&gt;</loc></url></urlset>".encode()
    world.server.update({f"{HOST}/news/my%20post": Answer(page(("A post",)).encode(), "text/html")})
    asked = f"{HOST}/news/my%20post"
    go_the_whole_way(world, tmp_path, url, [Round(Answer(content), ("News",), (asked,))])
    assert "/news/my%20post" in {request.target for request in world.server.requests}


def test_a_link_can_be_asked_what_it_was_relative_to(world: World) -> None:
    url = "https://feeds.acme-ai.com/feed.xml"
    in_force(world, feed=url)
    content = items(("A", "/news/a"), ("B", f"{HOST}/news/b"), channel=f"{HOST}/")
    world.server.update({url: Answer(content)})
    poll(world)
    assert world.accepted is not None
    claims = world.rows("SELECT url, capture_id FROM claims ORDER BY url")
    bases = [
        pipeline.link_base(world.engine, world.accepted.allowlist, claim.capture_id, claim.url) for claim in claims
    ]
    assert bases == [f"channel link {HOST}/", ""]
    world.write("UPDATE payloads SET body = NULL, pruned_at = first_seen_at")
    assert pipeline.link_base(world.engine, world.accepted.allowlist, claims[0].capture_id, claims[0].url) == ""


# ── the small cases ─────────────────────────────────────────────────────────────────────────────────────────────

CASES = ROOT.parent / "cases"
RIGHT = {
    "stray": (*(f"Company’s update {number}" for number in range(5)), "Our partner’s new model"),
    "jis1": ("新機能①を公開しました", "二番目のお知らせ"),
    "eucjp": ("髙橋電機、新モデル①を発表しました", "お知らせ：㈱サンプル ﾃｽﾄ"),
    "eucmswin": ("新製品発表",),
    "cdata2": (
        *("Hello World release", "Nested wrap", "Jahresrückblick ’26", "A free guide to <head> elements"),
        *("ReadFile &amp; more", "Emoji here", "Why List<T> matters", "Paragraph title", "漢字対応"),
    ),
    "rel": ("Rel one", "Rel two", "Rel three"),
}
LINKS = {
    "links": (
        *("news/%E6%96%B0%E8%A3%BD%E5%93%81", "news/bom", "news/c?a=1&b=2", "news/h", "news/my%20post.html", "news/ns"),
        *("news/p", "news/split-path", "news/u", "news/zw", "p?id=1&lang=en"),
    ),
    "rel": ("news/a", "news/b", "news/c"),
}


@pytest.mark.skipif(not CASES.is_dir(), reason="the small cases are not here")
@pytest.mark.parametrize("name", sorted({*RIGHT, *LINKS}))
def test_the_small_cases(world: World, name: str) -> None:
    accepted = world.put_in_force((CASES / name / "sources.yaml").read_text("utf-8"))
    url = accepted.allowlist.sources[0].url
    for document in sorted((CASES / name).glob("input*.xml")):
        world.server.update({url: Answer(document.read_bytes(), "application/rss+xml")})
        poll(world)
    rows = world.rows("SELECT title, url FROM v1_headlines ORDER BY url")
    host = url.replace("/feed.xml", "/").replace("feeds.rel", "www.rel")
    if name in RIGHT:
        assert tuple(row.title for row in rows) == RIGHT[name]
    if name in LINKS:
        assert tuple(row.url for row in rows) == tuple(f"{host}{path}" for path in LINKS[name])


@pytest.mark.skipif(not CASES.is_dir(), reason="the small cases are not here")
def test_the_small_case_of_dates(world: World) -> None:
    accepted = world.put_in_force((CASES / "dates" / "sources.yaml").read_text("utf-8"))
    url = accepted.allowlist.sources[0].url
    for document in sorted((CASES / "dates").glob("input*.xml")):
        world.server.update({url: Answer(document.read_bytes(), "application/rss+xml")})
        poll(world)
    days = {row.title[:3]: str(row.day) for row in world.rows("SELECT title, published AS day FROM v1_headlines")}
    assert {name: days[name][:10] for name in ("D01", "D02", "D33", "D34")} == dict.fromkeys(
        ("D01", "D02", "D33", "D34"), "2026-11-25"
    )


@pytest.mark.skipif(not CASES.is_dir(), reason="the small cases are not here")
def test_the_small_case_of_nested_sitemaps(world: World) -> None:
    accepted = world.put_in_force((CASES / "smnest" / "sources.yaml").read_text("utf-8"))
    url = accepted.allowlist.sources[0].url
    page = b"<!doctype html><html lang=en><title>A</title><h1>A is announced</h1><p>Text."
    world.server.update({f"https://smnest.test-vendor.com/news/{name}": Answer(page, "text/html") for name in "abc"})
    for document in sorted((CASES / "smnest").glob("input*.xml")):
        world.server.update({url: Answer(document.read_bytes(), "application/xml")})
        poll(world)
    assert [row.url for row in world.rows("SELECT url FROM v1_headlines")] == ["https://smnest.test-vendor.com/news/a"]
