"""
Web addresses: normal form, cleaning, scopes, and public IP addresses.

After a strict check of its text, an address is parsed once by the WHATWG URL Standard, as in browsers, and brought into the
normal form of RFC 3986 §6.2. That form is checked, requested and stored, and no decision uses the original text. Ambiguous text
is refused with a named rule, never repaired. For a link in a document, `link` first removes spaces, line breaks and invisible
characters, as browsers do.

`UrlError.rule` of an address is one of the first fifteen rules in `policy`, or `redirector` for an endless chain (`unwrapped`). A
scope may also break these rules:

    fragment           a fragment, invisible to servers
    query              an empty query
    wildcard           a * that is neither a leading *. nor one whole path segment, or a second one
    dot-segment        . or .. as a path segment
    encoded-separator  //, %2F, %5C, %00 or the like in the path
    public-suffix      a host with other people's hosts below it, by ICANN or a private company
    shortener          a link shortener
    aggregator         a place for other people's publications
    shared-host        a host or subdomains of several publishers, without the vendor's part of the path
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
