from __future__ import annotations

from html import escape

import pytest

from hostile.entries import ACME, ADMITTED, DATES, OFFICIAL, Admitted, Refused
from hostile.entries import REFUSED as REFUSED_LINKS
from ingest.dedupe import Offer
from ingest.judging import Reading
from ingest.judging.documents import judge
from ingest.model import EntryOutcome, Refusal
from support.documents import AT, make_source, read, rss

FIRST = "<title>First</title><link>https://www.acme-ai.com/first</link>"
LAST = "<title>Last</title><link>https://www.acme-ai.com/last</link>"


def judged(item: str) -> tuple[list[Offer], list[Refusal]]:
    decided = judge(read(rss(FIRST, item, LAST)), Reading(make_source(), ACME, 1), AT)
    return decided.offers, decided.refusals


@pytest.mark.parametrize("case", REFUSED_LINKS, ids=lambda case: case.name)
@pytest.mark.parametrize(
    "carrier",
    ["<link>{}</link>", "<guid>{}</guid>", "<link/><a:link xmlns:a='http://www.w3.org/2005/Atom' href='{}'/>"],
)
def test_a_link_that_is_not_official_is_refused_by_name_and_the_rest_of_the_feed_lives(
    case: Refused, carrier: str
) -> None:
    offers, refusals = judged("<title>Model 6</title>" + carrier.format(escape(case.link)))
    assert [offer.candidate.title for offer in offers] == ["First", "Last"]
    (refusal,) = refusals
    assert refusal.fate is EntryOutcome.REJECTED
    assert refusal.title == "Model 6"
    if carrier.startswith("<guid>"):
        assert refusal.rule  # a guid that is no web address is no link at all
    else:
        assert case.rule in {refusal.rule, "*"}


@pytest.mark.parametrize("case", ADMITTED, ids=lambda case: case.name)
def test_what_hides_in_an_entry_is_gone_when_it_is_kept(case: Admitted) -> None:
    offers, refusals = judged(f"<title>{case.title}</title><link>{case.link}</link>")
    assert not refusals
    assert [offer.candidate.title for offer in offers] == ["First", case.kept, "Last"]
    assert offers[1].url.text == case.url


@pytest.mark.parametrize(("written", "precision"), DATES)
def test_a_date_is_plausible_or_none_or_the_entry_waits(written: str, precision: str) -> None:
    offers, refusals = judged(f"<title>Model 6</title><link>{OFFICIAL}</link><pubDate>{written}</pubDate>")
    if precision == "far-date":
        (refusal,) = refusals
        assert (refusal.fate, refusal.rule) == (EntryOutcome.QUARANTINED, "far-date")
        assert written in refusal.detail
    else:
        assert offers[1].candidate.published.precision == precision
        assert not refusals


FIELDS = ["title", "description", "category", "author", "guid", "pubDate", "comments", "source", "enclosure"]
HOSTILE = [
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<b onclick='x'>y</b>",
    "\u202e&#x202e;\u200b",
    "'; DROP TABLE headlines; --",
]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("text", HOSTILE)
def test_markup_in_any_field_costs_no_entry(field: str, text: str) -> None:
    item = f"<title>Model 6</title><link>{OFFICIAL}</link><{field}>{text}</{field}>"
    offers, refusals = judged(item)
    assert len(offers) == 3
    assert not refusals
    kept = offers[1].candidate
    assert offers[1].url.text == OFFICIAL
    for value in (kept.title, kept.summary, *kept.categories):
        assert "\u202e" not in value
        assert "\u200b" not in value
    assert (
        "<" not in kept.summary
    )  # what looks like a tag in a title or category is text, and escaped where it is shown
