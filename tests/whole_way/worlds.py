"""
Generated worlds: a vendor whose sources and pages do in any order what vendors were seen to do, followed by real rounds.

After every step the world is polled until nothing is pending, and what must always hold is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from html import escape
from typing import Any, Final

import yaml
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edges.client import share
from ingest import policy, urls
from ingest.demo.answers import NOT_FOUND, Answer
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.model import Outcome
from ingest.pipeline import Accepted
from ingest.store.engine import open_engine
from support.world import World, fetch_settings
from whole_way.site import HTML, ROBOTS, page
from whole_way.walk import START, check, replay, rest_of, set_aside

ROOT: Final = "https://www.acme-ai.com"
MOST_ROUNDS: Final = 70

SOURCES: Final[dict[str, dict[str, Any]]] = {
    "news": {"kind": "feed", "url": f"{ROOT}/news.xml", "lang": "en"},
    "blog": {"kind": "feed", "url": f"{ROOT}/blog.xml", "lang": "en", "article": True},
    "map": {"kind": "sitemap", "url": f"{ROOT}/sitemap.xml", "lang": "en"},
    "list": {"kind": "page", "url": f"{ROOT}/news/", "select": {"entry": "li", "title": "a", "link": "a@href"}},
}

SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "plain": lambda url: url,
    "slash": lambda url: f"{url}/",
    "tracked": lambda url: f"{url}?utm_source=feed&utm_medium=rss",
    "fragment": lambda url: f"{url}#start",
    "http": lambda url: url.replace("https:", "http:"),
    "loud host": lambda url: url.replace("www.acme-ai.com", "WWW.ACME-AI.COM"),
    "index": lambda url: f"{url}/index.html",
}
"""How one page's address may be written in a list."""

CANONICALS: Final[dict[str, Callable[[str], str | None]]] = {
    **SPELLINGS,
    "none": lambda _: None,
    "amp": lambda url: f"{url}/amp",
    "translated": lambda url: url.replace("/news/", "/ja/news/"),
    "home": lambda _: f"{ROOT}/",
    "off the list": lambda _: "https://elsewhere.example.org/copied",
    "another's": lambda _: f"{ROOT}/news/a1",
}
"""What a page may name as its canonical address or `og:url`."""

spelling = st.sampled_from(sorted(SPELLINGS))
canonical = st.sampled_from(sorted(CANONICALS))
key = st.sampled_from(sorted(SOURCES))
number = st.integers(0, 30)


@dataclass(frozen=True)
class Item:
    """One entry of a source: the number of its article, and how the source writes it."""

    article: int
    title: str
    path: str
    guid: str | None = None
    spelling: str = "plain"
    at: datetime = START

    @property
    def url(self) -> str:
        return f"{ROOT}{self.path}"

    @property
    def link(self) -> str:
        return SPELLINGS[self.spelling](self.url)


@dataclass
class Published:
    """A source as its vendor has it: `gone` entries may return; `trouble` is what its server does instead of answering."""

    items: list[Item] = field(default_factory=list)
    gone: list[Item] = field(default_factory=list)
    trouble: str = ""
    note: int = 0


