"""Pages that send their readers on by themselves (HTML §4.2.5.3): what was here is elsewhere now."""

from __future__ import annotations

import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from ingest import urls
from ingest.errors import ParseError
from ingest.parse.markup import webpage
from ingest.parse.markup.links import absolute

_REFRESH: Final = re.compile(r"^\s*\d+\s*[;,]\s*(?:url\s*=\s*)?[\"']?([^\"']+)", re.IGNORECASE)


def moved_to(tree: LexborHTMLParser, url: str) -> str | None:
    """Return where a page sends its readers; `url` is where it came from, and to which it may send them again."""
    for node in tree.css("meta[http-equiv=refresh i]"):
        target = _REFRESH.match(webpage.attribute(node, "content"))
        where = absolute(target[1].strip(), webpage.base_of(tree, url)) if target else ""
        if where.startswith("http") and urls.page_key_of(where) != urls.page_key_of(url):
            return where
    return None


def fault(where: str) -> ParseError:
    """Say that a document is not here because its readers are sent on; nobody of ours is."""
    message = f"Its place is taken by a page that sends its readers on to {where:.500}"
    return ParseError(f"{message}; if that is the vendor's, give it as its url in sources.yaml.", rule="moved")
