"""
Data in a page's scripts and `data-` attributes, as plain values.

It may be JSON (JSON-LD, `__NEXT_DATA__`, Inertia's `data-page`), an assignment of it (`window._ROUTER_DATA = {…}`),
`JSON.parse("…")`, Nuxt's payload, or React's flight rows (`self.__next_f.push`). The flight rows of all matching scripts become
one object, row id → value, with references resolved. Nothing is executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ingest.parse.markup.elements import HtmlPage
from ingest.parse.markup.jsontext import DECODER, unwrapped, value_at
from ingest.parse.markup.selector import ElementSelector, Selector

MAX_DEPTH: Final = 100
"""The limit for references and containers inside one another. The deepest recorded page data has 37."""

_PUSH: Final = re.compile(r"__next_f\s*(?:=\s*self\.__next_f\s*\|\|\s*\[\]\s*\))?\.push\(\s*(?=\[)")
_PARSED: Final = re.compile(r"JSON\.parse\(\s*(?=[\"'])")
_ASSIGNED: Final = re.compile(r"[=(:]\s*(?=[{\[])")
_ROW: Final = re.compile(rb"([0-9a-f]*):(?:([TAOoUSsLlGgMmV])([0-9a-f]+),)?")
_REFERENCE: Final = re.compile(r"\$[@LFQWiK]?([0-9a-f]+)((?::[^:]+)*)")
_STARTS: Final = 50  # places in a script that are tried
_MISSING: Final = object()


def values(page: HtmlPage, pick: Selector) -> list[object]:
    """
    Return the data of a selector's matches in order. Flight rows are one value, the last.

    Unreadable data is left out.
    """
    return read(
        text for place in pick.alternatives if isinstance(place, ElementSelector) for text in _texts(page, place)
    )


def _texts(page: HtmlPage, place: ElementSelector) -> list[str]:
    """Return the raw text of scripts, or of an attribute."""
    if place.attribute:
        return [node.attributes.get(place.attribute) or "" for node in page.css(place.css or "html")]
    return [node.text(deep=True) for node in page.css(place.css or "html")]


def read(texts: Iterable[str]) -> list[object]:
    """Return the data of several scripts."""
    values: list[object] = []
    stream: list[str] = []
    for text in texts:
        if chunks := flight_chunks(text):
            stream += chunks
        elif (value := script_value(text)) is not None:
            values.append(value)
    return [*values, flight_rows("".join(stream))] if stream else values


def script_value(text: str) -> object:
    """Return the data of one script, and None without any."""
    text = unwrapped(text)
    if text.startswith(("{", "[")):
        return _nuxt(value_at(text))
    for start in list(_PARSED.finditer(text))[:_STARTS]:
        written = value_at(text, start.end())
        if isinstance(written, str) and (value := value_at(written.strip())) is not None:
            return value
    for start in list(_ASSIGNED.finditer(text))[:_STARTS]:
        value = value_at(text, start.end())
        if value:  # `= {}` and `= []` begin what later lines fill
            return value
    return None


# ── React's flight rows ─────────────────────────────────────────────────────────────────────────────────────────


def flight_chunks(text: str) -> list[str]:
    """Return the pieces of the stream pushed by a script, and none for another script."""
    if "__next_f" not in text:
        return []
    pushed = (value_at(text, start.end()) for start in _PUSH.finditer(text))
    return [item[1] for item in pushed if isinstance(item, list) and len(item) > 1 and isinstance(item[1], str)]


def flight_rows(stream: str) -> dict[str, object]:
    """
    Return the rows of a flight stream by id, with references resolved.

    A row is `id:` and JSON up to the line's end, or `id:T`, a length in hexadecimal bytes, a comma and that much text
    (react-server-dom, `processBinaryChunk`). Rows of modules and hints begin with a capital letter and hold no data.
    """
    rows: dict[str, object] = {}
    data, at = stream.encode("utf-8", "surrogatepass"), 0
    while at < len(data) and (row := _ROW.match(data, at)):
        name = row[1].decode("ascii")
        if row[2]:
            end = row.end() + int(row[3], 16)
            rows[name] = data[row.end() : end].decode("utf-8", "replace")
            at = end + (data[end : end + 1] == b"\n")
            continue
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        value = _row_value(data[row.end() : end].decode("utf-8", "replace"))
        if value is not _MISSING:
            rows[name] = value
        at = end + 1
    resolver = _Resolver(rows)
    return {name: resolver.row(name, 0) for name in rows}


def _row_value(text: str) -> object:
    if not text or text[0].isupper():
        return _MISSING
    try:
        return DECODER.raw_decode(text)[0]
    except (ValueError, RecursionError):
        return _MISSING


class _Resolver:
    """Resolves references between rows. Each row is resolved once and shared. A reference to itself becomes None."""

    def __init__(self, rows: dict[str, object]) -> None:
        self._rows = rows
        self._done: dict[str, object] = {}
        self._open: set[str] = set()

    def row(self, name: str, depth: int) -> object:
        """Return a row's value."""
        if name in self._done:
            return self._done[name]
        if name in self._open or name not in self._rows:
            return None
        self._open.add(name)
        value = self.of(self._rows[name], depth + 1)
        self._open.discard(name)
        self._done[name] = value
        return value

    def of(self, value: object, depth: int) -> object:
        """Return a value with the references inside it followed."""
        if depth > MAX_DEPTH:
            return None
        if isinstance(value, list):
            return [self.of(item, depth + 1) for item in value]
        if isinstance(value, dict):
            return {key: self.of(item, depth + 1) for key, item in value.items()}
        return self._text(value, depth) if isinstance(value, str) and value.startswith("$") else value

    def _text(self, text: str, depth: int) -> object:
        if text.startswith("$$"):
            return text[1:]
        if text.startswith("$D"):
            return text[2:]
        if text in {"$", "$undefined", "$NaN", "$Infinity", "$-Infinity"} or text.startswith(("$S", "$E", "$Y")):
            return text if text == "$" else None
        reference = _REFERENCE.fullmatch(text)
        if reference is None:
            return None
        value = self.row(reference[1], depth)
        for part in filter(None, reference[2].split(":")):
            value = _member(value, part)
        return value


