"""
Web addresses: normal form, cleaning, scopes, and public IP addresses.

An address is parsed once by the WHATWG URL Standard, as in browsers and servers, after a strict check of the text, and brought
into RFC 3986 §6.2 normal form. That form is checked, requested and stored. No decision uses the text as received. Ambiguous text
is refused by name, never repaired. A link in a document is first read like in a browser (`link`), with spaces, line breaks and
invisible characters around it.

`UrlError.rule` of an address is one of the first fifteen in `policy`, or `redirector` for an endless chain (`unwrapped`). A
scope may break these too:

    fragment           a fragment, invisible to servers
    query              an empty query
    wildcard           a * that is neither a leading *. nor one whole path segment, or a second one
    dot-segment        . or .. as a path segment
    encoded-separator  //, %2F, %5C, %00 or the like in the path
    public-suffix      a host with other people's hosts below it, ICANN's or a private company's
    shortener          a link shortener
    aggregator         a place for other people's publications
    shared-host        a host, or subdomains, of several publishers, without the vendor's part named
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
