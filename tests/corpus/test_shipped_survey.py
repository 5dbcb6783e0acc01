"""The shipped list against the survey of official sources: every row that can be relied on is in it, or named here."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from ingest import allowlist, policy
from ingest.model import Allowlist, Kind, Source, Vendor

ROOT: Final = Path(__file__).parents[2]
SURVEY: Final = ROOT.parent / "shared" / "research" / "official_sources.jsonl"

NOT_LISTED: Final = {
    "openai-status": "incidents, no announcements",
    "anthropic-status": "incidents, no announcements",
    "openai-community-announcements": "a forum: replies are anybody's",
    "google-zenn-cloud-jp": "a blog platform where authors speak for themselves",
    "microsoft-techcommunity-foundry": "merged away, feed gone",
    "fujitsu-prtimes": "a press wire whose release pages carry no owner's path",
    "abeja-prtimes": "a press wire whose release pages carry no owner's path",
}
"""Rows that the list leaves out on purpose; sources.yaml says so at its top."""

SWITCHED_OFF: Final = {
    "openai-news-research-list": "openai/news has the same posts",
    "openai-product-release-notes": "403 in every check",
    "openai-developers-feed": "documentation in no order",
    "openai-cookbook": "documentation, some of it by guests",
    "google-cloud-release-notes": "one entry a day for all products",
    "microsoft-m365-roadmap": "plans, no announcements",
    "tencent-newsroom": "no list in the page",
}
"""Rows of medium confidence that are present and off; each stanza's note says it to the operator."""

OF_MANY: Final = {"huggingface-models-api": "https://huggingface.co/api/models?author="}
"""Rows that stand for one source of each of many vendors: what the addresses of these begin with."""

OUR_OWN: Final = {
    "google/deepmind-repositories": "finds the repositories that the survey could only name: documented by the code host",
}
"""Sources that no row is about."""

KINDS: Final = {
    "rss": {Kind.FEED},
    "atom": {Kind.FEED},
    "github-releases": {Kind.FEED, Kind.WATCH},
    "html-list": {Kind.PAGE, Kind.CHANGELOG, Kind.WATCH},
    "changelog": {Kind.CHANGELOG},
    "markdown": {Kind.CHANGELOG},
    "sitemap": {Kind.SITEMAP},
    "jsonfeed": {Kind.JSON, Kind.WATCH},
}

ROLES: Final = {
    "engineering": "product",
    "docs": "product",
    "releases": "release",
    "sitemap": "news",
    "data": "research",
}
"""Roles of the survey that have another name in the list."""

OTHER_ROLES: Final = {
    "anthropic/claude-code-changelog": "release: one item a version, so the newsroom's words come first",
    "anthropic/claude-sitemap": "product: the same posts as the blog's",
    "aws/news-blog": "news: AWS announces here before anywhere else",
    "github/copilot-blog": "product: a part of the blog",
    "meta/newsroom": "news: Meta's main voice",
}
"""Where the list says something else than the survey, and why."""

OTHER_LANGUAGES: Final = {
    f"{vendor}/models" for vendor in ("preferred-networks", "softbank", "elyza", "stockmark", "llm-jp")
}
"""Lists of models of Japanese vendors; the row is of the interface, which is in English."""

NARROWER: Final = {
    "apple/developer-news": "the news are the part that announces",
    "aws/about-amazon": "the news are the part that announces",
    "cyberagent/developers-blog": "the blog is the part that announces",
    "elevenlabs/blog": "the blog is the part that announces",
    "google/cloud-release-notes": "on cloud.google.com only the blog is in the list",
    "google/science-skills": "the front page alone: below it visitors write",
    "meta/quest-blog": "the blog is the part that announces",
    "meti/press": "press releases only",
    "qwen/blog": "posts are /blog?id=…; the rest of the host is the app",
}
"""Where a scope is narrower than the survey's prefixes. Of a repository only the releases are in the list, everywhere."""


