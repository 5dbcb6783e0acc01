"""
Feeds of every dialect: RSS 0.90–2.0, RSS 1.0 (RDF), Atom 0.3 and 1.0, CDF, JSON Feed; told apart by content.

Media types are not believed: feeds come as `text/html`, challenge pages as `application/rss+xml`. XML is read by
feedparser, which forgives what generators get wrong; what it must not do here is switched off or done before: fetching
(it is given bytes in memory, never a name), guessing encodings, resolving, sanitising and reading dates.
"""

from __future__ import annotations

import html
import re
import xml.sax
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import feedparser

from ingest.errors import ParseError
from ingest.model import Capture, Document, Entry, TextKind, Unreadable
from ingest.parse.entry.fields import (
    ENTRY_LIMIT,
    Base,
    absolute,
    breaks_off,
    first_date,
    first_update,
    has_web_scheme,
    is_web,
    string,
)
from ingest.parse.feed import bounded, jsonfeed
from ingest.parse.feed.skips import skips_of
from ingest.parse.markup.characters import legal
from ingest.parse.markup.decoding import decode
from ingest.parse.markup.references import mended
from ingest.text import clean_title, guess_kind, language_tag

_Raw = dict[str, Any]  # what feedparser calls an entry; any element of the feed can have put any type under any key

# ── telling apart ───────────────────────────────────────────────────────────────────────────────────────────────

_PROLOG: Final = re.compile(
    r"(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>)*", re.DOTALL | re.IGNORECASE
)
_ROOT: Final = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_FEED_ROOTS: Final = frozenset({"rss", "rdf", "feed", "channel", "entry"})  # `channel` is CDF's, `entry` RFC 4287 §2's
_FEED_BEGINS: Final = re.compile(
    r"<(rss(?=\s[^<>]*version=)|(?:\w+:)?(?:feed|rdf)(?=\s[^<>]*xmlns))[^<>]*>", re.IGNORECASE
)
_FEED_ENDS: Final = re.compile(r"</((?:\w+:)?(?:rss|feed|rdf))\s*>", re.IGNORECASE)
_HTML: Final = re.compile(r"<!DOCTYPE\s+html|<html[\s>]", re.IGNORECASE)
_HTML_WITHIN: Final = 10_000  # characters; challenge pages begin with scripts and comments
# A browser's own view of a feed, which is what a gateway that drives one hands on: the markup is the text of a `pre`.
_SHOWN: Final = re.compile(
    r"(?:\A\s*|<body\b[^<>]*>\s*<pre\b[^<>]*>\s*|\A\s*<pre\b[^<>]*>\s*)(?=&lt;(?:\?xml|rss|feed|rdf:RDF|\w+:feed)\b)",
    re.IGNORECASE,
)
_HTML_TITLE: Final = re.compile(r"<title[^<>]*>([^<]{1,200})", re.IGNORECASE)

# ── what feedparser is spared ───────────────────────────────────────────────────────────────────────────────────

# It takes `media:description`, the caption of a picture, for the entry's summary when it comes first (blog.google).
_CAPTION: Final = re.compile(r"(</?media:)description\b")
# It counts an empty `link` as one and then does not look at a guid that is a permalink.
_EMPTY_LINK: Final = re.compile(r"<link>\s*</link>|<link\s*/>")
# It resolves an empty `href` to the address of the feed itself, which is no entry's page.
_EMPTY_HREF: Final = re.compile(r"(<(?:\w+:)?link\b[^<>]*?)\shref\s*=\s*(?:\"\"|'')")
# It fails as a whole on a place that it cannot read (`KeyError: 'where'`), and places are of no use to us.
_PLACE: Final = re.compile(r"<((?:georss|gml|geo):\w+)(?:\s[^<>]*)?>[^<]*</\1\s*>")
# What hostile or broken input has been seen to raise from its parsers (fuzzed), beside what `xml.sax` documents.
_PARSER_FAULTS: Final = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
    *(xml.sax.SAXException, feedparser.UndeclaredNamespace),
)
# CDATA inside CDATA ends at the first end, and the second is no XML.
_TWICE: Final = re.compile(
    r"<!\[CDATA\[\s*+(?:<!\[CDATA\[\s*+){1,4}((?:(?!\]\]>|<!\[CDATA\[).)*+)(?:\]\]>\s*+){2,5}", re.DOTALL
)
_ENTRY_TAG: Final = re.compile(r"<(?P<closing>/?)(?P<name>item|entry)(?=[\s/>])[^<>]*>", re.IGNORECASE)
_SALVAGE_LIMIT: Final = 20  # times the length; among 20,000 entries one guilty costs 3, a hundred 10, a thousand 13