class Worlds(RuleBasedStateMachine):
    """What a vendor may do; `make_url` gives the URL of an empty database."""

    make_url: Callable[[], str]
    replays_every = 0

    @initialize()
    def begin(self) -> None:
        self._stack = ExitStack()
        self.engine = open_engine(type(self).make_url())
        self._stack.callback(self.engine.dispose)
        self.server = self._stack.enter_context(VendorServer())
        fetcher = self._stack.enter_context(Fetcher(fetch_settings(self.server), now=lambda: self.world.at))
        self.world = World(self.engine, self.server, fetcher)
        self.world.at = START
        share(fetcher, self.world)
        self.sources = {name: Published() for name in SOURCES}
        self.stanzas = {name: dict(stanza) for name, stanza in SOURCES.items()}
        self.exceptions: set[str] = set()
        self.pages: dict[str, tuple[str, str | None, str | None, bool]] = {}
        self.ids: dict[str, tuple[str, str]] = {}
        self.articles = 0
        self.steps = 0
        self.served: set[str] = set()
        self.accepted: Accepted | None = None
        self._apply()
        for source, guid in (("news", "own"), ("news", "link"), ("blog", "own"), ("map", "none"), ("list", "none")):
            self.publish(source, "plain", guid)
        for other, which in (("blog", 0), ("map", 1), ("list", 0)):
            self.carry("news", which, other, "plain")

    # ── what vendors do ─────────────────────────────────────────────────────────────────────────────────────────

    @rule(source=key, written=spelling, guid=st.sampled_from(["none", "own", "link", "position"]))
    def publish(self, source: str, written: str, guid: str) -> None:
        self.articles += 1
        path = f"/news/a{self.articles}"
        item = Item(self.articles, f"Model {self.articles} is here", path, spelling=written, at=self.world.at)
        names = {"none": None, "own": f"id-{self.articles}", "link": item.link, "position": "0"}
        self.sources[source].items.insert(0, replace(item, guid=names[guid]))
        self._open(item, "plain", "plain", translated=False)

    @rule(source=key, which=number, other=key, written=spelling)
    def carry(self, source: str, which: int, other: str, written: str) -> None:
        """Another source lists the same page."""
        if (item := self._item(source, which)) and item.path not in {it.path for it in self.sources[other].items}:
            self.sources[other].items.insert(0, replace(item, spelling=written, guid=f"{other}-{item.article}"))

    @rule(source=key, which=number)
    def edit(self, source: str, which: int) -> None:
        self._change(source, which, lambda item: replace(item, title=f"{item.title}, better"))

    @rule(source=key, which=number, written=spelling)
    def spell(self, source: str, which: int, written: str) -> None:
        self._change(source, which, lambda item: replace(item, spelling=written))

    @rule(source=key, which=number)
    def move(self, source: str, which: int) -> None:
        def moved(item: Item) -> Item:
            there = replace(item, path=f"{item.path}-moved")
            self._open(there, "plain", "plain", translated=False)
            return there

        self._change(source, which, moved)

    @rule(source=key, which=number, guid=st.sampled_from([None, "fresh", "0"]))
    def rename(self, source: str, which: int, guid: str | None) -> None:
        """An entry gets another guid, or loses it."""
        fresh = f"{guid}-{self.steps}" if guid == "fresh" else guid
        self._change(source, which, lambda item: replace(item, guid=fresh))

    @rule(source=key, which=number)
    def use_again(self, source: str, which: int) -> None:
        """Another article takes the place of one, under its guid."""
        self.articles += 1
        title, path = f"Model {self.articles} is here", f"/news/a{self.articles}"
        fresh = Item(self.articles, title, path, at=self.world.at)
        if self._item(source, which):
            self._open(fresh, "plain", "plain", translated=False)
            self._change(source, which, lambda item: replace(fresh, guid=item.guid))

    @rule(source=key, which=number)
    def give_guid_twice(self, source: str, which: int) -> None:
        """Two entries of one document have one guid."""
        if (item := self._item(source, which)) and item.guid:
            self._change(source, which + 1, lambda other: replace(other, guid=item.guid))

    @rule(source=key, which=number)
    def vanish(self, source: str, which: int) -> None:
        if item := self._item(source, which):
            self.sources[source].items.remove(item)
            self.sources[source].gone.append(item)

    @rule(source=key)
    def come_back(self, source: str) -> None:
        published = self.sources[source]
        if published.gone:
            published.items.append(published.gone.pop())

    @rule(source=key)
    def turn(self, source: str) -> None:
        self.sources[source].items.reverse()

    @rule(source=key, trouble=st.sampled_from(["", "304", "500", "404", "cut", "empty", "page"]))
    def trouble(self, source: str, trouble: str) -> None:
        self.sources[source].trouble = trouble

    @rule(source=key, which=number, names=canonical, graph=canonical, translated=st.booleans())
    def open_page(self, source: str, which: int, names: str, graph: str, translated: bool) -> None:
        """A page names other addresses from now on."""
        if item := self._item(source, which):
            self._open(item, names, graph, translated=translated)

    @rule(source=key, which=number)
    def lose_page(self, source: str, which: int) -> None:
        if item := self._item(source, which):
            self.pages.pop(item.url, None)

    # ── what operators do ───────────────────────────────────────────────────────────────────────────────────────

    @rule(source=key)
    def toggle(self, source: str) -> None:
        if stanza := self.stanzas.get(source):
            stanza["enabled"] = not stanza.get("enabled", True)
            self._apply()

    @rule(source=key, present=st.booleans())
    def list_or_drop(self, source: str, present: bool) -> None:
        if present:
            self.stanzas.setdefault(source, dict(SOURCES[source]))
        elif len(self.stanzas) > 1:
            self.stanzas.pop(source, None)
        self._apply()

    @rule(which=st.integers(1, 4))
    def except_path(self, which: int) -> None:
        self.exceptions ^= {f"!www.acme-ai.com/news/a{which}"}
        self._apply()

    @rule(source=key, change=st.sampled_from(["lang", "article", "exclude", "first_fill"]))
    def edit_stanza(self, source: str, change: str) -> None:
        stanza = self.stanzas.get(source, {})
        values = {"lang": "ja", "article": True, "exclude": ["path:^/news/a2"], "first_fill": 1}
        if stanza.get("kind") == "sitemap" and change == "article":
            return
        if stanza.pop(change, None) is None:
            stanza[change] = values[change]
        self._apply()

    # ── what must always hold ───────────────────────────────────────────────────────────────────────────────────

    @invariant()
    @precondition(lambda self: hasattr(self, "world"))
    def holds(self) -> None:
        self.steps += 1
        served = self._served()
        self.server.update(dict.fromkeys(self.served, NOT_FOUND) | served)
        self.served = set(served)
        polled = self._until_quiet()
        assert set_aside(self.world) == []
        self._nothing_lost(polled)
        self._nothing_doubled()
        self._nothing_unofficial()
        self._ids_are_stable()
        if self.replays_every and self.steps % self.replays_every == 0:
            self._proves_itself()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self._proves_itself()
            finally:
                self._stack.close()

    def _proves_itself(self) -> None:
        assert check(self.world) == []
        assert replay(self.engine, type(self).make_url) == []

    def _until_quiet(self) -> set[str]:
        """Poll, until nothing is pending that may be opened; give the sources whose document was read whole."""
        report = self.world.round(everything=True, after=timedelta(hours=6))
        for _ in range(MOST_ROUNDS):
            if (rest := rest_of(self.world)) is None:
                break
            self.world.round(everything=False, after=rest)
        else:
            raise AssertionError(self.world.rows("SELECT * FROM candidates WHERE status = 'pending'"))
        return {
            poll.source_id.partition("/")[2] for poll in report.polls if poll.status_code and poll.outcome is Outcome.OK
        }

    def _nothing_lost(self, polled: set[str]) -> None:
        """What a source shows and the list admits is a link, waits, or was refused by name."""
        links = {_key(row.url) for row in self.world.rows("SELECT url FROM links")}
        known = {_key(row.url) for row in self.world.rows("SELECT url FROM candidates")}
        refused = {_key(row.url) for row in self.world.rows("SELECT url FROM rejections") if row.url}
        for source in polled:
            if not self.sources[source].trouble:
                lost = [
                    item.link for item in self.sources[source].items if _key(item.link) not in links | known | refused
                ]
                assert lost == [], source

    def _nothing_doubled(self) -> None:
        rows = self.world.rows("SELECT source_id, url, title FROM v1_headlines")
        times = Counter((row.source_id, _key(row.url), row.title) for row in rows)
        assert [it for it, count in times.items() if count > 1] == []

    def _nothing_unofficial(self) -> None:
        assert self.accepted is not None
        (vendor,) = self.accepted.allowlist.vendors
        rows = self.world.rows("SELECT url FROM v1_headlines UNION SELECT url FROM v1_links")
        assert [row.url for row in rows if isinstance(policy.admit(vendor, row.url), policy.Refused)] == []

    def _ids_are_stable(self) -> None:
        rows = {row.id: (row.source_id, row.raw_key) for row in self.world.rows("SELECT * FROM headlines")}
        assert {name: rows.get(name) for name in self.ids} == self.ids
        self.ids = rows

    # ── the world ───────────────────────────────────────────────────────────────────────────────────────────────

    def _item(self, source: str, which: int) -> Item | None:
        items = self.sources[source].items
        return items[which % len(items)] if items else None

    def _change(self, source: str, which: int, change: Callable[[Item], Item]) -> None:
        if item := self._item(source, which):
            items = self.sources[source].items
            items[items.index(item)] = change(item)

    def _open(self, item: Item, names: str, graph: str, *, translated: bool) -> None:
        self.pages[item.url] = (item.title, CANONICALS[names](item.url), CANONICALS[graph](item.url), translated)

    def _apply(self) -> None:
        official = ["www.acme-ai.com", *sorted(self.exceptions)]
        vendor = {"name": "Acme", "home": f"{ROOT}/", "official": official, "sources": self.stanzas}
        text = yaml.safe_dump({"version": 1, "vendors": {"acme": vendor}}, sort_keys=False)
        self.accepted = self.world.put_in_force(text, confirm=True, deliberate=True)

    def _served(self) -> dict[str, Answer]:
        served = {f"{ROOT}/robots.txt": ROBOTS}
        for url, (title, names, graph, translated) in self.pages.items():
            body = _page(url, title, names, graph, translated=translated)
            for address in (url, *(spell(url) for spell in SPELLINGS.values())):
                served[address.partition("#")[0]] = Answer(body, HTML)
            served[url.replace("/news/", "/ja/news/")] = Answer(body, HTML)
        for name, published in self.sources.items():
            published.note += 1
            served[SOURCES[name]["url"]] = _troubled(published.trouble, _WRITERS[name](published))
        return served


