"""
Edits of an allow-list's text that leave every other line as it is: comments, order, quotes, indentation, line ends.

The text is never written anew from what was read (a round trip through `ruamel.yaml` reflows what an operator laid out, and
loses comments inside flow mappings). YAML's own marks say where a stanza stands; only there is something put in, replaced or
taken out. `check` then reads the result and insists that nothing but the one source came out differently.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from ingest import allowlist
from ingest.errors import UsageError
from ingest.model import Allowlist

Value = bool | int | str | Sequence[str] | Mapping[str, str]
"""What a key of a stanza may be given."""

STEP: Final = 2
"""Columns by which the shipped list, and everything written without a list around it, is indented."""

PASTED_AT: Final = 3 * STEP
"""Where a source stands in the file: in vendors, in its vendor, in `sources`."""

_SWITCHED_OFF: Final = re.compile(r"[ \t]*enabled:[ \t]*false[ \t]*\r?\n?", re.IGNORECASE)
_ALIAS: Final = "alias"


# ── the edits ───────────────────────────────────────────────────────────────────────────────────────────────────


def add(text: str, vendor_id: str, key: str, values: Mapping[str, Value]) -> str:
    """
    Put a source behind the others of its vendor.

    Args:
        text: The file, which `allowlist.parse` accepts.

    Raises:
        UsageError: There is no such vendor, the key is taken, or the vendor's sources stand elsewhere (a YAML alias).
    """
    file = _File(text)
    vendor = file.vendor(vendor_id)
    known = file.find(vendor, "sources")
    if known is None:
        return file.edited(file.put(vendor, {"sources": {key: values}}))
    sources = file.mapping(known, f"the sources of {vendor_id}")
    if file.find(sources, key) is not None:
        raise UsageError("is in the list already; choose another key.", subject=f"{vendor_id}/{key}")
    return file.edited(file.put(sources, {key: values}))


def placed(text: str, vendor_id: str, key: str, values: Mapping[str, Any]) -> str:
    """Put a source where it would stand, in place of the one that has its key: to see what that would be."""
    file = _File(text)
    sources = file.find(file.vendor(vendor_id), "sources")
    known = file.find(sources.value, key) if sources and isinstance(sources.value, yaml.MappingNode) else None
    return add(text, vendor_id, key, values) if known is None else file.edited([file.instead(known, values)])


def read_stanza(text: str, name: str) -> tuple[str, dict[str, Any]]:
    """
    Read a source that stands alone in a text, as `stanza` writes it; whether it is a good one is not judged here.

    Args:
        name: What the messages call the text.

    Raises:
        UsageError: It is no mapping with one key that holds a mapping.
    """
    try:
        read = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"cannot be read as YAML: {' '.join(str(error).split())}", subject=name) from error
    if isinstance(read, dict) and len(read) == 1:
        ((key, values),) = read.items()
        if isinstance(key, str) and isinstance(values, dict):
            return key, values
    raise UsageError("holds no stanza; write one source with its key: `news: {kind: feed, url: …}`.", subject=name)


def switch(text: str, source_id: str, *, enabled: bool, note: str | None = None) -> str:
    """
    Enable or disable a source; what is as it should be stays untouched.

    Args:
        text: The file, which `allowlist.parse` accepts.
        note: Replaces the stanza's own, unless None.

    Raises:
        UsageError: There is no such source, or its stanza stands elsewhere (a YAML alias).
    """
    file = _File(text)
    stanza = file.source(source_id)
    values: dict[str, Value] = {} if note is None else {"note": note}
    splices: list[_Splice] = []
    said = file.find(stanza, "enabled")
    if enabled and said is not None:
        off = file.line_of(said.key)
        if _SWITCHED_OFF.fullmatch(off.text) and len(stanza.value) > 1:
            splices.append(off.without())
        else:
            values["enabled"] = True
    elif not enabled:
        values = {"enabled": False, **values}
    return file.edited([*splices, *file.put(stanza, values)])


def stanza(key: str, values: Mapping[str, Value], *, column: int = PASTED_AT) -> str:
    """Write a source as it stands in a list, ready to be pasted."""
    return "".join(f"{line}\n" for line in _lines({key: values}, column, STEP))


def check(before: bytes, after: bytes, path: str, source_id: str) -> Allowlist:
    """
    Read an edited list, and insist that every other vendor and source is what it was.

    Raises:
        AllowlistError: The list, as it was or as it would be, has faults.
        UsageError: Something else would change, too.
    """
    was = allowlist.parse(before, path)
    now = allowlist.parse(after, path)
    others = [[source for source in each.sources if source.id != source_id] for each in (was, now)]
    if was.vendors != now.vendors or others[0] != others[1]:
        raise UsageError("shares text with others (a YAML anchor); edit the file by hand.", subject=source_id)
    return now


def difference(before: str, after: str, path: str) -> str:
    """Write what an edit changes as a unified diff."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), path, path, lineterm="")
    return "\n".join(lines)