_ALTERNATE: Final = frozenset({"alternate", "http://www.iana.org/assignments/relation/alternate"})
_FOREIGN_CATEGORIES: Final = ("http://search.yahoo.com/mrss", "http://www.itunes.com/")  # of pictures and podcasts
_PERIODS: Final = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 730, "yearly": 8760}  # hours
_LONGEST_TTL: Final = timedelta(days=30)  # a wish beyond that is a mistake in the unit


def parse(capture: Capture) -> Document:
    """
    Read a capture as a feed.

    Relative links are resolved against `xml:base`; else, for a feed that lives on another host than its site, against the page
    that it says it is of (SimplePie does so, too); else against the address it came from. `Content-Location` is not asked:
    since RFC 7231 (appendix B) it no longer is a base.

    Raises:
        ParseError: With rule `empty`, `html`, `not-a-feed` or `broken`.
    """
    text, damage = decode(capture.content, capture.content_type)
    written = legal(text)
    notes = [damage] if damage else []
    if len(written) < len(text):
        notes.append(f"{len(text) - len(written)} control characters")
    try:
        if written.lstrip().startswith(("{", "[")):
            return jsonfeed.parse(written, capture.final_url, notes)
        markup, junk = _feed_markup(written)
        return _document(markup, capture.final_url, notes + junk)
    except ParseError as error:
        raise ParseError(error.message, rule=error.rule, subject=capture.source_id) from error


def _feed_markup(text: str) -> tuple[str, list[str]]:
    """Return the part of a text that is a feed, and a note if something else stood around it."""
    if not text.strip():
        raise ParseError("The answer has no content; look at the address in a browser.", rule="empty")
    name = _root_of(text)
    if name in _FEED_ROOTS:
        return text.lstrip(), []
    if buried := _buried(text):  # after a script's warning, or inside a page that somebody wrapped around it
        return buried, [f"{len(text) - len(buried)} characters around the feed"]
    if (shown := _SHOWN.search(text, 0, _HTML_WITHIN)) and (buried := _buried(html.unescape(text[shown.end() :]))):
        return buried, ["the feed stands escaped inside a page, as a browser shows it"]
    if name == "html" or _HTML.search(text, 0, _HTML_WITHIN):
        title = _HTML_TITLE.search(text)
        called = f" called “{clean_title(title[1], 'html')}”" if title else ""
        raise ParseError(
            f"The answer is a web page{called}, not a feed; look at the address in a browser.", rule="html"
        )
    if name in {"urlset", "sitemapindex"}:
        raise ParseError("The answer is a sitemap; give the source kind: sitemap.", rule="not-a-feed")
    what = f"XML with the root element {name}" if name else "neither XML nor JSON"
    raise ParseError(f"The answer is {what}, not a feed; look at the address in a browser.", rule="not-a-feed")


def _root_of(text: str) -> str:
    """Return the name of a document's first element without its prefix, in lower case; "" if there is none."""
    start = _PROLOG.match(text)
    root = _ROOT.match(text, start.end() if start else 0)
    return root[1].lower() if root else ""


