from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from corpus.report import ABSENT, ROOT, recordings
from ingest.model import Document, Kind, Precision
from ingest.parse import parse
from support.documents import make_capture, make_source

PAGES = {item.path: item for item in recordings("pages") if item.kind == "sitemap"}
SERIES = ROOT / "series" / "qwen-en-sitemap"

needs_corpus = pytest.mark.skipif(not ROOT.is_dir(), reason=ABSENT)


def read(content: bytes, url: str, **changes: Any) -> Document:
    return parse(make_capture(content, url=url), make_source(kind=Kind.SITEMAP, **changes))


def moment(written: str | None) -> datetime | None:
    if written is None:
        return None
    value = datetime.fromisoformat(written)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


@needs_corpus
def test_there_are_recorded_sitemaps() -> None:
    assert len(PAGES) == 4


@needs_corpus
@pytest.mark.parametrize("path", sorted(PAGES))
def test_every_address_of_a_recorded_sitemap_is_found_and_when_it_was_touched(path: str) -> None:
    result = read(PAGES[path].content, PAGES[path].url)
    reported = json.loads((ROOT / (PAGES[path].expected or "")).read_text("utf-8"))
    if result.dialect == "sitemapindex":
        assert list(result.parts) == [item["url"] for item in reported]
        assert result.entries == ()
        return
    assert [(entry.link, entry.updated.value) for entry in result.entries] == [
        (item["url"], moment(item["date"])) for item in reported
    ]
    assert {(entry.title, entry.published.precision) for entry in result.entries} == {("", Precision.NONE)}
    assert (result.damage, result.unreadable) == ("", ())


@needs_corpus
def test_a_path_pattern_leaves_the_rest_of_a_site_outside() -> None:
    path = "pages/qwen-en-sitemap.xml"
    whole = read(PAGES[path].content, PAGES[path].url)
    result = read(PAGES[path].content, PAGES[path].url, include=("path:^/blog/[^/]+/?$",))
    assert len(result.entries) + result.outside == len(whole.entries)
    assert 0 < result.outside < 10
    assert all("/blog/" in (entry.link or "") for entry in result.entries)


@needs_corpus
def test_between_two_versions_only_what_the_steps_say_is_new_or_touched() -> None:
    before: dict[str | None, str] = {}
    for step in json.loads((SERIES / "steps.json").read_text("utf-8")):
        document = read((SERIES / step["file"]).read_bytes(), "https://qwenlm.github.io/en/sitemap.xml")
        now = {entry.link: entry.updated.raw for entry in document.entries}
        assert len(now) == len(document.entries) == step["entries"]
        if before:
            assert set(now) - set(before) == {item["url"] for item in step["added"]}
            assert set(before) - set(now) == set(step["removed"])
            changed = {link for link in set(now) & set(before) if now[link] != before[link]}
            assert changed == {item["url"] for item in step["changed"]}
        before = now
