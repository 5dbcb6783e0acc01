"""What placing costs does not grow with what is stored: as many statements, and as much time, at 10,000 and at 100,000."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, event, insert, select

from ingest import stories
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.pipeline.placing import place
from ingest.store import placings, schema
from ingest.store.engine import open_engine, read, upgrade, write
from world import FEED, NOW, Item, World, fetch_settings, rss

pytestmark = pytest.mark.long

A_DAY: Final = 10  # headlines of the vendor; more of them are a longer past and not a denser present
FRESH: Final = 40
TRIES: Final = 7


def fill(engine: Engine, number: int) -> None:
    """Store headlines beside the one that is there, as it is but for what tells them apart, and place them alone."""
    with read(engine) as conn:
        template = dict(conn.execute(select(schema.headlines)).mappings().one())
    for start in range(0, number, 5000):
        rows = [like(template, n) for n in range(start, min(start + 5000, number))]
        ids = [row["id"] for row in rows]
        with write(engine) as conn:
            made = [{"id": row["story_id"], "headline_id": row["id"]} for row in rows]
            shared = {"vendor_id": template["vendor_id"], "created_at": NOW}
            conn.execute(insert(schema.stories), [row | shared for row in made])
            conn.execute(insert(schema.headlines), rows)
            members = placings.members(conn, ids)
            placings.put(conn, members, {id_: stories.keys(member) for id_, member in members.items()})
            drawn = [stories.Story(id_, (id_,), ()) for id_ in ids]
            placings.write(conn, template["vendor_id"], drawn, {id_: id_ for id_ in ids}, NOW)
            placings.show(conn, {id_: (id_, {"en": id_}) for id_ in ids})


def like(template: dict[str, Any], number: int) -> dict[str, Any]:
    """Make a headline of its own of a template; every twentieth has a title that comes again and again."""
    path = f"/news/past-{number}-of-the-vendor"
    often = number % 20 == 0
    return {
        **template,
        "id": f"h{number:020d}",
        "story_id": f"s{number:020d}",
        "raw_key": str(number),
        "title": "What's new this week" if often else f"Acme announces thing {number} of {number % 977} for builders",
        "url": f"https://www.acme-ai.com{path}",
        "path": path,
        "published": NOW - timedelta(days=1 + number // A_DAY),
        "first_seen_at": NOW - timedelta(days=1 + number // A_DAY),
    }


def cost(folder: Path, number: int) -> tuple[int, float]:
    """Give the statements, and the least CPU seconds, that placing 40 headlines takes with so many stored."""
    engine = open_engine(f"sqlite:///{folder}/{number}.db")
    upgrade(engine)
    first = Item("The first", "https://www.acme-ai.com/news/first")
    with (
        VendorServer({FEED: rss(first)}) as server,
        Fetcher(fetch_settings(server), now=lambda: NOW) as fetcher,
    ):
        world = World(engine, server, fetcher)
        world.poll("acme/news")
        fill(engine, number)
        items = [
            Item(f"Acme tells of {n} new words", f"https://www.acme-ai.com/news/fresh-{n}", NOW - timedelta(hours=n))
            for n in range(FRESH)
        ]
        server.update({FEED: rss(*items)})
        assert world.poll("acme/news", after=timedelta(hours=1)).tally.created == FRESH
    fresh = [row.id for row in world.rows("SELECT id FROM headlines WHERE title LIKE 'Acme tells of%'")]
    counted: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: counted.append(args[2]))
    spent = []
    for again in range(TRIES):
        counted.clear()
        with write(engine) as conn:
            began = time.process_time()
            place(conn, "acme", fresh, at=NOW + timedelta(days=9), generation=1)
            spent.append(time.process_time() - began)
        assert len(counted) > 0, again
    engine.dispose()
    return len(counted), min(spent)


def test_placing_costs_the_same_however_much_is_stored(tmp_path: Path) -> None:
    few, many = cost(tmp_path, 10_000), cost(tmp_path, 100_000)
    sys.stdout.write(f"10,000: {few}; 100,000: {many}; {1e6 * many[1] / FRESH:.0f} µs a headline\n")
    assert many[0] == few[0]
    assert many[1] <= 1.5 * few[1]
