from __future__ import annotations

from datetime import date, timedelta

from dedupe.build import SEEN, member
from ingest.stories import Change, Join, Member, Story, StoryDecision, changes, concerned, founder, partition
from support.in_memory_stories import InMemoryStories

FAR = date(2100, 1, 1)
A, B, C, D = (
    member(f"Story {name}", id=name, first_seen_at=SEEN + timedelta(hours=n)) for n, name in enumerate("abcd")
)
FOUR = (A, B, C, D)


def join(one: str, other: str, score: float = 0.9) -> Join:
    return Join(one, other, "title", score, (("title", "x"),))


def ids(stories: list[Story]) -> list[str]:
    return ["".join(story.headline_ids) for story in stories]


def test_what_joins_connect_is_one_story_and_the_rest_are_their_own() -> None:
    assert ids(partition(FOUR, [join("a", "b"), join("b", "c")])) == ["abc", "d"]


def test_nothing_depends_on_the_order_of_anything() -> None:
    joins = [join("a", "b", 0.5), join("c", "b", 0.6), join("d", "a", 0.7), join("c", "d", 0.8)]
    words = [StoryDecision(1, "split", "a", ("c",)), StoryDecision(2, "merge", "b", ("d",))]
    assert partition(FOUR, joins, words) == partition(FOUR[::-1], joins[::-1], words[::-1])


def test_a_story_is_named_after_the_headline_that_was_seen_first() -> None:
    [story] = partition((D, C), [join("c", "d")])
    assert story.founder_id == "c"
    assert founder([B, D, C]) == "b"


def test_every_headline_but_the_founder_has_the_strongest_join_that_brought_it_in() -> None:
    [story] = partition((A, B, C), [join("b", "a", 0.5), join("b", "c", 0.9), join("c", "a", 0.8)])
    assert [(result.headline_id, result.other_id, result.score) for result in story.joins] == [
        ("b", "c", 0.9),
        ("c", "a", 0.8),
    ]


def test_an_operator_merges_what_nothing_joins() -> None:
    [story, *_] = partition(FOUR, [], [StoryDecision(7, "merge", "a", ("c", "d"))])
    assert story.headline_ids == ("a", "c", "d")
    assert {result.rule for result in story.joins} == {"operator"}
    assert story.joins[0].evidence == (("decision", "7"),)


def test_an_operator_splits_what_anything_joins_even_in_a_roundabout_way() -> None:
    joins = [join("a", "b"), join("b", "c", 0.8), join("a", "c", 0.7)]
    assert ids(partition((A, B, C), joins, [StoryDecision(1, "split", "c", ("a", "b"))])) == ["ab", "c"]
    assert ids(partition((A, B, C), joins, [StoryDecision(1, "split", "c", ("a",))])) == ["ab", "c"]


def test_what_hangs_on_a_headline_goes_with_it_and_a_merge_brings_it_back() -> None:
    joins = [join("a", "b"), join("b", "c", 0.5)]
    split, merge = StoryDecision(1, "split", "b", ("a",)), StoryDecision(2, "merge", "c", ("a",))
    assert ids(partition((A, B, C), joins, [split])) == ["a", "bc"]
    assert ids(partition((A, B, C), joins, [split, merge])) == ["ac", "b"]
    assert ids(partition((A, B, C), [*joins, join("a", "c", 0.6)], [split])) == ["ac", "b"]


def test_a_later_word_wins_over_an_earlier_one() -> None:
    split, merge = StoryDecision(1, "split", "a", ("b",)), StoryDecision(2, "merge", "a", ("b",))
    assert ids(partition((A, B), [join("a", "b")], [split, merge])) == ["ab"]
    assert ids(partition((A, B), [join("a", "b")], [merge, StoryDecision(3, "split", "a", ("b",))])) == ["a", "b"]


def test_words_and_joins_about_other_headlines_are_ignored() -> None:
    assert ids(partition((A, B), [join("a", "z")], [StoryDecision(1, "merge", "y", ("z",))])) == ["a", "b"]


