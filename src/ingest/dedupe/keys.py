"""Ids, keys, names and digests of entries. The ingredients of an id never change (docs/decisions/0001)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ingest.model import Candidate, Precision, Scope, Source
from ingest.urls import Url, page_key

KEY_LENGTH: Final = 500
"""Characters of a key stored as they are. PostgreSQL cannot index rows of more than about 2,700 bytes."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a headline. Its `owner` is a source id for a guid, a vendor id for a page."""

    owner: str
    kind: Literal["guid", "url"]
    value: str


@dataclass(frozen=True, slots=True)
class Offer:
    """
    A candidate with an admitted address and its scope.

    page: page key of the address in the source's list
    canonical: page key of the canonical address of the page itself, often the same
    list_digest: digest of the list's own claim, where the page was opened
    name: entry key of the waiting entry
    alternates: admitted addresses of the page's other languages
    """

    candidate: Candidate
    url: Url
    scope: Scope
    page: str = ""
    canonical: str = ""
    list_digest: str = ""
    name: str = ""
    alternates: tuple[tuple[str, Url, Scope], ...] = ()

    @classmethod
    def of(cls, candidate: Candidate, url: Url, scope: Scope) -> Offer:
        """Make an offer with the key of its page."""
        return cls(candidate, url, scope, page_key(url))


def headline_id(vendor_id: str, source_id: str, raw_key: str, repeat: int = 0) -> str:
    """
    Make the id of a headline, stable for ever, without anything that rules may change (docs/decisions/0001).

    It is `h` and 20 characters of base32, 100 bits: among 10^9 headlines the odds of one collision are below 10^-12.
    """
    material = "\0".join((vendor_id, source_id, raw_key, str(repeat))).encode("utf-8", "surrogatepass")
    return "h" + base64.b32encode(hashlib.sha256(material).digest()).decode("ascii").lower()[:20]


def key_text(text: str) -> str:
    """Bound a key's length: the start is kept readable, the rest becomes a sha256."""
    if len(text) <= KEY_LENGTH:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return text[: KEY_LENGTH - len(digest) - 1] + "…" + digest


def title_key(title: str) -> str:
    """Make the key of a title, in any case: 32 hex digits of a sha256."""
    return hashlib.sha256(title.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:32]


def entry_keys(offers: Sequence[Offer]) -> list[str]:
    """
    Name each entry within its document: by guid, else by page.

    The page joins the name where one document gives a guid to several pages. The title joins it where several entries
    share a page without a guid, or with the same one, and the time to the second where they also share the title. Two
    entries of one name are one entry listed twice.
    """
    pages_of: dict[str, set[str]] = defaultdict(set)
    for offer in offers:
        if offer.candidate.guid is not None:
            pages_of[offer.candidate.guid].add(offer.page)
    names = [offer.name or _name(offer, pages_of) for offer in offers]
    names = _told_apart(names, [offer.candidate.title for offer in offers])
    return [key_text(name) for name in _told_apart(names, [_moment(offer) for offer in offers])]


def _name(offer: Offer, pages_of: dict[str, set[str]]) -> str:
    guid = offer.candidate.guid
    if guid is None:
        return f"url {offer.page}"
    return f"guid {guid}" if len(pages_of[guid]) == 1 else f"guid {guid}\n{offer.page}"


def _told_apart(names: Sequence[str], values: Sequence[str]) -> list[str]:
    """Add a value to each name shared by several values. An empty value adds nothing."""
    values_of: dict[str, set[str]] = defaultdict(set)
    for name, value in zip(names, values, strict=True):
        values_of[name].add(value)
    several = {name for name, distinct in values_of.items() if len(distinct - {""}) > 1}
    return [
        f"{name}\n{value}" if value and name in several else name for name, value in zip(names, values, strict=True)
    ]


def _moment(offer: Offer) -> str:
    published = offer.candidate.published
    is_exact = published.value is not None and published.precision is Precision.SECOND
    return published.value.isoformat() if published.value is not None and is_exact else ""


def names(offer: Offer, name: str) -> list[str]:
    """
    List the possible names of an entry in the claims of its source, the plainest first.

    A name stays with its first entry. Another entry gets the next free one.
    """
    title, page = offer.candidate.title, offer.page
    longer = [name, f"{name}\n{page}", f"{name}\n{page}\n{title}", f"{name}\n{page}\n{title}\n{_moment(offer)}"]
    return list(dict.fromkeys(map(key_text, longer)))


def keys(offer: Offer, source: Source) -> tuple[Key, ...]:
    """List the keys an offer is looked up by, each once, strongest first."""
    pages = [Key(source.vendor_id, "url", key_text(page)) for page in (offer.page, offer.canonical) if page]
    guid = offer.candidate.guid
    return tuple(dict.fromkeys(pages if guid is None else (Key(source.id, "guid", key_text(guid)), *pages)))


def claim_digest(offer: Offer) -> str:
    """
    Digest a source's claim about an entry: 32 hex digits of the parts of a revision, a dot, 32 of the rest.

    Page, title, date and language make a revision, another spelling of the page does not. Summary and categories are
    the rest: feeds cut and reword them constantly, so they are kept with the claim and shown from the next revision on.
    """
    if offer.list_digest:
        return offer.list_digest
    candidate = offer.candidate
    published = candidate.published
    moment = published.value.isoformat() if published.value else None
    facts = [offer.page, candidate.title, moment, published.precision.value, candidate.lang]
    return f"{_digest(facts)}.{_digest([offer.url.text, candidate.summary, *candidate.categories])}"


def same_facts(one: str, other: str) -> bool:
    """Whether two claims, by their digests, agree in all parts of a revision."""
    return one.partition(".")[0] == other.partition(".")[0]


def _digest(parts: list[str | None]) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:32]
