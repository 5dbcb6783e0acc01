"""
Bytes as text: unpacking and the choice of a character encoding, once per document.

The order differs from RFC 7303 §3 in one point: bytes that are valid UTF-8 are UTF-8, because nobody checks the charsets that
servers state. Text of any length in another encoding is not valid UTF-8 by accident. Kana in Shift_JIS and EUC-JP, and accented
letters in Latin-1, never form its sequences. For the same reason a few invalid bytes do not change the encoding of a document,
and are decoded one by one.
"""

from __future__ import annotations

import codecs
import re
import zlib
from dataclasses import dataclass, replace
from typing import Final

import webencodings

from ingest.errors import ParseError
from ingest.parse.markup import japanese
from ingest.parse.markup.sniffing import is_page

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
_STRAYS: Final = 3  # lost characters of a short text
_AMONG: Final = 3  # characters to each of them
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


SIZE_LIMIT: Final = 52_428_800
"""Bytes of an unpacked document: those of a sitemap (sitemaps.org protocol 0.9, "Using Sitemap index files")."""

_GZIP: Final = b"\x1f\x8b"  # RFC 1952 §2.3.1
_META_CHARSET: Final = re.compile(rb"<meta\s[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.ASCII | re.IGNORECASE)
_META_WITHIN: Final = 8_192  # bytes; the standard reads 1,024, and real pages fill those with comments and scripts


@dataclass(frozen=True, slots=True)
class Decoded:
    """
    A document as text.

    media_type: the response's Content-Type with its parameters, or ""
    damage: losses in decoding, or ""
    packing: faults of the gzip file around the document, or ""
    """

    text: str
    encoding: str
    media_type: str = ""
    damage: str = ""
    packing: str = ""


def read(content: bytes, media_type: str = "", *, limit: int = SIZE_LIMIT, single: bool = False) -> Decoded:
    """
    Unpack and decode a document.

    Args:
        content: The payload of a capture.
        media_type: The Content-Type of the response, with its parameters.
        limit: Bytes after unpacking.
        single: Whether a gzip file with several members is not unpacked, because that costs the square of their number.

    Raises:
        ParseError: `broken`: it begins like a gzip file and cannot be unpacked.
    """
    plain, packing = unpack(content, limit, single=single)
    return replace(decode(plain, media_type), packing=packing)


def is_packed(content: bytes) -> bool:
    """Whether a document is a gzip file. Some servers send one without a Content-Encoding."""
    return content.startswith(_GZIP)


def unpack(content: bytes, limit: int, *, single: bool = False) -> tuple[bytes, str]:
    """Return bytes without gzip (RFC 1952), and the fault of the file. The first two bytes decide, not the name."""
    if not is_packed(content):
        return content, ""
    pieces: list[bytes] = []
    length = 0
    while is_packed(content) and length < limit:
        member = zlib.decompressobj(wbits=31)
        try:
            pieces.append(member.decompress(content, limit - length))
        except zlib.error as error:
            if not pieces:
                raise ParseError(f"The answer begins like gzip and is not: {error}.", rule="broken") from error
            return b"".join(pieces), "the gzipped file is damaged"
        length += len(pieces[-1])
        if not member.eof:
            is_full = length >= limit
            return b"".join(pieces), "larger than a sitemap may be" if is_full else "the gzipped file breaks off"
        content = member.unused_data
        if single and is_packed(content):
            return b"".join(pieces), "the gzipped file has several members"
    return b"".join(pieces), "larger than a sitemap may be" if is_packed(content) else ""


def decode(content: bytes, media_type: str = "") -> Decoded:
    """
    Decode a document. Decoding never fails.

    A byte order mark comes first, then escapes of ISO-2022-JP, then valid UTF-8. Other bytes are decoded by the explanation
    for most of them. The candidates are UTF-8 with stray bytes in windows-1252, the declared encodings, and Japanese
    with proof by kana. Declarations count in this order: media type, XML declaration, `<meta charset>` (HTML §13.2.3.2). When
    nothing fits, the encoding with the fewest losses is used, and each loss becomes U+FFFD.
    """
    decoded = _decoded(content, media_type)
    return replace(decoded, text=decoded.text.lstrip("\ufeff"), media_type=media_type)


def _decoded(content: bytes, media_type: str) -> Decoded:
    for mark, codec in _BOMS:
        if content.startswith(mark):
            return _utf8(content[len(mark) :]) if codec == "utf-8" else _by(content[len(mark) :], codec)
    if unmarked := _UNMARKED.match(content):
        return _by(content, "utf-16-le" if unmarked["le"] else "utf-16-be")
    declared = _declared(content, media_type)
    seven = [codec for codec in declared if codec.startswith(_SEVEN_BIT)]
    if seven and not _SHIFTS.search(content):
        seven = []
    if japanese.ESCAPES.search(content):
        seven = [japanese.JIS]
    for codec in seven:  # they would pass for UTF-8 too
        if (text := _text(content, codec)).count(_LOST) == 0 or _is_tolerable(text):
            return Decoded(text, codec.removeprefix("ingest-"), damage=_loss(text, codec))
    try:
        return Decoded(content.decode(), "utf-8")
    except UnicodeDecodeError:
        return _most_explained(content, [codec for codec in declared if not codec.startswith(_SEVEN_BIT)])


def _declared(content: bytes, media_type: str) -> list[str]:
    """List the declared codecs of the server and the document, without those in contradiction to its ASCII characters."""
    of_server, of_xml = _CHARSET.search(media_type), _XML_ENCODING.match(content)
    labels = [of_server[1]] if of_server else []
    labels += [of_xml[1].decode("ascii")] if of_xml else []
    labels += _meta_labels(content[:_META_WITHIN])
    named = dict.fromkeys(codec for label in labels for codec in _codecs(label))
    wide = b"\x00" in content[:100] or (content.startswith(_EBCDIC_MARK) and not content[:100].isascii())
    return [codec for codec in named if wide or not _NOT_ASCII.match(codec)]


def _meta_labels(head: bytes) -> list[str]:
    """Return the label of a page's `<meta charset>`."""
    label = _META_CHARSET.search(head)
    return [label[1].decode("ascii")] if label and is_page(head.decode("latin-1")) else []


def _codecs(label: str) -> tuple[str, ...]:
    """Return the codecs that read a charset label, best first. An unknown label has none."""
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


def _most_explained(content: bytes, declared: list[str]) -> Decoded:
    """Decode bytes other than valid UTF-8."""
    raw = _PAIR.sub(_joined, content).decode("utf-8", "surrogateescape")
    strays = len(raw) - len(_STRAY.sub("", raw))
    sequences = len(raw) - len(raw.encode("ascii", "ignore")) - strays
    if sequences > _CERTAIN * strays:
        return _with_strays(raw)
    rivals = [codec for codec in declared if not codec.startswith((*_WESTERN, *_SINGLE_BYTE))]
    readings = [(codec, _text(content, codec)) for codec in dict.fromkeys([*rivals, *_japanese(content, rivals)])]
    if readings:
        codec, text = min(readings, key=lambda reading: _unexplained(reading[1]))
        if _is_tolerable(text):
            return Decoded(text, codec.removeprefix("ingest-"), damage=_loss(text, codec))
    single = next((codec for codec in declared if codec.startswith(_SINGLE_BYTE)), None)
    if single and sequences <= strays:
        return _by(content, single)
    decoded = _with_strays(raw)
    is_known = sequences > strays or "utf-8" in declared
    return decoded if is_known else replace(decoded, damage="unknown character encoding")


def _japanese(content: bytes, rivals: list[str]) -> list[str]:
    """Return the Japanese encodings proved by kana, unless another multi-byte encoding is declared."""
    if not all(codec in {"cp932", japanese.EUC, "euc_jis_2004"} for codec in rivals):
        return []
    return [codec for codec in ("cp932", japanese.EUC) if _is_japanese(_text(content, codec))]


def _is_japanese(text: str) -> bool:
    return len(_KANA.findall(text)) >= _PROOF and _is_tolerable(text) and not _half_width(text)


def _half_width(text: str) -> int:
    """Count half-width kana when they outnumber full-width ones, because they are then misread bytes."""
    half = len(_HALF_WIDTH.findall(text))
    return half if half > len(_KANA.findall(text)) else 0


def _unexplained(text: str) -> int:
    return text.count(_LOST) + _half_width(text)


def _is_tolerable(text: str) -> bool:
    """Whether decoding lost few of the characters beyond ASCII. A short text may lose more to a single stray byte."""
    lost, written = text.count(_LOST), len(text) - len(text.encode("ascii", "ignore"))
    return lost <= _TOLERATED * written or (lost <= _STRAYS and _AMONG * lost <= written)


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _text(content: bytes, codec: str) -> str:
    match codec:
        case japanese.EUC:
            return japanese.read_euc(content)
        case japanese.JIS:
            return japanese.read_jis(content)
    return content.decode(codec, "replace")


def _by(content: bytes, codec: str) -> Decoded:
    text = _text(content, codec)
    return Decoded(text, codec.removeprefix("ingest-"), damage=_loss(text, codec))


def _loss(text: str, codec: str) -> str:
    lost = text.count(_LOST)
    return f"{lost} characters are not valid {codec.removeprefix('ingest-')}" if lost else ""


def _utf8(content: bytes) -> Decoded:
    try:
        return Decoded(content.decode(), "utf-8")
    except UnicodeDecodeError:
        return _with_strays(_PAIR.sub(_joined, content).decode("utf-8", "surrogateescape"))


def _joined(pair: re.Match[bytes]) -> bytes:
    halves = pair[0].decode("utf-8", "surrogatepass")
    return halves.encode("utf-16", "surrogatepass").decode("utf-16").encode()


def _with_strays(raw: str) -> Decoded:
    """Decode stray bytes in UTF-8: a Japanese field in its own encoding, cut sequences as lost, others as windows-1252."""
    before = raw.count(_LOST)
    count = len(raw) - len(_STRAY.sub("", raw))
    if count <= _MOST_FIELDS:
        raw = _FIELD.sub(_field, raw)
    text = _CUT.sub(_LOST, raw)
    left = len(text) - len(_STRAY.sub("", text)) + text.count(_LOST) - before
    damage = f"{left or count} characters are not valid utf-8"
    return Decoded(text.translate(_WINDOWS) if left else text, "utf-8", damage=damage)


def _field(match: re.Match[str]) -> str:
    """Decode a field of mostly stray bytes in the Japanese encoding proved by its kana. Other fields stay as they are."""
    written = match[0]
    if written.isascii() or 2 * len(_STRAY.findall(written)) < len(written) - len(written.encode("ascii", "ignore")):
        return written
    content = written.encode("utf-8", "surrogateescape")
    proven = (_text(content, codec) for codec in ("cp932", japanese.EUC))
    return next((text for text in proven if _LOST not in text and _is_japanese(text)), written)
