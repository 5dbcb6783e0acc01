"""What a verdict says, and which rule speaks first; the verdicts themselves are in `policy/urls.yaml`."""

from __future__ import annotations

import pytest

from ingest import policy, urls
from ingest.model import Grant, Vendor


def vendor(*lines: str, carriers: tuple[str, ...] = ()) -> Vendor:
    scopes = [urls.parse_scope(line, Grant.OFFICIAL) for line in lines]
    scopes += [urls.parse_scope(line, Grant.CARRIER, "a feed host") for line in carriers]
    return Vendor("acme", "Acme", "https://example.com/", tuple(scopes))


def refused(verdict: policy.Admitted | policy.Refused) -> policy.Refused:
    assert isinstance(verdict, policy.Refused)
    return verdict


def test_a_vendor_without_scopes_has_nothing_official() -> None:
    assert refused(policy.admit(vendor(), "https://example.com/")).rule == "off-scope"


def test_an_exception_wins_wherever_it_stands_in_the_list() -> None:
    for lines in (("example.com", "!example.com/x/"), ("!example.com/x/", "example.com")):
        assert refused(policy.admit(vendor(*lines), "https://example.com/x/y")).rule == "exception"


def test_an_exception_wins_over_a_carrier_too() -> None:
    acme = vendor("example.com", "!example.net/x/", carriers=("example.net",))
    assert refused(policy.admit_fetch(acme, "https://example.net/x/y")).rule == "exception"
    assert isinstance(policy.admit_fetch(acme, "https://example.net/y"), policy.Admitted)


def test_a_place_that_is_official_and_a_carrier_is_official() -> None:
    acme = vendor("example.com/news/", carriers=("example.com",))
    assert isinstance(policy.admit(acme, "https://example.com/news/x"), policy.Admitted)
    assert refused(policy.admit(acme, "https://example.com/feed.xml")).rule == "carrier-only"


def test_the_first_scope_that_holds_an_address_is_named() -> None:
    verdict = policy.admit(vendor("example.com/news/", "example.com"), "https://example.com/news/x")
    assert isinstance(verdict, policy.Admitted)
    assert verdict.scope.text == "example.com/news/"


def test_a_whole_host_admits_dots_even_when_a_path_of_it_is_listed_as_well() -> None:
    verdict = policy.admit(vendor("example.com/news/", "example.com"), "https://example.com/news/../x")
    assert isinstance(verdict, policy.Admitted)
    assert (verdict.url.text, verdict.scope.text) == ("https://example.com/x", "example.com")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://other.example/", "the host other.example is in no scope of Acme."),
        (
            "https://example.com/blog",
            'of example.com only "example.com/news/", "example.com/docs/" is in the list of Acme.',
        ),
        ("https://example.com/news/forum/1", '"!example.com/news/forum/" excepts it from what is official for Acme.'),
        ("https://example.net/feed.xml", '"example.net" only carries announcements of Acme; a headline links to an'),
        ("https://example.com/news//x", "the path holds //, and example.com is in the list of Acme by path"),
        (
            "https://example.com/news/../x",
            "the path holds . or .. as a segment, and example.com is official for Acme by path",
        ),
        ("http://example.com/news/x", "the address is not https"),
        ("https://me@example.com/", "the address holds a user name"),
    ],
)
def test_a_refusal_says_whose_list_it_was_and_what_would_be_right(url: str, words: str) -> None:
    acme = vendor("example.com/news/", "example.com/docs/", "!example.com/news/forum/", carriers=("example.net",))
    assert words in refused(policy.admit(acme, url)).detail


def test_dots_are_named_only_where_something_of_the_host_is_in_the_list() -> None:
    acme = vendor("example.com", "!example.net/x/")
    assert refused(policy.admit(acme, "https://example.net/a/../b")).rule == "off-scope"


def test_a_refusal_names_few_of_many_scopes() -> None:
    acme = vendor(*(f"example.com/{number}/" for number in range(9)))
    assert refused(policy.admit(acme, "https://example.com/x")).detail.count('"') == 6


def test_a_refused_address_is_shown_in_normal_form_when_it_has_one() -> None:
    assert refused(policy.admit(vendor(), "HTTPS://Example.com/%7ex")).url == "https://example.com/~x"
    assert refused(policy.admit(vendor(), "https://example.com/\x1b[2J")).url == r"https://example.com/\u{1B}[2J"


@pytest.mark.parametrize(
    ("raw", "raised"),
    [
        ("http://example.com/a?b#c", "https://example.com/a?b#c"),
        ("http://example.com:80/a", "https://example.com/a"),
        ("https://example.com/a", "https://example.com/a"),
        ("http://other.example/a", "http://other.example/a"),
        ("http://example.net/feed.xml", "http://example.net/feed.xml"),
    ],
)
def test_http_is_raised_where_the_vendor_is_official_and_nowhere_else(raw: str, raised: str) -> None:
    acme = vendor("example.com", carriers=("example.net",))
    assert policy.upgrade(acme, urls.parse(raw)).text == raised
