"""What the relative links of a feed are relative to: `xml:base`, the page of a feed that lives elsewhere, its own address."""

from __future__ import annotations

import json

import pytest

from support.documents import read

FEED = "https://feeds.acme-ai.com/all/feed.xml"
SITE = "https://www.acme-ai.com/blog/"


def rss(link: str, channel: str = SITE, attributes: str = "", on_item: str = "", on_link: str = "") -> str:
    return (
        f'<rss version="2.0" {attributes}><channel><title>Acme</title><link>{channel}</link>'
        f"<item {on_item}><title>One</title><link {on_link}>{link}</link></item></channel></rss>"
    )


def atom(link: str, channel: str = SITE, attributes: str = "", on_item: str = "", on_link: str = "") -> str:
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>Acme</title><link rel="alternate" href="{channel}"/>'
        f'<entry {on_item}><title>One</title><link {on_link} href="{link}"/></entry></feed>'
    )


def result(document: str, url: str = FEED) -> tuple[str | None, str]:
    (entry,) = read(document, url=url).entries
    return entry.link, entry.base


@pytest.mark.parametrize("make", [rss, atom])
@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("/news/a", "https://www.acme-ai.com/news/a"),
        ("news/b", "https://www.acme-ai.com/blog/news/b"),
        ("../c", "https://www.acme-ai.com/c"),
        ("?p=7", "https://www.acme-ai.com/blog/?p=7"),
    ],
)
def test_a_feed_on_another_host_is_relative_to_the_page_it_names(make: object, link: str, address: str) -> None:
    assert callable(make)
    assert result(make(link)) == (address, f"channel link {SITE}")


@pytest.mark.parametrize("make", [rss, atom])
def test_an_xml_base_wins_wherever_it_stands(make: object) -> None:
    assert callable(make)
    based = 'xml:base="https://docs.acme-ai.com/x/"'
    for place in ("attributes", "on_item", "on_link"):
        assert result(make("news/b", **{place: based})) == (
            "https://docs.acme-ai.com/x/news/b",
            "xml:base https://docs.acme-ai.com/x/",
        )


@pytest.mark.parametrize("make", [rss, atom])
def test_a_relative_xml_base_is_relative_to_the_document(make: object) -> None:
    assert callable(make)
    assert result(make("b", attributes='xml:base="/x/"'))[0] == "https://feeds.acme-ai.com/x/b"
    assert result(make("b", attributes='xml:base="https://docs.acme-ai.com/x/"', on_item='xml:base="y/"'))[0] == (
        "https://docs.acme-ai.com/x/y/b"
    )


@pytest.mark.parametrize("make", [rss, atom])
@pytest.mark.parametrize(
    "channel", ["", "/", "http://localhost:3000/", "javascript:0", "not an address", "https://1.2.3.4/"]
)
def test_an_invalid_page_address_leaves_the_address_of_the_document(make: object, channel: str) -> None:
    assert callable(make)
    assert result(make("b", channel)) == ("https://feeds.acme-ai.com/all/b", f"document address {FEED}")


def test_a_feed_beside_its_pages_is_relative_to_itself() -> None:
    own = "https://www.acme-ai.com/blog/feed.xml"
    assert result(rss("b", "https://www.acme-ai.com/blog"), own)[0] == "https://www.acme-ai.com/blog/b"


@pytest.mark.parametrize("link", ["https://www.acme-ai.com/a", "//www.acme-ai.com/a", "www.acme-ai.com/a"])
def test_a_link_with_a_host_needs_no_base(link: str) -> None:
    assert result(rss(link)) == ("https://www.acme-ai.com/a", "")


def test_a_json_feed_follows_the_same_order() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "home_page_url": SITE,
        "items": [{"id": "1", "url": "/news/a"}],
    }
    assert result(json.dumps(feed)) == ("https://www.acme-ai.com/news/a", f"channel link {SITE}")
