from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ingest import urls
from ingest.dedupe import (
    BULK_ENTRIES,
    KEY_LENGTH,
    Decision,
    Known,
    KnownClaim,
    KnownHeadline,
    Offer,
    headline_id,
    key_text,
    keys,
    reconcile,
    title_key,
)
from ingest.model import Candidate, Dated, EntryOutcome, Grant, Kind, Precision, Scope, Source

NOW = datetime(2026, 5, 22, 12, tzinfo=UTC)
NEWS = Source(id="acme/news", vendor_id="acme", kind=Kind.FEED, url="https://www.acme.com/feed.xml", digest="0")
BLOG = replace(NEWS, id="acme/blog", url="https://www.acme.com/blog.xml")
SCOPE = Scope(Grant.OFFICIAL, "www.acme.com", "www.acme.com")


def offer(
    path: str = "/news/a",
    *,
    guid: str | None = "a",
    title: str = "Acme opens",
    published: datetime | None = NOW,
    precision: Precision = Precision.SECOND,
    position: int = 0,
) -> Offer:
    url = urls.parse(f"https://www.acme.com{path}")
    candidate = Candidate(
        position=position,
        raw_key=guid or url.text,
        guid=guid,
        url=url.text,
        title=title,
        title_original=title,
        summary="",
        lang="en",
        categories=(),
        published=Dated(published, precision if published else Precision.NONE),
    )
    return Offer.of(candidate, url, SCOPE)


def remember(known: Known, decisions: Sequence[Decision], source: Source = NEWS) -> Known:
    """What the store would know after these decisions were written."""
    by_key = dict(known.by_key)
    heads = dict(known.headlines)
    claims = {} if source is not NEWS else dict(known.claims)
    repeats = dict(known.repeats)
    for built in decisions:
        by_key |= dict.fromkeys(built.new_keys, built.headline_id)
        candidate = built.offer.candidate
        if built.fate is EntryOutcome.CREATED:
            heads[built.headline_id] = KnownHeadline(built.headline_id, source.id, candidate.title, "live", 1)
            repeats[candidate.raw_key] = repeats.get(candidate.raw_key, 0) + 1
        if built.fate is EntryOutcome.REVISED:
            heads[built.headline_id] = replace(
                heads[built.headline_id], title=candidate.title, revision=built.revision, state="live"
            )
        if built.claim_changed:
            claims[built.entry_key] = KnownClaim(
                built.entry_key,
                built.headline_id,
                candidate.title,
                candidate.published.value,
                built.claim_digest,
                built.offer.page,
                candidate.raw_key,
                candidate.lang,
            )
    of: dict[str, tuple[KnownClaim, ...]] = {}
    titled: dict[str, tuple[KnownClaim, ...]] = {}
    for claim in claims.values():
        of[claim.headline_id] = (*of.get(claim.headline_id, ()), claim)
        titled[title_key(claim.title)] = (*titled.get(title_key(claim.title), ()), claim)
    return Known(by_key, heads, claims, of, titled, repeats, first_fill=False)


def without_claims(known: Known) -> Known:
    """The same headlines as another source of the vendor sees them."""
    return replace(known, claims={}, claims_of={}, repeats={})


def decide(known: Known, *offers: Offer, source: Source = NEWS, at: datetime = NOW) -> list[Decision]:
    placed = [
        replace(built, candidate=replace(built.candidate, position=position)) for position, built in enumerate(offers)
    ]
    return reconcile(placed, known, source=source, at=at)


def outcomes(decisions: Sequence[Decision]) -> list[EntryOutcome]:
    return [decision.fate for decision in decisions]


def test_an_unknown_entry_is_created_and_the_same_one_again_is_seen() -> None:
    first = decide(Known(), offer())
    again = decide(remember(Known(), first), offer())

    assert outcomes(first) == [EntryOutcome.CREATED]
    assert outcomes(again) == [EntryOutcome.SEEN]
    assert again[0].headline_id == first[0].headline_id
    assert not again[0].claim_changed
    assert again[0].new_keys == ()


def test_an_edited_title_is_a_revision_of_the_same_headline() -> None:
    first = decide(Known(), offer())
    edited = decide(remember(Known(), first), offer(title="Acme opens a lab"))

    assert outcomes(edited) == [EntryOutcome.REVISED]
    assert edited[0].headline_id == first[0].headline_id
    assert edited[0].revision == 2


def test_a_moved_link_is_a_revision_and_adds_the_new_address_as_key() -> None:
    first = decide(Known(), offer())
    moved = decide(remember(Known(), first), offer("/newsroom/a"))

    assert outcomes(moved) == [EntryOutcome.REVISED]
    assert [key.value for key in moved[0].new_keys] == ["acme.com/newsroom/a"]


def test_the_same_page_from_another_source_is_a_duplicate_whatever_its_title() -> None:
    known = remember(Known(), decide(Known(), offer()))
    other = decide(without_claims(known), offer(guid="b-1", title="Acme lab opens"), source=BLOG)

    assert outcomes(other) == [EntryOutcome.DUPLICATE]
    assert other[0].claim_changed


def test_two_sources_that_title_one_page_differently_never_flip_flop() -> None:
    known = remember(Known(), decide(Known(), offer()))
    other = offer(guid="b-1", title="Acme lab opens")
    reported = remember(without_claims(known), decide(without_claims(known), other, source=BLOG), source=BLOG)
    again = decide(reported, other, source=BLOG)
    retold = decide(reported, offer(guid="b-1", title="Acme lab opens today"), source=BLOG)

    assert outcomes(again) == [EntryOutcome.SEEN]
    assert outcomes(retold) == [EntryOutcome.SEEN]
    assert retold[0].claim_changed