def _member(value: object, key: str) -> object:
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, list):
        if key.isdecimal():
            return value[int(key)] if int(key) < len(value) else None
        if value[:1] == ["$"] and key in {"props", "key", "type"}:  # an element: $, type, key, props
            index = {"type": 1, "key": 2, "props": 3}[key]
            return value[index] if index < len(value) else None
    return None


# ── Nuxt's payload ──────────────────────────────────────────────────────────────────────────────────────────────


def _nuxt(value: object) -> object:
    """
    Return a Nuxt payload as plain values, and anything else as it is.

    A payload is one array. Objects and arrays in it hold the indexes of their members (npm `devalue`), and names like `Reactive`
    wrap the index after them.
    """
    if not (isinstance(value, list) and len(value) > 1 and _is_indexes(value[0], len(value))):
        return value
    done: dict[int, Any] = {}

    def at(index: object, depth: int) -> object:
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(value) or depth > MAX_DEPTH:
            return None
        if index in done:
            return done[index]
        item = value[index]
        if isinstance(item, list):
            if item and isinstance(item[0], str):
                return item[1] if item[0] == "Date" and len(item) > 1 else at(item[-1], depth + 1)
            whole: list[object] = []
            done[index] = whole
            whole += [at(inner, depth + 1) for inner in item]
            return whole
        if isinstance(item, dict):
            members: dict[str, object] = {}
            done[index] = members
            members.update((key, at(inner, depth + 1)) for key, inner in item.items())
            return members
        return item

    return at(0, 0)


def _is_indexes(value: object, length: int) -> bool:
    if isinstance(value, list):
        return len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int)  # noqa: PLR2004 a name and an index
    if not isinstance(value, dict) or not value:
        return False
    return all(isinstance(item, int) and not isinstance(item, bool) and 0 < item < length for item in value.values())
