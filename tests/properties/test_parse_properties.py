"""What holds for any bytes, any text and any entry."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from ingest import dates
from ingest.errors import ParseError
from ingest.model import Candidate, Dated, Document, Entry, Precision, Unreadable
from ingest.normalise import normalise
from ingest.parse import parse
from ingest.parse.markup.decoding import decode
from ingest.parse.markup.references import mended
from ingest.text import SUMMARY_LIMIT, TITLE_LIMIT, clean_summary, clean_title, guess_kind, plain
from support.documents import ACME, atom, make_capture, make_document, make_entry, make_source, rss

# ── documents ───────────────────────────────────────────────────────────────────────────────────────────────────

PIECES = [
    *("<rss version='2.0'>", "</rss>", "<channel>", "</channel>", "<item>", "</item>", "<title>", "</title>", "<link>"),
    *(
        "</link>",
        "<guid>",
        "</guid>",
        "<pubDate>",
        "</pubDate>",
        "<description>",
        "</description>",
        "<entry>",
        "</entry>",
    ),
    *("<feed xmlns='http://www.w3.org/2005/Atom' xml:base='//a'>", "</feed>", "<link href='", "'/>", "<link href=''/>"),
    *("<content type='xhtml'><div>", "</div></content>", "<![CDATA[", "]]>", "<!--", "-->", "<?xml version='1.0'?>"),
    *(
        "<media:description>",
        "</media:description>",
        "<gml:pos>",
        "</gml:pos>",
        "<georss:point>",
        "<x:y/>",
        "<category/>",
    ),
    *("<!DOCTYPE rss [", "<!ENTITY a '&a;'>", "]>", "&a;", "&", "&#0;", "&#x10FFFF;", "&nbsp;", "<", ">", "'", '"'),
    *("\x00", "\ufffe", "\ud800", "\u202e", "é", "日本", "https://a.example/", "2026-05-21", "{", "}", "[", "]"),
]
markup = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=30).map("".join)
feeds = st.one_of(
    markup,
    st.lists(markup, max_size=4).map(lambda items: rss(*items)),
    st.lists(markup, max_size=4).map(lambda entries: atom(*entries)),
).map(lambda text: text.encode("utf-8", "surrogatepass"))
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["id", "url", "x"]), inner)),
    max_leaves=8,
)
item_keys = st.sampled_from(
    ["id", "url", "external_url", "title", "summary", "content_html", "date_published", "tags", "language"]
)
json_feeds = st.lists(st.one_of(json_values, st.dictionaries(item_keys, json_values, max_size=6)), max_size=4).map(
    lambda items: json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode()
)
documents = st.one_of(st.binary(max_size=200), feeds, json_feeds)


@given(documents, st.sampled_from([None, "text/html", "text/xml; charset=euc-jp", "; charset=", "x; charset=utf-7"]))
@example(b"<rss version='2.0'><channel><item><gml:pos>1</gml:pos></item></channel></rss>", None)
@example(b'{"version":"https://jsonfeed.org/version/1","items":[{"id":1e999}]}', None)
def test_any_bytes_are_a_document_or_a_named_error_and_nothing_else(content: bytes, media_type: str | None) -> None:
    source = make_source()
    try:
        result = parse(make_capture(content, media_type=media_type), source)
    except ParseError as error:
        assert error.rule in {"empty", "html", "not-a-feed", "broken"}  # noqa: PT017 either end is right
        return
    assert_sound(result)
    built = normalise(result, source, ACME)
    assert sorted(out.position for out in built) == list(range(len(result.entries) + len(result.unreadable)))


def assert_sound(result: Document) -> None:
    for entry in result.entries:
        for text in (entry.title, entry.summary, entry.link or "", entry.entry_id or "", *entry.categories):
            text.encode()  # no half characters, which no database takes
            assert "\x00" not in text
        assert_honest(entry.published)


@given(documents)
def test_the_same_bytes_give_the_same_document(content: bytes) -> None:
    def once() -> Document | str:
        try:
            return parse(make_capture(content), make_source())
        except ParseError as error:
            return str(error)

    assert once() == once()


@given(st.binary(max_size=100), st.text(max_size=30))
def test_any_bytes_are_some_text(content: bytes, media_type: str) -> None:
    decoded = decode(content, media_type)
    text, why = decoded.text, decoded.damage
    assert why or "\ufffd" not in text or b"\xef\xbf\xbd" in content or b"\xff\xfd" in content or b"\xfd\xff" in content


@given(markup)
def test_mending_references_is_done_once(written: str) -> None:
    once, _ = mended(written)
    assert mended(once) == (once, 0)


# ── text ────────────────────────────────────────────────────────────────────────────────────────────────────────

anything = st.text(st.characters(codec=None), max_size=60)
html = st.lists(
    st.one_of(
        st.sampled_from(["<b>", "</b>", "<br>", "<p>", "<script>", "</script>", "&amp;", "&#0;", "&nbsp;", "<"]),
        anything,
    ),
    max_size=8,
).map("".join)


@given(anything)
@example("e\u0301\u200d\ufe0f")
@example("a\u200b\u0301")
def test_plain_text_of_plain_text_is_itself(written: str) -> None:
    once = plain(written, "text")
    assert plain(once, "text") == once


@given(st.one_of(anything, html), st.sampled_from(["text", "html"]))
def test_a_title_is_one_visible_line_in_normal_form(written: str, kind: str) -> None:
    title = clean_title(written, "html" if kind == "html" else "text")
    assert len(title) <= TITLE_LIMIT
    assert clean_title(title, "text") == title
    assert unicodedata.is_normalized("NFC", title)
    assert not re.search(
        r"[^\S ]|  |^ | $|[\x00-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]", title
    )


@given(st.one_of(anything, html).map(lambda text: text * 40))
def test_a_summary_is_the_beginning_of_the_text(written: str) -> None:
    whole, summary = plain(written, "html"), clean_summary(written, "html")
    assert len(summary) <= SUMMARY_LIMIT
    assert whole.startswith(summary.removesuffix("…")) or whole == summary


@given(st.one_of(anything, html))
def test_guessing_what_a_text_is_never_fails(written: str) -> None:
    assert guess_kind(written) in {"text", "html"}


# ── dates ───────────────────────────────────────────────────────────────────────────────────────────────────────

DATE_PIECES = [
    *(
        "2026",
        "-",
        "05",
        "21",
        "/",
        ".",
        " ",
        ":",
        "T",
        "Z",
        "+09:00",
        "GMT",
        "JST",
        "May",
        "Thu,",
        "年",
        "月",
        "日",
        "5",
    ),
    *("31", "99", "0", "令和", "8", "10", "PM", "(木)", "٣", "²", "１", "元", "1779357600", "000"),
]
datelike = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(DATE_PIECES), max_size=10).map("".join))


def assert_honest(date: Dated) -> None:
    if date.value is None:
        assert date.precision is Precision.NONE
        return
    assert date.value.tzinfo is UTC
    assert 1989 <= date.value.year <= 2100
    floor = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}
    if date.precision is not Precision.SECOND:
        assert date.value == date.value.replace(**floor)  # type: ignore[arg-type]
    if date.precision in {Precision.MONTH, Precision.YEAR}:
        assert date.value.day == 1


@given(datelike)
@example("٣٠٢٦-٠٥-٢١")
def test_any_text_is_a_date_or_a_reason(written: str) -> None:
    date = dates.parse(written)
    assert_honest(date)
    assert (date.value is None) == (date.precision is Precision.NONE)
    assert date.value is not None or date.reason or not written.strip()
    if date.value is not None:
        digits = unicodedata.normalize("NFKC", written)
        assert len(re.findall(r"\d|元", digits)) >= 2
        if date.precision is Precision.SECOND:
            assert re.search(r"\d:\d|\d{9}|[ap]\.?m|\d{8}", digits, re.IGNORECASE), (
                "a time of day needs one in the text"
            )


@given(
    st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30)),  # noqa: DTZ001 the zone is drawn beside
    st.integers(-56, 56).map(lambda quarters: timezone(timedelta(minutes=15 * quarters))),
    st.sampled_from(
        ["%a, %d %b %Y %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z", "%d %b %Y %H:%M:%S %z", "%Y/%m/%d %H:%M:%S %z"]
    ),
)
def test_a_moment_that_is_written_down_is_read_back(moment: datetime, zone: timezone, form: str) -> None:
    written = moment.replace(microsecond=0, tzinfo=zone)
    assert dates.parse(written.strftime(form)) == Dated(
        written.astimezone(UTC), Precision.SECOND, written.strftime(form)
    )


# ── entries ─────────────────────────────────────────────────────────────────────────────────────────────────────

optional = st.one_of(st.none(), anything)
links = st.one_of(
    optional,
    st.sampled_from(["http://www.acme-ai.com/a", "https://www.acme-ai.com/?utm_x=1#top", "//", "https://[::1]/"]),
)
kinds = st.sampled_from(["text", "html"])
entries = st.builds(
    make_entry,
    entry_id=optional,
    link=links,
    title=st.one_of(anything, html),
    title_type=kinds,
    summary=st.one_of(anything, html),
    summary_type=kinds,
    published=datelike.map(dates.parse),
    lang=optional,
    categories=st.lists(anything, max_size=25).map(tuple),
)


@given(st.lists(entries, max_size=3), optional, st.lists(anything.filter(str.strip), max_size=2))
def test_any_entries_become_candidates_or_refusals(read: list[Entry], lang: str | None, topics: list[str]) -> None:
    document = make_document(*read, lang=lang, unreadable=(Unreadable(9, "empty", "nothing"),))
    built = normalise(document, make_source(lang=lang, topics=tuple(topics)), ACME)
    assert len(built) == len(read) + 1
    for out in built:
        if isinstance(out, Candidate):
            assert out.title
            assert out.url.startswith(("https://", "http://"))
            assert out.url.isascii()
            assert not out.url.startswith("http://www.acme-ai.com/")
