"""
Web addresses: one normal form, what is cleaned away, which scope holds them, which numbers may be connected to.

An address is parsed once, by the WHATWG URL Standard (what browsers and servers do with it) behind a strict look at the
text, and brought into RFC 3986 §6.2 normal form. That form is what is checked, requested and stored; nothing is ever
decided on the text as it came. Whatever two programs could read differently is refused by name, never repaired. A link
in a document is first read as a browser reads it (`link`): spaces, line breaks and what is invisible around it.

`UrlError.rule` of an address is one of the first fifteen in `policy`, or `redirector` where it leads on and on
(`unwrapped`). A scope may break these too:

    fragment           a fragment, which no server sees
    query              a ? with nothing behind it
    wildcard           a * that is neither a leading *. nor one whole path segment, or a second one
    dot-segment        . or .. as a path segment
    encoded-separator  //, %2F, %5C, %00 or the like in the path
    public-suffix      a host under which anybody may have hosts, ICANN's or a private company's
    shortener          a link shortener
    aggregator         a place that shows what others publish
    shared-host        a host, or subdomains, where others than the vendor publish, without the vendor's part named
"""

from __future__ import annotations

from ingest.urls.address import MAX_LENGTH, Url, clean, parse, with_https
from ingest.urls.hosts import is_public, is_special
from ingest.urls.links import link, names_host, possible, tidy
from ingest.urls.pages import page_key, page_key_of
from ingest.urls.redirectors import unwrapped
from ingest.urls.refusal import shown
from ingest.urls.scopes import OBSCURE, is_obscure, matches, on_host, parse_scope

__all__ = [
    "MAX_LENGTH",
    "OBSCURE",
    "Url",
    "clean",
    "is_obscure",
    "is_public",
    "is_special",
    "link",
    "matches",
    "names_host",
    "on_host",
    "page_key",
    "page_key_of",
    "parse",
    "parse_scope",
    "possible",
    "shown",
    "tidy",
    "unwrapped",
    "with_https",
]
