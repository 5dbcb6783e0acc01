from __future__ import annotations

import pytest

from ingest.parse.markup import decoding
from ingest.parse.markup.characters import is_legal, legal

TEXT = "生成AIの新機能を発表、カタカナも"


def decode(content: bytes, media_type: str = "") -> tuple[str, str]:
    decoded = decoding.decode(content, media_type)
    return decoded.text, decoded.damage


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
def test_japanese_under_a_false_name_is_recognised_by_its_kana(claim: str, codec: str) -> None:
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


# ── stray bytes: the declared encoding stands while it explains most ────────────────────────────────────────────

ENGLISH = "".join(f"<i>Company’s update {number} — “new”</i>" for number in range(5))
JAPANESE = "".join(f"<i>新機能{number}を公開しました</i>" for number in range(5))
FRENCH = "<i>Été à Besançon, où l’œuvre naïve coûta « dix-huit » écus à l’hôtel</i>"


@pytest.mark.parametrize(
    "label", ["UTF-8", "utf8", "ISO-8859-1", "windows-1252", "Shift_JIS", "EUC-JP", "gb2312", "big5", ""]
)
@pytest.mark.parametrize("around", [ENGLISH, JAPANESE, ENGLISH + JAPANESE])
@pytest.mark.parametrize(
    ("stray", "meant"),
    [
        (b"partner\x92s", "partner’s"),
        (b"\x93quoted\x94", "“quoted”"),
        (b"2019\x962020", "2019–2020"),
        (b"caf\xe9 noir", "café noir"),
        (b"Z\xfcrich", "Zürich"),
        (b"\xa9 2026", "© 2026"),
        (b"model\x99", "model™"),
        (b"\x80100", "€100"),
    ],
)
def test_a_stray_byte_is_read_by_itself_and_the_rest_stays(label: str, around: str, stray: bytes, meant: str) -> None:
    head = f'<?xml version="1.0" encoding="{label}"?>' if label else ""
    content = f"{head}<a>{around}<i>".encode() + stray + f"</i>{around}</a>".encode()
    text, why = decode(content, f"text/xml; charset={label}" if label else "")
    assert text == f"{head}<a>{around}<i>{meant}</i>{around}</a>"
    assert why.endswith("are not valid utf-8")


@pytest.mark.parametrize(
    ("cut", "meant"),
    [
        ("新製品".encode()[:-1] + b"</i>", "新製\ufffd</i>"),
        ("新製品".encode()[:-2] + b"...</i>", "新製\ufffd...</i>"),
        ("Company’".encode()[:-1] + b"</i>", "Company\ufffd</i>"),
        ("na\xef".encode()[:-1] + b"</i>", "na\ufffd</i>"),
        ("Launch 🚀".encode()[:-1] + b" now</i>", "Launch \ufffd now</i>"),
    ],
)
def test_a_character_that_was_cut_is_no_letter_with_an_accent(cut: bytes, meant: str) -> None:
    assert decode(f"<a>{ENGLISH}<i>".encode() + cut)[0] == f"<a>{ENGLISH}<i>{meant}"


def test_halves_of_a_pair_encoded_one_by_one_are_one_character() -> None:
    halves = "\ud83d\ude80".encode("utf-8", "surrogatepass")
    assert decode(b"<a>Launch " + halves + "</a>新製品".encode())[0] == "<a>Launch 🚀</a>新製品"


