from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from dedupe.build import member
from ingest.stories import Join, Member, liken, settled, touched_by, window_of

DAY = date(2026, 5, 19)

POST = "Knowledge Bases now delivers managed retrieval in Acme Bedrock"
ENTRY = "Knowledge Bases for Acme Bedrock is now generally available"


def post(title: str = POST, **fields: str) -> Member:
    return member(title, **{"source": "acme/blog", **fields})


def entry(title: str = ENTRY, **fields: str) -> Member:
    return member(title, **{"source": "acme/whats-new", **fields})


def likes(*members: Member, groups: Mapping[str, str] | None = None) -> list[Join]:
    """Decide all days of these headlines; nobody is proved to be with anybody unless `groups` says so."""
    own = {one.id: one.id for one in members} | dict(groups or {})
    return liken(members, own, DAY - timedelta(days=30), DAY + timedelta(days=30))


def test_two_sources_that_announce_one_launch_in_other_words_are_joined() -> None:
    one, other = post(), entry()
    [join] = likes(one, other)
    assert join.pair == (one.id, other.id)
    assert join.rule == "words"
    assert 0.4 < join.score < 0.9
    assert ("days apart", "0") in join.evidence


def test_one_source_never_repeats_itself_in_other_words() -> None:
    assert likes(post(), post(ENTRY)) == []


def test_each_day_between_asks_for_more_likeness() -> None:
    wordy = "Knowledge Bases brings documents closer to everybody in Acme Bedrock"
    assert likes(post(wordy), entry())
    assert likes(post(wordy), entry(day="2026-05-22")) == []
    assert likes(post(ENTRY.replace("for", "in")), entry(day="2026-05-22"))
    assert likes(post(ENTRY.replace("for", "in")), entry(day="2026-05-23")) == []


def test_what_has_no_day_is_like_nothing() -> None:
    assert likes(post(), member(ENTRY, source="acme/whats-new", published=None)) == []


def test_a_best_without_a_lead_is_not_taken() -> None:
    one, other = post(), entry()
    assert likes(one, other, entry("Knowledge Bases for Acme Bedrock reaches everybody", source="acme/log")) == []


def test_copies_of_one_story_do_not_rival_each_other() -> None:
    one, other, copy = post(), entry(), entry(source="acme/log")
    result = likes(one, other, copy, groups={other.id: "g", copy.id: "g"})
    assert {join.pair for join in result} == {(one.id, other.id), (one.id, copy.id)}


def test_a_pair_is_recognised_by_the_titles_that_are_alike_and_not_by_those_of_their_copies() -> None:
    japanese = member("検索の管理", source="acme/japan", lang="ja")
    one, other = post(), entry()
    [join] = likes(japanese, one, other, groups={japanese.id: "g", other.id: "g"})
    assert join.pair == (one.id, other.id)


def test_the_lead_counts_from_both_sides() -> None:
    closer = post("Knowledge Bases for Acme Bedrock, generally available from today")
    result = likes(post(), closer, entry())
    assert [join.pair for join in result] == [tuple(sorted((closer.id, result[0].pair[1])))]


def test_stories_that_have_a_source_in_common_stay_apart() -> None:
    one, copy, other = post(), post(source="acme/research"), entry(source="acme/whats-new")
    rival = member("Something else entirely", source="acme/research")
    assert likes(one, copy, other, rival, groups={one.id: "a", copy.id: "a", other.id: "b", rival.id: "b"}) == []


def test_a_difference_keeps_alike_titles_apart() -> None:
    assert likes(post("Acme Opus 4.6 comes to Bedrock users"), entry("Acme Opus 4.7 comes to Bedrock users")) == []
    assert likes(post("Acme Opus comes to Bedrock users"), entry("Acme Opus comes to Bedrock users today"))


@pytest.mark.parametrize("bare", ["v0.52.0", "Release 1.0.0", "Weekly round-up of Acme Bedrock"])
def test_versions_and_round_ups_are_like_all_others_and_prove_nothing(bare: str) -> None:
    assert likes(post(bare), entry(bare)) == []


