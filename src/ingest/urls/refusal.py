"""Refusals of text that is not an address or a scope."""

from __future__ import annotations

from typing import Final

from ingest.errors import UrlError

SHOWN_LENGTH: Final = 500
"""Characters of a refused text shown to a person: enough to find it, too few to fill a page."""


def refusal(rule: str, message: str, raw: str) -> UrlError:
    """
    Make the error for a broken rule.

    Args:
        rule: Its stable name.
        message: A clause with the address as its subject, and the remedy: "names a port; leave it out."
        raw: The text as received.
    """
    return UrlError(message, rule=rule, url=shown(raw))


def shown(raw: str) -> str:
    """Return text that is safe to print: invisible characters as code points, cut if long."""
    head = raw[:SHOWN_LENGTH]
    safe = "".join(char if char.isprintable() else f"\\u{{{ord(char):X}}}" for char in head)
    return safe if len(raw) <= SHOWN_LENGTH else f"{safe}…"
