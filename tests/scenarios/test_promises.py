"""What an operator can write is read by something, or says where it stands that it is not in force yet."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

import ingest
from ingest import allowlist, settings
from ingest.allowlist.shapes import Record
from ingest.allowlist.stanzas import SourceStanza
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.model import NOT_IN_FORCE, Capture, Kind, Source, State
from ingest.parse import parse, selection
from support.world import World, fetch_settings, rss

HOST = "https://www.acme-ai.com"
SOURCE = Path(ingest.__file__).parent


def trees(*but: str) -> Iterator[ast.AST]:
    for path in sorted(SOURCE.rglob("*.py")):
        if str(path.relative_to(SOURCE)) not in but:
            yield ast.parse(path.read_text(encoding="utf-8"))


# ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────


def receiver(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def test_each_setting_is_followed_or_says_that_it_is_not_in_force_yet() -> None:
    followed = {
        node.attr
        for tree in trees("settings.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and receiver(node.value) == "settings"
    }
    if settings.load({}, {"INGEST_CONTACT": "https://acme.example/"}).user_agent.endswith("(+https://acme.example/)"):
        followed.add("contact")  # it is part of another one
    declared = {item.name: item for item in settings._DECLARED}
    idle = {name for name, item in declared.items() if item.field not in followed}
    assert idle == {row.name for row in settings.describe(settings.load({}, {})) if not row.in_force}
    assert idle == {"INGEST_CAPTURE_DAYS"}


def test_a_setting_that_is_not_in_force_says_so_in_its_row_and_where_it_is_set() -> None:
    (row,) = (row for row in settings.describe(settings.load({}, {})) if row.name == "INGEST_CAPTURE_DAYS")
    assert "not in force yet" in row.meaning
    assert settings.idle(settings.load({}, {})) == []
    (message,) = settings.idle(settings.load({}, {"INGEST_CAPTURE_DAYS": "7"}))
    assert message.startswith("INGEST_CAPTURE_DAYS is set and not in force yet")


# ── states ──────────────────────────────────────────────────────────────────────────────────────────────────────


def given(tree: ast.AST) -> Iterator[str]:
    """Yield the states that code gives to something, and not those that it only asks for."""
    asked: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Set | ast.Compare):
            asked |= {id(inner) for inner in ast.walk(node)}
        if isinstance(node, ast.Attribute) and receiver(node.value) == "State" and id(node) not in asked:
            yield node.attr


def test_each_state_is_given_to_some_source_or_is_not_in_force_yet() -> None:
    built = {name for tree in trees("model.py") for name in given(tree)}
    views = (SOURCE / "store" / "views.py").read_text(encoding="utf-8")
    built |= {state.name for state in State if f"'{state.value}'" in views}  # `disabled` is made by the view
    assert {state for state in State if state.name not in built} == NOT_IN_FORCE


# ── keys of a source ────────────────────────────────────────────────────────────────────────────────────────────

LIST = f"""
version: 1
vendors:
  acme:
    name: Acme
    home: {HOST}/
    official: [www.acme-ai.com]
    sources:
      feed: {{kind: feed, url: {HOST}/feed.xml, headers: {{X-A: b}}, include: ["path:^/"], exclude: ["title:x"], topics: [model]}}
      page: {{kind: page, url: {HOST}/page, article: true, pages: 1, robots: {{ignore: "asked"}}, select: {{entry: li, next: a.next}}}}
      json: {{kind: json, url: {HOST}/data, select: {{entry: /items, title: /t, link: /u}}}}
"""
FIELDS = {"robots": "robots_ignored_because"}
WITHOUT_EFFECT = {"note", "paused"}  # words for people; why a source is paused is shown by `ingest status`


@pytest.fixture
def read_by(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The fields of sources that code outside the allow-list reads, while the test runs."""
    names: set[str] = set()
    plain = object.__getattribute__

    def reading(self: Source, name: str) -> Any:
        frame = sys._getframe(1)
        module = str(frame.f_globals.get("__name__"))
        built = frame.f_code.co_filename == "<string>"  # `==` and `hash` of a data class
        if module.startswith("ingest.") and not module.startswith("ingest.allowlist") and not built:
            names.add(name)
        return plain(self, name)

    monkeypatch.setattr(Source, "__getattribute__", reading)
    return names


