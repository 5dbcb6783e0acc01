"""
Decode content codings in steps of bounded size (RFC 9110 §8.4).

A few hundred bytes can decode to gigabytes, so memory is bounded by the cap and one step: every decoder yields pieces, and
`decode` stops at the first piece above the cap. Every decoder also detects the end of its format, so a truncated body is an
error and not a short document.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Final

import brotli  # type: ignore[import-untyped]  # ships no types

from ingest.errors import FetchError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["ACCEPTED", "decode", "names_of", "too_large", "zstd"]

ACCEPTED: Final = "gzip, br, zstd, deflate"
"""Our Accept-Encoding: names of the IANA HTTP Content Coding registry."""

MAX_LAYERS: Final = 2
"""The most codings of one body. One is normal, two come from servers that compress an already compressed file."""

STEP_BYTES: Final = 256 * 1024
"""The size of one piece. A decoder may exceed it by its own block (brotli by at most as much again)."""

FIRST_BYTES: Final = 1024
"""
The input of a decoder's first step. Each further step takes twice as much, up to `STEP_BYTES`.

A decoder copies the input behind the end of its format, so a body of many tiny members must not come in large steps: 1 MB of
empty gzip members took 2 s in one piece.
"""

ZSTD_WINDOW_BITS: Final = 23
"""The largest window of a `zstd` content coding is 8 MiB (RFC 9659 §3)."""

ZSTD_FRAMES: Final = 10_000
"""The most frames of a body. Servers send one. Each costs 10 µs, and an empty one has 9 bytes."""

_OTHERS: Final = frozenset({"compress", "x-compress", "exi", "pack200-gzip", "aes128gcm", "dcb", "dcz"})
"""Codings of the IANA registry without a decoder here. A body under one of them is never read as it is."""

_SNIFFED_BYTES: Final = 1445
_BINARY: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_MARKS: Final = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x1f\x8b")  # byte order marks; gzip (RFC 1952 §2.3.1)


def decode(body: bytes, content_encoding: str, max_bytes: int) -> bytes:
    """
    Decode all codings of a whole body, the last applied first.

    An invalid name (`utf-8`, `none`, `8bit`, a media type) comes from a misconfigured server. As in browsers, it is ignored if
    the body is readable as it is.

    Args:
        content_encoding: The field's value, several lines joined by commas.
        max_bytes: The cap on the decoded bytes of each layer.

    Raises:
        FetchError: `content-coding` (unknown, too many, wrong), `truncated`, `too-large`.
    """
    names = names_of(content_encoding)
    layers = sum(name in _DECODERS or name in _OTHERS for name in names)
    if layers > MAX_LAYERS:
        raise _fault(f"sent a body under {layers} content codings; at most {MAX_LAYERS} are unpacked")
    for name in reversed(names):
        decoder = _DECODERS.get(name)
        if decoder is not None:
            body = _collect(decoder(body), max_bytes)
        elif name in _OTHERS or not _is_readable(body):
            raise _fault(f"sent a body in the coding {name[:40]!r}, which was not offered and cannot be read")
    return body


def _is_readable(body: bytes) -> bool:
    """Whether the beginning of a body is text (WHATWG MIME Sniffing §7.1), or the mark of a gzip file."""
    return body.startswith(_MARKS) or not _BINARY.search(body, 0, _SNIFFED_BYTES)


def names_of(content_encoding: str) -> list[str]:
    """Return the codings in the order applied, in lower case, without `identity`."""
    names = (part.strip(" \t").lower() for part in content_encoding.split(","))
    return [name for name in names if name not in {"", "identity"}]


def _collect(pieces: Iterator[bytes], max_bytes: int) -> bytes:
    kept: list[bytes] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > max_bytes:
            raise too_large(max_bytes)
        kept.append(piece)
    return b"".join(kept)


def too_large(max_bytes: int) -> FetchError:
    """Return the error for a body above its cap."""
    message = f"sent more than {max_bytes} bytes, nothing of which is kept; raise INGEST_MAX_BYTES if that is right"
    return FetchError(message, rule="too-large")


def _fault(message: str, *, rule: str = "content-coding") -> FetchError:
    return FetchError(f"{message}; nothing is kept, and the next poll asks again", rule=rule)


def _cut(coding: str) -> FetchError:
    return _fault(f"sent a {coding} body that breaks off in the middle", rule="truncated")


def _damaged(coding: str, why: object) -> FetchError:
    return _fault(f"sent a body that is not the {coding} it is said to be ({why})")


def _gzip(data: bytes) -> Iterator[bytes]:
    """Decode one or more members, each with its checksum (RFC 1952 §2.2). Zeros after them are padding, as in gzip."""
    at = 0
    while at < len(data):
        at = yield from _inflate(data, at, "gzip", zlib.MAX_WBITS | 16)
        if padding := _ZEROS.match(data, at):
            at = padding.end()


_ZEROS: Final = re.compile(rb"\0+")


def _deflate(data: bytes) -> Iterator[bytes]:
    """Decode the zlib format (RFC 9110 §8.4.1.2), or raw deflate, sent by enough servers under that name."""
    try:
        zlib.decompressobj().decompress(data[:2], 1)
        window = zlib.MAX_WBITS
    except zlib.error:
        window = -zlib.MAX_WBITS
    end = yield from _inflate(data, 0, "deflate", window)
    if end < len(data):
        raise _damaged("deflate", "bytes after its end")


def _inflate(data: bytes, at: int, coding: str, window: int) -> Generator[bytes, None, int]:
    """Yield the content of one member and return the index after it."""
    inflater = zlib.decompressobj(window)
    step = FIRST_BYTES
    while not inflater.eof:
        chunk = inflater.unconsumed_tail
        if not chunk:
            chunk = data[at : at + step]
            at += len(chunk)
            step = min(2 * step, STEP_BYTES)
        try:
            piece = inflater.decompress(chunk, STEP_BYTES)
        except zlib.error as error:
            raise _damaged(coding, error) from error
        if not chunk and not piece:
            raise _cut(coding)
        yield piece
    return at - len(inflater.unused_data)


def _brotli(data: bytes) -> Iterator[bytes]:
    """Decode one stream (RFC 7932). The decoder itself refuses bytes after its end."""
    decoder = brotli.Decompressor()
    chunk = data
    while not decoder.is_finished():
        try:
            piece = decoder.process(chunk, output_buffer_limit=STEP_BYTES)
        except brotli.error as error:
            raise _damaged("br", error) from error
        chunk = b""
        if not piece and not decoder.is_finished() and decoder.can_accept_more_data():
            raise _cut("br")
        yield piece


def _zstd(data: bytes) -> Iterator[bytes]:
    """Decode frames with a bounded window (RFC 8878, RFC 9659)."""
    at = frames = 0
    while at < len(data):
        frames += 1
        if frames > ZSTD_FRAMES:
            raise _damaged("zstd", f"more than {ZSTD_FRAMES} frames")
        decoder = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_BITS})
        step = FIRST_BYTES
        while not decoder.eof:
            chunk = data[at : at + step] if decoder.needs_input else b""
            if decoder.needs_input and not chunk:
                raise _cut("zstd")
            at += len(chunk)
            step = min(2 * step, STEP_BYTES)
            try:
                piece = decoder.decompress(chunk, STEP_BYTES)
            except zstd.ZstdError as error:
                raise _damaged("zstd", error) from error
            yield piece
        at -= len(decoder.unused_data)


_DECODERS: Final[Mapping[str, Callable[[bytes], Iterator[bytes]]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,  # RFC 9110 §8.4.1.3
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
