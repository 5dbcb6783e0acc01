"""Addresses that nobody thought of: made from parts that have fooled parsers, judged by an oracle of its own."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from hypothesis import assume, example, given
from hypothesis import strategies as st

from ingest import policy, urls
from ingest.errors import UrlError
from ingest.model import Grant, Scope, Vendor

NORMAL_FORM = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
    r"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-F]{2})*"
    r"(?:\?(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-F]{2})+)?"
    r"(?:#(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-F]{2})+)?"
)

LINES = (
    *("acme.com", "*.acme.net", "docs.acme.dev/docs/", "docs.acme.dev/log", "docs.acme.dev/*/docs/", "acme.dev/news/*"),
    *(
        "github.com/Acme/*/releases/",
        "acme.dev/view?c=1",
        "!acme.com/careers/",
        "!forum.acme.net",
        "!docs.acme.dev/docs/x/",
    ),
)
ACME = Vendor("acme", "Acme", "https://acme.com/", tuple(urls.parse_scope(line, Grant.OFFICIAL) for line in LINES))


# ── an oracle: the same list, written as one would check it by hand on a finished address ───────────────────────


def truly_official(text: str) -> bool:
    """Say whether an address in normal form is inside `LINES`, by Python's own parser and plain segments."""
    parts = urlsplit(text)
    if parts.scheme != "https" or parts.netloc != parts.hostname:
        return False
    host, path, query = parts.netloc, parts.path, parts.query
    first, *others = path.split("/")[1:]
    plain = not re.search(r"//|%2F|%5C|%00|/\.\.?;", path)
    match host:
        case "acme.com":
            return plain and first != "careers"
        case "docs.acme.dev":
            inside = (
                path == "/log" or (len(others) >= 1 and first == "docs") or (len(others) >= 2 and others[0] == "docs")
            )
            return plain and inside and path != "/docs/x" and not path.startswith("/docs/x/")
        case "acme.dev":
            return plain and (
                (first == "news" and len(others) == 1 and others[0] != "") or (path, query) == ("/view", "c=1")
            )
        case "github.com":
            folded = [segment.lower() for segment in others]
            return (
                plain and first.lower() == "acme" and len(folded) >= 3 and folded[0] != "" and folded[1] == "releases"
            )
        case _:
            return host.endswith(".acme.net") and host != "forum.acme.net"


# ── addresses ───────────────────────────────────────────────────────────────────────────────────────────────────

HOSTS = (
    *("acme.com", "www.acme.net", "forum.acme.net", "docs.acme.dev", "acme.dev", "github.com", "ACME.com", "acme.com."),
    *(
        "acme.com.evil.net",
        "evil-acme.com",
        "acme.net",
        "evil.net",
        "acme。com",
        "асme.com",
        "xn--cme-5cd.com",
        "127.0.0.1",
    ),
    *(
        "[::1]",
        "0x7f.1",
        "localhost",
        "acme%2Ecom",
        "acme.com%00",
        "acme.com\\evil.net",
        "acme.com\tevil.net",
        "*.acme.net",
    ),
)
SEGMENTS = (
    *(
        "docs",
        "news",
        "log",
        "view",
        "x",
        "a",
        "careers",
        "Acme",
        "acme",
        "core",
        "releases",
        "Releases",
        "tag",
        "en",
        "",
    ),
    *(
        ".",
        "..",
        "%2e",
        "%2E%2e",
        ".%2e",
        "..;",
        "...",
        "%2F",
        "docs%2fx",
        "%5c",
        "%00",
        "a%00",
        "%25",
        "%",
        "%zz",
        "%64ocs",
    ),
    *("café", "日本", "a b", "a\\b", "@", "evil.net", ":443", "a;b", "[x]", "|", "\u200b", "\n"),
)

schemes = st.sampled_from(
    ("https://",) * 6 + ("http://", "HTTPS://", "https:/", "https:///", "https:", "//", "", "ftp://")
)
users = st.sampled_from(("",) * 8 + ("acme.com@", "user:x@", "@", "acme.com:443@", "acme.com%40"))
ports = st.sampled_from(("",) * 8 + (":443", ":80", ":8443", ":", ":0443", ":x"))
paths = st.one_of(st.just(""), st.lists(st.sampled_from(SEGMENTS), max_size=5).map(lambda parts: "/" + "/".join(parts)))
tails = st.sampled_from(
    ("",) * 4 + ("?c=1", "?c=1&d", "?", "#a", "#", "?x=/../", "#@evil.net", "?@evil.net", "?a|b#[c]")
)
noise = st.sampled_from(
    ("",) * 6 + ("\t", "\n", " ", "\0", "\x7f", "\\", "@", "/", "//", "#", "?", "%2F", "..", "\u202e")
)


