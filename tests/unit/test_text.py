from __future__ import annotations

import pytest

from ingest.text import (
    MARKUP_LIMIT,
    SUMMARY_LIMIT,
    TITLE_LIMIT,
    clean_summary,
    clean_title,
    guess_kind,
    language_tag,
    plain,
    script_language,
)


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("Introducing <b>GPT</b>-5", "Introducing GPT-5"),
        ("AT&amp;T &amp;amp; friends", "AT&T &amp; friends"),
        ("It&#8217;s here &#x2014; now", "It’s here — now"),
        ("one<br>two<br/>three", "one two three"),
        ("<p>First.</p><p>Second.</p>", "First. Second."),
        ("<ul><li>a</li><li>b</li></ul>", "a b"),
        ("em<em>pha</em>sis", "emphasis"),
        ("a<script>alert(1)</script><style>p{}</style>b", "ab"),
        ("<noscript>turn it on</noscript>x", "x"),
        ("2 < 3 &lt; 4", "2 < 3 < 4"),
        ("&lt;script&gt; is text", "<script> is text"),
        ("a&nbsp;&nbsp;b", "a b"),
        ("<ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>を読む", "漢字を読む"),
        ("<!-- hidden -->shown", "shown"),
        ("<frameset><frame></frameset>", ""),
        ("broken <a href='x", "broken"),
        ("a&shy;b&#8203;c", "abc"),
    ],
)
def test_html_becomes_what_a_reader_sees(markup: str, shown: str) -> None:
    assert plain(markup, "html") == shown


@pytest.mark.parametrize("written", ["Use of <script> tags", "List<T> and Map<K, V>", "R&amp;D", "&lt;b&gt;", "a < b"])
def test_text_is_taken_literally(written: str) -> None:
    assert plain(written, "text") == written


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("  a\t\r\n b\u00a0\u2003c\u3000d  ", "a b c d"),
        ("a\u2028b\u2029c\x85d", "a b c d"),
        ("pay\u200bpal\ufeff\u2060", "paypal"),
        ("\u202egpj.exe\u202c", "gpj.exe"),
        ("\u2066a\u2069\u200e\u200f\u061cb", "ab"),
        ("bell\x07 and escape\x1b", "bell and escape"),
        ("nul\x00l", "null"),
        ("half \ud83d pair", "half pair"),
        ("tag\U000e0041\U000e0042s", "tags"),
        ("soft\u00adhyphen", "softhyphen"),
        ("Cafe\u0301", "Café"),
        ("か\u3099", "が"),
        ("ﬁ ＡＩ ①", "ﬁ ＡＩ ①"),
        ("\u3164blank\u2800blank\uffa0", "blank blank"),
        ("\ufdd0\uffffx\U0010ffff", "x"),
    ],
)
def test_what_cannot_be_seen_is_gone_and_what_can_stays(written: str, shown: str) -> None:
    assert plain(written, "text") == shown


