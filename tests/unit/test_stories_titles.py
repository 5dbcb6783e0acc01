from __future__ import annotations

import pytest

from ingest.stories.titles import title


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Introducing Gemma 4 12B: a unified model", "Gemma 4 12B: A unified model"),
        ("Measuring LLMs' impact on N-day exploits", "Measuring LLMs’ Impact on N-day Exploits"),
        ("Google announces Gemini CLI", "Gemini CLI"),
        ("Cohere deepens partnership with the Government", "Cohere deepens partnership with Government"),
        ("Ｇｅｍｉｎｉ ３", "Gemini 3"),
        ("10,000 findings", "10000 findings"),
        ("Large language models are generally available", "LLMs: GA"),
        ("Foundation models in Acme", "FMs in Acme"),
        ("Retrieval-Augmented Generation", "RAG"),
        ("The Model Context Protocol (MCP)", "MCP"),
        ("Acme v1.16.0", "Acme 1.16"),
        ("November 4, 2025: Acme Reader", "Acme Reader"),
        ("2025年11月4日: 新しい読み手", "新しい読み手"),
    ],
)
def test_titles_that_say_the_same_have_one_normal_form(one: str, other: str) -> None:
    assert title(one).normal == title(other).normal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Gemini 3 Flash", "Gemini 3 Pro"),
        ("Gemini 3 (preview)", "Gemini 3 is generally available"),
        ("Codex CLI 0.136.0", "Codex CLI 0.137.0"),
        ("Changes: May", "Changes: June"),
        ("August 1, 2025", "August 8, 2025"),
        ("Introducing acme-2024-08-06", "Introducing acme-2024-05-13"),
        ("Acme 2.0", "Acme 2"),
        ("新機能 5月", "新機能 6月"),
    ],
)
def test_titles_that_do_not_have_two(one: str, other: str) -> None:
    assert title(one).normal != title(other).normal


def test_the_subject_is_what_stands_before_a_colon_comma_or_bracket() -> None:
    assert title("AWS announces Amazon Q (Preview)").subject == "amazon q"
    assert title("Introducing Amazon Q, a new assistant").subject == "amazon q"
    assert title("Gemini CLI：オープンソース").subject == "gemini cli"
    assert title("Well-known things").subject == "well known things"


def test_endings_do_not_make_another_word() -> None:
    assert title("call summaries").words == title("call summary").words
    assert title("generative call summarization").words >= title("summarize").words


def test_japanese_text_is_compared_in_pairs_of_characters() -> None:
    assert title("生成AIの提供").words == {"生成", "ai", "の提", "提供"}


def test_amounts_are_numbers_but_no_versions() -> None:
    assert title("AI agents find $4.6M in exploits").versions == frozenset()
    assert title("4.5x faster").versions == frozenset()
    assert title("Claude Opus 4.6 and GLM-4.7").versions == {"4.6", "4.7"}
    assert title("AI agents find $4.6M").numbers == {"4.6"}


def test_everyday_words_are_tiers_only_where_they_are_names() -> None:
    assert title("Can Claude run a small shop?").tiers == frozenset()
    assert title("Powered by Mistral Small").tiers == {"small"}
    assert title("The gemini 3 flash model").tiers == {"flash"}


def test_a_tier_is_one_in_both_languages_and_none_inside_a_word() -> None:
    assert title("Gemini 3 フラッシュ").tiers == title("Gemini 3 Flash").tiers == {"flash"}
    assert title("プロジェクトを公開").tiers == title("Ultra-fast streaming").tiers == frozenset()


def test_names_are_recognised_by_their_capitals() -> None:
    assert title("Integration of Amazon Redshift with OpenSearch").names >= {"redshift", "opensearch"}
    assert "build" not in title("Build apps").names
    assert title("How People Use Claude For Support, Advice, And More").names == frozenset()


def test_months_parts_kinds_and_stages_are_found_in_both_languages() -> None:
    assert title("Copilot の新機能 | 2025 年 6 月").months == {"june"}
    assert title("What’s new | June 2025").months == {"june"}
    assert title("Automate AIOps, Part 2: Setup").parts == {"2"}
    assert title("連載 第2回").parts == {"2"}
    assert title("Gemma 4: The Developer Guide").kinds == title("Gemma 4 入門ガイド").kinds == {"guide"}
    assert title("X is now in public preview").stages == title("X のプレビューを開始").stages == {"preview"}


def test_a_word_of_months_inside_another_does_not_count() -> None:
    assert title("Dismayed maybe").months == frozenset()
