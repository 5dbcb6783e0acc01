"""
Kind `watch`: a page or JSON value, with its changes as announcements.

`select`:

    value           a selector for the watched value. Required, unless a `value.NAME` is there
    value.NAME      a selector with a name of its own (letters, digits and `_`). All named values are watched together
    title           required: the title, with the values in braces: `{disclosed} vulnerabilities disclosed, {patched} patched`
    date            a selector for the date of the change, not watched
    summary         a selector, not watched
    page            the address to link to, if it differs from the fetched one (data behind a page)

The document has one entry. Its identity is made of the values. Other values are another entry, and the same values are the
same entry, even after a change and back. Numbers count by value: 1,596 is 1596. A missing value makes the document broken,
because a rebuilt page must not announce a fall to nothing.
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
from ingest.parse.markup.selector import Selector, SelectorError, compile_selector
from ingest.parse.obstacles import OBSTACLES, obstacle_on
from ingest.text import clean_title

VALUE_LIMIT: Final = 500
"""Characters of a value. A longer text is part of a page, not a value."""

NAME: Final = re.compile(r"value(?:\.(?P<name>[a-z][a-z0-9_]{0,30}))?")
"""Names of watched selectors in `select`."""

PLACEHOLDER: Final = re.compile(r"\{(?P<name>[a-z][a-z0-9_]{0,30})\}")
"""The place of a value in the title."""

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
    """Return the watched selectors of a stanza, each with the name of its value."""
    matches = ((key, NAME.fullmatch(key)) for key in select)
    return {key: match["name"] or "value" for key, match in matches if match}


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return the title with its values. Unknown names stay as written."""
    return PLACEHOLDER.sub(lambda match: values.get(match["name"], match[0]), template)


def identity(values: Mapping[str, str]) -> str:
    """Return the identity of values. The order of names and the spelling of numbers do not matter."""
    joined = "; ".join(f"{name}={_plain(value)}" for name, value in sorted(values.items()))
    return joined if len(joined) <= VALUE_LIMIT else f"sha256:{hashlib.sha256(joined.encode()).hexdigest()}"


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
        value = _selector(key, select[key], data=True).first_in(data)
        if isinstance(value, jsontext.HugeNumber):
            raise ParseError(f"The {key} at {select[key]} is {value.description}; correct select.{key}.", rule="broken")
        return value

    return pick


def _on_page(decoded: Decoded, select: Mapping[str, str]) -> _Pick:
    page = HtmlPage(webpage.parse(decoded.text))
    if obstacle := obstacle_on(page.tree):  # its words are not the value
        raise ParseError(f"Where the value should be stands {OBSTACLES[obstacle]}.", rule=obstacle)
    root = page.tree.root

    def pick(key: str) -> str:
        return _selector(key, select[key], data=False).first(root, page) if root is not None else ""

    return pick


def _selector(key: str, text: str, *, data: bool) -> Selector:
    """Compile a selector. The stanza cannot know whether the document will be a page or data."""
    try:
        return compile_selector(text, data=data)
    except SelectorError as error:
        document = "JSON" if data else "a page"
        what = error.what.rstrip(".")
        raise ParseError(f"The answer is {document}, and {what}; correct select.{key}.", rule="broken") from error
