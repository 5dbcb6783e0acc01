"""
Feed mutated documents, addresses, dates and lists to what reads them, for a while; report what broke.

    scripts/fuzz [--seconds 60] [--seed 1] [--target feed]…

Inputs grow from the documents of tests/golden and a few written here, by a generator that the seed decides, so that a
run can be had again. Each target runs in a process of its own: a fault in C is counted like any other. What a target may
raise is stated; anything else is a crash, more than two seconds of CPU is over budget, and either is kept with its input.
Exit status 1 when there was one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from ingest import allowlist, dates, policy, urls
from ingest.errors import AllowlistError, ParseError, UrlError
from ingest.model import Capture, Grant, Kind, Source, Vendor
from ingest.normalise import normalise
from ingest.parse import parse
from ingest.parse.article import parse_article
from ingest.parse.markup.cost import risk
from ingest.parse.markup.decoding import decode

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 5, 22, 12, tzinfo=UTC)
URL = "https://www.acme-ai.com/news/"
BUDGET_S = 2.0  # CPU; the slowest recorded document takes 0.2
LONGEST = 100_000  # bytes of an input: what is larger is the jail's business
VENDOR = Vendor("acme", "Acme", URL, (urls.parse_scope("www.acme-ai.com", Grant.OFFICIAL),))
SELECTS = {
    Kind.PAGE: {"entry": "article", "title": "h2", "date": "time"},
    Kind.CHANGELOG: {},
    Kind.SITEMAP: {},
    Kind.FEED: {},
}
WORDS = [
    *(
        b"<",
        b">",
        b"</",
        b"/>",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"<?xml ",
        b"?>",
        b"<!DOCTYPE x [",
        b"<!ENTITY a '&a;'>",
    ),
    *(
        b"&",
        b"&amp;",
        b"&#0;",
        b"&#xD800;",
        b"&#x202e;",
        b"&a;",
        b'"',
        b"'",
        b"=",
        b"\x00",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
    ),
    *(
        b"<item>",
        b"</item>",
        b"<entry>",
        b"<title>",
        b"<link>",
        b"<guid>",
        b"<pubDate>",
        b" xml:base='//'",
        b" xmlns:x='y'",
    ),
    *(
        b"<b a>",
        b"<p>",
        b"<table>",
        b"<template>",
        b"<svg>",
        b"<article>",
        b"<h2>",
        b"<script>",
        b"</script>",
        b"<time>",
    ),
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b'":',
        b"1e999",
        b"null",
        b"\\u0000",
        b"\\ud800",
        b"---\n",
        b"# ",
        b"## 2026-05-21\n",
        b"```\n",
    ),
    *(b"2026-05-21", b"May 21, 2026", b"99999999999", b"+99:00", "令和8年5月21日".encode(), b"GMT", b"T24:00:00"),
    *(
        b"https://",
        b"http:",
        b"//",
        b"\\",
        b"@",
        b":443",
        b"..",
        b"%2F",
        b"%2e",
        b"xn--",
        b"?url=",
        b"#",
        b"javascript:",
        b"127.1",
    ),
    *(b"\n  - ", b": ", b"*", b"!", b"&x ", b"*x", b"<<: ", b"? ", b"|\n", b"\t", "\u3000\u200b\u202e\u0301".encode()),
]


# ── targets ─────────────────────────────────────────────────────────────────────────────────────────────────────


def document(kind: Kind) -> Callable[[bytes], None]:
    """Return what reads a kind of source and judges what it offers, where that is not the jail's business."""
    source = Source("acme/news", "acme", kind, URL, "0", select=tuple(SELECTS[kind].items()))

    def run(data: bytes) -> None:
        if risk(decode(data).text, kind):
            return
        capture = Capture(1, "acme/news", URL, URL, data, "0", (), AT, 1)
        try:
            found = parse(capture, source)
        except ParseError:
            return
        for item in normalise(found, source, VENDOR):
            if hasattr(item, "published"):
                policy.admit(VENDOR, item.url)

    return run


def article(data: bytes) -> None:
    """Read the page of one entry."""
    try:
        parse_article(decode(data, "text/html"), URL)
    except ParseError:
        return


