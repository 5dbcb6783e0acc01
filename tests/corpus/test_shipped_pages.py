"""Recordings of the very pages that the shipped list polls, through the shipped stanzas, filters and scopes included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from corpus.report import ABSENT, ROOT
from ingest import allowlist, policy
from ingest.model import Candidate, Kind
from ingest.normalise import normalise
from ingest.parse import parse
from ingest.parse.selfcheck import check
from sources_table import recorded
from support.documents import make_capture

LISTED: Final = allowlist.load(Path(__file__).parents[2] / "sources.yaml")
SOURCES: Final = {source.id: source for source in LISTED.sources}
VENDORS: Final = {vendor.id: vendor for vendor in LISTED.vendors}

needs_corpus = pytest.mark.skipif(not ROOT.is_dir(), reason=ABSENT)


def manifest() -> dict[str, dict[str, Any]]:
    lines = (ROOT / "manifest.jsonl").read_text("utf-8").splitlines()
    return {row["path"]: row for row in map(json.loads, lines)}


def reported(path: str) -> list[tuple[str, str, str | None]]:
    entries = json.loads((ROOT / f"{path}.expected.json").read_text("utf-8"))
    return [(entry["title"], entry["url"], entry["date"]) for entry in entries]


def announced(source_id: str, path: str, url: str) -> list[tuple[str, str, str | None]]:
    """What the stanza would record of a recording: admitted, not filtered."""
    source = SOURCES[source_id]
    vendor = VENDORS[source.vendor_id]
    document = parse(make_capture((ROOT / path).read_bytes(), url=url), source)
    assert check(document, dates=False).passed
    kept = [one for one in normalise(document, source, vendor) if isinstance(one, Candidate)]
    assert all(isinstance(policy.admit(vendor, one.url), policy.Admitted) for one in kept)
    return [(one.title, one.url, f"{one.published.value:%Y-%m-%d}" if one.published.value else None) for one in kept]


@needs_corpus
def test_of_the_recorded_newsroom_of_anthropic_fifteen_of_fifteen_would_be_recorded() -> None:
    path = "pages/anthropic-news.html"
    expected = reported(path)
    assert len(expected) == 15
    assert announced("anthropic/news", path, SOURCES["anthropic/news"].url) == expected


@needs_corpus
def test_of_the_recorded_changelog_of_mistral_every_day_would_be_recorded() -> None:
    path = "pages/mistral-changelog.mdx"
    assert announced("mistral/docs-changelog", path, "https://docs.mistral.ai/getting-started/changelog/") == reported(
        path
    )


@needs_corpus
def test_what_is_listed_as_recorded_is_a_recording_of_the_sources_own_address() -> None:
    rows = manifest()
    for source_id, paths in recorded().items():
        for path in paths:
            assert rows[path]["official"], path
            assert rows[path]["url"].rstrip("/") == SOURCES[source_id].url.rstrip("/"), path


@needs_corpus
def test_no_recording_of_a_shipped_address_is_forgotten() -> None:
    kinds = {"rss": Kind.FEED, "atom": Kind.FEED, "html-list": Kind.PAGE, "changelog": Kind.CHANGELOG}
    kinds |= {"markdown-changelog": Kind.CHANGELOG, "sitemap": Kind.SITEMAP}
    by_url = {(source.url.rstrip("/"), source.kind): source.id for source in LISTED.sources}
    result = {
        by_url.get(((row["url"] or "").rstrip("/"), kinds[row["kind"]]))
        for row in manifest().values()
        if row["official"] and row["kind"] in kinds
    }
    assert result - {None} == set(recorded())