@pytest.mark.parametrize("codec", ["cp932", "euc_jp"])
def test_one_field_in_another_encoding_is_read_in_its_own(codec: str) -> None:
    field = "お知らせを公開しました"
    content = f"<a>{JAPANESE}<i>".encode() + field.encode(codec) + f"</i>{JAPANESE}</a>".encode()
    assert decode(content)[0] == f"<a>{JAPANESE}<i>{field}</i>{JAPANESE}</a>"


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("Shift_JIS", "cp932", JAPANESE),
        ("EUC-JP", "euc_jp", JAPANESE),
        ("gb2312", "gb18030", "<i>发布新的大型语言模型，支持多种语言</i>"),
        ("big5", "big5hkscs", "<i>發佈新的大型語言模型，支援多種語言</i>"),
        ("euc-kr", "cp949", "<i>인공지능 새 모델을 출시했습니다</i>"),
    ],
)
@pytest.mark.parametrize("stray", [b"\xff", b"\x80<"])
def test_a_stray_byte_leaves_a_declared_encoding_of_several_bytes(
    label: str, codec: str, text: str, stray: bytes
) -> None:
    head = f'<?xml version="1.0" encoding="{label}"?><a>'
    content = (head + text).encode(codec) + stray + text.encode(codec)
    decoded, _ = decode(content)
    assert decoded.startswith(head + text)
    assert decoded.endswith(text)


@pytest.mark.parametrize("label", ["ISO-8859-1", "windows-1252"])
def test_latin_text_that_resembles_utf8_here_and_there_keeps_its_encoding(label: str) -> None:
    text = f"<i>LE CAFÉ\xa0» {FRENCH}"  # C9 A0 would be one character of UTF-8
    head = f'<?xml version="1.0" encoding="{label}"?>'
    assert decode((head + text).encode("cp1252"))[0] == head + text


def test_latin_text_that_calls_itself_utf8_is_still_read() -> None:
    text, why = decode(declared("utf-8", FRENCH).encode("cp1252"))
    assert text == declared("utf-8", FRENCH)
    assert why


# ── which encoding counts ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("codec", ["cp932", "euc_jp"])
@pytest.mark.parametrize("header", ["iso-8859-1", "utf-8", "us-ascii", "shift_jis", "euc-jp"])
@pytest.mark.parametrize("label", ["Shift_JIS", "EUC-JP", "utf-8"])
def test_what_explains_japanese_wins_over_who_named_it(header: str, label: str, codec: str) -> None:
    assert decode(declared(label).encode(codec), f"text/xml; charset={header}")[0] == declared(label)


def test_the_media_type_wins_over_the_declaration_where_both_explain_everything() -> None:
    text = "Новая модель"
    assert decode(declared("koi8-r", text).encode("cp1251"), "text/xml; charset=windows-1251")[0] == declared(
        "koi8-r", text
    )


def test_what_the_document_states_in_its_own_way_counts_last() -> None:
    page = "<meta charset={}><a>Новая модель"
    content = page.format("windows-1251").encode("cp1251")
    assert decode(content)[0] == page.format("windows-1251")
    content = page.format("koi8-r").encode("cp1251")
    assert decode(content, "text/html; charset=windows-1251")[0] == page.format("koi8-r")


@pytest.mark.parametrize("label", ["utf-16", "utf-16le", "utf-32", "cp037", "unicode"])
def test_an_encoding_in_which_the_declaration_could_not_be_read_is_untrue(label: str) -> None:
    head = f'<?xml version="1.0" encoding="{label}"?><a>'
    content = (head + JAPANESE).encode() + b"caf\xe9 "
    assert decode(content, f"text/xml; charset={label}")[0] == head + JAPANESE + "café "


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-8"])
def test_a_byte_order_mark_wins_over_everything(codec: str) -> None:
    content = ("\ufeff" + declared("Shift_JIS")).encode(codec)
    assert decode(content, "text/xml; charset=iso-8859-1") == (declared("Shift_JIS"), "")


def test_utf8_with_a_mark_and_a_stray_byte_stays_utf8() -> None:
    assert decode(b"\xef\xbb\xbf<a>" + JAPANESE.encode() + b"it\x92s")[0] == f"<a>{JAPANESE}it’s"


