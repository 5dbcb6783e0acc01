"""One document never stops another: a poison in every step of a document's way, and healthy sources beside it."""

from __future__ import annotations

import json
import logging
import pkgutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from ingest import pipeline, schedule
from ingest.demo.answers import NOT_FOUND, Answer
from ingest.demo.server import VendorServer
from ingest.errors import StoreError
from ingest.fetch import Fetcher
from ingest.model import Outcome, PollReport, RoundReport
from ingest.pipeline import Context, Round
from ingest.polling import Limits
from ingest.store import captures, replays
from ingest.store.checks import check
from ingest.store.engine import read, write
from ingest.store.sources import poll_states
from support.databases import new
from support.sampling import is_long
from support.world import NOW, Item, World, fetch_settings, rss

pytestmark = pytest.mark.either_engine

HEALTHY = 3
CROWD = 20 if is_long() else 8
"""Healthy sources beside the poison: in most tests, and in the one that tries every step."""

HOSTS = 5
HOUR = timedelta(hours=1)


def address(number: int, path: str) -> str:
    return f"https://h{number % HOSTS}.acme-ai.com/{number}/{path}"


def stanza(name: str, url: str, **more: object) -> str:
    keys = {"kind": "feed", "url": url, "lang": "en", "interval": "1h", **more}
    return f"      {name}: {json.dumps(keys)}\n"


POISON = "https://poison.acme-ai.com/feed.xml"
PAGE = "https://poison.acme-ai.com/news/poison"
INDEX = "https://poison.acme-ai.com/sitemap.xml"
HEAD = """
version: 1
vendors:
  acme:
    name: Acme
    home: https://www.acme-ai.com/
    official: ["*.acme-ai.com", "!www.acme-ai.com/private/"]
    sources:
"""


def list_of(healthy: int) -> str:
    sources = "".join(stanza(f"s{n}", address(n, "feed.xml")) for n in range(healthy))
    return HEAD + sources + stanza("poison", POISON, exclude=["path:^/skipped/"])


LIST = list_of(HEALTHY)


def feed(number: int, *, version: int = 1) -> Answer:
    items = [Item(f"Release {number}.{v} of product {number}", address(number, f"news/{v}")) for v in range(version)]
    return rss(*items, note=f"{number}")


def poison(note: str = "") -> Answer:
    refused = Item("poison elsewhere", "https://press.example.net/poison", guid="elsewhere")
    return rss(Item("A poison is announced", PAGE, guid="poison"), refused, note=note)


@pytest.fixture
def server() -> Iterator[VendorServer]:
    answers = {address(n, "feed.xml"): feed(n) for n in range(CROWD)}
    with VendorServer({**answers, POISON: poison()}) as vendors:
        yield vendors


@pytest.fixture
def world(engine: Engine, server: VendorServer) -> Iterator[World]:
    with Fetcher(fetch_settings(server), now=lambda: NOW) as fetcher:
        world = World(engine, server, fetcher)
        world.put_in_force(LIST)
        yield world


class PoisonError(Exception):
    """What nobody expects."""


def poisoned(monkeypatch: pytest.MonkeyPatch, target: str, mark: str = "poison") -> None:
    """Make a function raise when anything that it is given bears the mark."""
    owner, _, name = target.rpartition(".")
    real: Callable[..., Any] = getattr(pkgutil.resolve_name(owner), name)

    def raising(*given: Any, **named: Any) -> Any:
        if mark in repr((given, named)):
            raise PoisonError("the poison works")
        return real(*given, **named)

    monkeypatch.setattr(pkgutil.resolve_name(owner), name, raising)


def healthy(report: RoundReport) -> list[PollReport]:
    return [one for one in report.polls if one.source_id != "acme/poison"]


def of_poison(report: RoundReport) -> PollReport:
    (result,) = (one for one in report.polls if one.source_id == "acme/poison")
    return result


def findings(world: World) -> list[str]:
    return [
        one.what
        for one in check(world.engine, world.accepted.allowlist if world.accepted else None)
        if one.level == "fault"
    ]


def replayed(world: World, *, differs: bool = False) -> tuple[str, ...]:
    """Replay goes on past the poison and comes to the same; gives what it could not read."""
    with TemporaryDirectory() as folder:
        engine = new(f"{folder}/replayed.db")
        report = pipeline.replay(world.engine, engine)
        with read(world.engine) as stored, read(engine) as again:
            assert bool(list(replays.differences(stored, again))) is differs
        engine.dispose()
    return report.failed


STEPS = {
    "parse": "ingest.parse.parse_decoded",
    "judge": "ingest.judging.documents.normalise",
    "admit": "ingest.policy.admit",
    "check": "ingest.judging.documents.identify",
    "reconcile": "ingest.dedupe.reconcile",
    "write": "ingest.store.headlines.apply",
    "refuse": "ingest.store.rejections.record",
    "prove": "ingest.stories.proofs",
    "draw": "ingest.stories.partition",
}
"""Steps of a document's way, each with what works there."""

