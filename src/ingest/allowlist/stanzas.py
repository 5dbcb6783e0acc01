"""The keys of `sources.yaml` (CONTRACT §2): the allowed values of each, and its sentence for editors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated

from ingest import urls
from ingest.allowlist.selectors import Picked, Selectors
from ingest.allowlist.shapes import Choice, Flag, Integer, ListOf, MapOf, Record, Stanza, StanzaKey, Text
from ingest.allowlist.values import (
    DURATION,
    HEADER_NAME,
    LANGUAGE,
    PATTERN,
    SLUG,
    DeclaredScope,
    ScopeLine,
    Version,
    address,
    duration,
    header_name,
    header_value,
    language,
    pattern,
    slug,
    text,
)
from ingest.model import Grant, Kind, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsStanza(Stanza):
    """`robots: {ignore: "…"}`."""

    ignore: Annotated[
        str | None,
        StanzaKey(
            Text(text, lines=True),
            "Why robots.txt is set aside for this source: who allowed it, and when.",
            required=True,
            example='"allowed in writing by press@example.com, 2026-05-01"',
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierStanza(Stanza):
    """One item of `carriers`."""

    scope: Annotated[
        DeclaredScope | None,
        StanzaKey(
            ScopeLine(Grant.CARRIER),
            "What may be polled or redirected through; the same forms as in official.",
            required=True,
            example="feeds.example.com/acme/",
        ),
    ] = None
    reason: Annotated[
        str | None,
        StanzaKey(
            Text(text, lines=True),
            "Why this host speaks for the vendor although nothing on it is linked to.",
            required=True,
            example='"the feed host that example.com itself links to"',
        ),
    ] = None

    @property
    def claim(self) -> DeclaredScope | None:
        """The scope with its reason."""
        if self.scope is None:
            return None
        return DeclaredScope(replace(self.scope.scope, reason=self.reason or ""), self.scope.place)


INTERVAL = Text(duration, pattern=DURATION, wanted="a duration (30s, 15m, 1h, 1d)")
ADDRESS = Text(address, pattern="^https://", wanted="an https address")
PATTERNS = ListOf(Text(pattern, pattern=PATTERN, wanted='a pattern like "title:(?i)gemini"'))
KINDS = Choice(Kind, synonyms={"rss": "feed", "atom": "feed", "rdf": "feed", "jsonfeed": "feed", "html": "page"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceStanza(Stanza):
    """How often a source is polled: the keys of `defaults`, also allowed in each source."""

    interval: Annotated[
        timedelta | None,
        StanzaKey(INTERVAL, "How often a source is looked at (1h); adapted between min_interval and max_interval."),
    ] = None
    min_interval: Annotated[timedelta | None, StanzaKey(INTERVAL, "Never looked at more often than this (10m).")] = None
    max_interval: Annotated[
        timedelta | None, StanzaKey(INTERVAL, "Looked at no less often than this while it answers (24h).")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStanza(PaceStanza):
    """One source of a vendor."""

    kind: Annotated[
        Kind | None,
        StanzaKey(
            KINDS,
            "How it is read. feed: RSS, Atom or JSON Feed, told apart by content. page: an HTML list. changelog: one "
            "page with many dated entries. sitemap: XML sitemap. json: a JSON list. watch: a value whose change is the "
            "announcement.",
            required=True,
            example="feed",
        ),
    ] = None
    url: Annotated[
        urls.Url | None,
        StanzaKey(
            ADDRESS,
            "What is polled; inside an official scope or a carrier of this vendor.",
            required=True,
            example="https://example.com/news/rss.xml",
        ),
    ] = None
    role: Annotated[Role, StanzaKey(Choice(Role), "What it is for the vendor; ranks whose words are shown.")] = (
        Role.NEWS
    )
    lang: Annotated[
        str | None,
        StanzaKey(
            Text(language, pattern=LANGUAGE, wanted="a language tag"),
            "Language of its items where they do not say themselves (BCP 47: en, ja, zh-Hant).",
        ),
    ] = None
    max_silence: Annotated[
        timedelta | None,
        StanzaKey(
            INTERVAL,
            "Without a new item for so long it counts as quiet, and the operator is told.",
            not_in_force="no source is called quiet or frozen by this version, however long it says nothing new.",
        ),
    ] = None
    first_fill: Annotated[
        int,
        StanzaKey(
            Integer(0, 10_000),
            "Where each item's page must be opened: how many of the newest to open at first sight.",
        ),
    ] = 30
    include: Annotated[
        tuple[str, ...],
        StanzaKey(
            PATTERNS,
            "Keep only items that match at least one of these. Each is path:, title: or category: and a regular "
            "expression (Python) that is searched for: path:^/blog/ai/, title:(?i)gemini, category:^AI$.",
        ),
    ] = ()
    exclude: Annotated[
        tuple[str, ...],
        StanzaKey(PATTERNS, "Leave out items that match any of these; same form as include, and stronger."),
    ] = ()
    topics: Annotated[
        tuple[str, ...],
        StanzaKey(
            ListOf(Text(text, wanted="a word or phrase")),
            "Keep only items with at least one of these words or phrases in title, summary or category: whole words, any case.",
        ),
    ] = ()
    article: Annotated[
        bool,
        StanzaKey(
            Flag(), "Open each new item's official page once, for title, date, canonical link and language versions."
        ),
    ] = False
    enabled: Annotated[bool, StanzaKey(Flag(), "false: not polled; its headlines stay.")] = True
    paused: Annotated[
        str,
        StanzaKey(
            Text(text, lines=True),
            "Why the source is not polled, beside enabled: false; `ingest status` shows it. The note stays as it is.",
        ),
    ] = ""
    product: Annotated[
        str,
        StanzaKey(
            Text(text),
            "What its items are about. Stands in front of a title that is only a version or a date wherever people read "
            "it: v2.1.88 is shown as Claude Code v2.1.88. The stored title stays the vendor's.",
        ),
    ] = ""
    note: Annotated[str, StanzaKey(Text(text, lines=True), "For the next reader of this file; changes nothing.")] = ""
    robots: Annotated[
        RobotsStanza | None,
        StanzaKey(
            Record(RobotsStanza, otherwise='Write robots: {ignore: "the reason"}, or leave it out to obey.'),
            "Sets robots.txt aside for this source, with the written reason.",
        ),
    ] = None
    pages: Annotated[
        int,
        StanzaKey(
            Integer(1, 100),
            "How many further pages of its list are followed at most, where select.next says which comes next: at first "
            "sight, and later where the first page no longer reaches back to what is known.",
        ),
    ] = 5
    headers: Annotated[
        Mapping[str, str],
        StanzaKey(
            MapOf(header_name, HEADER_NAME, Text(header_value, pattern=r"^[\x20-\x7e]+$"), caseless=True),
            "Request headers, like Accept-Language. Never secrets, never those the program sets itself.",
        ),
    ] = field(default_factory=dict)
    select: Annotated[
        Mapping[str, Picked],
        StanzaKey(
            Selectors(),
            "Where things are, by name: entry, title, link, date, summary, category and others, depending on the kind. CSS, "
            "CSS@attribute, CSS ~ REGEX on pages; JSON pointers in data; {} around them makes a template.",
        ),
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorStanza(Stanza):
    """A vendor with its official scopes."""

    name: Annotated[
        str | None, StanzaKey(Text(text), "The vendor's name as readers know it.", required=True, example="OpenAI")
    ] = None
    home: Annotated[
        urls.Url | None,
        StanzaKey(
            ADDRESS,
            "The vendor's own front page; inside an official scope.",
            required=True,
            example="https://openai.com/",
        ),
    ] = None
    official: Annotated[
        tuple[DeclaredScope, ...] | None,
        StanzaKey(
            ListOf(ScopeLine(Grant.OFFICIAL)),
            "The policy: where this vendor's own words live. host, *.host (not the apex), host/path, host/path/ (prefix "
            "on segment borders), one * for one whole segment; ! in front makes an exception, and exceptions always win.",
            required=True,
            example="[openai.com]",
        ),
    ] = None
    carriers: Annotated[
        tuple[CarrierStanza, ...],
        StanzaKey(
            ListOf(Record(CarrierStanza, otherwise='Write {scope: feeds.example.com/acme/, reason: "the reason"}.')),
            "Scopes of the vendor that may be polled or redirected through but never linked to.",
        ),
    ] = ()
    sources: Annotated[
        Mapping[str, SourceStanza],
        StanzaKey(MapOf(slug, SLUG, Record(SourceStanza)), "What is polled, by key; the source id is vendor/key."),
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStanza(Stanza):
    """The whole file."""

    version: Annotated[int | None, StanzaKey(Version(), "The version of this format.", required=True, example="1")] = (
        None
    )
    defaults: Annotated[
        PaceStanza | None, StanzaKey(Record(PaceStanza), "Holds for every source that does not say otherwise.")
    ] = None
    vendors: Annotated[
        Mapping[str, VendorStanza],
        StanzaKey(
            MapOf(slug, SLUG, Record(VendorStanza)), "The vendors, by id.", required=True, example="{openai: {…}}"
        ),
    ] = field(default_factory=dict)