# ── where things stand ──────────────────────────────────────────────────────────────────────────────────────────


class _Marks(yaml.SafeLoader):
    """Composes nodes with their places; an alias stays a node of its own, where it stands."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose the next node."""
        if not self.check_event(yaml.AliasEvent):
            return super().compose_node(parent, index)
        event = self.get_event()  # type: ignore[no-untyped-call]  # the stubs say nothing of it
        return yaml.ScalarNode(_ALIAS, event.anchor, event.start_mark, event.end_mark)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A key and its value."""

    key: yaml.Node
    value: yaml.Node


@dataclass(frozen=True, slots=True)
class _Splice:
    """Characters to be replaced by a text."""

    start: int
    end: int
    text: str

    def without(self) -> _Splice:
        """Replace them by nothing."""
        return _Splice(self.start, self.end, "")


class _File:
    """The text of a list, and where its parts stand in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        root = yaml.compose(text, Loader=_Marks)
        assert isinstance(root, yaml.MappingNode)  # the list was read before
        self.root = root
        vendors = self.find(root, "vendors")
        assert vendors is not None
        self.vendors = self.mapping(vendors, "vendors")
        self.step = self.vendors.start_mark.column - root.start_mark.column
        if not 0 < self.step <= 4 * STEP or self.vendors.flow_style:
            self.step = STEP

    def vendor(self, vendor_id: str) -> yaml.MappingNode:
        """Find a vendor's mapping."""
        pair = self.find(self.vendors, vendor_id)
        if pair is None:
            raise UsageError(f"is no vendor of the list; {self._near(vendor_id, self.vendors)}", subject=vendor_id)
        return self.mapping(pair, vendor_id)

    def source(self, source_id: str) -> yaml.MappingNode:
        """Find a source's mapping."""
        vendor_id, _, key = source_id.partition("/")
        sources = self.find(self.vendor(vendor_id), "sources")
        inside = self.mapping(sources, f"the sources of {vendor_id}") if sources else None
        pair = self.find(inside, key) if inside else None
        if pair is None:
            known = self._near(key, inside, f"{vendor_id}/") if inside else "its vendor has none."
            raise UsageError(f"is no source of the list; {known}", subject=source_id)
        return self.mapping(pair, source_id)

    def _near(self, name: str, mapping: yaml.MappingNode, before: str = "") -> str:
        near = difflib.get_close_matches(name, [key.value for key, _ in mapping.value], n=1)
        return f'did you mean "{before}{near[0]}"?' if near else "look for it in the file."

    def find(self, mapping: yaml.MappingNode, name: str) -> _Pair | None:
        """Find a key in a mapping."""
        return next((_Pair(key, value) for key, value in mapping.value if key.value == name), None)

    def mapping(self, pair: _Pair, what: str) -> yaml.MappingNode:
        """Insist that a value is written out where its key stands."""
        if not isinstance(pair.value, yaml.MappingNode):
            raise UsageError("are an alias of other lines; edit the file by hand.", subject=what)
        return pair.value

    def line_of(self, node: yaml.Node) -> _Splice:
        """Give the whole line in which something begins."""
        start = self.text.rfind("\n", 0, node.start_mark.index) + 1
        end = self._line_end(node.start_mark.index)
        return _Splice(start, end, self.text[start:end])

    def _line_end(self, index: int) -> int:
        """Find where the line after this one begins."""
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found + 1

    def end(self, node: yaml.Node) -> int:
        """Find where the last character of a value stands: a block's own end mark lies behind the comments after it."""
        if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
            last: Any = node.value[-1]
            return self.end(last[1] if isinstance(last, tuple) else last)
        start, end = node.start_mark.index, node.end_mark.index
        return start + len(self.text[start:end].rstrip())

    # ── what is put there ───────────────────────────────────────────────────────────────────────────────────────

    def put(self, mapping: yaml.MappingNode, values: Mapping[str, Any]) -> list[_Splice]:
        """Give what sets keys of a mapping: known ones where they stand, others behind its last."""
        known = {name: pair for name in values if (pair := self.find(mapping, name)) is not None}
        splices = [
            _Splice(
                pair.value.start_mark.index,
                self.end(pair.value),
                _flow(values[name], block=not mapping.flow_style),
            )
            for name, pair in known.items()
            if not self._says(pair.value, values[name])
        ]
        new = {name: value for name, value in values.items() if name not in known}
        if not new:
            return splices
        return [*splices, self._behind_flow(mapping, new) if mapping.flow_style else self._behind(mapping, new)]

    def _says(self, node: yaml.Node, value: object) -> bool:
        return isinstance(value, bool) and isinstance(node, yaml.ScalarNode) and node.value.lower() == _flow(value)

    def _behind(self, mapping: yaml.MappingNode, new: Mapping[str, Any]) -> _Splice:
        at = self._line_end(self.end(mapping))
        gap = "" if self.text[:at].endswith("\n") else self.newline
        lines = _lines(new, mapping.start_mark.column, self.step)
        return _Splice(at, at, gap + "".join(line + self.newline for line in lines))

    def _behind_flow(self, mapping: yaml.MappingNode, new: Mapping[str, Any]) -> _Splice:
        inside = _flow(new)[1:-1]
        if not mapping.value:
            at = mapping.start_mark.index + 1
            return _Splice(at, at, inside)
        at = self.end(mapping.value[-1][1])
        return _Splice(at, at, f", {inside}")

    def instead(self, pair: _Pair, values: Mapping[str, Any]) -> _Splice:
        """Give what puts another mapping in the place of a pair's value."""
        value = pair.value
        if not isinstance(value, yaml.MappingNode) or value.flow_style:
            return _Splice(value.start_mark.index, self.end(value), _flow(values))
        start = self.line_of(value).start
        lines = _lines(values, value.start_mark.column, self.step)
        return _Splice(start, self._line_end(self.end(value)), "".join(line + self.newline for line in lines))

    def edited(self, splices: Sequence[_Splice]) -> str:
        """Give the text with all of them done."""
        text = self.text
        for splice in sorted(splices, key=lambda splice: splice.start, reverse=True):
            text = text[: splice.start] + splice.text + text[splice.end :]
        return text


# ── writing YAML ────────────────────────────────────────────────────────────────────────────────────────────────


def _lines(values: Mapping[str, Any], column: int, step: int) -> list[str]:
    """Write a mapping as a block: mappings as blocks, lists in brackets, everything else on one line."""
    lines: list[str] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            lines += [f"{' ' * column}{_flow(name)}:", *_lines(value, column + step, step)]
        else:
            lines.append(f"{' ' * column}{_flow(name)}: {_flow(value, block=True)}")
    return lines


def _flow(value: object, *, block: bool = False) -> str:
    """
    Write a value on one line, text in quotes wherever YAML (1.1, as the list is read) would take it for something else.

    Args:
        block: It stands alone behind its key, where less needs quotes than between brackets.
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(name)}: {_flow(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if not isinstance(value, str):
        return json.dumps(value, default=str)
    written = yaml.dump(
        [value],
        Dumper=yaml.SafeDumper,
        default_flow_style=not block,
        default_style=None if value.isprintable() else '"',
        allow_unicode=True,
        width=math.inf,
    ).strip()
    return written.removeprefix("- ") if block else written[1:-1]
