"""What changes in a feed beside unchanged entries: every table is that of a reader of the whole (docs/decisions/0005)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

import pytest
from sqlalchemy import text

from ingest.store.engine import read
from support.databases import copied
from support.twins import LIST, Reader, differences, readers

NEWS, BLOG = "acme/news", "acme/blog"

Step = tuple[str, str] | Callable[[Reader], None]
"""A source and its document, or something else that happens."""


def item(name: str, **changes: str) -> str:
    """Write an entry; an empty field is left out."""
    fields = {
        "title": f"Acme opens {name}",
        "link": f"https://www.acme-ai.com/news/{name}",
        "guid": f"guid-{name}",
        "pubDate": "Fri, 22 May 2026 10:00:00 GMT",
        "description": f"About {name}",
    } | changes
    return "<item>" + "".join(f"<{key}>{value}</{key}>" for key, value in fields.items() if value) + "</item>"


def feed(*items: str, head: str = "", root: str = "", site: str = "https://www.acme-ai.com/") -> str:
    return f"<rss version='2.0'{root}><channel><title>Acme</title><link>{site}</link>{head}{''.join(items)}</channel></rss>"


def listed(lang: str = ", lang: en", more: str = "") -> Callable[[Reader], None]:
    return lambda reader: reader.put_in_force(LIST.format(lang=lang, more=more))


def deciding(kind: Literal["withdraw", "restore"], name: str) -> Callable[[Reader], None]:
    def decide(reader: Reader) -> None:
        with read(reader.engine) as conn:
            query = text("SELECT id FROM headlines WHERE raw_key = :key")
            reader.decide(kind, conn.execute(query, {"key": f"guid-{name}"}).scalar_one())

    return decide


A, B, C, D = map(item, "abcd")
OLD: Final = [item(f"old{number}") for number in range(12)]
NEW: Final = [item(f"new{number}", pubDate="Thu, 22 May 2025 10:00:00 GMT") for number in range(12)]
REFUSED: Final = item("press", link="https://press.example.net/a")

CASES: Final[dict[str, Sequence[Step]]] = {
    "nothing": [(NEWS, feed(A, B)), (NEWS, feed(A, B, head="<ttl>60</ttl>"))],
    "a new entry": [(NEWS, feed(A, B)), (NEWS, feed(C, A, B))],
    "an edited entry": [(NEWS, feed(A, B)), (NEWS, feed(A, item("b", title="Acme opens b again")))],
    "a new summary": [(NEWS, feed(A, B)), (NEWS, feed(A, item("b", description="More")))],
    "a removed entry": [(NEWS, feed(A, B, C)), (NEWS, feed(A, C)), (NEWS, feed(A, B, C))],
    "another order": [(NEWS, feed(A, B, C)), (NEWS, feed(C, B, A))],
    "an entry twice": [(NEWS, feed(A, B)), (NEWS, feed(A, B, A)), (NEWS, feed(A, B))],
    "most entries are gone": [(NEWS, feed(*OLD)), (NEWS, feed(OLD[0]))],
    "all entries are gone": [(NEWS, feed(A, B)), (NEWS, feed()), (NEWS, feed(A, B, C))],
    "a guid of another entry": [(NEWS, feed(A, B)), (NEWS, feed(item("c", guid="guid-a"), A, B))],
    "the page of another entry": [
        (NEWS, feed(A, B)),
        (NEWS, feed(item("c", link="https://www.acme-ai.com/news/a"), A, B)),
    ],
    "the title of another entry": [(NEWS, feed(A, B)), (NEWS, feed(item("c", title="Acme opens a"), A, B))],
    "guid and title of a gone entry": [(NEWS, feed(A, B)), (NEWS, feed(item("c", title="Acme opens b"), A))],
    "guids are swapped": [(NEWS, feed(A, B)), (NEWS, feed(item("a", guid="guid-b"), item("b", guid="guid-a")))],
    "guids are left out": [(NEWS, feed(A, B)), (NEWS, feed(A, item("b", guid="")))],
    "a bulk of old entries": [(NEWS, feed(*OLD)), (NEWS, feed(*NEW, *OLD))],
    "less than a bulk": [(NEWS, feed(*OLD)), (NEWS, feed(*NEW[:10], *OLD))],
    "most entries get new ids": [
        (NEWS, feed(*OLD)),
        (NEWS, feed(*(item(f"old{n}", guid=f"id-{n}") for n in range(11)), OLD[11])),
    ],
    "refused entries stay": [(NEWS, feed(A, REFUSED)), (NEWS, feed(B, A, REFUSED)), (NEWS, feed(REFUSED, B))],
    "filtered entries stay": [
        (BLOG, feed(A, item("p", title="Podcast 1"))),
        (BLOG, feed(B, A, item("p", title="Podcast 1"))),
    ],
    "a year too early": [
        (NEWS, feed(A, item("f", pubDate="Fri, 28 May 2027 10:00:00 GMT"))),
        (NEWS, feed(B, A, item("f", pubDate="Fri, 28 May 2027 10:00:00 GMT"))),
    ],
    "a title decoded worse": [
        (NEWS, feed(A, item("b", title="Acme’s lab"))),
        (NEWS, feed(A, item("b", title="Acmeâ€™s lab"))),
        (NEWS, feed(C, A, item("b", title="Acmeâ€™s lab"))),
    ],
    "the language of the feed": [
        listed(lang=""),
        (NEWS, feed(A, B, head="<language>en</language>")),
        (NEWS, feed(C, A, B, head="<language>de</language>")),
    ],
    "no language": [listed(lang=""), (NEWS, feed(A, B)), (NEWS, feed(C, A, B))],
    "no language any more": [
        listed(lang=""),
        (NEWS, feed(A, B, head="<language>en</language>")),
        (NEWS, feed(C, A, B)),
    ],
    "another base": [
        (NEWS, feed(item("a", link="/news/a"), B)),
        (NEWS, feed(item("a", link="/news/a"), B, site="https://blog.acme-ai.com/")),
        (NEWS, feed(item("a", link="/news/a"), B, root=" xml:base='https://blog.acme-ai.com/x/'")),
    ],
    "a namespace goes": [
        (NEWS, feed(item("a", guid="<x:y/>g"), B, root=" xmlns:x='https://x.example/'")),
        (NEWS, feed(item("a", guid="<x:y/>g"), B)),
    ],
    "damage comes and goes": [(NEWS, feed(A, B)), (NEWS, feed(A, B)[:-30]), (NEWS, feed(C, A, B))],
    "bad references": [
        (NEWS, feed(A, B, head="<copyright>A & B</copyright>")),
        (NEWS, feed(item("c", title="C & D&nbsp;E"), A, B, head="<copyright>A & C</copyright>")),
    ],
    "a list excepts an entry": [
        (NEWS, feed(A, B)),
        listed(more=', "!www.acme-ai.com/news/a"'),
        (NEWS, feed(C, A, B)),
        listed(),
        (NEWS, feed(D, C, A, B)),
    ],
    "a headline is withdrawn": [
        (NEWS, feed(A, B)),
        deciding("withdraw", "a"),
        (NEWS, feed(C, A, B)),
        deciding("restore", "a"),
        (NEWS, feed(D, C, A, B)),
    ],
    "a headline is restored after its list": [
        (NEWS, feed(A, B)),
        deciding("withdraw", "a"),
        listed(more=', "!www.acme-ai.com/news/a"'),
        listed(),
        deciding("restore", "a"),
        (NEWS, feed(C, A, B)),
        (NEWS, feed(D, C, A, B)),
    ],
    "another source was first": [(BLOG, feed(A, B)), (NEWS, feed(A, C)), (NEWS, feed(B, A, C)), (BLOG, feed(C, A, B))],
    "another source has its page": [
        (BLOG, feed(A)),
        (NEWS, feed(B, C)),
        (NEWS, feed(item("a", title="Another a"), B, C)),
    ],
}


@pytest.mark.parametrize("case", CASES)
def test_a_changed_feed_comes_to_the_tables_of_the_whole(case: str, empty_database: Path, tmp_path: Path) -> None:
    engines = [copied(empty_database, tmp_path / name) for name in ("slices.db", "whole.db")]
    with readers(*engines) as twins:
        for reader in twins:
            listed()(reader)
        for step in CASES[case]:
            for reader in twins:
                reader.at += timedelta(hours=3)
                if isinstance(step, tuple):
                    reader.read(step[0], step[1].encode(), "application/xml")
                else:
                    step(reader)
            assert differences(*twins) == []
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        (feed(A, B), feed(A, B, head="<ttl>60</ttl>"), 0),
        (feed(A, B), feed(C, A, B), 1),
        (feed(A, B, C), feed(C, B), 0),
        (feed(A, REFUSED), feed(REFUSED, A), 0),
        (feed(A, B), feed(item("a", title="Another"), B), 1),
        (feed(A, B), feed(A, B, root=" xml:lang='ja'"), 2),
    ],
)
def test_only_new_and_edited_entries_are_read(
    before: str, after: str, count: int, empty_database: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = copied(empty_database, tmp_path / "slices.db")
    with readers(engine, engine) as (reader, _), caplog.at_level(logging.DEBUG, "ingest.slices"):
        listed()(reader)
        for document in (before, after):
            reader.at += timedelta(hours=3)
            reader.read(NEWS, document.encode(), "application/xml")
    assert isinstance(caplog.records[-1].args, tuple)
    assert caplog.records[-1].args[2] == count
    engine.dispose()
