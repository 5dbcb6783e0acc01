"""Addresses that only lead elsewhere: `https://www.example.com/redirect?url=https://example.org/page`."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from ingest import rules
from ingest.urls.address import Url, parse
from ingest.urls.refusal import refusal

NESTED: Final = 3
"""The limit for redirectors inside one another. No real link to an announcement has more."""


def unwrapped(url: Url) -> Url:
    """
    Return the target of an address with its target in itself, and any other address unchanged.

    `rules.toml` lists the paths and parameters of such redirectors, on any host. An official host does not make the target of its
    redirector official, so the target must be admitted.

    Errors:
        UrlError: With the target's own rule, or `redirector` for an invalid target or an endless chain.
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
    """Return the target inside an address, decoded once, and None for a page of its own."""
    last = url.path.rstrip("/").rpartition("/")[2].lower()
    if last not in rules.REDIRECTOR_SEGMENTS or not url.query:
        return None
    for part in url.query.split("&"):
        name, _, value = part.partition("=")
        if name.lower() in rules.REDIRECTOR_PARAMETERS and value:
            return unquote(value)
    return None