def test_decisions_name_what_has_to_be_compared_together() -> None:
    words = [
        StoryDecision(1, "merge", "a", ("x",)),
        StoryDecision(2, "split", "x", ("y",)),
        StoryDecision(3, "merge", "p", ("q",)),
    ]
    assert concerned(["a"], words) == {"a", "x", "y"}


def test_a_merge_keeps_the_older_name_and_a_split_the_part_with_the_founder() -> None:
    apart = {"a": "a", "b": "b", "c": "b"}
    merged = partition((A, B, C), [join("a", "b"), join("b", "c")])
    assert changes(apart, merged) == [Change("merged", "b", "b", "a"), Change("merged", "c", "b", "a")]
    together = {"a": "a", "b": "a", "c": "a"}
    assert changes(together, partition((A, B, C), [join("b", "c")])) == [
        Change("split", "b", "a", "b"),
        Change("split", "c", "a", "b"),
    ]


def test_a_headline_that_is_new_changes_nothing_for_others() -> None:
    assert changes({"a": "a"}, partition((A, B), [join("a", "b")])) == []


# ── the shelf ───────────────────────────────────────────────────────────────────────────────────────────────────

LONG = "Beyond permission prompts: making Acme Code more secure"


def shelf(*members: Member) -> InMemoryStories:
    built = InMemoryStories()
    for one in members:
        built.add(one)
    return built


def test_proofs_hold_at_once_and_likeness_when_the_days_are_settled() -> None:
    news, blog = member(LONG), member(LONG, source="acme/blog")
    post = member("Guardrails for Acme Bedrock keeps apps in line", source="acme/blog")
    entry = member("Guardrails for Acme Bedrock is now available", source="acme/log")
    built = shelf(news, post)
    assert [result.rule for result in built.add(blog)] == ["title"]
    built.add(entry)
    assert len(built.stories()) == 3
    assert built.settle(date(2026, 5, 18)) == ([], [])
    came, went = built.settle(date(2026, 5, 19))
    assert [result.rule for result in came] == ["words"]
    assert went == []
    assert len(built.stories()) == 2
    assert built.settle(FAR) == ([], [])


def test_a_rival_that_comes_late_takes_a_likeness_back() -> None:
    built = shelf(
        member("Knowledge Bases now delivers retrieval in Acme Bedrock", source="acme/blog"),
        member("Knowledge Bases for Acme Bedrock is generally available", source="acme/whats-new"),
    )
    [joined] = built.settle(FAR)[0]
    built.add(member("Knowledge Bases for Acme Bedrock is better", source="acme/whats-new"))
    assert built.settle(FAR) == ([], [joined])
    assert len(built.stories()) == 3


def test_what_is_taken_off_comes_apart_and_can_be_put_back() -> None:
    a, b = member("Opening", "https://acme.com/a"), member("開業", "https://acme.com/b", source="acme/ja", lang="ja")
    both = member("Opens", "https://acme.com/c", alternates=("https://acme.com/a", "https://acme.com/b"))
    built = shelf(a, b, both)
    assert len(built.stories()) == 1
    built.remove(both.id)
    assert len(built) == len(built.stories()) == 2
    built.add(both)
    assert len(built.stories()) == 1
    built.remove("nobody")
    assert len(built) == 3


def test_a_new_title_is_placed_anew() -> None:
    first, other = member(LONG, id="h1"), member(LONG, source="acme/blog")
    built = shelf(first, other)
    built.add(member("Something else", id="h1", url=first.url))
    assert len(built.stories()) == 2


def test_one_story_is_found_without_looking_at_the_others() -> None:
    news, blog, alone = member(LONG), member(LONG, source="acme/blog"), member("Alone with this")
    built = shelf(news, blog, alone)
    whole = built.stories()
    assert all(built.story_of(one.id) in whole for one in (news, blog, alone))
    words = [StoryDecision(1, "merge", alone.id, (blog.id,))]
    assert built.story_of(news.id, words) == built.stories(words)[0]
    assert len(built.story_of(news.id, words).headline_ids) == 3
