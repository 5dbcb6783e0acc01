"""A title decoded no better than before is no revision; one decoded better, or another one, is."""

from __future__ import annotations

import pytest

from ingest.dedupe.decoding import is_no_better
from ingest.text import plain

TITLES = [
    "新製品を発表しました",
    "髙橋電機、新モデルを発表",
    "Company’s new model – “quoted”",
    "Été à la française",
    "发布新的大型模型",
    "인공지능 새 모델 출시",
    "GPT‑5 が利用可能に",
    "Qwen3 模型开源",
    "Über uns",
]


def misread(title: str, right: str, wrong: str) -> str:
    return plain(title.encode(right, "ignore").decode(wrong, "replace"), "text")


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("wrong", ["cp1252", "latin-1", "cp932", "gb18030", "mac_roman", "cp1251", "koi8_r"])
def test_utf8_in_another_encoding_is_no_better_and_the_way_back_is(title: str, wrong: str) -> None:
    spoilt = misread(title, "utf-8", wrong)
    assert is_no_better(spoilt, title)
    assert not is_no_better(title, spoilt)


@pytest.mark.parametrize("right", ["cp932", "euc_jp", "gb18030", "cp949", "big5hkscs"])
@pytest.mark.parametrize("wrong", ["cp1252", "latin-1", "utf-8"])
def test_other_encodings_misread_are_no_better(right: str, wrong: str) -> None:
    for title in TITLES:
        if not title.encode(right, "ignore").isascii() and title.encode(right, "ignore").decode(right) == title:
            spoilt = misread(title, right, wrong)
            assert is_no_better(spoilt, title)
            assert not is_no_better(title, spoilt)


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Company\ufffds update", "Company’s update"),
        ("Company?s update", "Company’s update"),
        ("新製\ufffdを発表", "新製品を発表"),
        ("\ufffd\ufffd\ufffd", "新製品"),
        ("\ufffdV\ufffd\ufffd\ufffdi\ufffd\ufffd", "新製品を"),
        ("$B?7@=IJ$rH/I=(B", "新製品を発表"),
        ("発売～音声にも", "発売〜音声にも"),
        ("発売〜音声にも", "発売～音声にも"),
    ],
)
def test_letters_lost_are_no_better(new: str, old: str) -> None:
    assert is_no_better(new, old)


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Company's update", "Company’s update"),
        ("Company’s second update", "Company’s update"),
        ("Why?", "Why？"),
        ("Model X launched", "Model X™ launched"),
        ("Cafe", "Café"),
        ("Café", "Cafe"),
        ("新製品を発表、改", "新製品を発表"),
        ("新製品", "新製品を発表"),
        ("Another \ufffd thing entirely", "Café news are here"),
        ("Company’s update", "Company\ufffds update"),
        ("New in 2026: Ünï", "Été à Paris"),
    ],
)
def test_an_edit_is_an_edit(new: str, old: str) -> None:
    assert not is_no_better(new, old)
