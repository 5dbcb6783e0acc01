r"""
Kind `sitemap`: XML sitemaps, sitemap indexes and news sitemaps (sitemaps.org protocol 0.9), also gzipped, and text ones.

* `lastmod` is the time of a file, which changes for whole sites at once. It is `updated` and never `published`. A news
  sitemap's `publication_date` and `title` are the publisher's statement (Google, "news sitemap").
* Other sitemaps have no titles. An entry without one waits for its own page.
* An index has `parts`, the addresses of other sitemaps, and no entries.
* The stanza's `include` and `exclude` on `path` select the announcements of the site. Other pages are not entries of the
  source. They are counted (`outside`), not filtered one by one in every poll.

`select`:

    part        a regular expression: the parts of an index to read. Default: all
    date        a regular expression with groups `year`, `month` and `day`, for a date in the address
                (`/news/news(?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d)`). Default: none

Tags are read one by one, because many sitemaps are ill-formed (bare `&`, undeclared names, truncated files).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ingest import dates, urls
from ingest.errors import ParseError, UrlError
from ingest.model import NO_DATE, Dated, Document, Entry, Source, Unreadable
from ingest.parse.entry.fields import first_date, first_update
from ingest.parse.markup.characters import legal
from ingest.parse.markup.decoding import Decoded
from ingest.parse.markup.links import absolute, has_scheme
from ingest.parse.markup.references import mended
from ingest.parse.markup.sniffing import declares_html
from ingest.parse.markup.truncation import lacks_end
from ingest.text import language_tag, uncovered

ADDRESS_LIMIT: Final = 50_000
"""Addresses of one sitemap (protocol 0.9, "Using Sitemap index files")."""

_DEPTH: Final = 16  # of elements; those of images, videos and news are three deep, and what is deeper says nothing here
_TOKEN: Final = re.compile(
    r"<!--(?:.*?-->|.*)|<!\[CDATA\[(?P<cdata>.*?)(?:\]\]>|\Z)|<[?!][^<>]*>?"
    r"|<(?P<slash>/?)(?P<name>[A-Za-z_][\w.:-]*+)(?P<attributes>[^<>]*+)>|(?P<text>[^<]+|<)",
    re.DOTALL,
)
_BEGINS: Final = re.compile(r"<(?:\w+:)?(?:urlset|sitemapindex)(?=[\s>])[^<>]*>")
_ROOTS: Final = frozenset({"urlset", "sitemapindex"})
_ADDRESS: Final = re.compile(r"https?://\S+")
_PREFIX_OF_PATH: Final = "path:"


@dataclass(slots=True)
class _UrlElement:
    """The values of one `url` or `sitemap` element, by the names of its children."""

    values: dict[str, str] = field(default_factory=dict)
    closed: bool = False
    name: str = "url"


def parse(decoded: Decoded, url: str, source: Source) -> Document:
    """
    Read a sitemap.

    Raises:
        ParseError: `empty`, `html`, `not-a-sitemap` or `not-absolute` (every address is relative).
    """
    notes = [note for note in (decoded.packing, decoded.damage) if note]
    return _document(legal(decoded.text), url, source, notes)


def _document(text: str, url: str, source: Source, notes: list[str]) -> Document:
    if not text.strip("\ufeff \t\r\n"):
        raise ParseError("The answer has no content; look at the address in a browser.", rule="empty")
    select = dict(source.select)
    root, items = _elements(mended(text)[0]) if "<" in text else _lines(text)
    if not root and (begins := _BEGINS.search(text)):  # after a script's warning, or inside a page wrapped around it
        notes.append(f"{begins.start()} characters before the sitemap")
        root, items = _elements(mended(text[begins.start() :])[0])
    if not root:
        raise _refusal(text)
    if len(items) > ADDRESS_LIMIT:
        items = items[:ADDRESS_LIMIT]
        notes.append(f"more than {ADDRESS_LIMIT} addresses")
    if items and not items[-1].closed:
        notes.append("the document ends inside an element")
    _see_absolute(items)
    cut = "<" in text and lacks_end(text, root)
    index = [item for item in items if _is_part(item, root)]
    listed = [item for item in items if not _is_part(item, root)]
    parts = tuple(_parts(index, url, select.get("part", "")))
    if root == "sitemapindex" and not listed:
        return Document("sitemapindex", "", None, None, (), parts=parts, damage="; ".join(notes), cut=cut)
    return replace(_urlset(listed, url, source, select, notes), parts=parts, cut=cut)


def _is_part(item: _UrlElement, root: str) -> bool:
    """Whether an element names another sitemap. Some generators mix sitemaps with pages."""
    return item.name == "sitemap" or (root == "sitemapindex" and item.name != "url")


def _refusal(text: str) -> ParseError:
    if declares_html(text):
        return ParseError("The answer is a web page, not a sitemap; look at the address in a browser.", rule="html")
    return ParseError("The answer is no sitemap; if it is a feed, give the source kind: feed.", rule="not-a-sitemap")


def _lines(text: str) -> tuple[str, list[_UrlElement]]:
    """Read a text sitemap: one address a line and nothing else (protocol 0.9, "Other Sitemap formats")."""
    lines = [line.strip() for line in text.splitlines() if line.strip("\ufeff \t")]
    if not all(_ADDRESS.fullmatch(line.strip("\ufeff")) for line in lines):
        return "", []
    return "urlset", [_UrlElement({"loc": line.strip("\ufeff")}, closed=True) for line in lines]


def _elements(text: str) -> tuple[str, list[_UrlElement]]:
    """
    Return the root element, and the values of each element below it.

    Only direct children count, because an image has a `loc` too, and those of a news element.
    """
    root = prefix = ""
    items: list[_UrlElement] = []
    path: list[str] = []
    pieces: list[str] = []
    for token in _TOKEN.finditer(text):
        name = token["name"]
        if name is None:
            pieces += [token["cdata"]] if token["cdata"] is not None else [html.unescape(token["text"] or "")]
            continue
        before, _, local = name.rpartition(":")
        if not root and local not in _ROOTS:
            break
        if local in _ROOTS and not token["slash"]:  # generators that join files leave each its own root
            path.clear()
            root, prefix = (root, prefix) if items else (local, before)
        elif token["slash"]:
            _close(path, items, name, "".join(pieces).strip(), prefix)
        elif not token["attributes"].endswith("/") and len(path) < _DEPTH:
            _open(path, items, name)
        pieces = []
        if len(items) > ADDRESS_LIMIT:
            break
    return root, items


def _open(path: list[str], items: list[_UrlElement], name: str) -> None:
    """Register the start of an element. At the top level, it is a new item."""
    if path and name == path[0]:  # the one before was not closed
        path.clear()
    path.append(name)
    if len(path) == 1:
        items.append(_UrlElement(name=name.rpartition(":")[2]))


def _close(path: list[str], items: list[_UrlElement], name: str, text: str, prefix: str) -> None:
    """Store the text of an element at its end. Unclosed elements end with the one around them."""
    if name not in path:
        return
    depth = len(path) - 1 - path[::-1].index(name)
    own = f"{prefix}:" if prefix else ""
    if depth == 1 and name.startswith(own) and ":" not in name[len(own) :]:
        items[-1].values.setdefault(name[len(own) :], text)
    elif depth >= 2 and path[1].rpartition(":")[2] == "news" and path[1] != "news":  # noqa: PLR2004 url, news, its child
        items[-1].values.setdefault(f"news:{name.rpartition(':')[2]}", text)
    elif depth == 0:
        items[-1].closed = True
    del path[depth:]


# ── what it says ────────────────────────────────────────────────────────────────────────────────────────────────


def _see_absolute(items: list[_UrlElement]) -> None:
    """Refuse a sitemap without absolute addresses. The protocol requires them ("loc"), and their base is unknown."""
    written = [loc for item in items if (loc := _loc(item))]
    if written and not any(map(has_scheme, written)):
        raise ParseError(
            f"None of its {len(written)} addresses is absolute, the first is {written[0]:.100}; a sitemap needs whole "
            "addresses with https://. Ask the site to mend it, or read its pages with kind: page.",
            rule="not-absolute",
        )


def _loc(item: _UrlElement) -> str:
    """Return the address of an element without CDATA written as text."""
    return uncovered(item.values.get("loc", "")).strip()


def _parts(items: list[_UrlElement], url: str, pattern: str) -> Iterator[str]:
    wanted = re.compile(pattern)
    written = map(_loc, items)
    links = dict.fromkeys(absolute(loc, url) for loc in written if has_scheme(loc))
    yield from (link for link in links if wanted.search(link))


def _urlset(
    items: list[_UrlElement], url: str, source: Source, select: Mapping[str, str], notes: list[str]
) -> Document:
    include, exclude = (_patterns(patterns) for patterns in (source.include, source.exclude))
    dated = re.compile(select["date"]) if "date" in select else None
    entries: list[Entry] = []
    unreadable: list[Unreadable] = []
    seen: set[str] = set()
    outside = 0
    for item in items:
        written = _loc(item)
        link = absolute(written, url) if has_scheme(written) else ""
        if link in seen:
            continue
        position = len(entries) + len(unreadable)
        if not link:
            unreadable.append(Unreadable(position, *_fault(item, written)))
        elif not _is_wanted(link, include, exclude):
            outside += 1
        else:
            seen.add(link)
            entries.append(_entry(item.values, link, position, dated))
    is_news = any("news:title" in item.values or "news:publication_date" in item.values for item in items)
    return Document(
        "newssitemap" if is_news else "sitemap",
        "",
        None,
        None,
        tuple(entries),
        tuple(unreadable),
        damage="; ".join(notes),
        outside=outside,
    )


def _fault(item: _UrlElement, written: str) -> tuple[str, str]:
    """Return why an element is no entry, by its short name and in words."""
    if written:
        return "not-absolute", f"the address {written:.200} is not absolute, as a sitemap's have to be"
    return ("no-link", "an element without an address") if item.closed else ("truncated", "an element that breaks off")


def _entry(values: Mapping[str, str], link: str, position: int, dated: re.Pattern[str] | None) -> Entry:
    printed = first_date(values.get("news:publication_date"))
    return Entry(
        position=position,
        entry_id=None,
        link=link,
        title=values.get("news:title", ""),
        published=printed if printed.raw else _date_in(link, dated),
        updated=first_update(values.get("lastmod")),
        lang=language_tag(values.get("news:language")),
    )


def _date_in(link: str, pattern: re.Pattern[str] | None) -> Dated:
    """Return the date in an address, by the stanza's pattern."""
    match = pattern.search(link) if pattern else None
    if match is None:
        return NO_DATE
    parts = [part for name in ("year", "month", "day") if (part := match.groupdict().get(name))]
    if not parts or not all(part.isdecimal() for part in parts):
        return NO_DATE
    century = "20" if len(parts[0]) == 2 else ""  # noqa: PLR2004 two digits
    return dates.parse("-".join([century + parts[0], *(part.zfill(2) for part in parts[1:])]))


def _patterns(written: tuple[str, ...]) -> list[re.Pattern[str]]:
    """Return the patterns on paths. Patterns on titles and categories apply later."""
    return [re.compile(text.removeprefix(_PREFIX_OF_PATH)) for text in written if text.startswith(_PREFIX_OF_PATH)]


def _is_wanted(link: str, include: list[re.Pattern[str]], exclude: list[re.Pattern[str]]) -> bool:
    if not include and not exclude:
        return True
    try:
        path = urls.parse(link).path
    except UrlError:
        return True  # not an address; links are refused and counted later
    if include and not any(pattern.search(path) for pattern in include):
        return False
    return not any(pattern.search(path) for pattern in exclude)
