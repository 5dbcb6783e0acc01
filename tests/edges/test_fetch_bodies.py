from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest

from edges.hostile import FEED, RSS, Get, failed, fetched, within
from edges.server import Act, Again, HostileServer, Pause, Script, answer, chunk, head
from ingest import codings
from ingest.codings import zstd

CHUNKED = head(Transfer_Encoding="chunked")
MIB = 1 << 20

# ── content codings ─────────────────────────────────────────────────────────────────────────────────────────────


def gzipped(data: bytes) -> bytes:
    """The same bytes every time, as parameters of tests have to be."""
    return gzip.compress(data, mtime=0)


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def streamed_zstd(data: bytes) -> bytes:
    """Many blocks, no size in the head, a checksum: as servers make it on the fly."""
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.checksum_flag: 1})
    return b"".join(packer.compress(data[i : i + 30], packer.FLUSH_BLOCK) for i in range(0, len(data), 30)) + (
        packer.flush()
    )


def wide_zstd(data: bytes) -> bytes:
    """A window of 128 MiB, sixteen times what RFC 9659 §3 lets a content coding ask for."""
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    return packer.compress(data) + packer.flush()


PACKED = {
    "gzip": gzipped(RSS),
    "x-gzip": gzipped(RSS),
    "X-GZIP": gzipped(RSS) + bytes(7),  # padding, as of a tape
    "GZip": gzipped(RSS[:20]) + gzipped(RSS[20:]),
    "deflate": zlib.compress(RSS),
    "Deflate": bare_deflate(RSS),
    "br": brotli.compress(RSS),
    "zstd": streamed_zstd(RSS),
    "ZSTD": zstd.compress(RSS[:20]) + b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstd.compress(RSS[20:]),
    "identity": RSS,
    "gzip, br": brotli.compress(gzipped(RSS)),
    "gzip, gzip": gzipped(gzipped(RSS)),
}


@pytest.mark.parametrize("coding", PACKED)
def test_a_coding_is_taken_off(coding: str, server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(PACKED[coding], Content_Encoding=coding))
    response = fetched(get()).response
    assert (response.content, response.body) == (RSS, PACKED[coding])


@pytest.mark.parametrize(
    "coding",
    ["utf-8", "UTF-8", "none", "None", "identity", "8bit", "binary", "text/xml", "iso-8859-1", "utf-8, identity", ","],
)
def test_a_name_that_is_no_coding_does_nothing(coding: str, server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(RSS, Content_Encoding=coding))
    response = fetched(get()).response
    assert (response.content, response.body) == (RSS, RSS)


@pytest.mark.parametrize("coding", ["utf-8, gzip", "gzip, utf-8", "none, gzip, 8bit"])
def test_a_name_that_is_no_coding_hides_none(coding: str, server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(PACKED["gzip"], Content_Encoding=coding))
    assert fetched(get()).response.content == RSS


@pytest.mark.parametrize("coding", ["x-lzma", "snappy", "utf-8"])
def test_bytes_that_are_no_text_under_an_unknown_coding_are_a_failure(
    coding: str, server: HostileServer, get: Get
) -> None:
    server.on(FEED, answer(b"\x5d\x00\x00\x80" + bytes(range(256)), Content_Encoding=coding))
    assert failed(get()).rule == "content-coding"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "Deflate", "br", "zstd"])
@pytest.mark.parametrize("cut", [1, 3, 40])
def test_a_coding_that_breaks_off_is_a_failure(coding: str, cut: int, server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(PACKED[coding][:-cut], Content_Encoding=coding))
    result = failed(get())
    assert (result.rule, result.status_code) == ("truncated", 200)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", RSS),
        ("br", RSS),
        ("zstd", RSS),
        ("deflate", RSS),
        ("gzip", PACKED["gzip"] + b"surplus"),
        ("br", PACKED["br"] + b"surplus"),
        ("zstd", PACKED["zstd"] + b"surplus, and more of it"),
        ("deflate", PACKED["deflate"] + b"surplus"),
        ("compress", RSS),
        ("gzip, gzip, gzip", gzipped(gzipped(gzipped(RSS)))),
        ("zstd", wide_zstd(RSS)),
        ("zstd", zstd.compress(b"") * 11_000),
    ],
)
def test_a_body_that_is_not_what_its_coding_says_is_a_failure(
    coding: str, body: bytes, server: HostileServer, get: Get
) -> None:
    server.on(FEED, answer(body, Content_Encoding=coding))
    assert failed(get()).rule == "content-coding"
    assert len(server.asked) == 1


