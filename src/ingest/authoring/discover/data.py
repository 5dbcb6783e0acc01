"""Lists in a page's scripts: arrays of objects with a title and a date or an address, and pointers to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ingest.authoring.discover.groups import path_of
from ingest.authoring.discover.lists import Draft
from ingest.authoring.discover.names import is_random
from ingest.dates.printed import date_in
from ingest.model import Precision
from ingest.parse.markup import embedded, webpage
from ingest.parse.markup.elements import HtmlPage
from ingest.parse.markup.links import absolute
from ingest.parse.markup.selector import compile_selector, scalar_text

LIST_LIMIT: Final = 5
"""Lists in scripts to be proposed, the likeliest first."""

_LEAST: Final = 3  # objects that make a list
_LOOKED_AT: Final = 200_000  # values in the scripts of a page
_SAMPLE: Final = 40  # objects of a list that are asked what keys they have
_TITLES: Final = ("title", "headline", "name", "heading", "subject")
_DATES: Final = re.compile(r"date|publish|created|posted|released?|time|_at$|On$|At$", re.IGNORECASE)
_FIRST_DATES: Final = re.compile(r"publi|first|posted|^date$|release", re.IGNORECASE)
_LINKS: Final = ("url", "link", "href", "permalink", "canonicalUrl", "path", "uri")
_SLUGS: Final = ("slug", "current", "handle", "id")
_ATTRIBUTES: Final = ("data-page", "data-props", "data-state", "data-json", "data-items")
_ID: Final = re.compile(r"[A-Za-z_][\w-]*")


@dataclass(frozen=True, slots=True)
class _List:
    """An array in a script: the pointer to it, and its objects."""

    data: str
    pointer: str
    items: tuple[Mapping[str, object], ...]


def drafts(page: HtmlPage, url: str, base: str) -> list[Draft]:
    """Return drafts for the lists in the scripts of a page, the surest first."""
    paths = _paths(page, base)
    drafted = [draft for array in _lists(page) if (draft := _draft(array, paths, url)) is not None]
    return sorted(drafted, key=lambda draft: -draft.sure)[:LIST_LIMIT]


def _paths(page: HtmlPage, base: str) -> set[str]:
    return {path_of(absolute(webpage.attribute(link, "href"), base)).rstrip("/") for link in page.css("a[href]")}


def _lists(page: HtmlPage) -> Iterator[_List]:
    for name, text in _scripts(page):
        for value in embedded.read(text):
            for pointer, items in _arrays(value):
                yield _List(name, pointer, items)


def _scripts(page: HtmlPage) -> list[tuple[str, list[str]]]:
    """Return selectors for scripts and attributes with data, and their texts. Scripts without a name share one selector."""
    named, others = [], []
    for node in page.css("script:not([src])"):
        text, ident = node.text(deep=True), webpage.attribute(node, "id")
        if _ID.fullmatch(ident) and not is_random(ident):
            named.append((f"script#{ident}", [text]))
        else:
            others.append(text)
    for node in page.css(", ".join(f"[{name}]" for name in _ATTRIBUTES)):
        for name in _ATTRIBUTES:
            if (text := node.attributes.get(name) or "").startswith(("{", "[")):
                ident = webpage.attribute(node, "id")
                named.append((f"{f'#{ident}' if _ID.fullmatch(ident) else node.tag}@{name}", [text]))
    return [*named, ("script", others)]


def _arrays(root: object) -> Iterator[tuple[str, tuple[Mapping[str, object], ...]]]:
    """Yield the arrays of objects inside a value, with pointers by the last key of the path."""
    seen: set[int] = set()
    level: list[tuple[str, object]] = [("", root)]
    looked = 0
    while level and looked < _LOOKED_AT:
        inner: list[tuple[str, object]] = []
        for key, value in level:
            looked += 1
            if isinstance(value, list):
                objects = tuple(item for item in value if isinstance(item, Mapping))
                if len(objects) >= _LEAST and len(objects) >= 0.8 * len(value):
                    yield (f"/**/{key}" if key else "", objects)
            if not isinstance(value, Mapping | list) or id(value) in seen:
                continue
            seen.add(id(value))
            pairs = value.items() if isinstance(value, Mapping) else ((key, item) for item in value)
            inner += [(_escaped(str(name)), item) for name, item in pairs if isinstance(item, Mapping | list)]
        level = inner


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _draft(array: _List, paths: set[str], url: str) -> Draft | None:
    sample = array.items[:_SAMPLE]
    keys = _keys(sample)
    title = next((key for name in _TITLES for key in keys if key.rpartition("/")[2] == name), "")
    if not title or _filled(sample, title) < 0.8:  # noqa: PLR2004 most objects
        return None
    date = _date_key(sample, keys)
    link, is_proven = _link(sample, keys, paths, url)
    if not link or not (date or is_proven):
        return None
    select = {"data": array.data, "entry": array.pointer, "title": title, "link": link, "date": date}
    why = [f"a script of the page holds {len(array.items)} objects with a title{' and a date' if date else ''}"]
    why.append("their addresses are on the page too" if is_proven else "but where they lead is a guess")
    sure = 0.3 + (0.25 if date else 0) + (0.2 if is_proven else 0) + min(0.1, len(array.items) / 100)
    return Draft(
        tuple((name, pick) for name, pick in select.items() if pick or name == "entry"), round(sure, 2), tuple(why)
    )


def _keys(sample: tuple[Mapping[str, object], ...]) -> list[str]:
    """Return pointers to the scalar members of objects, two levels deep, the shallow ones first."""
    shallow: dict[str, None] = {}
    deep: dict[str, None] = {}
    for item in sample:
        for key, value in item.items():
            if isinstance(value, Mapping):
                deep.update((f"/{_escaped(str(key))}/{_escaped(str(inner))}", None) for inner in value)
            else:
                shallow[f"/{_escaped(str(key))}"] = None
    return [*shallow, *deep][:200]


def _texts(sample: tuple[Mapping[str, object], ...], key: str) -> list[str]:
    pick = compile_selector(key, data=True)
    return [scalar_text(value) for item in sample for value in pick.values_in(item)[:1]]


def _filled(sample: tuple[Mapping[str, object], ...], key: str) -> float:
    return len(set(filter(None, _texts(sample, key)))) / len(sample)


def _date_key(sample: tuple[Mapping[str, object], ...], keys: list[str]) -> str:
    """Return the member with a date in most objects, preferably one with "published" in its name."""
    dated = []
    for rank, key in enumerate(keys):
        name = key.rpartition("/")[2]
        if not _DATES.search(name):
            continue
        fine = [date_in(text).precision in {Precision.DAY, Precision.SECOND} for text in _texts(sample, key)]
        if sum(fine) >= 0.5 * len(sample):
            dated.append((not _FIRST_DATES.search(name), rank, key))
    return min(dated)[2] if dated else ""


def _link(sample: tuple[Mapping[str, object], ...], keys: list[str], paths: set[str], url: str) -> tuple[str, bool]:
    """Return the pick of the address, and whether the page's own links prove it."""
    for key in (key for name in _LINKS for key in keys if key.rpartition("/")[2] == name):
        texts = [text for text in _texts(sample, key) if text]
        if len(texts) >= 0.5 * len(sample) and all(text.startswith(("/", "http")) for text in texts):
            proven = any(path_of(absolute(text, url)).rstrip("/") in paths for text in texts)
            return key, proven
    for key in (key for name in _SLUGS for key in keys if key.rpartition("/")[2] == name):
        texts = [text for text in _texts(sample, key) if text]
        folders = [path[: -len(text)] for text in texts for path in paths if path.endswith(f"/{text}")]
        if 2 * len(folders) >= len(texts):  # a slug that some other page ends with by chance proves nothing
            return f"{max(set(folders), key=folders.count)}{{{key}}}", True
        if len(set(texts)) == len(sample) and key.endswith(("slug", "current")):
            return f"{path_of(url).rstrip('/')}/{{{key}}}", False
    return "", False
