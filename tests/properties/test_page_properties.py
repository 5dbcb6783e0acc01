"""What holds for any page, any data and any selector."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from ingest.authoring.discover import discover
from ingest.errors import ParseError
from ingest.model import Document, Kind
from ingest.parse import parse
from ingest.parse.markup.decoding import decode
from ingest.parse.markup.embedded import flight_rows, script_value
from ingest.parse.markup.selector import SelectorError, compile_selector
from ingest.parse.selection import faults
from ingest.parse.selfcheck import check
from support.documents import make_capture, make_source

URL = "https://www.acme-ai.com/news/"

PIECES = [
    *(
        "<article class=card>",
        "</article>",
        "<li>",
        "<a href='/a'>",
        "<a href='/b?x=1#y'>",
        "<a href='http://[bad'>",
        "<a href=//x>",
        "</a>",
    ),
    *(
        "<h2>",
        "</h2>",
        "<time>",
        "<time datetime=2026-05-21>",
        "</time>",
        "May 21, 2026",
        "2026年5月21日",
        "<nav>",
        "</nav>",
        "<div>",
        "</div>",
    ),
    *(
        "<script>",
        "</script>",
        '{"posts":[{"title":"T","slug":"s"}]}',
        "self.__next_f.push([1,",
        '"0:[\\"$0\\"]\\n"',
        "])",
        "<base href='//['>",
    ),
    *(
        "<template>",
        "<svg>",
        "<table>",
        "<dl><dt>",
        "<dd>",
        "<frameset>",
        "<!--",
        "\x00",
        "\ufffe",
        "é",
        "日本",
        "&nbsp;",
        "&#0;",
        "<link rel=alternate",
    ),
    *(" type=application/rss+xml href=/f>", "<meta http-equiv=refresh content='0;url=/x'>", "<html lang=xx-", ">"),
]
pages = st.one_of(
    st.binary(max_size=200),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=6)), max_size=40).map(
        lambda parts: ("<!doctype html><body>" + "".join(parts)).encode("utf-8", "surrogatepass")
    ),
)
selects = st.sampled_from([
    {"entry": "article, li"},
    {"entry": ".card", "title": "h2 || a", "date": "preceding::dt || time@datetime", "link": "a", "category": "a"},
    {"entry": "a", "title": ". ~ - (.*)", "summary": "ancestor::div", "id": "@href", "lang": "@lang"},
    {"entry": "/**/posts", "data": "script", "title": "/title", "link": "/news/{slug}", "date": "/**/date"},
    {"entry": "", "data": "a@href || script", "title": "/*", "link": "/0"},
])  # fmt: skip
json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=10),
        st.sampled_from(["$0", "$1:a:b", "$L1", "2026-05-21"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["title", "url", "posts", "*", ""]), inner)
    ),
    max_leaves=12,
)


def sound(result: Document) -> None:
    for entry in result.entries:
        assert entry.title or entry.link or entry.entry_id
        for text in (entry.title, entry.summary, entry.link or "", entry.entry_id or "", *entry.categories):
            text.encode()  # no half characters, which no database takes
            assert "\x00" not in text
    keys = [entry.entry_id or entry.link or entry.title for entry in result.entries]
    assert len(keys) == len(set(keys))
    assert [entry.position for entry in result.entries] == list(range(len(result.entries)))


@given(pages, selects)
@example(
    b"<!doctype html><script>self.__next_f.push([1,'0:[[[')</script>",
    {"entry": "", "data": "script", "title": "/t", "link": "/u"},
)
def test_any_bytes_are_a_list_or_a_named_error_and_nothing_else(content: bytes, select: dict[str, str]) -> None:
    source = make_source(kind=Kind.PAGE, url=URL, select=tuple(select.items()))
    try:
        result = parse(make_capture(content, url=URL), source)
    except ParseError as error:
        assert error.rule  # noqa: PT017 either end is right
        return
    sound(result)
    assert check(result, again=parse(make_capture(content, url=URL), source)).state


@given(
    st.one_of(st.binary(max_size=100), json_values.map(lambda value: json.dumps(value).encode())),
    st.sampled_from(["", "/posts", "/*", "/**/posts"]),
)
def test_any_bytes_are_a_list_of_data_or_a_named_error(content: bytes, entry: str) -> None:
    select = (
        ("entry", entry),
        ("title", "/title || /**/title"),
        ("link", "/url || https://a.example/{title}"),
        ("category", "/*"),
    )
    try:
        sound(parse(make_capture(content, url=URL), make_source(kind=Kind.JSON, url=URL, select=select)))
    except ParseError as error:
        assert error.rule in {"empty", "html", "broken", "no-list"}  # noqa: PT017 either end is right


@given(pages)
def test_what_is_proposed_for_any_page_is_a_stanza_and_yields_what_it_says(content: bytes) -> None:
    try:
        result = discover(decode(content), URL)
    except ParseError:
        return
    for proposal in result.proposals:
        assert 0 <= proposal.sure <= 1
        assert list(faults(proposal.kind, dict(proposal.select))) == []
        if proposal.document is not None:
            sound(proposal.document)


@given(text=st.text(max_size=40), data=st.booleans())
@example(text="{{}}", data=False)
@example(text="a || ", data=False)
def test_any_text_is_a_pick_or_is_refused(text: str, data: bool) -> None:
    try:
        pick = compile_selector(text, data=data)
    except SelectorError as error:
        assert str(error)  # noqa: PT017 either end is right
        return
    assert pick.all_in({"a": [1]}) is not None


@given(st.text(max_size=60), json_values)
def test_any_stream_of_rows_comes_to_an_end(text: str, value: object) -> None:
    rows = flight_rows(f'0:{json.dumps(value)}\n1:["$0"]\n{text}\n')
    assert isinstance(rows, dict)
    script_value(text)
