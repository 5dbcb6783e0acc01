from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.errors import ParseError
from ingest.model import Document, Entry
from support.documents import read


def feed(*items: object, **head: Any) -> Document:
    return read(json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Acme", "items": items} | head))


def only(item: dict[str, Any], **head: Any) -> Entry:
    (entry,) = feed({"title": "x"} | item, **head).entries
    return entry


@pytest.mark.parametrize(
    ("raw", "entry_id"), [("a", "a"), (7, "7"), (1.5, "1.5"), (True, None), (None, None), ({}, None), ("", None)]
)
def test_an_id_is_text_or_a_number(raw: object, entry_id: str | None) -> None:
    assert only({"id": raw}).entry_id == entry_id


@pytest.mark.parametrize(
    ("item", "link"),
    [
        ({"url": "https://a.example/1", "external_url": "https://b.example/"}, "https://a.example/1"),
        ({"external_url": "https://b.example/1"}, "https://b.example/1"),
        ({"url": "/1"}, "https://www.acme-ai.com/1"),
        ({"url": ["https://a.example/1"]}, None),
        ({"id": "https://a.example/1"}, None),
    ],
)
def test_an_item_is_its_own_page_else_the_one_it_is_about(item: dict[str, Any], link: str | None) -> None:
    assert only(item).link == link


@pytest.mark.parametrize(
    ("item", "summary", "kind"),
    [
        ({"summary": "a", "content_html": "<b>b</b>"}, "a", "text"),
        ({"content_text": "<a>", "content_html": "<b>b</b>"}, "<a>", "text"),
        ({"content_html": "<b>b</b>"}, "<b>b</b>", "html"),
        ({}, "", "text"),
    ],
)
def test_the_shortest_text_is_the_summary(item: dict[str, Any], summary: str, kind: str) -> None:
    entry = only(item)
    assert (entry.summary, entry.summary_type) == (summary, kind)


@pytest.mark.parametrize(("title", "kind"), [("a < b", "text"), ("<i> and <b>", "text"), ("Don&#8217;t", "html")])
def test_a_title_is_text_unless_it_proves_otherwise(title: str, kind: str) -> None:
    assert only({"title": title}).title_type == kind


def test_dates_languages_and_tags_are_read() -> None:
    entry = only(
        {"date_modified": "2026-05-21T10:00:00Z", "language": "ja", "tags": ["a", 1, "", None]}, language="en-us"
    )
    assert entry.published.raw == entry.updated.raw == "2026-05-21T10:00:00Z"
    assert (entry.lang, entry.categories) == ("ja", ("a",))
    assert only({"tags": "a"}, language="en-us").lang == "en-US"


@pytest.mark.parametrize("item", ["text", 1, None, [], {}, {"id": ""}, {"title": " "}])
def test_an_item_without_anything_costs_only_itself(item: object) -> None:
    result = feed({"title": "a"}, item, {"title": "b"})
    assert [entry.title for entry in result.entries] == ["a", "b"]
    assert [bad.position for bad in result.unreadable] == [1]


@pytest.mark.parametrize("head", [{"items": None}, {"items": {}}, {"version": 1}, {"version": "https://example.com/"}])
def test_other_json_is_no_json_feed(head: dict[str, Any]) -> None:
    with pytest.raises(ParseError) as refused:
        feed(**head)
    assert refused.value.rule == "not-a-feed"


def test_line_breaks_inside_strings_are_forgiven() -> None:
    result = read('{"version": "https://jsonfeed.org/version/1", "items": [{"title": "a\nb\tc"}]}')
    assert result.entries[0].title == "a\nb\tc"


def test_a_number_beyond_all_measure_costs_its_own_item_and_no_other() -> None:
    result = read(
        '{"version": "https://jsonfeed.org/version/1", "items": [{"id": %s, "title": "a"}, {"title": "b"}]}'
        % ("9" * 6_000)
    )
    assert [entry.title for entry in result.entries] == ["a", "b"]
