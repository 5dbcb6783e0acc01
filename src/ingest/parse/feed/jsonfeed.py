"""JSON Feed 1.0 and 1.1 (jsonfeed.org), read with the tolerance its readers have: numbers as ids, items without title."""

from __future__ import annotations

from typing import Any, Final

from ingest.errors import ParseError
from ingest.model import Document, Entry, TextKind, Unreadable
from ingest.parse.entry.fields import ENTRY_LIMIT, first_date, first_update
from ingest.parse.feed.base import Base
from ingest.parse.markup import jsontext
from ingest.parse.markup.characters import number, string
from ingest.parse.markup.links import absolute
from ingest.text import clean_title, guess_kind, language_tag

_DIALECTS: Final = {"1": "json1", "1.1": "json11"}
_VERSION: Final = "jsonfeed.org/version/"


def parse(text: str, base: str, notes: list[str]) -> Document:
    """
    Read a JSON Feed. Relative addresses are not allowed, but are resolved as in other feeds.

    Args:
        text: The document.
        base: The address that answered.
        notes: Faults of the document so far.

    Raises:
        ParseError: `broken` (not JSON) or `not-a-feed` (other JSON).
    """
    try:
        feed: Any = jsontext.load(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"The answer begins like JSON and is not: {error!s:.100}.", rule="broken") from error
    version = string(feed.get("version")) if isinstance(feed, dict) else ""
    if _VERSION not in version or not isinstance(feed.get("items"), list):
        raise ParseError("The answer is JSON, but no JSON Feed; kind: json reads other lists.", rule="not-a-feed")
    lang = language_tag(string(feed.get("language")))
    site = _first(feed.get("home_page_url"))
    link = absolute(site, base) if site else None
    links = Base.of(link, base)
    read = [_item(item, position, links, lang) for position, item in enumerate(feed["items"][:ENTRY_LIMIT])]
    if (left := len(feed["items"]) - ENTRY_LIMIT) > 0:
        read.append(Unreadable(ENTRY_LIMIT, "too-many", f"{left} entries after the first {ENTRY_LIMIT}"))
    return Document(
        dialect=_DIALECTS.get(version.partition(_VERSION)[2].rstrip("/"), "json"),
        title=clean_title(string(feed.get("title")), "text"),
        link=link,
        lang=lang,
        entries=tuple(item for item in read if isinstance(item, Entry)),
        unreadable=tuple(item for item in read if isinstance(item, Unreadable)),
        damage="; ".join(notes),
    )


def _item(item: object, position: int, base: Base, feed_lang: str | None) -> Entry | Unreadable:
    """Read one item. Its page is `url`, else `external_url`, the page it is about."""
    if not isinstance(item, dict):
        return Unreadable(position, "not-an-object", f"the item is a {type(item).__name__}")
    for name in ("url", "title"):
        if isinstance(value := item.get(name), jsontext.HugeNumber):
            return Unreadable(position, "number", f"its {name} at /items/{position}/{name} is {value.description}")
    entry_id = number(item.get("id"))  # "a number would be coerced to a string" (version 1.1, id)
    title = _title(item.get("title"))
    summary, summary_type = _summary(item)
    link, against = (
        base.resolve(written) if (written := _first(item.get("url"), item.get("external_url"))) else (None, "")
    )
    entry = Entry(
        position=position,
        entry_id=entry_id or None,
        link=link,
        title=title,
        title_type=guess_kind(title),  # "plain text"; yet 2 of 22 recorded feeds write `&#8217;` in it
        summary=summary,
        summary_type=summary_type,
        published=first_date(number(item.get("date_published")), number(item.get("date_modified"))),
        updated=first_update(number(item.get("date_modified")), number(item.get("date_published"))),
        lang=language_tag(string(item.get("language"))) or feed_lang,
        categories=tuple(filter(None, map(string, item["tags"]))) if isinstance(item.get("tags"), list) else (),
        base=against,
    )
    if not (entry.title or entry.link or entry.entry_id or entry.summary):
        return Unreadable(position, "empty", "an entry without title, link, id or text")
    return entry


def _title(value: object) -> str:
    """Return a title from a text, a number, or the object of WordPress's interface (`{"rendered": …}`)."""
    return string(value.get("rendered")) if isinstance(value, dict) else number(value)


def _summary(item: dict[str, Any]) -> tuple[str, TextKind]:
    kinds: tuple[tuple[str, TextKind], ...] = (("summary", "text"), ("content_text", "text"), ("content_html", "html"))
    return next(((value, kind) for key, kind in kinds if (value := string(item.get(key)))), ("", "text"))


def _first(*candidates: object) -> str:
    return next(filter(None, map(string, candidates)), "")
