from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.errors import ParseError
from ingest.model import Document, Kind
from ingest.parse import parse
from support.documents import make_capture, make_source

URL = "https://www.acme-ai.com/api/list"


def read(value: object, **select: str) -> Document:
    picks = {"entry": "", "title": "/t", "link": "/u"} | select
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    source = make_source(kind=Kind.JSON, url=URL, select=tuple(picks.items()))
    return parse(make_capture(content, url=URL), source)


ITEM = {"t": "T", "u": "/a"}


@pytest.mark.parametrize(
    ("value", "entry"),
    [
        ([ITEM], ""),
        ({"data": {"items": [ITEM]}}, "/data/items"),
        ({"data": [{"items": [ITEM]}]}, "/data/*/items"),
        ({"data": {"k": ITEM}}, "/data/*"),
        ({"x": {"y": {"posts": [ITEM]}}}, "/**/posts"),
        (ITEM, ""),
    ],
)
def test_the_list_is_where_the_pointer_leads(value: object, entry: str) -> None:
    (result,) = read(value, entry=entry).entries
    assert (result.title, result.link) == ("T", "https://www.acme-ai.com/a")


def test_an_empty_list_is_a_document_without_entries_and_a_missing_one_is_refused() -> None:
    assert read({"items": []}, entry="/items").entries == ()
    with pytest.raises(ParseError, match="There is nothing at /items") as caught:
        read({"error": "moved"}, entry="/items")
    assert (caught.value.rule, caught.value.subject) == ("no-list", "acme/news")


def test_all_fields_are_picked_by_name() -> None:
    item = {
        "t": "A &amp; B", "u": "x", "d": 1779321600, "m": "2026-05-22", "s": "<p>Text</p>", "c": ["A", {"n": "x"}, "B", "A"],
        "l": "ja_jp", "i": 7,
    }  # fmt: skip
    picks = {"date": "/d", "updated": "/m", "summary": "/s", "category": "/c", "lang": "/l", "id": "/i"}
    (entry,) = read([item], **picks).entries
    assert (entry.title, entry.title_type, entry.summary_type, entry.entry_id) == ("A &amp; B", "html", "html", "7")
    assert (entry.link, entry.lang, entry.categories) == ("https://www.acme-ai.com/api/x", "ja-JP", ("A", "B"))
    assert [str(date.value)[:10] for date in (entry.published, entry.updated)] == ["2026-05-21", "2026-05-22"]


def test_a_template_without_one_of_its_values_gives_no_link() -> None:
    first, second = read([{"t": "T", "id": "a"}, {"t": "U"}], link="https://www.acme-ai.com/{id}").entries
    assert (first.link, second.link) == ("https://www.acme-ai.com/a", None)


@pytest.mark.parametrize("item", [None, 1, "x", [], {}, {"t": {}}, {"t": None, "u": False}])
def test_an_item_that_says_nothing_is_no_entry(item: Any) -> None:
    assert [entry.title for entry in read([item, ITEM]).entries] == ["T"]


@pytest.mark.parametrize(
    ("content", "rule"),
    [(b"", "empty"), (b"<html>", "html"), (b"{", "broken"), (b"nope", "broken"), (b"[" * 100_000, "broken")],
)
def test_what_is_no_json_is_refused_by_name(content: bytes, rule: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(content)
    assert caught.value.rule == rule
