"""One page, however its address is spelled: the key by which a vendor's announcement is known again."""

from __future__ import annotations

import re
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


def page_key(url: Url) -> str:
    """
    Return what is the same for every spelling of a page's address, and different for different pages.

    Not part of it: scheme, `www.`, `m.` and `amp.`, a slash at the end or doubled, `index.html`, AMP and mobile views, the
    order of parameters, what `clean` takes away. Case counts, except on hosts whose paths have none. An anchor counts:
    changelogs announce by anchor. It is a key and no address; nobody asks for it.
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
    """Return the page key of an address as written. Text that is not an address is its own key."""
    try:
        return page_key(parse(address))
    except UrlError:
        return address


def _is_view(parameter: str) -> bool:
    return parameter in _VIEWS or parameter.startswith(_REPLIES)