def _buried(text: str) -> str:
    """Return the first feed inside a text, "" if there is none."""
    ends = {found[1].lower(): found.end() for found in _FEED_ENDS.finditer(text)}  # the last of each
    spans = ((begin.start(), ends.get(begin[1].lower(), 0)) for begin in _FEED_BEGINS.finditer(text))
    return next((text[start:end] for start, end in spans if end > start), "")


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _document(markup: str, base: str, notes: list[str]) -> Document:
    markup, count = mended(markup)
    if count:
        notes.append(f"{count} bad references")
    markup = _spared(markup)
    try:
        parsed = _feedparser(markup, base)
        raws: list[_Raw | Unreadable] = list(parsed["entries"])
    except _PARSER_FAULTS as fault:
        notes.append(f"an entry breaks the parser ({fault!r:.80})")
        parsed, raws = _salvage(markup, base)
    if error := parsed.get("bozo_exception"):
        notes.append(_complaint(error))
        if raws and _is_cut_off(markup):
            raws[-1] = Unreadable(0, "truncated", "the document ends inside this entry")
    head: _Raw = parsed["feed"]
    dialect = string(parsed["version"]) or "unknown"
    if dialect == "unknown" and not raws:
        raise ParseError("The answer is XML, but of no dialect of feed.", rule="not-a-feed")
    lang = language_tag(string(dict.get(head, "language")))
    skip_hours, skip_days = skips_of(markup)
    site = _link(head, dialect, lang)
    link = absolute(site, base) if site else None
    entries, unreadable = _entries(raws, dialect, Base.of(link, base), lang)
    return Document(
        dialect=dialect,
        title=clean_title(*_title(head, dialect)),
        link=link,
        lang=lang,
        entries=tuple(entries),
        unreadable=tuple(unreadable),
        ttl=_ttl(head),
        damage="; ".join(notes),
        cut=bool(error) and breaks_off(markup, _root_of(markup)),
        skip_hours=skip_hours,
        skip_days=skip_days,
    )


def _spared(markup: str) -> str:
    """Return a feed without what misleads feedparser."""
    markup = _TWICE.sub(r"<![CDATA[\1]]>", _CAPTION.sub(r"\1caption", markup))
    markup = _EMPTY_HREF.sub(r"\1", _EMPTY_LINK.sub("", markup))
    return _PLACE.sub("", markup)


def _complaint(error: Exception) -> str:
    """Return what the XML parser did not like, in one line."""
    if isinstance(error, xml.sax.SAXParseException):
        return f"line {error.getLineNumber()}: {error.getMessage()}"
    return f"{error!s:.200}"


def _feedparser(markup: str, address: str) -> dict[str, Any]:
    """Read what is made ready; what feedparser's reader of ill-formed feeds leaves escaped is decoded."""
    parsed = bounded.parse(markup, address)
    if isinstance(parsed.get("bozo_exception"), xml.sax.SAXException):
        for raw in parsed["entries"]:
            _unescape(raw)
    return parsed


def _unescape(raw: _Raw) -> None:
    """
    Decode what feedparser's reader of ill-formed feeds leaves escaped.

    An id with an `&` would change with every slip in its feed, and its entry would seem to be a new one.
    """
    for fields, key in (
        (raw, "id"),
        *((tag, name) for tag in _dicts(dict.get(raw, "tags")) for name in ("term", "label")),
    ):
        if value := string(dict.get(fields, key)):
            dict.__setitem__(fields, key, html.unescape(value))


