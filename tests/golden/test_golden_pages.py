"""
Stored lists of kinds page and json, each with what must come out of it: one folder a pattern.

`expected.json` says what is given (the address, the kind, the selectors) and all entries that come out, or the rule of the
refusal. Each list is also spoilt in the way that a redesign spoils it, and then the self-check must say so.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import ParseError
from ingest.model import Dated, Document, Entry, Kind, State
from ingest.parse import parse
from ingest.parse.selection import faults
from ingest.parse.selfcheck import check, judge_error
from support.documents import make_capture, make_source

FOLDERS = sorted(
    path for path in Path(__file__).parent.iterdir() if re.match(r"page-|json-(?!feed)", path.name) and path.is_dir()
)
LISTS = [folder for folder in FOLDERS if "refused" not in json.loads((folder / "expected.json").read_text("utf-8"))]


def test_there_are_lists() -> None:
    assert len(LISTS) >= 12


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_stored_list_gives_what_is_expected_of_it(folder: Path) -> None:
    content, expected = stored(folder)
    given = expected.pop("given")
    assert list(faults(Kind(given["kind"]), given["select"])) == []
    assert outcome(content, given) == expected


@pytest.mark.parametrize("folder", LISTS, ids=lambda folder: folder.name)
def test_a_list_as_it_is_passes_the_self_check(folder: Path) -> None:
    content, expected = stored(folder)
    result = read(content, expected["given"])
    assert check(result, again=read(content, expected["given"])).passed


def stored(folder: Path) -> tuple[bytes, dict[str, Any]]:
    (document,) = folder.glob("document.*")
    return document.read_bytes(), json.loads((folder / "expected.json").read_text("utf-8"))


def read(content: bytes, given: dict[str, Any]) -> Document:
    source = make_source(kind=Kind(given["kind"]), url=given["url"], select=tuple(given["select"].items()))
    return parse(make_capture(content, url=given["url"]), source)


def verdict(content: bytes, given: dict[str, Any]) -> Any:
    try:
        return check(read(content, given))
    except ParseError as error:
        return judge_error(error)


PLAIN = {
    "main",
    "a",
    "href",
    "has",
    "is",
    "script",
    "type",
    "application",
    "https",
    "www",
    "acme-ai",
    "com",
    "blog",
    "news",
    "id",
}


def spoilt(content: bytes, pick: str) -> bytes:
    """The document as a redesign leaves it: every class, element and key that the pick names is called otherwise."""
    named = " ".join(re.findall(r"\{([^}]*)\}", pick)) or pick.partition(" ~ ")[0]  # of a template the picks in it
    for word in set(re.findall(r"[A-Za-z_][\w-]+", named)) - PLAIN:
        content = re.sub(rf"(?<![\w-]){word}(?![\w-])".encode(), f"{word[:-1]}Q".encode(), content)
        content = re.sub(rf"__{word.lstrip('_')}\b".encode(), f"__{word.strip('_')[:-1]}Q".encode(), content)
    return content


def outcome(content: bytes, given: dict[str, Any]) -> dict[str, Any]:
    try:
        result = read(content, given)
    except ParseError as error:
        return {"refused": error.rule}
    head = {"dialect": result.dialect, "title": result.title, "lang": result.lang}
    return _without_defaults(**head) | {"entries": [_entry(entry) for entry in result.entries]}


def _entry(entry: Entry) -> dict[str, Any]:
    return _without_defaults(
        title=entry.title,
        title_type=entry.title_type if entry.title_type != "text" else None,
        link=entry.link,
        id=entry.entry_id,
        published=_date(entry.published),
        summary=entry.summary,
        categories=list(entry.categories),
        lang=entry.lang,
    )


def _date(date: Dated) -> str | None:
    return f"{date.value:%Y-%m-%dT%H:%M:%SZ} {date.precision}" if date.value else date.reason or None


def _without_defaults(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [])}


SPOILT = [
    (folder, name)
    for folder in LISTS
    for content, expected in [stored(folder)]
    for name in ("entry", "title", "link")
    if spoilt(content, expected["given"]["select"].get(name, "")) != content
]


@pytest.mark.parametrize(("folder", "name"), SPOILT, ids=lambda item: getattr(item, "name", item))
def test_a_list_whose_names_have_changed_does_not_pass(folder: Path, name: str) -> None:
    content, expected = stored(folder)
    given = expected["given"]
    assert not verdict(spoilt(content, given["select"][name]), given).passed


def test_most_lists_can_be_spoilt() -> None:
    assert len(SPOILT) >= 25
    assert len({folder for folder, _ in SPOILT}) >= len(LISTS) - 1


def test_a_page_behind_a_bot_check_is_blocked_and_not_broken() -> None:
    content, expected = stored(Path(__file__).parent / "page-challenge")
    assert verdict(content, expected["given"]).state is State.BLOCKED
