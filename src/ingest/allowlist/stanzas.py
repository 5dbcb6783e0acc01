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
            "Why robots.txt is ignored for this source: who allowed it, and when.",
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
            "A scope for polls and redirects, in the forms of official.",
            required=True,
            example="feeds.example.com/acme/",
        ),
    ] = None
    reason: Annotated[
        str | None,
        StanzaKey(
            Text(text, lines=True),
            "Why this host carries the vendor's documents, although links never lead to it.",
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
        StanzaKey(INTERVAL, "How often a source is polled (1h). It adapts between min_interval and max_interval."),
    ] = None
    min_interval: Annotated[timedelta | None, StanzaKey(INTERVAL, "The shortest interval (10m).")] = None
    max_interval: Annotated[
        timedelta | None, StanzaKey(INTERVAL, "The longest interval while the source answers (24h).")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStanza(PaceStanza):
    """One source of a vendor."""

    kind: Annotated[
        Kind | None,
        StanzaKey(
            KINDS,
            "How it is read. feed: RSS, Atom or JSON Feed, recognised by content. page: an HTML list. changelog: one "
            "page with many dated entries. sitemap: XML sitemap. json: a JSON list. watch: a value. Its change is the "
            "announcement.",
            required=True,
            example="feed",
        ),
    ] = None
    url: Annotated[
        urls.Url | None,
        StanzaKey(
            ADDRESS,
            "The polled address, inside an official scope or a carrier of this vendor.",
            required=True,
            example="https://example.com/news/rss.xml",
        ),
    ] = None
    role: Annotated[
        Role, StanzaKey(Choice(Role), "Its place among the vendor's sources. It decides which source's title is shown.")
    ] = Role.NEWS
    lang: Annotated[
        str | None,
        StanzaKey(
            Text(language, pattern=LANGUAGE, wanted="a language tag"),
            "Language of its items, if they declare none (BCP 47: en, ja, zh-Hant).",
        ),
    ] = None
    max_silence: Annotated[
        timedelta | None,
        StanzaKey(
            INTERVAL,
            "The longest normal time without a new item. After it the source is quiet.",
            not_in_force="this version marks no source as quiet or frozen.",
        ),
    ] = None
    first_fill: Annotated[
        int,
        StanzaKey(
            Integer(0, 10_000),
            "How many pages of the newest items are opened at first sight, if items need their own pages.",
        ),
    ] = 30
    include: Annotated[
        tuple[str, ...],
        StanzaKey(
            PATTERNS,
            "Keep only items with a match of at least one of these. Each is path:, title: or category: and a regular "
            "expression (Python): path:^/blog/ai/, title:(?i)gemini, category:^AI$.",
        ),
    ] = ()
    exclude: Annotated[
        tuple[str, ...],
        StanzaKey(
            PATTERNS, "Leave out items with a match of any of these. Same form as include. It wins over include."
        ),
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
    enabled: Annotated[bool, StanzaKey(Flag(), "false: the source is not polled. Its headlines stay.")] = True
    paused: Annotated[
        str,
        StanzaKey(
            Text(text, lines=True),
            "Why the source is not polled, beside enabled: false. `ingest status` shows it.",
        ),
    ] = ""
    product: Annotated[
        str,
        StanzaKey(
            Text(text),
            "The product of its items. It is shown in front of a title of only a version or a date: v2.1.88 becomes "
            "Claude Code v2.1.88. The stored title stays the vendor's.",
        ),
    ] = ""
    note: Annotated[
        str, StanzaKey(Text(text, lines=True), "A comment for the next reader of this file. It changes nothing.")
    ] = ""
    robots: Annotated[
        RobotsStanza | None,
        StanzaKey(
            Record(RobotsStanza, otherwise='Write robots: {ignore: "the reason"}, or leave it out.'),
            "Ignores robots.txt for this source, with the written reason.",
        ),
    ] = None
    pages: Annotated[
        int,
        StanzaKey(
            Integer(1, 100),
            "The most further pages of its list (select.next) that are read: at first sight, and later after a gap.",
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
            "The places of values, by name: entry, title, link, date, summary, category and others, depending on the kind. "
            "On pages CSS, CSS@attribute, CSS ~ REGEX. In data JSON pointers, or a template with pointers in {}.",
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
            "The vendor's own front page, inside an official scope.",
            required=True,
            example="https://openai.com/",
        ),
    ] = None
    official: Annotated[
        tuple[DeclaredScope, ...] | None,
        StanzaKey(
            ListOf(ScopeLine(Grant.OFFICIAL)),
            "The policy: the places of this vendor's own publications. host, *.host (not the apex), host/path, host/path/ "
            "(prefix on segment borders), one * for one whole segment. ! in front makes an exception. Exceptions win.",
            required=True,
            example="[openai.com]",
        ),
    ] = None
    carriers: Annotated[
        tuple[CarrierStanza, ...],
        StanzaKey(
            ListOf(Record(CarrierStanza, otherwise='Write {scope: feeds.example.com/acme/, reason: "the reason"}.')),
            "Scopes of the vendor for polls and redirects, never for links.",
        ),
    ] = ()
    sources: Annotated[
        Mapping[str, SourceStanza],
        StanzaKey(
            MapOf(slug, SLUG, Record(SourceStanza)), "The polled documents, by key. The id of a source is vendor/key."
        ),
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStanza(Stanza):
    """The whole file."""

    version: Annotated[int | None, StanzaKey(Version(), "The version of this format.", required=True, example="1")] = (
        None
    )
    defaults: Annotated[
        PaceStanza | None, StanzaKey(Record(PaceStanza), "The intervals of all sources without their own.")
    ] = None
    vendors: Annotated[
        Mapping[str, VendorStanza],
        StanzaKey(
            MapOf(slug, SLUG, Record(VendorStanza)), "The vendors, by id.", required=True, example="{openai: {…}}"
        ),
    ] = field(default_factory=dict)