def test_two_byte_order_marks_are_not_a_mark() -> None:
    assert decode(b"\xef\xbb\xbf\xef\xbb\xbf<a>x")[0] == "<a>x"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["<a>新製品</a>", '{"a": "新製品"}', '[{"a": "新製品"}]'])
def test_utf16_without_a_mark_is_recognised_by_its_first_character(text: str, codec: str) -> None:
    assert decode(text.encode(codec)) == (text, "")


# ── labels ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        *((label, "cp932") for label in ("MS_Kanji", "csShiftJIS", "MS932", "CP932", "SJIS-win", "Windows-31J")),
        *((label, "euc_jp") for label in ("X-EUC-JP", "eucJP-ms", "eucJP-win", "CP51932", "eucjp", "ujis", "EUC_JP")),
        *((label, "iso2022_jp") for label in ("csISO2022JP", "CP50220", "CP50221", "cp50222", "ISO-2022-JP-MS")),
        *((label, "utf-8") for label in ("utf8", "unicode-1-1-utf-8", "UTF-8 ", "utf8mb4")),
    ],
)
def test_labels_are_known_by_every_name(label: str, codec: str) -> None:
    assert decode(declared(label).encode(codec)) == (declared(label), "")


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("windows-1251", "cp1251", "Новая модель"),
        ("x-cp1251", "cp1251", "Новая модель"),
        ("koi8-u", "koi8_u", "Нова модель"),
        ("iso-8859-2", "iso8859-2", "Český závěr"),
        ("latin2", "iso8859-2", "Český závěr"),
        ("iso-8859-15", "iso8859-15", "10 € œuvre"),
        ("macintosh", "mac_roman", "Été"),
        ("iso-8859-9", "cp1254", "Yapay zekâ, ğüşiöç"),
        ("GBK", "gb18030", "发布新的大型模型"),
        ("cp936", "gb18030", "发布新的大型模型"),
        ("x-x-big5", "big5hkscs", "發佈新的模型"),
        ("ks_c_5601-1987", "cp949", "인공지능 똠방각하"),
        ("hz-gb-2312", "hz", "发布新的大型模型"),
        ("iso-2022-kr", "iso2022_kr", "인공지능"),
    ],
)
def test_labels_of_other_languages_are_known(label: str, codec: str, text: str) -> None:
    assert decode(declared(label, text).encode(codec)) == (declared(label, text), "")


# ── Japanese as it is written ───────────────────────────────────────────────────────────────────────────────────

VENDORS = [
    ("①", 0x2D21),
    ("㈱", 0x2D6A),
    ("髙", 0x7C62),
    ("﨑", 0x7975),
    ("Ⅳ", 0x2D38),
    ("№", 0x2D62),
    ("纊", 0x7921),
    ("～", 0x2141),
]


@pytest.mark.parametrize(("char", "point"), VENDORS)
def test_vendors_characters_are_read_in_euc_jp(char: str, point: int) -> None:
    code = (point | 0x8080).to_bytes(2, "big")
    content = declared("EUC-JP", "新[]").encode("euc_jp").replace(b"[]", code)
    assert decode(content) == (declared("EUC-JP", f"新{char}"), "")


@pytest.mark.parametrize(("char", "point"), VENDORS)
@pytest.mark.parametrize("escape", [b"\x1b$B", b"\x1b$@"])
@pytest.mark.parametrize("label", ["ISO-2022-JP", "cp50221", "utf-8", "Shift_JIS"])
def test_vendors_characters_are_read_in_iso_2022_jp(label: str, escape: bytes, char: str, point: int) -> None:
    content = (
        declared(label, "[]を公開").encode("iso2022_jp").replace(b"[]", escape + point.to_bytes(2, "big") + b"\x1b(B")
    )
    assert decode(content, f"text/xml; charset={label}") == (declared(label, f"{char}を公開"), "")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (b"\x8e\xc3\x8e\xbd\x8e\xc4", "ﾃｽﾄ"),
        (b"\x8f\xf3\xf3", "ⅰ"),
        (b"\x8f\xf4\xa4", "Ⅵ"),
        (b"\x8f\xf4\xfe", "黑"),
        (b"\x8f\xb1\xb0", "侷"),
    ],
)
def test_the_other_planes_of_euc_jp_are_read(code: bytes, text: str) -> None:
    assert decode(declared("eucJP-ms", "新[]").encode("euc_jp").replace(b"[]", code)) == (
        declared("eucJP-ms", f"新{text}"),
        "",
    )


