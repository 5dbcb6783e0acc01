"""By what an entry is known again: ids, keys, names, digests. What goes into an id never changes (docs/decisions/0001)."""

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
"""Characters of a key that are stored as they are; PostgreSQL cannot index rows of more than about 2,700 bytes."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a headline is found by: `owner` is a source id for a guid, a vendor id for a page."""

    owner: str
    kind: Literal["guid", "url"]
    value: str


@dataclass(frozen=True, slots=True)
class Offer:
    """
    A candidate whose address was admitted, with the scope that admitted it.

    `page` is the key of the page by which its source lists it, however that is spelled, `canonical` that of the page's own
    address where the page says another; often the two are one. `said` is the digest of the list's own words where the page
    was opened for more: the list is compared with itself. `name` is the name under which the list's entry waited for its
    page. `alternates` are the page's other languages, each admitted.
    """

    candidate: Candidate
    url: Url
    scope: Scope
    page: str = ""
    canonical: str = ""
    said: str = ""
    name: str = ""
    alternates: tuple[tuple[str, Url, Scope], ...] = ()

    @classmethod
    def of(cls, candidate: Candidate, url: Url, scope: Scope) -> Offer:
        """Make an offer with the key of its page."""
        return cls(candidate, url, scope, page_key(url))


def headline_id(vendor_id: str, source_id: str, raw_key: str, repeat: int = 0) -> str:
    """
    Make the id of a headline: stable for ever, from nothing that rules may change (docs/decisions/0001).

    `h` and 20 characters of base32, that is 100 bits: among 10^9 headlines the odds of one collision are below 10^-12.
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
    """Make the key of a title, whatever its case: 32 hex digits of a sha256."""
    return hashlib.sha256(title.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:32]


def entry_keys(offers: Sequence[Offer]) -> list[str]:
    """
    Name each entry within its document: by guid, else by page.

    Where one document gives a guid to several pages, the page belongs to the name; where it has several entries on one page
    without a guid, or with the same one, the title does; and where those have one title, the time to the second does. Two
    entries of one name say the same, so they are one entry that is listed twice.
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
    """Add a value to each name that several values have; an empty one tells nothing apart."""
    values_of: dict[str, set[str]] = defaultdict(set)
    for name, value in zip(names, values, strict=True):
        values_of[name].add(value)
    several = {name for name, found in values_of.items() if len(found - {""}) > 1}
    return [
        f"{name}\n{value}" if value and name in several else name for name, value in zip(names, values, strict=True)
    ]


def _moment(offer: Offer) -> str:
    published = offer.candidate.published
    is_exact = published.value is not None and published.precision is Precision.SECOND
    return published.value.isoformat() if published.value is not None and is_exact else ""


def names(offer: Offer, name: str) -> list[str]:
    """
    List the names that an entry may get in the claims of its source, the plainest first.

    A name there stays with the entry that got it first; another one gets the next that is free.
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
    Digest what a source says of an entry: 32 hex digits of what makes a revision, a dot, 32 of the rest.

    Page, title, date and language make one; another spelling of the page does not. Summary and categories are the rest:
    feeds cut and reword them at every turn, so they are kept with the claim and shown from the next revision on.
    """
    if offer.said:
        return offer.said
    candidate = offer.candidate
    published = candidate.published
    moment = published.value.isoformat() if published.value else None
    facts = [offer.page, candidate.title, moment, published.precision.value, candidate.lang]
    return f"{_digest(facts)}.{_digest([offer.url.text, candidate.summary, *candidate.categories])}"


def same_facts(one: str, other: str) -> bool:
    """Say whether two claims, by their digests, differ in nothing that makes a revision."""
    return one.partition(".")[0] == other.partition(".")[0]


def _digest(said: list[str | None]) -> str:
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:32]
