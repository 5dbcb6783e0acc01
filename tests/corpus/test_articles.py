"""
Recorded article pages against what lxml reads of them (`*.meta.json`), field by field, and all pages against false alarms.

`python -m corpus.test_articles` from `tests/` prints the table. Where the metadata has no date, the date that a reader sees
on the page was written down here by hand.
"""

from __future__ import annotations

import html
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import pytest

from corpus.report import ABSENT, ROOT
from ingest.errors import ParseError
from ingest.model import Article, Dated, Precision
from ingest.parse.article import parse_article
from ingest.parse.markup.decoding import decode
from support.documents import obstacle

needs_corpus = pytest.mark.skipif(not ROOT.is_dir(), reason=ABSENT)

SEEN: Final = {
    "pages/fundus-cn-People_2024_04_24.html": "2024-04-24",
    "pages/postlight-japan.cnet.com.html": "2019-04-13",
    "pages/postlight-postlight.com.html": "2022-10-05",
    "pages/postlight-techlog.iij.ad.jp.html": "2019-04-13T16:08:44+09:00",
    "pages/postlight-www.infoq.com.html": "2019-02-27",
    "pages/postlight-www.itmedia.co.jp.html": "2019-02-22",
    "pages/postlight-www.moongift.jp.html": "2019-04-04",
    "pages/postlight-www.publickey1.jp.html": "2019-04-04",
    "wild/rsparser--coco.html": "2017-11-24",
}
# The reader sees 05.04.2025 at aa.com.tr, which half of the world reads as May; no date is right there.
ARTICLES: Final = {"Article", "NewsArticle", "BlogPosting", "ReportageNewsArticle", "ClaimReview"}
EXPLAINED: Final = {
    (
        "pages/postlight-techlog.iij.ad.jp.html",
        "title",
    ): "the first heading is the name of the blog, the second the title",
}
FIELDS: Final = ("title", "published", "modified", "canonical", "alternates", "lang")
SEPARATORS: Final = re.compile(r"\s*(?:[|｜:：»]|\s[-–—]\s|-\S+ㅣ|\[)")


@dataclass(frozen=True)
class Page:
    """One recorded page, what lxml read of it, and what we do; None for a page that we refuse."""

    path: str
    truth: dict[str, Any]
    ours: Article | None
    rule: str = ""


@cache
def pages(folder: str = "pages/") -> tuple[Page, ...]:
    lines = map(json.loads, (ROOT / "manifest.jsonl").read_text("utf-8").splitlines())
    return tuple(_page(line) for line in lines if line.get("meta") and line["path"].startswith(folder))


def _page(line: dict[str, Any]) -> Page:
    truth = json.loads((ROOT / line["meta"]).read_text("utf-8"))
    try:
        read = parse_article(
            decode((ROOT / line["path"]).read_bytes(), "text/html"), line["url"] or "https://corpus.example/"
        )
    except ParseError as error:
        return Page(line["path"], truth, None, error.rule)
    return Page(line["path"], truth, read)


@needs_corpus
def test_every_recorded_article_is_read_and_the_challenge_is_distinguished() -> None:
    refused = {page.path: page.rule for page in pages() if page.ours is None}
    assert refused == {"pages/reduced-openai_index_antibot.html": "challenge"}
    assert len(pages()) == 53


@needs_corpus
@pytest.mark.parametrize("field", FIELDS)
def test_a_field_is_what_lxml_reads_of_it(field: str) -> None:
    assert [difference for difference in differences() if difference[1] == field] == []


@needs_corpus
def test_no_page_has_a_date_that_nobody_states() -> None:
    everything = (*pages(), *pages("wild/"))  # some of the wild ones are lists
    dated = {page.path for page in everything if page.ours and page.ours.published.value}
    stated = {
        page.path for page in everything if page.path in SEEN or claimed(page.truth, "datePublished", "published_time")
    }
    assert len(everything) == 59
    assert dated == stated


