"""The labelled stories as feeds of their vendors on loopback, through the whole path: fetched, stored, read, placed, scored."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from dedupe.report import ABSENT, ROOT, figures, labelled, placed, rows
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.model import Outcome
from ingest.stories import Join, Story
from support.databases import new
from support.sampling import is_long
from support.world import World, fetch_settings

pytestmark = pytest.mark.skipif(not (ROOT / "items.jsonl").is_file(), reason=ABSENT)

BATCH: Final = 50 if is_long() else 100
"""Items that come between two rounds."""

LISTED: Final = 25
"""Entries that a feed lists: new ones first, older ones after them, as feeds do."""

LATER: Final = datetime(2026, 12, 1, tzinfo=UTC)
"""When what comes in no order of time comes: after everything that the items claim."""

SHARED: Final = {"huggingface.co", "techcommunity.microsoft.com"}

Item = dict[str, Any]


def source_of(item: Item) -> str:
    return f"{item['vendor']}/{item['source'].replace('.', '-')}"


def address_of(source: str) -> str:
    vendor, key = source.split("/")
    return f"https://{vendor}.example-vendor.com/{key}.json"


def scope_of(url: str) -> str:
    """Name a scope that makes a page official, since the policy is not the point; shared hosts want an owner's path."""
    parts = urlsplit(url)
    owner = "/".join(parts.path.split("/")[:3]) + "/" if parts.hostname in SHARED else ""
    return f"{parts.hostname}{owner}"


def list_of(items: Sequence[Item]) -> str:
    """Write an allow-list with every vendor and source of the items."""
    vendors: dict[str, tuple[set[str], dict[str, str]]] = defaultdict(lambda: (set(), {}))
    for item in items:
        scopes, sources = vendors[item["vendor"]]
        scopes |= {scope_of(item["url"]), urlsplit(address_of(source_of(item))).netloc}
        sources[source_of(item)] = item["lang"]
    listed = {
        vendor: {
            "name": vendor.title(),
            "home": f"https://{vendor}.example-vendor.com/",
            "official": sorted(scopes),
            "sources": {
                source.split("/")[1]: {"kind": "feed", "url": address_of(source), "lang": lang}
                for source, lang in sorted(sources.items())
            },
        }
        for vendor, (scopes, sources) in sorted(vendors.items())
    }
    return json.dumps({"version": 1, "vendors": listed})


def feed(items: Sequence[Item]) -> Answer:
    """Write a JSON Feed, newest arrival first."""
    entries = [
        {
            "id": item["id"],
            "url": item["url"],
            "title": item["title"],
            "summary": item["summary"],
            "language": item["lang"],
            **({"date_published": item["published"]} if item["published"] else {}),
        }
        for item in reversed(items)
    ]
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "Feed", "items": entries}
    return Answer(json.dumps(document).encode(), "application/feed+json")


def in_time(items: Sequence[Item]) -> Iterator[tuple[datetime, Sequence[Item]]]:
    """Let items come when they were published, those without a date last."""
    ordered = sorted(items, key=lambda item: (item["published"] or "9", item["id"]))
    at = datetime.min.replace(tzinfo=UTC)
    for start in range(0, len(ordered), BATCH):
        batch = ordered[start : start + BATCH]
        days = [datetime.fromisoformat(item["published"]) for item in batch if item["published"]]
        at = max([at, *days]) + timedelta(hours=1)
        yield at, batch


def in_no_order(items: Sequence[Item]) -> Iterator[tuple[datetime, Sequence[Item]]]:
    """Let items come late and in any order, a few hours apart, so that days are settled again and again."""
    ordered = random.Random(5).sample(list(items), len(items))
    for number, start in enumerate(range(0, len(ordered), BATCH)):
        yield LATER + timedelta(hours=3 * number), ordered[start : start + BATCH]


def reported(arrivals: Iterator[tuple[datetime, Sequence[Item]]], items: Sequence[Item], folder: Path) -> list[Story]:
    """Poll the feeds as they grow, let everything settle, and give the stories by the items' ids."""
    engine = new(f"{folder}/labelled.db")
    listed: dict[str, list[Item]] = defaultdict(list)
    with VendorServer() as server, Fetcher(fetch_settings(server), now=lambda: world.at) as fetcher:
        world = World(engine, server, fetcher)
        for at, batch in arrivals:
            world.at = at
            if world.accepted is None:
                world.put_in_force(list_of(items))
            for item in batch:
                listed[source_of(item)].append(item)
            fresh = sorted({source_of(item) for item in batch})
            news = {source: sum(source_of(item) == source for item in batch) for source in fresh}
            server.update({address_of(one): feed(listed[one][-max(LISTED, news[one]) :]) for one in fresh})
            reports = world.round(*fresh).polls
            assert {report.outcome for report in reports} == {Outcome.OK}, reports
            assert sum(report.tally.rejected + report.tally.unparsable for report in reports) == 0
        world.round(fresh[0], after=timedelta(days=30))
        result = list(stories_in(world))
    engine.dispose()
    return result


def stories_in(world: World) -> Iterator[Story]:
    """Read which items are in one story: by the headline that each became, and the story of that."""
    query = (
        "SELECT h.story_id, k.value FROM headline_keys k JOIN v1_headlines h ON h.id = k.headline_id"
        " WHERE k.kind = 'guid' ORDER BY k.value"
    )
    items: dict[str, list[str]] = defaultdict(list)
    for row in world.rows(query):
        items[row.story_id].append(row.value)
    why = world.rows("SELECT story_id, rule, score FROM story_joins WHERE other_id IS NOT NULL")
    for story_id, ids in items.items():
        joins = tuple(Join(ids[0], ids[0], row.rule, row.score, ()) for row in why if row.story_id == story_id)
        yield Story(story_id, tuple(ids), joins)


def parts(stories: Sequence[Story]) -> set[tuple[str, ...]]:
    return {story.headline_ids for story in stories}


@pytest.mark.parametrize("order", [pytest.param(in_time, marks=pytest.mark.long), in_no_order])
def test_items_that_are_polled_become_the_stories_that_the_rules_make_of_them(order: Any, tmp_path: Path) -> None:
    items = rows(ROOT / "items.jsonl")
    result = reported(order(items), items, tmp_path)
    assert parts(result) == parts(placed(labelled()))
    score = figures(result)
    assert score["items"] == sum(len(story.headline_ids) for story in result) == len(items)
    assert score["pair_precision"] == 1.0
    assert score["pair_f1"] >= 0.97
    assert score["hard_negatives_merged"] == 0
