"""
The recorded lists: what stanzas find in them, and what `discover` finds by itself.

    PYTHONPATH=src:tests python -m corpus.pages

prints both tables: of the entries that are expected, how many were found, with the right title and the right date; and how
many other entries there were. Dates are the calendar days that a page shows.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from corpus.report import ABSENT, ROOT
from ingest.authoring.discover import SourceProposal, discover
from ingest.errors import ParseError
from ingest.model import Capture, Document, Entry, Kind, Source
from ingest.parse import parse
from ingest.parse.markup.decoding import decode
from ingest.urls import page_key_of

STANZAS: Final[dict[str, dict[str, Any]]] = yaml.safe_load(Path(__file__).with_name("stanzas.yaml").read_text("utf-8"))


@dataclass(frozen=True)
class Listed:
    """A recorded list, and what it is known to announce."""

    path: str
    url: str
    content: bytes
    expected: tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class Score:
    """How a reading of one list compares with what is expected; `wrong` says what, for a person."""

    path: str
    expected: int
    result: int
    titles: int
    dates: int
    extras: int
    wrong: tuple[str, ...] = ()


def recorded() -> list[Listed]:
    """Return the recorded lists of HTML, without the series; nothing where there is no corpus."""
    if not ROOT.is_dir():
        return []
    lines = [json.loads(line) for line in (ROOT / "manifest.jsonl").read_text("utf-8").splitlines()]
    return [
        Listed(line["path"], line["url"], (ROOT / line["path"]).read_bytes(), tuple(_expected(line["path"])))
        for line in lines
        if line["kind"] == "html-list" and line["path"].startswith("pages/")
    ]


def _expected(path: str) -> Iterable[Mapping[str, str]]:
    reported = ROOT / f"{path}.expected.json"
    return json.loads(reported.read_text("utf-8")) if reported.is_file() else []


def read(content: bytes, url: str, stanza: Mapping[str, Any]) -> Document:
    """Read bytes by a stanza; a page that sends its readers on has no entries."""
    select = tuple(stanza["select"].items())
    source = Source(id="corpus/list", vendor_id="corpus", kind=Kind(stanza["kind"]), url=url, digest="0", select=select)
    try:
        return parse(Capture(1, source.id, url, url, content, "0", (), datetime(2026, 8, 22, tzinfo=UTC), 1), source)
    except ParseError as error:
        if error.rule != "moved":
            raise
        return Document("html", "", None, None, ())


def proposed(listed: Listed) -> SourceProposal | None:
    """Return the surest list that `discover` proposes for a page."""
    return _proposed(listed.content, listed.url)


@cache
def _proposed(content: bytes, url: str) -> SourceProposal | None:
    try:
        result = discover(decode(content), url)
    except ParseError:
        return None
    return next((proposal for proposal in result.proposals if proposal.kind is Kind.PAGE), None)


def score(listed: Listed, entries: Iterable[Entry]) -> Score:
    """Compare entries with what is expected, by the pages that they lead to."""
    ours = {page_key_of(entry.link or ""): entry for entry in entries}
    result = titles = dates = 0
    wrong = []
    for reported in listed.expected:
        entry = ours.pop(page_key_of(reported["url"]), None)
        if entry is None:
            wrong.append(f"missing {reported['url']}")
            continue
        result += 1
        right = " ".join(entry.title.split()) == " ".join(reported["title"].split())
        titles += right
        wrong += [] if right else [f"title {entry.title!r}, expected {reported['title']!r}"]
        day = f"{entry.published.value:%Y-%m-%d}" if entry.published.value else None
        dates += day == reported["date"]
        wrong += [] if day == reported["date"] else [f"date {day}, expected {reported['date']} of {reported['url']}"]
    wrong += [f"extra {entry.link}" for entry in ours.values()]
    return Score(listed.path, len(listed.expected), result, titles, dates, len(ours), tuple(wrong))


def by_stanzas() -> list[Score]:
    """Return how the stanzas read the recorded lists."""
    stanzas = STANZAS["recordings"]
    return [score(item, read(item.content, item.url, stanzas[item.path]).entries) for item in recorded()]


def by_discovery() -> list[Score]:
    """Return how the selectors that `discover` proposes read the recorded lists."""
    result = ((item, proposed(item)) for item in recorded())
    return [score(item, best.document.entries if best and best.document else ()) for item, best in result]


def table(title: str, scores: list[Score]) -> Iterable[str]:
    """Return lines: per list and in all, what was found."""
    yield f"{title:40} expected   found  title   date  extra"
    for row in [*scores, total(scores)]:
        yield f"{row.path:40} {row.expected:8} {row.result:7} {row.titles:6} {row.dates:6} {row.extras:6}"
    for row in scores:
        yield from (f"  {row.path}: {what}" for what in row.wrong)


def total(scores: list[Score]) -> Score:
    """Return the sum of several scores."""
    sums = [sum(getattr(row, name) for row in scores) for name in ("expected", "result", "titles", "dates", "extras")]
    return Score("all", *sums)


def main() -> int:
    if not ROOT.is_dir():
        sys.stderr.write(f"{ABSENT}\n")
        return 1
    reported = [*table("through stanzas", by_stanzas()), "", *table("through discover alone", by_discovery())]
    sys.stdout.write("\n".join([*reported, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
