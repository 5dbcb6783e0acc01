"""
Documents of our own that the shipped stanzas read: one folder a source, `VENDOR.KEY`, or `VENDOR.KEY.WHAT` where it has several.

`document.*` has the structure that is known of the source's page, with words of ours. `expected.json` is what the stanza of
sources.yaml makes of it, filters and scopes included: the entries that would be recorded, and those left out with the rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from ingest import allowlist, policy
from ingest.model import Allowlist, Document, Refusal, Source, Vendor
from ingest.normalise import normalise
from ingest.parse import parse
from support.documents import make_capture

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = Path(__file__).parent / "shipped"


@cache
def listed() -> Allowlist:
    """Return the list that ships."""
    return allowlist.load(ROOT / "sources.yaml")


@dataclass(frozen=True)
class Golden:
    """One stored document with the stanza that it is for."""

    folder: Path
    source: Source
    vendor: Vendor

    @property
    def content(self) -> bytes:
        (document,) = self.folder.glob("document.*")
        return document.read_bytes()

    @property
    def expected(self) -> dict[str, Any]:
        reported: dict[str, Any] = json.loads((self.folder / "expected.json").read_text("utf-8"))
        return reported

    @property
    def url(self) -> str:
        """The address that the document stands for: the source's own, or that of a part."""
        return str(self.expected.get("url", self.source.url))


def of_folder(folder: Path) -> Golden:
    """
    Find the stanza that a folder is for.

    Raises:
        ValueError: No source of the list is called like that.
    """
    vendor_id, key = [*folder.name.split("."), ""][:2]
    source = next((one for one in listed().sources if one.id == f"{vendor_id}/{key}"), None)
    vendor = next((one for one in listed().vendors if one.id == vendor_id), None)
    if source is None or vendor is None:
        message = f"{folder.name}: {vendor_id}/{key} is no source of sources.yaml."
        raise ValueError(message)
    return Golden(folder, source, vendor)


def goldens() -> list[Golden]:
    """Return all of them."""
    return [of_folder(folder) for folder in sorted(FOLDER.iterdir()) if folder.is_dir()]


def read(golden: Golden, content: bytes, url: str) -> Document:
    """Read bytes by the shipped stanza."""
    return parse(make_capture(content, url=url), golden.source)


def outcome(golden: Golden, document: Document) -> dict[str, Any]:
    """Say what would become of a document, entry by entry."""
    parts = {"parts": list(document.parts)} if document.parts else {}
    outside = {"outside": document.outside} if document.outside else {}
    return parts | outside | {"entries": list(_entries(golden, document))}


def _entries(golden: Golden, document: Document) -> Iterator[dict[str, Any]]:
    for item in normalise(document, golden.source, golden.vendor):
        if isinstance(item, Refusal):
            yield {"title": item.title, "url": item.url, "left out": item.rule}
            continue
        verdict = policy.admit(golden.vendor, item.url)
        date = item.published
        reported = {
            "title": item.title,
            "url": item.url,
            "published": f"{date.value:%Y-%m-%dT%H:%M:%SZ} {date.precision}" if date.value else date.reason,
            "categories": list(item.categories),
            "left out": verdict.rule if isinstance(verdict, policy.Refused) else "",
        }
        yield {name: value for name, value in reported.items() if value not in ("", [], None)}


PLAIN: Final = frozenset(
    {"main", "a", "href", "has", "is", "not", "class", "script", "body", "time", "https", "en", "ja"}
)
"""Words of selectors that no redesign changes, or that are no names."""


def names(pick: str) -> set[str]:
    """Return the names that a pick relies on: elements, classes, keys, parts of addresses."""
    return set(re.findall(r"[A-Za-z_][\w-]+", pick.split(" || ", maxsplit=1)[0].partition(" ~ ")[0])) - PLAIN


def redesigned(content: bytes, pick: str) -> bytes:
    """Return the document as a redesign leaves it: whatever the pick names is called otherwise."""
    for name in names(pick):
        content = re.sub(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])".encode(), f"{name[:-1]}Q".encode(), content)
    return content
