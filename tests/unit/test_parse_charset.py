from __future__ import annotations

import pytest

from ingest.parse.charset import decode, is_legal, legal

TEXT = "生成AIの新機能を発表、カタカナも"


def declared(encoding: str, text: str = TEXT) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?><a>{text}</a>'


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("Shift_JIS", "cp932"),
        ("x-sjis", "cp932"),
        ("Windows-31J", "cp932"),
        ("EUC-JP", "euc_jp"),
        ("ISO-2022-JP", "iso2022_jp"),
        ("UTF-16", "utf-16"),
        ("utf-8", "utf-8"),
        ("UTF-8", "utf-8-sig"),
    ],
)
def test_a_declared_encoding_is_read(label: str, codec: str) -> None:
    assert decode(declared(label).encode(codec)) == (declared(label), "")


@pytest.mark.parametrize("text", ["①㈱髙", "～－"])
def test_what_japanese_press_releases_add_to_shift_jis_is_read(text: str) -> None:
    assert decode(declared("Shift_JIS", text).encode("cp932")) == (declared("Shift_JIS", text), "")


def test_circled_numbers_in_euc_jp_are_read() -> None:
    assert decode(declared("EUC-JP", "①").encode("euc_jis_2004")) == (declared("EUC-JP", "①"), "")


def test_the_media_type_names_the_encoding_where_the_document_does_not() -> None:
    assert decode(TEXT.encode("euc_jp"), 'text/xml; Charset="EUC-JP"') == (TEXT, "")


@pytest.mark.parametrize("claim", ["iso-8859-1", "shift_jis", "windows-1252", "utf-16"])
def test_valid_utf8_is_utf8_whatever_anybody_claims(claim: str) -> None:
    assert decode(declared(claim).encode(), f"text/xml; charset={claim}") == (declared(claim), "")


def test_latin_1_is_read_as_browsers_read_it() -> None:
    content = declared("ISO-8859-1", "caf\xe9 \x93quoted\x94").encode("latin-1")
    assert decode(content) == (declared("ISO-8859-1", "café “quoted”"), "")


@pytest.mark.parametrize("codec", ["cp932", "euc_jp"])
@pytest.mark.parametrize("claim", ["utf-8", "iso-8859-1", "no-such-thing"])
def test_japanese_under_a_false_name_is_told_by_its_kana(claim: str, codec: str) -> None:
    assert decode(declared(claim).encode(codec), f"text/xml; charset={claim}") == (declared(claim), "")


@pytest.mark.parametrize("damage", [b"\xe3", b"\xe3\x81", b"\xff"])
def test_damaged_utf8_is_no_other_encoding(damage: bytes) -> None:
    text, why = decode((TEXT * 3).encode() + damage + (TEXT * 3).encode())
    assert text.startswith(TEXT * 3)
    assert text.endswith(TEXT * 3)
    assert why.endswith("are not valid utf-8")


def test_a_character_cut_in_half_costs_that_character() -> None:
    content = declared("utf-8").encode()[:-6]
    text, why = decode(content)
    assert text == declared("utf-8")[:-5] + "\ufffd"
    assert why == "1 characters are not valid utf-8"


@pytest.mark.parametrize("label", ["rot13", "punycode", "utf-7", "hex", "no-such-thing", "x" * 50])
def test_what_is_no_charset_is_not_used(label: str) -> None:
    assert decode(b"<a>+ADw-caf\xc3\xa9", f"text/xml; charset={label}") == ("<a>+ADw-café", "")


def test_bytes_in_no_encoding_that_anybody_names_say_so_and_lose_nothing_of_ascii() -> None:
    text, why = decode(b"<a>" + "인공지능 새 모델".encode("cp949"))
    assert text.startswith("<a>")
    assert why == "unknown character encoding"


def test_forbidden_characters_are_left_out_and_others_stay() -> None:
    assert legal("a\x00b\x0bc\ud800d\ufffee\tf\n\U0001f600") == "abcde\tf\n\U0001f600"
    assert is_legal("\t")
    assert not is_legal("\x1f")