def address(data: bytes) -> None:
    """Read an address and a scope; what is an address reads as itself again."""
    text = data.decode("utf-8", "surrogateescape")
    for base in (None, URL):
        try:
            url = urls.clean(urls.unwrapped(urls.parse(text, base)))
        except UrlError:
            continue
        if urls.parse(url.text).text != url.text:
            raise AssertionError(f"{url.text} does not read as itself")
        policy.admit(VENDOR, url.text)
    try:
        urls.parse_scope(text, Grant.OFFICIAL)
    except UrlError:
        return


def date(data: bytes) -> None:
    """Read a date."""
    dates.parse(data.decode("utf-8", "surrogateescape"))


def listing(data: bytes) -> None:
    """Read an allow-list; a refusal names its problems."""
    try:
        allowlist.parse(data)
    except AllowlistError as error:
        if not error.problems:
            raise


def documents(*patterns: str) -> list[bytes]:
    """Return the golden documents of a kind."""
    found = [path.read_bytes() for pattern in patterns for path in sorted((ROOT / "tests/golden").glob(pattern))]
    return [content[:LONGEST] for content in found] or [b"<"]


LIST = b"""version: 1
defaults: {interval: 1h}
vendors:
  acme:
    name: Acme
    home: https://www.acme-ai.com/
    official: [www.acme-ai.com, "*.acme-ai.com", "!community.acme-ai.com", "github.com/acme/*/releases/"]
    carriers: [{scope: feeds.acme-cdn.com/acme/, reason: its own feed host}]
    sources:
      news: {kind: feed, url: "https://www.acme-ai.com/feed.xml", lang: en, include: ["path:^/news/"], max_silence: 30d}
      page: {kind: page, url: "https://www.acme-ai.com/news", select: {entry: article, title: h2}}
"""
ADDRESSES = [
    *(
        b"https://www.acme-ai.com/a/../b?utm_source=x&y=1#z",
        b"http://user:p@www.acme-ai.com:80/%2e%2e/",
        b"//www.acme-ai.com",
    ),
    *(b"https://www.acme-ai.com/redirect?url=https%3A%2F%2Fevil.example%2F", b"https://[::ffff:127.0.0.1]/", b"../a"),
    *(
        "https://日本語.example/パス".encode(),
        b"https://xn--fsq.example/",
        b"github.com/acme/*/releases/",
        b"*.acme-ai.com",
    ),
]
DATES = [
    *(
        b"Thu, 21 May 2026 10:00:00 GMT",
        b"2026-05-21T10:00:00.123+09:00",
        b"May 21, 2026 at 10:00 a.m. PT",
        b"21.05.2026",
    ),
    *("2026年5月21日(木) 10時".encode(), "令和8年5月21日".encode(), b"1779357600", b"Thu May 21 10:00:00 JST 2026"),
]


@dataclass(frozen=True)
class Target:
    """What is run, and what its inputs grow from."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


TARGETS = {
    "feed": Target(document(Kind.FEED), lambda: documents("*/document.xml", "*/document.json")),
    "page": Target(document(Kind.PAGE), lambda: documents("page*/*.html", "*/*.html")),
    "changelog": Target(document(Kind.CHANGELOG), lambda: documents("changelog*/*.html", "changelog*/*.md")),
    "sitemap": Target(document(Kind.SITEMAP), lambda: documents("sitemap*/*.xml", "sitemap*/*.txt", "sitemap*/*.gz")),
    "article": Target(article, lambda: documents("article*/*.html", "*/*.html")),
    "address": Target(address, lambda: ADDRESSES),
    "date": Target(date, lambda: DATES),
    "list": Target(listing, lambda: [LIST]),
}

# ── inputs ──────────────────────────────────────────────────────────────────────────────────────────────────────


def mutations(seeds: list[bytes], chance: random.Random) -> Iterator[bytes]:
    """Make inputs without end: one to eight changes to a seed, or to an earlier input."""
    pool = list(seeds)
    while True:
        data = chance.choice(pool)
        for _ in range(chance.randint(1, 8)):
            data = mutated(data, chance.choice(seeds), chance)
        yield data
        if chance.random() < 0.1:  # noqa: PLR2004 seldom
            pool = [*seeds, *pool[-200:], data]


def mutated(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Change one place of an input."""
    start = chance.randint(0, len(data))
    end = min(len(data), start + int(2 ** chance.uniform(0, 10)))
    match chance.randrange(7):
        case 0:
            changed = data[:start] + chance.choice(WORDS) + data[start:]
        case 1:
            changed = data[:start] + data[end:]
        case 2:
            changed = data[:start] + data[start:end] * chance.choice((2, 3, 10, 100)) + data[end:]
        case 3:
            changed = data[:start] + bytes([chance.randrange(256)]) + data[start + 1 :]
        case 4:
            begin = chance.randint(0, len(other))
            changed = data[:start] + other[begin : begin + end - start] + data[end:]
        case 5:
            changed = data[:start] + chance.choice(WORDS) * chance.choice((10, 100, 1000)) + data[end:]
        case _:
            changed = data[:start] if chance.random() < 0.1 else data[:start] + chance.choice(WORDS) + data[end:]  # noqa: PLR2004 seldom
    return changed[:LONGEST]


