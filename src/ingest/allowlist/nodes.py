"""
YAML text → a tree of nodes with their places in the text, for loading and for editing.

The tree is built from PyYAML's events. `yaml.compose` loses the place of an alias, needed by an edit, and the open keys at a
syntax error, needed by its message. Depth and size are bounded while reading, and an alias counts with everything it repeats.
"YAML anchors that explode" (CONTRACT §2) end there, and harmless ones work.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import NoReturn

import yaml
from yaml.resolver import Resolver

from ingest.allowlist import MAX_BYTES
from ingest.allowlist.report import WHOLE_FILE, Place, Report, quoted

MAX_VALUES = 100_000
"""Values in a file with its aliases written out. A list of 250 sources holds about 5,000."""

MAX_DEPTH = 16
"""Nested collections. The deepest place in a list is at 6 (`…sources.news.include[0]`)."""

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml when PyYAML was built with it (its wheels are): ten times faster, same events."""

UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""YAML 1.2 §5.1: all characters outside c-printable."""

SPECIAL_START = re.compile(r"""[*&!@`%][^\s,\]}"']*""")
"""Unquoted text read by YAML as an alias, anchor, tag, directive or reserved mark."""


class Tag(Enum):
    """The type of a scalar in YAML 1.1, as read by PyYAML, with its name in messages."""

    TEXT = "text"
    EMPTY = "empty"
    FLAG = "a yes-or-no word"
    INTEGER = "a number"
    NUMBER = "a number with a fraction"
    DATE = "a date"
    MERGE = "a merge key"
    REFUSED = "refused"
    """A fault has been reported already, so none follows."""


TAGS = {
    "tag:yaml.org,2002:null": Tag.EMPTY,
    "tag:yaml.org,2002:bool": Tag.FLAG,
    "tag:yaml.org,2002:int": Tag.INTEGER,
    "tag:yaml.org,2002:float": Tag.NUMBER,
    "tag:yaml.org,2002:timestamp": Tag.DATE,
    "tag:yaml.org,2002:merge": Tag.MERGE,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Where something stands in the text, as character offsets."""

    start: int
    end: int


@dataclass(slots=True)
class ScalarNode:
    """A single value as written, with its meaning in YAML."""

    line: int
    column: int
    span: Span
    text: str
    tag: Tag


@dataclass(slots=True)
class SequenceNode:
    """A list with the place of each item. `size` counts all values inside and itself, with aliases written out."""

    line: int
    column: int
    span: Span
    is_flow: bool
    items: list[Node] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    size: int = 1


@dataclass(slots=True)
class MappingEntry:
    """One `key: value` with the places of both."""

    line: int
    column: int
    key: Span
    span: Span
    node: Node

    @property
    def is_alias(self) -> bool:
        """Whether the value is an alias of text elsewhere."""
        return self.span != self.node.span


@dataclass(slots=True)
class MappingNode:
    """`key: value` lines in file order, each key once."""

    line: int
    column: int
    span: Span
    is_flow: bool
    entries: dict[str, MappingEntry] = field(default_factory=dict)
    size: int = 1


Node = ScalarNode | SequenceNode | MappingNode

Spot = tuple[int, int]
"""Line and column, from 1."""


def compose(data: bytes, report: Report) -> Node | None:
    """
    Read one YAML document.

    Args:
        data: The file, UTF-8.
        report: Takes the faults. A fault that makes the rest unreadable raises GiveUpError.

    Returns:
        The root, or None if the file holds nothing but comments.
    """
    text = _decoded(data, report)
    composer = _Composer(report)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        composer.syntax_error(error, text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: the loader in Python on an escape like "\UFFFFFFFF"
        report.give_up(WHOLE_FILE, f"cannot be read as YAML: {error}.")
    return composer.root


def _decoded(data: bytes, report: Report) -> str:
    if len(data) > MAX_BYTES:
        report.give_up(WHOLE_FILE, f"is larger than {MAX_BYTES // 1024**2} MiB, too large for an allow-list.")
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        byte = f"is not UTF-8: byte 0x{data[error.start]:02x} does not belong there."
        report.give_up(_place_after(before), byte, "Save the file as UTF-8.")
    if control := UNPRINTABLE.search(text):
        char = f"holds the control character U+{ord(control[0]):04X}, which YAML forbids."
        report.give_up(_place_after(text[: control.start()]), char, "Delete it.")
    return text


def _place_after(before: str) -> Place:
    lines = (before + "|").splitlines()
    return Place(len(lines), len(lines[-1]), "")


@dataclass(slots=True)
class _Frame:
    """An open collection, with the key of the next value."""

    node: SequenceNode | MappingNode
    anchor: str | None
    key: ScalarNode | None = None


class _Composer:
    """Turns events into nodes with an explicit stack, without recursion."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.root: Node | None = None
        self._frames: list[_Frame] = []
        self._anchors: dict[str, Node] = {}
        self._size = 0
        self._resolve: Callable[[type, str, tuple[bool, bool]], str] = Resolver().resolve

    def take(self, event: yaml.Event) -> None:
        """Take the next event of `yaml.parse`."""
        spot = _spot(event)
        if isinstance(event, yaml.ScalarEvent):
            self._count(spot, 1)
            span = _span(event)
            self._place(ScalarNode(*spot, span, event.value, self._tag(event, spot)), event.anchor, span)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open(event, spot)
        elif isinstance(event, yaml.CollectionEndEvent):
            frame = self._frames.pop()
            frame.node.span = Span(frame.node.span.start, _span(event).end)
            self._place(frame.node, frame.anchor, frame.node.span)
        elif isinstance(event, yaml.AliasEvent):
            self._place(self._aliased(event.anchor or "", spot), None, _span(event))
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            self.report.give_up(Place(*spot, ""), "a second YAML document starts here.", "Keep one, without --- lines.")

    def syntax_error(self, error: yaml.MarkedYAMLError, text: str) -> NoReturn:
        """Report a syntax error, with the remedy for the usual slips, and raise GiveUpError."""
        mark, opening = error.problem_mark, error.context_mark
        if opening and (mark is None or "scanning" in (error.context or "")):
            mark, opening = opening, None
        line, column = (mark.line, mark.column) if mark else (0, 0)
        lines = text.splitlines()
        rest = lines[line][column:] if line < len(lines) else ""
        since = f" (in what starts on line {opening.line + 1})" if opening and opening.line < line else ""
        problem = error.problem or "unknown fault"
        place = Place(line + 1, column + 1, self._key_here())
        self.report.give_up(place, f"cannot be read as YAML: {problem}{since}.", _slip(rest, problem))

    def _key_here(self) -> str:
        """Return the dotted name of the open keys."""
        place = WHOLE_FILE
        for frame in self._frames:
            if isinstance(frame.node, SequenceNode):
                place = place.item(len(frame.node.items), line=1, column=1)
            elif frame.key is not None:
                place = place.child(frame.key.text)
        return place.key

    def _tag(self, event: yaml.ScalarEvent, spot: Spot) -> Tag:
        if event.tag is not None:
            self._refuse_tag(event.tag, spot, alone=not event.value)
            return Tag.REFUSED
        if not event.implicit[0]:
            return Tag.TEXT  # in quotes, or a block
        return TAGS.get(self._resolve(yaml.ScalarNode, event.value, (True, False)), Tag.TEXT)

    def _refuse_tag(self, tag: str, spot: Spot, *, alone: bool) -> None:
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        exception = alone and not shown.startswith("!!")
        self.report.add(
            Place(*spot, self._key_here()),
            f"{quoted(shown)} without quotes is a YAML tag, and the list uses none.",
            f"For an exception put it in quotes: {quoted(shown)}." if exception else "Leave it out.",
        )

    def _open(self, event: yaml.CollectionStartEvent, spot: Spot) -> None:
        if event.tag is not None:
            self._refuse_tag(event.tag, spot, alone=False)
        if len(self._frames) == MAX_DEPTH:
            self.report.give_up(
                Place(*spot, self._key_here()), f"is nested deeper than {MAX_DEPTH} levels.", "A list needs six."
            )
        self._count(spot, 1)
        kind = SequenceNode if isinstance(event, yaml.SequenceStartEvent) else MappingNode
        self._frames.append(_Frame(kind(*spot, _span(event), bool(event.flow_style)), event.anchor))

    def _aliased(self, anchor: str, spot: Spot) -> Node:
        if any(frame.anchor == anchor for frame in self._frames):
            self.report.give_up(
                Place(*spot, self._key_here()), f"*{anchor} stands inside what it repeats.", "Write it out."
            )
        node = self._anchors.get(anchor)
        if node is None:
            self.report.give_up(
                Place(*spot, self._key_here()),
                f"*{anchor} repeats &{anchor}, which is nowhere above.",
                f'If it is meant as text, put it in quotes: "*{anchor}".',
            )
        self._count(spot, _size(node))
        return node

    def _count(self, spot: Spot, values: int) -> None:
        self._size += values
        if self._size > MAX_VALUES:
            place = Place(*spot, self._key_here())
            what = f"the file holds more than {MAX_VALUES:,} values, aliases written out."
            self.report.give_up(place, what, "Repeat less of it with *.")

    def _place(self, node: Node, anchor: str | None, span: Span) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._frames:
            self.root = node
            return
        frame = self._frames[-1]
        frame.node.size += _size(node)
        if isinstance(frame.node, SequenceNode):
            frame.node.items.append(node)
            frame.node.spans.append(span)
        elif frame.key is None:
            frame.key = self._key(node)
        else:
            self._enter(frame.node, frame.key, node, span)
            frame.key = None

    def _key(self, node: Node) -> ScalarNode:
        if not isinstance(node, ScalarNode):
            place = Place(node.line, node.column, self._key_here())
            self.report.add(place, "a list or mapping cannot be a key.", "If it is meant as text, put it in quotes.")
            return ScalarNode(node.line, node.column, node.span, "", Tag.REFUSED)
        if node.tag in {Tag.TEXT, Tag.REFUSED}:
            return node
        place = Place(node.line, node.column, self._key_here()).child(node.text)
        if node.tag is Tag.MERGE:
            self.report.add(place, "merge keys are not used in the list.", "Write the keys out.")
            return ScalarNode(node.line, node.column, node.span, node.text, Tag.REFUSED)
        self.report.add(place, f"this key is {node.tag.value} to YAML.", f"Put it in quotes: {quoted(node.text)}.")
        return node

    def _enter(self, mapping: MappingNode, key: ScalarNode, node: Node, span: Span) -> None:
        if key.tag is Tag.REFUSED:
            return
        entry = MappingEntry(key.line, key.column, key.span, span, node)
        first = mapping.entries.setdefault(key.text, entry)
        if first is not entry:
            place = Place(key.line, key.column, self._key_here())
            self.report.add(place, f"is given twice, first on line {first.line}.", "Keep one of the two.")


def _spot(event: yaml.Event) -> Spot:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _span(event: yaml.Event) -> Span:
    start, end = event.start_mark, event.end_mark
    return Span(start.index, end.index) if start and end else Span(0, 0)


def _size(node: Node) -> int:
    return 1 if isinstance(node, ScalarNode) else node.size


def _slip(rest: str, problem: str) -> str:
    """Guess the remedy from the text where the scanner stopped."""
    if special := SPECIAL_START.match(rest):
        return f"Text that starts with {special[0][0]} goes in quotes: {quoted(special[0])}."
    if rest.startswith("\t"):
        return "Indent with spaces, not with tabs."
    if rest.startswith(('"', "'")):
        return "Close the quote that opens here."
    if "mapping values" in problem:
        return 'Text that holds ": " goes in quotes; or a line above is indented wrongly.'
    return "Check the indentation and the brackets and quotes just above."