@pytest.mark.parametrize(
    "code", [b"\x1b(I1234\x1b(B", b"\x0e1234\x0f", b"\x0e\xb1\xb2\xb3\xb4\x0f", b"\xb1\xb2\xb3\xb4"]
)
def test_half_width_kana_of_iso_2022_jp_are_read_in_each_of_three_ways(code: bytes) -> None:
    content = declared("ISO-2022-JP", "新しい[]です").encode("iso2022_jp").replace(b"[]", b"[" + code + b"]")
    assert decode(content) == (declared("ISO-2022-JP", "新しい[ｱｲｳｴ]です"), "")


@pytest.mark.parametrize("end", ["\n", "</title>", "]]></title>"])
def test_a_lost_escape_costs_no_more_than_its_field(end: str) -> None:
    content = declared("ISO-2022-JP", f"公開{end}<b>続報</b>").encode("iso2022_jp")
    broken = content.replace(b"\x1b(B" + end.encode(), end.encode(), 1)
    assert broken != content
    assert decode(broken)[0] == declared("ISO-2022-JP", f"公開{end}<b>続報</b>")


def test_roman_of_japan_has_a_yen_sign_and_leaves_addresses_alone() -> None:
    assert decode(declared("ISO-2022-JP", "[]").encode().replace(b"[]", b"\x1b$B?7\x1b(J\\100 /~a"))[0].startswith(
        declared("ISO-2022-JP", "新¥100 /~a")[:-4]
    )


# ── one stray byte in a short document ──────────────────────────────────────────────────────────────────────────


def seven_bit(escape: bytes, char: str) -> bytes:
    plane = char.encode("euc_jp")[-2:]
    return escape + bytes(byte & 0x7F for byte in plane) + b"\x1b(B"


@pytest.mark.parametrize(("label", "codec"), [("EUC-JP", "euc_jp"), ("Shift_JIS", "cp932"), ("GBK", "gbk")])
@pytest.mark.parametrize("stray", [b"\xff", b"\x80"])
def test_one_stray_byte_leaves_a_short_document_in_its_declared_encoding(label: str, codec: str, stray: bytes) -> None:
    content = declared(label, "新モデル公開").encode(codec).replace(b"</a>", stray + b"</a>")
    text, _ = decode(content)
    assert "新モデル公開" in text


def test_one_stray_byte_leaves_a_short_document_in_seven_bits() -> None:
    content = declared("ISO-2022-JP", "新機能").encode("iso2022_jp").replace(b"</a>", b"\xe9</a>")
    assert decode(content) == (declared("ISO-2022-JP", "新機能\ufffd"), "1 characters are not valid iso-2022-jp")


@pytest.mark.parametrize("header", ["iso-8859-1", "windows-1252"])
def test_one_stray_byte_in_a_short_utf8_document_leaves_it_utf8_whatever_its_server_says(header: str) -> None:
    text, _ = decode("<a>Company’s naïve — plan</a>".encode() + b"<b>It\x92s</b>", f"text/xml; charset={header}")
    assert text == "<a>Company’s naïve — plan</a><b>It’s</b>"


def test_the_supplementary_kanji_of_seven_bits_are_read() -> None:
    content = declared("ISO-2022-JP-1", "@").encode().replace(b"@", seven_bit(b"\x1b$(D", "丂"))
    assert decode(content) == (declared("ISO-2022-JP-1", "丂"), "")
