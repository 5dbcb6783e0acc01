"""
Three hundred sources for the soak: sixty announce things, the others misbehave, most of them each in its own way.

Half of the good ones share their host with a source that never answers. The faults are those of connections, of servers and
of documents; each source has a host of its own, which leads to a server of loopback that shows its fault.
"""

from __future__ import annotations

import itertools
import random
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import brotli  # type: ignore[import-untyped]  # ships no types

from edges.server import (
    Act,
    Again,
    Asked,
    Certificate,
    Greeting,
    HostileServer,
    Pause,
    Script,
    answer,
    chunk,
    head,
    redirect,
)
from hostile.documents import GROUPS, Case
from ingest.codings import zstd
from support.world import Item, rss

VENDORS: Final = 30
"""Each with two good sources and one that never answers; the other faulty sources are theirs in turn."""

FEED: Final = rss().content
CHUNKED: Final = head(Transfer_Encoding="chunked")
PIECE: Final = b"x" * 10_000
ZEROS: Final = bytes(64 << 20)
OUTSIDE: Final = "https://www.press-ai.com/feed.xml"

MUTE: Final[Script] = (Act.HOLD,)

LATE: Final[dict[str, Script]] = {
    "a dripping head": (b"HTTP/1.1 200 OK\r\nX: ", Again(b"x", every=0.05)),
    "a dripping body": (head(), Again(b"x", every=0.05)),
    "dripping chunks": (CHUNKED, Again(chunk(b"x"), every=0.05)),
    "endless informational answers": (Again(head(100), every=0.02),),
    "a body that stops": (head(Content_Length=len(FEED)), FEED[:50], Act.HOLD),
}
UNTRUE: Final[dict[str, Script]] = {
    "an endless head": (b"HTTP/1.1 200 OK\r\n", Again(b"X: " + PIECE + b"\r\n")),
    "an endless body": (head(), Again(PIECE)),
    "endless chunks": (CHUNKED, Again(chunk(PIECE))),
    "a terabyte, it says": (head(Content_Length=10**12), Act.HOLD),
    "shorter than it says": (head(Content_Length=len(FEED) + 1), FEED, Act.END),
    "longer than it says": (head(Content_Length=len(FEED)), FEED + b"surplus"),
    "half a chunk": (CHUNKED, chunk(FEED)[:-20], Act.END),
    "a chunk of negative length": (CHUNKED, b"-1\r\n" + FEED, Act.END),
    "a reset": (Act.RESET,),
    "a reset in the body": (head(), FEED, Pause(0.1), Act.RESET),
    "an end without an answer": (Act.CUT,),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.9\r\n", Act.END),
    "a bomb of brotli": (answer(bytes(brotli.compress(ZEROS, quality=5)), Content_Encoding="br"),),
    "a bomb of zstd": (answer(zstd.compress(ZEROS), Content_Encoding="zstd"),),
    "a bomb of deflate": (answer(zlib.compress(ZEROS), Content_Encoding="deflate"),),
    "a coding that it is not in": (answer(FEED, Content_Encoding="gzip"),),
    "nothing, well": (answer(b""),),
}
REFUSED: Final[dict[str, Script]] = {
    **{f"{status}": (answer(b"no", status),) for status in (206, 401, 403, 404, 410, 429, 451, 500, 502, 504)},
    "429 for two hours": (answer(status=429, Retry_After=7200),),
    "503 for an hour": (answer(status=503, Retry_After=3600),),
    "503 for ever": (answer(status=503, Retry_After=10**9),),
    "503 for a moment": (answer(status=503, Retry_After=0),),
    "500 without end": (head(500), Again(PIECE)),
    "304 to whatever is asked": (head(304),),
    "a challenge": (answer(b"<title>Just a moment...</title>", 403),),
    "away for good": (redirect(OUTSIDE),),
    "away for now": (redirect(OUTSIDE, 302),),
    "in a circle": (redirect("/feed.xml"),),
    "to an unprotected address": (redirect("http://www.press-ai.com/feed.xml"),),
    "to a private address": (redirect("https://127.0.0.1/feed.xml"),),
    "nowhere": (answer(status=301),),
}

LONG: Final = 100_000
"""Documents of so many bytes are served as they are: who reads them anew each time needs 15 s for all of them."""

SLOW: Final = frozenset({"a packed sitemap of NULs", "a packed sitemap of nothing but signs"})
"""Documents of which the limited process reads for seconds, the second until its budget is used up: once a day."""


# ── sources ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class FaultySource:
    """A source that misbehaves: what its stanza says beside the address, and what stands in its place."""

    name: str
    stanza: str = "kind: feed"
    script: Script = ()
    answering: Callable[[Asked], bytes] | None = None
    greeting: Greeting = Greeting.TLS
    certificate: Certificate = Certificate.GOOD


