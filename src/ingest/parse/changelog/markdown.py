"""
Markdown and MDX as HTML, with the anchors that sites give to headings.

markdown-it-py reads CommonMark and tables. Additions:

* Front matter is removed, and its `key: value` lines are kept (`date`, `title`).
* A heading gets the id of GitHub, Docusaurus and Mintlify: github-slugger's, or the one written after it
  (`## Title {#id}`).
* MDX (mdxjs.com) is Markdown with components. Layout components are removed, and Mintlify's `<Update label="…"
  description="…">` becomes a `section` with the slug of its label as id. Imports, exports and `{/* comments */}` are
  removed. Indented text inside a component is not code.

Fenced code stays as it is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from ingest.text import plain

MARKDOWN_LIMIT: Final = 3_000_000
"""Characters of Markdown that are read. Claude Code's changelog had 544,000 with 372 releases."""

_INLINE_LIMIT: Final = 20_000
"""Characters of one paragraph, where brackets cost the square of their number. The longest recorded one has 426."""

_FRONT_MATTER: Final = re.compile(
    r"[\ufeff\s]*---[ \t]*\r?\n(?P<lines>.{0,20000}?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_FRONT_LINE: Final = re.compile(r"^(?P<key>[A-Za-z][\w-]*):[ \t]*(?P<value>[^\r\n]*)$", re.MULTILINE)
_FENCE: Final = re.compile(r"[ \t]*(?:[-*+]\s+|\d+[.)]\s+)?(?P<mark>`{3,}|~{3,})(?P<rest>[^\r\n]*)")
_COMPONENT: Final = re.compile(r"[ \t]*</?[A-Z][\w.]*(?=[\s/>]|$)")
_TAG_BEGINS: Final = re.compile(r"[ \t]*<(?P<slash>/?)(?P<name>[A-Za-z][\w.-]*)(?=[\s/>]|$)")
_ATTRIBUTE: Final = re.compile(
    r"""(?P<name>[A-Za-z][\w-]*)\s*=\s*\{?\s*(?:"(?P<d>[^"]*)"|'(?P<s>[^']*)'|`(?P<b>[^`]*)`)"""
)
_IMPORT: Final = re.compile(
    r"import\s+(?:[\w*{].*\sfrom\s+)?['\"].+['\"];?\s*$|export\s+(?:const|default|function|let|var)\b"
)
_TAG_LINES: Final = 60  # lines that one opening tag may run over; Mintlify's own example has 8
_INLINE_COMPONENT: Final = re.compile(r"</?[A-Z][\w.]*(?:\s[^<>]*)?/?>")
_WRITTEN_ID: Final = re.compile(r"\s*\\?\{#(?P<id>[^\s{}]{1,200})\}\s*$")
_SLUG_DROPPED: Final = re.compile(r"[^\w\- ]")


@dataclass(slots=True)
class Written:
    """A Markdown document as HTML, with its front matter."""

    markup: str
    front: dict[str, str] = field(default_factory=dict)


def to_html(text: str, *, is_mdx: bool = False) -> Written:
    """
    Convert Markdown to HTML.

    Args:
        text: The document.
        is_mdx: Whether it is known to be MDX. Otherwise its components decide.
    """
    text = text[:MARKDOWN_LIMIT]
    front: dict[str, str] = {}
    if matter := _FRONT_MATTER.match(text):
        front = {line["key"].lower(): line["value"].strip(" \t'\"") for line in _FRONT_LINE.finditer(matter["lines"])}
        text = text[matter.end() :]
    lines = text.splitlines()
    is_mdx = is_mdx or any(not inside and _COMPONENT.match(line) for line, inside in _fenced(lines))
    slugs = Slugs()
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table"])
    parser.core.ruler.after("block", "cut", _cut)
    if is_mdx:
        parser.disable("code")  # MDX has no code by indentation
        text = "\n".join(_without_components(lines, slugs))
    tokens = parser.parse(text)
    _give_ids(tokens, slugs)
    markup = parser.renderer.render(tokens, parser.options, {})
    return Written(markup, front)


def _cut(state: StateCore) -> None:
    for token in state.tokens:
        token.content = token.content[:_INLINE_LIMIT] if token.type == "inline" else token.content


# ── anchors ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Slugs:
    """Anchors as github-slugger makes them: lower case, punctuation out, blanks to hyphens, and `-1` behind a repetition."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def slug(self, text: str) -> str:
        """Return the anchor of a heading with this text."""
        plain_slug = slug = _SLUG_DROPPED.sub("", text.strip().lower()).replace(" ", "-")
        while slug in self._used:
            self._used[plain_slug] += 1
            slug = f"{plain_slug}-{self._used[plain_slug]}"
        self._used[slug] = 0
        return slug

    def take(self, slug: str) -> str:
        """Register an anchor that the document states, and return it."""
        self._used.setdefault(slug, 0)
        return slug


def _give_ids(tokens: list[Token], slugs: Slugs) -> None:
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and inline.children is not None:
            written = next((child for child in reversed(inline.children) if child.type == "text"), None)
            written_id = _WRITTEN_ID.search(written.content) if written else None
            if written and written_id:
                written.content = written.content[: written_id.start()]
            text = "".join(child.content for child in inline.children if child.type in {"text", "code_inline"})
            token.attrSet("id", slugs.take(written_id["id"]) if written_id else slugs.slug(text))
        if token.type == "html_block":
            token.content = _INLINE_COMPONENT.sub("", token.content)
        for child in token.children or ():
            if child.type == "html_inline":
                child.content = _INLINE_COMPONENT.sub("", child.content)


# ── MDX ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _fenced(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Yield each line and whether it is in fenced code, fences included (CommonMark §4.5)."""
    mark = ""
    for line in lines:
        fence = _FENCE.match(line)
        if mark:
            yield line, True
            if fence and fence["mark"].startswith(mark) and not fence["rest"].strip():
                mark = ""
        elif fence and "`" not in fence["rest"]:
            mark = fence["mark"]
            yield line, True
        else:
            yield line, False


def _without_components(lines: list[str], slugs: Slugs) -> Iterator[str]:
    """Yield the lines of an MDX document as Markdown with HTML."""
    indents: list[int | None] = []  # of the text in each component that is open; None until its first line
    pending: list[str] = []  # the lines of a tag that goes on
    in_comment = False
    for line, is_code in _fenced(lines):
        if is_code and not pending:
            yield _outdented(line, indents)
            continue
        line, in_comment = _uncommented(line, in_comment)  # noqa: PLW2901 the line without its comments
        if pending or (_TAG_BEGINS.match(line) and _stands_alone(line)):
            pending.append(line)
            if not _is_open(tag := "\n".join(pending)) or len(pending) > _TAG_LINES:
                pending = []
                yield from ("", _element(tag, indents, slugs), "")
        elif indents or not _IMPORT.match(line):
            yield _outdented(line, indents)
    yield from pending


def _uncommented(line: str, in_comment: bool) -> tuple[str, bool]:
    """Return a line without its comments, and whether one goes on behind it."""
    kept: list[str] = []
    start = 0
    while start < len(line):
        end = line.find("*/}" if in_comment else "{/*", start)
        if not in_comment:
            kept.append(line[start:] if end < 0 else line[start:end])
        if end < 0:
            break
        start, in_comment = end + 3, not in_comment
    return "".join(kept), in_comment


def _stands_alone(line: str) -> bool:
    """Whether a line is exactly one tag, or the beginning of one."""
    return _is_open(line) or (line.rstrip().endswith(">") and line.count("<") == 1)


def _is_open(tag: str) -> bool:
    """Whether a tag has not ended: its `>` is missing, or is inside braces or quotes."""
    depth, quote, escaped = 0, "", False
    for char in tag:
        if quote:
            quote = "" if char == quote and not escaped else quote
            escaped = char == "\\" and not escaped
        elif char in "\"'`":
            quote = char
        elif char in "{}":
            depth += 1 if char == "{" else -1
        elif char == ">" and depth <= 0:
            return False
    return True


def _element(tag: str, indents: list[int | None], slugs: Slugs) -> str:
    """Return the HTML for a tag, and update the open components."""
    match = _TAG_BEGINS.match(tag)
    if match is None:
        return ""
    name, closes = match["name"], tag.rstrip().endswith("/>")
    if match["slash"]:
        if indents:
            indents.pop()
    elif not closes and name.lower() not in {"br", "hr", "img", "input", "a"}:
        indents.append(None)
    if name != "Update":
        return "" if name[0].isupper() else tag.strip()
    if match["slash"]:
        return "</section>"
    given = {item["name"]: item["d"] or item["s"] or item["b"] or "" for item in _ATTRIBUTE.finditer(tag)}
    label = plain(given.get("label", ""), "text")
    slug = slugs.take(given["id"]) if given.get("id") else slugs.slug(label)
    values = {"id": slug, "data-label": label, "data-description": plain(given.get("description", ""), "text")}
    attributes = "".join(f' {key}="{html.escape(value)}"' for key, value in values.items() if value)
    return f'<section class="update"{attributes}>' + ("</section>" if closes else "")


def _outdented(line: str, indents: list[int | None]) -> str:
    """Remove the indentation of a line inside a component."""
    if not indents or not line.strip():
        return line
    own = len(line) - len(line.lstrip(" \t"))
    indent = indents[-1]
    if indent is None:
        indent = indents[-1] = own
    return line[min(own, indent) :]