hostile_parts = st.tuples(schemes, users, st.sampled_from(HOSTS), ports, paths, tails)
usable_parts = st.tuples(st.sampled_from(("https://", "http://")), st.sampled_from(HOSTS[:7]), paths, tails)


@st.composite
def hostile(draw: st.DrawFn) -> str:
    """An address of parts that are right or nearly, with something dropped into it."""
    text = "".join(draw(hostile_parts))
    at, dropped = draw(st.integers(0, len(text))), draw(noise)
    return f"{text[:at]}{dropped}{text[at:]}"


def read(raw: str) -> urls.Url | UrlError:
    try:
        return urls.parse(raw)
    except UrlError as error:
        return error


def read_scope(text: str, grant: Grant) -> Scope | UrlError:
    try:
        return urls.parse_scope(text, grant)
    except UrlError as error:
        return error


def is_worded(error: UrlError) -> bool:
    """Whether a refusal has a rule, a sentence, and no control characters for a terminal."""
    shown = error.url is not None and error.url.isprintable() and error.message.isprintable()
    return shown and error.message.endswith(".") and re.fullmatch(r"[a-z-]+", error.rule) is not None


usable = usable_parts.map("".join).filter(lambda raw: isinstance(read(raw), urls.Url)).map(urls.parse)
anything = st.one_of(
    hostile(), st.text(), st.text().map("https://acme.com/{}".format), st.text().map("https://{}".format)
)


@given(hostile())
@example("https://acme.com/x/..;/careers/")
@example("https://docs.acme.dev/%64ocs/a")
def test_nothing_is_admitted_that_is_not_official_by_a_second_reading(raw: str) -> None:
    verdict = policy.admit(ACME, raw)
    if isinstance(verdict, policy.Admitted):
        assert NORMAL_FORM.fullmatch(verdict.url.text)
        assert truly_official(verdict.url.text)
        assert not raw.strip().isascii() or urlsplit(raw.strip()).hostname == verdict.url.host
    else:
        assert verdict.url.isprintable()


@given(usable)
def test_what_is_official_by_a_second_reading_is_admitted(url: urls.Url) -> None:
    assert isinstance(policy.admit(ACME, url.text), policy.Admitted) is truly_official(url.text)


@given(st.one_of(anything, usable_parts.map("".join)))
def test_any_text_is_an_address_that_reads_as_itself_or_is_refused_in_words(raw: str) -> None:
    url = read(raw)
    if isinstance(url, UrlError):
        assert is_worded(url)
        return
    assert NORMAL_FORM.fullmatch(url.text)
    assert url.text == f"{url.scheme}://{url.host}{url.path}{url.suffix}"
    assert not {".", ".."} & set(url.path.split("/"))
    assert urls.parse(url.text) == replace(url, dotted=False)


@given(st.sampled_from(("b", "/b", "../b", "./b/", "?q=1", "#f", "//acme.dev/b", "b/../c", "..")), usable)
def test_references_are_resolved_as_python_resolves_them(reference: str, base: urls.Url) -> None:
    assume("//" not in base.path and ";" not in base.path)  # urljoin has ideas of its own on these
    assert urls.parse(reference, base.text).text == urls.parse(urljoin(base.text, reference)).text


@given(usable, st.sampled_from(("", "?utm_source=x", "?a=1&utm_medium=y&b", "&fbclid", "#comments", "#v1:~:text=x")))
def test_cleaning_is_done_once_and_keeps_to_the_page(url: urls.Url, tail: str) -> None:
    url = urls.parse(url.text + tail)
    cleaned = urls.clean(url)
    assert (cleaned.scheme, cleaned.host, cleaned.path) == (url.scheme, url.host, url.path)
    assert urls.clean(cleaned) == cleaned
    assert urls.parse(cleaned.text) == replace(cleaned, dotted=False)
    left = iter((url.query or "").split("&"))
    assert all(part in left for part in (cleaned.query or "").split("&") if cleaned.query)
    assert (url.fragment or "").startswith(cleaned.fragment or "")


