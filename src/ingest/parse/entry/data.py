"""Entries of a list in JSON, for kind `json` and for data in the scripts of a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ingest.dates.printed import dated, stated
from ingest.errors import ParseError
from ingest.model import Document, Entry, Unreadable
from ingest.parse.entry import listing
from ingest.parse.entry.fields import ENTRY_LIMIT
from ingest.parse.entry.listing import ListItem
from ingest.parse.markup import jsontext
from ingest.parse.markup.links import absolute
from ingest.parse.markup.selector import Selector
from ingest.parse.pagination import another_page
from ingest.text import guess_kind, language_tag


def document(
    values: list[object],
    select: Mapping[str, Selector],
    base: str,
    *,
    dialect: str,
    title: str = "",
    lang: str | None = None,
    damage: str = "",
) -> Document:
    """
    Build a document from data.

    Args:
        values: The data. Several scripts of a page are one array.
        select: Selectors by name.
        base: The base of relative links.
        dialect: The dialect of the document.
        title: The title of the document.
        lang: The language of the document.
        damage: Faults of the document so far.
    """
    root = values[0] if len(values) == 1 else values
    following = select["next"].first_in(root) if "next" in select else ""
    members = list(_items(root, select["entry"]))
    if not members and not select["entry"].values_in(root):
        raise ParseError(
            f"There is nothing at {select['entry'].source}, where the list should be; compare select.entry with the document.",
            rule="no-list",
        )
    unreadable: list[Unreadable] = []
    if len(members) > ENTRY_LIMIT:
        unreadable.append(
            Unreadable(ENTRY_LIMIT, "too-many", f"{len(members) - ENTRY_LIMIT} entries after the first {ENTRY_LIMIT}")
        )
    readable = []
    for position, item in enumerate(members[:ENTRY_LIMIT]):
        if beyond := _beyond(item, select, "link", "title"):
            unreadable.append(Unreadable(position, "number", f"item {position} of {select['entry'].source}: {beyond}"))
        else:
            undated = _beyond(item, select, "date", "updated")
            damage = damage or (f"item {position} of {select['entry'].source}: {undated}" if undated else "")
            readable.append(_card(item, select, base))
    entries: list[Entry] = listing.entries(readable, base)
    return Document(
        dialect,
        title,
        None,
        lang,
        tuple(entries),
        tuple(unreadable),
        damage=damage,
        next_page=another_page(following, base, base),
    )


def _items(root: object, pick: Selector) -> Iterator[object]:
    for value in pick.values_in(root):
        if isinstance(value, list):
            yield from value
        elif isinstance(value, Mapping):
            yield value


def _beyond(item: object, select: Mapping[str, Selector], *names: str) -> str:
    """Describe the first of several fields with a number too large to count, and return "" without one."""
    for name in names:
        value = select[name].first_in(item) if name in select else ""
        if isinstance(value, jsontext.HugeNumber):
            return f"its {name} at {select[name].source} is {value.description}"
    return ""


def _card(item: object, select: Mapping[str, Selector], base: str) -> ListItem:
    def first(name: str) -> str:
        return select[name].first_in(item) if name in select else ""

    def everything(name: str) -> list[str]:
        return select[name].all_in(item) if name in select else []

    dates = stated(everything("date"))
    title, summary, link = first("title"), first("summary"), first("link")
    return ListItem(
        link=absolute(link, base) if link else "",
        title=title,
        title_type=guess_kind(title),
        entry_id=first("id"),
        published=dates.published,
        updated=dated(everything("updated")) if "updated" in select else dates.updated,
        summary=summary,
        summary_type=guess_kind(summary) if "</p>" not in summary else "html",
        categories=tuple(dict.fromkeys(everything("category"))),
        lang=language_tag(first("lang")),
    )
