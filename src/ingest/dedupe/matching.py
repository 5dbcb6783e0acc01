"""
Entries of a document matched with claims of their source (docs/decisions/0003).

Four facts can agree: guid, page, title and time. Two of them make one entry. The surest of several possible pairs is
taken first, and each entry and each claim is taken once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time
from typing import Final

from ingest.dedupe.keys import Offer, keys
from ingest.dedupe.known import Known, KnownClaim
from ingest.model import Precision, Source

_TITLE: Final = 8
_TIME: Final = 4
_PAGE: Final = 2
_GUID: Final = 1
"""The weight of an agreement: titles are unique more often than times, times more often than shared pages or guids."""

_MOST: Final = 20
"""Claims considered for one place and one title or time. More would cost the square of a hostile document."""

Place = tuple[str, str]


def is_same_time(claim: KnownClaim, offer: Offer) -> bool:
    """Whether both have the same time to the second. A bare day proves nothing, since days are shared."""
    published = offer.candidate.published
    return (
        published.value is not None and published.precision is Precision.SECOND and claim.published == published.value
    )


def is_same_title(claim: KnownClaim, offer: Offer) -> bool:
    """Whether both have the same title. An address without a title has none."""
    return claim.title != "" and claim.title == offer.candidate.title


def is_settled(claim: KnownClaim, offer: Offer) -> bool:
    """Whether an entry is so plainly the one of the claim with its name that no other claim need be considered."""
    candidate = offer.candidate
    if claim.page != offer.page or candidate.guid not in {None, claim.raw_key}:
        return False
    return not candidate.title or (is_same_title(claim, offer) and claim.published == candidate.published.value)


class Matching:
    """The claims continued by the entries of one document."""

    def __init__(self, offers: Sequence[Offer], names: Mapping[int, str], known: Known, source: Source) -> None:
        self._names = names
        self._known = known
        self._source = source
        self._claims = dict(sorted({**known.noted, **known.claims}.items()))
        self._at: dict[Place, list[KnownClaim]] = defaultdict(list)
        for claim in self._claims.values():
            for place in _places(claim.raw_key, claim.page):
                self._at[place].append(claim)
        self._told = {place: _by_words(claims) for place, claims in self._at.items()}
        self._crowd = Counter(place for offer in offers for place in _places(offer.candidate.guid, offer.page))
        self._taken: set[str] = set()
        self._found = self._take(offers)

    def claim_of(self, offer: Offer) -> KnownClaim | None:
        """Return the claim continued by an entry."""
        return self._found.get(offer.candidate.position)

    def is_taken(self, claim: KnownClaim) -> bool:
        """Whether an entry of the document goes on with a claim."""
        return claim.entry_key in self._taken

    def is_shared(self, place: Place) -> bool:
        """Whether several entries share a guid or page, in the document or in the store."""
        return self._crowd[place] > 1 or len({_identity(claim) for claim in self._at.get(place, ())}) > 1

    def is_alike(self, claim: KnownClaim, offer: Offer, place: Place) -> bool:
        """Whether title or time agree with a claim of the same guid or page. On a shared one, midnight is a day."""
        if is_same_title(claim, offer):
            return True
        value = offer.candidate.published.value
        if value is None or not is_same_time(claim, offer):
            return False
        return value.time() != time() or not self.is_shared(place)

    def _take(self, offers: Sequence[Offer]) -> dict[int, KnownClaim]:
        pairs = [pair for offer in offers for pair in self._pairs(offer)]
        chosen: dict[int, KnownClaim] = {}
        for _, _, position, claim in sorted(pairs, key=lambda pair: pair[:2]):
            if position not in chosen and claim.entry_key not in self._taken:
                chosen[position] = claim
                self._taken.add(claim.entry_key)
        return chosen

    def _pairs(self, offer: Offer) -> Iterator[tuple[int, tuple[str, ...], int, KnownClaim]]:
        """List the possible claims of an entry with their ranks. The content of the entry breaks ties."""
        candidate = offer.candidate
        name = self._names[candidate.position]
        moment = candidate.published.value.isoformat() if candidate.published.value else ""
        for claim in {claim.entry_key: claim for claim in self._eligible(offer, name)}.values():
            weight = (
                _TITLE * is_same_title(claim, offer)
                + _TIME * is_same_time(claim, offer)
                + _PAGE * (claim.page == offer.page)
                + _GUID * (candidate.guid is not None and claim.raw_key == candidate.guid)
            )
            ties = (str(claim.entry_key != name), moment, candidate.raw_key, offer.url.text, candidate.title)
            yield -weight, (*ties, claim.entry_key), candidate.position, claim

    def _eligible(self, offer: Offer, name: str) -> Iterator[KnownClaim]:
        places = _places(offer.candidate.guid, offer.page)
        own = self._claims.get(name)
        if offer.name:  # its list was by_fact apart before; the other entries are not in sight while one page is read
            yield from () if own is None else (own,)
            return
        if own is not None and is_settled(own, offer):
            yield own
            return
        if own is not None and self.is_alike(own, offer, places[0]):
            yield own
        for place in places:
            by_fact = self._told.get(place, {})
            for fact in (offer.candidate.title, offer.candidate.published.value):
                yield from (claim for claim in by_fact.get(fact, ())[:_MOST] if self.is_alike(claim, offer, place))
        yield from self._by_key(offer)
        yield from self._by_place(offer)

    def _by_key(self, offer: Offer) -> Iterator[KnownClaim]:
        """Return all claims ever reached by a guid or page."""
        for key in keys(offer, self._source):
            place = ("guid", offer.candidate.guid or "") if key.kind == "guid" else ("page", offer.page)
            claims = self._known.claims_of.get(self._known.by_key.get(key, ""), ())
            yield from (claim for claim in claims if self.is_alike(claim, offer, place))

    def _by_place(self, offer: Offer) -> Iterable[KnownClaim]:
        """
        Return the claims with the same guid and page, or without guids the same page.

        Title and time may both be edited.
        """
        *by_guid, by_page = _places(offer.candidate.guid, offer.page)
        if self.is_shared(by_page):
            return ()
        claims = self._at.get(by_page, ())
        if by_guid:
            return [claim for claim in claims if self._has_guid(claim, offer)]
        return [claim for claim in claims if claim.entry_key.startswith("url ")]

    def _has_guid(self, claim: KnownClaim, offer: Offer) -> bool:
        if claim.raw_key == offer.candidate.guid:
            return True
        guid = next((key for key in keys(offer, self._source) if key.kind == "guid"), None)
        return guid is not None and bool(claim.headline_id) and self._known.by_key.get(guid) == claim.headline_id


def _places(guid: str | None, page: str) -> list[Place]:
    return [("page", page)] if guid is None else [("guid", guid), ("page", page)]


def _identity(claim: KnownClaim) -> str:
    """Return the subject of a claim: a headline, or an entry without one."""
    return claim.headline_id or f"\n{claim.entry_key}"


def _by_words(claims: Iterable[KnownClaim]) -> dict[str | datetime | None, list[KnownClaim]]:
    by_fact: dict[str | datetime | None, list[KnownClaim]] = defaultdict(list)
    for claim in claims:
        by_fact[claim.title].append(claim)
        if claim.published is not None:
            by_fact[claim.published].append(claim)
    return by_fact
