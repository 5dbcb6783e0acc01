"""
Feeds of every dialect: RSS 0.90–2.0, RSS 1.0 (RDF), Atom 0.3 and 1.0, CDF and JSON Feed.

The content decides the dialect, because feeds come as `text/html` and challenge pages as `application/rss+xml`. feedparser
reads XML and forgives the mistakes of generators. It gets bytes in memory, never a name, so it fetches nothing. It does not
guess encodings, resolve links, sanitise markup or read dates.
"""

from __future__ import annotations

import re
import xml.sax
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ingest.errors import ParseError
from ingest.model import Document, Entry, TextKind, Unreadable
from ingest.parse.entry.fields import ENTRY_LIMIT, first_date, first_update
from ingest.parse.feed import bounded, independence, jsonfeed, salvage
from ingest.parse.feed.base import Base
from ingest.parse.feed.recognition import feed_in, root_of
from ingest.parse.feed.salvage import Raw
from ingest.parse.feed.skips import skips_of
from ingest.parse.markup.characters import legal, string
from ingest.parse.markup.decoding import Decoded
from ingest.parse.markup.links import absolute, has_web_scheme, is_web
from ingest.parse.markup.references import mended
from ingest.parse.markup.truncation import lacks_end
from ingest.text import clean_title, guess_kind, language_tag

_ALTERNATE: Final = frozenset({"alternate", "http://www.iana.org/assignments/relation/alternate"})
_FOREIGN_CATEGORIES: Final = ("http://search.yahoo.com/mrss", "http://www.itunes.com/")  # of pictures and podcasts
_PERIODS: Final = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 730, "yearly": 8760}  # hours
_LONGEST_TTL: Final = timedelta(days=30)  # a wish beyond that is a mistake in the unit


def parse(decoded: Decoded, url: str) -> Document:
    """
    Read a feed.

    The base of relative links is `xml:base`. Without it, the base is the site's page when the feed is on another host
    (as in SimplePie), else the feed's own address. `Content-Location` is not a base since RFC 7231 (appendix B).

    Args:
        decoded: The document.
        url: The address that answered.

    Raises:
        ParseError: `empty`, `html`, `not-a-feed` or `broken`.
    """
    written = legal(decoded.text)
    notes = [decoded.damage] if decoded.damage else []
    if len(written) < len(decoded.text):
        notes.append(f"{len(decoded.text) - len(written)} control characters")
    if written.lstrip().startswith(("{", "[")):
        return jsonfeed.parse(written, url, notes)
    markup, junk = feed_in(written)
    return _document(markup, url, notes + junk)


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _document(markup: str, base: str, notes: list[str]) -> Document:
    markup, count = mended(markup)
    is_sound = not notes  # each bad reference is mended where it stands, whatever else is in the document
    if count:
        notes.append(f"{count} bad references")
    markup = bounded.spared(markup)
    parsed, raws, fault = salvage.read(markup, base)
    if fault:
        is_sound = False
        notes.append(fault)
    if error := parsed.get("bozo_exception"):
        is_sound = False
        notes.append(_complaint(error))
        if raws and salvage.is_cut_off(markup):
            raws[-1] = Unreadable(0, "truncated", "the document ends inside this entry")
    head: Raw = parsed["feed"]
    dialect = string(parsed["version"]) or "unknown"
    if dialect == "unknown" and not raws:
        raise ParseError("The answer is XML, but of no dialect of feed.", rule="not-a-feed")
    lang = language_tag(string(dict.get(head, "language")))
    skip_hours, skip_days = skips_of(markup)
    site = _link(head, dialect, lang)
    link = absolute(site, base) if site else None
    links = Base.of(link, base)
    entries, unreadable = _entries(raws, dialect, links, lang)
    state = dict.get(head, independence.CONTEXT) if is_sound else ""
    return Document(
        dialect=dialect,
        title=clean_title(*_title(head, dialect)),
        link=link,
        lang=lang,
        entries=tuple(entries),
        unreadable=tuple(unreadable),
        ttl=_ttl(head),
        damage="; ".join(notes),
        cut=bool(error) and lacks_end(markup, root_of(markup)),
        skip_hours=skip_hours,
        skip_days=skip_days,
        context=independence.digest(state, dialect, links, lang) if state else "",
    )


