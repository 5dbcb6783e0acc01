"""Addresses, scopes and numbers, rule by rule; whole verdicts are in `policy/urls.yaml`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from publicsuffixlist import PSLFILE, PublicSuffixList

from ingest import rules, urls
from ingest.errors import UrlError
from ingest.model import Grant, PathMatch
from ingest.urls.scopes import is_public_suffix


def rule_of_scope(text: str, grant: Grant = Grant.OFFICIAL) -> str:
    with pytest.raises(UrlError) as caught:
        urls.parse_scope(text, grant)
    assert caught.value.message.startswith(f'"{urls.shown(text)}" ')
    assert caught.value.message.endswith(".")
    return caught.value.rule


def holds(scope: str, url: str, grant: Grant = Grant.OFFICIAL) -> bool:
    return urls.matches(urls.parse_scope(scope, grant), urls.parse(url))


# ── parse ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_address_comes_apart_and_together_again() -> None:
    url = urls.parse("https://Example.com/a/b?x=1&y#z")
    assert (url.scheme, url.host, url.path, url.query, url.fragment) == ("https", "example.com", "/a/b", "x=1&y", "z")
    assert url.suffix == "?x=1&y#z"
    assert url.text == f"https://{url.host}{url.path}{url.suffix}"
    assert urls.parse("https://example.com/").suffix == ""


@pytest.mark.parametrize("reference", ["example.com/news", "//example.com/news", "/news", "?x=1", "#top"])
def test_a_reference_says_nothing_without_a_base(reference: str) -> None:
    with pytest.raises(UrlError) as caught:
        urls.parse(reference)
    assert caught.value.rule == "relative"


def test_hyphens_inside_a_label_are_the_owners_business() -> None:
    assert urls.parse("https://r3---sn-x.example.com/").host == "r3---sn-x.example.com"


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("b", "https://example.com/news/b"),
        ("/b", "https://example.com/b"),
        ("../b", "https://example.com/b"),
        ("./b", "https://example.com/news/b"),
        ("?x=1", "https://example.com/news/a?x=1"),
        ("#top", "https://example.com/news/a?q=1#top"),
        ("//other.example/b", "https://other.example/b"),
        ("https://other.example/b", "https://other.example/b"),
        (" b\n", "https://example.com/news/b"),
        ("12:30-news", "https://example.com/news/12:30-news"),
    ],
)
def test_a_reference_is_resolved_against_its_base(reference: str, target: str) -> None:
    assert urls.parse(reference, "https://example.com/news/a?q=1#x").text == target


@pytest.mark.parametrize(
    ("reference", "rule"),
    [
        ("", "malformed"),
        ("//", "malformed"),
        ("///other.example/b", "malformed"),
        ("//me@other.example/b", "user-info"),
        ("//other.example:8080/b", "port"),
        ("/\\other.example/b", "backslash"),
        ("javascript:alert(1)", "scheme"),
        ("https:b", "malformed"),
    ],
)
def test_a_reference_keeps_to_the_same_rules(reference: str, rule: str) -> None:
    with pytest.raises(UrlError) as caught:
        urls.parse(reference, "https://example.com/news/")
    assert caught.value.rule == rule


def test_a_base_keeps_to_the_rules_as_well() -> None:
    with pytest.raises(UrlError) as caught:
        urls.parse("b", "https://localhost/news/")
    assert caught.value.rule == "single-label"


@pytest.mark.parametrize(
    ("raw", "dotted"),
    [
        ("https://example.com/a/../b", True),
        ("https://example.com/a/.", True),
        ("https://example.com/%2E%2e/b", True),
        ("https://example.com/a..b/...", False),
        ("https://example.com/a?x=/../", False),
        ("https://example.com/a#/../", False),
    ],
)
def test_dot_segments_are_resolved_and_remembered(raw: str, *, dotted: bool) -> None:
    url = urls.parse(raw)
    assert url.dotted is dotted
    assert not {".", ".."} & set(url.path.split("/"))


def test_an_address_of_the_greatest_length_is_read_and_one_longer_is_not() -> None:
    room = urls.MAX_LENGTH - len("https://example.com/")
    assert len(urls.parse("https://example.com/" + "a" * room).text) == urls.MAX_LENGTH
    for tail in ("a" * (room + 1), "あ" * (room // 9 + 1)):
        with pytest.raises(UrlError) as caught:
            urls.parse(f"https://example.com/{tail}")
        assert caught.value.rule == "too-long"


def test_what_is_shown_of_a_refused_text_is_printable_and_short() -> None:
    assert urls.shown("a\tb\x1b[2J\u202e") == r"a\u{9}b\u{1B}[2J\u{202E}"
    assert urls.shown("x" * 1000) == "x" * 500 + "…"
    assert urls.shown("生成AI ok") == "生成AI ok"


def test_https_is_another_scheme_and_nothing_else() -> None:
    url = urls.parse("http://example.com/a/./b?x#y")
    assert urls.with_https(url).text == "https://example.com/a/b?x#y"
    assert urls.with_https(url).dotted
    assert urls.with_https(urls.with_https(url)) == urls.with_https(url)


# ── clean ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("https://a.example/p?utm_source=x&utm_medium=y", "https://a.example/p"),
        ("https://a.example/p?id=1&utm_source=x&b=2", "https://a.example/p?id=1&b=2"),
        ("https://a.example/p?b=2&a=1&gclid=x", "https://a.example/p?b=2&a=1"),
        ("https://a.example/p?UTM_Source=x&id=1", "https://a.example/p?id=1"),
        ("https://a.example/p?utm%5Fsource=x&id=1", "https://a.example/p?id=1"),
        ("https://a.example/p?q=a%20b&fbclid=x", "https://a.example/p?q=a%20b"),
        ("https://a.example/p?utm_source", "https://a.example/p"),
        ("https://a.example/p?&&", "https://a.example/p"),
        ("https://a.example/p?id=utm_source", "https://a.example/p?id=utm_source"),
        ("https://a.example/p?author_utm_x=1", "https://a.example/p?author_utm_x=1"),
        ("https://a.example/p?trk=x", "https://a.example/p?trk=x"),
        ("https://aws.amazon.com/blogs/aws/p/?trk=x&sc_channel=el", "https://aws.amazon.com/blogs/aws/p/"),
        ("https://team.medium.com/p?source=rss----1", "https://team.medium.com/p"),
        ("http://a.example/p?utm_source=x", "http://a.example/p"),
    ],
)
def test_tracking_parameters_go_by_name_and_the_others_stay_as_they_are(raw: str, cleaned: str) -> None:
    assert urls.clean(urls.parse(raw)).text == cleaned


@pytest.mark.parametrize(
    "fragment",
    [
        "codex-2026-05-21",
        "github-release-rust-v0.133.0",
        "march-27-2026",
        "0220",
        "June_03_2026",
        "v2.1.238",
        "2026年5月",
        "/docs/changelog",
        "!topic/news/0a1b",
        "commentary",
        "top-10-models",
        "rss-2026",
    ],
)
def test_a_fragment_that_may_name_an_announcement_stays(fragment: str) -> None:
    url = urls.parse(f"https://learn.chatgpt.com/docs/changelog#{fragment}")
    assert urls.clean(url) == url


@pytest.mark.parametrize(
    "fragment",
    [
        "comments",
        "comment-12345",
        "respond",
        "more-1234",
        "top",
        "atom-everything",
        "tk.rss_all",
        "xtor=RSS-1",
        "utm_source=rss",
        ".VtCA9eS9FaQ",
        ":~:text=hello",
    ],
)
def test_a_fragment_that_is_known_to_name_none_goes(fragment: str) -> None:
    assert urls.clean(urls.parse(f"https://a.example/p#{fragment}")).text == "https://a.example/p"


def test_where_a_browser_scrolls_to_goes_and_the_anchor_before_it_stays() -> None:
    assert urls.clean(urls.parse("https://a.example/p#may-21:~:text=Goal")).text == "https://a.example/p#may-21"


# ── parse_scope ─────────────────────────────────────────────────────────────────────────────────────────────────

ANY, EXACT, PREFIX = PathMatch.ANY, PathMatch.EXACT, PathMatch.PREFIX


@pytest.mark.parametrize(
    ("text", "host", "subdomains", "match", "before", "after"),
    [
        ("openai.com", "openai.com", False, ANY, "/", None),
        ("*.openai.com", "openai.com", True, ANY, "/", None),
        ("openai.com/", "openai.com", False, ANY, "/", None),
        ("claude.com/blog", "claude.com", False, EXACT, "/blog", None),
        ("claude.com/docs/", "claude.com", False, PREFIX, "/docs/", None),
        ("*.claude.com/docs/", "claude.com", True, PREFIX, "/docs/", None),
        ("github.com/OpenAI/*/releases/", "github.com", False, PREFIX, "/openai/", "/releases/"),
        ("github.com/openai/*/releases.atom", "github.com", False, EXACT, "/openai/", "/releases.atom"),
        ("huggingface.co/blog/*", "huggingface.co", False, EXACT, "/blog/", ""),
        ("blog.example.com/*/", "blog.example.com", False, PREFIX, "/", "/"),
        ("研究.example.jp/Été/", "xn--w8yu4c.example.jp", False, PREFIX, "/%C3%89t%C3%A9/", None),
    ],
)
def test_a_scope_comes_apart_into_what_sql_can_compare(
    text: str, host: str, *, subdomains: bool, match: PathMatch, before: str, after: str | None
) -> None:
    scope = urls.parse_scope(text, Grant.OFFICIAL)
    assert (scope.host, scope.subdomains, scope.path_match) == (host, subdomains, match)
    assert (scope.path_before, scope.path_after, scope.query) == (before, after, None)
    assert scope.fold is (host == "github.com")


def test_a_scope_with_a_query_is_exact() -> None:
    scope = urls.parse_scope("example.com/news/?category=ai", Grant.OFFICIAL)
    assert (scope.path_match, scope.path_before, scope.query) == (EXACT, "/news/", "category=ai")


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Example.COM", "example.com"),
        ("example.com/", "example.com"),
        (" *.Example.com ", "*.example.com"),
        ("example.com/%7ea/Été", "example.com/~a/%C3%89t%C3%A9"),
        ("github.com/OpenAI/*/releases/", "github.com/OpenAI/*/releases/"),
        ("example.com/a?b=%c3%a9", "example.com/a?b=%C3%A9"),
    ],
)
def test_the_text_of_a_scope_is_its_normal_form_and_reads_as_itself(text: str, normal: str) -> None:
    scope = urls.parse_scope(text, Grant.OFFICIAL)
    assert scope.text == normal
    assert urls.parse_scope(normal, Grant.OFFICIAL) == scope


def test_an_exclamation_mark_makes_an_exception_of_an_official_line() -> None:
    scope = urls.parse_scope("!example.com/forum/", Grant.OFFICIAL)
    assert (scope.grant, scope.text) == (Grant.EXCEPTION, "example.com/forum/")
    assert urls.parse_scope("example.com/forum/", Grant.EXCEPTION) == scope
    assert rule_of_scope("!example.com/", Grant.CARRIER) == "malformed"
    assert rule_of_scope("!!example.com/") == "malformed"


def test_a_scope_keeps_its_grant_and_reason() -> None:
    scope = urls.parse_scope("feeds.example.net/acme/", Grant.CARRIER, "Acme's own feed host.")
    assert (scope.grant, scope.reason) == (Grant.CARRIER, "Acme's own feed host.")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "malformed"),
        ("/news/", "malformed"),
        ("//example.com", "malformed"),
        ("?x=1", "malformed"),
        (".example.com", "malformed"),
        ("exam_ple.com", "malformed"),
        ("example.com%2F", "malformed"),
        ("localhost", "single-label"),
        ("com", "single-label"),
        ("https://example.com", "scheme"),
        ("http://example.com/", "scheme"),
        ("//user@example.com", "malformed"),
        ("user@example.com", "user-info"),
        ("user:secret@example.com", "user-info"),
        ("example.com:8443", "port"),
        ("example.com:443", "port"),
        ("example.com:", "port"),
        ("example.com:*", "port"),
        ("192.0.2.1", "ip-host"),
        ("0x7f.1", "ip-host"),
        ("2130706433", "ip-host"),
        ("[2001:db8::1]", "ip-host"),
        ("*.192.0.2.1", "ip-host"),
        ("example.com.", "trailing-dot"),
        ("exаmple.com", "mixed-script"),
        ("аррӏе.com", "confusable"),
        ("xn--n3h.com", "idn"),
        ("example.com\\news\\", "backslash"),
        ("example.com/a\tb", "control-character"),
        ("example.com /a", "white-space"),
        ("example.com/a b/", "white-space"),
        ("example.com/#news", "fragment"),
        ("example.com/news?", "query"),
        ("*", "wildcard"),
        ("*.*.example.com", "wildcard"),
        ("www.*.com", "wildcard"),
        ("exam*.com", "wildcard"),
        ("**.example.com", "wildcard"),
        ("example.com/*/*/news/", "wildcard"),
        ("example.com/**/", "wildcard"),
        ("example.com/ai-*/", "wildcard"),
        ("example.com/*.xml", "wildcard"),
        ("example.com/news?x=*", "wildcard"),
        ("example.com/a/../b/", "dot-segment"),
        ("example.com/./", "dot-segment"),
        ("example.com/%2e%2E/", "dot-segment"),
        ("example.com//news/", "encoded-separator"),
        ("example.com/a%2Fb/", "encoded-separator"),
        ("example.com/a%5cb/", "encoded-separator"),
        ("example.com/a%00/", "encoded-separator"),
        ("*.com", "public-suffix"),
        ("*.jp", "public-suffix"),
        ("co.jp", "public-suffix"),
        ("*.co.jp", "public-suffix"),
        ("github.io", "public-suffix"),
        ("*.github.io", "public-suffix"),
        ("github.io/acme/", "public-suffix"),
        ("*.blogspot.com", "public-suffix"),
        ("vercel.app", "public-suffix"),
        ("*.hf.space", "public-suffix"),
        ("*.рф", "public-suffix"),
        ("bit.ly/acme/", "shortener"),
        ("www.bit.ly", "shortener"),
        ("aka.ms", "shortener"),
        ("*.goo.gle", "shortener"),
        ("news.google.com", "aggregator"),
        ("www.reddit.com/r/OpenAI/", "aggregator"),
        ("web.archive.org/web/", "aggregator"),
        ("github.com", "shared-host"),
        ("github.com/", "shared-host"),
        ("github.com/*/codex/releases/", "shared-host"),
        ("github.com/*", "shared-host"),
        ("github.com/topics/", "shared-host"),
        ("github.com/Topics/ai/", "shared-host"),
        ("github.com/orgs/", "shared-host"),
        ("github.com/orgs/*/", "shared-host"),
        ("*.github.com", "shared-host"),
        ("gist.github.com", "shared-host"),
        ("huggingface.co", "shared-host"),
        ("huggingface.co/blog/", "shared-host"),
        ("huggingface.co/blog/*/", "shared-host"),
        ("huggingface.co/spaces/*/app", "shared-host"),
        ("huggingface.co/papers/", "shared-host"),
        ("medium.com", "shared-host"),
        ("medium.com/tag/ai/", "shared-host"),
        ("substack.com/home/", "shared-host"),
        ("*.substack.com", "shared-host"),
        ("note.com", "shared-host"),
        ("x.com/search?q=openai", "shared-host"),
        ("jp.linkedin.com/in/somebody/", "shared-host"),
        ("www.youtube.com/watch", "shared-host"),
        ("www.youtube.com/@", "shared-host"),
        ("www.youtube.com/feeds/videos.xml", "shared-host"),
        ("www.youtube.com/feeds/videos.xml?channel_id=", "shared-host"),
        ("prtimes.jp", "shared-host"),
        ("prtimes.jp/companyrdf.php?company_id=&x=1", "shared-host"),
        ("prtimes.jp/companyrdf.php?x=1&company_id=93942", "shared-host"),
        ("prtimes.jp/main/html/rd/p/", "shared-host"),
        ("www.businesswire.com/news/home/", "shared-host"),
        ("arxiv.org/abs/2605.20695", "shared-host"),
        ("*.google.com", "shared-host"),
        ("*.microsoft.com", "shared-host"),
    ],
)
def test_a_scope_that_lets_others_in_or_is_invalid_is_refused_by_its_rule(text: str, rule: str) -> None:
    assert rule_of_scope(text) == rule
    assert rule_of_scope(text, Grant.CARRIER) == rule


def test_every_rule_for_scopes_is_documented() -> None:
    documented = set(re.findall(r"^    ([a-z-]+)  ", urls.__doc__ or "", re.MULTILINE))
    mark = next(m for m in test_a_scope_that_lets_others_in_or_is_invalid_is_refused_by_its_rule.pytestmark)  # type: ignore[attr-defined]
    assert documented <= {rule for _, rule in mark.args[1]}


@pytest.mark.parametrize(
    "text",
    [
        "github.com/openai",
        "github.com/openai/",
        "github.com/openai/codex/",
        "github.com/orgs/openai/",
        "gist.github.com/openai/",
        "huggingface.co/openai/",
        "huggingface.co/blog",
        "huggingface.co/blog/nvidia/",
        "huggingface.co/spaces/openai/*",
        "huggingface.co/changelog/*",
        "medium.com/@acme/",
        "acme.substack.com",
        "*.acme.substack.com",
        "qwenlm.github.io",
        "googleprojectzero.blogspot.com",
        "cloudblog.withgoogle.com",
        "zenn.dev/p/google_cloud_jp/",
        "note.com/elyza/n/",
        "x.com/OpenAI/",
        "www.linkedin.com/company/openai/",
        "www.youtube.com/@OpenAI/",
        "www.youtube.com/feeds/videos.xml?channel_id=UC0a1b",
        "prtimes.jp/companyrdf.php?company_id=93942",
        "techcommunity.microsoft.com/blog/azure-ai/",
        "github.blog",
        "docs.github.com",
        "blog.google",
        "group.ntt/jp/newsrelease/",
        "日本語.jp",
        "例え.テスト.jp",
    ],
)
def test_a_scope_that_names_its_owner_is_granted(text: str) -> None:
    assert urls.parse_scope(text, Grant.OFFICIAL).grant is Grant.OFFICIAL


@pytest.mark.parametrize("text", ["github.com", "bit.ly", "news.google.com", "github.io", "*.co.jp", "*.google.com"])
def test_what_may_not_be_granted_may_be_denied(text: str) -> None:
    assert urls.parse_scope(f"!{text}", Grant.OFFICIAL).grant is Grant.EXCEPTION


@pytest.mark.parametrize(
    "text", ["!https://example.com", "!example.com:443", "!*.com", "!exam*.com", "!example.com//x/"]
)
def test_an_exception_has_to_be_well_formed(text: str) -> None:
    rule_of_scope(text)


# ── matches ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_host_is_itself_and_a_wildcard_is_what_is_below() -> None:
    assert holds("example.com", "https://example.com/x")
    assert not holds("example.com", "https://www.example.com/x")
    assert holds("*.example.com", "https://www.example.com/x")
    assert holds("*.example.com", "https://a.b.example.com/x")
    assert not holds("*.example.com", "https://example.com/x")
    assert not holds("*.example.com", "https://badexample.com/x")


def test_a_denied_prefix_denies_itself_without_its_slash_and_a_granted_one_does_not_grant_it() -> None:
    assert not holds("example.com/p/", "https://example.com/p")
    assert not holds("example.com/p/", "https://example.com/p", Grant.CARRIER)
    assert holds("example.com/p/", "https://example.com/p", Grant.EXCEPTION)
    assert holds("example.com/*/p/", "https://example.com/x/p", Grant.EXCEPTION)
    assert not holds("example.com/p/", "https://example.com/px", Grant.EXCEPTION)
    assert not holds("example.com/p", "https://example.com/p/", Grant.EXCEPTION)


def test_case_matters_in_paths_except_on_hosts_that_fold_it() -> None:
    assert not holds("example.com/News/", "https://example.com/news/x")
    assert holds("github.com/OpenAI/*/Releases/", "https://github.com/openai/Codex/releases/x")


def test_grants_hold_https_only_and_exceptions_any_scheme() -> None:
    assert not holds("example.com", "http://example.com/")
    assert holds("example.com", "http://example.com/", Grant.EXCEPTION)


@pytest.mark.parametrize("path", ["/p//x", "/p/a%2Fb", "/p/a%5Cb", "/p/a%00", "/p/..;/x", "/q//p/"])
def test_a_path_that_is_not_certain_is_in_no_granted_path_and_in_every_denied_one(path: str) -> None:
    assert not holds("example.com/p/", f"https://example.com{path}")
    assert holds("example.com/p/", f"https://example.com{path}", Grant.EXCEPTION)
    assert holds("example.com", f"https://example.com{path}")
    assert not holds("other.com/p/", f"https://example.com{path}", Grant.EXCEPTION)


def test_dots_keep_an_address_out_of_granted_paths_and_the_result_counts_for_denied_ones() -> None:
    assert not holds("example.com/p/", "https://example.com/p/x/../y")
    assert holds("example.com", "https://example.com/p/x/../y")
    assert holds("example.com/p/", "https://example.com/x/../p/", Grant.EXCEPTION)
    assert not holds("example.com/p/", "https://example.com/p/../x", Grant.EXCEPTION)


# ── is_public ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "104.18.33.45", "192.0.1.1", "172.32.0.1", "100.128.0.1", "223.255.255.255"),
        *("2606:4700::1111", "2a00:1450:4001:80b::200e", "2001:4860:4860::8888", "2400:cb00::1"),
    ],
)
def test_an_address_of_the_public_internet_may_be_connected_to(address: str) -> None:
    assert urls.is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.255"),
        *("168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.9", "192.0.2.1"),
        *("192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.1.1", "192.175.48.1", "198.18.0.1", "198.19.255.255"),
        *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1"),
        *("64:ff9b::808:808", "64:ff9b:1::1", "100::1", "100:0:0:1::1", "2001::1", "2001:0:7f00:1::", "2001:2::1"),
        *(
            "2001:10::1",
            "2001:20::1",
            "2001:30::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "2620:4f:8000::1",
        ),
        *("3ffe::1", "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0"),
        *("fec0::1", "ff02::1", "ff0e::1", "2606:4700::1111%1"),
    ],
)
def test_an_address_of_any_other_kind_may_not(address: str) -> None:
    assert not urls.is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0177.0.0.1", "8.8.8.8 ", "[2606:4700::1111]", "134744072"])
def test_text_that_is_no_literal_may_not(text: str) -> None:
    assert not urls.is_public(text)


# ── the data behind ─────────────────────────────────────────────────────────────────────────────────────────────


def test_every_host_in_the_rules_is_in_normal_form_and_in_one_table_only() -> None:
    tables = (rules.SHORTENERS, rules.AGGREGATORS, frozenset(rules.SHARED_HOSTS))
    for host in [host for table in tables for host in table] + [*rules.FOLDED_HOSTS, *rules.TRACKING_BY_HOST]:
        plain = host.removeprefix("*.")
        assert urls.parse(f"https://{plain}/").host == plain, host
    assert sum(map(len, tables)) == len(frozenset().union(*tables))


def test_names_of_parameters_and_routes_are_lower_case_because_they_are_compared_so() -> None:
    names = [*rules.TRACKING_PARAMETERS, *rules.TRACKING_PREFIXES]
    names += [name for by_host in rules.TRACKING_BY_HOST.values() for name in by_host]
    names += [route for host in rules.SHARED_HOSTS.values() for route in host.reserved]
    assert names == [name.lower() for name in names]


def test_the_version_of_the_rules_changes_with_the_file() -> None:
    assert re.fullmatch(r"\d+\.[0-9a-f]{12}", rules.VERSION)


# ── public suffixes ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_suffix_list_is_read_in_parts_and_says_the_same_as_the_whole() -> None:
    lines = Path(PSLFILE).read_text(encoding="utf-8").splitlines()
    suffixes = [line.lstrip("!").removeprefix("*.") for line in lines if line and not line.startswith("//")]
    assert len(suffixes) > 9000
    whole = PublicSuffixList()
    for suffix in [*suffixes, "nosuchtop", "below.nosuchtop"]:
        plain = suffix.encode("idna").decode()
        for host in (plain, f"a.{plain}", f"b.a.{plain}"):
            assert is_public_suffix(host) is whole.is_public(host), host
