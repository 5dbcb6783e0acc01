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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from ingest import allowlist
from ingest.allowlist.nodes import LOADER
from ingest.errors import UsageError
from ingest.model import Allowlist

Value = bool | int | str | Sequence[str] | Mapping[str, str]
"""What a key of a stanza may be given."""

STEP: Final = 2
"""Columns by which the shipped list, and everything written without a list around it, is indented."""

PASTED_AT: Final = 3 * STEP
"""Where a source stands in the file: in vendors, in its vendor, in `sources`."""

_SWITCHED_OFF: Final = re.compile(r"[ \t]*enabled:[ \t]*false[ \t]*\r?\n?", re.IGNORECASE)


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
    known = file.find(sources.value, key) if sources and sources.value.is_mapping else None
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


def switch(text: str, source_id: str, *, enabled: bool, why: str | None = None, note: str | None = None) -> str:
    """
    Enable or disable a source; what is as it should be stays untouched.

    Args:
        text: The file, which `allowlist.parse` accepts.
        why: The reason for a pause; what was the reason goes when the source is enabled again.
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
        if _SWITCHED_OFF.fullmatch(off.text):
            splices.append(off.without())
        else:
            values["enabled"] = True
    elif not enabled:
        values = {"enabled": False, **({} if why is None else {"paused": why}), **values}
    if enabled and (reason := file.find(stanza, "paused")) is not None:
        splices.append(file.without(stanza, reason))
    return file.edited([*splices, *file.put(stanza, values)])


def stanza(key: str, values: Mapping[str, Value], *, column: int = PASTED_AT) -> str:
    """Write a source as it stands in a list, ready to be pasted."""
    return "".join(f"{line}\n" for line in _lines({key: values}, column, STEP))


def check(before: bytes, after: bytes, path: str, source_id: str, *, private: bool = False) -> Allowlist:
    """
    Read an edited list (`allowlist.parse`), and insist that every other vendor and source is what it was.

    Raises:
        AllowlistError: The list, as it was or as it would be, has faults.
        UsageError: Something else would change, too.
    """
    was = allowlist.parse(before, path, private=private)
    now = allowlist.parse(after, path, private=private)
    others = [[source for source in each.sources if source.id != source_id] for each in (was, now)]
    if was.vendors != now.vendors or others[0] != others[1]:
        raise UsageError("shares text with others (a YAML anchor); edit the file by hand.", subject=source_id)
    return now


def difference(before: str, after: str, path: str) -> str:
    """Write what an edit changes as a unified diff."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), path, path, lineterm="")
    return "\n".join(lines)


