from __future__ import annotations

import pytest

from dedupe.build import member
from ingest.stories import Member, sounds
from ingest.stories.translations import translated


def japanese(title: str, url: str = "") -> Member:
    return member(title, url, source="acme/ja", lang="ja")


@pytest.mark.parametrize(
    ("katakana", "latin"),
    [
        ("サウンドトラック", "soundtrack"),
        ("クラスター", "cluster"),
        ("ダーウィン", "darwin"),
        ("トークサジェスト", "talk suggest"),
    ],
)
def test_a_borrowed_word_sounds_like_its_origin(katakana: str, latin: str) -> None:
    assert sounds.of_katakana(katakana) in {*sounds.runs(latin.split()), sounds.of_latin(latin)}


def test_another_word_does_not() -> None:
    assert sounds.of_katakana("サウンドトラック") != sounds.of_latin("sandbox")
    assert sounds.of_katakana("トークサジェスト") not in sounds.runs(["talk", "session"])


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("Introducing Acme Reader 2", "Acme Reader 2 のご紹介"),
        ("Acme unveils Hoshi, its largest model", "最大のモデル「Hoshi」を提供開始"),
        ("Generate Soundtrack in Hoshi Studio", "Hoshi Studio の「サウンドトラック生成」を提供開始"),
        ("Hoshi compression for LLMs", "大規模言語モデルの Hoshi 圧縮を公開"),
        ("Hoshi Reader, our new agent", "Hoshi Reader 공개"),
        ("Acme acquires Pangea Security", "ホシノソラ、Pangea Security を買収"),
        (
            "Acme launches HoshiX, a platform to govern agents",
            "エージェントを統制するプラットフォーム HoshiX の提供を開始",
        ),
    ],
)
def test_names_numbers_sounds_and_the_table_show_a_translation(english: str, other: str) -> None:
    assert translated(member(english), japanese(other)) >= 0.5


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("Introducing Acme Reader 2", "Acme Reader 3 のご紹介"),
        ("Introducing Acme Reader", "Acme Writer のご紹介"),
        ("Introducing Acme Reader", "Acme Reader の導入事例"),
        ("Introducing Acme Reader Pro", "Acme Reader ミニを発表"),
        ("Generate Video in Hoshi Studio", "Hoshi Studio の「音声生成」を提供開始"),
        ("Hoshi Studio in Osaka Cloud", "Hoshi Studio を発表"),
        ("Introducing our protocol server", "Acme の新機能"),
    ],
)
def test_what_one_names_and_the_other_does_not_speaks_against_it(english: str, other: str) -> None:
    assert translated(member(english), japanese(other)) == 0.0


def test_addresses_that_end_alike_make_up_for_words() -> None:
    address = "https://acme.com/{}/collective-scaling{}"
    english = member("Scaling and Collective Intelligence", address.format("blog", ""))
    other = "フロンティアにおけるスケーリングと集合知への挑戦と展望"
    assert translated(english, japanese(other, address.format("ja", "-jp")))
    assert not translated(english, japanese(other))


def test_one_language_is_no_translation() -> None:
    assert translated(member("Acme Reader"), member("Acme Reader", source="acme/blog")) == 0.0
