"""
Edits of an allow-list's text. Every other line stays as it is: comments, order, quotes, indentation, line ends.

The text is never written again as a whole, because a round trip through `ruamel.yaml` reflows the layout and loses
comments inside flow mappings. `layout` finds the stanza, and only there is something put in, replaced or taken out.
`check` then reads the result and compares all other sources.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import yaml

from ingest import allowlist
from ingest.allowlist import nodes
from ingest.allowlist.layout import STEP, File, Splice
from ingest.allowlist.report import GiveUpError, Report
from ingest.allowlist.writing import block
from ingest.errors import UsageError
from ingest.model import Allowlist

Value = bool | int | str | Sequence[str] | Mapping[str, str]
"""The value of a key in a stanza."""

PASTED_AT: Final = 3 * STEP
"""Where a source stands in the file: in vendors, in its vendor, in `sources`."""

_SWITCHED_OFF: Final = re.compile(r"[ \t]*enabled:[ \t]*false[ \t]*\r?\n?", re.IGNORECASE)


# ── the edits ───────────────────────────────────────────────────────────────────────────────────────────────────


def add(text: str, vendor_id: str, key: str, values: Mapping[str, Value]) -> str:
    """
    Put a source behind the others of its vendor.

    Args:
        text: A valid list (`allowlist.parse`).

    Raises:
        UsageError: The vendor is missing, the key is taken, or the vendor's sources stand elsewhere (a YAML alias).
    """
    file = File(text)
    vendor = file.vendor(vendor_id)
    known = vendor.entries.get("sources")
    if known is None:
        return file.edited(file.put(vendor, {"sources": {key: values}}))
    sources = file.mapping(known, f"the sources of {vendor_id}")
    if key in sources.entries:
        raise UsageError("is in the list already; choose another key.", subject=f"{vendor_id}/{key}")
    return file.edited(file.put(sources, {key: values}))


def placed(text: str, vendor_id: str, key: str, values: Mapping[str, Any]) -> str:
    """Put a source into the list as a preview, in place of one with the same key."""
    file = File(text)
    sources = file.vendor(vendor_id).entries.get("sources")
    is_here = sources is not None and not sources.is_alias and isinstance(sources.node, nodes.MappingNode)
    known = file.mapping(sources, key).entries.get(key) if sources is not None and is_here else None
    return add(text, vendor_id, key, values) if known is None else file.edited([file.instead(known, values)])


def read_stanza(text: str, name: str) -> tuple[str, dict[str, Any]]:
    """
    Read a source that stands alone in a text, as written by `stanza`. Its values are not checked here.

    Args:
        name: The name of the text in messages.

    Raises:
        UsageError: The text has a fault of YAML, or is not a mapping with one key and a mapping below it.
    """
    report = Report()
    root: nodes.Node | None = None
    with suppress(GiveUpError):  # the report says why
        root = nodes.compose(text.encode(), report)
    if report.problems:
        problem = min(report.problems)
        where = f"line {problem.line}, column {problem.column}"
        raise UsageError(f"{where}: {problem.what} {problem.remedy}".rstrip(), subject=name)
    if isinstance(root, nodes.MappingNode) and len(root.entries) == 1:
        ((key, entry),) = root.entries.items()
        if isinstance(entry.node, nodes.MappingNode):
            return key, _plain(entry.node)
    raise UsageError("holds no stanza; write one source with its key: `news: {kind: feed, url: …}`.", subject=name)


def _plain(node: nodes.Node) -> Any:  # noqa: ANN401 - any value of YAML
    """Return a value as YAML means it."""
    if isinstance(node, nodes.MappingNode):
        return {name: _plain(entry.node) for name, entry in node.entries.items()}
    if isinstance(node, nodes.SequenceNode):
        return [_plain(item) for item in node.items]
    return node.text if node.tag is nodes.Tag.TEXT else yaml.safe_load(node.text)


def switch(text: str, source_id: str, *, enabled: bool, why: str | None = None, note: str | None = None) -> str:
    """
    Enable or disable a source. Keys with the right value stay untouched.

    Args:
        text: A valid list (`allowlist.parse`).
        why: The reason for a pause. It is removed when the source is enabled again.
        note: Replaces the stanza's own, unless None.

    Raises:
        UsageError: The source is missing, or its stanza stands elsewhere (a YAML alias).
    """
    file = File(text)
    stanza = file.source(source_id)
    values: dict[str, Value] = {} if note is None else {"note": note}
    splices: list[Splice] = []
    switched = stanza.entries.get("enabled")
    if enabled and switched is not None:
        off = file.line_of(switched.key)
        if _SWITCHED_OFF.fullmatch(off.text):
            splices.append(off.without())
        else:
            values["enabled"] = True
    elif not enabled:
        values = {"enabled": False, **({} if why is None else {"paused": why}), **values}
    if enabled and "paused" in stanza.entries:
        splices.append(file.without(stanza, "paused"))
    return file.edited([*splices, *file.put(stanza, values)])


def stanza(key: str, values: Mapping[str, Value], *, column: int = PASTED_AT) -> str:
    """Write a source as it stands in a list, ready to be pasted."""
    return "".join(f"{line}\n" for line in block({key: values}, column, STEP))


def check(before: bytes, after: bytes, path: str, source_id: str, *, private: bool = False) -> Allowlist:
    """
    Read an edited list (`allowlist.parse`), and check that every other vendor and source is unchanged.

    Raises:
        AllowlistError: The list has faults, before or after the edit.
        UsageError: Something else would change too.
    """
    was = allowlist.parse(before, path, private=private)
    now = allowlist.parse(after, path, private=private)
    others = [[source for source in each.sources if source.id != source_id] for each in (was, now)]
    if was.vendors != now.vendors or others[0] != others[1]:
        raise UsageError("shares text with others (a YAML anchor); edit the file by hand.", subject=source_id)
    return now


def difference(before: str, after: str, path: str) -> str:
    """Return the changes of an edit as a unified diff."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), path, path, lineterm="")
    return "\n".join(lines)
