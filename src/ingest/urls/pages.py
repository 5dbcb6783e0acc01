"""The page key: one key for every spelling of a page's address."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ingest import rules
from ingest.errors import UrlError
from ingest.urls.address import Url, clean, parse

_SLASHES: Final = re.compile(r"/{2,}")
_INDEX: Final = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?)$", re.IGNORECASE)
_AMP: Final = re.compile(r"/amp/?$", re.IGNORECASE)
_HOST_VIEW: Final = re.compile(r"^(?:www|m|amp)\.(?=[^.]+\.[^.])")  # what is left is still a domain
_VIEWS: Final = frozenset({"amp", "amp=1", "amp=true", "m=1", "outputtype=amp"})
_REPLIES: Final = ("replytocom=", "share=")  # WordPress: the same page, scrolled or with a dialogue open


@lru_cache(maxsize=2_048)  # identity and stories both ask about the pages of a document
def page_key(url: Url) -> str:
    """
    Return a key that is equal for all spellings of a page's address, and different for different pages.

    It leaves out the scheme, `www.`, `m.` and `amp.`, a final or double slash, `index.html`, AMP and mobile views, the order of
    parameters, and everything that `clean` removes. Case counts, except on hosts with case-insensitive paths. An anchor counts,
    because changelogs announce by anchor. The key is not an address and is never requested.
    """
    bare = clean(url)
    host = _HOST_VIEW.sub("", bare.host)
    path = _AMP.sub("", _INDEX.sub("/", _SLASHES.sub("/", bare.path))).rstrip("/")
    if bare.host in rules.FOLDED_HOSTS:
        path = path.lower()
    parameters = [part for part in (bare.query or "").split("&") if part and not _is_view(part.lower())]
    query = "?" + "&".join(sorted(parameters)) if parameters else ""
    fragment = f"#{bare.fragment}" if bare.fragment else ""
    return f"{host}{path or '/'}{query}{fragment}"


def page_key_of(address: str) -> str:
    """Return the page key of an address as written. Text other than an address is its own key."""
    try:
        return page_key(parse(address))
    except UrlError:
        return address


def _is_view(parameter: str) -> bool:
    return parameter in _VIEWS or parameter.startswith(_REPLIES)
