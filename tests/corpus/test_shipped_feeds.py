"""The shipped list against recordings of the vendors' own documents: what they link to is admitted, or refused for a reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from ingest import allowlist, policy, urls
from ingest.model import Allowlist, Capture, Kind, Source, Vendor
from ingest.normalise import normalise
from ingest.parse import parse

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"

FEEDS = {"rss", "atom", "jsonfeed"}
LISTS = {"html-list", "changelog", "markdown-changelog", "sitemap"}

VENDORS = {
    "Alibaba Qwen": "qwen",
    "Anthropic": "anthropic",
    "AWS": "aws",
    "Cloudflare": "cloudflare",
    "Cursor": "cursor",
    "Google": "google",
    "Google DeepMind": "google",
    "Hugging Face": "huggingface",
    "Microsoft": "microsoft",
    "Microsoft Japan": "microsoft",
    "Mistral AI": "mistral",
    "OpenAI": "openai",
}
"""Which vendor of the list the recordings mean; the others they name are not in it."""


@dataclass(frozen=True)
class Outside:
    """Links in a vendor's own document that are refused, and why that is right."""

    links: str
    rule: str
    why: str


OUTSIDE = {
    "https://aws.amazon.com/blogs/aws/feed/": Outside(
        r"http://aws\.typepad\.com/",
        "scheme",
        "Recorded in 2009, when a blog platform hosted the blog; long gone, and never had https.",
    ),
    "https://huggingface.co/blog/feed.xml": Outside(
        r"https://huggingface\.co/blog/(LiquidAI|ibm-research|Dharma-AI|amazon)/",
        "off-scope",
        "Posts of organisations and members: the feed is Hugging Face's, their words are not.",
    ),
    "https://status.claude.com/history.rss": Outside(
        r"https://status\.claude\.com/incidents/",
        "off-scope",
        "Incidents are no announcements; not in the list at all.",
    ),
    **dict.fromkeys(
        (
            "https://microsoft.github.io/FLAML/blog",
            "https://microsoft.github.io/FLAML/blog/archive",
            "https://microsoft.github.io/FLAML/blog/rss.xml",
            "https://microsoft.github.io/FLAML/sitemap.xml",
        ),
        Outside(
            r"https://microsoft\.github\.io/FLAML",
            "off-scope",
            "One library's site, silent since 2023; Microsoft has hundreds of them and announces nothing there.",
        ),
    ),
    **dict.fromkeys(
        (
            "https://jpdsi.github.io/blog/atom.xml",
            "https://jpdsi.github.io/blog/",
            "https://jpdsi.github.io/blog/archives/2020/",
        ),
        Outside(
            r"https://jpdsi\.github\.io/blog/",
            "off-scope",
            "Notes of a support team under an account of its own, on browsers and servers; nothing says that it is Microsoft's.",
        ),
    ),
}
"""By the address of the document. Every other link in a vendor's own document has to be admitted."""


@cache
def shipped() -> Allowlist:
    return allowlist.load(ROOT / "sources.yaml")


@cache
def vendor(vendor_id: str) -> Vendor:
    return next(vendor for vendor in shipped().vendors if vendor.id == vendor_id)


def recordings() -> list[dict[str, Any]]:
    """The vendors' own documents that hold links to announcements, of vendors in the list."""
    manifest = CORPUS / "manifest.jsonl"
    if not manifest.is_file():
        return []
    rows = map(json.loads, manifest.read_text(encoding="utf-8").splitlines())
    kept = (row for row in rows if row["official"] and row["vendor"] in VENDORS)
    with_links = (row for row in kept if row["kind"] in FEEDS or (row["kind"] in LISTS and "expected" in row))
    return sorted(with_links, key=lambda row: (row["url"], row["path"]))


DOCUMENTS = {url: list(rows) for url, rows in groupby(recordings(), key=lambda row: row["url"])}

corpus = pytest.mark.skipif(not DOCUMENTS, reason="../shared/corpus is not here")


def links(row: dict[str, Any], holder: Vendor, source: Source) -> Iterator[str]:
    """What the document links to: of a feed as the whole path reads it, of a page as its expectation lists it."""
    if row["kind"] not in FEEDS:
        expected = json.loads((CORPUS / row["expected"]).read_text(encoding="utf-8"))
        yield from (entry["url"] for entry in expected if entry.get("url"))
        return
    capture = Capture(
        id=1,
        source_id=source.id,
        target_url=row["url"],
        final_url=row["url"],
        content=(CORPUS / row["path"]).read_bytes(),
        payload_digest="",
        response_headers=(),
        fetched_at=datetime(2026, 10, 9, tzinfo=UTC),
        generation=1,
    )
    yield from (outcome.url for outcome in normalise(parse(capture, source), source, holder))


def source_at(url: str, vendor_id: str) -> Source:
    """The shipped source that polls this address without its filters, or a stand-in."""
    known = next((source for source in shipped().sources if source.url == url), None)
    if known is None:
        return Source(id=f"{vendor_id}/recorded", vendor_id=vendor_id, kind=Kind.FEED, url=url, digest="")
    return replace(known, include=(), exclude=(), topics=())


@corpus
@pytest.mark.parametrize("url", DOCUMENTS)
def test_every_link_in_a_vendors_own_document_is_admitted_or_refused_for_a_reason(url: str) -> None:
    vendor_id = VENDORS[DOCUMENTS[url][0]["vendor"]]
    holder, source = vendor(vendor_id), source_at(url, vendor_id)
    assert source.vendor_id == vendor_id
    outside = OUTSIDE.get(url)
    admitted, refused = 0, 0
    for row in DOCUMENTS[url]:
        for link in set(links(row, holder, source)):
            verdict = policy.admit(holder, policy.upgrade(holder, urls.parse(link)).text)
            if isinstance(verdict, policy.Admitted):
                admitted += 1
                continue
            refused += 1
            assert outside is not None, f"{link}: {verdict.detail}"
            assert re.match(outside.links, link), f"{link}: {verdict.detail}"
            assert verdict.rule == outside.rule, link
    assert admitted + refused > 0
    assert (refused > 0) is (outside is not None), "an explanation that explains nothing"


@corpus
def test_the_recordings_cover_shipped_sources_and_every_explanation_is_of_one_of_them() -> None:
    assert set(OUTSIDE) <= set(DOCUMENTS)
    recorded = {source.id for source in shipped().sources if source.url in DOCUMENTS}
    assert recorded >= {"openai/news", "google/keyword-ai", "google/deepmind", "huggingface/blog"}
