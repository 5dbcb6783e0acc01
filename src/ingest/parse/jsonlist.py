"""
Kind `json`: a list in JSON, with entries by JSON pointers.

`select` (selectors for data, see `markup.selector`):

    entry       the list, whose members are the entries. `""` is the whole document. A pointer that ends in a `*`, or leads
                to objects, names the entries themselves. Required.
    title       required
    link        the page of the entry, absolute or relative to the list's address. Often a template:
                `https://huggingface.co/{id}`. Required.
    date, updated, summary, category (all matches), lang, id
    next        in the whole document: the address of the list's next page. Often a template: `?page={/paging/next}`

    select: {entry: /data/items, title: /title, link: "https://qwen.ai/blog?id={/path}", date: /published_at || /date}
"""

from __future__ import annotations

from ingest.errors import ParseError
from ingest.model import Document, Source
from ingest.parse.entry.data import document
from ingest.parse.markup import jsontext
from ingest.parse.markup.characters import legal
from ingest.parse.markup.decoding import Decoded
from ingest.parse.markup.selector import compile_selector


def parse(decoded: Decoded, url: str, source: Source) -> Document:
    """
    Read a JSON list.

    Raises:
        ParseError: `empty`, `html`, `broken` (not JSON) or `no-list` (the list is missing).
    """
    select = {name: compile_selector(text, data=True) for name, text in source.select}
    return document([_value(legal(decoded.text))], select, url, dialect="json", damage=decoded.damage)


def _value(text: str) -> object:
    if not text.strip():
        raise ParseError("The answer has no content; look at the address in a browser.", rule="empty")
    try:
        return jsontext.load(text, lines=True)
    except (ValueError, RecursionError) as error:
        if text.lstrip().startswith("<"):
            raise ParseError(
                "The answer is a web page or XML, not JSON; look at it in a browser.", rule="html"
            ) from error
        raise ParseError(f"The answer is no JSON: {error!s:.100}.", rule="broken") from error
