"""
The same text decoded worse: `Companyâ€™s` after `Company’s`.

A source with a broken encoding for an hour says nothing new, so such a title is no revision.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final

from ingest.text import plain

_LOST: Final = "\ufffd"
_MOST_LOST: Final = 0.2  # of a title's characters; beyond that what is left says nothing about whose title it is

# How it was written, and how it was read by mistake. None is the mistake of another one made backwards, or else a source
# that mends its encoding would not be heard; where one could be, the loss that it brings is asked for (`_harms`).
_MISTAKES: Final = (
    *(("utf-8", wrong) for wrong in ("cp1252", "latin-1", "cp932", "gb18030", "cp949", "big5hkscs", "euc_jp")),
    *(("utf-8", wrong) for wrong in ("cp1251", "cp1250", "cp437", "cp850", "mac_roman", "koi8_r", "utf-16-le")),
    *((right, wrong) for right in ("cp932", "euc_jp") for wrong in ("cp1252", "latin-1", "mac_roman", "utf-8")),
    *((right, wrong) for right in ("gb18030", "big5hkscs", "cp949") for wrong in ("cp1252", "latin-1", "utf-8")),
    *(("cp932", "euc_jp"), ("euc_jp", "cp932")),
)
_ALIKE: Final = 0.9  # a mistake is undone in part on the way: controls dropped, spaces joined
_HALF_WIDTH: Final = re.compile("[\uff61-\uff9f]")
_KANJI_IN: Final = "$B"  # the escape of ISO-2022-JP without its first byte, which is a control and gets lost
_ALIKE_ESCAPED: Final = 0.75  # vendors' characters are missing from Python's codec


# The six signs that Unicode has twice because JIS and Windows map them differently: no word changes with them.
_VARIANTS: Final = str.maketrans("\uff5e\u2225\uff0d\uffe0\uffe1\uffe2", "\u301c\u2016\u2212\u00a2\u00a3\u00ac")


def is_no_better(new: str, old: str) -> bool:
    """Whether a title is another one decoded no better: letters lost, taken for those of another encoding, or the same."""
    if new == old or old.isascii():
        return False
    if new.translate(_VARIANTS) == old.translate(_VARIANTS):
        return True
    if new.count(_LOST) > old.count(_LOST) and _is_rest(new, old):
        return True
    if _is_asked(new, old) or _is_escaped(new, old):
        return True
    return any(_is_mistaken(new, old, right, wrong) for right, wrong in _MISTAKES)


def _is_rest(new: str, old: str) -> bool:
    """Whether the intact characters of a title stand in the other in the same order, or are too few to judge."""
    rest = iter(old)
    kept = new.replace(_LOST, "")
    return new.count(_LOST) > _MOST_LOST * len(new) or all(char in rest for char in kept if not char.isspace())


def _is_asked(new: str, old: str) -> bool:
    """Whether question marks replace characters missing in an encoding, and not a full-width mark edited by hand."""
    asked = "".join(char if char.isascii() or char == "？" else "?" for char in old)
    return "?" in new and new == asked


def _is_mistaken(new: str, old: str, right: str, wrong: str) -> bool:
    """Whether a title is another one written in one encoding and read in another."""
    written = old.encode(right, "ignore")
    if written.isascii():
        return False
    read = plain(written.decode(wrong, "replace"), "text")
    if read == old or not _harms(read, right, wrong):
        return False
    bare, seen = read.replace(_LOST, ""), new.replace(_LOST, "")
    return read == new or (_beyond_ascii(bare, seen) and _is_alike(bare, seen, _ALIKE))


def _harms(read: str, right: str, wrong: str) -> bool:
    """Whether a decoding mistake that also works backwards shows by its cost."""
    if wrong == "utf-8" or (right, wrong) == ("cp932", "euc_jp"):
        return _LOST in read
    return (right, wrong) != ("euc_jp", "cp932") or _HALF_WIDTH.search(read) is not None


def _is_escaped(new: str, old: str) -> bool:
    """Whether a title is another one in undecoded ISO-2022-JP."""
    if not new.isascii() or _KANJI_IN not in new:
        return False
    written = old.encode("iso2022_jp_ext", "ignore").replace(b"\x1b", b"").decode("ascii")
    return _is_alike(plain(written, "text"), new, _ALIKE_ESCAPED)


def _is_alike(one: str, other: str, ratio: float) -> bool:
    if abs(len(one) - len(other)) > max(len(one), len(other)) * (1 - ratio) + 1:
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= ratio


def _beyond_ascii(one: str, other: str) -> bool:
    """Whether two texts share most of their characters beyond ASCII. Otherwise only the undamaged part is alike."""
    first, second = ({char for char in text if not char.isascii()} for text in (one, other))
    return bool(second) and len(first & second) >= _ALIKE * len(second)
