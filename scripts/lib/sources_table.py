"""
Write docs/sources.md: every stanza of the allow-list with its proof.

    scripts/sources_table            writes it
    scripts/sources_table --check    ends with 1 if it is out of date

A *recording* is a stored copy of the source's own document, read correctly by the stanza (tests/corpus/recorded.yaml). A *golden
document* is our own document with the known structure of the page (tests/golden/shipped). For a stanza without selectors, the
documents of its format count. A source is *not yet seen* if there are only golden documents of its pattern.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml  # noqa: TID251 - a file of the tests, no allow-list

from ingest import allowlist
from ingest.model import Allowlist, Kind, Source

ROOT: Final = Path(__file__).parents[2]
TARGET: Final = ROOT / "docs" / "sources.md"
GOLDEN: Final = ROOT / "tests" / "golden"
RECORDED: Final = ROOT / "tests" / "corpus" / "recorded.yaml"

RECORDING, OWN, UNSEEN = "recording", "golden document", "not yet seen"


@dataclass(frozen=True, slots=True)
class Proof:
    """The kind of a stanza's proof, and the documents used, or similar ones."""

    on: str
    by: tuple[str, ...]


def pattern(kind: Kind, select: Mapping[str, str]) -> str:
    """Return how a stanza selects entries and dates. Stanzas of one pattern differ in names only."""
    date = select.get("date", "")
    if kind is Kind.PAGE:
        means = {
            "a list in the page's data": "data" in select,
            "days in addresses": "@href ~" in date.partition(" || ")[0],
            "days above the cards": date.startswith(("preceding::", "following::")),
        }
        return next((name for name, is_so in means.items() if is_so), "cards with their days")
    if kind is Kind.CHANGELOG:
        means = {"several items a day": "item" in select, "named entries": "entry" in select}
        return next((name for name, is_so in means.items() if is_so), "its own structure")
    if kind is Kind.SITEMAP:
        return "an index by section" if "part" in select else "days in addresses" if date else "paths"
    if kind is Kind.WATCH:
        in_data = any(pick.startswith("/") for name, pick in select.items() if name.startswith("value"))
        return "values in data" if in_data else "values on a page"
    return "a list of data" if kind is Kind.JSON else "a feed"


def recorded() -> dict[str, tuple[str, ...]]:
    """Return the recordings of shipped sources, by source id."""
    paths_by_id = yaml.safe_load(RECORDED.read_text(encoding="utf-8"))
    return {source_id: tuple(paths) for source_id, paths in paths_by_id.items()}


def own_documents() -> dict[str, list[str]]:
    """Return the golden documents for single stanzas, by source id."""
    folders: dict[str, list[str]] = {}
    for folder in sorted((GOLDEN / "shipped").iterdir()):
        if folder.is_dir():
            folders.setdefault("/".join(folder.name.split(".")[:2]), []).append(f"shipped/{folder.name}")
    return folders


def own_readings(listed: Allowlist) -> dict[str, list[str]]:
    """Return the same for every stanza, also by a golden document of another one with equal selectors."""
    own = own_documents()
    proven = {
        (source.kind, source.select): own[source.id] for source in listed.sources if source.id in own and source.select
    }
    read = {source.id: own.get(source.id) or proven.get((source.kind, source.select), []) for source in listed.sources}
    return {source_id: folders for source_id, folders in read.items() if folders}


def by_pattern(listed: Allowlist) -> dict[tuple[Kind, str], list[str]]:
    """Return the golden documents by kind and pattern."""
    sources = {source.id: source for source in listed.sources}
    names: dict[tuple[Kind, str], list[str]] = {(Kind.FEED, "a feed"): ["rss-*", "atom-*", "json-feed-*"]}
    for folder in sorted(GOLDEN.iterdir()):
        kind = next((kind for kind in Kind if folder.name.startswith(f"{kind.value}-")), None)
        if kind in {None, Kind.FEED} or folder.name.startswith("json-feed"):
            continue
        expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        assert kind is not None
        if "refused" not in expected:
            names.setdefault((kind, pattern(kind, expected["given"].get("select", {}))), []).append(folder.name)
    for source_id, folders in own_documents().items():
        source = sources[source_id]
        names.setdefault((source.kind, pattern(source.kind, dict(source.select))), []).extend(folders)
    return names


