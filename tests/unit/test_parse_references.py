from __future__ import annotations

import pytest

from ingest.parse.markup.references import mended


@pytest.mark.parametrize(
    "sound",
    [
        "no reference",
        "&amp;&lt;&gt;&quot;&apos;",
        "&#233;&#xE9;&#XE9;",
        "&amp;nbsp;",
        "<![CDATA[AT&T &nbsp; &#0;]]>",
        "<![CDATA[&",
    ],
)
def test_what_xml_reads_is_left_alone(sound: str) -> None:
    assert mended(sound) == (sound, 0)


@pytest.mark.parametrize(
    ("bad", "good", "count"),
    [
        ("AT&T", "AT&amp;T", 1),
        ("a & b &", "a &amp; b &amp;", 2),
        ('href="?a=1&b=2&copy=3"', 'href="?a=1&amp;b=2&amp;copy=3"', 2),
        ("&nbsp;&eacute;&hellip;", "\xa0é…", 3),
        ("&LT;b&GT; &AMP;", "&lt;b&gt; &amp;", 3),
        ("&nosuchname;", "&amp;nosuchname;", 1),
        ("a&#0;b&#x1F;c&#xFFFFFFFF;d&#99999999999999999999;e", "abcde", 4),
        ("&#xZZ; &#;", "&amp;#xZZ; &amp;#;", 2),
        ("<![CDATA[&]]>&<![CDATA[&]]>", "<![CDATA[&]]>&amp;<![CDATA[&]]>", 1),
    ],
)
def test_what_xml_does_not_read_is_mended_and_counted(bad: str, good: str, count: int) -> None:
    assert mended(bad) == (good, count)


def test_a_documents_own_names_are_read_and_the_declarations_taken_out() -> None:
    subset = '[<!ENTITY product "Model 5"><!ENTITY nbsp "&#160;"> <!ELEMENT a ANY>]'
    assert mended(f"<?xml version='1.0'?><!DOCTYPE a {subset}><a>&product;&nbsp;is</a>") == (
        "<?xml version='1.0'?><!DOCTYPE a ><a>Model 5&#160;is</a>",
        0,
    )


@pytest.mark.parametrize(
    "declaration",
    ['SYSTEM "file:///etc/passwd"', '"&other;"', '"<b>bold</b>"', f'"{"x" * 101}"'],
)
def test_names_that_stand_for_files_markup_other_names_or_much_text_stay_unread(declaration: str) -> None:
    assert mended(f"<!DOCTYPE a [<!ENTITY mine {declaration}>]><a>&mine;</a>") == ("<!DOCTYPE a ><a>&amp;mine;</a>", 1)
