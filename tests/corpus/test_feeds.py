from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import replace

import pytest

from corpus.report import (
    ABSENT,
    FIELDS,
    ROOT,
    Announced,
    Recording,
    Result,
    by_expectation,
    by_second_reading,
    differences,
    document,
    moment,
    outcomes,
    recordings,
    table,
)
from support.sampling import is_long

ENOUGH = 0.99

# Differences in which the expectation is wrong or we promise something else, by recording, position and field; why.
EXPLAINED: dict[tuple[str, int, str], str] = {}

FEEDS = [item for item in recordings("feeds", "series") if item.kind in {"rss", "atom", "jsonfeed"}]

needs_corpus = pytest.mark.skipif(not ROOT.is_dir(), reason=ABSENT)


@needs_corpus
def test_title_url_and_date_are_right_where_there_are_expectations() -> None:
    results = by_expectation()
    assert len(results) == 12
    assert sum(result.entries for result in results) == 137
    judge(results)


@needs_corpus
def test_a_reading_with_the_standard_library_alone_says_the_same_of_every_well_formed_feed() -> None:
    results = by_second_reading(every=1 if is_long() else 3)
    assert sum(result.entries for result in results) > (9_000 if is_long() else 2_500)
    judge(results)


def judge(results: list[Result]) -> None:
    sys.stdout.write("\n".join(table("recordings", results, each=False)))  # shown by -rA, and when it fails
    entries = sum(result.entries for result in results)
    hits = [difference for result in results for difference in result.differences]
    wrong = Counter(difference.field for difference in hits)
    assert all(wrong[field] <= (1 - ENOUGH) * entries for field in FIELDS)
    assert {(item.path, item.position, item.field) for item in hits} <= set(EXPLAINED)


@needs_corpus
@pytest.mark.parametrize("recording", FEEDS, ids=lambda item: item.path)
def test_every_recorded_feed_gives_as_many_entries_as_were_counted(recording: Recording) -> None:
    read = document(recording.content, recording.url)
    assert len(read.entries) == recording.entries
    assert read.unreadable == ()


@needs_corpus
@pytest.mark.parametrize(
    "recording", [item for item in FEEDS if item.path.startswith("feeds/")], ids=lambda item: item.path
)
def test_a_slip_in_the_head_of_a_feed_changes_nothing_of_its_entries(recording: Recording) -> None:
    # feedparser has another reader for what is ill-formed; keys that differ between the two would make entries new again.
    slip = re.sub(rb"<(item|entry)(?=[\s>])", rb"<undeclared:prefix/><\1", recording.content, count=1)
    sound, damaged = document(recording.content, recording.url), document(slip, recording.url)
    assert damaged.damage or slip == recording.content
    assert outcomes(damaged) == outcomes(sound)


# ── the yardstick itself; it needs no corpus ────────────────────────────────────────────────────────────────────

EXPECTED = [
    Announced("One", "http://a.example/1", moment("Thu, 21 May 2026 10:00:00 GMT")),
    Announced("Two", None, None),
]
OURS = [replace(EXPECTED[0], url="https://a.example/1"), EXPECTED[1]]


def test_the_yardstick_accepts_what_we_promise() -> None:
    assert list(differences("x", EXPECTED, OURS)) == []


@pytest.mark.parametrize(
    ("ours", "fields"),
    [
        ([replace(OURS[0], title="one"), OURS[1]], ["title"]),
        ([replace(OURS[0], url="https://a.example/1?p=1"), OURS[1]], ["url"]),
        ([replace(OURS[0], date=moment("2026-05-21T10:00:01Z")), OURS[1]], ["date"]),
        ([OURS[0], replace(OURS[1], date=moment("2026-05-21T00:00:00Z"))], ["date"]),
        (OURS[:1], list(FIELDS)),
        ([*OURS, OURS[0]], list(FIELDS)),
    ],
)
def test_the_yardstick_sees_every_difference(ours: list[Announced], fields: list[str]) -> None:
    assert [hits.field for hits in differences("x", EXPECTED, ours)] == fields