def _salvage(markup: str, address: str) -> tuple[dict[str, Any], list[_Raw | Unreadable]]:
    """
    Read a feed that breaks the parser in halves, and those in halves, until only the guilty entries are left out.

    What is parsed again and again has a bound, or a hostile feed would cost the square of its length.
    """
    blocks = _blocks(markup)
    head, tail = (markup[: blocks[0][0]], markup[blocks[-1][1] :]) if blocks else (markup, "")
    try:
        frame = _feedparser(head + tail, address)
    except _PARSER_FAULTS as fault:
        raise ParseError(f"The feed breaks the parser ({fault!r:.80}).", rule="broken") from fault
    left = _SALVAGE_LIMIT * len(markup)

    def read(part: list[tuple[int, int]]) -> list[_Raw | Unreadable]:
        nonlocal left
        left -= len(head) + len(tail) + part[-1][1] - part[0][0]
        if left < 0:
            return [Unreadable(0, "broken", "among too many entries that break the parser")] * len(part)
        try:
            whole = head + "".join(markup[start:end] for start, end in part) + tail
            return list(_feedparser(whole, address)["entries"])
        except _PARSER_FAULTS as fault:
            if len(part) == 1:
                return [Unreadable(0, "broken", f"{fault!r:.200}")]
        middle = len(part) // 2
        return [*read(part[:middle]), *read(part[middle:])]

    return frame, read(blocks) if blocks else []


def _blocks(markup: str) -> list[tuple[int, int]]:
    """Return where each entry begins and ends, found without a parser."""
    blocks: list[tuple[int, int]] = []
    opened: re.Match[str] | None = None
    for tag in _ENTRY_TAG.finditer(markup):
        if not tag["closing"]:
            opened = opened or tag
        elif opened and tag["name"].lower() == opened["name"].lower():
            blocks.append((opened.start(), tag.end()))
            opened = None
    return blocks


def _is_cut_off(markup: str) -> bool:
    """Whether an ill-formed document ends inside an entry: its last words may be missing, so they are not believed."""
    lower = markup.lower()
    return any(lower.rfind(f"<{name}") > lower.rfind(f"</{name}") for name in ("item", "entry"))


def _entries(
    raws: list[_Raw | Unreadable], dialect: str, base: Base, lang: str | None
) -> tuple[list[Entry], list[Unreadable]]:
    entries: list[Entry] = []
    unreadable: list[Unreadable] = []
    for position, raw in enumerate(raws[:ENTRY_LIMIT]):
        if isinstance(raw, Unreadable):
            unreadable.append(replace(raw, position=position))
            continue
        entry = _entry(raw, position, dialect, base, lang)
        if entry.title or entry.link or entry.entry_id or entry.summary:
            entries.append(entry)
        else:
            unreadable.append(Unreadable(position, "empty", "an entry without title, link, id or text"))
    if len(raws) > ENTRY_LIMIT:
        left = f"{len(raws) - ENTRY_LIMIT} entries after the first {ENTRY_LIMIT}"
        unreadable.append(Unreadable(ENTRY_LIMIT, "too-many", left))
    return entries, unreadable


def _entry(raw: _Raw, position: int, dialect: str, base: Base, feed_lang: str | None) -> Entry:
    detail = dict.get(raw, "title_detail")
    own = dict.get(raw, "language") or (detail.get("language") if isinstance(detail, dict) else None)
    lang = language_tag(string(own)) or feed_lang
    title, title_type = _title(raw, dialect)
    summary, summary_type = _summary(raw)
    link, against = base.resolve(written) if (written := _link(raw, dialect, lang)) else (None, "")
    xml_base = string(dict.get(raw, bounded.BASE))
    published, updated, created = (dict.get(raw, key) for key in ("published", "updated", "created"))
    return Entry(
        position=position,
        entry_id=string(dict.get(raw, "id")) or None,
        link=link,
        title=title,
        title_type=title_type,
        summary=summary,
        summary_type=summary_type,
        # RFC 4287 requires `updated` only, and feeds of releases give nothing else; dc:date arrives as `updated` too.
        published=first_date(published, created, updated),
        updated=first_update(updated, published),
        lang=lang,
        categories=tuple(_categories(raw)),
        base=f"xml:base {xml_base}" if xml_base and not against else against,
    )


