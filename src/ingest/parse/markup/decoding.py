"""
From bytes to text: which character encoding a document is in.

The order of belief differs from RFC 7303 §3 in one point, because servers state charsets that nobody checked: bytes
that are valid UTF-8 are UTF-8. Text of any length in another encoding is not valid UTF-8 by accident: kana in Shift_JIS
and EUC-JP, and letters with accents in Latin-1, never form its sequences. For the same reason a few bytes that are not
UTF-8 make a document no other encoding: they are read by themselves, and the rest stays what it is.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

import webencodings

from ingest.parse.markup import japanese

# ── labels ──────────────────────────────────────────────────────────────────────────────────────────────────────

# Names that no standard has and documents do, by the name that the WHATWG has for them.
_ALIASES: Final = {
    **dict.fromkeys(("eucjp", "eucjp-ms", "eucjpms", "eucjp-win", "euc-jp-ms", "ujis", "cp51932"), "euc-jp"),
    **dict.fromkeys(("windows-51932", "x-euc", "x-eucjp", "euc_jp", "euc-jp-win", "cp20932"), "euc-jp"),
    **dict.fromkeys(("cp50220", "cp50221", "cp50222", "iso-2022-jp-ms", "iso-2022-jp-1"), "iso-2022-jp"),
    **dict.fromkeys(("iso-2022-jp-2", "iso-2022-jp-3", "iso-2022-jp-2004", "iso2022-jp", "iso2022jp"), "iso-2022-jp"),
    **dict.fromkeys(("windows-50220", "windows-50221", "windows-50222", "jis", "jis7", "iso_2022-jp"), "iso-2022-jp"),
    **dict.fromkeys(("cp932", "ms-932", "windows-932", "sjis-win", "x-ms-cp932", "shiftjis"), "shift_jis"),
    **dict.fromkeys(("shift_jis-win", "sjis-open", "x-shift_jis", "x-shift-jis", "cp943", "ibm-943"), "shift_jis"),
    **dict.fromkeys(("utf8mb4", "x-utf-8", "utf_8", "utf-8-sig"), "utf-8"),
    **dict.fromkeys(("cp936", "windows-936", "euc-cn", "euccn", "gb-18030", "gb_18030"), "gb18030"),
    **dict.fromkeys(("cp950", "windows-950", "ms950"), "big5"),
    **dict.fromkeys(("cp949", "ms949", "uhc", "euckr", "x-euc-kr"), "euc-kr"),
}
# What is read by another codec than `webencodings` names; the standard's own wider repertoire is its work.
_CODECS: Final = {
    "euc-jp": (japanese.EUC, "euc_jis_2004"),
    "iso-2022-jp": (japanese.JIS,),
    "shift_jis": ("cp932",),
    "gbk": ("gb18030",),
    "gb18030": ("gb18030",),
    "big5": ("big5hkscs",),
    "euc-kr": ("cp949",),
}
# Python also calls rot13, punycode and UTF-7 encodings; documents are not written in those.
_CODEC: Final = re.compile(r"(?:utf-(?:8|16|32)|cp\d|iso8859|koi8|euc|gb|big5|shift_jis|iso2022|mac|hz|johab|tis).*")
_LABEL: Final = re.compile(r"[A-Za-z][\w.:-]{1,30}")
# Codecs in which a document's own declaration could not be read as it stands (XML 1.0 appendix F).
_NOT_ASCII: Final = re.compile(r"utf-(?:16|32)|cp(?:037|273|424|500|875|1026|1140)")

# ── what bytes say ──────────────────────────────────────────────────────────────────────────────────────────────

_BOMS: Final = (  # the longer first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED: Final = re.compile(rb"(?P<le>[<{\[]\x00(?!\x00))|\x00[<{\[]")  # XML 1.0 appendix F.1, RFC 4627 §3
_EBCDIC_MARK: Final = b"\x4c"  # a `<`; an ASCII document of that beginning would have an L there
_XML_ENCODING: Final = re.compile(rb"\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']\s*([\w.:-]+)\s*[\"']", re.ASCII)
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*[\"']?\s*([\w.:-]+)", re.ASCII | re.IGNORECASE)
_SEVEN_BIT: Final = (japanese.JIS, "iso2022", "hz")
_SHIFTS: Final = re.compile(rb"\x1b[$(]|\x0e|~\{")

# ── how much an encoding explains ───────────────────────────────────────────────────────────────────────────────

_TOLERATED: Final = 0.1  # of the characters beyond ASCII; a title cut inside a character stays far below
_CERTAIN: Final = 3  # valid sequences a stray byte, beyond which nothing but UTF-8 is thought of; EUC-JP comes to 1
_SINGLE_BYTE: Final = ("cp125", "cp874", "iso8859", "koi8", "mac", "tis")
_WESTERN: Final = ("utf-8", "cp125", "iso8859")
_KANA: Final = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HALF_WIDTH: Final = re.compile("[\uff61-\uff9f]")  # what Shift_JIS makes of bytes that are none
_PROOF: Final = 3  # of them; in Latin text the bytes of one are a rare accident

_LOST: Final = "\ufffd"
_STRAY: Final = re.compile("[\udc80-\udcff]")
# Half of a pair each, encoded as if it were a character (CESU-8): what some databases do to 🎉.
_PAIR: Final = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
# A sequence that breaks off behind text in no Latin letters, at the end of a field or as an emoji was cut; it is no letter.
_CUT: Final = re.compile(
    "(?<=[\u0370-\u1fff\u2c00-\ud7ff\uf900-\uffef\U00010000-\U0010ffff])[\udcc2-\udcf4][\udc80-\udcbf]{0,2}"
    "|(?:[\udcc2\udcc3]|\udce2\udc80?)(?=<|\\]\\]>|\\.\\.\\.|…|&#?\\w+;<|\\Z)"
    "|\udcf0\udc9f[\udc80-\udcbf]?|[\udcc2-\udcf4][\udc80-\udcbf]{0,2}\\Z"
)
_FIELD: Final = re.compile("[^<>\n]+")
_MOST_FIELDS: Final = 10_000  # stray bytes up to which each field is looked at by itself
_WINDOWS: Final = {0xDC00 + byte: bytes((byte,)).decode("cp1252", "replace") for byte in range(0x80, 0x100)}


def decode(content: bytes, content_type: str = "", *, stated: str = "") -> tuple[str, str]:
    """
    Return a document's text and, where it could not be read cleanly, why (else "").

    In this order: byte order mark, escapes of ISO-2022-JP, valid UTF-8. Otherwise what explains most of the bytes: UTF-8 with
    strays among them, each read as windows-1252; the charset of the media type, the encoding of the XML declaration, or
    what the document says in its own way; Japanese that its kana prove. What fits none is read in the encoding that
    loses least, each loss as U+FFFD; never an error.

    Args:
        content: The bytes.
        content_type: The media type that the server named, parameters and all.
        stated: A label of the document's own: `<meta charset>`.
    """
    text, why = _decoded(content, content_type, stated)
    return text.lstrip("\ufeff"), why


def _decoded(content: bytes, content_type: str, stated: str) -> tuple[str, str]:
    for mark, codec in _BOMS:
        if content.startswith(mark):
            return _utf8(content[len(mark) :]) if codec == "utf-8" else _told(content[len(mark) :], codec)
    if unmarked := _UNMARKED.match(content):
        return _told(content, "utf-16-le" if unmarked["le"] else "utf-16-be")
    declared = _declared(content, content_type, stated)
    seven = [codec for codec in declared if codec.startswith(_SEVEN_BIT)] if _SHIFTS.search(content) else []
    if japanese.ESCAPES.search(content):
        seven = [japanese.JIS]
    for codec in seven:  # they would pass for UTF-8 too
        if (text := _read(content, codec)).count(_LOST) == 0 or _is_tolerable(text):
            return _told(content, codec)
    try:
        return content.decode(), ""
    except UnicodeDecodeError:
        return _most_explained(content, [codec for codec in declared if not codec.startswith(_SEVEN_BIT)])


def _declared(content: bytes, content_type: str, stated: str) -> list[str]:
    """List the codecs that a document and its server name, each once; those in which its ASCII would be none are untrue."""
    labels = [found[1] for found in (_CHARSET.search(content_type),) if found]
    labels += [found[1].decode("ascii") for found in (_XML_ENCODING.match(content),) if found]
    named = dict.fromkeys(codec for label in (*labels, stated) for codec in _codecs(label))
    wide = b"\x00" in content[:100] or (content.startswith(_EBCDIC_MARK) and not content[:100].isascii())
    return [codec for codec in named if wide or not _NOT_ASCII.match(codec)]


def _codecs(label: str) -> tuple[str, ...]:
    """Return what a charset label is read by; nothing for one that nobody knows or that is not a charset."""
    name = label.strip().lower()
    name = _ALIASES.get(name, name)
    if not _LABEL.fullmatch(name):
        return ()
    known = webencodings.lookup(name)
    if known is not None and known.name not in {"replacement", "x-user-defined"}:
        return _CODECS.get(known.name) or (known.codec_info.name,)
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        return ()
    return (codec,) if _CODEC.fullmatch(codec) else ()


# ── weighing ────────────────────────────────────────────────────────────────────────────────────────────────────


def _most_explained(content: bytes, declared: list[str]) -> tuple[str, str]:
    """Decode what is not UTF-8 as it stands."""
    raw = _PAIR.sub(_joined, content).decode("utf-8", "surrogateescape")
    strays = len(raw) - len(_STRAY.sub("", raw))
    sequences = len(raw) - len(raw.encode("ascii", "ignore")) - strays
    if sequences > _CERTAIN * strays:
        return _with_strays(raw)
    rivals = [codec for codec in declared if not codec.startswith((*_WESTERN, *_SINGLE_BYTE))]
    readings = [(codec, _read(content, codec)) for codec in dict.fromkeys([*rivals, *_japanese(content, rivals)])]
    if readings:
        codec, text = min(readings, key=lambda reading: _unexplained(reading[1]))
        if _is_tolerable(text):
            return text, _loss(text, codec)
    single = next((codec for codec in declared if codec.startswith(_SINGLE_BYTE)), None)
    if single and ("utf-8" not in declared or sequences <= strays):
        return _told(content, single)
    text, why = _with_strays(raw)
    return text, why if sequences > strays or "utf-8" in declared else "unknown character encoding"


def _japanese(content: bytes, rivals: list[str]) -> list[str]:
    """Name the encodings of Japanese that kana prove, where nothing else than Japanese is declared in several bytes."""
    if not all(codec in {"cp932", japanese.EUC, "euc_jis_2004"} for codec in rivals):
        return []
    return [codec for codec in ("cp932", japanese.EUC) if _is_japanese(_read(content, codec))]


def _is_japanese(text: str) -> bool:
    return len(_KANA.findall(text)) >= _PROOF and _is_tolerable(text) and not _half_width(text)


def _half_width(text: str) -> int:
    """Count half-width kana where they outnumber the others: then they are no kana."""
    half = len(_HALF_WIDTH.findall(text))
    return half if half > len(_KANA.findall(text)) else 0


def _unexplained(text: str) -> int:
    return text.count(_LOST) + _half_width(text)


def _is_tolerable(text: str) -> bool:
    """Whether little of what is not ASCII was lost."""
    return text.count(_LOST) <= _TOLERATED * (len(text) - len(text.encode("ascii", "ignore")))


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _read(content: bytes, codec: str) -> str:
    match codec:
        case japanese.EUC:
            return japanese.read_euc(content)
        case japanese.JIS:
            return japanese.read_jis(content)
    return content.decode(codec, "replace")


def _told(content: bytes, codec: str) -> tuple[str, str]:
    text = _read(content, codec)
    return text, _loss(text, codec)


def _loss(text: str, codec: str) -> str:
    lost = text.count(_LOST)
    return f"{lost} characters are not valid {codec.removeprefix('ingest-')}" if lost else ""


def _utf8(content: bytes) -> tuple[str, str]:
    try:
        return content.decode(), ""
    except UnicodeDecodeError:
        return _with_strays(_PAIR.sub(_joined, content).decode("utf-8", "surrogateescape"))


def _joined(pair: re.Match[bytes]) -> bytes:
    halves = pair[0].decode("utf-8", "surrogatepass")
    return halves.encode("utf-16", "surrogatepass").decode("utf-16").encode()


def _with_strays(raw: str) -> tuple[str, str]:
    """Read the stray bytes of a text in UTF-8: a field of Japanese as such, what was cut as lost, others as windows-1252."""
    before = raw.count(_LOST)
    count = len(raw) - len(_STRAY.sub("", raw))
    if count <= _MOST_FIELDS:
        raw = _FIELD.sub(_field, raw)
    text = _CUT.sub(_LOST, raw)
    left = len(text) - len(_STRAY.sub("", text)) + text.count(_LOST) - before
    return text.translate(_WINDOWS) if left else text, f"{left or count} characters are not valid utf-8"


def _field(found: re.Match[str]) -> str:
    """Read one field that is more strays than UTF-8 in the encoding that its kana prove; leave any other."""
    written = found[0]
    if written.isascii() or 2 * len(_STRAY.findall(written)) < len(written) - len(written.encode("ascii", "ignore")):
        return written
    content = written.encode("utf-8", "surrogateescape")
    proven = (_read(content, codec) for codec in ("cp932", japanese.EUC))
    return next((text for text in proven if _LOST not in text and _is_japanese(text)), written)