def test_many_tiny_members_are_decoded_in_time_proportional_to_their_number() -> None:
    body = gzipped(b"") * 100_000  # 2 MB, which took 8 s when the rest was copied for each
    before = time.process_time()
    assert codings.decode(body + gzipped(RSS), "gzip", MIB) == RSS
    assert time.process_time() - before < 3


def bomb(coding: str) -> bytes:
    """64 MiB of nothing, packed: hundreds to thousands of bytes under brotli and zstd."""
    nothing = bytes(64 * MIB)
    match coding:
        case "br":
            return bytes(brotli.compress(nothing, quality=5))
        case "zstd":
            return zstd.compress(nothing, 1)
        case "deflate":
            return zlib.compress(nothing)
        case "gzip, gzip":
            return gzipped(gzipped(nothing))
        case _:
            return gzipped(nothing)


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip", "gzip, gzip"])
def test_a_bomb_is_stopped_at_the_cap(coding: str, server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(bomb(coding), Content_Encoding=coding))
    tracemalloc.start()
    result = failed(get(max_bytes=MIB))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.rule == "too-large"
    assert peak < 5 * MIB
    assert len(server.asked) == 1


# ── size ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("start", [head(Content_Length=1000), head(Transfer_Encoding="chunked"), head()])
def test_a_body_may_be_as_long_as_the_cap_and_no_longer(start: bytes, server: HostileServer, get: Get) -> None:
    body = b"x" * 1000
    framed = chunk(body) + chunk(b"") if b"chunked" in start else body
    server.on(FEED, (start, framed, Act.END))
    assert len(fetched(get(max_bytes=1000)).response.content) == 1000
    assert failed(get(max_bytes=999)).rule == "too-large"


def test_a_body_that_says_it_is_too_long_is_not_read(server: HostileServer, get: Get) -> None:
    server.on(FEED, (head(Content_Length=10**12), Act.HOLD))
    began = time.monotonic()
    result = failed(get())
    assert (result.rule, result.status_code) == ("too-large", 200)
    assert "INGEST_MAX_BYTES" in result.detail
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("start", [head(), CHUNKED])
def test_an_endless_body_is_ended(start: bytes, server: HostileServer, get: Get) -> None:
    piece = b"x" * 10_000
    server.on(FEED, (start, Again(chunk(piece) if start == CHUNKED else piece)))
    assert failed(get()).rule == "too-large"


def test_the_ceiling_of_the_settings_holds_whatever_a_plan_says(server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(b"x" * (MIB + 1)))
    assert failed(get(max_bytes=1 << 30)).rule == "too-large"


# ── framing ─────────────────────────────────────────────────────────────────────────────────────────────────────

WELL_FRAMED: dict[str, Script] = {
    "chunks": (CHUNKED, chunk(RSS[:10]), chunk(RSS[10:]), chunk(b"")),
    "chunks of one byte": (CHUNKED, b"".join(chunk(bytes([byte])) for byte in RSS), chunk(b"")),
    "chunk extensions and trailers": (CHUNKED, b"%x;a=b\r\n%b\r\n0\r\nX-T: 1\r\n\r\n" % (len(RSS), RSS)),
    "until the end of the connection": (head(), RSS, Act.END),
    "a head in pieces": (head(Content_Length=len(RSS))[:9], Pause(0.02), head(Content_Length=len(RSS))[9:], RSS),
    "informational answers before": (head(103, Link="</x>; rel=preload"), head(100), answer(RSS)),
    "more than it says": (head(Content_Length=len(RSS)), RSS + b"surplus"),
}


@pytest.mark.parametrize("form", WELL_FRAMED)
def test_a_body_is_read_in_every_form(form: str, server: HostileServer, get: Get) -> None:
    server.on(FEED, WELL_FRAMED[form])
    assert fetched(get()).response.content == RSS


@pytest.mark.usefixtures("at_once")
def test_surplus_of_one_answer_is_never_taken_for_the_next(server: HostileServer, get: Get) -> None:
    server.on(FEED, WELL_FRAMED["more than it says"], answer(b"the second"))
    fetched(get())
    assert fetched(get()).response.content == b"the second"


