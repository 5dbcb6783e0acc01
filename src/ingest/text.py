"""
Readable text: without markup, entities decoded once, without invisible characters, in one normal form.

Pure functions without any knowledge of feeds. The result is the same on every Python version: character sets are written out
below, because the tables of `unicodedata` differ between versions.
"""

from __future__ import annotations

import html
import re
import unicodedata
from html.entities import html5
from typing import Final

from ingest.model import TextKind

TITLE_LIMIT: Final = 1_000
"""The most characters of a title to keep. The longest of 11,000 recorded ones has 163: more is an error or an attack."""

SUMMARY_LIMIT: Final = 500
"""The most characters of a summary to keep: a paragraph, enough to decide whether to open the page."""

MARKUP_LIMIT: Final = 65_536
"""
The most characters of markup to read. The longest recorded text has 54,000.

A Berkeley feed opens with 1,700 characters of meta tags and style sheet before the first word.
"""

TAG_LIMIT: Final = 2_000
"""The most tags of markup to read. A recorded text has at most 1,695. Nested tags cost the square of their depth."""

# ── characters ──────────────────────────────────────────────────────────────────────────────────────────────────

# Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt) without joiners and variation selectors; controls
# that are not white space; U+FFF9–FFFC; surrogates; noncharacters. Bidirectional controls, zero-width spaces and tag
# characters, the usual carriers of hidden text, are among them.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
_SELECTORS: Final = "\ufe00-\ufe0f\u180b-\u180d\u180f\U000e0100-\U000e01ef"
# A selector changes the one character before it (☺️, 葛󠄀). At the start, after a space or after another one it hides data.
_STRAY_SELECTOR: Final = re.compile(f"(?<![^\\s\u200c\u200d{_SELECTORS}])[{_SELECTORS}]")
_EMOJI: Final = "\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff"
# Scripts with joiners in their spelling: Arabic to Tibetan, Myanmar, Khmer, Mongolian and the other Brahmic blocks.
_JOINING: Final = "\u0600-\u109f\u1780-\u18af\u1900-\u1cff\ua840-\ua8ff\ua980-\uabff\U00011000-\U00011fff"
_JOINER: Final = re.compile(
    f"(?<=[{_EMOJI}])\u200d(?=[{_EMOJI}])|(?<=[{_JOINING}])[\u200c\u200d]|(?P<stray>[\u200c\u200d])"
)
_MARK_LIMIT: Final = 30  # on one character (UAX #15 §13, Stream-Safe Text Format). Sorting them costs the square
_MANY_MARKS: Final = re.compile(rf"[^\w\s\x00-\x7f]{{{_MARK_LIMIT + 1},}}")  # marks are not word characters
_SPACE: Final = re.compile("[\\s\u2800]+")  # U+2800, the empty braille pattern, looks like a space

# ── markup ──────────────────────────────────────────────────────────────────────────────────────────────────────

_BLOCK: Final = re.compile(
    r"</?(?:address|article|aside|blockquote|br|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|"
    r"header|hr|img|li|main|nav|ol|option|p|pre|section|summary|table|tbody|td|tfoot|th|thead|tr|ul)\b",
    re.IGNORECASE,
)
# Not part of the text: code, fallbacks, and the readings of Japanese ruby. They would double every word.
_DROPPED: Final = [
    *("script", "style", "title", "template", "noscript", "iframe", "object", "svg", "rt", "rp", "annotation"),
]
_EVERYDAY_TAG: Final = re.compile(
    r"a|abbr|b|bdi|bdo|big|blockquote|br|cite|code|del|dfn|div|em|font|h[1-6]|i|img|ins|kbd|li|mark|ol|p|pre|q|rb|rp|"
    r"rt|ruby|s|samp|small|span|strike|strong|sub|sup|tt|u|ul|var|wbr"
)
# HTML §13.2.4.3: each of these is opened again in every later block while it is open, with a limit for equal ones only:
# 65 KB of `<b a1><p><b a2><p>…` make 25 million elements in 14 s.
_REOPENED: Final = re.compile(
    r"(</?)(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])", re.IGNORECASE
)
_FEW_TAGS: Final = 32  # they make 16 × 16 elements at most
# Each attribute is compared with those before it: 65 KB of them take 0.14 s. Quotes are read as HTML §13.2.5 does.
_TAG_LENGTH: Final = 4_000
_WHOLE_TAG: Final = re.compile(r"<([A-Za-z][\w:-]*+)(?:=\s*+\"[^\"]*\"|=\s*+'[^']*'|[^>])*+>?")
_TAG: Final = re.compile(r"<(/?)([A-Za-z][\w:-]*+)[^<>]*+>")
_ACTIVE_TAGS: Final = frozenset({"script", "style", "iframe", "object", "svg", "math", "template", "noscript"})
_ACTIVE_ATTRIBUTE: Final = re.compile(r"<[A-Za-z][^<>]*?[\s/](?:on[a-z]+|src|href|style)\s*=", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"&(#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")

