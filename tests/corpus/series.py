"""
Recorded series played in order through the whole path, beside what `steps.json` says of each step.

    PYTHONPATH=src:tests python -m corpus.series

prints, for every series, how many entries were created and revised, how many the steps say, and each difference.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from corpus.report import ROOT
from ingest import urls
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.fetch import Fetcher
from ingest.model import Capture, Kind, Outcome, Source
from ingest.parse import parse
from ingest.store.engine import open_engine, upgrade
from support.world import World, fetch_settings

FEEDS: Final = (
    "claude-code-feed",
    "flaml-rss",
    "olshansk-anthropic-news",
    "olshansk-cohere",
    "olshansk-google-ai",
    "qwen-en-rss",
    "yuanxian-deepmind",
)

FEED: Final = "https://series.example-vendor.com/feed.xml"


@dataclass(frozen=True)
class Step:
    """One version: its bytes, when it was recorded, and which pages came or changed against the one before."""

    name: str
    content: bytes
    recorded: datetime
    added: frozenset[str]
    changed: frozenset[str]


@dataclass
class Played:
    """What a series came to; `differences` are those between the pages that we and the steps name."""

    created: int = 0
    revised: int = 0
    added: int = 0
    changed: int = 0
    differences: list[str] = field(default_factory=list)


def steps(series: str) -> Iterator[Step]:
    """Read a series."""
    folder = ROOT / "series" / series
    for row in json.loads((folder / "steps.json").read_text("utf-8")):
        content = (folder / row["file"]).read_bytes()
        added = {page(entry["url"]) for entry in row.get("added", ())}
        changed = {page(change["url"]) for change in row.get("changed", ())}
        yield Step(row["file"], content, datetime.fromisoformat(row["recorded"]), frozenset(added), frozenset(changed))


def page(url: str) -> str:
    """Name a page however its address is spelled."""
    return urls.page_key(urls.with_https(urls.parse(url)))


def scopes_of(series: str) -> set[str]:
    """Name scopes that make every page of a series official, since the policy is not the point."""
    source = Source(id="corpus/feed", vendor_id="corpus", kind=Kind.FEED, url=FEED, digest="0")
    scopes: set[str] = set()
    for step in steps(series):
        capture = Capture(1, source.id, FEED, FEED, step.content, "", (), step.recorded, 1)
        for entry in parse(capture, source).entries:
            link = urls.parse(entry.link or FEED)
            owner = f"/{link.path.split('/')[1]}/" if link.host == "github.com" else ""
            scopes.add(link.host + owner)
    return scopes


def list_of(*series: str) -> str:
    """Write an allow-list with one source a series, all of one vendor."""
    scopes = {"series.example-vendor.com"}.union(*map(scopes_of, series))
    listed = "".join(f"      - {scope}\n" for scope in sorted(scopes))
    sources = "".join(f"      {name}: {{kind: feed, url: '{address(name)}', lang: en}}\n" for name in series)
    return (
        "version: 1\nvendors:\n  series:\n    name: Series\n    home: https://series.example-vendor.com/\n"
        f"    official:\n{listed}    sources:\n{sources}"
    )


def address(series: str) -> str:
    """Give the address at which a series is served here."""
    return f"https://series.example-vendor.com/{series}.xml"


def play_all(names: Sequence[str], engine: Engine) -> None:
    """Poll every step of several series in the order in which they were recorded, under one list."""
    recorded = sorted(
        ((step.recorded, series, step) for series in names for step in steps(series)), key=lambda it: it[:2]
    )
    with VendorServer() as server, Fetcher(fetch_settings(server), now=lambda: world.at) as fetcher:
        world = World(engine, server, fetcher)
        for at, series, step in recorded:
            server.update({address(series): Answer(step.content)})
            world.at = at
            if world.accepted is None:
                world.put_in_force(list_of(*names))
            world.poll(f"series/{series}")


def play(series: str, engine: Engine) -> Played:
    """Poll every step in order and compare what came of each with what the steps say."""
    played = Played()
    known: set[str] = set()
    with VendorServer() as server, Fetcher(fetch_settings(server), now=lambda: world.at) as fetcher:
        world = World(engine, server, fetcher)
        for number, step in enumerate(steps(series)):
            server.update({address(series): Answer(step.content)})
            world.at = step.recorded
            if number == 0:
                world.put_in_force(list_of(series))
            report = world.poll(f"series/{series}")
            assert report.outcome in {Outcome.OK, Outcome.NOT_MODIFIED}, report
            created, revised = _changes(world, played.created + played.revised)
            played.created += len(created)
            played.revised += len(revised)
            # An entry that comes back after it left is no newcomer; the steps count it as one.
            added = step.added - known if number else created
            known |= created
            played.added += len(added)
            played.changed += len(step.changed)
            played.differences += _differences(step, created, revised, added)
    return played


def _changes(world: World, after: int) -> tuple[set[str], set[str]]:
    """Read which pages were created and revised after so many changes."""
    query = "SELECT c.kind, h.url FROM v1_changes c JOIN headlines h ON h.id = c.headline_id ORDER BY c.seq"
    rows = world.rows(query)[after:]
    created, revised = ({page(row.url) for row in rows if row.kind == kind} for kind in ("created", "revised"))
    assert len(created) + len(revised) == len(rows), "a page twice, or a change of another kind"
    return created, revised


def _differences(step: Step, created: set[str], revised: set[str], added: Iterable[str]) -> Iterator[str]:
    for what, ours, theirs in (("created", created, added), ("revised", revised, step.changed)):
        yield from (f"{step.name}: {what} {url}, the steps do not say so" for url in sorted(set(ours) - set(theirs)))
        yield from (f"{step.name}: not {what} {url}, the steps say so" for url in sorted(set(theirs) - set(ours)))


def main() -> None:
    for series in sys.argv[1:] or FEEDS:
        with tempfile.TemporaryDirectory() as folder:
            engine = open_engine(f"sqlite:///{folder}/series.db")
            upgrade(engine)
            played = play(series, engine)
            engine.dispose()
        sys.stdout.write(
            f"{series}: created {played.created} of {played.added}, revised {played.revised} of {played.changed}, "
            f"{len(played.differences)} differences\n"
        )
        sys.stdout.writelines(f"    {line}\n" for line in played.differences)


if __name__ == "__main__":
    main()
