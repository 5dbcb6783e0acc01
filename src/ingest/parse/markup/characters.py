"""The characters that XML allows in a text (XML 1.0 §2.2)."""

from __future__ import annotations

import re
from typing import Final

_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """Return `text` without the characters that XML 1.0 §2.2 forbids; databases and JSON refuse several of them too."""
    return _ILLEGAL.sub("", text)


def is_legal(character: str) -> bool:
    """Whether XML 1.0 §2.2 allows a character."""
    return not _ILLEGAL.match(character)
