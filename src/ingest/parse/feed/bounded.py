"""
feedparser without quadratic costs and excessive memory.

Measured with feedparser 6.0.14 on one core: 16,000 attributes of one element 1.7 s, an author of 32 KB 2.7 s, 20,000
categories of one entry 4.4 s, 20,000 nested namespaces 7.9 s, an `xml:base` of 100 KB above 2,000 links 500 MB. None of these
features is used here, so each is switched off at its root.
"""

from __future__ import annotations

import io
import re
from functools import lru_cache
from typing import Any, Final
from xml.sax.xmlreader import AttributesNSImpl

import feedparser
from feedparser import api
from feedparser.mixin import _FeedParserMixin

from ingest.parse.feed import expat
from ingest.parse.feed.independence import CONTEXT, ENTRIES, Independence
from ingest.parse.markup.links import absolute
from ingest.urls import MAX_LENGTH

NAMESPACES: Final = 100
"""Namespaces of a document that count. Each element is compared with all. The most in a recording is 17."""


BASE: Final = "ingest_base"
"""The key for the `xml:base` of a link in an entry or a feed."""

# ── what feedparser is spared ───────────────────────────────────────────────────────────────────────────────────

# It takes `media:description`, the caption of a picture, for the entry's summary when it comes first (blog.google).
_CAPTION: Final = re.compile(r"(</?media:)description\b")
# It counts an empty `link` as one and then does not look at a guid that is a permalink.
_EMPTY_LINK: Final = re.compile(r"<link>\s*</link>|<link\s*/>")
# It resolves an empty `href` to the address of the feed itself, which is no entry's page.
_EMPTY_HREF: Final = re.compile(r"(<(?:\w+:)?link\b[^<>]*?)\shref\s*=\s*(?:\"\"|'')")
# It fails as a whole on a place that it cannot read (`KeyError: 'where'`), and places are of no use to us.
_PLACE: Final = re.compile(r"<((?:georss|gml|geo):\w+)(?:\s[^<>]*)?>[^<]*</\1\s*>")
# CDATA inside CDATA ends at the first end, and the second is no XML.
_TWICE: Final = re.compile(
    r"<!\[CDATA\[\s*+(?:<!\[CDATA\[\s*+){1,4}((?:(?!\]\]>|<!\[CDATA\[).)*+)(?:\]\]>\s*+){2,5}", re.DOTALL
)


class _Details(feedparser.FeedParserDict):  # type: ignore[misc] # feedparser ships no types
    """The details of a text. All are strings and numbers, which need no deep copy."""

    def __deepcopy__(self, _: object) -> feedparser.FeedParserDict:
        """Copy the dictionary."""
        return feedparser.FeedParserDict(self)


class _Bounds(_FeedParserMixin):  # type: ignore[misc] # feedparser ships no types
    """Limits for both readers of feedparser: the one for XML and the one for ill-formed markup."""

    def __init__(self, baseuri: str, *args: object) -> None:
        super().__init__("", *args)
        self._address = baseuri

    def resolve_uri(self, uri: str) -> str:
        """Resolve against `xml:base` only. The other bases of a link are those of the whole feed."""
        if not self.baseuri:
            written: str = super().resolve_uri(uri)
            return written
        resolved = absolute(uri, self.baseuri)
        if resolved != uri:
            self._get_context()[BASE] = self.baseuri
        return resolved

    def _sync_author_detail(self, key: str = "author") -> None:
        """Skip the search for addresses in authors. They are not used, and the expression backtracks over the whole text."""

    def _add_tag(self, term: str | None, scheme: str | None, label: str | None) -> None:
        """Add a category without a comparison with all the others. They become unique later."""
        tags = self._get_context().setdefault("tags", [])
        if term or scheme or label:
            tags.append(feedparser.FeedParserDict(term=term, scheme=scheme, label=label))

    def push_content(self, tag: str, attrs_d: dict[str, str], default_content_type: str, expecting_text: int) -> None:
        """Begin a text, with details that are copied fast."""
        super().push_content(tag, attrs_d, default_content_type, expecting_text)
        self.contentparams = _Details(self.contentparams)  # type: ignore[has-type] # feedparser ships no types

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        """Ignore namespaces beyond the limit. Their elements have no meaning then."""
        if len(self.namespaces_in_use) < NAMESPACES:
            super().track_namespace(prefix, uri)

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        """Ignore a base longer than any address, because every link would repeat it."""
        kept = [(name, self._based(name, value)) for name, value in attrs]
        super().unknown_starttag(tag, [(name, value) for name, value in kept if value is not None])

    def _based(self, name: str, value: str) -> str | None:
        """Return an attribute's value, with a base made absolute (XML Base §4.2), and None for an invalid base."""
        if name.lower() not in {"xml:base", "base"}:
            return value
        based = _resolved(value, self.baseuri or self._address) if len(value) <= MAX_LENGTH else ""
        return based if based.lower().startswith(("http://", "https://")) else None


