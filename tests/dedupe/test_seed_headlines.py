"""The ticker of May 2026: 19 headlines whose official pages are known, with the other official copies of these pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from dedupe.build import member
from ingest.model import Precision, Role
from ingest.stories import Member, by_language, primary
from support.in_memory_stories import InMemoryStories

KEYWORD = "https://blog.google/innovation-and-ai"
JAPAN = "https://blog.google/intl/ja-jp/company-news/technology"
PROVENANCE = "Advancing content provenance for a safer, more transparent AI ecosystem"
SCIENCE = "Gemini for Science: AI experiments and tools for a new era of discovery"
FRONTIER = "Gemini 3.5: frontier intelligence with action"
KOTLIN = "Announcing ADK for Kotlin and ADK for Android 0.1.0: Building AI Agents on Android and Beyond"

# numbers in the ticker → the page they lead to: source, day, title, address
PAGES = {
    (1, 5): (
        *("anthropic/research", "2026-05-22", "Project Glasswing: An initial update"),
        "https://www.anthropic.com/research/glasswing-initial-update",
    ),
    (2,): (
        *("google/keyword", "2026-05-19", "Making it easier to understand how content was created and edited"),
        f"{KEYWORD}/products/identifying-ai-generated-media-online/",
    ),
    (3, 4): (
        *("openai/codex-changelog", "2026-05-21", "Appshots, goal mode, and more (26.519)"),
        "https://learn.chatgpt.com/docs/changelog#codex-2026-05-21",
    ),
    (6,): (
        *("anthropic/red", "2026-05-22", "Coordinated vulnerability disclosure dashboard"),
        "https://red.anthropic.com/2026/cvd/",
    ),
    (7,): (
        *("google/science-skills", "2026-05-19", "Science Skills (open-source repository)"),
        "https://github.com/google-deepmind/science-skills",
    ),
    (9,): (
        *("google/developers-blog", "2026-05-21", KOTLIN),
        "https://developers.googleblog.com/adk-kotlin-android-building-ai-agents/",
    ),
    (10,): ("google/keyword", "2026-05-19", FRONTIER, f"{KEYWORD}/models-and-research/gemini-models/gemini-3-5/"),
    (11,): (
        *("openai/news", "2026-05-20", "An OpenAI model has disproved a central conjecture in discrete geometry"),
        "https://openai.com/index/model-disproves-discrete-geometry-conjecture/",
    ),
    (12,): (
        *("google/keyword", "2026-05-19", "Introducing Gemini Omni"),
        f"{KEYWORD}/models-and-research/gemini-models/gemini-omni/",
    ),
    (13,): (
        *(
            "google/keyword",
            "2026-05-19",
            "New agents, mobile apps and Gemini Omni for Google Flow and Google Flow Music",
        ),
        f"{KEYWORD}/models-and-research/google-labs/flow-updates/",
    ),
    (14,): (
        *("openai/sitemap", "2026-05-19", "OpenAI Guaranteed Capacity"),
        "https://openai.com/business/guaranteed-capacity/",
    ),
    (15,): ("google/keyword", "2026-05-19", SCIENCE, f"{KEYWORD}/technology/research/gemini-for-science-io-2026/"),
    (16, 18): ("openai/news", "2026-05-19", PROVENANCE, "https://openai.com/index/advancing-content-provenance/"),
    (17,): (
        *("google/keyword", "2026-02-01", "Google I/O 2026 save the date"),
        f"{KEYWORD}/technology/developers-tools/io-2026-save-the-date/",
    ),
    (19,): (
        "anthropic/news",
        "2026-05-19",
        "KPMG integrates Claude across its core business and workforce of more than 276,000 in strategic alliance",
        "https://www.anthropic.com/news/anthropic-kpmg",
    ),
    (20,): (
        *("google/keyword", "2026-05-19", "Managed Agents in the Gemini API"),
        f"{KEYWORD}/technology/developers-tools/managed-agents-gemini-api/",
    ),
}

# a number of the ticker → another official copy: source, day, title, address, language
COPIES = [
    (9, "google/sitemap", "2026-05-24", KOTLIN, "https://developers.googleblog.com/en/adk-kotlin-android-building-ai-agents/"),
    (10, "google/deepmind", "2026-05-19", FRONTIER, "https://deepmind.google/blog/gemini-3-5-frontier-intelligence-with-action/"),
    (10, "google/keyword-ja", "2026-05-20", "Gemini 3.5：行動をともなう最先端の知能", f"{JAPAN}/gemini-3-5/"),
    (12, "google/keyword-ja", "2026-05-20", "Gemini Omni のご紹介", f"{JAPAN}/gemini-omni/"),
    (15, "google/deepmind", "2026-05-19", SCIENCE, "https://deepmind.google/blog/gemini-for-science-ai-experiments-and-tools-for-a-new-era-of-discovery/"),
    (15, "google/keyword-ja", "2026-05-20", "Gemini for Science：新しい発見の時代に向けた AI の実験とツール", f"{JAPAN}/gemini-for-science-io-2026/"),
    (16, "openai/news-ja", "2026-05-19", "コンテンツの来歴証明を前進", "https://openai.com/ja-JP/index/advancing-content-provenance/"),
]  # fmt: skip


def page(source: str, day: str, title: str, url: str) -> Member:
    role = {"openai/codex-changelog": Role.CHANGELOG, "google/deepmind": Role.RESEARCH}.get(source, Role.NEWS)
    built = member(title, url, source=source, day=day, role=role, lang="ja" if source.endswith("-ja") else "en")
    return replace(built, precision=Precision.MONTH) if day.endswith("-01") else built


@pytest.fixture(scope="module")
def pages() -> dict[int, Member]:
    return {number: built for numbers, fields in PAGES.items() for built in [page(*fields)] for number in numbers}


@pytest.fixture(scope="module")
def copies() -> list[tuple[int, Member]]:
    return [(number, page(*fields)) for number, *fields in COPIES]


@pytest.fixture(scope="module")
def shelf(pages: dict[int, Member], copies: list[tuple[int, Member]]) -> InMemoryStories:
    built = InMemoryStories()
    for one in [*pages.values(), *(copy for _, copy in copies)]:
        built.add(one)
    built.settle(date(2026, 12, 31))
    return built


def test_nineteen_headlines_are_sixteen_stories_with_all_their_links(
    shelf: InMemoryStories, pages: dict[int, Member], copies: list[tuple[int, Member]]
) -> None:
    stories = shelf.stories()
    assert len(pages) == 19
    assert len(stories) == 16
    kept = {id_ for story in stories for id_ in story.headline_ids}
    assert kept == {one.id for one in pages.values()} | {copy.id for _, copy in copies}


def test_each_copy_is_in_the_story_of_its_page(
    shelf: InMemoryStories, pages: dict[int, Member], copies: list[tuple[int, Member]]
) -> None:
    for number, copy in copies:
        assert shelf.story_of(copy.id) == shelf.story_of(pages[number].id), copy.url


def test_the_main_announcement_is_shown_in_each_language(
    pages: dict[int, Member], copies: list[tuple[int, Member]]
) -> None:
    launch = [pages[10], *(copy for number, copy in copies if number == 10)]
    assert primary(reversed(launch)) is pages[10]
    assert by_language(launch) == {"en": pages[10], "ja": launch[2]}