BESIDE = {
    "fetch": "ingest.fetch.fetcher.Fetcher.get",
    "plan": "ingest.polling.plan",
    "keep": "ingest.store.captures.add",
    "settle": "ingest.polling.settle",
    "locate": "ingest.judging.moves.sighted",
    "ledger": "ingest.store.polls.record",
}
"""Steps of a poll that are not the document's."""


def host_of(step: str) -> str:
    return f"https://poison-{step}.acme-ai.com"


def test_a_poison_in_each_step_costs_its_source_and_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    every = {**STEPS, **BESIDE}
    world.put_in_force(
        list_of(CROWD) + "".join(stanza(f"poison-{step}", f"{host_of(step)}/feed.xml") for step in every)
    )
    for step, target in every.items():
        poisoned(monkeypatch, target, f"poison-{step}")
        good = Item(f"A poison-{step} is announced", f"{host_of(step)}/news", guid=step)
        elsewhere = Item(f"poison-{step} elsewhere", f"https://press.example.net/{step}", guid=f"{step}-elsewhere")
        world.server.update({f"{host_of(step)}/feed.xml": rss(good, elsewhere)})

    first = world.round()

    assert_only_poison_suffers(world, first, len(every))
    for step in every:
        (report,) = (one for one in first.polls if one.source_id == f"acme/poison-{step}")
        assert "PoisonError: the poison works" in report.error
        assert f"acme/poison-{step}" in caplog.text
        (shown,) = world.rows("SELECT state, reason FROM v1_sources WHERE id = :id", id=f"acme/poison-{step}")
        assert (shown.state, shown.reason) == ("failing" if step == "fetch" else "broken", report.error)
    (aside,) = (what for what in findings(world) if "document set aside" in what)
    assert aside.startswith(f"{len(STEPS) + len(BESIDE) - 3} × ")  # nothing is stored before `keep`
    assert len(replayed(world, differs=True)) == len(STEPS)  # a replay takes the same steps

    world.server.update({address(n, "feed.xml"): feed(n, version=2) for n in range(CROWD)})
    second = world.round(after=2 * HOUR)

    assert_only_poison_suffers(world, second, len(every), version=2)
    monkeypatch.undo()
    third = world.round(after=2 * HOUR)
    built = [one.source_id for one in third.polls if one.tally.created == 1]
    assert sorted(built) == sorted(f"acme/poison-{step}" for step in every), "the same bytes are read again"
    assert not findings(world)
    assert replayed(world) == ()


def assert_only_poison_suffers(world: World, report: RoundReport, poisons: int, version: int = 1) -> None:
    bad = [one for one in report.polls if "poison-" in one.source_id]
    good = [one for one in report.polls if "poison-" not in one.source_id]
    assert [one.error for one in good if one.error] == []
    assert {one.outcome for one in bad} == {Outcome.BROKEN, Outcome.FAILED}
    assert (len(good), len(bad)) == (CROWD + 1, poisons)
    assert len(world.titles()) == version * CROWD + 1
    with read(world.engine) as conn:
        states = poll_states(conn, None)
    in_time = world.at + 1.1 * HOUR
    late = [one.source_id for one in states if one.next_poll_at is None or one.next_poll_at > in_time]
    assert [name for name in late if name != "acme/poison-fetch"] == [], "a fault of ours puts nobody off"


# ── the database ────────────────────────────────────────────────────────────────────────────────────────────────


def refuse_poison(engine: Engine) -> None:
    """Let the database itself refuse the poison's headline."""
    with write(engine) as conn:
        if engine.dialect.name == "sqlite":
            conn.execute(
                text(
                    "CREATE TRIGGER refuse_poison BEFORE INSERT ON headlines WHEN NEW.title LIKE '%poison%'"
                    " BEGIN SELECT RAISE(ABORT, 'refused'); END"
                )
            )
        else:
            conn.execute(text("ALTER TABLE headlines ADD CONSTRAINT no_poison CHECK (title NOT LIKE '%poison%')"))


def test_what_the_database_refuses_costs_its_document_and_no_other(world: World) -> None:
    refuse_poison(world.engine)

    report = world.round()

    assert {one.outcome for one in healthy(report)} == {Outcome.OK}
    assert len(world.titles()) == HEALTHY
    assert "the database refused a record" in of_poison(report).error