def proofs(listed: Allowlist) -> dict[str, Proof | None]:
    """Return the proof of each stanza, None without a document of its pattern."""
    seen, own, alike = recorded(), own_readings(listed), by_pattern(listed)
    return {source.id: proof(source, seen, own, alike) for source in listed.sources}


def proof(
    source: Source,
    seen: Mapping[str, tuple[str, ...]],
    own: Mapping[str, list[str]],
    alike: Mapping[tuple[Kind, str], list[str]],
) -> Proof | None:
    """Return the best proof of one stanza."""
    if source.id in seen:
        return Proof(RECORDING, seen[source.id])
    if source.id in own:
        return Proof(OWN, tuple(own[source.id]))
    documents = tuple(alike.get((source.kind, pattern(source.kind, dict(source.select))), ()))
    if not documents:
        return None
    if "releases.atom" in source.url:
        return Proof(OWN, ("github-releases",))
    return Proof(UNSEEN if source.select else OWN, documents)


def table(listed: Allowlist) -> Iterator[str]:
    """Yield the lines of the page."""
    proven = proofs(listed)
    on = Counter(best.on for source in listed.sources if (best := proven[source.id]) and source.enabled)
    kinds = Counter(source.kind.value for source in listed.sources)
    off = [source for source in listed.sources if not source.enabled]
    yield from (
        "# The shipped sources",
        "",
        "`scripts/sources_table` writes this page from `sources.yaml`, `tests/golden` and `tests/corpus/recorded.yaml`. Do not edit it.",
        "",
        f"The list has {len(listed.sources)} sources of {len(listed.vendors)} vendors: "
        + ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
        + f". {len(off)} of them are off, each with its reason in the file. Of the others, "
        + ", ".join(f"{on[name]} are proven on a {name}" for name in (RECORDING, OWN))
        + f", and {on[UNSEEN]} are not yet seen.",
        "",
        "* **recording**: the stanza reads a stored copy of the source's own document correctly.",
        "* **golden document**: the stanza reads our own document with the known structure of the page correctly. A stanza without",
        "  selectors is tested on the documents of its format. This does not show that the address answers.",
        "* **not yet seen**: there are only documents of the same pattern, named in brackets. The self-check keeps a page from",
        "  being recorded if it does not look like a list of announcements.",
        "",
        "| stanza | vendor | kind | proven on |",
        "|---|---|---|---|",
    )
    names = {vendor.id: vendor.name for vendor in listed.vendors}
    for source in listed.sources:
        mark = "" if source.enabled else " (off)"
        yield f"| `{source.id}`{mark} | {names[source.vendor_id]} | {source.kind.value} | {_shown(proven[source.id])} |"


def _shown(best: Proof | None) -> str:
    if best is None:
        return "nothing"
    documents = ", ".join(f"`{name}`" for name in best.by[:2]) + (", …" if len(best.by) > 2 else "")  # noqa: PLR2004 a table's width
    return f"{best.on} ({documents})"


def main() -> int:
    """Write the page, or report whether it is up to date. Return the exit status."""
    parser = argparse.ArgumentParser(description="Write docs/sources.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if the page is out of date")
    arguments = parser.parse_args()
    text = "\n".join([*table(allowlist.load(ROOT / "sources.yaml")), ""])
    if arguments.check:
        is_fresh = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text
        print(
            "docs/sources.md is up to date."
            if is_fresh
            else "docs/sources.md is out of date; run scripts/sources_table."
        )
        return 0 if is_fresh else 1
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)} is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
