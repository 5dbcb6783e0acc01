"""
Kinds of faults that other readers' public trackers report, each gone through the whole way: served, polled until quiet, polled
again, replayed, checked. `docs/reliability.md` says where each was reported; the documents are our own.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ingest import pipeline
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.model import Outcome
from ingest.store import checks, replays
from ingest.store.engine import open_engine, read
from support.databases import new
from support.world import World, fetch_settings

pytestmark = pytest.mark.either_engine

HOST = "https://www.acme-ai.com"
ADDRESS = f"{HOST}/doc"
LIST = """
version: 1
vendors:
  acme:
    name: Acme
    home: https://www.acme-ai.com/
    official: [www.acme-ai.com]
    sources:
      news: {kind: %s, url: https://www.acme-ai.com/doc, lang: en%s}
"""
XML, HTML, JSON = "application/xml", "text/html; charset=utf-8", "application/json"
PICKS = ", select: {entry: /items, title: /title, link: /url, date: /date, id: /id}"
CARDS = ", select: {entry: li, title: h3, date: time, link: a}"


@dataclass(frozen=True)
class Case:
    """Documents of one source, one after the other, and the headlines that they come to: title, path, published."""

    name: str
    documents: tuple[Answer, ...]
    headlines: tuple[tuple[str, str, str], ...]
    kind: str = "feed"
    extra: str = ""


MODEL = "Acme announces a model"
MOMENT = "2026-05-20T10:00:00"
ARTICLE = (
    f"<!doctype html><html><head><title>{MODEL}</title><meta property='article:published_time' content='{MOMENT}Z'></head>"
    f"<body><h1>{MODEL}</h1><p>Text.</p></body></html>"
).encode()
GZIP = b"\x1f\x8b"
MOST_ROUNDS = 4
"""Rounds after which nothing waits for its page any longer."""


def item(date: str = "Wed, 20 May 2026 10:00:00 GMT", *, link: str = f"{HOST}/news/1", title: str = MODEL) -> str:
    when = f"<pubDate>{date}</pubDate>" if date else ""
    return f"<item><title>{title}</title><link>{link}</link>{when}</item>"


def rss(*items: str) -> bytes:
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>Acme</title>{"".join(items)}</channel></rss>'.encode()
    )


def atom(links: str) -> bytes:
    entry = f"<entry><id>tag:acme,1</id><title>{MODEL}</title>{links}<updated>{MOMENT}Z</updated></entry>"
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Acme</title><id>x</id>{entry}</feed>'.encode()


def feed_of(**entry: Any) -> bytes:
    reported = {"id": "1", "url": f"{HOST}/news/1", "title": MODEL, "date_published": f"{MOMENT}Z", **entry}
    kept = {name: value for name, value in reported.items() if value is not None}
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Acme", "items": [kept]}).encode()


DATA = {"id": "1", "url": "/news/1", "title": MODEL, "date": f"{MOMENT}Z"}
LISTED = json.dumps({"items": [DATA]}).encode()


def page(date: str, *, base: str = "") -> bytes:
    cards = "".join(
        f'<li><a href="/news/{n}"><h3>{MODEL if n == 1 else f"Acme announces model {n}"}</h3></a><time>{date}</time></li>'
        for n in (1, 2, 3)
    )
    return f"<!doctype html><html><head>{base}<title>News</title></head><body><ul>{cards}</ul></body></html>".encode()


def cards(day: str) -> tuple[tuple[str, str, str], ...]:
    return (
        (MODEL, "/news/1", day),
        ("Acme announces model 2", "/news/2", day),
        ("Acme announces model 3", "/news/3", day),
    )


ONE = ((MODEL, "/news/1", MOMENT),)
SITEMAP = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{HOST}/news/1</loc></url></urlset>'
NOTICE = "<br />\n<b>Notice</b>:  Undefined index: x in <b>/srv/map.php</b> on line <b>3</b><br />\n"
BROWSER = f"<html><head></head><body><pre style='x'>{escape(rss(item()).decode())}</pre></body></html>"


def one(name: str, document: bytes, media_type: str = XML, **options: Any) -> Case:
    return Case(name, (Answer(document, media_type),), options.pop("headlines", ONE), **options)


def json_case(name: str, document: bytes, **options: Any) -> Case:
    return one(name, document, JSON, kind="json", extra=PICKS, **options)


CASES = [
    # months in the language of the system that wrote the feed, and of the page
    one("months-german", rss(item("Mi, 20 Mai 2026 12:00:00 +0200"))),
    one(
        "months-german-short",
        rss(item("Do, 11 Dez 2025 10:00:00 GMT")),
        headlines=((MODEL, "/news/1", "2025-12-11T10:00:00"),),
    ),
    one(
        "months-french",
        rss(item("ven., 13 févr. 2026 10:00:00 +0000")),
        headlines=((MODEL, "/news/1", "2026-02-13T10:00:00"),),
    ),
    one(
        "months-spanish",
        rss(item("mar, 13 ene 2026 10:00:00 +0000")),
        headlines=((MODEL, "/news/1", "2026-01-13T10:00:00"),),
    ),
    one("months-russian", rss(item("Ср, 20 мая 2026 13:00:00 +0300"))),
    *(
        one(f"months-page-{text}", page(text), HTML, kind="page", extra=CARDS, headlines=cards(f"{day}T00:00:00"))
        for text, day in (
            ("20. Mai 2026", "2026-05-20"),
            ("1er mars 2026", "2026-03-01"),
            ("20 de mayo de 2026", "2026-05-20"),
            ("20 maggio 2026", "2026-05-20"),
            ("20 août 2025", "2025-08-20"),
            ("20 maja 2026", "2026-05-20"),
        )
    ),
    # an Atom entry whose first alternate is for another program than a browser
    one(
        "alternate-not-web",
        atom(f'<link rel="alternate" href="gemini://acme/1"/><link rel="alternate" href="{HOST}/news/1"/>'),
    ),
    one("alternate-nostr", atom(f'<link rel="alternate" href="nostr:naddr1"/><link href="{HOST}/news/1"/>')),
    # an entry without any link whose id is its page
    one("id-jsonfeed", feed_of(id=f"{HOST}/news/1", url=None), JSON),
    # links that carry what differs with each fetch
    Case(
        "click-medium",
        tuple(Answer(rss(item(link=f"{HOST}/news/1?source=rss----{mark}")), XML) for mark in ("ab---4", "cd---5")),
        ONE,
    ),
    Case(
        "click-session",
        tuple(Answer(rss(item(link=f"{HOST}/news/1;jsessionid={mark}")), XML) for mark in ("A1.n", "B2.n")),
        ONE,
    ),
    Case(
        "click-session-query",
        tuple(Answer(rss(item(link=f"{HOST}/news/1?PHPSESSID={mark}")), XML) for mark in ("a1", "b2")),
        ONE,
    ),
    # a base that is no address
    *(
        one(
            f"base-{base}",
            page("May 20, 2026", base=f'<base href="{base}">'),
            HTML,
            kind="page",
            extra=CARDS,
            headlines=cards("2026-05-20T00:00:00"),
        )
        for base in ("http://", "https:///", "about:blank", "data:,")
    ),
    # a gzip file that does not say so
    one("gzip-feed", gzip.compress(rss(item())), "application/rss+xml"),
    one("gzip-json", gzip.compress(LISTED), "application/octet-stream", kind="json", extra=PICKS),
    one(
        "gzip-page",
        gzip.compress(page("May 20, 2026")),
        HTML,
        kind="page",
        extra=CARDS,
        headlines=cards("2026-05-20T00:00:00"),
    ),
    # a sitemap behind a script's notice, or in a page
    one("sitemap-notice", (NOTICE + SITEMAP).encode(), HTML, kind="sitemap"),
    one("sitemap-wrapped", f"<html><body>{SITEMAP}</body></html>".encode(), HTML, kind="sitemap"),
    # a time stamp that is a number
    one("stamp-jsonfeed", feed_of(date_published=1779271200), JSON),
    json_case("stamp-microseconds", json.dumps({"items": [{**DATA, "date": 1779271200000000}]}).encode()),
    json_case("stamp-nanoseconds", json.dumps({"items": [{**DATA, "date": 1779271200000000000}]}).encode()),
    # a title that is no string
    one("title-object", feed_of(title={"rendered": "Acme announces a <em>model</em>"}), JSON),
    one("title-number", feed_of(title=2026), JSON, headlines=(("2026", "/news/1", MOMENT),)),
    # a feed as a browser shows it
    one("escaped-in-page", BROWSER.encode(), HTML),
    one("escaped", escape(rss(item()).decode()).encode(), "text/plain"),
    # JSON with something around it or a comma too many
    json_case("json-comma", LISTED.replace(b"}]}", b",},]}")),
    json_case(
        "json-comma-in-a-string",
        LISTED.replace(b"a model", b"a model [1,]").replace(b"}]}", b"},]}"),
        headlines=((f"{MODEL} [1,]", "/news/1", MOMENT),),
    ),
    json_case("json-call", b"/**/ typeof load === 'function' && load(" + LISTED + b");"),
    json_case("json-comment", b"/* generated */\n// by a script\n" + LISTED),
    json_case("json-guard", b"while(1);" + LISTED),
    one(
        "json-lines",
        json.dumps(DATA).encode()
        + b"\n"
        + json.dumps({**DATA, "id": "2", "url": "/news/2", "title": "Two"}).encode()
        + b"\n",
        JSON,
        kind="json",
        extra=PICKS.replace("/items", '""'),
        headlines=(*ONE, ("Two", "/news/2", MOMENT)),
    ),
    one("jsonfeed-comma", feed_of().replace(b"}]}", b"},]}"), JSON),
    # values that are not content codings
    *(
        Case(f"coding-{coding}", (Answer(rss(item()), XML, headers=(("Content-Encoding", coding),)),), ONE)
        for coding in ("utf-8", "UTF-8", "none", "identity", "8bit", "text/xml")
    ),
]


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer({f"{HOST}/news/1": Answer(ARTICLE, HTML)}) as vendors:
        yield vendors


@pytest.fixture
def world(engine: Engine, server: VendorServer) -> Iterator[World]:
    with Fetcher(fetch_settings(server), now=lambda: built.at) as fetcher:
        built = World(engine, server, fetcher)
        yield built


def go_the_whole_way(world: World, case: Case, folder: Path) -> None:
    """Poll each document until nothing is pending and once more, replay, check; see that nothing was lost on the way."""
    world.put_in_force(LIST % (case.kind, case.extra))
    for document in case.documents:
        world.server.update({ADDRESS: document})
        report = world.round(after=timedelta(hours=2))
        assert [poll.outcome for poll in report.polls] == [Outcome.OK], [poll.error for poll in report.polls]
        while world.rows("SELECT id FROM candidates WHERE status = 'pending'"):
            world.round(after=timedelta(hours=1))
    again = world.round(after=timedelta(hours=2)).tally
    assert (again.created, again.revised, again.pending) == (0, 0, 0)
    assert differences(world, folder) == []
    assert faults(world) == []


def differences(world: World, folder: Path) -> list[Any]:
    """Compare what is stored with what a replay makes of the evidence."""
    target = new(f"{folder}/again.db")
    pipeline.replay(world.engine, target)
    with read(world.engine) as stored, read(target) as replayed:
        between = list(replays.differences(stored, replayed))
    target.dispose()
    return between


def faults(world: World) -> list[str]:
    """Give what is wrong with a database."""
    accepted = world.accepted
    assert accepted is not None
    return [finding.what for finding in checks.check(world.engine, accepted.allowlist) if finding.level == "fault"]


# ── every kind in one world, each as a source of a vendor of its own ────────────────────────────────────────────


@dataclass
class Outcomes:
    """What the sources of a world came to: by source what its polls ended with, and what its headlines show."""

    polls: dict[str, list[str]]
    again: dict[str, tuple[int, int, int]]
    headlines: dict[str, list[tuple[str, str, str]]]
    differences: list[Any]
    faults: list[str]


def host_of(case: Case) -> str:
    return f"https://www.kind-{CASES.index(case)}-ai.com"


def moved(case: Case, answer: Answer) -> Answer:
    """Let a document speak of its own vendor's host in the place of the common one."""
    packed = answer.content.startswith(GZIP)
    content = gzip.decompress(answer.content) if packed else answer.content
    content = content.replace(HOST.encode(), host_of(case).encode())
    return replace(answer, content=gzip.compress(content, mtime=0) if packed else content)


def vendor_of(case: Case) -> str:
    host = host_of(case)
    return (
        f"  kind-{CASES.index(case)}:\n    name: Acme\n    home: {host}/\n    official: [{host.removeprefix('https://')}]\n"
        f"    sources:\n      news: {{kind: {case.kind}, url: {host}/doc, lang: en{case.extra}}}\n"
    )


def source_of(case: Case) -> str:
    return f"kind-{CASES.index(case)}/news"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """Poll every case in one world until nothing is pending and once more, replay, check."""
    folder = tmp_path_factory.mktemp("kinds")
    is_postgresql = request.param == "postgresql"
    engine = open_engine(request.getfixturevalue("postgresql")()) if is_postgresql else new(folder / "kinds.db")
    pages = {f"{host_of(case)}/news/1": Answer(ARTICLE, HTML) for case in CASES}
    with VendorServer(pages) as server, Fetcher(fetch_settings(server), now=lambda: built.at) as fetcher:
        built = World(engine, server, fetcher)
        built.put_in_force("version: 1\nvendors:\n" + "".join(map(vendor_of, CASES)))
        yield play(built, folder)
    engine.dispose()


def play(world: World, folder: Path) -> Outcomes:
    polls: dict[str, list[str]] = {source_of(case): [] for case in CASES}
    for number in range(max(len(case.documents) for case in CASES)):
        for case in CASES:
            document = case.documents[min(number, len(case.documents) - 1)]
            world.server.update({f"{host_of(case)}/doc": moved(case, document)})
        for poll in world.round(after=timedelta(hours=2)).polls:
            polls[poll.source_id].append(poll.error or poll.outcome.value)
        for _ in range(MOST_ROUNDS):
            if world.rows("SELECT id FROM candidates WHERE status = 'pending'"):
                world.round(after=timedelta(hours=1))
    again = {
        poll.source_id: (poll.tally.created, poll.tally.revised, poll.tally.pending)
        for poll in world.round(after=timedelta(hours=2)).polls
    }
    headlines: dict[str, list[tuple[str, str, str]]] = {source_of(case): [] for case in CASES}
    for row in world.rows("SELECT source_id, title, url, published FROM v1_headlines ORDER BY url, title"):
        path = "/" + row.url.split("/", 3)[3]
        headlines[row.source_id].append((row.title, path, str(row.published).replace(" ", "T")[:19]))
    return Outcomes(polls, again, headlines, differences(world, folder), faults(world))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_other_readers_stumble_over_goes_the_whole_way(outcomes: Outcomes, case: Case) -> None:
    source = source_of(case)
    shown, polls = len(case.documents), outcomes.polls[source]
    assert polls == ["ok"] * shown + ["not_modified"] * (len(polls) - shown)
    assert outcomes.again[source] == (0, 0, 0)
    assert outcomes.headlines[source] == list(case.headlines)


def test_what_other_readers_stumble_over_replays_alike_and_is_sound(outcomes: Outcomes) -> None:
    assert outcomes.differences == []
    assert outcomes.faults == []


# ── numbers beyond measure ──────────────────────────────────────────────────────────────────────────────────────

MANY = "9" * 5000
TWO = {**DATA, "id": "2", "url": "/news/2", "title": "Two"}


def numbered(field: str, number: str) -> bytes:
    return json.dumps({"items": [{**DATA, field: "@"}, TWO]}).replace('"@"', number).encode()


@pytest.mark.parametrize("number", [MANY, f"-{MANY}", "1e999", "-1E+999"])
@pytest.mark.parametrize("field", ["url", "title"])
def test_a_number_beyond_measure_costs_its_entry_and_says_so(
    world: World, field: str, number: str, tmp_path: Path
) -> None:
    case = json_case("number", numbered(field, number))
    go_the_whole_way(world, case, tmp_path)
    assert world.titles() == ["Two"]
    (refused,) = world.rows("SELECT reason, detail FROM v1_rejections")
    assert refused.reason == "number"
    assert refused.detail.startswith(f"item 0 of /items: its {'link' if field == 'url' else field} at /{field} is ")
    assert "beyond measure" in refused.detail


@pytest.mark.parametrize("number", [MANY, "1e999"])
@pytest.mark.parametrize("field", ["date", "id"])
def test_a_date_or_an_id_beyond_measure_costs_no_entry(world: World, field: str, number: str, tmp_path: Path) -> None:
    go_the_whole_way(world, json_case("number", numbered(field, number)), tmp_path)
    assert world.titles() == [MODEL, "Two"]
    world.server.update({ADDRESS: Answer(numbered("views", number), JSON)})
    assert world.round(after=timedelta(hours=2)).polls[0].outcome is Outcome.OK


def test_a_number_beyond_measure_in_a_json_feed_costs_its_entry(world: World, tmp_path: Path) -> None:
    first, second = (json.loads(feed_of(id=i, url=f"{HOST}/news/{i}", title=t)) for i, t in (("1", "@"), ("2", "Two")))
    document = json.dumps({**first, "items": first["items"] + second["items"]}).replace('"@"', MANY, 1).encode()
    go_the_whole_way(world, one("number", document, JSON), tmp_path)
    assert world.titles() == ["Two"]
    (refused,) = world.rows("SELECT reason, detail FROM v1_rejections")
    assert refused.detail == "its title at /items/0/title is a number of 5,000 digits, which is beyond measure"


def test_a_number_beyond_measure_in_a_script_costs_no_list(world: World, tmp_path: Path) -> None:
    script = numbered("views", MANY).decode()
    document = f"<!doctype html><title>News</title><script>{script}</script>".encode()
    picks = PICKS.replace("{entry", "{data: script, entry")
    go_the_whole_way(world, one("number", document, HTML, kind="page", extra=picks), tmp_path)
    assert world.titles() == [MODEL, "Two"]


def test_a_watched_number_beyond_measure_is_broken_by_name(world: World) -> None:
    world.put_in_force(LIST % ("watch", ', select: {value: /count, title: "Now {value}"}'))
    world.server.update({ADDRESS: Answer(f'{{"count": {MANY}}}'.encode(), JSON)})
    (report,) = world.round().polls
    assert report.outcome is Outcome.BROKEN
    assert "The value at /count is a number of 5,000 digits, which is beyond measure" in report.error


# ── and what must not be taken for more than it is ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("document", "media_type", "kind"),
    [
        (f"<html><body><h1>How to write RSS</h1><pre>{escape(rss(item()).decode())}</pre></body></html>", HTML, "feed"),
        ("<html><body><p>A sitemap begins with &lt;urlset&gt;.</p></body></html>", HTML, "sitemap"),
        ("alert(1)", "text/javascript", "json"),
    ],
)
def test_a_page_that_mentions_such_a_document_is_no_obstacle(
    world: World, document: str, media_type: str, kind: str
) -> None:
    world.put_in_force(LIST % (kind, PICKS if kind == "json" else ""))
    world.server.update({ADDRESS: Answer(document.encode(), media_type)})
    assert world.round().polls[0].outcome is Outcome.BROKEN
    assert world.titles() == []


@pytest.mark.parametrize("link", ["https://elsewhere.example.net/1", "urn:uuid:1", "http://"])
def test_an_id_that_is_no_official_page_makes_no_headline(world: World, link: str) -> None:
    world.put_in_force(LIST % ("feed", ""))
    world.server.update({ADDRESS: Answer(feed_of(id=link, url=None), JSON)})
    world.round()
    assert world.titles() == []
