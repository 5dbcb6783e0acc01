"""
What placing costs does not grow with what is stored: as many statements, as much time and memory, at 10,000 and a million.

Time is CPU time of placing 40 headlines of which nothing is remembered, whole and with the store's functions taken out of it.
"""

from __future__ import annotations

import functools
import inspect
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, event, insert, select, text

from ingest import stories
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.pipeline.placing import place
from ingest.store import changes, days, members, placings, schema
from ingest.store.engine import open_engine, read, upgrade, write
from ingest.stories import documents, evidence, slugs, titles
from support.world import FEED, NOW, Item, World, fetch_settings, rss

pytestmark = pytest.mark.long

A_DAY: Final = 10  # headlines of the vendor; more of them are a longer past and not a denser present
FRESH: Final = 40
TRIES: Final = 15
BY_HAND: Final = 10_000


@dataclass(frozen=True)
class Cost:
    """What placing one headline takes: microseconds of CPU, whole and without the store; and the peak of memory in MiB."""

    statements: int
    whole: float
    alone: float
    peak: int

    def __str__(self) -> str:
        shares = f"{self.whole:.0f} µs a headline, {self.alone:.0f} µs without the store"
        return f"{self.statements} statements for {FRESH}, {shares}, peak {self.peak} MiB"


class Watch:
    """CPU seconds spent in some functions; one that calls another is counted once."""

    def __init__(self) -> None:
        self.spent = 0.0
        self._inside = False

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **named: Any) -> Any:
            if self._inside:
                return function(*args, **named)
            self._inside, began = True, time.process_time()
            try:
                return function(*args, **named)
            finally:
                self.spent += time.process_time() - began
                self._inside = False

        return run


@contextmanager
def watched() -> Iterator[Watch]:
    """Time every function of the store that placing calls."""
    watch = Watch()
    with pytest.MonkeyPatch.context() as patch:
        for module in (members, placings, days, changes):
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if function.__module__ == module.__name__ and not name.startswith("_"):
                    patch.setattr(module, name, watch.timed(function))
        yield watch


def forget() -> None:
    """Empty what rules remember of addresses and titles: a new headline's are new to them."""
    for module in (documents, evidence, slugs, titles):
        for remembered in vars(module).values():
            if hasattr(remembered, "cache_clear"):
                remembered.cache_clear()


def fill(engine: Engine, number: int) -> None:
    """Store headlines beside the one that is there; those beyond the first 10,000 are these again, of an earlier time."""
    place_by_hand(engine, min(number, BY_HAND))
    with write(engine) as conn:
        for start in range(BY_HAND, number, BY_HAND):
            for statement in AGAIN:
                conn.execute(text(statement), {"offset": start, "days": start // A_DAY})


_OF: Final = "printf('{}%020d', CAST(substr({}, 2) AS INTEGER) + :offset)"
_FIRST: Final = f"BETWEEN '{{0}}{0:020d}' AND '{{0}}{BY_HAND - 1:020d}'"


def again(table: Any, **changed: str) -> str:
    """Write the statement that copies the rows of the first headlines to other ones."""
    names = [column.name for column in table.c]
    values = ", ".join(changed.get(name, name) for name in names)
    key = "id" if "id" in names else "headline_id"
    letter = "s" if table is schema.stories else "h"
    return f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} FROM {table.name} WHERE {key} {_FIRST.format(letter)}"


_EARLIER: Final = "strftime('%Y-%m-%dT%H:%M:%S.000000Z', {}, '-' || :days || ' days')"
_STORY, _HEADLINE = _OF.format("s", "story_id"), _OF.format("h", "headline_id")
AGAIN: Final = [
    again(schema.stories, id=_OF.format("s", "id"), headline_id=_HEADLINE),
    again(
        schema.headlines,
        id=_OF.format("h", "id"),
        story_id=_STORY,
        raw_key="raw_key + :offset",
        title="replace(title, 'Acme announces', 'Acme announces, ' || :offset || ',')",
        url="url || '-' || :offset",
        path="path || '-' || :offset",
        published=_EARLIER.format("published"),
        first_seen_at=_EARLIER.format("first_seen_at"),
    ),
    again(schema.story_members, headline_id=_HEADLINE, day="day - :days", proof_group=_OF.format("h", "proof_group")),
    again(
        schema.story_keys,
        headline_id=_HEADLINE,
        day="day - :days",
        value="CASE WHEN value = 'whats new week' THEN value ELSE :offset || ' ' || value END",
    ),
    again(schema.story_joins, headline_id=_HEADLINE, story_id=_STORY),
    again(schema.story_languages, headline_id=_HEADLINE, story_id=_STORY),
]


def place_by_hand(engine: Engine, number: int) -> None:
    """Store copies of the present headline with keys of their own, and place them alone."""
    with read(engine) as conn:
        template = dict(conn.execute(select(schema.headlines)).mappings().one())
    for start in range(0, number, 5000):
        rows = [like(template, n) for n in range(start, min(start + 5000, number))]
        ids = [row["id"] for row in rows]
        with write(engine) as conn:
            built = [{"id": row["story_id"], "headline_id": row["id"]} for row in rows]
            shared = {"vendor_id": template["vendor_id"], "created_at": NOW}
            conn.execute(insert(schema.stories), [row | shared for row in built])
            conn.execute(insert(schema.headlines), rows)
            stored = members.read(conn, ids)
            keys = {id_: stories.keys(member) for id_, member in stored.items()}
            members.put(conn, template["vendor_id"], stored.values(), keys)
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


def cost(folder: Path, number: int) -> Cost:
    """Measure what placing takes with so many stored: the least of some tries."""
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
    assert world.rows("SELECT count(*) AS stored FROM story_members")[0].stored == number + FRESH + 1
    fresh = [row.id for row in world.rows("SELECT id FROM headlines WHERE title LIKE 'Acme tells of%'")]
    counted: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: counted.append(args[2]))
    spent = []
    with watched() as watch:
        for _ in range(TRIES):
            counted.clear()
            forget()
            watch.spent = 0.0
            with write(engine) as conn:
                began = time.process_time()
                place(conn, "acme", fresh, at=NOW + timedelta(days=9), generation=1)
                whole = time.process_time() - began
                spent.append((whole, whole - watch.spent))
    engine.dispose()
    (folder / f"{number}.db").unlink()  # two gigabytes
    whole, alone = (1e6 * min(each) / FRESH for each in zip(*spent, strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Cost(len(counted), whole, alone, peak)


@pytest.mark.timeout(900)
def test_placing_costs_the_same_however_much_is_stored(tmp_path: Path) -> None:
    few, *more = costs = [cost(tmp_path, number) for number in (10_000, 100_000, 1_000_000)]
    for number, each in zip(("10,000", "100,000", "1,000,000"), costs, strict=True):
        sys.stdout.write(f"{number} stored: {each}\n")
    for many in more:
        assert many.statements == few.statements > 0
        assert many.whole <= 1.5 * few.whole
        assert many.alone <= 1.5 * few.alone
        assert many.alone <= 1000  # µs: a thousand headlines a CPU second
        assert many.peak <= few.peak + 50  # the whole process's, so it only ever rises