@pytest.mark.parametrize(
    "written",
    [
        "👩\u200d🔬 research",  # zero-width joiner inside an emoji
        "❤\ufe0f\u200d🔥",
        "🏳\ufe0f\u200d🌈",
        "👍🏽 done",
        "葛\U000e0100城市",  # ideographic variation: how a place writes its name
        "می\u200cشود",  # Persian needs the non-joiner
        "ക്\u200d",  # a Malayalam chillu
        "1\ufe0f\u20e3",
        "日本語のタイトル",
        "한국어 제목",
    ],
)
def test_joiners_and_selectors_stay_where_they_are_spelling(written: str) -> None:
    assert plain(written, "text") == written


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Open\u200dAI", "OpenAI"),
        ("Open\u200cAI", "OpenAI"),
        ("機\u200d能", "機能"),
        ("a\ufe0f\ufe01\ufe02b", "a\ufe0fb"),  # bytes hidden in a run of selectors
        ("\ufe0fa", "a"),
        ("a \ufe0fb", "a b"),
        ("🎉\u200d", "🎉"),
    ],
)
def test_joiners_and_selectors_that_hide_something_are_removed(written: str, shown: str) -> None:
    assert plain(written, "text") == shown


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("Introducing GPT-5", "text"),
        ("AT&T and R&D", "text"),
        ("AT&amp;T", "html"),
        ("It&#8217;s", "html"),
        ("&hellip;", "html"),
        ("&nosuchname;", "text"),
        ("The <script> element", "text"),
        ("<script>alert(1)</script>", "text"),
        ("<script>alert(1)</script> New", "html"),
        ("<img src=x onerror=alert(1)>New", "html"),
        ("<img src=x>", "text"),
        ("New in <img>: the src attribute", "text"),
        ("<think>...</think> QwQ-Max-Preview", "text"),
        ("List<T>", "text"),
        ("A <b>bold</b> claim", "html"),
        ("The <b> tag", "text"),
        ("closing </p> tags", "text"),
        ("一行目<br>二行目", "html"),
        ("<wbr/>", "html"),
        ("5 < 6 &amp; 7", "html"),
    ],
)
def test_untyped_text_counts_as_markup_only_when_something_proves_it(value: str, kind: str) -> None:
    assert guess_kind(value) == kind


def test_a_title_is_one_line_of_bounded_length() -> None:
    title = clean_title("word " * 1_000, "text")
    assert len(title) <= TITLE_LIMIT
    assert title.endswith("word…")
    assert clean_title("  short\n title ", "text") == "short title"


def test_a_short_summary_is_whole() -> None:
    assert clean_summary("<p>All of it.</p>", "html") == "All of it."


def test_a_long_summary_ends_with_the_last_sentence_that_fits() -> None:
    sentence = "A sentence of about fifty characters stands here. "
    summary = clean_summary(sentence * 20, "text")
    assert summary == (sentence * 10).strip()


def test_a_japanese_summary_ends_with_the_last_sentence_that_fits() -> None:
    sentence = "これは五十文字ほどの文です。"
    summary = clean_summary(sentence * 60, "text")
    assert summary == sentence * (SUMMARY_LIMIT // len(sentence))


def test_a_summary_without_sentences_ends_at_a_word_with_an_ellipsis() -> None:
    summary = clean_summary("word " * 200, "text")
    assert summary.endswith("word…")
    assert len(summary) <= SUMMARY_LIMIT


@pytest.mark.parametrize("unit", ["👩\u200d🔬", "🇯🇵", "e\u0302\u0323x"[:3], "👍🏽", "葛\U000e0100"])
def test_a_cut_never_splits_what_looks_like_one_character(unit: str) -> None:
    for shift in range(len(unit)):
        summary = clean_summary("あ" * shift + unit * SUMMARY_LIMIT, "text").removesuffix("…")
        body = summary[shift:]
        assert body
        assert body == plain(unit, "text") * (len(body) // len(plain(unit, "text")))


def test_markup_beyond_the_limit_is_not_read() -> None:
    assert plain("<b>x</b>" + "<i>" * MARKUP_LIMIT + "never", "html") == "x"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("生成AIの新機能", None),  # の alone is ornament in Chinese names
        ("生成AIの新機能を発表", "ja"),
        ("ｶﾀｶﾅ", "ja"),
        ("ChatGPT アップデート", "ja"),
        ("优の良品", None),
        ("推出新模型", None),
        ("안녕하세요", "ko"),
        ("Introducing GPT-5", None),
        ("", None),
    ],
)
def test_only_scripts_that_prove_a_language_name_one(text: str, language: str | None) -> None:
    assert script_language(text) == language


@pytest.mark.parametrize(
    ("raw", "tag"),
    [
        ("en-us", "en-US"),
        ("ja_JP", "ja-JP"),
        (" JA ", "ja"),
        ("zh-hans-cn", "zh-Hans-CN"),
        ("english", None),
        ("", None),
        (None, None),
        ("en-us; charset=utf-8", None),
    ],
)
def test_language_tags_get_their_usual_case_or_none(raw: str | None, tag: str | None) -> None:
    assert language_tag(raw) == tag
