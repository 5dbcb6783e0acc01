"""
Make a golden document for a shipped source in two steps.

    scripts/add_golden SOURCE FILE      strips a stored page down to a skeleton in tests/golden/shipped
    scripts/add_golden --expect SOURCE  writes expected.json, once the skeleton has words of your own

A vendor's text is not ours to publish, so a skeleton has REWRITE in its place. It keeps the first entries of a page with the
elements around them, their classes, dates and addresses. A JSON list keeps its keys. This program commits nothing, and a test
refuses a document with REWRITE in it. Feeds, sitemaps and most changelogs are read without selectors: write their documents by
hand.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from selectolax.lexbor import LexborNode  # noqa: TID251 - the type of the results of `parse.markup.selector`

from golden.stanzas import FOLDER, listed, of_folder, outcome, read
from ingest.dates.printed import dates_in
from ingest.model import Kind, Source
from ingest.parse.markup.elements import HtmlPage, ancestors
from ingest.parse.markup.selector import compile_selector
from ingest.parse.page import items

ENTRIES: Final = 4
"""Entries of a skeleton. The self-check needs as many to compute shares."""

MARK: Final = "REWRITE"
_KEPT: Final = frozenset({"class", "id", "href", "datetime", "lang", "role", "rel"})
_DROPPED: Final = "script, style, svg, img, picture, video, iframe, template, noscript, link, meta, form, button"
_LAST: Final = re.compile(r"[^/?#]+(?=/?(?:[?#].*)?$)")


class NoSkeletonError(Exception):
    """This stanza cannot make a skeleton of the stored document. The message has the remedy."""


@dataclass
class _Marks:
    """Numbered placeholders for text. An address has the same one everywhere."""

    number: int = 0
    addresses: dict[str, str] = field(default_factory=dict)

    def fresh(self) -> str:
        self.number += 1
        return f"{MARK} {self.number}"

    def of_address(self, path: str) -> str:
        if path not in self.addresses:
            self.addresses[path] = self.fresh().replace(" ", "-")
        return self.addresses[path]


def skeleton(source: Source, content: bytes) -> tuple[str, str]:
    """
    Return a document without the vendor's words, and the ending of its file name.

    Raises:
        NoSkeletonError: The stanza has no selector for entries, or the selector matches nothing.
    """
    select = dict(source.select)
    if source.kind is Kind.JSON:
        return _data(content, select["entry"]), "json"
    if source.kind not in {Kind.PAGE, Kind.CHANGELOG} or "entry" not in select or "data" in select:
        message = f"{source.id} names no elements of a page; write its document by hand, after one in {FOLDER.name}/."
        raise NoSkeletonError(message)
    return _page(content, select["entry"]), "html"


def _page(content: bytes, entry: str) -> str:
    page = HtmlPage(content.decode("utf-8", "replace"))
    entries = items(page, entry)[:ENTRIES]
    root = page.tree.body
    if root is None or not entries:
        message = f'"{entry}" finds nothing in this document; correct the stanza first (`ingest sources try`).'
        raise NoSkeletonError(message)
    kept = {node.mem_id for element in entries for node in (element, *ancestors(element), *element.traverse())}
    for node in root.css(_DROPPED):
        kept.discard(node.mem_id)
    marks = _Marks()
    lang = (page.tree.css_first("html") or root).attributes.get("lang") or "en"
    return f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8"></head>\n{_markup(root, kept, marks)}\n</html>\n'


def _markup(node: LexborNode, kept: set[int], marks: _Marks) -> str:
    """Write an element with its kept attributes and dates, and with marks in place of text."""
    if node.tag == "-text":
        return _without_words(node.text_content or "", marks)
    if node.mem_id not in kept or (node.tag or "-").startswith(("-", "!")):
        return ""
    attributes = {name: value or "" for name, value in node.attributes.items() if name in _KEPT}
    if "href" in attributes:
        attributes["href"] = _address(attributes["href"], marks)
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    inside = "".join(_markup(child, kept, marks) for child in node.iter(include_text=True))
    return f"<{node.tag}{written}>{inside}</{node.tag}>"


def _without_words(text: str, marks: _Marks) -> str:
    """Return the date of a text, else a mark. A date is a fact. White space stays."""
    if not text.strip():
        return "\n" if "\n" in text else ""
    days = dates_in(text)
    return days[0][0] if days else marks.fresh()


def _address(href: str, marks: _Marks) -> str:
    """Return an address with a mark for its last part, usually the title. Leading digits stay."""
    path = href.partition("?")[0]
    last = _last(path)
    if not re.search(r"[A-Za-z]{3}", last):
        return path
    return _LAST.sub(f"{_digits(last)}{marks.of_address(path)}", path)


def _last(path: str) -> str:
    match = _LAST.search(path)
    return match[0] if match else ""


def _digits(name: str) -> str:
    match = re.match(r"[\d_-]*\d[_-]", name)
    return match[0] if match else ""


def _data(content: bytes, pointer: str) -> str:
    marks = _Marks()
    root = json.loads(content)
    pick = compile_selector(pointer, data=True)
    for members in pick.values_in(root):
        if isinstance(members, list):
            del members[ENTRIES:]
    return json.dumps(_plain(root, marks), ensure_ascii=False, indent=1) + "\n"


def _plain(value: Any, marks: _Marks) -> Any:  # noqa: ANN401 any JSON
    if isinstance(value, dict):
        return {key: _plain(member, marks) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain(member, marks) for member in value[:ENTRIES]]
    if not isinstance(value, str) or not re.search(r"[^\W\d_]{3}", value):
        return value
    return _address(value, marks) if value.startswith(("http", "/")) else _without_words(value, marks)


def folder_of(source_id: str) -> Path:
    """Return the folder of a source's golden document."""
    return FOLDER / source_id.replace("/", ".")


