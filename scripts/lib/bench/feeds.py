"""
Deterministic feeds with the habits of real ones: RSS and Atom, 15 to 200 KB, HTML, Japanese, and no two equal titles.

Two of a hundred feeds are not well-formed XML. Half of the entries are older than the windows of the stories, and the newest
are of today.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from html import escape
from typing import Final

_ENGLISH: Final = [
    "model",
    "agent",
    "research",
    "preview",
    "release",
    "context",
    "window",
    "tokens",
    "latency",
    "safety",
    "evaluation",
    "benchmark",
    "partner",
    "region",
    "enterprise",
    "developer",
    "console",
    "billing",
    "pricing",
    "batch",
    "cache",
    "tool",
    "vision",
    "speech",
    "audio",
    "image",
    "video",
    "code",
    "reasoning",
    "policy",
    "audit",
    "report",
    "customer",
    "education",
    "health",
    "finance",
    "public",
    "sector",
    "security",
    "compliance",
    "retention",
    "residency",
    "workspace",
    "team",
    "admin",
    "usage",
    "limit",
    "quota",
    "upgrade",
    "migration",
    "deprecation",
    "schedule",
    "endpoint",
    "parameter",
    "schema",
    "streaming",
    "response",
    "request",
    "library",
    "guide",
    "tutorial",
    "cookbook",
    "example",
    "notebook",
    "dataset",
    "training",
    "inference",
    "hardware",
    "cluster",
    "energy",
    "grant",
    "fellowship",
]
_JAPANESE: Final = [
    "モデル",
    "エージェント",
    "研究",
    "公開",
    "提供",
    "開始",
    "音声",
    "画像",
    "動画",
    "推論",
    "安全性",
    "評価",
    "企業",
    "開発者",
    "料金",
    "地域",
    "更新",
    "機能",
    "対応",
    "強化",
    "管理",
    "監査",
    "報告",
    "教育",
    "医療",
    "金融",
    "公共",
    "移行",
    "廃止",
    "予定",
    "資料",
    "事例",
    "導入",
    "連携",
    "拡大",
    "改善",
    "高速化",
    "日本語",
    "長文",
    "検索",
]
_VERBS: Final = [
    "introduces",
    "expands",
    "updates",
    "opens",
    "publishes",
    "improves",
    "retires",
    "measures",
    "explains",
    "brings",
]
_MALFORMED_EVERY: Final = 50
_SENTENCES: Final = 400


@dataclass(frozen=True, slots=True)
class Edition:
    """
    One state of all feeds.

    `stamp` changes bytes and nothing else, `extra` is the number of new entries, `edited` changes the title of one entry.
    """

    stamp: int = 0
    extra: int = 0
    edited: bool = False


COLD: Final = Edition()
CHURN: Final = replace(COLD, stamp=1)
DELTA: Final = replace(COLD, stamp=2, extra=1)
EDIT: Final = replace(DELTA, stamp=3, edited=True)
ARTICLES: Final = replace(EDIT, stamp=4, extra=2)


def host(feed: int) -> str:
    """Return the host of a feed."""
    return f"news.vendor{feed:05d}.com"


def number(url: str) -> int:
    """Return the feed of an address."""
    return int(url.removeprefix("https://news.vendor")[:5])


def is_malformed(feed: int) -> bool:
    """Whether a feed has an unescaped ampersand."""
    return feed % _MALFORMED_EVERY == 1


def is_rss(feed: int) -> bool:
    """Whether a feed is RSS. The others are Atom."""
    return feed % 2 == 1


def document(feed: int, entries: int, edition: Edition, today: datetime) -> bytes:
    """
    Write one feed.

    Args:
        today: Midnight, UTC: the day of the newest entries.
    """
    numbers = range(entries + edition.extra - 1, -1, -1)
    items = "\n".join(_entry(feed, number, entries, edition, today) for number in numbers)
    name = f"Vendor & sons {feed}" if is_malformed(feed) else f"Vendor {feed}"
    home = f"https://{host(feed)}/"
    if is_rss(feed):
        head = f"<title>{name}</title><link>{home}</link><generator>{edition.stamp}</generator>"
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
            f"<channel>{head}\n{items}\n</channel></rss>"
        )
    else:
        head = f"<title>{name}</title><id>{home}</id><generator>{edition.stamp}</generator>"
        text = f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">{head}\n{items}\n</feed>'
    return text.encode()


def page(feed: int, number: int, today: datetime) -> bytes:
    """Write the article page of an entry."""
    when = today - timedelta(hours=number)
    title = escape(_title(feed, number, edited=False))
    meta = f'<meta property="article:published_time" content="{when.isoformat()}"><link rel="canonical" href="{_link(feed, number)}">'
    body = _body(feed, number, 40)
    nav = "".join(f'<li><a href="/topics/{word}">{word}</a></li>' for word in _ENGLISH[:60])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{meta}'
        f'<meta property="og:title" content="{title}"></head><body><nav><ul>{nav}</ul></nav>'
        f"<main><article><h1>{title}</h1>{body}</article></main></body></html>"
    ).encode()


def path_of(number: int) -> str:
    """Return the path of an entry's page."""
    return f"/posts/{number}"