@cache
def shipped() -> Allowlist:
    return allowlist.load(ROOT / "sources.yaml")


@cache
def vendor(vendor_id: str) -> Vendor:
    return next(vendor for vendor in shipped().vendors if vendor.id == vendor_id)


def surveyed() -> list[dict[str, Any]]:
    if not SURVEY.is_file():
        return []
    return [json.loads(line) for line in SURVEY.read_text(encoding="utf-8").splitlines()]


ROWS: Final = surveyed()

pytestmark = pytest.mark.skipif(not ROWS, reason="../shared/research is not here")


def stanzas(row: dict[str, Any]) -> list[Source]:
    """The sources that a row is about."""
    prefix = OF_MANY.get(row["source_id"])
    return [one for one in shipped().sources if (one.url.startswith(prefix) if prefix else one.url == row["url"])]


PAIRS: Final = [(row, source) for row in ROWS for source in stanzas(row)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["source_id"])
def test_each_row_of_the_survey_has_its_stanza_or_is_left_out_for_a_reason(row: dict[str, Any]) -> None:
    result = stanzas(row)
    assert bool(result) is (row["source_id"] not in NOT_LISTED)
    assert {source.kind for source in result} <= KINDS[row["kind"]]
    is_on = row["confidence"] != "low" and row["source_id"] not in SWITCHED_OFF
    assert {source.enabled for source in result} <= {is_on}


def test_every_row_was_reviewed_and_every_source_belongs_to_one() -> None:
    assert len(ROWS) == 242
    assert {row["source_id"] for row in ROWS} >= NOT_LISTED.keys() | SWITCHED_OFF.keys() | OF_MANY.keys()
    assert {one.id for one in shipped().sources} - {source.id for _, source in PAIRS} == set(OUR_OWN)
    assert len([source for row, source in PAIRS if row["source_id"] == "huggingface-models-api"]) >= 15


def test_language_and_role_are_those_of_the_survey_or_differ_for_a_reason() -> None:
    roles = {source.id for row, source in PAIRS if source.role.value != ROLES.get(row["role"], row["role"])}
    assert roles == set(OTHER_ROLES)
    assert {source.id for row, source in PAIRS if source.lang not in row["language"]} == OTHER_LANGUAGES


def test_where_the_survey_says_that_a_source_is_mixed_the_stanza_filters_it() -> None:
    mixed = [source for row, source in PAIRS if row["needs_topic_filter"] and source.enabled]
    assert len(mixed) >= 70
    unfiltered = {one.id for one in mixed if not (one.topics or one.include or one.exclude)}
    assert unfiltered == {"anthropic/claude-code-changelog", "huggingface/blog"}  # a version each; its scopes filter it


def test_every_source_of_pages_says_which_addresses_are_items() -> None:
    ours = [
        one
        for one in shipped().sources
        if one.kind in {Kind.PAGE, Kind.SITEMAP} and "..." not in dict(one.select).values()
    ]
    without = {one.id for one in ours if not any(text.startswith("path:") for text in (*one.include, *one.exclude))}
    assert without == {"aisi-japan/news"}  # switched off: nobody knows its addresses


def test_where_the_survey_expects_items_the_scopes_admit_them_or_are_narrower_for_a_reason() -> None:
    narrower = set()
    for row, source in PAIRS:
        if row["source_id"] in OF_MANY:
            continue
        holder = vendor(source.vendor_id)
        for prefix in row["item_url_prefixes"]:
            probes = (prefix, f"{prefix.rstrip('/')}/some-page", f"{prefix.rstrip('/')}/releases/tag/v1.0.0")
            inside = [isinstance(policy.admit(holder, probe), policy.Admitted) for probe in probes]
            if row["kind"] == "github-releases" and source.kind is Kind.FEED:
                assert inside[1:] == [False, True], source.id
            elif not any(inside[:2]):
                narrower.add(source.id)
    assert narrower == set(NARROWER)
