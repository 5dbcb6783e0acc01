"""`select` of a source: read with the place of each line, and checked for its kind by `parse.selection`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ingest.allowlist.nodes import MappingNode, Node, ScalarNode, Tag
from ingest.allowlist.report import WHOLE_FILE, Place, Report
from ingest.allowlist.shapes import MapOf, Schema, Text
from ingest.allowlist.values import SELECTOR_NAME, selector_name, text
from ingest.model import Kind
from ingest.parse.selection import faults

_PICK: Final = Text(text, pattern="", wanted="text (a selector or pointer)")


@dataclass(frozen=True, slots=True)
class Picked:
    """The text of a selector, where it stands, and where its name does."""

    text: str
    place: Place
    named: Place = WHOLE_FILE


@dataclass(frozen=True, slots=True)
class _PickText:
    """Check one selector. The empty pointer `""` is valid (RFC 6901 §5: the whole document)."""

    def read(self, node: Node, place: Place, report: Report) -> Picked | None:
        """Read a scalar."""
        if isinstance(node, ScalarNode) and node.tag is Tag.TEXT and node.text == "":
            return Picked("", place)
        read = _PICK.read(node, place, report)
        return None if read is None else Picked(read, place)

    def schema(self) -> Schema:
        """Describe a text."""
        return {"type": "string"}


@dataclass(frozen=True, slots=True)
class Selectors:
    """`name: selector` lines."""

    lines: MapOf[Picked] = MapOf(selector_name, SELECTOR_NAME, _PickText())  # noqa: RUF009 frozen itself

    def read(self, node: Node, place: Place, report: Report) -> dict[str, Picked] | None:
        """Read every line with the place of its name."""
        read = self.lines.read(node, place, report)
        if read is None or not isinstance(node, MappingNode):
            return None
        return {
            name: replace(picked, named=place.child(name, line=entry.line, column=entry.column))
            for name, picked in read.items()
            if (entry := node.entries.get(name)) is not None
        }

    def schema(self) -> Schema:
        """Describe names and texts."""
        return self.lines.schema()


def texts(select: Mapping[str, Picked]) -> dict[str, str]:
    """Return the selectors as text."""
    return {name: picked.text for name, picked in select.items()}


def check(kind: Kind | None, select: Mapping[str, Picked], where: Place, report: Report) -> None:
    """Report faults in the selectors of a source, unless they or its kind were refused already."""
    if kind is None or report.touches(where.key):
        return
    for fault in faults(kind, texts(select)):
        picked = select.get(fault.name)
        if picked is None:
            place = where.child(fault.name) if fault.is_missing else where
        else:
            place = picked.named if fault.is_unknown else picked.place
        report.add(place, fault.what, fault.remedy)