def _link(feed: int, number: int) -> str:
    return f"https://{host(feed)}{path_of(number)}"


def _entry(feed: int, number: int, entries: int, edition: Edition, today: datetime) -> str:
    is_edited = edition.edited and number == entries - 3
    title = escape(_title(feed, number, edited=is_edited))
    link = _link(feed, number)
    when = today - (
        timedelta(days=40 * (entries - number)) if number < entries // 2 else timedelta(hours=entries + 2 - number)
    )
    body = _body(feed, number, _paragraphs(feed))
    if is_rss(feed):
        return (
            f"<item><title>{title}</title><link>{link}</link><guid>{link}</guid>"
            f"<pubDate>{when:%a, %d %b %Y %H:%M:%S} GMT</pubDate><category>News</category>"
            f"<description>{escape(body[:300])}</description><content:encoded><![CDATA[{body}]]></content:encoded></item>"
        )
    return (
        f'<entry><id>{link}</id><title>{title}</title><link rel="alternate" href="{link}"/>'
        f"<updated>{when.isoformat()}</updated><author><name>Team</name></author>"
        f'<content type="html">{escape(body)}</content></entry>'
    )


def _title(feed: int, number: int, *, edited: bool) -> str:
    rng = random.Random(f"{feed}/{number}")  # noqa: S311 - test data
    suffix = " (updated)" if edited else ""
    if (feed + number) % 3 == 1:
        words = rng.sample(_JAPANESE, 4)
        return f"{words[0]}{words[1]}の{words[2]}{words[3]}を{number}件{feed}社に{suffix}"
    words = rng.sample(_ENGLISH, 5)
    return f"{words[0].title()} {words[1]} {rng.choice(_VERBS)} {words[2]} {words[3]} for {words[4]} {feed}.{number}{suffix}"


def _paragraphs(feed: int) -> int:
    """Return the paragraphs of an entry of a feed, spread so that 40 entries have 15 to 200 KB."""
    share = random.Random(feed).random()  # noqa: S311 - test data
    return round(1 * 14**share)


def _body(feed: int, number: int, paragraphs: int) -> str:
    sentences = _sentences(japanese=(feed + number) % 3 == 1)
    start = (feed * 131 + number * 17) % _SENTENCES
    chosen = (sentences[(start + 7 * index) % _SENTENCES] for index in range(paragraphs))
    return "".join(
        f'<p>{sentence} <a href="/docs/{index}?a=1&amp;b=2">Docs</a></p>' for index, sentence in enumerate(chosen)
    )


@lru_cache(2)
def _sentences(*, japanese: bool) -> tuple[str, ...]:
    rng = random.Random(int(japanese))  # noqa: S311 - test data
    if japanese:
        return tuple("、".join(rng.choices(_JAPANESE, k=20)) + "。" for _ in range(_SENTENCES))
    return tuple(" ".join(rng.choices(_ENGLISH, k=30)).capitalize() + " &amp; more." for _ in range(_SENTENCES))