def faulty_sources() -> Iterator[FaultySource]:
    """Give every way to misbehave once."""
    yield from (FaultySource(one.value, greeting=one) for one in Greeting if one is not Greeting.TLS)
    yield from (FaultySource(one.value, certificate=one) for one in Certificate if one is not Certificate.GOOD)
    yield from (FaultySource(name, script=script) for name, script in (LATE | UNTRUE | REFUSED).items())
    yield FaultySource("to a new host every time", answering=_moving())
    for case in itertools.chain.from_iterable(GROUPS.values()):
        yield FaultySource(case.name, _stanza(case), answering=_serving(case))


def _stanza(case: Case) -> str:
    select = ", ".join(f"{key}: {value}" for key, value in case.select)
    stanza = f"kind: {case.kind}"
    if select:
        stanza += f", select: {{{select}}}"
    if case.name in SLOW:
        stanza += ", interval: 1d, max_interval: 1d"
    return stanza


def _moving() -> Callable[[Asked], bytes]:
    times = itertools.count()
    return lambda asked: redirect(f"https://r{next(times)}.{asked.host.partition('.')[2]}/feed.xml")


def _serving(case: Case) -> Callable[[Asked], bytes]:
    """Serve a document; what is not long has one more line end each time, so that it is read each time."""
    built, times = case.build(), itertools.count(1)
    body = built.encode() if isinstance(built, str) else built
    more = b"\n" if len(body) < LONG else b""
    return lambda _: answer(body + more * next(times), Content_Type=case.media_type or "application/xml")


@dataclass
class Good:
    """A source as it should be, with an ETag, that has something new now and then."""

    url: str
    items: list[Item] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def announce(self, at: datetime) -> str:
        """Put an item before the others; its link."""
        host = urlsplit(self.url).netloc
        link = f"https://{host}/news/{len(self.links)}"
        self.links.append(link)
        self.items = [Item(f"{host} announces number {len(self.links)}", link, at), *self.items[:20]]
        return link

    def answer(self, asked: Asked) -> bytes:
        """Answer as RFC 9110 has it."""
        etag = f'"{len(self.links)}"'
        if asked.value("If-None-Match") == etag:
            return head(304, ETag=etag)
        return answer(rss(*self.items).content, ETag=etag)


class SoakSources:
    """All sources, their stanzas and their servers."""

    def __init__(self) -> None:
        ways = [*(FaultySource("mute", script=MUTE) for _ in range(VENDORS)), *faulty_sources()]
        self.faulty_sources = {f"https://m{n}.{_vendor(n)}/feed.xml": way for n, way in enumerate(ways)}
        hosts = [f"{name}.{_vendor(n)}" for n in range(VENDORS) for name in ("news", f"m{n}")]
        self.good = [Good(f"https://{host}/news.xml") for host in hosts]

    def announce(self, chance: random.Random, at: datetime) -> set[str]:
        """Let a few of the good sources have something new; the links."""
        return {good.announce(at) for good in self.good if not good.items or chance.random() < 0.1}

    def list(self) -> str:
        """Write the allow-list."""
        stanzas = {url: faulty.stanza for url, faulty in self.faulty_sources.items()}
        stanzas |= dict.fromkeys((good.url for good in self.good), "kind: feed")
        lines = ["version: 1", "defaults: {interval: 1h, min_interval: 30m, max_interval: 2h}", "vendors:"]
        for n in range(VENDORS):
            name = _vendor(n)
            lines += [
                f"  v{n}:",
                f"    name: Vendor {n}",
                f"    home: https://www.{name}/",
                f'    official: ["*.{name}"]',
                "    sources:",
                *(
                    f"      {_key(url)}: {{{stanza}, url: '{url}', lang: en}}"
                    for url, stanza in stanzas.items()
                    if urlsplit(url).netloc.endswith(f".{name}")
                ),
            ]
        return "\n".join(lines) + "\n"

    @contextmanager
    def open(self, folder: Path) -> Iterator[dict[str, str]]:
        """Put everything on servers; the settings that lead to them."""
        with ExitStack() as stack:
            servers = {one: stack.enter_context(HostileServer(greeting=one)) for one in Greeting}
            usual = servers[Greeting.TLS]
            ways = []
            for url, faulty in self.faulty_sources.items():
                host, server = urlsplit(url).netloc, servers[faulty.greeting]
                server.show(host, faulty.certificate)
                server.on(url, faulty.script)
                if faulty.answering:
                    server.answering[url] = faulty.answering
                if server is not usual:
                    ways.append(f"{host}:443:127.0.0.1:{server.port}")
            usual.answering |= {good.url: good.answer for good in self.good}
            yield {
                "INGEST_CA_FILE": str(usual.write_authority(folder)),
                "INGEST_CONNECT_TO": ",".join([*ways, f"::127.0.0.1:{usual.port}"]),
                "INGEST_PRIVATE_NETWORKS": "127.0.0.0/8",
                "INGEST_HOST_GAP": "0s",
            }


def _vendor(number: int) -> str:
    return f"v{number % VENDORS}-ai.com"


def _key(url: str) -> str:
    """Name a source by its host and document: m12-feed."""
    parts = urlsplit(url)
    return f"{parts.netloc.partition('.')[0]}-{parts.path[1:].removesuffix('.xml')}"
