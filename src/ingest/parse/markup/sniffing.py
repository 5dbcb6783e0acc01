"""Whether a text is HTML, judged by its beginning."""

from __future__ import annotations

import re
from typing import Final

from ingest.parse.markup.characters import names

_ROOT: Final = re.compile(
    r"(?:[\s\ufeff\x00]++|<\?.*?\?>|<!--.*?-->|<!doctype[^>]*>)*+<(?P<name>[a-z][\w:.-]*)", re.DOTALL | re.IGNORECASE
)
_DECLARED: Final = re.compile(r"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_DECLARED_WITHIN: Final = 2_000  # characters; what servers print before the page (warnings, a stray comment) is short

NEAR_START: Final = 10_000
"""Characters before the declaration of a page in place of another document. Challenge pages begin with scripts."""

_HTML_NAMES: Final = names(
    "a article aside b base blockquote body br button center div dl em footer form frameset h1 h2 h3 h4 head header hr html iframe img li link main "
    "meta nav noscript ol p pre script section span strong style svg table time title ul"
)


def is_page(markup: str) -> bool:
    """Whether a text begins like HTML: with an element of HTML, or with a declaration near its start."""
    root = _ROOT.match(markup)
    named = root is not None and root["name"].lower() in _HTML_NAMES
    return named or declares_html(markup, _DECLARED_WITHIN)


def declares_html(markup: str, within: int = NEAR_START) -> bool:
    """Whether a text has a declaration or a root element of HTML near its start."""
    return _DECLARED.search(markup, 0, within) is not None