def _complaint(error: Exception) -> str:
    """Return the complaint of the XML parser in one line."""
    if isinstance(error, xml.sax.SAXParseException):
        return f"line {error.getLineNumber()}: {error.getMessage()}"
    return f"{error!s:.200}"


def _entries(
    raws: list[Raw | Unreadable], dialect: str, base: Base, lang: str | None
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


def _entry(raw: Raw, position: int, dialect: str, base: Base, feed_lang: str | None) -> Entry:
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


def _title(raw: Raw, dialect: str) -> tuple[str, TextKind]:
    """Return the title as written and how it is meant: stated in Atom (RFC 4287 §3.1.1), to be guessed in RSS."""
    title, detail = string(dict.get(raw, "title")), dict.get(raw, "title_detail")
    kind = string(detail.get("type")) if isinstance(detail, dict) else ""
    if kind == "application/xhtml+xml":
        return title, "html"
    if dialect.startswith("atom"):
        return title, "html" if kind == "text/html" else "text"
    return title, guess_kind(title)


def _summary(raw: Raw) -> tuple[str, TextKind]:
    """Return summary, else content, else the caption of the entry's picture or video."""
    parts = [dict.get(raw, "summary_detail"), *salvage.dicts(dict.get(raw, "content"))]
    for part in parts:
        if isinstance(part, dict) and (value := string(part.get("value"))):
            kind = string(part.get("type"))
            return value, "text" if kind == "text/plain" and guess_kind(value) == "text" else "html"
    return string(dict.get(raw, "media_caption")), "text"


def _link(raw: Raw, dialect: str, lang: str | None) -> str:
    """
    Return the address of the page of an entry or a feed as written, and "" without one.

    The publisher's own address comes before FeedBurner's counter. Then follows `rel=alternate`, preferably HTML and in the entry's
    language (RFC 4287 §4.2.7.2, §4.1.1). In RSS a permalink guid or `rdf:about` is next (RSS 2.0 "guid", RSS 1.0 §5.5). An Atom id
    is never a link.
    """
    original = string(dict.get(raw, "feedburner_origlink"))
    links = [link for link in salvage.dicts(dict.get(raw, "links")) if string(link.get("rel")) in _ALTERNATE]
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


def _is_html(link: Raw) -> bool:
    return string(link.get("type")) in {"text/html", "application/xhtml+xml", "html", ""}


def _is_foreign(link: Raw, lang: str | None) -> bool:
    """Whether a link declares another language than the entry's."""
    target = language_tag(string(link.get("hreflang")))
    return bool(lang and target and lang.split("-")[0] != target.split("-")[0])


def _categories(raw: Raw) -> Iterable[str]:
    for tag in salvage.dicts(dict.get(raw, "tags")):
        if not string(tag.get("scheme")).startswith(_FOREIGN_CATEGORIES) and (
            name := string(tag.get("label")) or string(tag.get("term"))
        ):
            yield name


def _ttl(head: Raw) -> timedelta | None:
    """Return the requested interval of a feed: RSS 2.0 `ttl` in minutes, else RSS 1.0 `sy:updatePeriod`."""
    ttl, period, frequency = (string(dict.get(head, key)) for key in ("ttl", "sy_updateperiod", "sy_updatefrequency"))
    if re.fullmatch(r"[0-9]{1,6}", ttl):
        wish = timedelta(minutes=int(ttl))
    elif period.lower() in _PERIODS:
        times = int(frequency) if re.fullmatch(r"[0-9]{1,4}", frequency) else 1
        wish = timedelta(hours=_PERIODS[period.lower()]) / max(times, 1)
    else:
        return None
    return min(wish, _LONGEST_TTL) if wish else None