@needs_corpus
def test_no_real_page_is_taken_for_an_obstacle() -> None:
    texts = {
        path: path.read_text("utf-8", "replace")
        for path in (ROOT / "pages").rglob("*")
        if path.suffix != ".json" and path.is_file()
    }
    result = {path.name: obstacle(text) for path, text in texts.items()}
    assert len(result) > 80
    assert {name: what for name, what in result.items() if what} == {"reduced-openai_index_antibot.html": "challenge"}


# ── the judge ───────────────────────────────────────────────────────────────────────────────────────────────────


def differences() -> list[tuple[str, str, object, object]]:
    """Return path, field, what lxml reads and what we do, where they differ."""
    result = [result for page in pages() if page.ours for result in _differences(page, page.ours)]
    return [difference for difference in result if difference[:2] not in EXPLAINED]


def _differences(page: Page, ours: Article) -> Iterator[tuple[str, str, object, object]]:
    truth = page.truth
    title = first(claimed(truth, "headline"), truth["og_title"], *(truth["h1"] or []), truth["title"])
    if not is_same_title(ours.title, title):
        yield page.path, "title", title, ours.title
    published = SEEN.get(page.path) or claimed(truth, "datePublished", "published_time")
    if not is_same_date(ours.published, published):
        yield page.path, "published", published, ours.published
    modified = claimed(truth, "dateModified", "modified_time")
    if modified and not is_same_date(ours.modified, modified):
        yield page.path, "modified", modified, ours.modified
    canonical = truth["canonical"] or truth["og_url"]
    if ours.canonical != canonical:
        yield page.path, "canonical", canonical, ours.canonical
    alternates = {tag.lower(): url for tag, url in truth["hreflang"].items()}
    if {tag.lower(): url for tag, url in ours.alternates} != alternates:
        yield page.path, "alternates", alternates, ours.alternates
    if truth["html_lang"] and (ours.lang or "").lower() != truth["html_lang"].lower():
        yield page.path, "lang", truth["html_lang"], ours.lang


def first(*texts: str | None) -> str:
    return next((text.strip() for text in texts if text and text.strip()), "")


def claimed(truth: dict[str, Any], key: str, meta: str = "") -> str:
    nodes = [node for node in truth["jsonld"] if isinstance(node.get("@type"), str) and node["@type"] in ARTICLES]
    return first(*(node.get(key) for node in nodes), truth.get(meta))


def is_same_title(ours: str, theirs: str) -> bool:
    """Compare without regard to white space; theirs may go on with the site's name, or begin with it."""
    written = " ".join(html.unescape(theirs).split())
    if ours == written:
        return True
    before, _, behind = written.partition(ours)
    return (
        bool(ours)
        and (not behind or SEPARATORS.match(behind) is not None)
        and (not before or SEPARATORS.search(before) is not None)
    )


def is_same_date(ours: Dated, theirs: str) -> bool:
    """Compare the moment, or the day where theirs has no time or no zone."""
    if not theirs:
        return ours.value is None
    written = re.sub(r" (?=[+-]\d\d:?\d\d$)", "", theirs)
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        return ours == Dated(moment.replace(hour=0, minute=0, second=0, tzinfo=UTC), Precision.DAY, ours.raw)
    return ours.value == moment and ours.precision is Precision.SECOND


def table() -> Iterator[str]:
    result = differences()
    read = [page for page in pages() if page.ours]
    for field in FIELDS:
        wrong = sum(1 for difference in result if difference[1] == field)
        yield f"{field:12} {100 * (1 - wrong / len(read)):6.1f} % of {len(read)}"
    heads = sum(1 for page in read if page.ours and page.ours.title in [" ".join(h.split()) for h in page.truth["h1"]])
    yield f"{'as heading':12} {100 * heads / len(read):6.1f} % have the title that the page shows as h1"
    for path, field, theirs, ours in result:
        yield f"  {path} {field}: {theirs!r} | ours {ours!r}"


if __name__ == "__main__":
    sys.stdout.write("\n".join([*table(), ""]) if ROOT.is_dir() else f"{ABSENT}\n")
