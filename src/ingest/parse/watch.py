"""
Kind `watch`: a page or JSON value whose change is the announcement.

`select`:

    value           a pick: what is watched. Required, or in its place any number of
    value.NAME      picks with names of their own (letters, digits and `_`); all of them are watched together
    title           required: the title, with the values in braces: `{disclosed} vulnerabilities disclosed, {patched} patched`
    date            a pick: when it changed, where the page says so; not watched
    summary         a pick; not watched
    page            the address that is linked to, where that is not the one that is fetched (data behind a page)

One entry comes of it. Its identity is made of the values, so other values are another entry and the same ones, read again or
come back, the same. Numbers count by their value: 1,596 is 1596. Where a value is missing the document is broken: a page that
was rebuilt must not announce that something fell to nothing.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

from ingest.dates import partial
from ingest.errors import ParseError
from ingest.model import Document, Entry, Source
from ingest.parse.entry.fields import first_date
from ingest.parse.markup import jsontext, webpage
from ingest.parse.markup.characters import legal
from ingest.parse.markup.decoding import Decoded
from ingest.parse.markup.elements import HtmlPage
from ingest.parse.markup.links import absolute
from ingest.parse.markup.selector import compile_selector
from ingest.parse.obstacles import OBSTACLES, obstacle_on
from ingest.text import clean_title

VALUE_LIMIT: Final = 500
"""Characters of a value; a longer one is a picked page, not a value."""

NAME: Final = re.compile(r"value(?:\.(?P<name>[a-z][a-z0-9_]{0,30}))?")
"""Names of watched picks in `select`."""

PLACEHOLDER: Final = re.compile(r"\{(?P<name>[a-z][a-z0-9_]{0,30})\}")
"""Where a value stands in the title."""

_GROUPED: Final = re.compile(r"(?<=\d)[,\u2009\u202f'](?=\d{3}(?!\d))")

_Pick = Callable[[str], str]


def parse(decoded: Decoded, url: str, source: Source) -> Document:
    """
    Read the watched values as one entry.

    Raises:
        ParseError: `empty`, `not-html`, `too-costly`, `broken` (a value is missing or is not a value), or an obstacle
            (`obstacles`).
    """
    select = dict(source.select)
    written = legal(decoded.text).lstrip("\ufeff \t\r\n")
    if not written:
        raise ParseError("The answer has no content; look at the address in a browser.", rule="empty")
    is_data = written.startswith(("{", "["))
    pick = _in_data(written, select) if is_data else _on_page(decoded, select)
    values = {name: _value(pick(key), key) for key, name in names(select).items()}
    home = absolute(select["page"], url) if "page" in select else url
    title = clean_title(filled(select.get("title", "{value}"), values), "text")
    day = partial.find(pick("date")) if "date" in select else None
    exact = first_date(pick("date")) if "date" in select else None
    entry = Entry(
        position=0,
        entry_id=identity(values),
        link=home,
        title=title,
        summary=pick("summary") if "summary" in select else "",
        summary_type="text",
        published=exact if exact and exact.value else partial.dated(day),
    )
    return Document("json-value" if is_data else "html-value", title, home, None, (entry,), damage=decoded.damage)


def names(select: Mapping[str, str]) -> dict[str, str]:
    """Return the watched picks of a stanza, each with the name of its value."""
    found = ((key, NAME.fullmatch(key)) for key in select)
    return {key: match["name"] or "value" for key, match in found if match}


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return the title with its values; a name that is none stays as it is written."""
    return PLACEHOLDER.sub(lambda found: values.get(found["name"], found[0]), template)


def identity(values: Mapping[str, str]) -> str:
    """Return the identity of these values, whatever the order of their names and the spelling of their numbers."""
    told = "; ".join(f"{name}={_plain(value)}" for name, value in sorted(values.items()))
    return told if len(told) <= VALUE_LIMIT else f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"


def _plain(value: str) -> str:
    return _GROUPED.sub("", " ".join(unicodedata.normalize("NFKC", value).split()))


def _value(text: str, key: str) -> str:
    value = " ".join(text.split())
    if value and len(value) <= VALUE_LIMIT:
        return value
    what = f"{key} picks {len(value)} characters, which is no value" if value else f"{key} picks nothing"
    raise ParseError(f"{what}; the page has changed, so correct select.{key}.", rule="broken")


def _in_data(text: str, select: Mapping[str, str]) -> _Pick:
    try:
        data = jsontext.load(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"The answer begins like JSON and is not: {error!s:.100}.", rule="broken") from error

    def pick(key: str) -> str:
        found = compile_selector(select[key], data=True).first_in(data)
        if isinstance(found, jsontext.Beyond):
            raise ParseError(f"The {key} at {select[key]} is {found.told}; correct select.{key}.", rule="broken")
        return found

    return pick


def _on_page(decoded: Decoded, select: Mapping[str, str]) -> _Pick:
    page = HtmlPage(webpage.parse(decoded.text))
    if why := obstacle_on(page.tree):  # it has words, too, and none of them is the value
        raise ParseError(f"Where the value should be stands {OBSTACLES[why]}.", rule=why)
    root = page.tree.root

    def pick(key: str) -> str:
        return compile_selector(select[key]).first(root, page) if root is not None else ""

    return pick