# ── where things stand ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Node:
    """A value and where it stands; `children` are the items of a list, or the keys and values of a mapping in turn."""

    start: int
    end: int
    column: int
    text: str = ""
    is_mapping: bool = False
    is_flow: bool = False
    children: list[_Node] = field(default_factory=list)

    @property
    def pairs(self) -> list[_Pair]:
        """The keys and values of a mapping."""
        return [_Pair(*two) for two in zip(self.children[::2], self.children[1::2], strict=True)]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A key and its value."""

    key: _Node
    value: _Node


def _read(event: yaml.Event, events: Iterator[yaml.Event]) -> _Node:
    """Read what begins with an event; an alias is a node of its own, where it stands."""
    assert event.start_mark is not None  # what is read from text has its place
    assert event.end_mark is not None
    node = _Node(event.start_mark.index, event.end_mark.index, event.start_mark.column)
    if isinstance(event, yaml.ScalarEvent):
        node.text = event.value
    elif isinstance(event, yaml.CollectionStartEvent):
        node.is_mapping = isinstance(event, yaml.MappingStartEvent)
        node.is_flow = bool(event.flow_style)
        for each in events:
            if isinstance(each, yaml.CollectionEndEvent):
                assert each.end_mark is not None
                node.end = each.end_mark.index
                break
            node.children.append(_read(each, events))
    return node


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
    """The text of a list, which was read before, and where its parts stand in it."""

    def __init__(self, text: str) -> None:
        self.mark = text[: text.startswith(_BYTE_ORDER_MARK)]
        self.text = text = text.removeprefix(_BYTE_ORDER_MARK)
        self.newline = "\r\n" if "\r\n" in text else "\n"
        events = (event for event in yaml.parse(text, Loader=LOADER) if not isinstance(event, _FRAME))
        root = _read(next(events), events)
        vendors = self.find(root, "vendors")
        assert vendors is not None
        self.vendors = vendors.value
        self.step = self.vendors.column - root.column if not self.vendors.is_flow else STEP

    def vendor(self, vendor_id: str) -> _Node:
        """Find a vendor's mapping."""
        pair = self.find(self.vendors, vendor_id)
        if pair is None:
            otherwise = "write it into the file first, with its name, home and official scopes."
            known = _near(vendor_id, self.vendors, otherwise=otherwise)
            raise UsageError(f"is no vendor of the list; {known}", subject=vendor_id)
        return self.mapping(pair, vendor_id)

    def source(self, source_id: str) -> _Node:
        """Find a source's mapping."""
        vendor_id, _, key = source_id.partition("/")
        sources = self.find(self.vendor(vendor_id), "sources")
        inside = self.mapping(sources, f"the sources of {vendor_id}") if sources else None
        pair = self.find(inside, key) if inside else None
        if pair is None:
            known = _near(key, inside, f"{vendor_id}/") if inside else "its vendor has none."
            raise UsageError(f"is no source of the list; {known}", subject=source_id)
        return self.mapping(pair, source_id)

    def find(self, mapping: _Node, name: str) -> _Pair | None:
        """Find a key in a mapping."""
        return next((pair for pair in mapping.pairs if pair.key.text == name), None)

    def mapping(self, pair: _Pair, what: str) -> _Node:
        """Insist that a value is written out where its key stands."""
        if not pair.value.is_mapping:
            raise UsageError("are an alias of other lines; edit the file by hand.", subject=what)
        return pair.value

    def line_of(self, node: _Node) -> _Splice:
        """Give the whole line in which something begins."""
        start = self.text.rfind("\n", 0, node.start) + 1
        end = self._line_end(node.start)
        return _Splice(start, end, self.text[start:end])

    def _line_end(self, index: int) -> int:
        """Find where the line after this one begins."""
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found + 1

    def end(self, node: _Node) -> int:
        """Find where a value's last character stands: the end mark of a block lies behind the comments after it."""
        if node.children and not node.is_flow:
            return self.end(node.children[-1])
        return node.start + len(self.text[node.start : node.end].rstrip())

    def without(self, mapping: _Node, pair: _Pair) -> _Splice:
        """Give what takes a key with its value out of a mapping."""
        if not mapping.is_flow:
            return _Splice(self.line_of(pair.key).start, self._line_end(self.end(pair.value)), "")
        at = [each.key.start for each in mapping.pairs].index(pair.key.start)
        if at:
            return _Splice(self.end(mapping.pairs[at - 1].value), self.end(pair.value), "")
        end = mapping.pairs[1].key.start if len(mapping.pairs) > 1 else self.end(pair.value)
        return _Splice(pair.key.start, end, "")

    # ── what is put there ───────────────────────────────────────────────────────────────────────────────────────

    def put(self, mapping: _Node, values: Mapping[str, Any]) -> list[_Splice]:
        """Give what sets keys of a mapping: known ones where they stand, others behind its last."""
        known = {name: pair.value for name in values if (pair := self.find(mapping, name)) is not None}
        splices = [
            _Splice(node.start, self.end(node), _yaml(values[name], block=not mapping.is_flow))
            for name, node in known.items()
            if not (isinstance(values[name], bool) and node.text.lower() == _yaml(values[name]))
        ]
        new = {name: value for name, value in values.items() if name not in known}
        if not new:
            return splices
        return [*splices, self._behind_flow(mapping, new) if mapping.is_flow else self._behind(mapping, new)]

    def _behind(self, mapping: _Node, new: Mapping[str, Any]) -> _Splice:
        at = self._line_end(self.end(mapping))
        gap = "" if self.text[:at].endswith("\n") else self.newline
        lines = _lines(new, mapping.column, self.step)
        return _Splice(at, at, gap + "".join(line + self.newline for line in lines))

    def _behind_flow(self, mapping: _Node, new: Mapping[str, Any]) -> _Splice:
        inside = _yaml(new)[1:-1]
        if not mapping.children:
            at = mapping.start + 1
            return _Splice(at, at, inside)
        at = self.end(mapping.children[-1])
        return _Splice(at, at, f", {inside}")

    def instead(self, pair: _Pair, values: Mapping[str, Any]) -> _Splice:
        """Give what puts another mapping in the place of a pair's value."""
        value = pair.value
        if not value.is_mapping or value.is_flow:
            return _Splice(value.start, self.end(value), _yaml(values))
        lines = _lines(values, value.column, self.step)
        start, end = self.line_of(value).start, self._line_end(self.end(value))
        return _Splice(start, end, "".join(line + self.newline for line in lines))

    def edited(self, splices: Sequence[_Splice]) -> str:
        """Give the text with all of them done."""
        text = self.text
        for splice in sorted(splices, key=lambda splice: splice.start, reverse=True):
            text = text[: splice.start] + splice.text + text[splice.end :]
        return self.mark + text


_BYTE_ORDER_MARK: Final = "\ufeff"
_FRAME: Final = (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)


def _near(name: str, mapping: _Node, before: str = "", *, otherwise: str = "look for it in the file.") -> str:
    near = difflib.get_close_matches(name, [pair.key.text for pair in mapping.pairs], n=1)
    return f'did you mean "{before}{near[0]}"?' if near else otherwise


# ── writing YAML ────────────────────────────────────────────────────────────────────────────────────────────────


def _lines(values: Mapping[str, Any], column: int, step: int) -> list[str]:
    """Write a mapping as a block: mappings as blocks, lists in brackets, everything else on one line."""
    lines: list[str] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            lines += [f"{' ' * column}{_yaml(name)}:", *_lines(value, column + step, step)]
        else:
            lines.append(f"{' ' * column}{_yaml(name)}: {_yaml(value, block=True)}")
    return lines


def _yaml(value: object, *, block: bool = False) -> str:
    """
    Write a value on one line, text in quotes wherever YAML (1.1, as the list is read) would take it for something else.

    Args:
        block: It stands alone behind its key, where less needs quotes than between brackets.
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_yaml(name)}: {_yaml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_yaml, value)) + "]"
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
