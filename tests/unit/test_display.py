"""Which titles say nothing without their product, and how they are shown."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.display import LONGEST, is_bare, shown_title

BARE = [
    "v2.1.88",
    "v2.1.88 (latest)",
    "2.1.88",
    "0.98.0",
    "v0.86.3.dev",
    "v4.0.0-rc.1",
    "1.0.0rc1",
    "1.0.0b2",
    "v1.2.3-alpha.1+build.5",
    "1.0.0+20260522.abc",
    "b6123",
    "Version 2.1",
    "Release v4.57.3",
    "Patch release v4.57.3",
    "v1.2.3 (2026-05-22)",
    "2.1.88 - May 22, 2026",
    "2026-05-22",
    "May 22, 2026",
    "22 May 2026",
    "May 2026",
    "2026年5月22日",
    "5月22日",
    "2026.05.22",
    "Friday, May 22, 2026",
    "May 22nd, 2026",
    "2026年5月22日(金曜日)",
    "令和8年5月22日",
    "2026-05-22T09:00:00Z",
    "バージョン 2.1.0",
    "2026年5月22日 更新",
    "2026년 5월 22일",
    "12 mai 2026",
    "22. Mai 2026",
    "22 de mayo de 2026",
    "Week of May 18, 2026",
    "Week 21, 2026",
    "May 18–22, 2026",
    "v１.２",
    "[v1.2.3]",
    "v1.0.0 / v1.1.0",
    "v3",
    "V3",
    "Q2 2026",
    "1.2.3-preview",
    "v0.2.0-preview.5",
    "1.2.3 beta 2",
    "v1.2.3 Hotfix",
    "２０２６年５月２２日",
    "October 2025",
    "Sept. 3, 2025",
    "v2024.12.1",
    "v1.0 LTS",
]

TELLING = [
    "GPT-5.5",
    "o3",
    "4o",
    "R1",
    "GPT-4.1 mini",
    "Claude Code v2.1.88",
    "rust-v0.98.0",
    "python-1.0.0",
    "Gemini 3.5 Flash",
    "May",
    "Update",
    "Release notes",
    "March of progress 2026",
    "Introducing v2",
    "10,000 vulnerabilities",
    "5 updates",
    "Week in review, May 2026",
    "100% faster",
    "3D generation",
    "v2 is here",
    "Version control",
    "2026 roadmap",
    "Qwen3.5",
    "Qwen 3",
    "1 million tokens",
    "70B",
    "v1.2.3: fixes for Windows",
    "@acme/sdk 1.0.0",
    "Llama 4",
    "Build 2026 recap",
    "Sonnet 5",
    "第3回",
    "モデル5",
    "モデル 5 の提供を開始",
    "",
    "   ",
    "A2A 1.0",
    "K2",
    "M2.5",
    "2.5 Pro",
    "3.5 Sonnet",
]


@pytest.mark.parametrize("title", BARE)
def test_a_version_or_a_date_alone_is_shown_with_the_product(title: str) -> None:
    assert is_bare(title)
    assert shown_title(title, "Claude Code") == f"Claude Code {title}"
    assert shown_title(title, "") == title


@pytest.mark.parametrize("title", TELLING)
def test_every_other_title_is_shown_as_it_is(title: str) -> None:
    assert not is_bare(title)
    assert shown_title(title, "Claude Code") == title


@given(st.text(), st.sampled_from(["Claude Code", "Codex", "アクメ"]))
def test_the_stored_title_stays_whole_and_the_product_is_named_once(title: str, product: str) -> None:
    shown = shown_title(title, product)
    assert shown in {title, f"{product} {title}"}
    assert shown_title(shown, product) == shown


@given(st.text(alphabet="1v.-+_ ,a b(x", max_size=LONGEST))
def test_a_title_is_read_once_whatever_it_holds(title: str) -> None:
    before = time.process_time()
    is_bare(title)
    assert time.process_time() - before < 0.1