def _key(address: str) -> str:
    return urls.page_key(urls.with_https(urls.clean(urls.parse(address))))


def _page(url: str, title: str, names: str | None, graph: str | None, *, translated: bool) -> bytes:
    """Write a page with the given canonical address and `og:url`."""
    body = page(url, title, f"{START:%Y-%m-%d}").decode()
    own = escape(url)
    named = f'<link rel="canonical" href="{escape(names)}">' if names else ""
    shown = f'<meta property="og:url" content="{escape(graph)}">' if graph else ""
    body = body.replace(f'<link rel="canonical" href="{own}">', named)
    body = body.replace(f'<meta property="og:url" content="{own}">', shown)
    if translated:
        there = escape(url.replace("/news/", "/ja/news/"))
        more = f'<link rel="alternate" hreflang="ja" href="{there}"><link rel="alternate" hreflang="en" href="{own}">'
        body = body.replace("</head>", f'{more}<link rel="amphtml" href="{own}/amp"></head>')
    return body.encode()


def _troubled(trouble: str, answer: Answer) -> Answer:
    match trouble:
        case "304" | "500" | "404":
            return Answer(b"", "text/plain", int(trouble))
        case "cut":
            return replace(answer, content=answer.content[: len(answer.content) * 2 // 3])
        case "empty":
            return replace(answer, content=b"")
        case "page":
            return Answer(page(ROOT, "We are back soon"), HTML)
    return answer


def _feed(published: Published) -> Answer:
    entries = "".join(
        f"<item><title>{escape(item.title)}</title><link>{escape(item.link)}</link>"
        + (f'<guid isPermaLink="false">{escape(item.guid)}</guid>' if item.guid else "")
        + f"<pubDate>{item.at:%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
        for item in published.items
    )
    head = f"<title>Acme</title><link>{ROOT}/</link><generator>{published.note}</generator>"
    return Answer(f'<rss version="2.0"><channel>{head}{entries}</channel></rss>'.encode())


def _sitemap(published: Published) -> Answer:
    listed = "".join(f"<url><loc>{escape(item.link)}</loc></url>" for item in published.items)
    head = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    return Answer(f"{head}{listed}<!-- {published.note} --></urlset>".encode())


def _list(published: Published) -> Answer:
    listed = "".join(f'<li><a href="{escape(item.link)}">{escape(item.title)}</a></li>' for item in published.items)
    return Answer(f"<!DOCTYPE html><html><body><ul>{listed}</ul><!-- {published.note} --></body></html>".encode(), HTML)


_WRITERS: Final = {"news": _feed, "blog": _feed, "map": _sitemap, "list": _list}
