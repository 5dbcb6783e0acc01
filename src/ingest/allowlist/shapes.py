"""
Shapes of values in the list: each reads nodes and describes itself as JSON Schema.

A shape does both from one declaration, so the schema cannot drift from the reader. Reading never stops at the first
fault. A refused value is reported with its place and reads as None, a refused item or key is left out, and the caller
goes on. (pydantic stops at the stanza: with one field refused there is no model to check the others against.)
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar, get_type_hints

from ingest.allowlist.nodes import MappingEntry, MappingNode, Node, ScalarNode, SequenceNode, Tag
from ingest.allowlist.report import Place, Report, Wrong, did_you_mean, quoted

Schema = dict[str, object]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E", bound=StrEnum)
S = TypeVar("S", bound="Stanza")

SMALL_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
"""Plain decimal, read alike by YAML 1.1, 1.2 and every reader (not 010, 0x1F, 1_000 or 1:30)."""

HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0 and C1 controls, bidirectional overrides (UAX 9 §2) and lone surrogates: never part of a name or address."""

HIDDEN_IN_LINES = re.compile(rf"(?![\n\t]){HIDDEN.pattern}")
"""The same where text may run over several lines."""


class Shape(Protocol[T_co]):
    """Reads a node and describes the accepted values."""

    def read(self, node: Node, place: Place, report: Report) -> T_co | None:
        """Read a value, or report why it is refused and return None."""

    def schema(self) -> Schema:
        """Describe the value as JSON Schema 2020-12."""


@dataclass(frozen=True, slots=True)
class Text(Generic[T]):
    """
    A string that `convert` turns into a value or refuses.

    `pattern` is for the schema: ECMA 262 text. It may admit more than `convert`, never less.
    """

    convert: Callable[[str], T | Wrong]
    _: KW_ONLY
    pattern: str = r"\S"
    wanted: str = "text"
    lines: bool = False

    def read(self, node: Node, place: Place, report: Report) -> T | None:
        """Read a text scalar of YAML, without white space around it."""
        if not isinstance(node, ScalarNode) or node.tag is not Tag.TEXT:
            _mismatch(node, place, report, self.wanted)
            return None
        text = node.text.strip()
        if not text:
            report.add(place, f"is blank; {self.wanted} is wanted.")
            return None
        if hidden := (HIDDEN_IN_LINES if self.lines else HIDDEN).search(text):
            report.add(
                place, f"holds the invisible character U+{ord(hidden[0]):04X}.", "Write it on one line, without it."
            )
            return None
        value = self.convert(text)
        if isinstance(value, Wrong):
            report.add(place, value.what, value.remedy)
            return None
        return value

    def schema(self) -> Schema:
        """Describe the text by its pattern."""
        return {"type": "string", "pattern": self.pattern}


