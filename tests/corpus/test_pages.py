"""Recorded lists: through stanzas nearly all is right, and `discover` finds most by itself."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from corpus.pages import STANZAS, Score, by_discovery, by_stanzas, proposed, read, recorded, table, total
from corpus.report import ABSENT, ROOT
from ingest.model import Entry, Kind
from ingest.parse.selection import faults
from ingest.parse.selfcheck import check
from ingest.urls import page_key_of
from support.sampling import sampled

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason=ABSENT)

NEARLY_ALL = 0.99
FEW_EXTRAS = 0.005
MOST = 0.8

SERIES = "series/jpdsi-ja-index-html"


def shown(title: str, scores: list[Score]) -> Score:
    sys.stdout.write("\n".join(table(title, scores)))  # shown by -rA, and when it fails
    return total(scores)


def test_through_stanzas_nearly_every_entry_is_found_with_title_address_and_date() -> None:
    whole = shown("through stanzas", by_stanzas())
    assert whole.expected == 100
    assert min(whole.result, whole.titles, whole.dates) >= NEARLY_ALL * whole.expected
    assert whole.extras <= FEW_EXTRAS * whole.expected


def test_discover_alone_finds_most_entries_and_hardly_anything_else() -> None:
    whole = shown("through discover alone", by_discovery())
    assert min(whole.result, whole.titles, whole.dates) >= MOST * whole.expected
    assert whole.extras <= FEW_EXTRAS * whole.expected


def test_the_newsroom_of_anthropic_gives_fifteen_of_fifteen_through_the_stanza_that_ships() -> None:
    (row,) = (row for row in by_stanzas() if row.path == "pages/anthropic-news.html")
    assert (row.result, row.titles, row.dates, row.extras) == (15, 15, 15, 0), row.wrong


@pytest.mark.parametrize("listed", recorded(), ids=lambda item: item.path)
def test_a_list_passes_the_self_check_and_a_page_without_announcements_does_not(listed: Any) -> None:
    result = read(listed.content, listed.url, STANZAS["recordings"][listed.path])
    assert check(result).passed == bool(listed.expected)


@pytest.mark.parametrize("listed", sampled(recorded(), 2, lambda item: item.path))
def test_what_discover_proposes_is_a_stanza_that_the_allow_list_takes(listed: Any) -> None:
    best = proposed(listed)
    assert (best is None) == (not listed.expected)
    assert best is None or list(faults(Kind.PAGE, dict(best.select))) == []


def test_a_series_of_one_page_adds_and_removes_what_its_steps_say() -> None:
    steps = json.loads((ROOT / SERIES / "steps.json").read_text("utf-8"))
    before: dict[str, Entry] = {}
    for step in steps:
        content = (ROOT / SERIES / step["file"]).read_bytes()
        result = read(content, "https://jpdsi.github.io/blog/", STANZAS["recordings"][SERIES])
        now = {page_key_of(entry.link or ""): entry for entry in result.entries}
        assert len(now) == len(result.entries) == step["entries"]
        if "added" in step:
            assert now.keys() - before.keys() == {page_key_of(item["url"]) for item in step["added"]}
            assert before.keys() - now.keys() == {page_key_of(url) for url in step["removed"]}
            for item in step["added"]:
                entry = now[page_key_of(item["url"])]
                assert (entry.title, f"{entry.published.value:%Y-%m-%d}") == (item["title"], item["date"])
            changed = {key for key in now.keys() & before.keys() if message(now[key]) != message(before[key])}
            assert changed == {page_key_of(item["url"]) for item in step["changed"]}
        before = now


def message(entry: Entry) -> tuple[object, ...]:
    return entry.title, entry.published.value


@pytest.mark.parametrize("key", sorted(STANZAS["vendors"]))
def test_a_stanza_that_could_ship_is_one_that_the_allow_list_takes(key: str) -> None:
    stanza = STANZAS["vendors"][key]
    assert list(faults(Kind(stanza["kind"]), stanza["select"])) == []
    assert stanza["url"].startswith("https://")


def test_a_stanza_listed_as_proven_is_the_one_that_reads_its_recording() -> None:
    proven = {key: stanza for key, stanza in STANZAS["vendors"].items() if "proven" in stanza}
    assert proven
    for stanza in proven.values():
        assert stanza["select"] == STANZAS["recordings"][stanza["proven"]]["select"]
