"""
An announcement's own page: its title, dates, address, language versions and topics, each with its evidence.

Evidence in order of preference. The next is used when the first has no usable value:

    title        JSON-LD headline, og:title, twitter:title and meta title, the heading, `<title>`
    published    JSON-LD datePublished, article:published_time, meta (`date`, Dublin Core, …, microdata), `<time>`, text
    modified     JSON-LD dateModified, article:modified_time, meta, `<time>`, text
    canonical    link rel=canonical (RFC 6596), og:url, JSON-LD url
    alternates   link rel=alternate hreflang
    language     the script of the title, the lang attribute of `<html>`, JSON-LD inLanguage, og:locale, meta
    description  JSON-LD, og:description, meta description
    categories   JSON-LD articleSection and keywords, article:section and article:tag, meta keywords
    site name    og:site_name, JSON-LD publisher or WebSite, meta application-name

JSON-LD counts only for this page (`linked_data`), `<time>` and text only around the heading (`dateline`). Several different
`rel=canonical` cancel each other. A site's name before or after the title is removed. No library reads the dates. On 53
recorded pages, htmldate and trafilatura took three and two dates from copyright lines and other articles, two more were
wrong, and all were cut to the day. extruct needs 20 packages for the work of `linked_data`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.dates.parsing import parse_local
from ingest.errors import ParseError
from ingest.model import NO_DATE, Article, Dated, Evidence
from ingest.parse.article import dateline, titles
from ingest.parse.markup import linked_data, webpage
from ingest.parse.markup.characters import string
from ingest.parse.markup.decoding import Decoded
from ingest.parse.markup.elements import text_of
from ingest.parse.markup.linked_data import Node
from ingest.parse.markup.links import absolute
from ingest.parse.markup.webpage import attribute
from ingest.parse.obstacles import OBSTACLES, obstacle_on
from ingest.text import clean_summary, guess_kind, language_tag, plain, script_language

ALTERNATE_LIMIT: Final = 200
"""Language versions of one page that are kept. The recorded page with the most has 27."""

CATEGORY_LIMIT: Final = 40
"""Categories of one page that are kept before `normalise` limits them."""

# Of several names the more particular first: `date` alone may be that of the build.
_PUBLISHED: Final = (
    *("publishdate", "publish-date", "publish_date", "publication-date", "publication_date", "pubdate", "pub-date"),
    *("datepublished", "dc.date.issued", "dcterms.issued", "dc.date", "dcterms.date", "dcterms.created"),
    *("dc.date.created", "date.available", "date.created", "parsely-pub-date", "cxenseparse:recs:publishtime"),
    *("sailthru.date", "citation_publication_date", "release_date", "date"),
)
_MODIFIED: Final = (
    *("datemodified", "dcterms.modified", "dc.date.modified", "date.modified", "last-modified", "lastmod", "revised"),
    *("date.updated", "lastupdate"),
)
_TITLES: Final = ("twitter:title", "title", "dc.title", "parsely-title")
_KEYWORDS: Final = ("news_keywords", "keywords", "parsely-tags")
_LIST_SIGNS: Final = re.compile(r"[,、，;；]")

_REFRESH: Final = re.compile(
    r"\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?[\"']?(?P<url>[^\"'\s][^\"']*)[\"']?\s*", re.IGNORECASE
)
_BAD_ADDRESS: Final = re.compile(r"[\x00-\x20\x7f\"<>]")

_LINKS: Final = 1_000  # of one page that are looked at
_KEYWORD_COUNT: Final = 200

_Candidate = tuple[str, Evidence]


def parse_article(decoded: Decoded, url: str) -> Article:
    """
    Read an announcement's own page.

    Args:
        decoded: The page.
        url: The address that answered, absolute.

    Raises:
        ParseError: `empty`, `not-html`, `too-costly`, or an obstacle (`obstacles`). No other exception leaves.
    """
    page = webpage.parse(decoded.text)
    if name := obstacle_on(page):
        raise ParseError(f"The page is no article but {OBSTACLES[name]}.", rule=name)
    return _ArticlePage.of(page, url).article()


@dataclass(slots=True)
class _ArticlePage:
    """A page during its reading: its evidence, collected once, and the evidence used so far."""

    page: LexborHTMLParser
    url: str
    base: str
    meta: dict[str, list[str]]
    heading: LexborNode | None = None
    nodes: list[Node] = field(default_factory=list)
    about: list[Node] = field(default_factory=list)
    won: dict[str, Evidence] = field(default_factory=dict)

    @classmethod
    def of(cls, page: LexborHTMLParser, url: str) -> _ArticlePage:
        """Lay out a page's evidence."""
        reading = cls(page, url, webpage.base_of(page, url), _meta(page))
        page_titles = [*reading.meta.get("og:title", []), *reading.meta.get("twitter:title", []), reading.page_title()]
        reading.heading = titles.heading_of(page, [*map(titles.line, page_titles)], reading.names())
        heading = text_of(reading.heading) if reading.heading else ""
        reading.nodes = linked_data.nodes(page)
        own = [url, *filter(None, (reading.linked("canonical"), reading.resolved(reading.one("og:url"))))]
        reading.about = linked_data.about(reading.nodes, own, [*map(titles.line, page_titles), heading], reading.base)
        return reading

    def article(self) -> Article:
        """Ask the evidence for every field."""
        original, title = self.title()
        seen = dateline.around(self.heading)
        marked = {updated: dateline.marked(self.page, updated=updated) for updated in (False, True)}
        return Article(
            title=title,
            title_original=original,
            heading=self.other_heading(title),
            published=self.date(
                "published", "datePublished", _PUBLISHED, seen.published, seen.published_by, marked[False]
            ),
            modified=self.date("modified", "dateModified", _MODIFIED, seen.modified, seen.modified_by, marked[True]),
            canonical=self.canonical(),
            alternates=self.alternates(),
            lang=self.language(title),
            description=self.description(),
            categories=self.categories(),
            site_name=self.site_name(),
            refresh=self.refresh(),
            evidence=tuple(sorted(self.won.items())),
        )

    # ── looking things up ───────────────────────────────────────────────────────────────────────────────────────

    def one(self, *names: str) -> str:
        """Return the first filled meta of these names."""
        return next((text for name in names for text in self.meta.get(name, [])), "")

    def page_title(self) -> str:
        """Return the text of `<title>`. Pictures inside the page may have titles of their own."""
        node = self.page.css_first("head > title") or self.page.css_first("body > title")
        return string(node.text()) if node else ""

    def linked(self, relation: str) -> str | None:
        """Return the address of a `<link>`, and None for several different ones. The head comes before the body."""
        links = [
            node
            for node in self.page.css("link[rel][href]")[:_LINKS]
            if relation in attribute(node, "rel").lower().split()
        ]
        inside = [node for node in links if node.parent is not None and node.parent.tag == "head"]
        addresses = {self.resolved(attribute(node, "href")) for node in inside or links} - {None}
        return addresses.pop() if len(addresses) == 1 else None

    def resolved(self, written: str) -> str | None:
        """Return an absolute web address, and None for text that cannot be one."""
        if not written or titles.is_placeholder(written):
            return None
        address = absolute(written, self.base)
        return (
            address if re.match(r"https?://[^/]", address, re.IGNORECASE) and not _BAD_ADDRESS.search(address) else None
        )

    def names(self) -> list[str]:
        """Return the names of the site."""
        publishers = [node.get("publisher") for node in self.nodes]
        sites = [node.get("name") for node in self.nodes if "WebSite" in linked_data.types(node)]
        declared = [*self.meta.get("og:site_name", []), *self.meta.get("application-name", [])]
        return [
            *map(titles.line, declared),
            *(titles.line(text) for value in (*publishers, *sites) for text in linked_data.texts(value)),
        ]

    def choose(self, name: str, candidates: Iterable[_Candidate]) -> str:
        """Return the first text that is not empty, and note its evidence."""
        for text, evidence in candidates:
            if text:
                self.won[name] = evidence
                return text
        return ""

    # ── fields ──────────────────────────────────────────────────────────────────────────────────────────────────

    def title(self) -> tuple[str, str]:
        """Return the title as written and as one plain line without the site's name."""
        heading = text_of(self.heading) if self.heading else ""
        names = self.names()
        headlines = [
            linked_data.first([node], "headline", "name") for node in self.about if linked_data.is_article(node)
        ]
        candidates = [
            *((text, Evidence.JSON_LD) for text in headlines),
            *((text, Evidence.OPEN_GRAPH) for text in self.meta.get("og:title", [])),
            *((text, Evidence.META) for name in _TITLES for text in self.meta.get(name, [])),
            (heading, Evidence.TEXT),
            (self.page_title(), Evidence.HTML),
        ]
        lines = [titles.line(text) for text, _ in candidates]
        for (original, evidence), line in zip(candidates, lines, strict=True):
            title = titles.without_site(line, heading, names)
            if (
                not title
                or titles.is_no_title(title)
                or (evidence is not Evidence.TEXT and titles.is_one_of(title, names))
            ):
                continue
            self.won["title"] = evidence
            whole = titles.completed(title, lines)
            return original, titles.without_site(whole, heading, names) if whole != title else title
        return "", ""

    def other_heading(self, title: str) -> str:
        """Return the text of the heading beyond the title. On another page the title may prove to be the site's name."""
        line = titles.line(text_of(self.heading)) if self.heading else ""
        says_more = line.casefold() not in title.casefold() and not titles.is_no_title(line)
        return line if line and says_more and not titles.is_one_of(line, self.names()) else ""

    def date(
        self, name: str, key: str, meta: tuple[str, ...], seen: Dated, by: Evidence | None, marked: Dated
    ) -> Dated:
        """Return the first readable date in the stated order."""
        tag = "article:published_time" if name == "published" else "article:modified_time"
        graph = [*self.meta.get(tag, []), *(self.meta.get("og:updated_time", []) if name == "modified" else [])]
        candidates: list[tuple[Dated, Evidence]] = [
            *(
                (parse_local(text), Evidence.JSON_LD)
                for node in self.about
                for text in linked_data.texts(node.get(key))
            ),
            *((parse_local(text), Evidence.OPEN_GRAPH) for text in graph),
            *((parse_local(text), Evidence.META) for text in self.unique(meta)),
            *([(seen, by)] if by is Evidence.TIME else []),
            (marked, Evidence.TIME),
            *([(seen, by)] if by is Evidence.TEXT else []),
        ]
        for date, evidence in candidates:
            if date.value is not None:
                self.won[name] = evidence
                return date
        return next((date for date, _ in candidates if date.raw), NO_DATE)

    def unique(self, names: tuple[str, ...]) -> list[str]:
        """Return the values of several metas. A name with several values is left out, because lists repeat microdata."""
        return [self.meta[name][0] for name in names if len(set(self.meta.get(name, []))) == 1]

    def canonical(self) -> str | None:
        """Return the address that the page declares as its own."""
        graph = {address for text in self.meta.get("og:url", []) if (address := self.resolved(text))}
        data = [self.resolved(linked_data.first([node], "url")) for node in self.about if linked_data.is_article(node)]
        candidates = [
            (self.linked("canonical") or "", Evidence.LINK),
            (graph.pop() if len(graph) == 1 else "", Evidence.OPEN_GRAPH),
            *((address or "", Evidence.JSON_LD) for address in data),
        ]
        return self.choose("canonical", candidates) or None

    def alternates(self) -> tuple[tuple[str, str], ...]:
        """Return the language versions of the page without feeds. The first of two for one language counts."""
        versions: dict[str, str] = {}
        for node in self.page.css("link[hreflang][href]")[:_LINKS]:
            tag = attribute(node, "hreflang")
            lang = "x-default" if tag.lower() == "x-default" else language_tag(tag)
            is_feed = re.search(r"rss|atom|json|xml", attribute(node, "type"), re.IGNORECASE)
            address = self.resolved(attribute(node, "href"))
            if lang and address and not is_feed and "alternate" in attribute(node, "rel").lower().split():
                versions.setdefault(lang, address)
        if versions:
            self.won["alternates"] = Evidence.LINK
        return tuple(versions.items())[:ALTERNATE_LIMIT]

    def language(self, title: str) -> str | None:
        """Return the language of the page. A title in a script of one language overrules other evidence."""
        root = self.page.css_first("html")
        stated = attribute(root, "lang") or attribute(root, "xml:lang") if root else ""
        data = [text for node in self.about for text in linked_data.texts(node.get("inLanguage"))]
        candidates = [
            (language_tag(stated) or "", Evidence.HTML),
            *((language_tag(text) or "", Evidence.JSON_LD) for text in data),
            (language_tag(self.one("og:locale")) or "", Evidence.OPEN_GRAPH),
            (language_tag(self.one("content-language", "dc.language", "language")) or "", Evidence.META),
        ]
        if proven := script_language(title):
            candidates = [item for item in candidates if item[0].split("-")[0] == proven] or [(proven, Evidence.TEXT)]
        return self.choose("lang", candidates) or None

    def description(self) -> str:
        """Return the page's description as the beginning of a text."""
        candidates = [
            *((linked_data.first([node], "description"), Evidence.JSON_LD) for node in self.about),
            (self.one("og:description"), Evidence.OPEN_GRAPH),
            (self.one("description", "twitter:description"), Evidence.META),
        ]
        usable = ((text, by) for text, by in candidates if not titles.is_placeholder(text))
        return self.choose("description", ((clean_summary(text, guess_kind(text)), by) for text, by in usable))

    def categories(self) -> tuple[str, ...]:
        """Return sections, then keywords, from the best evidence with either."""
        articles = [node for node in self.about if linked_data.is_article(node)][:1]
        sections = [text for node in articles for text in linked_data.texts(node.get("articleSection"))]
        keywords = [text for node in articles for text in linked_data.texts(node.get("keywords"))]
        candidates: tuple[tuple[tuple[list[str], list[str]], Evidence], ...] = (
            ((sections, keywords), Evidence.JSON_LD),
            ((self.meta.get("article:section", []), self.meta.get("article:tag", [])), Evidence.OPEN_GRAPH),
            (([], [text for name in _KEYWORDS for text in self.meta.get(name, [])][:1]), Evidence.META),
        )
        for (whole, lists), evidence in candidates:
            names = [*whole, *(part for text in lists for part in _LIST_SIGNS.split(text))]
            if categories := {plain(name, guess_kind(name)): None for name in names[:_KEYWORD_COUNT] if name.strip()}:
                self.won["categories"] = evidence
                return tuple(filter(None, categories))[:CATEGORY_LIMIT]
        return ()

    def site_name(self) -> str:
        """Return the site's name for itself."""
        publishers = [text for node in self.about for text in linked_data.texts(node.get("publisher"))]
        sites = [linked_data.first([node], "name") for node in self.nodes if "WebSite" in linked_data.types(node)]
        candidates = [
            (self.one("og:site_name"), Evidence.OPEN_GRAPH),
            *((text, Evidence.JSON_LD) for text in (*publishers, *sites)),
            (self.one("application-name"), Evidence.META),
        ]
        return self.choose("site_name", ((titles.line(text), by) for text, by in candidates))

    def refresh(self) -> str | None:
        """Return where a meta refresh leads, None if nowhere or to the page itself (HTML §4.2.5.3)."""
        match = _REFRESH.fullmatch(self.one("refresh")) if re.search(r"[a-z/]", self.one("refresh")) else None
        target = self.resolved(match["url"].strip()) if match else None
        return self.choose("refresh", [(target or "", Evidence.META)]) or None if target != self.url else None


# ── evidence ────────────────────────────────────────────────────────────────────────────────────────────────────


def _meta(page: LexborHTMLParser) -> dict[str, list[str]]:
    """Return the page's metas by name, property, itemprop or http-equiv in lower case, in the page's order."""
    metas: dict[str, list[str]] = {}
    for node in page.css("meta[content]"):
        text = string(node.attributes.get("content"))
        if "itemprop" in node.attributes and dateline.is_foreign(node):
            continue
        for key in ("property", "name", "itemprop", "http-equiv"):
            for name in attribute(node, key).lower().split():
                if text:
                    metas.setdefault(name, []).append(text)
    return metas