@given(usable)
def test_raising_to_https_gives_an_address_that_reads_as_itself(url: urls.Url) -> None:
    assert urls.parse(urls.with_https(url).text) == replace(urls.with_https(url), dotted=False)


# ── scopes ──────────────────────────────────────────────────────────────────────────────────────────────────────

names = st.sampled_from(("a", "b", "A", "aa", "a.b", "a-b"))
scope_hosts = st.sampled_from(("example.com", "*.example.com", "www.example.com", "github.com/own", "github.com/Own"))
scope_paths = st.lists(st.one_of(names, st.just("*")), max_size=4).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)
scope_texts = st.builds(
    lambda host, path, end, query: host + path + end + query,
    *(scope_hosts, scope_paths, st.sampled_from(("", "/")), st.sampled_from(("",) * 5 + ("?q=1", "?Q=1"))),
)
pages = st.builds(
    lambda host, path, end, query: f"https://{host}{path}{end}{query}",
    st.sampled_from(
        ("example.com", "www.example.com", "a.www.example.com", "bexample.com", "github.com/own", "github.com/OWN")
    ),
    st.lists(names, max_size=5).map(lambda parts: "".join(f"/{part}" for part in parts)),
    st.sampled_from(("", "/")),
    st.sampled_from(("",) * 5 + ("?q=1", "?q=1&r")),
)


def as_pattern(text: str, grant: Grant) -> re.Pattern[str]:
    """The scope as a regular expression over whole addresses, written from the contract's words."""
    place, asked, query = text.partition("?")
    host, _, path = place.partition("/")
    hosts = rf"[a-z0-9.-]+{re.escape(host[1:])}" if host.startswith("*.") else re.escape(host)
    if not path and not asked:
        paths = "/[^?]*"
    else:
        paths = re.escape("/" + path).replace(r"\*", "[^/?]+")
        if not asked and path.endswith("/"):
            paths = rf"{paths[:-1]}(?:/[^?]*)?" if grant is Grant.EXCEPTION else rf"{paths}[^?]*"
    tail = re.escape(f"?{query}") if asked else r"(?:\?.*)?"
    folded = f"(?i:{paths})" if host == "github.com" else paths
    return re.compile(rf"https://{hosts}{folded}{tail}")


@given(scope_texts, pages, st.sampled_from(Grant))
@example("github.com/own/*/", "https://github.com/OWN/a/b", Grant.OFFICIAL)
@example("example.com/a/*/", "https://example.com/a/b", Grant.EXCEPTION)
@example("example.com/?q=1", "https://example.com?q=1", Grant.OFFICIAL)
def test_a_scope_holds_what_its_text_says(text: str, page: str, grant: Grant) -> None:
    scope = read_scope(text, grant)
    if isinstance(scope, UrlError):
        assert scope.rule == "wildcard"  # two stars are the only fault these can have
        assert text.count("*") - text.startswith("*.") > 1
        return
    url = urls.parse(page)
    assert urls.matches(scope, url) is (as_pattern(text, grant).fullmatch(url.text) is not None)


@given(st.one_of(st.text(), hostile(), scope_texts, st.text().map("example.com/{}".format)), st.sampled_from(Grant))
def test_any_text_is_a_scope_or_refused_by_a_rule_with_words(text: str, grant: Grant) -> None:
    scope = read_scope(text, grant)
    if isinstance(scope, UrlError):
        assert is_worded(scope)
        return
    sign = "!" if scope.grant is Grant.EXCEPTION and grant is Grant.OFFICIAL else ""
    assert urls.parse_scope(sign + scope.text, grant) == scope


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_no_address_is_public_that_python_calls_special(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    special = (
        address.is_private
        or address.is_multicast
        or address.is_reserved
        or address.is_loopback
        or address.is_link_local
    )
    assert not (urls.is_public(str(address)) and (special or not address.is_global))


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_gets_through_inside_an_ipv6_one(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for carrier in ("::", "::ffff:0:0", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::"):
        assert not urls.is_public(str(ipaddress.IPv6Address(int(ipaddress.IPv6Address(carrier)) + number)))
    assert not urls.is_public(str(ipaddress.IPv6Address((0x2002 << 112) + (number << 80))))


@given(st.text(max_size=40))
def test_any_text_is_judged_as_an_address_to_connect_to(text: str) -> None:
    assert urls.is_public(text) in {True, False}
