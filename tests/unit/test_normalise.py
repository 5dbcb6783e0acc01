from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ingest import dates
from ingest.model import Candidate, Entry, EntryOutcome, Grant, Refusal, Scope, Unreadable
from ingest.normalise import CATEGORY_COUNT, CATEGORY_LIMIT, normalise
from ingest.text import SUMMARY_LIMIT, TITLE_LIMIT
from support.documents import ACME, make_document, make_entry, make_source


def outcome(entry: Entry, *, feed_lang: str | None = None, **source: Any) -> Candidate | Refusal:
    (built,) = normalise(make_document(entry, lang=feed_lang), make_source(**source), ACME)
    return built


def candidate(**changes: Any) -> Candidate:
    built = outcome(make_entry(**changes))
    assert isinstance(built, Candidate)
    return built


def refusal(entry: Entry, **source: Any) -> Refusal:
    built = outcome(entry, **source)
    assert isinstance(built, Refusal)
    return built


def test_an_entry_becomes_a_candidate_in_our_words() -> None:
    built = candidate(
        title=" Model&nbsp;5 &amp; <b>more</b> ",
        title_type="html",
        summary="<p>One.</p><p>Two.</p>",
        published=dates.parse("2026-05-21"),
        categories=("AI",),
    )
    assert built == Candidate(
        position=0,
        raw_key="acme-1",
        guid="acme-1",
        url="https://www.acme-ai.com/news/model-5",
        title="Model 5 & more",
        title_original=" Model&nbsp;5 &amp; <b>more</b> ",
        summary="One. Two.",
        lang=None,
        categories=("AI",),
        published=dates.parse("2026-05-21"),
    )


@pytest.mark.parametrize(
    ("changes", "raw_key", "guid"),
    [
        ({}, "acme-1", "acme-1"),
        ({"entry_id": None}, "https://www.acme-ai.com/news/model-5", None),
        (
            {"entry_id": None, "link": "http://www.acme-ai.com/a?utm_source=b"},
            "http://www.acme-ai.com/a?utm_source=b",
            None,
        ),
    ],
)
def test_the_first_raw_key_is_taken_as_it_was_written(changes: dict[str, Any], raw_key: str, guid: str | None) -> None:
    built = candidate(**changes)
    assert (built.raw_key, built.guid) == (raw_key, guid)


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("HTTPS://WWW.Acme-AI.com:443/a/../b?", "https://www.acme-ai.com/b"),
        ("https://www.acme-ai.com/a?id=1&utm_source=rss#comments", "https://www.acme-ai.com/a?id=1"),
        ("https://www.acme-ai.com/changelog#v2", "https://www.acme-ai.com/changelog#v2"),
        ("http://www.acme-ai.com/a", "https://www.acme-ai.com/a"),
        ("http://elsewhere.example/a", "http://elsewhere.example/a"),
    ],
)
def test_a_link_is_cleaned_and_raised_to_https_where_the_vendor_is_official(link: str, url: str) -> None:
    assert candidate(link=link).url == url


def test_a_carrier_is_not_raised_to_https() -> None:
    carrier = Scope(Grant.CARRIER, "cdn.example", "cdn.example", reason="files")
    vendor = replace(ACME, scopes=(*ACME.scopes, carrier))
    (built,) = normalise(make_document(make_entry(link="http://cdn.example/a")), make_source(), vendor)
    assert built.url == "http://cdn.example/a"


# ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "fate", "rule"),
    [
        ({"title": ""}, EntryOutcome.UNPARSABLE, "no-title"),
        ({"title": "\u200b &nbsp;", "title_type": "html"}, EntryOutcome.UNPARSABLE, "no-title"),
        ({"link": None}, EntryOutcome.REJECTED, "no-link"),
        ({"link": ""}, EntryOutcome.REJECTED, "no-link"),
        ({"link": "javascript:alert(1)"}, EntryOutcome.REJECTED, "scheme"),
        ({"link": "/news/a"}, EntryOutcome.REJECTED, "relative"),
        ({"link": "https://"}, EntryOutcome.REJECTED, "malformed"),
        ({"link": "https://www.acme-ai.com@evil.example/"}, EntryOutcome.REJECTED, "user-info"),
        ({"link": "https://www.acme-ai.com/" + "a" * 3_000}, EntryOutcome.REJECTED, "too-long"),
    ],
)
def test_an_entry_that_proves_nothing_is_refused_by_name(
    changes: dict[str, Any], fate: EntryOutcome, rule: str
) -> None:
    built = refusal(make_entry(**changes))
    assert (built.fate, built.rule, built.raw_key) == (fate, rule, "acme-1")
    assert built.detail
    assert len(built.url) <= 500


def test_what_could_not_be_read_stays_in_its_place() -> None:
    document = make_document(
        make_entry(position=0), make_entry(position=2), unreadable=(Unreadable(1, "truncated", "it ends here"),)
    )
    built = normalise(document, make_source(), ACME)
    assert [out.position for out in built] == [0, 1, 2]
    assert isinstance(built[1], Refusal)
    assert (built[1].fate, built[1].rule, built[1].detail) == (EntryOutcome.UNPARSABLE, "truncated", "it ends here")