@dataclass(frozen=True, slots=True)
class Choice(Generic[E]):
    """One word of a vocabulary. `synonyms` are frequent wrong words for one of them."""

    vocabulary: type[E]
    synonyms: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def read(self, node: Node, place: Place, report: Report) -> E | None:
        """Read a scalar as one of the words."""
        words = [str(word) for word in self.vocabulary]
        if not isinstance(node, ScalarNode) or node.tag is not Tag.TEXT:
            _mismatch(node, place, report, f"one of {', '.join(words)}")
            return None
        if node.text not in words:
            hint = self.synonyms.get(node.text.lower())
            remedy = f'Did you mean "{hint}"?' if hint else did_you_mean(node.text, words)
            report.add(place, f"{quoted(node.text)} is not a {self.vocabulary.__name__.lower()}.", remedy)
            return None
        return self.vocabulary(node.text)

    def schema(self) -> Schema:
        """List the words."""
        return {"enum": [str(word) for word in self.vocabulary]}


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number within bounds, both included."""

    least: int
    most: int

    def read(self, node: Node, place: Place, report: Report) -> int | None:
        """Read a number in plain decimal digits."""
        wanted = f"a number from {self.least} to {self.most}"
        if not isinstance(node, ScalarNode) or node.tag not in {Tag.INTEGER, Tag.TEXT}:
            _mismatch(node, place, report, wanted, quotable=False)
        elif not SMALL_NUMBER.fullmatch(node.text):
            report.add(place, f"{quoted(node.text)} is not {wanted}.", "Write plain decimal digits.")
        elif node.tag is Tag.TEXT:
            report.add(place, f"{quoted(node.text)} is text; {wanted} is wanted.", "Leave the quotes out.")
        elif not self.least <= int(node.text) <= self.most:
            report.add(place, f"{node.text} is out of range; {wanted} is wanted.")
        else:
            return int(node.text)
        return None

    def schema(self) -> Schema:
        """Describe the bounds."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`. The `yes`, `on` and `no` of YAML 1.1 are text to other readers, and refused."""

    def read(self, node: Node, place: Place, report: Report) -> bool | None:
        """Read `true` or `false`."""
        word = node.text.lower() if isinstance(node, ScalarNode) else ""
        if isinstance(node, ScalarNode) and node.tag is Tag.FLAG and word in {"true", "false"}:
            return word == "true"
        if isinstance(node, ScalarNode) and node.tag in {Tag.FLAG, Tag.TEXT} and word:
            meant = {"yes": "true", "on": "true", "true": "true"}.get(word, "false")
            known = node.tag is Tag.FLAG or word in {"true", "false", "yes", "no", "on", "off"}
            remedy = f"Write {meant}, without quotes." if known else "Write true or false."
            report.add(place, f"{quoted(node.text)} is not true or false.", remedy)
        else:
            _mismatch(node, place, report, "true or false", quotable=False)
        return None

    def schema(self) -> Schema:
        """Describe a boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class ListOf(Generic[T]):
    """A list, read as a tuple of its accepted items."""

    item: Shape[T]
    at_least: int = 1

    def read(self, node: Node, place: Place, report: Report) -> tuple[T, ...] | None:
        """Read every item."""
        if not isinstance(node, SequenceNode):
            _mismatch(node, place, report, "a list", quotable=False)
            return None
        if len(node.items) < self.at_least:
            report.add(place, "is an empty list.", "Name at least one.")
        read = (
            self.item.read(item, place.item(index, line=item.line, column=item.column), report)
            for index, item in enumerate(node.items)
        )
        return tuple(value for value in read if value is not None)

    def schema(self) -> Schema:
        """Describe the items."""
        return {"type": "array", "items": self.item.schema(), "minItems": self.at_least}


@dataclass(frozen=True, slots=True)
class MapOf(Generic[T]):
    """
    `name: value` lines with names chosen by the operator.

    `name` returns the fault of a name, if any. `caseless` names are the same in upper and lower case.
    """

    name: Callable[[str], Wrong | None]
    pattern: str
    value: Shape[T]
    _: KW_ONLY
    caseless: bool = False

    def read(self, node: Node, place: Place, report: Report) -> dict[str, T] | None:
        """Read every line, and leave out those with a refused value."""
        if not isinstance(node, MappingNode):
            _mismatch(node, place, report, "a mapping (name: value lines)", quotable=False)
            return None
        if not node.entries:
            report.add(place, "is empty.", "Name at least one.")
        accepted = {}
        for name, entry in node.entries.items():
            if wrong := self.name(name):
                report.add(place.child(name, line=entry.line, column=entry.column), wrong.what, wrong.remedy)
            value = self.value.read(entry.node, _value_place(place, name, entry), report)
            if value is not None:
                accepted[name] = value
        if self.caseless:
            _report_twins(node, place, report)
        return accepted

    def schema(self) -> Schema:
        """Describe names and values."""
        return {
            "type": "object",
            "propertyNames": {"pattern": self.pattern},
            "additionalProperties": self.value.schema(),
            "minProperties": 1,
        }


def _report_twins(node: MappingNode, place: Place, report: Report) -> None:
    first: dict[str, MappingEntry] = {}
    for name, entry in node.entries.items():
        known = first.setdefault(name.lower(), entry)
        if known is not entry:
            here = place.child(name, line=entry.line, column=entry.column)
            report.add(here, f"is given twice, first on line {known.line}; case makes no difference.", "Keep one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stanza:
    """
    A mapping with fixed keys.

    Each field is `name: Annotated[T, StanzaKey(…)] = default`. The default replaces a missing or refused value, and a missing
    required key is always reported. `place` is the place of the stanza, `places` the place of each given value.
    """

    place: Place
    places: Mapping[str, Place]

    def where(self, name: str) -> Place:
        """Find the place of a key's value, or where the key would have to be written."""
        return self.places.get(name, self.place.child(name))


