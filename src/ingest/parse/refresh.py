"""Pages that redirect their readers by markup (HTML §4.2.5.3)."""

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
    """Return the target of a page's redirect. A redirect to `url`, its own address, is a reload."""
    for node in tree.css("meta[http-equiv=refresh i]"):
        target = _REFRESH.match(webpage.attribute(node, "content"))
        where = absolute(target[1].strip(), webpage.base_of(tree, url)) if target else ""
        if where.startswith("http") and urls.page_key_of(where) != urls.page_key_of(url):
            return where
    return None


def fault(where: str) -> ParseError:
    """Explain a document replaced by a redirect. The redirect is not followed."""
    message = f"Its place is taken by a page that sends its readers on to {where:.500}"
    return ParseError(f"{message}; if that is the vendor's, give it as its url in sources.yaml.", rule="moved")