def test_guid_churn_with_the_same_title_creates_nothing() -> None:
    known = remember(Known(), decide(Known(), offer()))
    churned = decide(known, offer(guid="https://www.acme.com/?p=1"))

    assert outcomes(churned) == [EntryOutcome.SEEN]
    assert [key.kind for key in churned[0].new_keys] == ["guid"]


def test_several_announcements_that_share_a_page_stay_apart() -> None:
    crowd = [offer("/changelog", guid=f"g{n}", title=f"Release {n}") for n in range(3)]
    first = decide(Known(), *crowd)
    again = decide(remember(Known(), first), *crowd)

    assert outcomes(first) == [EntryOutcome.CREATED] * 3
    assert len({decision.headline_id for decision in first}) == 3
    assert outcomes(again) == [EntryOutcome.SEEN] * 3


def test_a_new_announcement_on_a_known_page_is_created() -> None:
    known = remember(Known(), decide(Known(), offer("/changelog", guid="g1", title="Release 1")))
    later = offer("/changelog", guid="g2", title="Release 2", published=NOW + timedelta(days=7))

    assert outcomes(decide(known, later)) == [EntryOutcome.CREATED]
    assert sorted(outcomes(decide(known, later, offer("/changelog", guid="g1", title="Release 1")))) == [
        EntryOutcome.CREATED,
        EntryOutcome.SEEN,
    ]


def test_entries_without_guid_that_share_a_page_are_distinguished_by_title() -> None:
    crowd = [offer("/log", guid=None, title=f"Week {n}") for n in range(3)]
    first = decide(Known(), *crowd)
    again = decide(remember(Known(), first), *crowd)

    assert outcomes(first) == [EntryOutcome.CREATED] * 3
    assert outcomes(again) == [EntryOutcome.SEEN] * 3


def test_one_entry_listed_twice_is_created_once() -> None:
    assert sorted(outcomes(decide(Known(), offer(), offer()))) == [EntryOutcome.CREATED, EntryOutcome.DUPLICATE]


def test_a_revoked_headline_under_an_official_address_again_is_restored() -> None:
    known = remember(Known(), decide(Known(), offer()))
    (built,) = known.headlines
    revoked = replace(known, headlines={built: replace(known.headlines[built], state="revoked")})

    (back,) = decide(revoked, offer())

    assert back.fate is EntryOutcome.REVISED
    assert back.restores


def test_a_withdrawn_headline_stays_withdrawn_when_its_entry_changes() -> None:
    known = remember(Known(), decide(Known(), offer()))
    (built,) = known.headlines
    withdrawn = replace(known, headlines={built: replace(known.headlines[built], state="withdrawn")})

    assert outcomes(decide(withdrawn, offer(title="Acme opens again"))) == [EntryOutcome.SEEN]


def test_old_and_undated_entries_of_a_first_fill_are_backfill_and_fresh_ones_are_not() -> None:
    old = offer("/old", guid="old", published=NOW - timedelta(hours=49))
    undated = offer("/undated", guid="undated", published=None)
    fresh = offer("/fresh", guid="fresh", published=NOW - timedelta(hours=47))

    built = {d.offer.candidate.guid: d.backfill for d in decide(Known(first_fill=True), old, undated, fresh)}

    assert built == {"old": True, "undated": True, "fresh": False}


def test_a_late_entry_among_known_ones_is_not_backfill_but_a_bulk_appearance_is() -> None:
    old = [offer(f"/o{n}", guid=f"o{n}", published=NOW - timedelta(days=9)) for n in range(BULK_ENTRIES)]

    assert not any(built.backfill for built in decide(Known(), *old[:-1]))
    assert all(built.backfill for built in decide(Known(), *old))


def test_the_id_depends_on_vendor_source_raw_key_and_repeat_only() -> None:
    ids = {
        headline_id("acme", "acme/news", "a"),
        headline_id("acme", "acme/news", "a", 1),
        headline_id("acme", "acme/blog", "a"),
        headline_id("other", "acme/news", "a"),
    }

    assert len(ids) == 4
    assert headline_id("acme", "acme/news", "a") == "hyuzy7tgk3glqkbw4li24"


def test_long_keys_are_bounded_and_stay_distinct() -> None:
    long = "g" * 5000

    assert len(key_text(long)) == KEY_LENGTH
    assert key_text(long + "1") != key_text(long + "2")
    assert key_text("short") == "short"
    assert all(len(key.value) <= KEY_LENGTH for key in keys(offer(guid=long), NEWS))


@given(st.permutations(range(6)), st.lists(st.sampled_from("abc"), min_size=6, max_size=6))
def test_decisions_do_not_depend_on_the_order_of_entries(order: list[int], guids: list[str]) -> None:
    crowd = [offer(f"/{guid}", guid=guid, title=f"T{number % 2}") for number, guid in enumerate(guids)]

    straight = decide(Known(first_fill=True), *crowd)
    shuffled = decide(Known(first_fill=True), *(crowd[place] for place in order))

    def essence(decisions: Sequence[Decision]) -> list[tuple[str, str, str]]:
        return sorted((built.headline_id, built.fate, built.offer.candidate.title) for built in decisions)

    assert essence(straight) == essence(shuffled)