def test_each_key_of_a_source_is_read_in_a_round_or_is_not_in_force_yet(engine: Engine, read_by: set[str]) -> None:
    cards = "".join(f'<li><a href="/p/{n}"><h3>Acme announces model {n}</h3></a></li>' for n in range(4))
    page = Answer(f'<!doctype html><ul>{cards}</ul><a class="next" href="/page?2">x</a>'.encode(), "text/html")
    data = Answer(json.dumps({"items": [{"t": "Acme announces a model", "u": "/j/1"}]}).encode(), "application/json")
    answers = {f"{HOST}/feed.xml": rss(), f"{HOST}/page": page, f"{HOST}/page?2": page, f"{HOST}/data": data}
    with VendorServer(answers) as server, Fetcher(fetch_settings(server), now=lambda: world.at) as fetcher:
        world = World(engine, server, fetcher)
        world.put_in_force(LIST)
        world.round()
    keys = Record(SourceStanza).keys
    unread = {name for name in keys if FIELDS.get(name, name) not in read_by}
    assert unread - WITHOUT_EFFECT == {name for name, key in keys.items() if key.not_in_force}
    assert unread - WITHOUT_EFFECT == {"max_silence"}


def test_a_key_that_is_not_in_force_is_a_warning_with_its_place_and_no_fault() -> None:
    listed = allowlist.parse(LIST.replace("kind: feed,", "kind: feed, max_silence: 7d,").encode())
    (warning,) = listed.warnings
    assert (warning.line, warning.key) == (9, "vendors.acme.sources.feed.max_silence")
    assert "not in force yet" in warning.what
    assert allowlist.parse(LIST.encode()).warnings == ()
    assert "Not in force yet" in json.dumps(allowlist.json_schema())


def test_a_number_of_pages_without_a_next_page_is_refused() -> None:
    with pytest.raises(ingest.errors.AllowlistError, match=r"feed\.pages: counts the further pages of a list"):
        allowlist.parse(LIST.replace("kind: feed,", "kind: feed, pages: 2,").encode())


# ── names of `select` ───────────────────────────────────────────────────────────────────────────────────────────


class Named(str):
    """The name of a selector that remembers whether somebody asked for it."""

    __slots__ = ("asked",)

    def __eq__(self, other: object) -> bool:
        self.asked = True
        return str.__eq__(self, other)

    __hash__ = str.__hash__


DATA = b'{"items": [{"a": "A", "b": "/b"}]}'
HTML = (
    b"<!doctype html><html><body><main><h2 id=a>May 2 - A new model</h2><p>x</p><h2 id=b>May 1, 2026 - B</h2><p>y</p></main>"
    b"<script>" + DATA + b"</script></body></html>"
)
SITEMAPS = (
    b"<sitemapindex><sitemap><loc>https://www.acme-ai.com/a.xml</loc></sitemap></sitemapindex>",
    b"<urlset><url><loc>https://www.acme-ai.com/2026/05/a</loc></url></urlset>",
)
DOCUMENTS = {
    Kind.PAGE: (HTML,),
    Kind.JSON: (DATA,),
    Kind.CHANGELOG: (HTML,),
    Kind.SITEMAP: SITEMAPS,
    Kind.WATCH: (HTML,),
}
ON_PAGES = {"page": f"{HOST}/log", "date": "."}
IN_DATA = {"entry": "/items", "data": "script", "next": "h2"}


def text_of(kind: Kind, name: str, *, in_data: bool) -> str:
    """Write a pick for a name."""
    if kind is Kind.SITEMAP:
        return r"/(?P<year>\d{4})/"
    if kind is Kind.WATCH and name == "title":
        return "{value}"
    if kind is Kind.JSON or in_data:
        return "/a" if kind is Kind.JSON and name == "next" else IN_DATA.get(name, "/a")
    return ON_PAGES.get(name, "h2")


def asked_for(kind: Kind, names: list[str], wanted: str) -> bool:
    """Whether a name of `select` is looked up when documents of a kind are read."""
    reported = [Named(name) for name in names]
    for name in reported:
        name.asked = False
    select = tuple((name, text_of(kind, str(name), in_data="data" in names)) for name in reported)
    source = Source("acme/x", "acme", kind, f"{HOST}/x", "", select=select)
    for content in DOCUMENTS[kind]:
        parse(
            Capture(1, "acme/x", f"{HOST}/x", f"{HOST}/x", content, "", (), datetime(2026, 5, 22, tzinfo=UTC), 1),
            source,
        )
    return next(name.asked for name in reported if str(name) == wanted)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_each_selector_that_a_kind_knows_is_asked_for_when_a_document_is_read(kind: Kind) -> None:
    known = selection._kind(kind, {}).names
    without = [name for name in known if name != "data"]
    unread = {name for name in known if not asked_for(kind, [*without, *({name} - set(without))], name)}
    assert unread <= ({"value"} if kind is Kind.WATCH else set())  # it is found by its form, as value.NAME is


def test_a_selector_that_nothing_asks_for_would_be_found() -> None:
    name = Named("nothing")
    name.asked = False
    source = Source("acme/x", "acme", Kind.PAGE, f"{HOST}/x", "", select=((Named("entry"), "h2"), (name, "h2")))
    parse(Capture(1, "acme/x", f"{HOST}/x", f"{HOST}/x", HTML, "", (), datetime(2026, 5, 22, tzinfo=UTC), 1), source)
    assert not name.asked
