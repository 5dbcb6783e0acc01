from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from corpus.report import ABSENT, ROOT, recordings
from ingest.model import Document, Kind
from ingest.parse import parse
from ingest.parse.selection import faults
from support.documents import make_capture, make_source

STANZAS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "changelog_stanzas.yaml").read_text("utf-8"))
PAGES = {item.path: item for item in recordings("pages") if item.kind in {"changelog", "markdown-changelog"}}
SERIES = ROOT / "series" / "mistral-changelog-mdx"

# What the steps of the series say and we do not, or the other way round, and why.
EXPLAINED = {
    # A link in a nested bullet really changed; the steps look at the outer bullets only.
    "005-2025-01-28.mdx": {"changed": {"2024-02-26"}},
    # One section was pasted twice, word for word, and taken out again: a copy announces nothing.
    "016-2025-05-27.mdx": {"added": {"2025-04-16/2"}},
    "017-2025-05-27.mdx": {"removed": {"2025-04-16/2"}},
}

needs_corpus = pytest.mark.skipif(not ROOT.is_dir(), reason=ABSENT)


def read(path: str, select: dict[str, str]) -> Document:
    item = PAGES[path]
    source = make_source(kind=Kind.CHANGELOG, select=tuple(select.items()))
    return parse(make_capture(item.content, url=item.url), source)


def reported(path: str) -> list[tuple[str, str, str | None]]:
    expected = PAGES[path].expected
    entries = json.loads((ROOT / expected).read_text("utf-8")) if expected else []
    return [(entry["title"], entry["url"], entry["date"]) for entry in entries]


def ours(document: Document) -> list[tuple[str, str | None, str | None]]:
    return [
        (entry.title, entry.link, entry.published.value.date().isoformat() if entry.published.value else None)
        for entry in document.entries
    ]


@needs_corpus
@pytest.mark.parametrize("path", STANZAS["recordings"])
def test_every_recorded_changelog_is_read_through_its_stanza(path: str) -> None:
    assert ours(read(path, STANZAS["recordings"][path]["select"])) == reported(path)


@needs_corpus
@pytest.mark.parametrize("path", STANZAS["recordings"])
def test_every_recorded_changelog_is_read_without_a_stanza(path: str) -> None:
    assert ours(read(path, {})) == reported(path)


@needs_corpus
def test_no_recorded_changelog_is_left_out() -> None:
    single = {path for path in PAGES if path.startswith("pages/mistral-changelog-en/")}
    assert set(PAGES) - single == set(STANZAS["recordings"])
    assert len(single) == 14
    entries = [read(path, {}).entries for path in sorted(single)]
    assert [len(result) for result in entries] == [1] * 14
    assert [result[0].title for result in entries] == [Path(path).stem for path in sorted(single)]


@needs_corpus
def test_items_of_a_recorded_day_are_entries_each() -> None:
    result = read("pages/mistral-changelog.mdx", {"item": "body > ul > li"})
    assert len(result.entries) == 50
    assert len({entry.entry_id for entry in result.entries}) == 50
    assert ours(result)[2] == (
        "SDK support for Audio and Transcription available.",
        "https://docs.mistral.ai/getting-started/changelog/",
        "2025-07-24",
    )


@needs_corpus
def test_between_two_versions_only_what_the_steps_say_is_new_or_changed() -> None:
    steps = json.loads((SERIES / "steps.json").read_text("utf-8"))
    before: dict[str | None, Any] = {}
    differences: dict[str, Any] = {}
    for step in steps:
        content = (SERIES / step["file"]).read_bytes()
        document = parse(
            make_capture(content, url="https://docs.mistral.ai/getting-started/changelog/"),
            make_source(kind=Kind.CHANGELOG),
        )
        now = {entry.entry_id: (entry.title, entry.published, entry.summary, entry.link) for entry in document.entries}
        assert len(now) == len(document.entries)
        if before:
            seen = {
                "added": set(now) - set(before),
                "removed": set(before) - set(now),
                "changed": {key for key in set(now) & set(before) if now[key] != before[key]},
            }
            wanted = {
                "added": {item["url"] for item in step["added"]},
                "removed": set(step["removed"]),
                "changed": {item["url"] for item in step["changed"]},
            }
            result = {name: seen[name] ^ wanted[name] for name in seen if seen[name] != wanted[name]}
            differences |= {step["file"]: result} if result else {}
        before = now
    sys.stdout.write(f"{len(steps)} versions, {len(differences)} differences, all explained\n")
    assert differences == EXPLAINED


@pytest.mark.parametrize("source", STANZAS["shipped"])
def test_a_stanza_for_the_list_can_be_read(source: str) -> None:
    stanza = STANZAS["shipped"][source]
    assert list(faults(Kind(stanza["kind"]), stanza.get("select", {}))) == []
