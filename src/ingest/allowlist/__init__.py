"""
`sources.yaml` → a validated `Allowlist` (CONTRACT §2). It fails closed: a list with one fault is no list.

`nodes` reads YAML into a tree that knows lines and columns, `shapes` say what a value may be (and are the JSON Schema),
`stanzas` declare the keys, `assemble` and `claims` check what spans several keys. Every step goes on after a fault, so
that one run tells them all.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ingest.allowlist.assemble import assemble
from ingest.allowlist.nodes import MAX_BYTES, compose
from ingest.allowlist.report import WHOLE_FILE, GiveUpError, Report
from ingest.allowlist.shapes import Record
from ingest.allowlist.stanzas import ListStanza
from ingest.errors import AllowlistError, Problem
from ingest.model import Allowlist, Source, Vendor

__all__ = ["json_schema", "load", "parse"]

ROOT = Record(ListStanza)


def parse(data: bytes, path: str = "sources.yaml") -> Allowlist:
    """
    Read and check an allow-list.

    Args:
        data: The file, UTF-8 YAML, at most 5 MiB.
        path: What the messages call it.

    Raises:
        AllowlistError: Anything is wrong with it; carries every problem found, in file order.
    """
    report = Report()
    vendors: tuple[Vendor, ...] = ()
    sources: tuple[Source, ...] = ()
    try:
        root = compose(data, report)
        if root is None:
            report.give_up(WHOLE_FILE, "is empty.", "Start it with version: 1 and vendors.")
        stanza = ROOT.read(root, WHOLE_FILE, report)
        if stanza is not None:
            vendors, sources = assemble(stanza, report)
    except GiveUpError:
        pass  # the report says why
    if report.problems:
        raise AllowlistError(path, tuple(report.problems))
    return Allowlist(digest=hashlib.sha256(data).hexdigest(), text=data.decode(), vendors=vendors, sources=sources)


def load(path: Path) -> Allowlist:
    """
    Read and check the allow-list at `path`.

    Raises:
        AllowlistError: It cannot be read, or anything is wrong with it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}."
        remedy = "Name the allow-list with --sources or INGEST_SOURCES."
        raise AllowlistError(str(path), (Problem(1, 1, "", what, remedy),)) from error
    return parse(data, str(path))


def json_schema() -> dict[str, object]:
    """
    Describe the file as JSON Schema 2020-12, for editors.

    It is made from the declarations that `parse` reads with. What spans several keys, and what a host is, is checked
    only when the list is loaded.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:ingest:sources.yaml:1",
        "title": "ingest allow-list (sources.yaml)",
        "description": "The official sources of each vendor: policy, schedule and selectors.",
        **ROOT.schema(),
    }
