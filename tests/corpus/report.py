"""
The recorded corpus and what we make of it, field by field.

    PYTHONPATH=src:tests python -m corpus.report

Two judges: the expectations that came with some recordings (`*.expected.json`), and, for every well-formed feed of
`feeds/` and `series/`, a second reading of ours that knows nothing but ElementTree and the standard library's dates. The
vendor is a permissive one, made of the document's own hosts: the policy is not the point here.
"""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ingest.model import Candidate, Capture, Document, Grant, Kind, Refusal, Scope, Source, Vendor
from ingest.normalise import normalise
from ingest.parse import parse

ROOT: Final = Path(__file__).parents[3] / "shared" / "corpus"
ABSENT: Final = f"the recorded corpus is not at {ROOT.parent.name}/{ROOT.name} beside the checkout"
FIELDS: Final = ("title", "url", "date")
SOURCE: Final = Source(id="corpus/feed", vendor_id="corpus", kind=Kind.FEED, url="https://corpus.example/", digest="0")

ATOM: Final = "{http://www.w3.org/2005/Atom}"
FEEDBURNER: Final = "{http://rssnamespace.org/feedburner/ext/1.0}origLink"


@dataclass(frozen=True)
class Recording:
    """One file of the corpus and what its manifest says of it."""

    path: str
    url: str
    kind: str
    entries: int | None
    expected: str | None

    @property
    def content(self) -> bytes:
        return (ROOT / self.path).read_bytes()


@dataclass(frozen=True)
class Announced:
    """What one entry says by some judge's reading; `date` is aware, None, or the text that no one can read."""

    title: str
    url: str | None
    date: datetime | str | None


@dataclass(frozen=True)
class Difference:
    """One field of one entry that two readings disagree on."""

    path: str
    position: int
    field: str
    theirs: object
    ours: object


def recordings(*folders: str) -> list[Recording]:
    """Return what the manifest lists in these folders; nothing where there is no corpus."""
    if not ROOT.is_dir():
        return []
    lines = (json.loads(line) for line in (ROOT / "manifest.jsonl").read_text("utf-8").splitlines())
    return [_recording(line) for line in lines if line["path"].startswith(tuple(f"{folder}/" for folder in folders))]


def _recording(line: dict[str, Any]) -> Recording:
    url = line["url"] if isinstance(line["url"], str) else "https://corpus.example/feed"
    return Recording(line["path"], url, line["kind"], line.get("entries"), line.get("expected"))


@cache
def document(content: bytes, url: str) -> Document:
    """Read a feed, once for all that ask."""
    at = datetime(2026, 8, 22, tzinfo=UTC)
    return parse(Capture(1, SOURCE.id, url, url, content, "0", (), at, 1), SOURCE)


def outcomes(document: Document) -> list[Candidate | Refusal]:
    hosts = {urlsplit(entry.link).hostname for entry in document.entries if entry.link}
    scopes = tuple(Scope(Grant.OFFICIAL, host, host) for host in sorted(filter(None, hosts)))
    return normalise(document, SOURCE, Vendor("corpus", "Corpus", "https://corpus.example/", scopes))


def our_reading(recording: Recording) -> list[Announced]:
    read = document(recording.content, recording.url)
    dates = {entry.position: entry.published.value for entry in read.entries}
    return [
        Announced(out.title, out.url if isinstance(out, Candidate) else None, dates.get(out.position))
        for out in outcomes(read)
    ]


# ── the judges ──────────────────────────────────────────────────────────────────────────────────────────────────


def expected_reading(recording: Recording) -> list[Announced]:
    reported = json.loads((ROOT / (recording.expected or "")).read_text("utf-8"))
    return [Announced(entry["title"], entry["url"], moment(entry["date"])) for entry in reported]


def second_reading(content: bytes) -> list[Announced] | None:
    """Read plain RSS 2.0 or Atom 1.0 with ElementTree alone, None where that cannot be done."""
    try:
        root = ET.fromstring(content.lstrip())
    except (ET.ParseError, ValueError):
        return None
    rss = [
        Announced(_all(item, "title"), _all(item, "link") or None, moment(_all(item, "pubDate")))
        for item in root.iter("item")
    ]
    return rss + [_atom_entry(entry) for entry in root.iter(f"{ATOM}entry")]


