"""Identity by its table: every row is reached by a situation of the world, and the decision note says the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.dedupe import BULK_ENTRIES, TABLE, Decision, Known, Offer, Own, Page, churn
from ingest.model import EntryOutcome
from unit.test_dedupe import BLOG, NOW, decide, offer, outcomes, remember, without_claims

NOTE = Path(__file__).parents[2] / "docs/decisions/0003-identity.md"
LATER = NOW + timedelta(days=3)


def known(*offers: Offer) -> Known:
    """What is known after these entries were seen once."""
    return remember(Known(), decide(Known(), *offers))


def known_of_others(*offers: Offer) -> Known:
    """The entries of another source of the vendor."""
    return without_claims(remember(Known(), decide(Known(), *offers, source=BLOG), source=BLOG))


def both(own: Known, others: Known) -> Known:
    return Known(
        {**others.by_key, **own.by_key},
        {**others.headlines, **own.headlines},
        own.claims,
        own.claims_of,
        own.claims_titled,
        own.repeats,
    )


def test_every_pair_of_facts_has_its_row_and_the_note_says_the_same() -> None:
    assert set(TABLE) == set(product(Own, Page))
    rows = re.findall(r"^\| (goes on|moved|none) \| ([a-z, ]+) \| ([a-z ]+) \|$", NOTE.read_text(), re.MULTILINE)
    assert {(Own(own), Page(page)): verdict for own, page, verdict in rows} == {
        facts: verdict.value for facts, verdict in TABLE.items()
    }


# ── the name agrees ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "edited",
    [
        offer(title="Acme opens a lab"),
        offer(published=LATER),
        offer(title="Acme opens a lab", published=LATER),
        offer("/news/b"),
        offer("/news/b", title="Acme opens a lab"),
        offer("/news/b", published=LATER),
    ],
)
def test_with_its_name_an_entry_may_change_all_but_one_of_page_title_and_time(edited: Offer) -> None:
    (first,) = known(offer()).headlines
    (decision,) = decide(known(offer()), edited)
    assert (decision.fate, decision.headline_id) == (EntryOutcome.REVISED, first)


def test_with_its_name_an_entry_may_move_to_a_page_that_another_headline_has() -> None:
    there = known(offer(), offer("/news/b", guid="b", title="Borea closes", published=LATER))
    (decision,) = decide(there, offer("/news/b"))
    assert (decision.fate, decision.headline_id) == (EntryOutcome.REVISED, decide(Known(), offer())[0].headline_id)
    assert decision.new_keys == ()  # the page stays the other's: keys never merge two headlines


# ── the name was given to another article ───────────────────────────────────────────────────────────────────────

REUSED = offer("/news/z", title="Something else", published=LATER)


def test_a_guid_used_for_another_article_makes_a_new_headline_that_is_known_from_then_on() -> None:
    before = known(offer())
    (decision,) = decide(before, REUSED)
    assert (decision.fate, decision.repeat) == (EntryOutcome.CREATED, 1)
    assert decision.headline_id not in before.headlines
    assert outcomes(decide(remember(before, [decision]), REUSED)) == [EntryOutcome.SEEN]


def test_guids_that_count_positions_lead_to_the_pages_when_they_shift() -> None:
    """Some generators number their items from the top: after a new one every guid means the next article."""
    before = [offer(f"/news/{n}", guid=str(n), title=f"T{n}", published=NOW - timedelta(days=n)) for n in range(4)]
    shifted = [
        offer(f"/news/{n}", guid=str(n + 1), title=f"T{n}", published=NOW - timedelta(days=n)) for n in range(-1, 3)
    ]
    decisions = decide(known(*before), *shifted)
    assert sorted(outcomes(decisions)) == [
        EntryOutcome.CREATED,
        EntryOutcome.SEEN,
        EntryOutcome.SEEN,
        EntryOutcome.SEEN,
    ]


def test_a_guid_used_for_an_article_that_another_source_has_is_that_one() -> None:
    there = both(known(offer()), known_of_others(REUSED))
    assert outcomes(decide(there, REUSED)) == [EntryOutcome.DUPLICATE]


def test_one_guid_for_all_entries_of_a_document_costs_none_of_them() -> None:
    crowd = [offer(f"/news/{n}", guid="1", title=f"T{n}", published=NOW - timedelta(days=n)) for n in range(3)]
    first = decide(Known(), *crowd)
    assert outcomes(first) == [EntryOutcome.CREATED] * 3
    assert outcomes(decide(remember(Known(), first), *crowd)) == [EntryOutcome.SEEN] * 3


# ── the name is unknown ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path", ["/news/a/", "/news//a", "/news/a/index.html", "/news/a?utm_source=rss", "/news/a/amp/"]
)
def test_the_spelling_of_a_page_is_no_news(path: str) -> None:
    for guid in ("a", "https://www.acme.com/news/a", None):
        assert outcomes(decide(known(offer(guid=guid)), offer(path, guid=guid))) == [EntryOutcome.SEEN]


def test_on_a_page_of_others_an_entry_is_a_duplicate_and_several_with_other_titles_are_new() -> None:
    page = offer("/changelog", title="Release 1")
    there = known_of_others(page)
    assert outcomes(decide(there, offer("/changelog", guid="x", title="Another title"))) == [EntryOutcome.DUPLICATE]
    crowd = (offer("/changelog", guid="x", title="Release 2"), offer("/changelog", guid="y", title="Release 1"))
    assert sorted(outcomes(decide(there, *crowd))) == [EntryOutcome.CREATED, EntryOutcome.DUPLICATE]


def test_a_new_guid_on_a_page_is_the_old_entry_when_that_is_gone_and_title_or_time_agree() -> None:
    for again in (offer(guid="n"), offer(guid="n", title="Edited"), offer(guid="n", published=LATER)):
        assert outcomes(decide(known(offer()), again))[0] in {EntryOutcome.SEEN, EntryOutcome.REVISED}


def test_a_new_guid_on_a_page_is_another_article_when_neither_agrees_or_the_old_entry_is_still_there() -> None:
    other = offer(guid="n", title="Another", published=LATER)
    assert outcomes(decide(known(offer()), other)) == [EntryOutcome.CREATED]
    assert sorted(outcomes(decide(known(offer()), offer(), offer(guid="n", title="Acme opens", published=LATER)))) == [
        EntryOutcome.CREATED,
        EntryOutcome.SEEN,
    ]


def test_an_entry_without_guid_keeps_its_identity_when_others_come_and_go_around_it() -> None:
    first = [offer("/log", guid=None, title=f"Week {n}", published=None) for n in (1, 2, 3)]
    later = [offer("/log", guid=None, title=f"Week {n}", published=None) for n in (2, 3, 4, 5)]
    assert sorted(outcomes(decide(known(*first), *later))) == [
        EntryOutcome.CREATED,
        EntryOutcome.CREATED,
        EntryOutcome.SEEN,
        EntryOutcome.SEEN,
    ]


# ── moved and renamed at once, alone and in bulk ────────────────────────────────────────────────────────────────


def test_an_entry_that_is_renamed_and_moved_with_title_and_time_is_the_same() -> None:
    (decision,) = decide(known(offer()), offer("/blog/a", guid="https://www.acme.com/blog/a"))
    assert (decision.fate, decision.headline_id) == (EntryOutcome.REVISED, decide(Known(), offer())[0].headline_id)


def test_a_title_that_is_used_again_at_another_time_is_another_announcement() -> None:
    assert outcomes(decide(known(offer()), offer("/blog/a", guid="n", published=LATER))) == [EntryOutcome.CREATED]


def entries(
    prefix: str, *, guid: str, number: int = 2 * BULK_ENTRIES, published: timedelta = timedelta()
) -> list[Offer]:
    return [
        offer(
            f"{prefix}{n}", guid=f"{guid}{n}", title=f"Announcement {n}", published=NOW - timedelta(days=n) + published
        )
        for n in range(number)
    ]


@pytest.mark.parametrize(
    ("after", "reported"),
    [
        (entries("/news/", guid="new-"), "20 of 20 entries came under new ids, and were known again"),
        (entries("/blog/", guid="g"), "20 of 20 entries came with new links, and were known again"),
        (
            entries("/blog/", guid="new-", published=timedelta(hours=1)),
            "20 of 20 entries came under new ids and 20 of 20 entries came with new links, and were known again",
        ),
    ],
)
def test_a_migration_creates_nothing_and_is_reported_once(after: list[Offer], reported: str) -> None:
    before = known(*entries("/news/", guid="g"))
    decisions = decide(before, *after)
    assert EntryOutcome.CREATED not in outcomes(decisions)
    assert {one.headline_id for one in decisions} == set(before.headlines)
    assert churn(decisions, before) == reported
    settled = remember(before, decisions)
    assert churn(decide(settled, *after), settled) == ""


def test_a_feed_that_publishes_its_archive_again_creates_nothing() -> None:
    before = known(*entries("/news/", guid="g", number=628))
    again = entries("/news/", guid="republished-", number=628, published=timedelta(days=90))
    assert EntryOutcome.CREATED not in outcomes(decide(before, *again))


def essence(decisions: Sequence[Decision]) -> list[tuple[str, str, str]]:
    return sorted((one.headline_id, one.fate, one.offer.candidate.title) for one in decisions)


SOME = st.builds(
    offer,
    st.sampled_from(["/a", "/b", "/c"]),
    guid=st.sampled_from(["1", "2", None]),
    title=st.sampled_from(["One", "Two"]),
    published=st.sampled_from([NOW, LATER, None]),
)


@given(before=st.lists(SOME, max_size=5), after=st.lists(SOME, max_size=5), data=st.data())
def test_whatever_comes_is_decided_alike_in_any_order_and_is_known_the_second_time(
    before: list[Offer], after: list[Offer], data: st.DataObject
) -> None:
    there = remember(Known(), decide(Known(), *before))
    decisions = decide(there, *after)
    assert essence(decisions) == essence(decide(there, *data.draw(st.permutations(after))))
    again = decide(remember(there, decisions), *after)
    assert EntryOutcome.CREATED not in outcomes(again)