@lru_cache(maxsize=256)
def _resolved(base: str, against: str) -> str:
    """Resolve a base. Most bases of a document are equal, and 20,000 nested ones would take 5 s."""
    return absolute(base, against)


class _NamedAttributes(AttributesNSImpl):
    """Attributes by their names. `xml.sax` searches all of them for each lookup."""

    def __init__(self, attributes: AttributesNSImpl) -> None:
        names = {name: attributes.getQNameByName(name) for name in attributes.getNames()}
        super().__init__(dict(attributes.items()), names)
        self._by_qname = {qname: attributes[name] for name, qname in names.items()}

    def getValueByQName(self, name: str) -> str:  # noqa: N802 - the name is SAX's
        """Return the value of an attribute by its qualified name."""
        return self._by_qname[name]


class _Strict(_Bounds, api.StrictFeedParser):  # type: ignore[misc] # feedparser ships no types
    """The reader of well-formed XML. It also notes whether the entries are read independently of one another."""

    def __init__(self, baseuri: str, *args: object) -> None:
        super().__init__(baseuri, *args)
        self._independence = Independence()

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        """Begin an element."""
        if tag in ENTRIES:
            self._independence.begin(self)
        super().unknown_starttag(tag, attrs)

    def unknown_endtag(self, tag: str) -> None:
        """End an element."""
        super().unknown_endtag(tag)
        if tag in ENTRIES:
            self._independence.note(self)
            dict.__setitem__(self.feeddata, CONTEXT, self._independence.context)

    def startElementNS(  # noqa: N802 - the name is SAX's
        self, name: tuple[str | None, str], qname: str | None, attrs: AttributesNSImpl
    ) -> None:
        """Begin an element."""
        super().startElementNS(name, qname, _NamedAttributes(attrs) if len(attrs) > 1 else attrs)


class _Loose(_Bounds, api.LooseFeedParser):  # type: ignore[misc] # feedparser ships no types
    """The reader of everything else."""


# `feedparser.parse` takes its readers from these names and offers no other way to choose them.
api.StrictFeedParser, api.LooseFeedParser = _Strict, _Loose
api.PREFERRED_XML_PARSERS = [expat.__name__]


def spared(markup: str) -> str:
    """Remove the markup that misleads feedparser."""
    markup = _TWICE.sub(r"<![CDATA[\1]]>", _CAPTION.sub(r"\1caption", markup))
    markup = _EMPTY_HREF.sub(r"\1", _EMPTY_LINK.sub("", markup))
    return _PLACE.sub("", markup)


def parse(markup: str, address: str) -> dict[str, Any]:
    """
    Call feedparser. No other function does.

    It gets bytes in memory, never a name, with headers for encoding and address. It resolves and sanitises nothing.
    """
    parsed: dict[str, Any] = feedparser.parse(
        io.BytesIO(markup.encode()),
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": address},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    return parsed
