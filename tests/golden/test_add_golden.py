"""`scripts/add_golden`: skeletons keep names, dates and the shape of addresses, and none of the words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import add_golden
from add_golden import MARK, NoSkeletonError, skeleton
from golden.stanzas import listed
from ingest.model import Source
from ingest.parse import parse
from support.documents import make_capture

PAGE = """<!doctype html><html lang="en"><head><title>Secret words</title><script>var secret = 1</script></head>
<body><nav><a href="/about">Secret words</a></nav><main><p>Secret words of an introduction</p>
<ul><li class="search-result"><p class="search-result__eyebrow">MAY 21, 2026 / Secret words</p>
<h3 class="search-result__title"><a href="/secret-words/?utm_source=secret">Secret words</a></h3><img src="/secret.png" alt="Secret words"></li>
<li class="search-result"><p class="search-result__eyebrow">MAY 19, 2026 / AI</p>
<h3 class="search-result__title"><a href="/other-secret/">Secret words</a></h3></li></ul></main></body></html>"""


def source(source_id: str) -> Source:
    return next(one for one in listed().sources if one.id == source_id)


def test_a_skeleton_of_a_page_is_read_like_the_page_and_has_none_of_its_text() -> None:
    ours = source("google/developers-blog")
    written, ending = skeleton(ours, PAGE.encode())
    assert ending == "html"
    assert "secret" not in written.lower()
    result = parse(make_capture(written, url=ours.url), ours)
    assert [f"{entry.published.value:%m-%d}" for entry in result.entries] == ["05-21", "05-19"]
    assert all(MARK in entry.title and MARK in (entry.link or "") for entry in result.entries)


def test_a_skeleton_of_data_keeps_keys_dates_and_numbers() -> None:
    entry = {
        "_id": "66a",
        "id": "acme/Secret-Model",
        "createdAt": "2026-05-21T08:00:00.000Z",
        "likes": 3,
        "tags": ["secret"],
    }
    written, ending = skeleton(source("deepseek/models"), json.dumps([entry] * 9).encode())
    reported = json.loads(written)
    assert (ending, len(reported), reported[0]["likes"]) == ("json", 4, 3)
    assert reported[0]["createdAt"].startswith("2026-05-21")
    assert reported[0].keys() == entry.keys()
    assert "secret" not in written.lower()


@pytest.mark.parametrize("source_id", ["openai/news", "openai/sitemap", "deepseek/api-updates", "cohere/blog"])
def test_what_names_no_elements_is_written_by_hand(source_id: str) -> None:
    with pytest.raises(NoSkeletonError, match="by hand"):
        skeleton(source(source_id), PAGE.encode())


def test_a_page_that_the_stanza_finds_nothing_in_makes_none() -> None:
    with pytest.raises(NoSkeletonError, match="finds nothing"):
        skeleton(source("anthropic/red"), PAGE.encode())


def test_an_expectation_is_written_only_for_a_document_with_words_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(add_golden, "FOLDER", tmp_path)
    stored = tmp_path / "page.html"
    stored.write_text(PAGE)
    assert "--expect google/developers-blog" in add_golden.make("google/developers-blog", stored)
    document = tmp_path / "google.developers-blog" / "document.html"
    with pytest.raises(NoSkeletonError, match="still says REWRITE"):
        add_golden.expect("google/developers-blog")
    document.write_text(document.read_text().replace(MARK, "ours"))
    add_golden.expect("google/developers-blog")
    reported = json.loads((document.parent / "expected.json").read_text())
    assert [entry["published"] for entry in reported["entries"]] == [
        "2026-05-21T00:00:00Z day",
        "2026-05-19T00:00:00Z day",
    ]
    with pytest.raises(NoSkeletonError, match="exists already"):
        add_golden.make("google/developers-blog", stored)