# ── language ────────────────────────────────────────────────────────────────────────────────────────────────────

# Hiragana and katakana letters, half-width ones too, without の: Chinese brand names borrow that one for ornament.
_KANA: Final = re.compile("[\u3041-\u306d\u306f-\u3096\u30a1-\u30fa\uff66-\uff6f\uff71-\uff9d]")
_HANGUL: Final = re.compile("[\uac00-\ud7a3]")
_LANGUAGE_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")

# ── cutting ─────────────────────────────────────────────────────────────────────────────────────────────────────

_SENTENCE_END: Final = re.compile(r"[.!?…][\"'”’)\]]?(?=\s)|[。！？][」』）]?")
_EXTENDER: Final = re.compile(f"[\u200c\u200d{_SELECTORS}\U0001f3fb-\U0001f3ff]")
_REGIONAL: Final = frozenset(map(chr, range(0x1F1E6, 0x1F200)))  # two of them make a flag
_REGIONAL_RUN: Final = re.compile("[\U0001f1e6-\U0001f1ff]+$")


def plain(markup: str, kind: TextKind) -> str:
    """
    Return `markup` as one line of text in NFC.

    `html` loses its tags (block elements become spaces) and has its entities decoded once. `text` is literal: `List<T>`
    and `&amp;` stay as they are. In both, white space of any kind becomes single spaces, and invisible characters are
    removed. Joiners and variation selectors stay if they are part of the spelling. Idempotent for `text`.
    """
    written = _without_markup(markup) if kind == "html" else markup
    if written.isascii() and written.isprintable():
        return _SPACE.sub(" ", written).strip()
    visible = unicodedata.normalize("NFC", _few_marks(_INVISIBLE.sub("", written)))
    visible = _STRAY_SELECTOR.sub("", _SPACE.sub(" ", visible).strip())
    visible = _JOINER.sub(lambda match: "" if match["stray"] else match[0], visible)
    return unicodedata.normalize("NFC", _few_marks(_SPACE.sub(" ", visible).strip()))


def _few_marks(text: str) -> str:
    """Return `text` with no more marks on a character than any language has."""
    return _MANY_MARKS.sub(_thinned, text)


def _thinned(match: re.Match[str]) -> str:
    kept, marks = [], 0
    for char in match[0]:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MARK_LIMIT:
            kept.append(char)
    return "".join(kept)


def _without_markup(markup: str) -> str:
    """Return the visible text of an HTML fragment."""
    if "<" not in markup:
        return html.unescape(markup)
    from selectolax.lexbor import LexborHTMLParser  # only rounds with new text need it

    markup = _defused(markup[:MARKUP_LIMIT])
    # One line of text needs no layout but a space before every block tag. That saves a tree walk in Python.
    # With the body tag, elements of a head (style, noscript, title) do not end the text in the middle.
    tree = LexborHTMLParser("<body>" + _BLOCK.sub(r" \g<0>", markup))
    tree.strip_tags(_DROPPED)
    return tree.body.text(deep=True) if tree.body else ""  # a frameset has no body


def _defused(markup: str) -> str:
    """Return markup with the same text and a parsing cost linear in its length."""
    parts = markup.split("<", TAG_LIMIT + 1)[: TAG_LIMIT + 1]
    if len(parts) > _FEW_TAGS:
        markup = _REOPENED.sub(r"\1span", "<".join(parts))
    if max(map(len, parts)) > _TAG_LENGTH:
        markup = _WHOLE_TAG.sub(lambda tag: f"<{tag[1]}>" if len(tag[0]) > _TAG_LENGTH else tag[0], markup)
    return markup


# Link extraction removes the semicolon of a reference. Some software loses the angle brackets or makes a comment of it.
_COVER: Final = re.compile(r"(?:\s*+(?P<angle><|&lt;?)?!(?:--)?\[CDATA\[){1,4}", re.IGNORECASE)
_COVER_ENDS: Final = ("]]>", "]]&gt;", "]]&gt", "]]-->", "]]--&gt;")
_COVER_WITHIN: Final = re.compile(r"\]\](?:--)?(?:>|&gt;?)(?:\s*(?:<|&lt;?)!(?:--)?\[CDATA\[)?", re.IGNORECASE)