def make(source_id: str, path: Path) -> str:
    """Write a skeleton, and return the next step."""
    source = next((one for one in listed().sources if one.id == source_id), None)
    if source is None:
        message = f"{source_id} is not a source of sources.yaml."
        raise NoSkeletonError(message)
    folder = folder_of(source_id)
    if folder.exists():
        message = f"{folder.name} exists already; remove it first."
        raise NoSkeletonError(message)
    written, ending = skeleton(source, path.read_bytes())
    folder.mkdir(parents=True)
    (folder / f"document.{ending}").write_text(written, encoding="utf-8")
    return (
        f"{folder.name}/document.{ending}: replace each {MARK} by text of your own, remove repetitions, "
        f"then: scripts/add_golden --expect {source_id}"
    )


def expect(source_id: str) -> str:
    """Write the entries of a finished document as its expectation, and return the next step."""
    folder = folder_of(source_id)
    if not folder.is_dir():
        message = f"{source_id} has no document yet; begin with: scripts/add_golden {source_id} FILE"
        raise NoSkeletonError(message)
    golden = of_folder(folder)
    if MARK.encode() in golden.content:
        message = f"{folder.name} still says {MARK}: a vendor's text is not copied; write your own."
        raise NoSkeletonError(message)
    target = folder / "expected.json"
    url = golden.url if target.is_file() else golden.source.url
    expected = outcome(golden, read(golden, golden.content, url))
    head = {} if url == golden.source.url else {"url": url}
    target.write_text(json.dumps(head | expected, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return f"{folder.name}/expected.json: read it line by line before you commit it; then run scripts/sources_table"


def main() -> int:
    """Run one of the two steps, and return the exit status."""
    parser = argparse.ArgumentParser(description="Make a golden document for a shipped source.")
    parser.add_argument("source", help="its id, like anthropic/research")
    parser.add_argument("file", nargs="?", type=Path, help="a stored copy of the source's document")
    parser.add_argument("--expect", action="store_true", help="write expected.json for a finished document")
    arguments = parser.parse_args()
    if arguments.expect == (arguments.file is not None):
        parser.error("give either a FILE or --expect")
    try:
        print(expect(arguments.source) if arguments.expect else make(arguments.source, arguments.file))
    except NoSkeletonError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
