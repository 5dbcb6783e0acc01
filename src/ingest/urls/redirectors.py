"""Addresses that only lead elsewhere: `https://www.example.com/redirect?url=https://example.org/page`."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from ingest import rules
from ingest.urls.address import Url, parse
from ingest.urls.refusal import refusal

NESTED: Final = 3
"""Redirectors that may stand one inside the other; more is not how anybody links to an announcement."""


def unwrapped(url: Url) -> Url:
    """
    Return where an address leads that by its own words only leads elsewhere; any other address as it is.

    `rules.toml` says which paths and parameters mean that, on any host: an official host does not make official what its
    redirector leads to, so the target is what has to be admitted.

    Errors:
        UrlError: With the target's own rule, or `redirector`, when the target is no web address or leads on and on.
    """
    for _ in range(NESTED):
        target = _target(url)
        if target is None:
            return url
        url = parse(target, url.text if target.startswith("/") and not target.startswith("//") else None)
    if _target(url) is None:
        return url
    raise refusal("redirector", "leads through redirectors without end; find the page that is meant.", url.text)


def _target(url: Url) -> str | None:
    """Return the text in an address that says where it leads, decoded once; None for one that is a page of its own."""
    last = url.path.rstrip("/").rpartition("/")[2].lower()
    if last not in rules.REDIRECTOR_SEGMENTS or not url.query:
        return None
    for part in url.query.split("&"):
        name, _, value = part.partition("=")
        if name.lower() in rules.REDIRECTOR_PARAMETERS and value:
            return unquote(value)
    return None