# ── fields; `dict.get` goes round feedparser's aliases, which answer `updated` with `published` and warn ────────────


def _title(raw: _Raw, dialect: str) -> tuple[str, TextKind]:
    """Return the title as written and how it is meant: stated in Atom (RFC 4287 §3.1.1), to be guessed in RSS."""
    title, detail = string(dict.get(raw, "title")), dict.get(raw, "title_detail")
    kind = string(detail.get("type")) if isinstance(detail, dict) else ""
    if kind == "application/xhtml+xml":
        return title, "html"
    if dialect.startswith("atom"):
        return title, "html" if kind == "text/html" else "text"
    return title, guess_kind(title)


def _summary(raw: _Raw) -> tuple[str, TextKind]:
    """Return summary, else content, else the caption of the entry's picture or video."""
    parts = [dict.get(raw, "summary_detail"), *_dicts(dict.get(raw, "content"))]
    for part in parts:
        if isinstance(part, dict) and (value := string(part.get("value"))):
            kind = string(part.get("type"))
            return value, "text" if kind == "text/plain" and guess_kind(value) == "text" else "html"
    return string(dict.get(raw, "media_caption")), "text"


def _link(raw: _Raw, dialect: str, lang: str | None) -> str:
    """
    Return the address of the page that an entry, or the feed, stands for, as written; "" where there is none.

    The publisher's own address where FeedBurner put its counter in between; else `rel=alternate`, preferably HTML and
    in the entry's language (RFC 4287 §4.2.7.2, §4.1.1); in RSS else a guid that is a permalink, or `rdf:about` (RSS
    2.0 "guid", RSS 1.0 §5.5). An Atom id is never a link (`normalise` says what is done without any).
    """
    original = string(dict.get(raw, "feedburner_origlink"))
    links = [link for link in _dicts(dict.get(raw, "links")) if string(link.get("rel")) in _ALTERNATE]
    ranked = sorted(
        (not _is_html(link), not is_web(href), _is_foreign(link, lang), position, href)
        for position, link in enumerate(links)
        if (href := string(link.get("href")))
    )
    written = original or (ranked[0][-1] if ranked else "")
    if not written and not dialect.startswith("atom"):
        guid = string(dict.get(raw, "id"))
        is_link = dict.get(raw, "guidislink") is True or dialect in {"rss10", "rss090"}
        written = guid if is_link and has_web_scheme(guid) else ""
    return written if not written.startswith("#") else ""  # which is the feed itself


def _is_html(link: _Raw) -> bool:
    return string(link.get("type")) in {"text/html", "application/xhtml+xml", "html", ""}


def _is_foreign(link: _Raw, lang: str | None) -> bool:
    """Whether a link says that it leads to another language than the entry's."""
    target = language_tag(string(link.get("hreflang")))
    return bool(lang and target and lang.split("-")[0] != target.split("-")[0])


def _categories(raw: _Raw) -> Iterable[str]:
    for tag in _dicts(dict.get(raw, "tags")):
        if not string(tag.get("scheme")).startswith(_FOREIGN_CATEGORIES) and (
            name := string(tag.get("label")) or string(tag.get("term"))
        ):
            yield name


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _ttl(head: _Raw) -> timedelta | None:
    """Return how long the feed wishes to be left alone: RSS 2.0 `ttl` in minutes, else RSS 1.0 `sy:updatePeriod`."""
    ttl, period, frequency = (string(dict.get(head, key)) for key in ("ttl", "sy_updateperiod", "sy_updatefrequency"))
    if re.fullmatch(r"[0-9]{1,6}", ttl):
        wish = timedelta(minutes=int(ttl))
    elif period.lower() in _PERIODS:
        times = int(frequency) if re.fullmatch(r"[0-9]{1,4}", frequency) else 1
        wish = timedelta(hours=_PERIODS[period.lower()]) / max(times, 1)
    else:
        return None
    return min(wish, _LONGEST_TTL) if wish else None
