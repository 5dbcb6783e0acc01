"""What `ingest poll` asks before it loads what fetches: its no must come whenever a round would do something."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest import idle as idleness
from ingest import stories
from ingest.idle import is_idle
from ingest.moments import written
from ingest.store import candidates
from support.world import BLOG, FEED, LIST, NOW, Item, World, rss

pytestmark = pytest.mark.either_engine

LATER = NOW + timedelta(days=400)


@pytest.fixture
def rested(world: World) -> World:
    """A world in which everything was done, and no source is due for more than a year."""
    item = Item("Acme opens a lab", "https://www.acme-ai.com/news/lab")
    world.server.update({FEED: rss(item), BLOG: rss()})
    world.round()
    world.write("UPDATE source_states SET next_poll_at = :at", at=written(LATER))
    return world


def url_of(world: World) -> str:
    return world.engine.url.render_as_string(hide_password=False)


def idle(world: World) -> bool:
    assert world.accepted is not None
    return is_idle(url_of(world), world.accepted.allowlist.digest, world.at)


def traces(world: World) -> list[int]:
    """What a round leaves behind, whatever it does."""
    counted = [f"SELECT count(*) FROM {table}" for table in ("polls", "captures", "story_days")]
    ahead = "SELECT count(*) FROM source_states WHERE last_attempt_at > :at"
    numbers = [world.rows(query)[0][0] for query in counted]
    return [*numbers, world.rows(ahead, at=written(world.at))[0][0], len(world.server.requests)]


@pytest.mark.parametrize(
    "event",
    [
        "UPDATE source_states SET next_poll_at = NULL WHERE source_id = 'acme/news'",
        "UPDATE source_states SET next_poll_at = :now WHERE source_id = 'acme/news'",
        "UPDATE source_states SET last_attempt_at = :ahead WHERE source_id = 'acme/news'",
        "UPDATE source_states SET ingested_rules_version = 'older' WHERE source_id = 'acme/news'",
        "UPDATE captures SET ingested_at = NULL WHERE source_id = 'acme/news'",
        "UPDATE candidates SET status = 'pending'",
    ],
)
def test_what_waits_for_a_round_is_work(event: str, rested: World) -> None:
    if "candidates" in event:
        rested.put_in_force(LIST.replace("feed.xml, lang", "feed.xml, article: true, lang"))
        rested.server.update({FEED: rss(Item("Acme opens another", "https://www.acme-ai.com/news/another"))})
        rested.round("acme/news")
        rested.write("UPDATE source_states SET next_poll_at = :at", at=written(LATER))
        rested.write("UPDATE candidates SET status = 'finished'")
    before = traces(rested)
    assert idle(rested)
    assert rested.round(everything=False).polls == ()
    assert traces(rested) == before

    moments = {":now": rested.at, ":ahead": rested.at + timedelta(days=1)}
    rested.write(event, **{name[1:]: written(at) for name, at in moments.items() if name in event})
    assert not idle(rested)
    before = traces(rested)
    rested.round(everything=False)
    assert traces(rested) != before


def test_the_answer_is_that_of_a_round_for_any_moments(rested: World) -> None:
    draw = random.Random(12)
    change = (
        "UPDATE source_states SET next_poll_at = :next, last_attempt_at = :last, ingested_rules_version = "
        "CASE WHEN :older = 1 THEN 'older' ELSE ingested_rules_version END WHERE source_id = :source"
    )
    before, at, after, later = (timedelta(microseconds=number) for number in (-1, 0, 1, 1_000_000))
    answers = set()
    for _ in range(12):
        rested.at += timedelta(minutes=5, microseconds=draw.choice((0, 1, 500_000)))
        for source in ("acme/news", "acme/blog"):
            following = draw.choice((before, at, *[after, later] * 4))
            last = draw.choice((*[before, at] * 4, timedelta(days=1)))  # the round allows clocks to differ by less
            moments = {"next": written(rested.at + following), "last": written(rested.at + last)}
            rested.write(change, **moments, source=source, older=int(draw.random() < 0.1))
        answer = idle(rested)
        unchanged = traces(rested)
        rested.round(everything=False)
        assert answer == (traces(rested) == unchanged)
        answers.add(answer)
    assert answers == {True, False}


def test_another_list_is_work_until_what_is_stored_was_read_by_it(rested: World) -> None:
    listed = (
        LIST.replace("news: {kind: feed", "news: {kind: feed, include: ['title:lab']"),
        LIST.replace("      - blog.acme-ai.com\n", "      - blog.acme-ai.com\n      - shop.acme-ai.com\n"),
    )
    for text in listed:
        rested.put_in_force(text)
        assert not idle(rested)
        assert rested.round(everything=False).polls
        assert idle(rested)


def test_a_file_that_is_not_in_force_is_work(rested: World) -> None:
    assert not is_idle(url_of(rested), "0" * 64, rested.at)


def test_numbers_of_other_modules_are_the_same_here() -> None:
    assert NOW.date() - stories.settled(NOW.date()) == timedelta(days=idleness.SETTLING_DAYS)
    assert candidates._LONGEST_LEASE == idleness.LONGEST_PAGE_LEASE
    assert candidates._LONGEST_PAUSE == idleness.LONGEST_PAGE_PAUSE


@pytest.mark.parametrize(
    "change",
    ["UPDATE alembic_version SET version_num = 'older'", "DROP TABLE walks"],
)
def test_an_odd_database_is_left_to_the_ordinary_path(rested: World, change: str) -> None:
    assert idle(rested)
    rested.write(change)
    assert not idle(rested)


def test_a_database_that_is_missing_or_no_database_is_left_to_the_ordinary_path(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database")
    for url in ("sqlite://", "sqlite:///:memory:", f"sqlite:///{tmp_path}/missing.db", f"sqlite:///{tmp_path}/text.db"):
        assert not is_idle(url, "0" * 64, NOW)
    assert not (tmp_path / "missing.db").exists()


def test_with_nothing_due_no_heavy_module_is_loaded(rested: World, tmp_path: Path) -> None:
    assert rested.accepted is not None
    (tmp_path / "sources.yaml").write_text(rested.accepted.allowlist.text)
    program = (
        "import sys\n"
        "from ingest.cli import main\n"
        "try:\n    main()\nfinally:\n"
        "    print(sorted({'sqlalchemy', 'feedparser', 'selectolax', 'httpx', 'ingest.stories'} & sys.modules.keys()))"
    )
    environment = {
        **os.environ,
        "INGEST_DATABASE_URL": url_of(rested),
        "INGEST_SOURCES": str(tmp_path / "sources.yaml"),
    }
    rested.write("UPDATE source_states SET next_poll_at = :at", at=written(datetime.now(UTC) + timedelta(days=300)))
    rested.write("UPDATE source_states SET last_attempt_at = :at", at=written(NOW))
    rested.write("DELETE FROM story_days")
    ran = subprocess.run(
        [sys.executable, "-c", program, "poll"], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.stdout.splitlines()[-1] == "[]", ran.stderr
    assert ran.returncode == 0


def test_a_source_that_is_off_or_gone_does_not_count(rested: World) -> None:
    rested.put_in_force(LIST.replace("blog: {kind: feed", "blog: {kind: feed, enabled: false"))
    rested.round(everything=False)
    rested.write("UPDATE source_states SET next_poll_at = NULL WHERE source_id = 'acme/blog'")
    candidate = ("acme/blog", "entry", "pending", BLOG, "blog.acme-ai.com", "{}", "", 0, written(rested.at))
    rested.write(
        "INSERT INTO candidates (source_id, entry_key, status, url, host, candidate, said, attempts, first_seen_at, "
        "capture_id, last_error, lease_token) VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, "
        "(SELECT min(id) FROM captures), '', 0)",
        **dict(zip("abcdefghi", candidate, strict=True)),
    )
    assert idle(rested)
    rested.put_in_force(LIST[: LIST.index("      blog: {")])
    rested.write("UPDATE captures SET ingested_at = NULL WHERE source_id = 'acme/blog'")
    rested.write("UPDATE source_states SET ingested_rules_version = 'older' WHERE source_id = 'acme/blog'")
    rested.round(everything=False)
    assert idle(rested)


def test_days_that_can_be_settled_are_work(rested: World) -> None:
    rested.at += timedelta(days=60)
    assert not idle(rested)
    rested.round(everything=False)
    assert idle(rested)