def uncovered(text: str) -> str:
    """
    Return text without the marks of a CDATA section around it, left by double wrapping or escaping.

    The content is unchanged: references in it are still references. Marks in the middle of a text are part of it.
    """
    opened = _COVER.match(text)
    if opened is None:
        return text
    text = text[opened.end() :].rstrip()
    ends = _COVER_ENDS if opened["angle"] else ("]]",)
    for _ in range(4):  # as many as the opening marks
        end = next((mark for mark in ends if text.endswith(mark)), "")
        text = text.removesuffix(end).rstrip()
    return _COVER_WITHIN.sub("", text)


def guess_kind(value: str) -> TextKind:
    """
    Return the likely type of a text without a declared type (an RSS title, a category).

    RSS 2.0 leaves it open: most titles are text, some are escaped HTML (RSS Board, best practices, "title"). A text counts as
    HTML in two cases. Either every tag is a common one, and there is a pair of tags, a `<br>` or a character reference. Or a
    browser would run or load something, and there are words beside it. So `The <script> element` and `List<T>` are text,
    but `<b>New</b>`, `Q&amp;A` and `<img src=x> New` are HTML.
    """
    tags = [(bool(slash), name.lower()) for slash, name in _TAG.findall(value)]
    opened = {name for closing, name in tags if not closing}
    closed = {name for closing, name in tags if closing}
    if opened & closed & _ACTIVE_TAGS or _ACTIVE_ATTRIBUTE.search(value):
        return "html" if _without_markup(value).strip() else "text"
    if not all(_EVERYDAY_TAG.fullmatch(name) for _, name in tags):
        return "text"
    if opened & (closed | {"br", "wbr"}):
        return "html"
    return "html" if any(name[0] == "#" or name in html5 for name in _REFERENCE.findall(value)) else "text"


def clean_title(markup: str, kind: TextKind) -> str:
    """Return a title as one plain line of at most `TITLE_LIMIT` characters."""
    return _cut(plain(markup, kind), TITLE_LIMIT)


def clean_summary(markup: str, kind: TextKind) -> str:
    """
    Return the beginning of a text as one plain line of at most `SUMMARY_LIMIT` characters.

    It ends with the last complete sentence if that is at least half of the limit, else at a word with an ellipsis.
    """
    whole = plain(markup, kind)
    if len(whole) <= SUMMARY_LIMIT:
        return whole
    ends = [match.end() for match in _SENTENCE_END.finditer(whole, 0, SUMMARY_LIMIT)]
    if ends and ends[-1] >= SUMMARY_LIMIT // 2:
        return whole[: ends[-1]]
    return _cut(whole, SUMMARY_LIMIT)


def _cut(text: str, limit: int) -> str:
    """Return `text` within `limit` characters, cut at a space or, in scripts without, between two characters."""
    if len(text) <= limit:
        return text
    end = limit - 1  # room for the ellipsis
    space = text.rfind(" ", limit * 3 // 4, end + 1)
    if space != -1:
        return text[:space].rstrip() + "…"
    while end > 0 and _inside_character(text, end):
        end -= 1
    return text[: end or limit - 1].rstrip() + "…"


def _inside_character(text: str, index: int) -> bool:
    """Whether a cut before `text[index]` would split a visible character (the common part of UAX #29)."""
    following = text[index]
    if text[index - 1] == "\u200d" or _EXTENDER.match(following) or unicodedata.category(following).startswith("M"):
        return True
    flags = _REGIONAL_RUN.search(text[:index])
    return following in _REGIONAL and flags is not None and len(flags[0]) % 2 == 1


def script_language(text: str) -> str | None:
    """
    Return `ja` for text with kana, `ko` for text with hangul, else None.

    Only these scripts prove a language. Chinese and Japanese titles share Han characters.
    """
    if _KANA.search(text):
        return "ja"
    return "ko" if _HANGUL.search(text) else None


def language_tag(raw: str | None) -> str | None:
    """
    Return a language tag in its usual case (`en-us` and `en_US` → `en-US`, RFC 5646 §2.1.1), None if it is not one.

    Later parts with two letters are regions, with four letters scripts.
    """
    tag = (raw or "").strip().replace("_", "-")
    if not _LANGUAGE_TAG.fullmatch(tag) or len(tag) > 35:  # noqa: PLR2004 RFC 5646 §4.4.1: 35 always suffices
        return None
    first, *rest = tag.split("-")
    cased = [part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part.lower() for part in rest]  # noqa: PLR2004 lengths of RFC 5646
    return "-".join([first.lower(), *cased])
