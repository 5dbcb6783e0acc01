"""Documents of our own through the stanzas that ship; see `golden.stanzas`."""

from __future__ import annotations

from pathlib import Path

import pytest

import sources_table
from golden.stanzas import Golden, goldens, listed, outcome, read, redesigned
from ingest.errors import ParseError
from ingest.model import Kind
from ingest.parse.selfcheck import check
from sources_table import by_pattern, pattern, proof

GOLDENS = goldens()
CHECKED = {Kind.PAGE, Kind.CHANGELOG, Kind.JSON}
LISTS = [golden for golden in GOLDENS if golden.source.kind in CHECKED]

every = pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.folder.name)


@every
def test_a_shipped_stanza_reads_its_document(golden: Golden) -> None:
    expected = golden.expected
    expected.pop("url", None)
    assert outcome(golden, read(golden, golden.content, golden.url)) == expected


@every
def test_a_document_is_finished(golden: Golden) -> None:
    assert b"REWRITE" not in golden.content, "write words of your own where add_golden put none"
    assert golden.expected.keys() & {"entries", "parts"}


@pytest.mark.parametrize("golden", LISTS, ids=lambda golden: golden.folder.name)
def test_a_document_passes_the_self_check(golden: Golden) -> None:
    result, again = (read(golden, golden.content, golden.url) for _ in range(2))
    verdict = check(result, dates=False, again=again)
    assert verdict.passed, verdict.reasons


def is_accepted(golden: Golden, content: bytes) -> bool:
    try:
        return check(read(golden, content, golden.url), dates=False).passed
    except ParseError:
        return False


PICKED = [
    (golden, name)
    for golden in LISTS
    for name in ("entry", "title")
    for pick in [dict(golden.source.select).get(name, "")]
    if redesigned(golden.content, pick) != golden.content
]


@pytest.mark.parametrize(("golden", "name"), PICKED, ids=lambda item: getattr(item, "folder", Path(str(item))).name)
def test_after_a_redesign_nothing_is_accepted_but_what_is_still_right(golden: Golden, name: str) -> None:
    content = redesigned(golden.content, dict(golden.source.select)[name])
    if not is_accepted(golden, content):
        return
    assert name == "title"  # a pick with a last resort, which still gives what a reader would call the title
    now = [entry.title for entry in read(golden, content, golden.url).entries]
    before = [entry.title for entry in read(golden, golden.content, golden.url).entries]
    assert len(now) == len(before)
    assert all(old in new for old, new in zip(before, now, strict=True))


def test_redesigns_are_tried_wherever_a_stanza_names_something() -> None:
    untried = {golden.folder.name for golden in LISTS} - {golden.folder.name for golden, _ in PICKED}
    assert untried == {
        "anthropic.api-release-notes-ja",  # Markdown: there are no names
        "anthropic.model-deprecations",
        "anthropic.apps-release-notes",  # read by their own structure
        "aws.kiro",
        "cohere.docs-changelog",
        "deepseek.api-updates",
        "google.gemini-app-release-notes",
        "huggingface.changelog",
        "minimax.release-notes",
        "openai.api-changelog",
        "openai.apps-sdk-changelog",
        "openai.chatgpt-release-notes",
        "ibm.newsroom-ja",  # an address that begins with a year
        "microsoft.m365-copilot-notes",  # plain headings and lists
        "openai.codex-whatsnew",
        "xai.api-release-notes",
    }


# ── every pattern has its document ──────────────────────────────────────────────────────────────────────────────


def test_each_shipped_stanza_has_a_recording_or_a_document_of_its_pattern() -> None:
    sources = {source.id: source for source in listed().sources}
    without = {source_id for source_id, result in sources_table.proofs(listed()).items() if result is None}
    assert {(one, pattern(sources[one].kind, dict(sources[one].select))) for one in without} == set(), (
        "add a golden document"
    )


def test_a_stanza_of_a_new_pattern_has_none() -> None:
    source = next(one for one in listed().sources if one.id == "google/developers-blog")
    alike = by_pattern(listed())
    assert proof(source, {}, {}, alike) is not None
    del alike[source.kind, pattern(source.kind, dict(source.select))]
    assert proof(source, {}, {}, alike) is None


def test_the_page_of_sources_is_up_to_date() -> None:
    written = "\n".join([*sources_table.table(listed()), ""])
    assert sources_table.TARGET.read_text("utf-8") == written, "run scripts/sources_table"
