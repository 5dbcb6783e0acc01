"""Where a feed is split into slices, and where its entries are not independent of one another."""

from __future__ import annotations

import pytest

from ingest.parse.feed.slices import split
from support.documents import atom, read, rss

ONE = "<title>One</title><link>https://www.acme-ai.com/1</link>"
TWO = "<title>Two</title><link>https://www.acme-ai.com/2</link>"


def test_a_feed_is_split_into_head_entries_and_tail() -> None:
    text = rss(ONE, TWO, head="<ttl>60</ttl>")
    parts = split(text)
    assert parts is not None
    assert (parts.head, parts.tail) == (
        '<rss version="2.0"><channel><title>Acme</title><ttl>60</ttl>',
        "</channel></rss>",
    )
    assert parts.entries == (f"<item>{ONE}</item>", f"<item>{TWO}</item>")
    assert parts.parents() == ('<rss version="2.0">', "<channel>")


@pytest.mark.parametrize(
    "inside",
    [
        "<description><![CDATA[<item>]]></description>",
        "<description>&lt;/item&gt;</description>",
        "<items/>",
        "<!-- nothing -->",
        "<a title='>'/>",
        '<item_id a="b"/>',
    ],
)
def test_tags_that_are_text_or_others_split_nothing(inside: str) -> None:
    parts = split(rss(ONE + inside, TWO))
    assert parts is not None
    assert len(parts.entries) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        rss(),
        rss(ONE + "<item/>", TWO),
        rss(ONE + "<x:item>a</x:item>", TWO),
        rss(ONE + "<!-- <b> -->", TWO),
        rss(ONE + "<!-- ]]> -->", TWO),
        rss(ONE + "<![CDATA[", TWO),
        rss(ONE).replace("<item>", "<ITEM>").replace("</item>", "</ITEM>"),
        rss(ONE).replace("</item>", "</item><image/>"),
        rss(ONE, TWO).replace("</item><item>", "</item>, <item>"),
        rss(ONE, TWO).replace("</item><item>", "</item></channel><channel><item>"),
        rss(ONE).replace("</item>", "</entry>"),
        rss(ONE).replace("</item>", ""),
        f'<!DOCTYPE rss [<!ENTITY a "b">]>{rss(ONE)}',
    ],
)
def test_a_feed_with_uncertain_borders_is_not_split(text: str) -> None:
    assert split(text) is None


def test_an_element_between_two_entries_prevents_slices() -> None:
    assert split(rss(ONE, TWO).replace("</item><item>", "</item><b></b><item>")) is None


INDEPENDENT = (
    rss(ONE, TWO),
    rss(ONE + "<dc:language>ja</dc:language>", TWO, attributes=' xmlns:dc="http://purl.org/dc/elements/1.1/"'),
    atom(ONE + "<content type='html'>a</content>", TWO),
    rss(ONE, "<title>A & B&nbsp;C</title>", head="<description>C & D</description>"),
    atom(ONE, TWO, attributes=' xml:base="https://www.acme-ai.com/" xml:lang="en"'),
)
DEPENDENT = (
    atom(ONE + '<link xml:base="https://www.acme-ai.com/base/" href="a"/>', TWO),
    atom('<title xmlns:dc="http://purl.org/dc/elements/1.1/">One</title>', TWO),
    rss(ONE + "<rss lang='ja'/>", TWO),
)


@pytest.mark.parametrize("text", INDEPENDENT)
def test_independent_entries_have_a_context(text: str) -> None:
    assert read(text).context


@pytest.mark.parametrize("text", DEPENDENT)
def test_entries_that_change_how_others_are_read_have_none(text: str) -> None:
    assert read(text).context == ""


@pytest.mark.parametrize("text", [rss(ONE, "<title>A < B</title>"), rss(ONE) + "<", rss()])
def test_a_damaged_or_empty_feed_has_none(text: str) -> None:
    assert read(text).context == ""


def test_the_context_is_that_of_the_head() -> None:
    contexts = {
        read(rss(ONE, head=head)).context
        for head in (
            "",
            "<language>ja</language>",
            "<image><url>https://a.example/</url></image>",
            "<x xml:lang='de'/>",
        )
    }
    assert len(contexts) == 3
    assert read(rss(ONE, head="<ttl>1</ttl>")).context == read(rss(TWO, ONE, head="<ttl>2</ttl>")).context
