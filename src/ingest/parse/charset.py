"""
From bytes to text: which character encoding a document is in, and which of its characters XML allows.

The order of belief differs from RFC 7303 §3 in one point, because servers state charsets that nobody checked: bytes
that are valid UTF-8 are UTF-8. Text of any length in another encoding is not valid UTF-8 by accident: kana in Shift_JIS
and EUC-JP, and letters with accents in Latin-1, never form its sequences.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

# Labels that mean a larger repertoire than they say (WHATWG Encoding Standard §4.2), as Python names it. EUC-JP is tried
# as JIS X 0213 too, because Python's `euc_jp` lacks the circled numbers that Japanese press releases are full of.
_WIDER: Final = {
    **dict.fromkeys(("ascii", "us-ascii", "iso-8859-1", "latin1", "latin-1"), ("cp1252",)),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j", "ms_kanji"), ("cp932",)),
    **dict.fromkeys(("euc-jp", "x-euc-jp", "euc_jp"), ("euc_jp", "euc_jis_2004")),
    **dict.fromkeys(("gb2312", "gb_2312-80", "gbk", "x-gbk"), ("gb18030",)),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ksc5601"), ("cp949",)),
    **dict.fromkeys(("big5", "big5-hkscs", "x-x-big5"), ("big5hkscs",)),
    "iso-8859-9": ("cp1254",),
    "iso-8859-11": ("cp874",),
    "tis-620": ("cp874",),
}
# Python also calls rot13, punycode and UTF-7 encodings; documents are not written in those.
_CODEC: Final = re.compile(r"(?:utf-(?:8|16|32)|cp\d|iso8859|koi8|euc|gb|big5|shift_jis|iso2022|mac|hz|johab).*")
_LABEL: Final = re.compile(r"[A-Za-z][\w.:-]{1,30}")
_BOMS: Final = (  # the longer first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED: Final = ((b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"))  # nothing else begins so (XML 1.0 appendix F.1)
_XML_ENCODING: Final = re.compile(rb"\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]+)[\"']", re.ASCII)
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*[\"']?([\w.:-]+)", re.ASCII | re.IGNORECASE)
_TOLERATED: Final = 0.1  # of the characters beyond ASCII; a title cut inside a character stays far below

_KANA: Final = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_PROOF: Final = 3  # of them; in Latin text the bytes of one are a rare accident
_WESTERN: Final = ("utf-8", "cp125", "iso8859")

_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def decode(content: bytes, content_type: str = "") -> tuple[str, str]:
    """
    Return a document's text and, where it could not be read cleanly, why (else "").

    In this order: byte order mark, valid UTF-8, charset of the media type, encoding of the XML declaration; Japanese
    that is declared to be something else is told by its kana. What fits none is read in the encoding that loses least,
    each loss as U+FFFD; never an error.
    """
    for mark, codec in _BOMS:
        if content.startswith(mark):
            return _read(content[len(mark) :], [codec])
    for start, codec in _UNMARKED:
        if content.startswith(start):
            return _read(content, [codec])
    labels = [found[1] for found in (_CHARSET.search(content_type),) if found]
    labels += [found[1].decode("ascii") for found in (_XML_ENCODING.match(content),) if found]
    declared = [codec for label in labels for codec in _codecs(label)]
    # Seven-bit encodings would pass for UTF-8 too; nothing else uses their escape character.
    escaped = [codec for codec in declared if codec.startswith("iso2022")] if b"\x1b" in content else []
    return _read(content, [*escaped, "utf-8", *_proven(content, declared), *declared])


def _proven(content: bytes, declared: list[str]) -> list[str]:
    """Name the encoding that kana prove where none, or only a Latin one or UTF-8, is declared for what is no UTF-8."""
    if _is_tolerable(content.decode("utf-8", "replace")) or not all(codec.startswith(_WESTERN) for codec in declared):
        return []
    return [codec for codec in ("cp932", "euc_jp") if len(_KANA.findall(_fits(content, codec))) >= _PROOF]


def _fits(content: bytes, codec: str) -> str:
    """Return bytes as text if they fit an encoding without loss, else ""."""
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        return ""


def _codecs(label: str) -> tuple[str, ...]:
    """Return Python's names for a charset label; none for one that it does not know or that is not a charset."""
    if wider := _WIDER.get(label.lower()):
        return wider
    if not _LABEL.fullmatch(label):
        return ()
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return ()
    return (name,) if _CODEC.fullmatch(name) else ()


def _read(content: bytes, candidates: list[str]) -> tuple[str, str]:
    """Decode by the first candidate that fits without loss, or by the one that loses least."""
    for codec in candidates:
        try:
            return content.decode(codec), ""
        except UnicodeDecodeError:
            continue
    losses = []
    for rank, codec in enumerate(candidates):
        text = content.decode(codec, "replace")
        losses.append((text.count("\ufffd"), rank, codec, text))
    lost, _, codec, text = min(losses)
    if _is_tolerable(text):
        return text, f"{lost} characters are not valid {codec}"
    return content.decode("cp1252", "replace"), "unknown character encoding"


def _is_tolerable(text: str) -> bool:
    """Whether little of what is not ASCII was lost."""
    return text.count("\ufffd") <= _TOLERATED * (len(text) - len(text.encode("ascii", "ignore")))


def legal(text: str) -> str:
    """Return `text` without the characters that XML 1.0 §2.2 forbids; databases and JSON refuse several of them too."""
    return _ILLEGAL.sub("", text)


def is_legal(character: str) -> bool:
    """Whether XML 1.0 §2.2 allows a character."""
    return not _ILLEGAL.match(character)
