from __future__ import annotations

from itertools import permutations

from dedupe.build import member
from ingest.model import Role
from ingest.stories import StoryDecision, by_language, partners, pins, primary, related, relations
from ingest.stories.rulebook import VENDORS
from ingest.stories.words import SENTENCES

NEWS = member("Acme 4", "https://acme.com/news/acme-4", day="2026-05-20")
PRODUCT = member("Acme 4", "https://acme.com/blog/acme-4", source="acme/blog", role=Role.PRODUCT)
LOG = member("Acme 4", "https://acme.com/changelog/acme-4-is-here", source="acme/log", role=Role.CHANGELOG)
RELEASE = member("v4", "https://github.com/acme/acme/releases/tag/v4", source="acme/gh", role=Role.RELEASE)
JAPANESE = member("登場", "https://acme.com/ja-JP/news/acme-4", source="acme/ja", lang="ja-JP", day="2026-05-18")


def test_the_announcement_comes_before_product_pages_before_changelogs_before_releases() -> None:
    for order in permutations((NEWS, PRODUCT, LOG, RELEASE, JAPANESE)):
        assert primary(order) is NEWS
    assert primary((RELEASE, LOG, PRODUCT)) is PRODUCT
    assert primary((RELEASE, LOG)) is LOG


def test_an_original_comes_before_its_translation_and_the_earlier_before_the_later() -> None:
    assert primary((JAPANESE, NEWS)) is NEWS
    earlier = member("Acme 4", "https://acme.com/z", day="2026-05-18")
    undated = member("Acme 4", "https://acme.com/a", published=None)
    assert primary((undated, NEWS, earlier)) is earlier


def test_each_language_has_its_own_to_show() -> None:
    unknown = member("?", lang=None)
    assert by_language((RELEASE, JAPANESE, NEWS, unknown)) == {"en": NEWS, "ja": JAPANESE, "und": unknown}


def test_of_two_pins_the_later_word_wins() -> None:
    words = [StoryDecision(3, "pin", RELEASE.id), StoryDecision(2, "pin", NEWS.id), StoryDecision(1, "pin", RELEASE.id)]
    assert primary((NEWS, RELEASE), pins(words)) is RELEASE
    assert primary((NEWS, RELEASE), pins(words[1:])) is NEWS


def test_a_pin_wins() -> None:
    wanted = pins([StoryDecision(1, "pin", RELEASE.id), StoryDecision(2, "merge", NEWS.id, (LOG.id,))])
    assert wanted == {RELEASE.id: 1}
    assert primary((NEWS, RELEASE), wanted) is RELEASE
    assert by_language((NEWS, RELEASE, JAPANESE), wanted)["ja"] is JAPANESE


# ── other vendors ───────────────────────────────────────────────────────────────────────────────────────────────

MAKER = member("Claude Opus 4.8 is now available in Amazon Bedrock", source="anthropic/news")
HOST = member("Anthropic's Claude Opus 4.8 in Amazon Bedrock", source="aws/whats-new", day="2026-05-20")


def test_announcements_that_name_each_other_s_vendor_are_related() -> None:
    assert related(MAKER, HOST)
    assert related(HOST, MAKER)
    assert (partners(MAKER), partners(HOST)) == (frozenset({"aws"}), frozenset({"anthropic"}))
    assert list(relations(MAKER, [HOST, NEWS])) == [HOST.id]


def test_others_are_not() -> None:
    assert related(MAKER, member("Claude Opus 4.7 in Amazon Bedrock", source="aws/whats-new")) is None
    assert related(MAKER, member("Opus 4.8 is now available in Bedrock", source="aws/whats-new")) is None
    assert related(MAKER, member(HOST.title, source="aws/whats-new", day="2026-06-20")) is None
    assert related(MAKER, member(HOST.title, source="aws/whats-new", published=None)) is None
    assert related(MAKER, member("Amazon and Anthropic open a building", source="aws/whats-new")) is None
    assert related(MAKER, member(HOST.title, source="anthropic/blog")) is None


def test_no_two_vendors_go_by_one_name() -> None:
    names = [name for result in VENDORS.values() for name in result]
    assert len(names) == len(set(names))


def test_every_rule_has_a_sentence() -> None:
    assert all(SENTENCES.values())
