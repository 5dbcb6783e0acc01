"""The steps from bytes to an `Allowlist`, and the schema made from the same declarations."""

from __future__ import annotations

import hashlib

from ingest.allowlist.assemble import assemble
from ingest.allowlist.nodes import compose
from ingest.allowlist.report import WHOLE_FILE, GiveUpError, Report
from ingest.allowlist.shapes import Record
from ingest.allowlist.stanzas import ListStanza
from ingest.errors import AllowlistError
from ingest.model import Allowlist, Source, Vendor

ROOT = Record(ListStanza)


def parse(data: bytes, path: str, *, private: bool) -> Allowlist:
    """See `ingest.allowlist.parse`."""
    report = Report()
    vendors: tuple[Vendor, ...] = ()
    sources: tuple[Source, ...] = ()
    try:
        root = compose(data, report)
        if root is None:
            report.give_up(WHOLE_FILE, "is empty.", "Start it with version: 1 and vendors.")
        stanza = ROOT.read(root, WHOLE_FILE, report)
        if stanza is not None:
            vendors, sources = assemble(stanza, report, private=private)
    except GiveUpError:
        pass  # the report says why
    if report.problems:
        raise AllowlistError(path, tuple(report.problems))
    return Allowlist(
        digest=hashlib.sha256(data).hexdigest(),
        text=data.decode(),
        vendors=vendors,
        sources=sources,
        warnings=tuple(sorted(report.warnings)),
    )


def json_schema() -> dict[str, object]:
    """See `ingest.allowlist.json_schema`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:ingest:sources.yaml:1",
        "title": "ingest allow-list (sources.yaml)",
        "description": "The official sources of each vendor: policy, schedule and selectors.",
        **ROOT.schema(),
    }
