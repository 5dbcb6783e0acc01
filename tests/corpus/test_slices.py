"""Recorded feeds by slices: entries read alone are those of the whole, and series come to the same tables."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from corpus.report import ABSENT, ROOT
from corpus.series import FEEDS, list_of, steps
from ingest.errors import ParseError
from ingest.judging.carrying import is_separable, placed
from ingest.model import Document
from ingest.parse.feed import reading
from ingest.parse.feed.slices import split
from ingest.parse.markup import decoding
from support.databases import copied
from support.twins import differences, readers

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason=ABSENT)

URL: Final = "https://feeds.example-vendor.com/feed.xml"
FEW: Final = "[fw]*/*"
ALL: Final = "**/*"
MOST: Final = 500_000
"""Bytes of a feed that is read here."""


def feeds(pattern: str) -> Iterator[tuple[Path, decoding.Decoded, Document]]:
    """Read recorded feeds."""
    for path in sorted(path for path in ROOT.glob(pattern) if path.is_file() and path.stat().st_size < MOST):
        decoded = decoding.read(path.read_bytes())
        try:
            yield path, decoded, reading.parse(decoded, URL)
        except ParseError:
            continue


@pytest.mark.parametrize(
    ("pattern", "least"), [(FEW, 170), pytest.param(ALL, 320, marks=[pytest.mark.long, pytest.mark.timeout(900)])]
)
def test_entries_read_alone_are_those_of_the_whole(pattern: str, least: int) -> None:
    chance = random.Random(5)
    count = 0
    for path, decoded, whole in feeds(pattern):
        parts = split(decoded.text)
        if parts is None or not is_separable(whole, len(parts.entries)):
            continue
        count += 1
        total = len(parts.entries)
        for size in (0, min(total, 4)):
            positions = sorted(chance.sample(range(total), size))
            part = placed(reading.parse(replace(decoded, text=parts.part(positions)), URL), positions)
            assert part is not None, path
            wanted = set(positions)
            expected = replace(
                whole,
                entries=tuple(entry for entry in whole.entries if entry.position in wanted),
                unreadable=tuple(item for item in whole.unreadable if item.position in wanted),
            )
            assert replace(part, damage="") == replace(expected, damage=""), path
    assert count >= least, count


@pytest.mark.parametrize("series", FEEDS)
@pytest.mark.parametrize("most", [4, pytest.param(1000, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_a_series_by_slices_comes_to_the_same_as_the_whole(
    series: str, most: int, empty_database: Path, tmp_path: Path
) -> None:
    engines = [copied(empty_database, tmp_path / name) for name in ("slices.db", "whole.db")]
    listed = list_of(series)
    with readers(*engines) as twins:
        for step in list(steps(series))[:most]:
            for reader in twins:
                reader.at = step.recorded
                if reader.accepted is None:
                    reader.put_in_force(listed)
                reader.read(f"series/{series}", step.content, "application/xml")
            assert differences(*twins) == [], step.name
    for engine in engines:
        engine.dispose()
