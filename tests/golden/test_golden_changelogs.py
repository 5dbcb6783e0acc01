"""
Stored changelogs, sitemaps and watched values, each with what must come out of it: one folder a pattern.

`expected.json` says what is given (the address, `select`, `include`) and all that comes out. Where a stanza's picks name
classes or ids, each of these is renamed in turn, as a redesign does it: then the document must not pass for a good one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import ParseError
from ingest.model import Dated, Document, Entry, Kind
from ingest.parse import parse
from ingest.parse.selection import faults
from ingest.parse.selfcheck import check
from ingest.text import clean_summary
from support.documents import make_capture, make_source

KINDS = {"changelog": Kind.CHANGELOG, "sitemap": Kind.SITEMAP, "watch": Kind.WATCH}
FOLDERS = sorted(path for path in Path(__file__).parent.iterdir() if path.is_dir() and path.name.split("-")[0] in KINDS)


def stored(folder: Path) -> tuple[bytes, dict[str, Any]]:
    (document,) = folder.glob("document.*")
    assert (folder / "expected.json").is_file(), "write down what must come out of it"
    return document.read_bytes(), json.loads((folder / "expected.json").read_text("utf-8"))


def read(content: bytes, given: dict[str, Any], kind: Kind) -> Document:
    select = given.get("select", {})
    assert list(faults(kind, select)) == []
    lists = {name: tuple(given[name]) for name in ("include", "exclude") if name in given}
    source = make_source(kind=kind, url=given["url"], select=tuple(select.items()), **lists)
    return parse(make_capture(content, url=given["url"]), source)


def outcome(result: Document) -> dict[str, Any]:
    head = message(
        dialect=result.dialect,
        title=result.title,
        lang=result.lang,
        damage=result.damage,
        parts=list(result.parts),
        outside=result.outside,
        unreadable=[item.reason for item in result.unreadable],
    )
    return head | {"entries": [entry_of(entry) for entry in result.entries]}


def entry_of(entry: Entry) -> dict[str, Any]:
    return message(
        title=entry.title,
        link=entry.link,
        id=entry.entry_id,
        published=date(entry.published),
        updated=date(entry.updated),
        summary=clean_summary(entry.summary, entry.summary_type),
        categories=list(entry.categories),
        lang=entry.lang,
    )


def date(value: Dated) -> str | None:
    return f"{value.value:%Y-%m-%dT%H:%M:%SZ} {value.precision}" if value.value else value.reason or None


def message(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [], 0)}


def test_there_are_documents_of_every_kind() -> None:
    assert {folder.name.split("-")[0] for folder in FOLDERS} == set(KINDS)
    assert len(FOLDERS) >= 21


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_stored_document_gives_what_is_expected_of_it(folder: Path) -> None:
    content, expected = stored(folder)
    given = expected.pop("given")
    assert outcome(read(content, given, KINDS[folder.name.split("-")[0]])) == expected


@pytest.mark.parametrize("folder", [f for f in FOLDERS if f.name.startswith("changelog-")], ids=lambda f: f.name)
def test_a_changelog_as_it_is_passes_the_self_check(folder: Path) -> None:
    content, expected = stored(folder)
    result = [read(content, expected["given"], Kind.CHANGELOG) for _ in range(2)]
    dated = any(entry.published.value for entry in result[0].entries)
    assert check(result[0], dates=dated, again=result[1]).passed


NAMED = [
    (folder, word)
    for folder in FOLDERS
    if not folder.name.startswith("sitemap-")  # its patterns are of addresses
    for name, pick in json.loads((folder / "expected.json").read_text("utf-8"))["given"].get("select", {}).items()
    if name in {"entry", "title", "date"} or name.startswith("value")
    for word in re.findall(r"[.#/]([a-z][\w-]+)", pick)
]


@pytest.mark.parametrize(("folder", "word"), NAMED, ids=lambda item: getattr(item, "name", item))
def test_a_document_whose_names_have_changed_does_not_pass(folder: Path, word: str) -> None:
    content, expected = stored(folder)
    renamed = re.sub(rb'(?<=["\s])' + word.encode() + rb'(?=["\s])', b"renamed", content)
    assert renamed != content
    try:
        result = read(renamed, expected["given"], KINDS[folder.name.split("-")[0]])
    except ParseError as error:
        assert error.rule == "broken"  # noqa: PT017 either end is right
        return
    assert not check(result).passed


def test_renaming_is_tried() -> None:
    assert len(NAMED) >= 8
