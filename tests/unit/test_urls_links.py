"""Links as documents hold them, and what address comes of each."""

from __future__ import annotations

import pytest

from ingest import urls
from ingest.errors import UrlError

BASE = "https://news.acme-ai.com/feeds/all.xml"
HOST = "https://www.acme-ai.com"


def read(written: str, base: str = BASE) -> str:
    return urls.possible(urls.parse(urls.link(written, base))).text


@pytest.mark.parametrize(
    ("written", "path"),
    [
        (f"{HOST}/news/my post.html", "/news/my%20post.html"),
        (f"{HOST}/news/two  spaces", "/news/two%20%20spaces"),
        (f"{HOST}/news?q=a b", "/news?q=a%20b"),
        (f"{HOST}/news#part two", "/news#part%20two"),
        (f"{HOST}/news/\n     split-path", "/news/split-path"),
        (f"{HOST}/news/\r\n\t\tsplit-path", "/news/split-path"),
        (f"{HOST}/news/a\u2028b", "/news/ab"),
        (f"{HOST}/news/a\tb", "/news/ab"),
        ("https://www.acme-\nai.com/news/a", "/news/a"),
        ("ht\ntps://www.acme-ai.com/news/a", "/news/a"),
        (f"\n   {HOST}/news/a\n  ", "/news/a"),
        (f"\u3000{HOST}/news/a\u3000", "/news/a"),
        (f"\xa0{HOST}/news/a\xa0", "/news/a"),
        (f"\ufeff{HOST}/news/bom", "/news/bom"),
        (f"\ufeff\n {HOST}/news/bom", "/news/bom"),
        (f"{HOST}/news/zw\u200b", "/news/zw"),
        (f"\u200b\u200e{HOST}/news/zw\u2060\u200f", "/news/zw"),
        (f"{HOST}/news/zw\u202c", "/news/zw"),
        (f"{HOST}/news/a\u200cb", "/news/a%E2%80%8Cb"),
        (f"{HOST}/news/a\u200bb", "/news/a%E2%80%8Bb"),
        (f"{HOST}/news/a\ufeffb", "/news/a%EF%BB%BFb"),
        (f"{HOST}/news/a\xa0b", "/news/a%C2%A0b"),
        (f"{HOST}/news/a\u3000b", "/news/a%E3%80%80b"),
        (f"{HOST}/ニュース/新製品", "/%E3%83%8B%E3%83%A5%E3%83%BC%E3%82%B9/%E6%96%B0%E8%A3%BD%E5%93%81"),
        (f"{HOST}:443/news/p", "/news/p"),
        ("HTTPS://WWW.ACME-AI.COM/news/u", "/news/u"),
    ],
)
def test_a_link_is_read_as_a_browser_reads_it(written: str, path: str) -> None:
    assert read(written) == f"{HOST}{path}"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("www.acme-ai.com/news/ns", f"{HOST}/news/ns"),
        ("WWW.acme-ai.com/news/ns", f"{HOST}/news/ns"),
        ("www.acme-ai.com", f"{HOST}/"),
        ("www.acme-ai.com?p=7", f"{HOST}/?p=7"),
        ("www.acme-ai.com:443/news", f"{HOST}/news"),
        ("acme-ai.com/news/ns", "https://acme-ai.com/news/ns"),
        ("news.acme-ai.com/ns", "https://news.acme-ai.com/ns"),
        ("blog.acme-ai.com/ns", "https://blog.acme-ai.com/ns"),
        (" www.acme-ai.com/my post ", f"{HOST}/my%20post"),
        ("other.example.com/ns", "https://other.example.com/ns"),
        ("www.example.org/ns", "https://www.example.org/ns"),
        ("//www.acme-ai.com/news/c", f"{HOST}/news/c"),
        ("//www.acme-ai.com", f"{HOST}/"),
    ],
)
def test_a_host_without_a_scheme_is_a_host(written: str, address: str) -> None:
    assert read(written) == address


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("post.html", "/feeds/post.html"),
        ("news/b", "/feeds/news/b"),
        ("/news/a", "/news/a"),
        ("./a", "/feeds/a"),
        ("../a", "/a"),
        ("?p=7", "/feeds/all.xml?p=7"),
        ("v1.2/notes", "/feeds/v1.2/notes"),
        ("asp.net/overview", "/feeds/asp.net/overview"),
        ("llama.cpp/releases", "/feeds/llama.cpp/releases"),
        ("node.js", "/feeds/node.js"),
        ("readme.md", "/feeds/readme.md"),
        ("my post", "/feeds/my%20post"),
    ],
)
def test_a_folder_with_a_dot_is_no_host(written: str, path: str) -> None:
    assert read(written) == f"https://news.acme-ai.com{path}"


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        (f"{HOST}/{HOST}/news/a", "malformed"),
        (f"/{HOST}/news/a", "malformed"),
        ("://www.acme-ai.com/news/a", "malformed"),
        ("https//www.acme-ai.com/news/a", "malformed"),
        (f'"{HOST}/news/a"', "malformed"),
        (f"{HOST}/www.acme-ai.com/news/a", "malformed"),
        (f"{HOST}/acme-ai.com/news/a", "malformed"),
        (f"{HOST}/news/{{{{slug}}}}", "malformed"),
        (f"{HOST}/news/${{slug}}", "malformed"),
        (f"{HOST}/news/[object Object]", "malformed"),
        (f"{HOST}/news/<%= slug %>", "malformed"),
        (f'<a href="{HOST}/news/a">', "white-space"),
        ("https:///news/a", "malformed"),
        ("https:www.acme-ai.com/a", "malformed"),
        ("htps://www.acme-ai.com/a", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("java script:alert(1)", "white-space"),
        (f"{HOST}/a {HOST}/b", "white-space"),
        (f"{HOST}\\news\\a", "backslash"),
        ("https://www.acme-ai.com\t@evil.example/a", "user-info"),
        (f"{HOST}/a\u202ebc", "control-character"),
        (f"{HOST}/a\x01bc", "control-character"),
        ("https://www acme-ai.com/a", "white-space"),
        ("https://www.ac\u200bme-ai.com/news/a", "control-character"),
        ("https://www.acme\xad-ai.com/news/a", "control-character"),
        ("", "malformed"),
    ],
)
def test_what_no_page_can_have_is_refused_by_name(written: str, rule: str) -> None:
    with pytest.raises(UrlError) as error:
        read(written)
    assert error.value.rule == rule


