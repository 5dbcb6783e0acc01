"""Links as written in a document: absolute addresses and schemes."""

from __future__ import annotations

import re
from typing import Final

from ingest import urls
from ingest.errors import UrlError
from ingest.text import uncovered

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")  # RFC 3986 §3.1


def absolute(link: str, base: str) -> str:
    """
    Resolve a link against `base` as a browser does.

    A link without a valid target is returned unchanged. Normalisation refuses it later, where refusals are counted.
    """
    try:
        return urls.link(uncovered(link), base)
    except UrlError:
        return link


def has_scheme(link: str) -> bool:
    """Whether a link has a scheme, so that it is absolute."""
    return _SCHEME.match(link) is not None


def has_web_scheme(link: str) -> bool:
    """Whether a link has the scheme http or https."""
    return link.lower().startswith(("http://", "https://"))


def is_web(link: str) -> bool:
    """Whether a link leads to a web page. A relative link does."""
    return has_web_scheme(link) or not has_scheme(link)
