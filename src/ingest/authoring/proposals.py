"""A proposal of `sources discover` as an operator takes it over: key, role, language, stanza, command."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ingest.model import Dated, Kind, Role
from ingest.parse import selfcheck
from ingest.text import clean_title, language_tag, script_language

if TYPE_CHECKING:
    from ingest.authoring.discover import SourceProposal
    from ingest.model import Document, Source, Vendor

SHOWN: Final = 5
"""Entries shown for a proposal."""

_WORDS: Final = (
    (Role.CHANGELOG, re.compile(r"change-?log|release-?notes|whats-?new|更新履歴|リリースノート", re.IGNORECASE)),
    (Role.RELEASE, re.compile(r"/releases|/tags", re.IGNORECASE)),
    (Role.RESEARCH, re.compile(r"research|publications|papers", re.IGNORECASE)),
    (Role.PRESS, re.compile(r"press|newsrelease|news-release", re.IGNORECASE)),
)
_MEANINGLESS: Final = re.compile(
    r"(?:index|rss|atom|feeds?|sitemap[\w-]*|default|top|all|[a-z]{2}(?:-[a-z]{2})?|v?\d+)(?:\.\w+)*$", re.IGNORECASE
)
_ENDING: Final = re.compile(r"(?:\.(?:xml|rss|atom|json|html?|php|md|gz))+$", re.IGNORECASE)
_KEY_LENGTH: Final = 40


@dataclass(frozen=True, slots=True)
class ProposedEntry:
    """One entry of a proposed source."""

    title: str
    url: str | None
    published: Dated


@dataclass(frozen=True, slots=True)
class ReadyProposal:
    """
    One proposal, ready to be added.

    sure: a score from 0 to 1
    count: entries on the page itself, or None for an address not fetched
    official: entries inside the vendor's scopes, or None without a vendor or a document
    polled_as: sources of the list with the same address
    doubts: objections of the self-check, with which a poll would record nothing
    stanza: the lines for `sources.yaml`
    command: the command for the same
    """

    kind: Kind
    url: str
    title: str
    sure: float
    why: tuple[str, ...]
    select: dict[str, str]
    count: int | None
    official: int | None
    polled_as: tuple[str, ...]
    doubts: tuple[str, ...]
    entries: tuple[ProposedEntry, ...]
    stanza: str
    command: str


def offer(proposal: SourceProposal, vendor: Vendor | None, sources: Iterable[Source]) -> ReadyProposal:
    """
    Prepare a proposal.

    Args:
        vendor: The owner of the source, if known.
        sources: All sources of the list.
    """
    from ingest.allowlist import edit

    listed = list(sources)
    taken = [item.id.partition("/")[2] for item in listed if vendor is not None and item.vendor_id == vendor.id]
    key = free(key_of(proposal.url, proposal.kind), taken)
    values = _values(proposal)
    document = proposal.document
    entries = document.entries if document else ()
    shown = tuple(
        ProposedEntry(clean_title(entry.title, entry.title_type), entry.link, entry.published)
        for entry in entries[:SHOWN]
    )
    return ReadyProposal(
        kind=proposal.kind,
        url=proposal.url,
        title=proposal.title,
        sure=round(proposal.sure, 2),
        why=proposal.why,
        select=dict(proposal.select),
        count=len(entries) if document else None,
        official=_official(document, vendor) if document and vendor else None,
        polled_as=tuple(item.id for item in listed if item.url == proposal.url),
        doubts=_doubts(proposal),
        entries=shown,
        stanza=edit.stanza(key, values),
        command=_command(vendor.id if vendor else "VENDOR", key, values),
    )


def _doubts(proposal: SourceProposal) -> tuple[str, ...]:
    if proposal.document is None or proposal.kind in {Kind.FEED, Kind.SITEMAP}:
        return ()
    verdict = selfcheck.check(proposal.document, dates=False)
    return tuple(f"{reason.rule}: {reason.detail}" for reason in verdict.reasons)


def key_of(url: str, kind: Kind) -> str:
    """Name a source by the last meaningful part of its address: /news/rss.xml is `news`."""
    segments = [_ENDING.sub("", part) for part in urlsplit(url).path.split("/") if part]
    telling = [part for part in segments if not _MEANINGLESS.fullmatch(part)]
    word = telling[-1] if telling else kind.value
    slug = re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")[:_KEY_LENGTH].strip("-")
    return slug or kind.value


def free(key: str, taken: Iterable[str]) -> str:
    """Append a number to a used key."""
    known = set(taken)
    number = 2
    unused = key
    while unused in known:
        unused, number = f"{key}-{number}", number + 1
    return unused


def _values(proposal: SourceProposal) -> dict[str, str | dict[str, str]]:
    values: dict[str, str | dict[str, str]] = {"kind": proposal.kind.value, "url": proposal.url}
    role = next((role for role, words in _WORDS if words.search(proposal.url)), None)
    if role is not None:
        values["role"] = role.value
    lang = _language(proposal.document) if proposal.document else None
    if lang is not None:
        values["lang"] = lang
    if proposal.select:
        values["select"] = dict(proposal.select)
    return values


def _language(document: Document) -> str | None:
    """Return the language of most titles by their script, else the language of the document."""
    scripts = Counter(script_language(entry.title) for entry in document.entries)
    most = scripts.most_common(1)[0][0] if scripts else None
    return most or language_tag(document.lang)


def _official(document: Document, vendor: Vendor) -> int:
    from ingest import policy

    links = [entry.link for entry in document.entries if entry.link]
    return sum(isinstance(policy.admit(vendor, link), policy.Admitted) for link in links)


def _command(vendor_id: str, key: str, values: dict[str, str | dict[str, str]]) -> str:
    words = ["ingest", "sources", "add", vendor_id, key]
    for name, value in values.items():
        if isinstance(value, dict):
            for place, pick in value.items():
                words += ["--select", f"{place}={pick}"]
        else:
            words += [f"--{name}", value]
    return shlex.join(words)
