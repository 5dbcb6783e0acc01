"""
The sources in any document, without writing anything.

The document may be a feed, a sitemap or a changelog itself, or a page with a list and links to those (`discover`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ingest import jail
from ingest.authoring.discover import Discovery, SourceProposal, changelogs, discover
from ingest.authoring.discover.lists import Draft
from ingest.dates import partial
from ingest.errors import ParseError
from ingest.model import Capture, Document, Kind, Source
from ingest.parse import changelog, selfcheck
from ingest.parse.changelog.structure import is_version
from ingest.parse.markup.cost import risk
from ingest.parse.markup.decoding import Decoded, decode

_ENOUGH: Final = 4  # entries that make a changelog of a page that is not called one
_MOST: Final = 0.5

_CHANGES: Final = re.compile(
    r"change[- ]?log|release[- ]?notes|releases?(?:[/.]|$)|what(?:'|’|&#39;|&rsquo;)?s[- ]?new|(?:document|version|release)[- ]history"
    r"|更新履歴|変更履歴|改訂履歴|更新情報|リリースノート|更新日志|更新日誌|发布说明|릴리스 ?노트|업데이트 ?내역",
    re.IGNORECASE,
)
_MARKED_UP: Final = re.compile(r"\s*(?:<!doctype html|<html|<!--)", re.IGNORECASE)


def look(capture: Capture) -> Discovery:
    """
    Find the sources in a document: itself as a feed, sitemap or changelog, or a list and links on it.

    Only the beginning of a very large document is examined, where its newest entries are. Proposals from a beginning are then
    read whole in a limited process.

    Raises:
        ParseError: The document is not of these kinds, or it is too costly to examine.
    """
    decoded = decode(capture.content, capture.content_type)
    if not _MARKED_UP.match(decoded.text):
        for kind in (Kind.FEED, Kind.SITEMAP):
            itself = _itself(capture, kind)
            if itself is not None:
                return Discovery((itself,))
    head = _head(decoded)
    try:
        offered = _offers(head, capture.final_url)
    except ParseError as error:
        logs = _changelogs(capture, head, decoded, ())
        if not logs:
            raise error from None
        return Discovery(logs)
    lists = offered.proposals if head is decoded else tuple(_whole(capture, offered.proposals))
    return _with(replace(offered, proposals=lists), _changelogs(capture, head, decoded, lists))


def _offers(head: Decoded | None, url: str) -> Discovery:
    if head is None:
        raise ParseError("is too large, or too deeply nested, to be looked at.", rule="too-costly")
    return discover(head, url)


_HEAD: Final = 400_000
"""Characters of a large document to be examined, enough for some fifty releases of the longest recorded changelog."""


def _head(decoded: Decoded) -> Decoded | None:
    """Return the part of a document to examine: all of it, the beginning of a large one, or None if that is too costly."""
    if risk(decoded.text, Kind.PAGE) is None:
        return decoded
    text = decoded.text[:_HEAD]
    border = ">" if _MARKED_UP.match(decoded.text) else "\n"
    head = replace(decoded, text=text[: text.rfind(border) + 1])
    return None if risk(head.text, Kind.PAGE) is not None else head


def _whole(capture: Capture, proposals: tuple[SourceProposal, ...]) -> Iterator[SourceProposal]:
    """Yield proposals for a beginning with the entries of the whole document, without those that fail there."""
    read = 0
    for proposal in proposals:
        if proposal.document is None:
            yield proposal
        elif read < _READ_WHOLE:
            read += 1
            document = _read(capture, proposal.kind, proposal.select)
            if document is not None and document.entries:
                yield replace(proposal, document=document)


_READ_WHOLE: Final = 2  # proposals of a large document that are read whole, each in a process of its own


def _with(offered: Discovery, logs: tuple[SourceProposal, ...]) -> Discovery:
    """Add changelogs to the proposals: after a list of dated pages, unless their name identifies them."""
    lists = [each.sure for each in offered.proposals if each.kind is Kind.PAGE and _is_list(each)]
    placed = [log if log.sure >= _NAMED or not lists else replace(log, sure=min(log.sure, *lists)) for log in logs]
    return replace(offered, proposals=tuple(sorted([*offered.proposals, *placed], key=lambda each: -each.sure)))


def _is_list(proposal: SourceProposal) -> bool:
    """Whether most entries of a list have a date. Links in the text of a changelog have none."""
    entries = proposal.document.entries if proposal.document else ()
    dated = sum(entry.published.value is not None or entry.updated.value is not None for entry in entries)
    return dated > _MOST * len(entries)


def _itself(capture: Capture, kind: Kind) -> SourceProposal | None:
    document = _read(capture, kind)
    if document is None or not (document.entries or document.parts):
        return None
    return SourceProposal(
        kind, capture.final_url, (), 1.0, (f"it is one ({document.dialect})",), document.title, document
    )


def _read(capture: Capture, kind: Kind, select: tuple[tuple[str, str], ...] = ()) -> Document | None:
    source = Source(id=capture.source_id, vendor_id="", kind=kind, url=capture.final_url, digest="", select=select)
    try:
        return jail.parse(capture, source)
    except ParseError:
        return None


def _changelogs(
    capture: Capture, head: Decoded | None, decoded: Decoded, lists: tuple[SourceProposal, ...]
) -> tuple[SourceProposal, ...]:
    """
    Propose to read a page as a changelog: by its headings, and by selectors when those find more entries.

    A list of dated pages gets no selectors.
    """
    heading = _heading(decoded)
    whole = _changelog(capture, heading, Draft((), _GUESSED, ("its headings have dates and places of their own",)))
    proposed = [whole] if whole else []
    if head is None or any(map(_is_list, lists)):
        return tuple(proposed)
    try:
        page = changelog.laid_out(head, capture.final_url)[0]
    except ParseError:
        return tuple(proposed)
    for draft in changelogs.drafts(page):
        proposal = _changelog(capture, heading, draft)
        if proposal and _worth(proposal) > _MORE * max(map(_worth, proposed), default=0):
            proposed.insert(0, proposal)
    return tuple(proposed)


_MORE: Final = 1.5  # times as many entries, for which selectors are worth their upkeep


def _worth(proposal: SourceProposal) -> int:
    """Count the entries of a proposal. An entry with a date as its title counts half."""
    titles = [entry.title for entry in proposal.document.entries] if proposal.document else []
    return sum(1 if (day := partial.find(title)) and day.whole else 2 for title in titles)


def _changelog(capture: Capture, heading: str, draft: Draft) -> SourceProposal | None:
    """Propose a changelog with dated entries or versions. An address or title that names it raises the score."""
    document = _read(capture, Kind.CHANGELOG, draft.select)
    if document is None:
        return None
    named = any(_CHANGES.search(text) for text in (capture.final_url, document.title, heading))
    of_versions = sum(is_version(entry.title) for entry in document.entries) > _MOST * len(document.entries)
    least = _FEW_NAMED if named else _ENOUGH
    if len(document.entries) < least or not selfcheck.check(document, dates=not of_versions).passed:
        return None
    reasons = ("its address or title says that it is one",) if named else ()
    sure = _NAMED if named else draft.sure
    return SourceProposal(
        Kind.CHANGELOG, capture.final_url, draft.select, sure, (*reasons, *draft.why), document.title, document
    )


def _heading(decoded: Decoded) -> str:
    """Return the main heading of a page or of Markdown, found without a parser."""
    heading = _MAIN_HEADING.search(decoded.text[:_HEAD])
    return (heading["html"] or heading["markdown"]) if heading else ""


_MAIN_HEADING: Final = re.compile(
    r"<h1\b[^>]*>(?P<html>.{1,300}?)</h1>|^# (?P<markdown>[^\n]{1,200})$", re.IGNORECASE | re.DOTALL | re.MULTILINE
)
_FEW_NAMED: Final = 2  # entries of a page that calls itself a changelog
_NAMED: Final = 0.9
_GUESSED: Final = 0.4
