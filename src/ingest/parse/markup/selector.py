r"""
The selector language: how a stanza's `select` names a value on a page or in data.

A selector is one line of text. On a page (HTML) it names an element, searched inside the entry, and the part to take of it:

    h2                          text of the first match with any text. The entry itself counts as inside
    time@datetime               an attribute of the first match with it
    @href                       an attribute of the entry itself
    .                           the text of the entry itself
    .meta ~ (\w+ \d+, \d{4})    the match of a regular expression (Python, searched): its first group, or all of it
    preceding::h3.month         the nearest match before the entry (XPath's axis): dividers, dates above cards
    following::p.date           the nearest match after the entry
    ancestor::section@id        the nearest match around the entry

In data (JSON) it is a pointer (RFC 6901), relative to the entry, with one extension: a segment `*` is every member of an array or
object, and `**` is any depth, nearest first. `/**/posts` finds the list wherever a build puts it. Keys named `*` or `**` cannot be
selected. `.` and the empty pointer are the entry itself.

    /attributes/title           /tags/*/name           /**/publishedOn           /date ~ ^(\d{4}-\d\d)

For both: `A || B` takes B when A is empty. Text with `{…}` around selectors is a template, empty when one of them is:
`https://huggingface.co/{/id}`, `Version {h2 ~ v([\d.]+)}`. In data, `{id}` is short for `{/id}`. `...` matches nothing and marks
a selector still to be written. The signs ` ~ ` and ` || ` need a space on either side, so CSS's own `~` has none: `h2~p`.

The kinds of sources define the names in `select` (`page`, `jsonlist` and others).
"""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from ingest.parse.markup.characters import legal
from ingest.parse.markup.elements import UNWRITTEN, HtmlPage, ancestors, text_of
from ingest.parse.markup.jsontext import HugeNumber
from ingest.text import MARKUP_LIMIT

SEARCH_LIMIT: Final = 500_000
"""Values visited by a pointer with a `*`. The largest recorded page data holds 14,000."""

_REGEX: Final = " ~ "
_OR: Final = " || "
_AXIS: Final = re.compile(r"(preceding|following|ancestor)::\s*")
_AT: Final = re.compile(r"@([A-Za-z_:][\w:.-]*)$")
_LIKE_AXIS: Final = re.compile(r"([a-z-]+)::(?=[^:])")
_BAD_TILDE: Final = re.compile(r"~(?![01])")
_SHORT: Final = re.compile(r"[A-Za-z_]\w*")


