"""
The valid names in `select` of each kind, and the faults of a `select`.

The modules of the kinds explain the names: `page`, `jsonlist`, `changelog`, `sitemap`, `watch`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ingest import urls
from ingest.errors import UrlError
from ingest.model import Kind
from ingest.parse.markup.selector import ElementSelector, JsonPointer, SelectorError, check_css, compile_selector
from ingest.parse.watch import NAME, PLACEHOLDER, names

_Check = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SelectFault:
    """One thing wrong with a `select`: at a name, or at the whole where the name is missing."""

    name: str
    what: str
    remedy: str = ""
    is_missing: bool = False
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class _Kind:
    """The names of a kind, each with its check. `required` has an example for each required name."""

    names: Mapping[str, _Check]
    required: Mapping[str, str] = field(default_factory=dict)


# Words that people write for one of ours, after the terms of other readers.
_SYNONYMS: Final = {
    **dict.fromkeys(("url", "href", "permalink", "links"), "link"),
    **dict.fromkeys(("published", "pubdate", "time", "datetime", "publication_date", "dates"), "date"),
    **dict.fromkeys(("modified", "changed", "lastmod"), "updated"),
    **dict.fromkeys(("card", "cards", "list", "items", "entries", "article", "articles"), "entry"),
    **dict.fromkeys(("headline", "heading", "name", "h1", "h2", "titles"), "title"),
    **dict.fromkeys(("description", "excerpt", "content", "body", "teaser"), "summary"),
    **dict.fromkeys(("tag", "tags", "topic", "categories", "type", "section"), "category"),
    **dict.fromkeys(("language", "hreflang"), "lang"),
    **dict.fromkeys(("guid", "key", "entry_id"), "id"),
    **dict.fromkeys(("json", "script", "embedded"), "data"),
    **dict.fromkeys(("pagination", "more", "next_page"), "next"),
}


def faults(kind: Kind, select: Mapping[str, str]) -> Iterator[SelectFault]:
    """Yield all faults in the `select` of a source, in its order."""
    known = _kind(kind, select)
    if not known.names:
        if select:
            yield SelectFault(
                "",
                "a feed says itself what it holds; nothing is selected in it.",
                "Leave select out, or correct the kind.",
            )
        return
    for name, text in select.items():
        check = _check_of(kind, known, name)
        if check is None:
            yield SelectFault(
                name, f"kind {kind.value} knows no selector of this name.", _meant(name, kind, known), is_unknown=True
            )
            continue
        try:
            check(text)
        except SelectorError as error:
            yield SelectFault(name, error.what, error.remedy)
    for name, example in known.required.items():
        if name not in select and not (name == "value" and names(select)):
            yield SelectFault(
                name,
                f"kind {kind.value} needs select.{name}.",
                f"Write, for example, {name}: {example}",
                is_missing=True,
            )


def _check_of(kind: Kind, known: _Kind, name: str) -> _Check | None:
    if kind is Kind.WATCH and NAME.fullmatch(name):
        return _pick_anywhere
    return known.names.get(name)


def _meant(name: str, kind: Kind, known: _Kind) -> str:
    """Suggest the intended name, else list all names."""
    plain = name.lower()
    near = _SYNONYMS.get(plain) if _SYNONYMS.get(plain) in known.names else None
    if kind is Kind.PAGE and plain == "anchor":
        near = "id"
    near = near or next(iter(difflib.get_close_matches(plain, known.names, n=1)), None)
    return f'Did you mean "{near}"?' if near else f"Known here: {', '.join(known.names)}."


# ── what checks a text ──────────────────────────────────────────────────────────────────────────────────────────


def _pick(text: str) -> None:
    compile_selector(text)


def _data_pick(text: str) -> None:
    compile_selector(text, data=True)


def _pick_anywhere(text: str) -> None:
    """Check a selector for a page or for data. Only the document decides which."""
    compile_selector(text, data=text.startswith("/") or text == "")


def _css(text: str) -> None:
    """Check CSS that selects elements only."""
    try:
        check_css(text)
    except SelectorError as error:
        taken = re.search(r"\s~\s|@[\w-]+$|\s\|\|\s", text)
        hint = (
            "This names the elements themselves; write a selector alone, and alternatives with a comma."
            if taken
            else error.remedy
        )
        raise SelectorError(error.what, hint) from None


def _pointer(text: str) -> None:
    """Check a pointer to a list."""
    for alternative in compile_selector(text, data=True).alternatives:
        if not isinstance(alternative, JsonPointer) or alternative.regex is not None:
            raise SelectorError(
                f'"{text}" does not point to a list.', 'Write a JSON pointer alone, like "/data/items".'
            )


def _script(text: str) -> None:
    """Check a selector for scripts, or for an attribute of elements."""
    for alternative in compile_selector(text).alternatives:
        if (
            not isinstance(alternative, ElementSelector)
            or alternative.regex is not None
            or alternative.axis
            or not alternative.css
        ):
            raise SelectorError(
                f'"{text}" does not name a script.', 'Write a selector like "script#__NEXT_DATA__", or div@data-page.'
            )


def _address(text: str) -> None:
    try:
        url = urls.parse(text, "https://page.invalid/")
    except UrlError as error:
        raise SelectorError(error.message) from None
    if url.scheme != "https":
        raise SelectorError(f'"{text}" is not https, which every official address has to be.')


def _regex(text: str) -> None:
    compile_selector(f". ~ {text}")


def _dated_regex(text: str) -> None:
    _regex(text)
    if "year" not in re.compile(text).groupindex:
        raise SelectorError(
            f'"{text}" has no group called year.', r'Write it like "/(?P<year>\d{4})/(?P<month>\d\d)/".'
        )


def _watched_title(select: Mapping[str, str]) -> _Check:
    def check(text: str) -> None:
        known = set(names(select).values())
        for placeholder in PLACEHOLDER.finditer(text):
            if placeholder["name"] not in known:
                raise SelectorError(
                    f'"{{{placeholder["name"]}}}" is not one of the watched values.',
                    f"Known here: {', '.join(sorted(known)) or 'none'}.",
                )

    return check


# ── the kinds ───────────────────────────────────────────────────────────────────────────────────────────────────

_IN_ENTRY: Final = ("title", "link", "date", "updated", "summary", "category", "lang", "id")


def _kind(kind: Kind, select: Mapping[str, str]) -> _Kind:
    in_data = {"entry": _pointer, **dict.fromkeys(_IN_ENTRY, _data_pick)}
    on_page = {"entry": _css, **dict.fromkeys(_IN_ENTRY, _pick)}
    changelog = ("title", "date", "year", "anchor", "link", "summary", "category")
    watched = dict.fromkeys(("value", "date", "summary"), _pick_anywhere)
    embedded = "data" in select
    return {
        Kind.FEED: _Kind({}),
        Kind.PAGE: _Kind(
            {**(in_data if embedded else on_page), "next": _pick, "data": _script},
            _NEEDED_IN_DATA if embedded else {"entry": "article"},
        ),
        Kind.JSON: _Kind({**in_data, "next": _data_pick}, _NEEDED_IN_DATA),
        Kind.CHANGELOG: _Kind(
            {"entry": _css, "item": _css, **dict.fromkeys(changelog, _pick), "page": _address, "next": _pick}
        ),
        Kind.SITEMAP: _Kind({"part": _regex, "date": _dated_regex}),
        Kind.WATCH: _Kind(
            {**watched, "title": _watched_title(select), "page": _address},
            {"value": ".price", "title": '"The price is {value}"'},
        ),
    }[kind]


_NEEDED_IN_DATA: Final = {"entry": "/data/items", "title": "/title", "link": '"/blog/{slug}"'}