def _atom_entry(entry: ET.Element) -> Announced:
    links = [link.get("href") for link in entry.iter(f"{ATOM}link") if link.get("rel", "alternate") == "alternate"]
    date = _all(entry, f"{ATOM}published") or _all(entry, f"{ATOM}updated")
    return Announced(_all(entry, f"{ATOM}title"), _all(entry, FEEDBURNER) or next(iter(links), None), moment(date))


def _all(parent: ET.Element, tag: str) -> str:
    child = parent.find(tag)
    return "" if child is None else "".join(child.itertext()).strip()


def moment(written: str | None) -> datetime | str | None:
    """Read a date of RFC 2822 or ISO 8601 with the standard library; what it cannot read stays text."""
    if not written:
        return None
    try:
        read = datetime.fromisoformat(written) if re.match(r"\d{4}-", written) else parsedate_to_datetime(written)
    except ValueError:
        return written
    return read if read.tzinfo else read.replace(tzinfo=UTC)


# ── the comparison ──────────────────────────────────────────────────────────────────────────────────────────────


def promised(reported: Announced) -> Announced:
    """Return an entry as promised: one line, `http` raised to `https`, campaign parameters gone."""
    url = re.sub(r"^http:", "https:", reported.url) if reported.url else None
    url = re.sub(r"[?&]utm_[a-z]+=[^&#]*", "", url) if url else None
    return Announced(" ".join(reported.title.split()), url, reported.date)


def differences(path: str, theirs: list[Announced], ours: list[Announced]) -> Iterator[Difference]:
    """Compare entry by entry in document order; an entry that one reading lacks differs in all of its fields."""
    for position in range(max(len(theirs), len(ours))):
        reported = promised(theirs[position]) if position < len(theirs) else None
        read = ours[position] if position < len(ours) else None
        for field in FIELDS:
            pair = (getattr(reported, field, "no such entry"), getattr(read, field, "no such entry"))
            if pair[0] != pair[1]:
                yield Difference(path, position, field, *pair)


@dataclass(frozen=True)
class Result:
    """How one judge's reading of one recording compares with ours."""

    path: str
    entries: int
    differences: tuple[Difference, ...]


def by_expectation() -> list[Result]:
    return [_result(item, expected_reading(item)) for item in recordings("feeds") if item.expected]


def by_second_reading(every: int = 1) -> list[Result]:
    feeds = [item for item in recordings("feeds", "series") if item.kind in {"rss", "atom"}][::every]
    readings = ((item, second_reading(item.content)) for item in feeds)
    return [_result(item, reading) for item, reading in readings if reading is not None]


def _result(recording: Recording, theirs: list[Announced]) -> Result:
    hits = differences(recording.path, theirs, our_reading(recording))
    return Result(recording.path, len(theirs), tuple(hits))


def table(title: str, results: list[Result], *, each: bool) -> Iterable[str]:
    """Return lines: what is right, in per cent by field, for each recording and for all."""
    yield f"{title:58} entries   title     url    date"
    rows = [(result.path, [result]) for result in results] if each else []
    for name, part in [*rows, (f"all {len(results)} files", results)]:
        entries = sum(result.entries for result in part)
        wrong = Counter(hits.field for result in part for hits in result.differences)
        rates = "".join(f"{100 * (1 - wrong[field] / max(entries, 1)):8.2f}" for field in FIELDS)
        yield f"{name:58} {entries:7}{rates}"
    for result in results:
        for hits in result.differences:
            yield f"  {hits.path} [{hits.position}] {hits.field}: {hits.theirs!r} | ours {hits.ours!r}"


def main() -> int:
    if not ROOT.is_dir():
        sys.stderr.write(f"{ABSENT}\n")
        return 1
    reported = [*table("with expectations", by_expectation(), each=True), ""]
    reported += table("by a second reading", by_second_reading(), each=False)
    sys.stdout.write("\n".join([*reported, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
