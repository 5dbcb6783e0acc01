"""
References in XML (`&amp;`, `&#233;`, `&eacute;`, `&mine;`) and bare `&`, made safe for any parser.

An unknown reference makes a document ill-formed, and readers of ill-formed feeds guess: `AT&T` becomes `AT&T;`, and
`?a=1&copy=2` becomes `?a=1©=2`.
"""

from __future__ import annotations

import html
import re
from html.entities import html5
from typing import Final

from ingest.parse.markup.characters import is_legal

# CDATA, where `&` is text, up to its end or the document's; else an `&` that is not one of XML's own (XML 1.0 §4.1, §4.6).
_REFERENCE: Final = re.compile(
    r"<!\[CDATA\[(?:.*?\]\]>|.*)"
    r"|&(?!(?:amp|lt|gt|quot|apos);)"
    r"(?:#(?:[xX](?P<hex>[0-9a-fA-F]+)|(?P<dec>[0-9]+));|(?P<name>[A-Za-z_][\w.-]*);)?",
    re.DOTALL,
)
_LONGEST: Final = 12  # digits with leading zeros; Python refuses to read numbers without end
_LAST: Final = 0x10FFFF  # of Unicode
_GROWTH: Final = 1_000_000  # characters that a document's own names may add to it; 3 million of 100 each added 300 MB

_SUBSET: Final = re.compile(
    r"(?:\s+|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE[^<>\[]*(?P<subset>\[.*?\])(?=\s*>)", re.DOTALL | re.IGNORECASE
)
# Declarations of plain text, short enough that repeating them builds nothing big; others hold markup, files or bombs.
_DECLARATION: Final = re.compile(
    r"<!ENTITY\s+(?P<name>[A-Za-z_][\w.-]*)\s+(?P<quote>[\"'])(?P<value>(?:[^\"'&%<>]|&#\w{1,9};){0,100})(?P=quote)\s*>"
)


def mended(markup: str) -> tuple[str, int]:
    """
    Return XML with references for every parser, and the number of corrections.

    A bare `&` and undeclared names are escaped. HTML's names (HTML §13.5) become their characters, and numbers of forbidden
    characters are removed. Names declared by the document are expanded, and the declarations removed.
    """
    markup, own = _declared(markup)
    count, room = 0, _GROWTH

    def mend(match: re.Match[str]) -> str:
        nonlocal count, room
        if match[0].startswith("<"):
            return match[0]
        if match["name"] in own and (room := room - len(own[match["name"]])) >= 0:
            return own[match["name"]]
        if (match["hex"] or match["dec"]) and _is_allowed(match["hex"], match["dec"]):
            return match[0]
        count += 1
        if match["hex"] or match["dec"]:
            return ""
        character = html5.get(f"{match['name']};", "")
        return html.escape(character) or f"&amp;{match[0][1:]}"

    return (_REFERENCE.sub(mend, markup), count) if "&" in markup else (markup, 0)


def _declared(markup: str) -> tuple[str, dict[str, str]]:
    """Remove the internal subset of the document type, and return the names declared in it."""
    doctype = _SUBSET.match(markup)
    if doctype is None:
        return markup, {}
    own = {declared["name"]: mended(declared["value"])[0] for declared in _DECLARATION.finditer(doctype["subset"])}
    return markup[: doctype.start("subset")] + markup[doctype.end("subset") :], own


def _is_allowed(hexadecimal: str | None, decimal: str | None) -> bool:
    digits = hexadecimal or decimal or ""
    code = int(digits, 16 if hexadecimal else 10) if len(digits) <= _LONGEST else 0
    return 0 < code <= _LAST and is_legal(chr(code))