# ── filters ─────────────────────────────────────────────────────────────────────────────────────────────────────

ABOUT_CHIPS = make_entry(title="A chip for AI", link="https://www.acme-ai.com/news/chip", categories=("Hardware",))


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ({}, None),
        ({"include": ("path:^/news/",)}, None),
        ({"include": ("path:^/blog/",)}, "include"),
        ({"include": ("path:^/blog/", "title:chip")}, None),
        ({"include": ("category:^Hard",)}, None),
        ({"include": ("category:^hard",)}, "include"),
        ({"exclude": ("path:^/blog/",)}, None),
        ({"exclude": ("path:/chip$",)}, "exclude"),
        ({"exclude": ("title:(?i)CHIP",)}, "exclude"),
        ({"exclude": ("category:ware",)}, "exclude"),
        ({"include": ("path:^/news/",), "exclude": ("path:^/news/chip$",)}, "exclude"),
        ({"topics": ("AI",)}, None),
        ({"topics": ("robots", "hardware")}, None),
        ({"topics": ("robots",)}, "topics"),
        ({"include": ("path:^/blog/",), "topics": ("AI",)}, "include"),
    ],
)
def test_a_source_keeps_what_its_filters_say(source: dict[str, Any], rule: str | None) -> None:
    built = outcome(ABOUT_CHIPS, **source)
    if rule is None:
        assert isinstance(built, Candidate)
    else:
        assert isinstance(built, Refusal)
        assert (built.fate, built.rule, built.title) == (EntryOutcome.FILTERED, rule, "A chip for AI")


def test_a_filter_that_drops_an_entry_is_named() -> None:
    assert refusal(ABOUT_CHIPS, exclude=("title:nothing", "title:c.ip")).detail == "matches c.ip"


@pytest.mark.parametrize(
    ("title", "topic", "kept"),
    [
        ("How we maintain trains", "AI", False),
        ("AI-first", "AI", True),
        ("OpenAI", "AI", False),
        ("生成AIを発表", "AI", True),
        ("生成ＡＩを発表", "ai", True),
        ("AIs", "AI", False),
        ("GPT-5.5", "GPT-5", True),
        ("GPT-55", "GPT-5", False),
        ("機械学習の入門", "機械学習", True),
        ("We use C++ and more", "C++", True),
        ("Éléphant", "lé", False),
        ("a.c", "a.c", True),
        ("abc", "a.c", False),
    ],
)
def test_a_topic_is_a_word_whatever_its_case_and_width(title: str, topic: str, *, kept: bool) -> None:
    built = outcome(make_entry(title=title), topics=(topic,))
    assert isinstance(built, Candidate) is kept


def test_a_topic_may_stand_in_the_summary() -> None:
    entry = make_entry(title="A new chip", summary="It runs <b>LLMs</b> at home.")
    assert isinstance(outcome(entry, topics=("LLMs",)), Candidate)


# ── language ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("title", "entry_lang", "feed_lang", "source_lang", "lang"),
    [
        ("Model 5 is here", None, None, None, None),
        ("Model 5 is here", "en-US", "en-US", None, "en-US"),
        ("Model 5 is here", "en-US", "en-US", "en", "en"),
        ("Model 5 is here", "de", "en-US", "en", "de"),
        ("Model 5 is here", None, None, "EN_gb", "en-GB"),
        ("モデルを発表しました", "en-US", "en-US", None, "ja"),
        ("モデルを発表しました", None, None, "en", "ja"),
        ("モデルを発表しました", "ja-JP", "ja-JP", None, "ja-JP"),
        ("새로운 모델", "zh", "en", None, "ko"),
        ("推出新模型", "zh-Hant", "zh-Hant", None, "zh-Hant"),
    ],
)
def test_the_best_witness_of_a_language_is_accepted(
    title: str, entry_lang: str | None, feed_lang: str | None, source_lang: str | None, lang: str | None
) -> None:
    built = outcome(make_entry(title=title, lang=entry_lang), feed_lang=feed_lang, lang=source_lang)
    assert isinstance(built, Candidate)
    assert built.lang == lang


# ── bounds ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_categories_are_plain_text_each_once_and_not_too_many() -> None:
    written = ("AI &amp; ML", "ai & ml", " ", "\u200b", "x" * (CATEGORY_LIMIT + 1), *map(str, range(30)))
    kept = candidate(categories=written).categories
    assert kept[:3] == ("AI & ML", "0", "1")
    assert len(kept) == CATEGORY_COUNT


def test_titles_and_summaries_are_bounded() -> None:
    built = candidate(title="word " * 1_000, summary="word " * 1_000)
    assert len(built.title) <= TITLE_LIMIT
    assert len(built.summary) <= SUMMARY_LIMIT
    assert built.title_original == "word " * 1_000
