from __future__ import annotations

import pytest

from ingest.stories import same_document
from ingest.stories.documents import page, without_mark

SAME = [
    ("https://acme.com/news/a", "https://www.acme.com/news/a/"),
    ("https://acme.com/news/a", "http://acme.com:80/news/a"),
    ("https://acme.com/news/a", " https://ACME.com./news/a?utm_source=x&amp;ref=y#main\n"),
    ("https://acme.com/news/a", "https://acme.com/news//news/a/index.html"),
    ("https://acme.com/news/a", "https://m.acme.com/news/a/amp/"),
    ("https://acme.com/news/a%20b", "https://acme.com/news/a b"),
    ("https://acme.com/x?b=2&a=1", "https://acme.com/x?a=1&b=2"),
    ("https://acme.com/log#1.10.8", "https://www.acme.com/log/#1.10.8"),
    ("https://blog.google/technology/ai/x/", "https://blog.google/innovation-and-ai/technology/ai/x/"),
    ("https://developers.openai.com/codex/changelog#a", "https://learn.chatgpt.com/docs/changelog#a"),
]

DIFFERENT = [
    ("https://acme.com/log#1.12.2", "https://acme.com/log#1.12.20"),
    ("https://acme.com/log", "https://acme.com/log#1.12.2"),
    ("https://acme.com/2026/08/08/a", "https://acme.com/2026/08/a"),
    ("https://acme.com/Blog/A", "https://acme.com/blog/a"),
    ("https://acme.com/a%2Fb", "https://acme.com/a/b"),
    ("https://acme.com/?p=1", "https://acme.com/?p=2"),
    ("https://acme.com:8443/a", "https://acme.com/a"),
    ("https://acme.com/docs/a?hl=ja", "https://acme.com/docs/a?hl=en"),
    ("https://acme.com/a", "https://acme.com/ja/a"),
    ("https://docs.acme.com/a", "https://acme.com/a"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_document_are_the_same(one: str, other: str) -> None:
    assert same_document(one, other)
    assert same_document(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_documents_are_not(one: str, other: str) -> None:
    assert not same_document(one, other)
    assert not same_document(other, one)


def test_what_is_no_address_is_the_same_only_as_text() -> None:
    assert same_document("https://acme.com:8443/a", "https://acme.com:8443/a ")
    assert not same_document("https://acme.com:8443/a", "https://acme.com:8443/b")


@pytest.mark.parametrize(
    "translated",
    [
        "https://acme.com/ja-JP/index/launch-of-it/",
        "https://acme.com/ja/index/launch-of-it",
        "https://acme.com/intl/ja-jp/index/launch-of-it",
        "https://acme.com/index/launch-of-it?hl=ja",
        "https://acme.co.jp/index/launch-of-it",
        "https://ja.acme.com/index/launch-of-it",
    ],
)
def test_a_translation_has_the_story_of_its_original_and_another_document(translated: str) -> None:
    original = page("https://acme.com/index/launch-of-it")
    assert page(translated).story == original.story
    assert page(translated).document != original.document


def test_a_short_word_at_the_end_of_a_path_is_no_locale() -> None:
    assert page("https://acme.com/news/in").story == "acme.com/news/in"


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("https://acme.com/blog/azure/introducing-gpt-5-4/4499785", "introducing-gpt-5-4"),
        ("https://acme.com/log/2026-06-24-acme-for-jira/", "acme-for-jira"),
        ("https://acme.com/x/what%E2%80%99s-new--june-2025", "whats-new-june-2025"),
        ("https://acme.com/x/launch.html", "launch"),
        ("https://acme.com/news/", ""),
        ("https://acme.com/docs/page#may-22nd", "may-22nd"),
    ],
)
def test_the_slug_is_the_words_of_the_last_segment(url: str, slug: str) -> None:
    assert page(url).slug == slug


def test_only_a_long_slug_loses_the_mark_of_one_in_use() -> None:
    assert without_mark("build-apps-with-steps-and-more-2") == "build-apps-with-steps-and-more"
    assert without_mark("project-vend-2") == "project-vend-2"


@pytest.mark.parametrize(
    ("url", "lists"),
    [
        ("https://acme.com/docs/changelog", True),
        ("https://acme.com/docs/release-notes/models", True),
        ("https://acme.com/", True),
        ("https://acme.com/changelog/2026-06-24-acme-for-jira-is-here", False),
        ("https://github.com/acme/tool/releases/tag/v2", False),
        ("https://acme.com/docs/changelog#entry", False),
        ("https://acme.com/news/launch", False),
    ],
)
def test_a_page_of_many_announcements_is_known_by_its_address(url: str, lists: bool) -> None:
    assert page(url).lists is lists
