"""Inputs of `fuzz`: tables of dangerous text, seeds, and changes to an input."""

from __future__ import annotations

import random
from collections.abc import Iterator

LONGEST = 100_000
"""Bytes of an input. Larger ones are parsed in the jail."""

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


def mutations(seeds: list[bytes], chance: random.Random) -> Iterator[bytes]:
    """Yield inputs without end: a seed or an earlier input with one to eight changes."""
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
