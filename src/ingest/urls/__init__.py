"""
Web addresses: one normal form, what is cleaned away, which scope holds them, which numbers may be connected to.

An address is parsed once, by the WHATWG URL Standard (what browsers and servers do with it) behind a strict look at the
text, and brought into RFC 3986 §6.2 normal form. That form is what is checked, requested and stored; nothing is ever
decided on the text as it came. Whatever two programs could read differently is refused by name, never repaired.

Rules, as `UrlError.rule`. Of any address: malformed, relative, too-long, control-character, white-space, backslash,
scheme, user-info, port, ip-host, single-label, trailing-dot, idn, mixed-script, confusable. Of scopes also: fragment,
wildcard, query, dot-segment, encoded-separator, public-suffix, shortener, aggregator, shared-host.
"""

from __future__ import annotations

from ingest.urls.address import MAX_LENGTH, Url, clean, parse, with_https
from ingest.urls.hosts import is_public
from ingest.urls.refusal import shown
from ingest.urls.scopes import OBSCURE, is_obscure, matches, on_host, parse_scope

__all__ = [
    "MAX_LENGTH",
    "OBSCURE",
    "Url",
    "clean",
    "is_obscure",
    "is_public",
    "matches",
    "on_host",
    "parse",
    "parse_scope",
    "shown",
    "with_https",
]