@dataclass(frozen=True, slots=True)
class StanzaKey:
    """
    One key of a stanza. `example` is a YAML value for the message about a missing key.

    `not_in_force` describes the present effect of a key whose promise is not kept by this version.
    """

    shape: Shape[object]
    doc: str
    _: KW_ONLY
    required: bool = False
    example: str = ""
    not_in_force: str = ""

    def wish(self, name: str) -> str:
        """Return the sentence about a missing value."""
        return (
            f"Write, for example, {name}: {self.example}" if self.required else "Write a value, or leave the key out."
        )


@dataclass(frozen=True)
class Record(Generic[S]):
    """Reads a mapping into a stanza. `otherwise` is the remedy for another kind of value."""

    stanza: type[S]
    otherwise: str = ""

    @cached_property
    def keys(self) -> dict[str, StanzaKey]:
        """The keys declared by the stanza, in order."""
        hints = get_type_hints(self.stanza, include_extras=True)
        return {
            name: key
            for name, hint in hints.items()
            for key in getattr(hint, "__metadata__", ())
            if isinstance(key, StanzaKey)
        }

    def read(self, node: Node, place: Place, report: Report) -> S | None:
        """Read every key, and report unknown and missing ones."""
        if not isinstance(node, MappingNode):
            _mismatch(node, place, report, "a mapping (key: value lines)", quotable=False, remedy=self.otherwise)
            return None
        values: dict[str, Any] = {}
        places: dict[str, Place] = {}
        for name, entry in node.entries.items():
            if name not in self.keys:
                unknown = place.child(name, line=entry.line, column=entry.column)
                report.add(unknown, "unknown key.", did_you_mean(name, self.keys))
                continue
            places[name] = _value_place(place, name, entry)
            if isinstance(entry.node, ScalarNode) and entry.node.tag is Tag.EMPTY:
                report.add(places[name], "is empty.", self.keys[name].wish(name))
            else:
                values[name] = self.keys[name].shape.read(entry.node, places[name], report)
                if idle := self.keys[name].not_in_force:
                    report.warn(places[name], f"is not in force yet: {idle}", "It may stay for a later version.")
        for name, key in self.keys.items():
            if key.required and name not in node.entries:
                report.add(place.child(name), "is missing.", key.wish(name))
        accepted = {name: value for name, value in values.items() if value is not None}
        return self.stanza(place=place, places=places, **accepted)

    def schema(self) -> Schema:
        """Describe every key."""
        defaults = {field.name: field.default for field in dataclasses.fields(self.stanza)}
        properties = {name: _described(key, defaults[name]) for name, key in self.keys.items()}
        must = [name for name, key in self.keys.items() if key.required]
        return {"type": "object", "properties": properties, "required": must, "additionalProperties": False}


def _described(key: StanzaKey, default: object) -> Schema:
    doc = f"{key.doc} Not in force yet: {key.not_in_force}" if key.not_in_force else key.doc
    schema = {"description": doc, **key.shape.schema()}
    return {**schema, "default": default} if isinstance(default, bool | int | str) and default != "" else schema


def _value_place(place: Place, name: str, entry: MappingEntry) -> Place:
    """Point at a value where it is one line, at its key where it is empty or a block."""
    node = entry.node
    here = entry if not isinstance(node, ScalarNode) or node.tag is Tag.EMPTY else node
    return place.child(name, line=here.line, column=here.column)


def _mismatch(
    node: Node, place: Place, report: Report, wanted: str, *, quotable: bool = True, remedy: str = ""
) -> None:
    """Return what stands here instead of the wanted value."""
    if not isinstance(node, ScalarNode):
        kind = "a list" if isinstance(node, SequenceNode) else "a mapping"
        report.add(place, f"is {kind}; {wanted} is wanted.", remedy)
    elif node.tag is Tag.EMPTY:
        report.add(place, f"is empty; {wanted} is wanted.", remedy)
    elif node.tag is Tag.TEXT:
        report.add(place, f"{quoted(node.text)} is text; {wanted} is wanted.", remedy)
    elif node.tag is not Tag.REFUSED:
        quotes = f"Put it in quotes if it is meant as text: {quoted(node.text)}." if quotable else ""
        report.add(place, f"{quoted(node.text)} is {node.tag.value} to YAML; {wanted} is wanted.", remedy or quotes)