@pytest.mark.parametrize("where", ["read", "write"])
def test_what_is_about_the_database_ends_the_round(world: World, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def lock(*_: object, **__: object) -> None:
        import sqlite3

        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY  # as the driver sets it
        raise OperationalError("statement", {}, error)

    monkeypatch.setattr("ingest.store.identity.known" if where == "read" else "ingest.store.headlines.apply", lock)

    with pytest.raises(StoreError, match="stayed locked"):
        world.round()

    monkeypatch.undo()
    world.round(after=HOUR)
    assert len(world.titles()) == HEALTHY + 1, "nothing was lost: the captures were read by the next round"


# ── stories that are settled later ──────────────────────────────────────────────────────────────────────────────


def test_a_headline_on_which_likeness_fails_costs_no_other_its_story(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    twins = {
        address(n, "feed.xml"): rss(Item("Acme opens its first research lab in Kyoto", address(n, "lab")))
        for n in (1, 2)
    }
    world.server.update(twins)
    world.round()
    poisoned(monkeypatch, "ingest.stories.liken")

    report = world.round(after=timedelta(days=9))

    (fault,) = report.faults
    assert fault.subject == "acme/poison"
    assert "PoisonError" in fault.error
    stories = world.rows("SELECT headlines FROM v1_stories WHERE title LIKE '%Kyoto%'")
    assert [row.headlines for row in stories] == [2]
    assert [row.state for row in world.rows("SELECT state FROM v1_sources WHERE id = 'acme/poison'")] == ["broken"]
    monkeypatch.undo()
    with write(world.engine) as conn:
        (aside,) = captures.all_set_aside(conn)
        captures.retry(conn, aside.id)
    again = world.round(after=HOUR)
    assert again.faults == ()
    assert not findings(world)


# ── pages and parts ─────────────────────────────────────────────────────────────────────────────────────────────


def article(title: str) -> Answer:
    return Answer(f"<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1><p>Text.".encode(), "text/html")


PAGES = HEAD + stanza("news", POISON, article=True)


def pages_of(*names: str) -> dict[str, Answer]:
    at = "https://poison.acme-ai.com/news"
    return {
        POISON: rss(*(Item(f"The {name}", f"{at}/{name}", guid=name) for name in names)),
        **{f"{at}/{name}": article(f"The {name}") for name in names},
    }


@pytest.mark.parametrize(
    "step",
    [
        "ingest.pipeline.openings.read_article",
        "ingest.pipeline.openings.write_page",
        "ingest.pipeline.openings.give_up",
    ],
)
def test_a_poison_in_a_page_costs_its_entry_and_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    world.put_in_force(PAGES, confirm=True)
    gives_up = step.endswith("give_up")
    world.server.update(pages_of("first", "poison", "third"))
    if gives_up:
        world.server.update({PAGE: NOT_FOUND})
    real: Callable[..., Any] = getattr(
        __import__("importlib").import_module(step.rpartition(".")[0]), step.rpartition(".")[2]
    )

    def raising(*given: Any, **named: Any) -> Any:
        if "The poison" in repr((given, named)):
            raise PoisonError("the poison works")
        return real(*given, **named)

    monkeypatch.setattr(step, raising)

    report = world.round()

    assert world.titles() == ["The first", "The third"]
    assert len(report.set_aside) == 1
    assert [row.state for row in world.rows("SELECT state FROM v1_sources WHERE id = 'acme/news'")] == ["broken"]
    assert len(findings(world)) == 1
    monkeypatch.undo()

    world.round(after=timedelta(days=1))
    with write(world.engine) as conn:
        for one in captures.all_set_aside(conn):
            captures.retry(conn, one.id)
    world.round(after=HOUR)

    assert world.titles() == ["The first", "The poison", "The third"]
    assert not findings(world)
    assert replayed(world) == ()


class UnspeakableError(Exception):
    """An exception that cannot even say what it is about."""

    def __str__(self) -> str:
        raise ValueError("nothing can be said")


UNSPOKEN = [
    ValueError("half a character \ud800"),
    ValueError("nothing\x00 at all"),
    UnspeakableError(),
]


@pytest.mark.parametrize("fault", UNSPOKEN, ids=["surrogate", "nul", "no-text"])
@pytest.mark.parametrize("step", ["ingest.pipeline.attempt.parse", "ingest.pipeline.openings.read_article"])
def test_a_fault_that_cannot_be_stored_as_text_is_set_aside_by_its_name(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, step: str, fault: Exception
) -> None:
    caplog.set_level(logging.CRITICAL, "ingest.isolation")  # pytest-xdist cannot send half a character
    world.put_in_force(PAGES, confirm=True)
    world.server.update(pages_of("first"))

    def raising(*_: Any, **__: Any) -> Any:
        raise fault

    monkeypatch.setattr(step, raising)

    report = world.round()

    assert [one.source_id for one in report.set_aside] == ["acme/news"]
    assert type(fault).__name__ in report.set_aside[0].error
    assert len(findings(world)) == 1


def test_a_poison_in_a_part_costs_that_part_and_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put_in_force(HEAD + stanza("map", INDEX, kind="sitemap"), confirm=True)
    names = ("first", "poison", "third")
    at = "https://poison.acme-ai.com"
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    parts = "".join(f"<sitemap><loc>{at}/{name}.xml</loc></sitemap>" for name in names)
    world.server.update({INDEX: Answer(f"<sitemapindex {space}>{parts}</sitemapindex>".encode())})
    for name in names:
        urls = f"<url><loc>{at}/news/{name}</loc></url>"
        world.server.update(
            {
                f"{at}/{name}.xml": Answer(f"<urlset {space}>{urls}</urlset>".encode()),
                f"{at}/news/{name}": article(f"The {name}"),
            }
        )
    poisoned(monkeypatch, "ingest.pipeline.attempt.judge", "news/poison")

    report = world.round()

    assert world.titles() == ["The first", "The third"]
    assert len(report.set_aside) == 1
    monkeypatch.undo()
    world.round(after=2 * HOUR)
    assert world.titles() == ["The first", "The poison", "The third"]
    assert not findings(world)


# ── damaged evidence, the daemon ────────────────────────────────────────────────────────────────────────────────


def test_a_damaged_capture_is_named_and_costs_no_other(world: World) -> None:
    world.round()
    (bad,) = world.rows("SELECT id, wire_digest FROM captures WHERE source_id = 'acme/poison'")
    world.write("UPDATE payloads SET body = :body WHERE digest = :digest", body=b"damaged", digest=bad.wire_digest)
    world.write("UPDATE source_states SET ingested_rules_version = 'older'")

    report = world.round(after=HOUR)

    named = f"the stored bytes of capture {bad.id} are damaged"
    assert [one.set_aside for one in report.polls if one.set_aside] == [bad.id]
    assert {one.outcome for one in healthy(report)} <= {Outcome.OK, Outcome.NOT_MODIFIED}
    assert any(named in one.error for one in report.polls)
    assert any(f"acme/poison capture {bad.id}" in what for what in findings(world))
    sentences = replayed(world, differs=True)
    assert named in sentences[0]
    assert all("acme/poison: the stored bytes of capture" in sentence for sentence in sentences)


def test_a_tick_of_the_daemon_outlives_any_fault(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    file.write_text(LIST)
    lists = schedule.AllowlistFollower(world.engine, file, world.now)

    def make(accepted: pipeline.Accepted) -> Round:
        limits = Limits(timedelta(seconds=10), 1 << 20)
        context = Context(world.engine, accepted.generation, world.now, limits)
        return Round(context, accepted.allowlist, world.fetcher, owner="test", workers=4)

    monkeypatch.setattr("ingest.store.sources.due", lambda *_, **__: 1 / 0)
    assert schedule.tick(lists, make, schedule.Watchdog()) is None
    monkeypatch.undo()

    report = schedule.tick(lists, make, schedule.Watchdog())

    assert report is not None
    assert len(world.titles()) == HEALTHY + 1


# ── what was set aside is tried again ───────────────────────────────────────────────────────────────────────────


def test_other_rules_try_again_what_was_set_aside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    poisoned(monkeypatch, "ingest.store.headlines.apply")
    world.round()
    world.server.update({POISON: rss(Item("Another one", "https://poison.acme-ai.com/news/other", guid="other"))})
    monkeypatch.undo()
    world.round(after=2 * HOUR)
    assert "A poison is announced" not in world.titles(), "its document has left the feed"
    assert len(findings(world)) == 1

    world.write("UPDATE captures SET ingested_rules_version = 'older' WHERE set_aside_at IS NOT NULL")
    world.round(after=2 * HOUR)

    assert {"A poison is announced", "Another one"} <= set(world.titles())
    assert not findings(world)
    assert replayed(world) == ()


def test_an_older_document_that_is_read_late_revises_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    link = "https://poison.acme-ai.com/news/other"
    world.server.update(
        {POISON: rss(Item("Its first title, with poison", link, guid="other"), Item("Left", f"{link}/2"))}
    )
    poisoned(monkeypatch, "ingest.store.headlines.apply")
    world.round()
    monkeypatch.undo()
    world.server.update({POISON: rss(Item("Its second title", link, guid="other"))})
    world.round(after=2 * HOUR)
    with write(world.engine) as conn:
        (aside,) = captures.all_set_aside(conn)
        captures.retry(conn, aside.id)

    world.round(after=2 * HOUR)

    assert {"Its second title", "Left"} <= set(world.titles())
    assert "Its first title, with poison" not in world.titles()
    assert replayed(world) == ()
    (state,) = world.rows("SELECT last_capture_id FROM source_states WHERE source_id = 'acme/poison'")
    assert state.last_capture_id > aside.id