# ── running ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Tally:
    """What a target came to; `slowest_s` is CPU of one execution."""

    executions: int = 0
    crashes: list[str] = field(default_factory=list)
    over_budget: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


class OverBudgetError(Exception):
    """An execution used up its CPU."""


def stop(_signal: int, _frame: FrameType | None) -> None:
    """End an execution that goes on and on."""
    raise OverBudgetError


def fuzz(name: str, seconds: float, seed: int, kept: Path) -> Tally:
    """Run one target for a while in this process."""
    target, tally = TARGETS[name], Tally()
    current = kept / f"{name}.current"
    signal.signal(signal.SIGVTALRM, stop)
    end = time.monotonic() + seconds
    for data in mutations(target.seeds(), random.Random(f"{seed} {name}")):  # noqa: S311 - to be had again
        if time.monotonic() > end:
            break
        current.write_bytes(data)
        fault, spent = execute(target, data)
        tally.executions += 1
        tally.slowest_s = max(tally.slowest_s, spent)
        if fault or spent > BUDGET_S:
            path = kept / f"{name}.{tally.executions}"
            path.write_bytes(data)
            (tally.crashes if fault else tally.over_budget).append(f"{fault or f'{spent:.1f} s'}: {path}")
    current.unlink(missing_ok=True)
    return tally


def execute(target: Target, data: bytes) -> tuple[str, float]:
    """Run a target once; what it raised that it may not, and its CPU seconds."""
    before = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, 2 * BUDGET_S)
    fault = ""
    try:
        target.run(data)
    except OverBudgetError:
        pass
    except Exception as error:  # noqa: BLE001 - to find what nobody thought of is what this is for
        fault = f"{error!r:.200}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return fault, time.process_time() - before


def in_process(name: str, seconds: float, seed: int, kept: Path) -> Tally:
    """Run one target in a process of its own, so that a fault in C is seen."""
    command = [
        sys.executable,
        __file__,
        "--child",
        name,
        "--seconds",
        str(seconds),
        "--seed",
        str(seed),
        "--kept",
        str(kept),
    ]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False, timeout=seconds + 120)  # noqa: S603 - ourselves
    except subprocess.TimeoutExpired:
        return Tally(over_budget=[f"does not end: {kept / name}.current"])
    if done.returncode:
        return Tally(crashes=[f"exit status {done.returncode}: {kept / name}.current"])
    return Tally(**json.loads(done.stdout))


def main() -> int:
    """Run the targets one after the other and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", action="append", choices=TARGETS)
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / f"ingest-fuzz-{os.getpid()}")
    parser.add_argument("--child", choices=TARGETS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.kept.mkdir(exist_ok=True, parents=True)
    if options.child:
        print(json.dumps(vars(fuzz(options.child, options.seconds, options.seed, options.kept))))
        return 0
    names = options.target or list(TARGETS)
    print(f"{'target':12}{'executions':>12}{'crashes':>9}{'over budget':>13}{'slowest':>10}")
    found: list[str] = []
    for name in names:
        tally = in_process(name, options.seconds / len(names), options.seed, options.kept)
        found += tally.crashes + tally.over_budget
        print(
            f"{name:12}{tally.executions:12,}{len(tally.crashes):9}{len(tally.over_budget):13}{tally.slowest_s:8.2f} s",
            flush=True,
        )
    for line in found[:50]:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
