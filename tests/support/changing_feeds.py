"""Feeds that change by chance from poll to poll."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Final

START: Final = datetime(2026, 5, 22, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    """One entry of a feed, with markup that means nothing to its reader beside it."""

    guid: str | None
    link: str
    title: str
    date: str
    summary: str
    extra: str = ""


WORDS: Final = [
    "Model",
    "Agent",
    "Lab",
    "Voice",
    "Vision",
    "Batch",
    "Cache",
    "Tools",
    "Limits",
    "Regions",
    "新モデル",
    "提供開始",
    "Weekly",
    "update",
    "Podcast",
]
LINKS: Final = (
    "https://www.acme-ai.com/news/{}",
    "https://blog.acme-ai.com/{}",
    "/news/{}",
    "https://www.acme-ai.com/news",
)
BAD_LINKS: Final = ("https://press.example.net/{}", "https://www.acme-ai.com/community/{}", "mailto:a@acme-ai.com", "")
EXTRAS: Final = (
    *("<!-- an <item> of old -->", "<!-- plain -->", "<![CDATA[ <item> ]]>", "<x:item>a</x:item>", "<?php echo 1 ?>"),
    *(
        "<media:group><media:title>Cut</media:title></media:group>",
        "<dc:language>ja</dc:language>",
        "<category>News</category>",
    ),
    *(
        "<content:encoded><![CDATA[<p>More <entry>text</entry></p>]]></content:encoded>",
        "<image><title>I</title></image>",
    ),
    *('<link xml:base="https://blog.acme-ai.com/base/" href="x"/>', '<y:a xmlns:y="https://y.example/">b</y:a>'),
    *(
        "<source><title>Other</title><id>o</id></source>",
        "<textinput><title>T</title></textinput>",
        "<feed lang='ja'/>",
    ),
    *("<title/>", "<title>Second</title>", "<author><name>A</name></author>", "<enclosure url='https://a.example/b'/>"),
    *(
        '<d:creator xmlns:d="http://purl.org/dc/elements/1.1/">C</d:creator>',
        "&nbsp;",
        "<content><summary>s</summary></content>",
    ),
    *(
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><details><summary>s</summary></details></div></content>',
    ),
    *(
        '<media:content url="https://a.example/c.png"><media:description>d</media:description></media:content>',
        "<rss/>",
    ),
    *(
        '<summary type="text">t</summary>',
        '<description xml:lang="ja">説明</description>',
        "<georss:point>1 2</georss:point>",
    ),
)
HEADS: Final = (
    *(
        "",
        "<generator>{n}</generator>",
        "<lastBuildDate>Fri, 22 May 2026 10:00:{n} GMT</lastBuildDate>",
        "<ttl>6{n}</ttl>",
    ),
    *(
        "<language>ja</language>",
        "<language>en-us</language>",
        "<image><title>Logo</title><url>https://a.example/</url></image>",
    ),
    *("<skipHours><hour>{n}</hour></skipHours>", "<!-- built in {n} ms -->", "<description>About</description>"),
    *(
        '<x:y xml:base="https://blog.acme-ai.com/deep/"/>',
        "<textinput><title>Search</title></textinput>",
        "<updated>{n}</updated>",
    ),
)
ROOTS: Final = (
    *("", ' xml:base="https://blog.acme-ai.com/"', ' xml:lang="ja"', ' xmlns:media="http://search.yahoo.com/mrss/"'),
    *(' xmlns:y="http://purl.org/dc/elements/1.1/"', ' lang="de"'),
)
NAMESPACES: Final = (
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:x="https://x.example/"'
    ' xmlns:media="http://search.yahoo.com/mrss/" xmlns:georss="http://www.georss.org/georss"'
)
PROLOGS: Final = (
    '<?xml version="1.0" encoding="{c}"?>\n',
    "",
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY co "Acme">]>',
    "<!-- c -->",
)


@dataclass
class Feed:
    """The present state of one feed, changed by `step`."""

    chance: random.Random
    kind: str
    tame: bool
    items: list[Item] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    root: str = ""
    prolog: str = PROLOGS[0]
    number: int = 0

    def step(self) -> tuple[bytes, str]:
        """Change a little, and return the bytes with their media type."""
        changes: Sequence[Callable[[], None]] = (
            *(self._add, self._add, self._edit, self._edit, self._remove, self._churn, self._churn),
            *(
                ()
                if self.tame
                else (self._shuffle, self._repeat, self._rekey, self._share, self._frame, self._decorate)
            ),
        )
        if not self.items:
            for _ in range(self.chance.randint(4, 14)):
                self._add()
        for _ in range(self.chance.choice((1, 1, 1, 2, 4))):
            self.chance.choice(changes)()
        return self._written()

    def _add(self) -> None:
        self.number += 1
        word = f"{self.chance.choice(WORDS)} {self.number if self.chance.random() < 0.8 else ''}".strip()
        links = BAD_LINKS if self.chance.random() < 0.1 else LINKS[:3] if self.chance.random() < 0.95 else LINKS
        link = self.chance.choice(links).format(f"{word.lower().replace(' ', '-')}-{self.number}")
        guid = self.chance.choice((None, f"g{self.number}", link))
        days = self.chance.choice((0, 0, 1, 40, 900, -800)) if not self.tame else self.chance.choice((0, 0, 1, 40))
        when = START - timedelta(days=days, hours=self.chance.choice((1, 12)), seconds=self.number % 7)
        date = when.isoformat() if self.kind != "rss" else f"{when:%a, %d %b %Y %H:%M:%S} GMT"
        if self.chance.random() < 0.05:
            date = "soon"
        extra = "" if self.tame or self.chance.random() < 0.95 else self.chance.choice(EXTRAS)
        title = "" if self.chance.random() < 0.03 else word
        self.items.insert(0, Item(guid, link, title, date, f"About <b>{word}</b> & more", extra))

    def _place(self) -> int:
        return self.chance.randrange(len(self.items)) if self.items else 0

    def _edit(self) -> None:
        if not self.items:
            return
        at, self.number = self._place(), self.number + 1
        item = self.items[at]
        self.items[at] = self.chance.choice(
            (
                replace(item, title=f"{item.title} (updated {self.number})"),
                replace(item, summary=f"{item.summary} {self.number}"),
                replace(item, title=self.chance.choice(self.items).title),
                replace(item, date="2026-05-21T08:00:00Z" if self.kind != "rss" else "Thu, 21 May 2026 08:00:00 GMT"),
                replace(item, title=item.title.encode().decode("cp1252", "replace")),
            )
        )

    def _remove(self) -> None:
        if len(self.items) > 1:
            self.items.pop(self.chance.choice((-1, self._place())))

    def _churn(self) -> None:
        self.number += 1
        self.head = [self.chance.choice(HEADS[:4] if self.tame else HEADS).format(n=self.number % 24)]

    def _shuffle(self) -> None:
        self.chance.shuffle(self.items)

    def _repeat(self) -> None:
        if self.items:
            self.items.insert(self._place(), self.items[self._place()])

    def _rekey(self) -> None:
        """Give an entry a new guid or link, or both."""
        if self.items:
            at, self.number = self._place(), self.number + 1
            guid, link = f"new-{self.number}", f"https://www.acme-ai.com/moved/{self.number}"
            item = self.items[at]
            self.items[at] = self.chance.choice(
                (
                    replace(item, guid=guid),
                    replace(item, link=link),
                    replace(item, guid=guid, link=link),
                    replace(item, guid=None),
                )
            )

    def _share(self) -> None:
        """Let an entry take the guid, link or title of another."""
        if self.items:
            one, other = self._place(), self.items[self._place()]
            item = self.items[one]
            self.items[one] = self.chance.choice(
                (
                    replace(item, guid=other.guid),
                    replace(item, link=other.link),
                    replace(item, title=other.title, date=other.date),
                )
            )

    def _frame(self) -> None:
        self.root = self.chance.choice(ROOTS)
        self.prolog = self.chance.choice((*PROLOGS, *PROLOGS[:1] * 3))

    def _decorate(self) -> None:
        if self.items:
            at = self._place()
            self.items[at] = replace(self.items[at], extra=self.chance.choice((*EXTRAS, *[""] * len(EXTRAS))))

    def _written(self) -> tuple[bytes, str]:
        markup = {"rss": self._rss, "atom": self._atom, "rdf": self._rdf}[self.kind]()
        codec = (
            "utf-8"
            if self.tame
            else self.chance.choice(("utf-8", "utf-8", "utf-8", "shift_jis", "utf-16", "iso-8859-1"))
        )
        if not self.tame and self.chance.random() < 0.06:
            markup = self._broken(markup)
        prolog = self.prolog.format(c=codec)
        return (prolog + markup).encode(codec, "xmlcharrefreplace"), f"application/xml; charset={codec}"

    def _broken(self, markup: str) -> str:
        cut = self.chance.randrange(len(markup))
        return self.chance.choice(
            (markup[:cut], markup.replace("&amp;", "&", 2), markup[:cut] + "<" + markup[cut:], "", "<html/>")
        )

    def _fields(self, item: Item, summary: str) -> str:
        title = f"<title>{escape(item.title)}</title>" if item.title else ""
        return f"{title}<{summary}>{escape(item.summary)}</{summary}>{item.extra}"

    def _rss(self) -> str:
        items = "\n".join(
            f"<item>{self._fields(item, 'description')}<link>{escape(item.link)}</link>"
            + (f'<guid isPermaLink="false">{escape(item.guid)}</guid>' if item.guid is not None else "")
            + f"<pubDate>{item.date}</pubDate></item>"
            for item in self.items
        )
        head = f"<title>Acme</title><link>https://www.acme-ai.com/</link>{''.join(self.head)}"
        return f'<rss version="2.0"{NAMESPACES}{self._own_root()}><channel>{head}\n{items}\n</channel></rss>'

    def _atom(self) -> str:
        items = "".join(
            f"<entry>{self._fields(item, 'summary')}<link href='{escape(item.link)}'/>"
            + (f"<id>{escape(item.guid)}</id>" if item.guid is not None else "")
            + f"<updated>{item.date}</updated></entry>\n"
            for item in self.items
        )
        head = f"<title>Acme</title><link href='https://www.acme-ai.com/'/>{''.join(self.head)}"
        return f'<feed xmlns="http://www.w3.org/2005/Atom"{NAMESPACES}{self._own_root()}>{head}{items}</feed><!-- end {self.number} -->'

    def _rdf(self) -> str:
        items = "".join(
            f'<item rdf:about="{escape(item.guid or item.link)}">{self._fields(item, "description")}'
            f"<link>{escape(item.link)}</link><dc:date>{item.date}</dc:date></item>"
            for item in self.items
        )
        head = f"<title>Acme</title><link>https://www.acme-ai.com/</link>{''.join(self.head)}"
        names = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        return f"<rdf:RDF {names}{NAMESPACES}{self._own_root()}><channel>{head}</channel>{items}</rdf:RDF>"

    def _own_root(self) -> str:
        return self.root if "xmlns:media" not in self.root else ""
