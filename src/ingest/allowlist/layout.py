"""Where the parts of an allow-list stand in its text, and the changes of text for an edit."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ingest.allowlist import nodes
from ingest.allowlist.nodes import MappingEntry, Span
from ingest.allowlist.report import Report
from ingest.allowlist.writing import block, inline
from ingest.errors import UsageError

STEP: Final = 2
"""Columns of one indentation in the shipped list, and in text written without a list around it."""

_BYTE_ORDER_MARK: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class Splice:
    """Characters to be replaced by a text."""

    start: int
    end: int
    text: str

    def without(self) -> Splice:
        """Replace them by nothing."""
        return Splice(self.start, self.end, "")


class File:
    """The text of a valid list, with the places of its parts."""

    def __init__(self, text: str) -> None:
        self.mark = text[: text.startswith(_BYTE_ORDER_MARK)]
        self.text = text = text.removeprefix(_BYTE_ORDER_MARK)
        self.newline = "\r\n" if "\r\n" in text else "\n"
        root = nodes.compose(text.encode(), Report())
        assert isinstance(root, nodes.MappingNode)  # the list is valid
        vendors = root.entries["vendors"].node
        assert isinstance(vendors, nodes.MappingNode)
        self.vendors = vendors
        self.step = STEP if vendors.is_flow else vendors.column - root.column

    def vendor(self, vendor_id: str) -> nodes.MappingNode:
        """
        Return the mapping of a vendor.

        Raises:
            UsageError: The list has no such vendor.
        """
        entry = self.vendors.entries.get(vendor_id)
        if entry is None:
            otherwise = "write it into the file first, with its name, home and official scopes."
            known = _near(vendor_id, self.vendors, otherwise=otherwise)
            raise UsageError(f"is not a vendor of the list; {known}", subject=vendor_id)
        return self.mapping(entry, vendor_id)

    def source(self, source_id: str) -> nodes.MappingNode:
        """
        Return the mapping of a source.

        Raises:
            UsageError: The list has no such source.
        """
        vendor_id, _, key = source_id.partition("/")
        sources = self.vendor(vendor_id).entries.get("sources")
        inside = self.mapping(sources, f"the sources of {vendor_id}") if sources else None
        entry = inside.entries.get(key) if inside else None
        if entry is None:
            known = _near(key, inside, f"{vendor_id}/") if inside else "its vendor has none."
            raise UsageError(f"is not a source of the list; {known}", subject=source_id)
        return self.mapping(entry, source_id)

    def mapping(self, entry: MappingEntry, what: str) -> nodes.MappingNode:
        """
        Return the mapping written directly behind its key.

        Raises:
            UsageError: It stands elsewhere (a YAML alias).
        """
        if entry.is_alias or not isinstance(entry.node, nodes.MappingNode):
            raise UsageError("are an alias of other lines; edit the file by hand.", subject=what)
        return entry.node

    def line_of(self, span: Span) -> Splice:
        """Return the whole line at the beginning of a span."""
        start = self.text.rfind("\n", 0, span.start) + 1
        end = self._line_end(span.start)
        return Splice(start, end, self.text[start:end])

    def _line_end(self, index: int) -> int:
        """Return where the next line begins."""
        newline = self.text.find("\n", index)
        return len(self.text) if newline < 0 else newline + 1

    def end(self, node: nodes.Node, span: Span | None = None) -> int:
        """
        Return where the last character of a value stands, since the end mark of a block lies behind later comments.

        Args:
            span: The place of the value, where it is an alias of the node.
        """
        is_here = span is None or span == node.span
        if is_here and isinstance(node, nodes.MappingNode) and node.entries and not node.is_flow:
            last = list(node.entries.values())[-1]
            return self.end(last.node, last.span)
        if is_here and isinstance(node, nodes.SequenceNode) and node.items and not node.is_flow:
            return self.end(node.items[-1], node.spans[-1])
        span = span or node.span
        return span.start + len(self.text[span.start : span.end].rstrip())

    def without(self, mapping: nodes.MappingNode, name: str) -> Splice:
        """Return the removal of a key with its value from a mapping."""
        entries = list(mapping.entries.values())
        at = list(mapping.entries).index(name)
        entry = entries[at]
        end = self.end(entry.node, entry.span)
        if not mapping.is_flow:
            return Splice(self.line_of(entry.key).start, self._line_end(end), "")
        if at:
            return Splice(self.end(entries[at - 1].node, entries[at - 1].span), end, "")
        return Splice(entry.key.start, entries[1].key.start if len(entries) > 1 else end, "")

    # ── what is put there ───────────────────────────────────────────────────────────────────────────────────────

    def put(self, mapping: nodes.MappingNode, values: Mapping[str, Any]) -> list[Splice]:
        """Set keys of a mapping: known ones where they stand, others behind its last."""
        known = {name: mapping.entries[name] for name in values if name in mapping.entries}
        splices = [
            Splice(entry.span.start, self.end(entry.node, entry.span), inline(values[name], alone=not mapping.is_flow))
            for name, entry in known.items()
            if not _is_flag(entry, values[name])
        ]
        new = {name: value for name, value in values.items() if name not in known}
        if not new:
            return splices
        return [*splices, self._behind_flow(mapping, new) if mapping.is_flow else self._behind(mapping, new)]

    def _behind(self, mapping: nodes.MappingNode, new: Mapping[str, Any]) -> Splice:
        at = self._line_end(self.end(mapping))
        gap = "" if self.text[:at].endswith("\n") else self.newline
        lines = block(new, mapping.column - 1, self.step)
        return Splice(at, at, gap + "".join(line + self.newline for line in lines))

    def _behind_flow(self, mapping: nodes.MappingNode, new: Mapping[str, Any]) -> Splice:
        inside = inline(new)[1:-1]
        if not mapping.entries:
            at = mapping.span.start + 1
            return Splice(at, at, inside)
        last = list(mapping.entries.values())[-1]
        at = self.end(last.node, last.span)
        return Splice(at, at, f", {inside}")

    def instead(self, entry: MappingEntry, values: Mapping[str, Any]) -> Splice:
        """Return the replacement of an entry's value by another mapping."""
        node, end = entry.node, self.end(entry.node, entry.span)
        if entry.is_alias or not isinstance(node, nodes.MappingNode) or node.is_flow:
            return Splice(entry.span.start, end, inline(values))
        lines = block(values, node.column - 1, self.step)
        return Splice(
            self.line_of(node.span).start, self._line_end(end), "".join(line + self.newline for line in lines)
        )

    def edited(self, splices: Sequence[Splice]) -> str:
        """Return the text with all changes made."""
        text = self.text
        for splice in sorted(splices, key=lambda splice: splice.start, reverse=True):
            text = text[: splice.start] + splice.text + text[splice.end :]
        return self.mark + text


def _is_flag(entry: MappingEntry, value: object) -> bool:
    """Whether an entry already has this truth value, in any case."""
    if entry.is_alias or not isinstance(entry.node, nodes.ScalarNode):
        return False
    return isinstance(value, bool) and entry.node.text.lower() == inline(value)


def _near(
    name: str, mapping: nodes.MappingNode, before: str = "", *, otherwise: str = "look for it in the file."
) -> str:
    near = difflib.get_close_matches(name, list(mapping.entries), n=1)
    return f'did you mean "{before}{near[0]}"?' if near else otherwise