@pytest.mark.parametrize("written", [f"{HOST}/a?x=1&y=%20", f"{HOST}/A~b", "news/a", "//www.acme-ai.com/a"])
def test_a_plain_link_is_left_as_it_is_written(written: str) -> None:
    assert urls.tidy(written) == written  # it may be the raw key of an entry, which never changes


@pytest.mark.parametrize("path", ["/https-everywhere", "/docs/http/", "/http2/", "/news/acme-ai.com", "/a/www.acme"])
def test_pages_about_addresses_are_pages(path: str) -> None:
    assert read(f"{HOST}{path}") == f"{HOST}{path}"


@pytest.mark.parametrize(
    "path",
    [
        *("/https%3A%2F%2Fwww.acme-ai.com%2Fa", "/blog/undefined", "/undefined/a", "/blog/{slug}", "/blog/[slug]"),
        *("/blog/[...slug]", "/blog/:slug"),
    ],
)
def test_a_segment_that_was_not_filled_in_makes_no_page(path: str) -> None:
    with pytest.raises(UrlError) as refused:
        urls.possible(urls.parse(f"https://www.acme-ai.com{path}"))
    assert refused.value.rule == "malformed"


@pytest.mark.parametrize("path", ["/undefined-behaviour", "/a/undefined.html", "/blog/{a}-b", "/r/https%3A%2F%2Fa.b"])
def test_a_segment_that_only_begins_so_is_one_of_a_page(path: str) -> None:
    address = f"https://www.acme-ai.com{path}"
    assert urls.possible(urls.parse(address)) == urls.parse(address)