BADLY_FRAMED: dict[str, Script] = {
    "shorter than it says": (head(Content_Length=len(RSS) + 1), RSS, Act.END),
    "shorter than it says, cut": (head(Content_Length=len(RSS) + 1), RSS, Act.CUT),
    "shorter than it says, reset": (head(Content_Length=len(RSS) + 1), RSS, Pause(0.1), Act.RESET),
    "no last chunk": (CHUNKED, chunk(RSS), Act.END),
    "half a chunk": (CHUNKED, chunk(RSS)[:-20], Act.END),
    "no chunks at all": (CHUNKED, RSS, Act.END),
    "a chunk of negative length": (CHUNKED, b"-1\r\n" + RSS, Act.END),
    "until the end of the connection, cut": (head(), RSS, Act.CUT),
    "until the end of the connection, reset": (head(), RSS, Pause(0.1), Act.RESET),
}


@pytest.mark.parametrize("form", BADLY_FRAMED)
@pytest.mark.usefixtures("at_once")
def test_a_body_that_did_not_come_whole_is_no_document(form: str, server: HostileServer, get: Get) -> None:
    server.on(FEED, BADLY_FRAMED[form])
    result = failed(get())
    assert (result.rule, result.status_code) == ("truncated", 200)
    assert len(server.asked) == 3


@pytest.mark.usefixtures("at_once")
def test_a_body_that_was_cut_may_come_whole_at_the_next_try(server: HostileServer, get: Get) -> None:
    server.on(FEED, BADLY_FRAMED["no last chunk"], answer(RSS))
    assert fetched(get()).response.content == RSS


NOT_HTTP: dict[str, Script] = {
    "no status line": (b"<html>hello</html>\r\n\r\n", Act.END),
    "an endless head": (b"HTTP/1.1 200 OK\r\n", Again(b"X-Filler: " + b"x" * 1000 + b"\r\n")),
    "an endless line": (b"HTTP/1.1 200 OK\r\nX-Filler: ", Again(b"x" * 1000)),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", Act.END),
    "a length that is no number": (head(Content_Length="many"), RSS, Act.END),
    "a NUL in a field": (b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", Act.END),
    "a field without a name": (b"HTTP/1.1 200 OK\r\n: value\r\n\r\n", Act.END),
    "a switch of protocols that nobody asked for": (head(101, Upgrade="h2c", Connection="upgrade"), Act.END),
    "another protocol": (b"RTSP/1.0 200 OK\r\n\r\n", Act.END),
}


@pytest.mark.parametrize("form", NOT_HTTP)
@pytest.mark.usefixtures("at_once")
def test_an_answer_that_is_not_http_is_a_failure(form: str, server: HostileServer, get: Get) -> None:
    server.on(FEED, NOT_HTTP[form])
    assert failed(get()).rule == "protocol"


# ── time ────────────────────────────────────────────────────────────────────────────────────────────────────────

TOO_SLOW: dict[str, Script] = {
    "nothing": (Act.HOLD,),
    "half a head": (head(Content_Length=10)[:20], Act.HOLD),
    "a head and nothing": (head(Content_Length=10), Act.HOLD),
    "a dripping head": (b"HTTP/1.1 200 OK\r\nX: ", Again(b"x", every=0.05)),
    "a dripping body": (head(), Again(b"x", every=0.05)),
    "dripping chunks": (CHUNKED, Again(chunk(b"x"), every=0.05)),
    "dripping chunk extensions": (CHUNKED, b"1;", Again(b"x", every=0.05)),
    "endless informational answers": (Again(head(100), every=0.02),),
    "a body without its end": (head(Content_Length=100), b"x" * 99, Act.HOLD),
}


@pytest.mark.parametrize("form", TOO_SLOW)
def test_no_server_outlasts_the_deadline(form: str, server: HostileServer, get: Get) -> None:
    server.on(FEED, TOO_SLOW[form])
    began = time.monotonic()
    result = failed(get(**within(0.6)))
    assert result.rule == "timeout"
    assert 0.5 < time.monotonic() - began < 2
    assert result.elapsed_ms == pytest.approx(600, abs=400)


def test_an_error_page_that_never_ends_does_not_hide_its_status(server: HostileServer, get: Get) -> None:
    server.on(FEED, (head(404), Again(b"x" * 5000)))
    assert failed(get()).rule == "not-found"


def test_an_error_page_that_drips_does_not_hide_its_status(server: HostileServer, get: Get) -> None:
    server.on(FEED, (head(404), Again(b"x", every=0.05)))
    assert failed(get(**within(0.5))).rule == "not-found"