def test_a_translation_is_the_clear_best_in_its_language() -> None:
    one, japanese = post("Acme Bedrock Guardrails"), entry("Acme Bedrock Guardrails 登場", lang="ja")
    [join] = likes(one, japanese)
    assert (join.rule, join.pair) == ("translation", (one.id, japanese.id))
    again = entry("Acme Bedrock Guardrails を発表", lang="ja")
    assert likes(one, japanese, again) == [], "a source tells its own entries apart"
    copy = post("Acme Bedrock Guardrails", source="acme/research", lang="fr")
    assert {japanese.id} < {end for result in likes(one, japanese, copy) for end in result.pair}


@pytest.mark.parametrize(
    "other",
    [
        "Acme Bedrock Agents 登場",
        "Acme Bedrock Guardrails の料金",
        "Acme Bedrock Guardrails 2.0 登場",
        "Acme の新機能",
        "守りを固める",
    ],
)
def test_what_is_no_translation_stays_apart(other: str) -> None:
    assert likes(post("Acme Bedrock Guardrails"), entry(other, lang="ja")) == []


def test_the_words_of_two_addresses_make_up_for_other_words_on_one_day() -> None:
    note = entry(
        "Acme Redshift gains data layouts to speed queries up",
        url="https://acme.com/new/acme-redshift-sorted-layouts",
    )
    address = "https://acme.com/blog/scan-filters-with-sorted-layouts-in-acme-redshift"
    other = "Improve performance of workloads that repeat scan filters with layouts in Acme Redshift for analysts"
    assert [join.rule for join in likes(note, post(other, url=address))] == ["words"]
    assert likes(note, post(other)) == []
    assert likes(note, post(other, url=address, day="2026-05-20")) == []


def test_the_vendors_own_name_and_another_form_of_a_word_are_not_enough() -> None:
    one = member("Long-running Claude for scientific computing", source="anthropic/research")
    assert likes(one, member("Put Claude to work on your computer", source="anthropic/blog")) == []
    assert likes(one, member("Long-running Claude at work in scientific computing", source="anthropic/blog"))


def test_one_stage_of_one_thing_on_one_day_may_be_announced_elsewhere() -> None:
    note = entry("Announcing general availability of Acme Data Automation")
    assert likes(note, post("Get insights from content with Acme Data Automation, now generally available"))
    assert likes(note, post("Get insights from content with Acme Data Automation")) == []
    longer = "Get insights from content with Acme Data Automation Lens, now generally available"
    assert likes(note, post(longer)) == [], "another name begins the same way"


def test_words_that_fill_the_week_weigh_less() -> None:
    def score(crowd: list[Member]) -> float:
        one, other = post("Acme Bedrock opens"), entry("Bedrock by Acme grows")
        return next((join.score for join in likes(one, other, *crowd) if join.pair == (one.id, other.id)), 0.0)

    crowd = [post(f"Acme Bedrock and subject{number}", source="acme/blog") for number in range(12)]
    assert score([]) > score(crowd)


def test_japanese_titles_are_compared_by_pairs_of_characters() -> None:
    one = post("新しい対話型検索の一般提供を全国で開始しました", lang="ja")
    assert likes(one, entry("対話型検索、全国で一般提供を開始", lang="ja"))


def test_only_the_days_asked_for_are_decided_and_their_window_is_enough() -> None:
    one, other = post(), entry(day="2026-05-20")
    groups = {one.id: one.id, other.id: other.id}
    later = DAY + timedelta(days=1)
    assert liken([one, other], groups, DAY, DAY) == []
    assert len(liken([one, other], groups, later, later)) == 1
    start, end = window_of(later, later)
    assert start <= DAY - timedelta(days=3)
    assert end >= later + timedelta(days=3)


def test_a_day_touches_exactly_the_days_whose_window_it_is_in() -> None:
    first, last = touched_by(DAY)
    for offset in range(-20, 21):
        decided = DAY + timedelta(days=offset)
        start, end = window_of(decided, decided)
        assert (start <= DAY <= end) == (first <= decided <= last)


def test_a_day_is_settled_when_all_that_could_matter_has_been_published() -> None:
    assert settled(DAY) == DAY - timedelta(days=4)
