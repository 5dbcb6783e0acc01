"""How text that is no address, or no scope, is refused."""

from __future__ import annotations

from typing import Final

from ingest.errors import UrlError

SHOWN_LENGTH: Final = 500
"""Characters of a refused text that a person is shown: enough to find it, too few to fill a page."""


def refusal(rule: str, message: str, raw: str) -> UrlError:
    """
    Make the error for a text that breaks a rule.

    Args:
        rule: Stable name.
        message: A clause with the address as its subject, and what would be right: "names a port; leave it out."
        raw: The text as it came.
    """
    return UrlError(message, rule=rule, url=shown(raw))


def shown(raw: str) -> str:
    """Return text that may be printed anywhere: what is invisible as its code point, cut when long."""
    head = raw[:SHOWN_LENGTH]
    safe = "".join(char if char.isprintable() else f"\\u{{{ord(char):X}}}" for char in head)
    return safe if len(raw) <= SHOWN_LENGTH else f"{safe}…"
