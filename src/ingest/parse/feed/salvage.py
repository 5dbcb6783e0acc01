"""Feeds from feedparser, without the entries that make it fail."""

from __future__ import annotations

import html
import re
import xml.sax
from typing import Any, Final

import feedparser

from ingest.errors import ParseError
from ingest.model import Unreadable
from ingest.parse.feed import bounded
from ingest.parse.markup.characters import string

Raw = dict[str, Any]
"""An entry of feedparser. Any element of the feed can put any type under any key."""

# What hostile or broken input has been seen to raise from its parsers (fuzzed), beside what `xml.sax` documents.
_PARSER_FAULTS: Final = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
    *(xml.sax.SAXException, feedparser.UndeclaredNamespace),
)
_ENTRY_TAG: Final = re.compile(r"<(?P<closing>/?)(?P<name>item|entry)(?=[\s/>])[^<>]*>", re.IGNORECASE)
_SALVAGE_LIMIT: Final = 20  # times the length; among 20,000 entries one guilty costs 3, a hundred 10, a thousand 13


def read(markup: str, address: str) -> tuple[dict[str, Any], list[Raw | Unreadable], str]:
    """Return the result of feedparser, the entries, and a note when an entry makes feedparser fail."""
    try:
        parsed = _parsed(markup, address)
        return parsed, list(parsed["entries"]), ""
    except _PARSER_FAULTS as fault:
        return *_salvage(markup, address), f"an entry breaks the parser ({fault!r:.80})"


def _parsed(markup: str, address: str) -> dict[str, Any]:
    """Call feedparser, and decode text left escaped by its reader of ill-formed feeds."""
    parsed = bounded.parse(markup, address)
    if isinstance(parsed.get("bozo_exception"), xml.sax.SAXException):
        for raw in parsed["entries"]:
            _unescape(raw)
    return parsed


def _unescape(raw: Raw) -> None:
    """
    Decode ids and categories.

    Otherwise an id with an `&` would change with every mistake in its feed, and its entry would look new.
    """
    for fields, key in (
        (raw, "id"),
        *((tag, name) for tag in dicts(dict.get(raw, "tags")) for name in ("term", "label")),
    ):
        if value := string(dict.get(fields, key)):
            dict.__setitem__(fields, key, html.unescape(value))


def _salvage(markup: str, address: str) -> tuple[dict[str, Any], list[Raw | Unreadable]]:
    """
    Bisect a feed until only the entries at fault are left out.

    The markup for repeated parsing is limited. Without a limit, a hostile feed would cost the square of its length.
    """
    blocks = _blocks(markup)
    head, tail = (markup[: blocks[0][0]], markup[blocks[-1][1] :]) if blocks else (markup, "")
    try:
        frame = _parsed(head + tail, address)
    except _PARSER_FAULTS as fault:
        raise ParseError(f"The feed breaks the parser ({fault!r:.80}).", rule="broken") from fault
    left = _SALVAGE_LIMIT * len(markup)

    def read(part: list[tuple[int, int]]) -> list[Raw | Unreadable]:
        nonlocal left
        left -= len(head) + len(tail) + part[-1][1] - part[0][0]
        if left < 0:
            return [Unreadable(0, "broken", "among too many entries that break the parser")] * len(part)
        try:
            whole = head + "".join(markup[start:end] for start, end in part) + tail
            return list(_parsed(whole, address)["entries"])
        except _PARSER_FAULTS as fault:
            if len(part) == 1:
                return [Unreadable(0, "broken", f"{fault!r:.200}")]
        middle = len(part) // 2
        return [*read(part[:middle]), *read(part[middle:])]

    return frame, read(blocks) if blocks else []


def _blocks(markup: str) -> list[tuple[int, int]]:
    """Return the start and the end of each entry, without a parser."""
    blocks: list[tuple[int, int]] = []
    opened: re.Match[str] | None = None
    for tag in _ENTRY_TAG.finditer(markup):
        if not tag["closing"]:
            opened = opened or tag
        elif opened and tag["name"].lower() == opened["name"].lower():
            blocks.append((opened.start(), tag.end()))
            opened = None
    return blocks


def is_cut_off(markup: str) -> bool:
    """Whether an ill-formed document ends inside an entry, so that its text may be incomplete."""
    lower = markup.lower()
    return any(lower.rfind(f"<{name}") > lower.rfind(f"</{name}") for name in ("item", "entry"))


def dicts(value: object) -> list[dict[str, Any]]:
    """Return the dictionaries in a list of feedparser."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