class SelectorError(ValueError):
    """An invalid selector: its fault, and the correction."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


# ── picks ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ElementSelector:
    """One alternative of a pick on a page."""

    css: str = ""
    axis: str = ""
    attribute: str = ""
    regex: re.Pattern[str] | None = None

    def nodes(self, node: LexborNode, page: HtmlPage) -> Iterator[LexborNode]:
        """Yield the matching elements, the best first."""
        if not self.css:
            yield node
        elif not self.axis:
            yield from node.css(self.css)
        elif self.axis == "ancestor":
            meant = page.ids(self.css)  # `css_matches` is true of what merely holds a match
            yield from (outer for outer in ancestors(node) if outer.mem_id in meant)
        else:
            yield from self._along(node, page)

    def _along(self, node: LexborNode, page: HtmlPage) -> Iterator[LexborNode]:
        numbers, nodes = page.matches(self.css)
        if self.axis == "following":
            yield from nodes[bisect_right(numbers, page.end(node)) :]
            return
        around = {outer.mem_id for outer in ancestors(node)}
        before = bisect_left(numbers, page.place(node))
        yield from (nodes[index] for index in range(before - 1, -1, -1) if nodes[index].mem_id not in around)

    def texts(self, node: LexborNode, page: HtmlPage, *, attribute: str = "") -> Iterator[str]:
        """Yield the selected texts, without empty ones. `attribute` is the default for elements with it."""
        for match in self.nodes(node, page):
            yield from _matched(self.regex, self._text(match, attribute))

    def _text(self, node: LexborNode, attribute: str) -> str:
        name = self.attribute or (attribute if attribute in node.attributes else "")
        return legal(node.attributes.get(name) or "").strip() if name else text_of(node)


@dataclass(frozen=True, slots=True)
class JsonPointer:
    """One alternative of a pick in data."""

    segments: tuple[str, ...] = ()
    regex: re.Pattern[str] | None = None

    def values(self, value: object) -> Iterator[object]:
        """Yield every matching value. Without a `*`, there is at most one."""
        level = [value]
        for segment in self.segments:
            level = list(_step(level, segment))
        yield from level

    def texts(self, value: object) -> Iterator[str]:
        """Yield the selected texts. An array yields its members."""
        for match in self.values(value):
            for item in match if isinstance(match, list) else [match]:
                yield from _matched(self.regex, scalar_text(item))


@dataclass(frozen=True, slots=True)
class Template:
    """One alternative: a text with selectors in it."""

    parts: tuple[str | Selector, ...]


@dataclass(frozen=True, slots=True)
class Selector:
    """A pick, compiled: its alternatives in order."""

    source: str
    alternatives: tuple[ElementSelector | JsonPointer | Template, ...]

    def first(self, node: LexborNode, page: HtmlPage, *, attribute: str = "") -> str:
        """Return the first text selected on a page, and "" without one."""
        return next(iter(self.all(node, page, attribute=attribute)), "")

    def all(self, node: LexborNode, page: HtmlPage, *, attribute: str = "") -> list[str]:
        """Return all texts of the first alternative with a match on a page."""
        for alternative in self.alternatives:
            if isinstance(alternative, Template):
                texts = _filled(
                    [part if isinstance(part, str) else part.first(node, page) for part in alternative.parts]
                )
            elif isinstance(alternative, ElementSelector):
                texts = list(alternative.texts(node, page, attribute=attribute))
            else:
                continue
            if texts:
                return texts
        return []

    def first_in(self, value: object) -> str:
        """Return the first text selected in data, and "" without one."""
        return next(iter(self.all_in(value)), "")

    def all_in(self, value: object) -> list[str]:
        """Return all texts of the first alternative with a match in data."""
        for alternative in self.alternatives:
            if isinstance(alternative, Template):
                texts = _filled([part if isinstance(part, str) else part.first_in(value) for part in alternative.parts])
            elif isinstance(alternative, JsonPointer):
                texts = list(alternative.texts(value))
            else:
                continue
            if texts:
                return texts
        return []

    def values_in(self, value: object) -> list[object]:
        """Return the values of the first alternative with a match."""
        for alternative in self.alternatives:
            if isinstance(alternative, JsonPointer) and (values := list(alternative.values(value))):
                return values
        return []


def _filled(parts: list[str]) -> list[str]:
    return ["".join(parts)] if all(parts) else []


def _matched(regex: re.Pattern[str] | None, text: str) -> Iterator[str]:
    """Yield a text, or its match of an expression: the first matched group, else the whole match."""
    if regex is not None:
        match = regex.search(text)
        groups = [group for group in match.groups() if group is not None] if match else []
        text = "" if match is None else groups[0] if groups else match[0]
    if text := (text if isinstance(text, HugeNumber) else text.strip()):
        yield text


def scalar_text(value: object) -> str:
    """Return a value of data as text, and "" for objects, arrays, null, true and false."""
    if isinstance(value, HugeNumber):
        return value
    if isinstance(value, str):
        return legal(value[:MARKUP_LIMIT]).strip()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""


# ── pointers ────────────────────────────────────────────────────────────────────────────────────────────────────


def _step(values: list[object], segment: str) -> Iterator[object]:
    for value in values:
        if segment == "**":
            yield from _everything(value)
        elif segment == "*":
            yield from members(value)
        elif isinstance(value, Mapping):
            if segment in value:
                yield value[segment]
        elif isinstance(value, list) and re.fullmatch(r"0|[1-9]\d{0,6}", segment) and int(segment) < len(value):
            yield value[int(segment)]


def members(value: object) -> list[object]:
    """Return the members of an array or object."""
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _everything(value: object) -> Iterator[object]:
    """Yield a value and all containers inside it, the nearest first, shared ones once."""
    seen = {id(value)}
    level = [value]
    while level:
        yield from level
        inner: list[object] = []
        for outer in level:
            for member in members(outer):
                if isinstance(member, Mapping | list) and id(member) not in seen:
                    seen.add(id(member))
                    inner.append(member)
        if len(seen) > SEARCH_LIMIT:
            return
        level = inner


# ── compiling ───────────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=4096)  # a few for each source; compiled once for the life of the process
def compile_selector(text: str, *, data: bool = False) -> Selector:
    """
    Read a pick.

    Args:
        text: As the stanza has it.
        data: Whether it points into JSON instead of a page.

    Raises:
        SelectorError: It cannot be read.
    """
    if text in UNWRITTEN:
        return Selector(text, ())
    return Selector(text, tuple(_alternative(part, data=data) for part in _split(text, _OR)))


def _alternative(text: str, *, data: bool) -> ElementSelector | JsonPointer | Template:
    text = text.strip()
    if "{" in text.partition(_REGEX)[0]:
        return _template(text, data=data)
    place, sign, expression = text.partition(_REGEX)
    regex = _regex(expression.strip()) if sign else None
    place = place.strip()
    return _pointer(place, regex) if data else _place(place, regex)


def _split(text: str, sign: str) -> list[str]:
    """Split at a sign outside braces."""
    parts, depth, start = [], 0, 0
    for index, char in enumerate(text):
        depth += (char == "{") - (char == "}")
        if depth <= 0 and index >= start and text.startswith(sign, index):
            parts.append(text[start:index])
            start = index + len(sign)
    return [*parts, text[start:]]


def _template(text: str, *, data: bool) -> Template:
    parts: list[str | Selector] = []
    depth, start = 0, 0
    for index, char in enumerate(text):
        if char == "{":
            depth += 1
            if depth == 1:
                parts.append(text[start:index])
                start = index + 1
        elif char == "}" and depth:
            depth -= 1
            if depth == 0:
                parts.append(_inner(text[start:index].strip(), data=data))
                start = index + 1
    if depth:
        raise SelectorError("a brace of the template is not closed.", "Write } behind the pick.")
    return Template(tuple(part for part in (*parts, text[start:]) if part != ""))


def _inner(text: str, *, data: bool) -> Selector:
    if not text:
        raise SelectorError("the braces of the template are empty.", "Write a pick between them, like {/id} or {@id}.")
    return compile_selector(f"/{text}" if data and _SHORT.fullmatch(text) else text, data=data)


def _regex(expression: str) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # "[[a]": what `re` will read differently one day
            return re.compile(expression)
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        raise SelectorError(
            f'"{expression}" is not a regular expression: {error}.',
            'Write CSS\'s own ~ without spaces ("h2~p"), and "\\" before . ( [ * + ? that stand for themselves.',
        ) from None


def _place(text: str, regex: re.Pattern[str] | None) -> ElementSelector:
    if text == ".":
        return ElementSelector(regex=regex)
    if text.startswith("/"):
        raise SelectorError(f'"{text}" is a JSON pointer, and this is looked for on a page.', "Write a CSS selector.")
    axis = match[1] if (match := _AXIS.match(text)) else ""
    rest = text[match.end() :] if match else text
    if not match and (other := _LIKE_AXIS.match(rest)):
        raise SelectorError(f'"{other[1]}::" is no axis.', "Known here: preceding::, following::, ancestor::.")
    at = _AT.search(rest)
    css = rest[: at.start()].strip() if at else rest
    if css:
        check_css(css)
    elif axis or not at:
        raise SelectorError("names no element.", 'Write a CSS selector, or "." for the entry itself.')
    return ElementSelector(css, axis, at[1].lower() if at else "", regex)


def check_css(selector: str) -> None:
    """
    Check that CSS can be parsed.

    Raises:
        SelectorError: It cannot.
    """
    if selector in UNWRITTEN:
        return
    try:
        _PROBE.css(selector)
    except SelectolaxError:
        hint = ""
        if selector.lstrip().startswith(">"):
            hint = "A selector cannot begin with >; name what stands before it."
        elif "::" in selector:
            hint = "Pseudo-elements hold no text of their own."
        raise SelectorError(f'"{selector}" is not a CSS selector that can be read.', hint) from None


_PROBE: Final = LexborHTMLParser("<p></p>")


def _pointer(text: str, regex: re.Pattern[str] | None) -> JsonPointer:
    if text in {"", "."}:
        return JsonPointer((), regex)
    if not text.startswith("/"):
        hint = f'Did you mean "/{text}"?' if re.fullmatch(r"[\w/-]+", text) else 'Write it like "/data/items".'
        raise SelectorError(f'"{text}" is not a JSON pointer (RFC 6901), which begins with /.', hint)
    if _BAD_TILDE.search(text):
        raise SelectorError(f'"{text}" holds a ~ that stands for nothing.', "Write ~0 for ~ and ~1 for / inside a key.")
    return JsonPointer(tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/")), regex)
