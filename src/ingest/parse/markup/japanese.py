"""
Japanese encodings as written in practice: EUC-JP and ISO-2022-JP with vendors' characters and half-width kana.

Python's `euc_jp` and `iso2022_jp` know JIS X 0208 and 0212, but not the 300 additions of NEC and IBM such as ① ㈱ 髙. Here all
94 rows are read as in Windows code page 932 (the WHATWG's index jis0208, CP51932, CP50221), and the IBM characters of eucJP-ms
in plane 2 (`8F F3 F3` to `8F F4 FE`) too. Undefined codes become U+FFFD.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

EUC: Final = "ingest-euc-jp"
"""The codec name of `read_euc`."""

JIS: Final = "ingest-iso-2022-jp"
"""The codec name of `read_jis`."""

ESCAPES: Final = re.compile(rb"\x1b\$[@B]")
"""The beginning of seven-bit Japanese, found in no other encoding."""

# ── EUC-JP ──────────────────────────────────────────────────────────────────────────────────────────────────────

_LOST: Final = "\ufffd"
_VENDORS: Final = "ingest-vendor-rows"  # the name of an error handler
_ROW_13, _ROWS_89 = 0xAD, range(0xF9, 0xFD)  # NEC's own characters, and NEC's selection of IBM's
_IBM_FIRST: Final = 0xF3F3
# Code page 932 took six signs from the full-width forms (WHATWG index jis0208); JIS X 0212 holds none of them.
_WINDOWS: Final = str.maketrans("\u301c\u2016\u2212\u00a2\u00a3\u00ac", "\uff5e\u2225\uff0d\uffe0\uffe1\uffe2")


def _ibm() -> str:
    """List IBM's characters beyond JIS in the order of code page 932, which is that of eucJP-ms except for № and two signs."""
    trails = (*range(0x40, 0x7F), *range(0x80, 0xFD))
    every = "".join(bytes((lead, trail)).decode("cp932", "ignore") for lead in (0xFA, 0xFB, 0xFC) for trail in trails)
    own = "".join(char for char in every if not char.encode("euc_jp", "ignore") and char not in "\uffe2\uffe4")
    return own[:105].replace("\u2121", "\u2116\u2121")  # what follows are bytes that stand for nothing


_IBM: Final = _ibm()


def read_euc(content: bytes) -> str:
    """Decode EUC-JP of any vendor."""
    return content.decode("euc_jp", _VENDORS).translate(_WINDOWS)


def _vendor(error: UnicodeError) -> tuple[str, int]:
    """Decode one character unknown to Python's codec, and continue after it, or after one invalid byte."""
    assert isinstance(error, UnicodeDecodeError)
    start, content = error.start, error.object
    lead, second, third = (*content[start : start + 3], 0, 0, 0)[:3]
    if lead == 0x8F and third >= 0xA1 and 0 <= (at := _ibm_index(second, third)) < len(_IBM):  # noqa: PLR2004 - SS3
        return _IBM[at], start + 3
    if (lead == _ROW_13 or lead in _ROWS_89) and 0xA1 <= second <= 0xFE:  # noqa: PLR2004 - the 94 cells of a row
        return _row(lead, second), start + 2
    both = second >= 0xA1 and 0x8E <= lead <= 0xFE  # noqa: PLR2004 - a whole character, of a cell that is empty
    return _LOST, start + (3 if lead == 0x8F and both and third >= 0xA1 else 2 if both else 1)  # noqa: PLR2004 - same


def _ibm_index(second: int, third: int) -> int:
    return (second - (_IBM_FIRST >> 8)) * 94 + third - (_IBM_FIRST & 0xFF)


def _row(lead: int, second: int) -> str:
    """Return a character of EUC's plane 1 as code page 932 has it: two rows of JIS share a lead byte there."""
    row, cell = lead - 0xA1, second - 0xA1
    shifted = row // 2 + (0x81 if row < 62 else 0xC1)  # noqa: PLR2004 - rows before the half-width kana
    trail = cell + (0x9F if row % 2 else 0x40 if cell < 63 else 0x41)  # noqa: PLR2004 - 7F is left out
    return bytes((shifted, trail)).decode("cp932", "replace")[:1]


codecs.register_error(_VENDORS, _vendor)

# ── ISO-2022-JP ─────────────────────────────────────────────────────────────────────────────────────────────────

_MODE: Final = re.compile(rb"(\x1b(?:\$[@B]|\$\([@BDOPQ]|\$A|\([A-Z]))")
_KANJI: Final = frozenset({b"\x1b$@", b"\x1b$B", b"\x1b$(@", b"\x1b$(B"})
_OTHERS: Final = {b"\x1b$(O": "iso2022_jp_2004", b"\x1b$(P": "iso2022_jp_2004", b"\x1b$(Q": "iso2022_jp_2004"}
_HIGH: Final = bytes(byte | 0x80 if 0x21 <= byte <= 0x7E else byte for byte in range(256))  # noqa: PLR2004 - printable
# Text that returns to ASCII without saying so: a line never ends in kanji (RFC 1468 §1.1), and an end tag of letters only,
# read as kanji, would be a row of the rarest ones.
_UNSAID: Final = re.compile(rb"[\r\n]|(?:\]\]>)?</[a-z]{4,20}>")
_KANA_RUN: Final = re.compile(rb"\x0e([^\x0f\x1b\r\n<>]*)\x0f?|([\xa1-\xdf]+)")


def read_jis(content: bytes) -> str:
    """
    Decode ISO-2022-JP with vendors' characters and the three forms of half-width kana in Windows.

    These are an escape, SO and SI, and bytes of eight bits (CP50220 to CP50222).
    """
    parts = _MODE.split(content)
    pieces = [_seven_bit(parts[0])]
    for mode, text in zip(parts[1::2], parts[2::2], strict=True):
        unsaid = None if mode.startswith(b"\x1b(") else _UNSAID.search(text)
        end = unsaid.start() if unsaid else len(text)
        pieces += [_in_mode(mode, text[:end]), _seven_bit(text[end:])]
    return "".join(pieces)


def _in_mode(mode: bytes, text: bytes) -> str:
    if mode in _KANJI:
        return read_euc(text.translate(_HIGH))
    if mode == b"\x1b$(D":  # JIS X 0212
        return read_euc(re.sub(rb"[\xa1-\xfe]{2}", b"\x8f\\g<0>", text.translate(_HIGH)))
    if mode == b"\x1b$A":  # GB 2312, as ISO-2022-JP-2 has it
        return text.translate(_HIGH).decode("gb2312", "replace")
    if mode in _OTHERS:
        return (mode + text + b"\x1b(B").decode(_OTHERS[mode], "replace")
    if mode == b"\x1b(I":
        return _kana(text)
    # JIS X 0201 Roman: its backslash is a yen sign; its overline is left a tilde, which addresses are written with.
    return _seven_bit(text).replace("\\", "\xa5") if mode == b"\x1b(J" else _seven_bit(text)


def _seven_bit(text: bytes) -> str:
    """Decode ASCII with half-width kana in it."""
    if text.isascii() and b"\x0e" not in text:
        return text.decode("ascii")
    pieces, last = [], 0
    for run in _KANA_RUN.finditer(text):
        pieces += [text[last : run.start()].decode("ascii", "replace"), _kana(run[1] or run[2] or b"")]
        last = run.end()
    return "".join([*pieces, text[last:].decode("ascii", "replace")])


def _kana(text: bytes) -> str:
    return text.translate(_HIGH).decode("cp932", "replace")
