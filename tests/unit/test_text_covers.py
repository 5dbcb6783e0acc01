"""CDATA that was wrapped twice, or escaped after it was wrapped: in a text, and in each field of a feed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.text import clean_title, guess_kind, uncovered
from support.documents import read


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("<![CDATA[Hello]]>", "Hello"),
        ("<![CDATA[<![CDATA[Hello]]>", "Hello"),
        ("<![CDATA[<![CDATA[Hello]]>]]>", "Hello"),
        ("<![CDATA[<![CDATA[<![CDATA[Hello]]>]]>]]>", "Hello"),
        ("<![CDATA[Hello", "Hello"),
        ("<![CDATA[ Hello ]]> ", "Hello"),
        ("  <![CDATA[Hello]]>", "Hello"),
        ("<![cdata[Hello]]>", "Hello"),
        ("![CDATA[Hello]]", "Hello"),
        ("&lt;![CDATA[Hello]]&gt;", "Hello"),
        ("<!--[CDATA[Hello]]-->", "Hello"),
        ("<![CDATA[Hello, ]]><![CDATA[world]]>", "Hello, world"),
        ("<![CDATA[Q&amp;A &#8217;26]]>", "Q&A ’26"),
        ("<![CDATA[Jahresr&uuml;ckblick]]>", "Jahresrückblick"),
        ("<![CDATA[<p>Hello</p>]]>", "Hello"),
        ("<![CDATA[a[b[0]]]]>", "a[b[0]]"),
        ("What <![CDATA[x]]> means", "What <![CDATA[x]]> means"),
        ("[CDATA] in XML", "[CDATA] in XML"),
        ("List<T> and A[B[0]]", "List<T> and A[B[0]]"),
    ],
)
def test_marks_around_a_text_go_and_marks_inside_stay(written: str, meant: str) -> None:
    bare = uncovered(written)
    assert clean_title(bare, guess_kind(bare)) == meant


@pytest.mark.parametrize(
    "text", ["<![CDATA[" * 7_000, "<![CDATA[" + "]]>" * 20_000, "<![CDATA[" + "]]&gt; " * 9_000 + "x"]
)
def test_marks_without_end_cost_no_more_than_their_length(text: str) -> None:
    assert len(uncovered(text)) <= len(text)


def item(field: str, value: str) -> str:
    parts = {"title": "Title", "link": "https://www.acme-ai.com/a", "description": "Text", "guid": "g1"}
    body = "".join(f"<{name}>{text}</{name}>" for name, text in {**parts, field: value}.items())
    body = body.replace("<guid>", '<guid isPermaLink="false">')
    return f'<rss version="2.0"><channel><title>Acme</title><item>{body}</item></channel></rss>'


@pytest.mark.parametrize("field", ["title", "link", "description", "guid"])
@pytest.mark.parametrize(
    "cover",
    [
        "{}",
        "<![CDATA[{}]]>",
        "<![CDATA[ {} ]]>",
        "&lt;![CDATA[{}]]&gt;",
        "<![CDATA[<![CDATA[{}]]]]><![CDATA[>]]>",
        "<![CDATA[<![CDATA[{}]]>]]>",
        "<![CDATA[ <![CDATA[{}]]> ]]>",
        "<![CDATA[&lt;![CDATA[{}]]&gt;]]>",
        "&lt;![CDATA[&lt;![CDATA[{}]]&gt;]]&gt;",
    ],
)
def test_every_field_is_read_through_every_cover(field: str, cover: str) -> None:
    value = {"title": "Hello", "link": "https://www.acme-ai.com/b?x=1", "description": "Words", "guid": "g2"}[field]
    (plain,) = read(item(field, value)).entries
    (covered,) = read(item(field, cover.format(value))).entries
    assert replace(covered, summary_type=plain.summary_type) == plain


def test_a_feed_with_cdata_in_cdata_loses_no_neighbour() -> None:
    items = "".join(
        f"<item><title><![CDATA[<![CDATA[N{n}]]>]]></title><link>https://a.test/{n}</link></item>" for n in range(9)
    )
    document = read(f'<rss version="2.0"><channel><title>Acme</title>{items}</channel></rss>')
    assert [entry.title for entry in document.entries] == [f"N{n}" for n in range(9)]
    assert document.damage == ""
