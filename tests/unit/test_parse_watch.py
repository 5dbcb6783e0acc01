from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ParseError
from ingest.model import Entry, Kind
from ingest.parse import parse, watch
from ingest.parse.obstacles import OBSTACLES
from support.documents import make_capture, make_source

PAGE = '<html><body><h1>Prices</h1><p class="price">$ 1,250</p><p id="when">May 21, 2026</p></body></html>'
ON_PAGE = {"value": ".price", "title": "The price is {value}"}
IN_DATA = {"value.done": "/done", "value.of": "/of", "title": "{done} of {of}"}


def entry(content: str, select: dict[str, str]) -> Entry:
    source = make_source(kind=Kind.WATCH, select=tuple(select.items()))
    (result,) = parse(make_capture(content, url="https://www.acme-ai.com/prices"), source).entries
    return result


def refused(content: str, select: dict[str, str]) -> ParseError:
    with pytest.raises(ParseError) as caught:
        entry(content, select)
    return caught.value


def test_a_value_fills_the_title() -> None:
    assert entry(PAGE, ON_PAGE).title == "The price is $ 1,250"


def test_another_value_is_another_entry() -> None:
    assert entry(PAGE, ON_PAGE).entry_id != entry(PAGE.replace("1,250", "1,300"), ON_PAGE).entry_id


def test_the_same_number_spelt_otherwise_is_the_same_entry() -> None:
    assert entry(PAGE, ON_PAGE).entry_id == entry(PAGE.replace("1,250", "1250"), ON_PAGE).entry_id


def test_what_is_not_watched_makes_no_entry() -> None:
    select = ON_PAGE | {"date": "#when", "summary": "h1"}
    changed = PAGE.replace("May 21", "May 22").replace("Prices", "Our prices")
    assert entry(PAGE, select).entry_id == entry(changed, select).entry_id
    assert entry(PAGE, select).published != entry(changed, select).published


def test_another_wording_of_the_title_makes_no_entry() -> None:
    reworded = ON_PAGE | {"title": "Now {value}"}
    assert entry(PAGE, ON_PAGE).entry_id == entry(PAGE, reworded).entry_id


def test_several_values_are_watched_together() -> None:
    one = entry('{"done": 3, "of": 10}', IN_DATA)
    assert one.title == "3 of 10"
    assert one.entry_id != entry('{"done": 3, "of": 11}', IN_DATA).entry_id
    reordered = dict(reversed(IN_DATA.items()))
    assert one.entry_id == entry('{"of": 10, "done": 3}', reordered).entry_id


def test_the_link_is_the_page_that_the_stanza_names() -> None:
    assert entry('{"done": 3, "of": 10}', IN_DATA).link == "https://www.acme-ai.com/prices"
    assert entry('{"done": 3, "of": 10}', IN_DATA | {"page": "/progress"}).link == "https://www.acme-ai.com/progress"


@pytest.mark.parametrize("content", [PAGE.replace("price", "cost"), PAGE.replace("$ 1,250", " ")])
def test_a_value_that_is_missing_announces_nothing(content: str) -> None:
    error = refused(content, ON_PAGE)
    assert error.rule == "broken"
    assert error.subject == "acme/news"
    assert "value picks nothing" in error.message


def test_a_selector_for_a_page_is_refused_for_data_and_a_pointer_for_a_page() -> None:
    for content, select in (('{"price": 3}', ON_PAGE), (PAGE, IN_DATA)):
        error = refused(content, select)
        assert error.rule == "broken"
        assert "correct select.value" in error.message


def test_one_of_several_values_missing_announces_nothing() -> None:
    assert "value.of picks nothing" in refused('{"done": 3}', IN_DATA).message


@pytest.mark.parametrize(
    ("title", "rule"),
    [("Just a moment...", "challenge"), ("Page not found", "soft-404"), ("Under maintenance", "outage")],
)
def test_the_words_of_what_stands_in_the_way_are_no_value(title: str, rule: str) -> None:
    page = f"<!doctype html><title>{title}</title><h1 class='price'>{title}</h1>"
    assert refused(page, ON_PAGE).rule == rule


def test_a_whole_page_is_no_value() -> None:
    assert "501 characters" in refused(PAGE.replace("$ 1,250", "x" * 501), ON_PAGE).message


@pytest.mark.parametrize(("content", "rule"), [("", "empty"), ('{"done": ', "broken"), ("plain text", "not-html")])
def test_what_cannot_be_read_is_refused_by_name(content: str, rule: str) -> None:
    assert refused(content, IN_DATA if content.startswith("{") else ON_PAGE).rule == rule


def test_values_are_text_to_the_title_and_no_instructions() -> None:
    assert watch.filled("{a} {b} {{a}}", {"a": "{b}", "b": "{a.__class__}"}) == "{b} {a.__class__} {{b}}"


def test_a_long_identity_is_recognised_by_its_digest() -> None:
    long = watch.identity({"a": "x" * 400, "b": "y" * 400})
    assert long.startswith("sha256:")
    assert long != watch.identity({"a": "x" * 400, "b": "y" * 399})


@given(st.one_of(st.binary(max_size=80), st.text(max_size=80).map(lambda text: f"<p class=price>{text}".encode())))
def test_any_bytes_are_one_entry_or_a_named_error(content: bytes) -> None:
    source = make_source(kind=Kind.WATCH, select=tuple(ON_PAGE.items()))
    try:
        result = parse(make_capture(content), source)
    except ParseError as error:
        assert error.rule in {"empty", "not-html", "too-costly", "broken", *OBSTACLES}  # noqa: PT017
        return
    assert len(result.entries) == 1
    assert result.entries[0].entry_id
