"""Stories of headlines that nobody thought of: no order of arrival, no repetition and no chance decides anything."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.build import SEEN, on
from ingest.model import Precision, Role
from ingest.stories import Join, Member, StoryDecision, changes, keys, partition, primary, prove, same_document
from ingest.stories.differences import differences
from ingest.stories.titles import title
from support.in_memory_stories import InMemoryStories

FEWER = settings(max_examples=settings().max_examples // 3)  # each example fills and settles whole shelves
FAR = date(2100, 1, 1)

WORDS = (
    "Acme",
    "Bedrock",
    "Guardrails",
    "Knowledge",
    "Opus",
    "Flash",
    "Agents",
    "safer",
    "launches",
    "now",
    "with",
    "for",
)
ENDS = ("", "", " 4.6", " 4.7", " (preview)", ": the guide", ", part 2", " を発表")
SLUGS = ("skills", "gemini-3-5", "acme-opus-for-safer-agents", "acme-opus-for-safer-agents-2", "changelog", "a#may-19")
SOURCES = ("acme/news", "acme/blog", "acme/log", "acme/ja", "other/news")


@st.composite
def members(draw: st.DrawFn, most: int = 14) -> list[Member]:
    """Headlines of few words, pages and days, so that many of them collide."""
    built = []
    for number in range(draw(st.integers(2, most))):
        source = draw(st.sampled_from(SOURCES))
        words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5, unique=True))
        offset = draw(st.none() | st.integers(0, 12))
        day = None if offset is None else on("2026-05-19") + timedelta(days=offset)
        locale = draw(st.sampled_from(("", "ja-JP/")))
        slug = draw(st.sampled_from(SLUGS) | st.just(f"page-{number}-of-it"))
        built.append(
            Member(
                id=f"h{number:02d}",
                vendor=source.partition("/")[0],
                source=source,
                role=draw(st.sampled_from(Role)),
                url=f"https://acme.com/{locale}{draw(st.sampled_from(('news', 'blog')))}/{slug}",
                title=" ".join(words) + draw(st.sampled_from(ENDS)),
                lang="ja" if locale else "en",
                published=day,
                precision=Precision.DAY if day else Precision.NONE,
                first_seen_at=SEEN + timedelta(minutes=number),
            )
        )
    return built


def decisions(ids: Sequence[str], seed: int) -> list[StoryDecision]:
    chance = random.Random(seed)
    return [
        StoryDecision(number, chance.choice(("merge", "split")), *_some(chance, ids))
        for number in range(chance.randrange(4))
    ]


def _some(chance: random.Random, ids: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    first, *others = chance.sample(ids, min(len(ids), chance.choice((2, 3))))
    return first, tuple(others)


@FEWER
@given(members(), st.integers())
def test_the_order_of_arrival_decides_nothing(given_: list[Member], seed: int) -> None:
    chance = random.Random(seed)
    words = decisions([one.id for one in given_], seed)
    steady, hasty = InMemoryStories(), InMemoryStories()
    for one in given_:
        steady.add(one)
    steady.settle(FAR)
    for one in chance.sample(given_, len(given_)):
        hasty.add(one)
        if chance.random() < 0.4:
            hasty.settle(date(2026, 5, 15) + timedelta(days=chance.randrange(20)))
        if chance.random() < 0.2:
            hasty.remove(one.id)
            hasty.add(one)
    hasty.settle(FAR)
    assert hasty.stories(words) == steady.stories(words)
    whole = hasty.stories(words)
    assert all(hasty.story_of(one.id, words) in whole for one in given_)


@FEWER
@given(members())
def test_what_was_taken_off_leaves_no_trace(given_: list[Member]) -> None:
    without, taken = InMemoryStories(), InMemoryStories()
    for one in given_[1:]:
        without.add(one)
    for one in given_:
        taken.add(one)
    taken.settle(FAR)
    taken.remove(given_[0].id)
    without.settle(FAR)
    taken.settle(FAR)
    assert taken.stories() == without.stories()


@FEWER
@given(members())
def test_placing_again_changes_nothing(given_: list[Member]) -> None:
    shelf = InMemoryStories()
    for one in given_:
        shelf.add(one)
    shelf.settle(FAR)
    before = shelf.stories()
    for one in given_:
        shelf.add(one)
    shelf.settle(FAR)
    assert shelf.stories() == before
    assert changes({id_: story.founder_id for story in before for id_ in story.headline_ids}, before) == []


@given(members())
def test_a_proof_is_mutual_repeatable_and_found_by_a_key(given_: list[Member]) -> None:
    for one, other in combinations(given_, 2):
        result = prove(one, other)
        assert result == prove(other, one) == prove(replace(one), other)
        assert prove(one, one) is None
        if result is not None:
            assert one.vendor == other.vendor
            assert 0 < result.score <= 1
            theirs = {(key.vendor, key.kind, key.value) for key in keys(other)}
            shared = [key for key in keys(one) if (key.vendor, key.kind, key.value) in theirs]
            apart = abs((one.day - other.day).days) if one.day and other.day else 0
            assert any(key.days is None or key.days >= apart for key in shared)


@given(members(), st.integers())
def test_stories_part_all_headlines_and_follow_the_last_decision(given_: list[Member], seed: int) -> None:
    ids = [one.id for one in given_]
    words = decisions(ids, seed)
    joins = [Join(a, b, "title", 0.9, ()) for a, b in pairwise(ids)]
    stories = partition(given_, joins, words)
    assert sorted(id_ for story in stories for id_ in story.headline_ids) == ids
    for story in stories:
        assert story.founder_id in story.headline_ids
        assert {join.headline_id for join in story.joins} == set(story.headline_ids) - {story.founder_id}
        assert {join.other_id for join in story.joins} <= set(story.headline_ids)
        assert primary([one for one in given_ if one.id in story.headline_ids]).id in story.headline_ids
    if words:
        last = words[-1]
        together = {id_: story.founder_id for story in stories for id_ in story.headline_ids}
        met = {together[last.headline_id] == together[other] for other in last.others}
        assert met == {last.kind == "merge"}


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_a_title_and_differs_from_another_both_ways(one: str, other: str) -> None:
    a, b = title(one), title(other)
    assert differences(a, b) == differences(b, a)
    assert title(a.normal).normal == title(title(a.normal).normal).normal


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_two_texts_can_be_asked_whether_they_are_one_document(one: str, other: str) -> None:
    assert same_document(one, one)
    assert same_document(one, other) == same_document(other, one)


PARTS = (
    "/",
    "a",
    "ja",
    "news",
    "news/news",
    "index.html",
    "amp",
    "2026",
    "%20",
    "?a=1&b=2",
    "?utm_source=x",
    "#top",
    "#v1",
)


@given(st.lists(st.sampled_from(PARTS), max_size=5), st.sampled_from(("", "www.", "m.")))
def test_a_spelling_of_an_address_stays_the_same_document(parts: list[str], view: str) -> None:
    path = "/".join(parts)
    assert same_document(f"https://{view}acme.com/{path}", f"http://acme.com:80/{path}")
