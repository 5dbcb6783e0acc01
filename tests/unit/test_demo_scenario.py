"""The demo's documents say what the scenario promises, before any pipeline has touched them."""

from __future__ import annotations

from functools import cache

import pytest

from ingest import allowlist, policy
from ingest.demo import scenario
from ingest.demo.answers import recordings
from ingest.model import Allowlist, Candidate, Capture, Precision, Vendor
from ingest.normalise import normalise
from ingest.parse import parse


@cache
def listed() -> Allowlist:
    return allowlist.load(scenario.SOURCES)


def vendor_of(source_id: str) -> Vendor:
    return next(vendor for vendor in listed().vendors if vendor.id == source_id.partition("/")[0])


@cache
def offered(step: int) -> dict[str, list[Candidate]]:
    """What each source offers in a round, read by the real parser."""
    served = recordings(scenario.VENDORS, step)
    assert {source.url for source in listed().sources} == served.keys()
    result: dict[str, list[Candidate]] = {}
    for source in listed().sources:
        capture = Capture(
            1, source.id, source.url, source.url, served[source.url].answer().content, "", (), scenario.ROUND_ONE.at, 1
        )
        outcomes = normalise(parse(capture, source), source, vendor_of(source.id))
        result[source.id] = [outcome for outcome in outcomes if isinstance(outcome, Candidate)]
        assert len(result[source.id]) == len(outcomes)
    return result


def test_the_shipped_list_judges_every_page_of_the_demo_in_the_same_way(pytestconfig: pytest.Config) -> None:
    shipped = {vendor.id: vendor for vendor in allowlist.load(pytestconfig.rootpath / "sources.yaml").vendors}
    for step in (1, 2):
        for source_id, result in offered(step).items():
            vendor = vendor_of(source_id)
            for candidate in result:
                ours, theirs = policy.admit(vendor, candidate.url), policy.admit(shipped[vendor.id], candidate.url)
                assert type(ours) is type(theirs), candidate.url
                assert isinstance(ours, policy.Admitted) or ours.rule == theirs.rule  # type: ignore[union-attr]  # one type


def test_every_ticker_line_has_its_official_page_in_round_one() -> None:
    assert [line.number for line in scenario.TICKER] == [*range(1, 8), *range(9, 21)]
    pages = {candidate.url for entries in offered(1).values() for candidate in entries}
    assert {line.url for line in scenario.TICKER} <= pages
    assert len({line.url for line in scenario.TICKER}) == 16


def test_round_one_offers_official_pages_only_each_once_with_the_date_as_precise_as_it_is_known() -> None:
    entries = [(source_id, candidate) for source_id, result in offered(1).items() for candidate in result]
    assert len(entries) == scenario.ROUND_ONE.tally.created
    assert len({candidate.url for _, candidate in entries}) == len(entries)
    assert sum(candidate.lang == "ja" for _, candidate in entries) == 4
    for source_id, candidate in entries:
        assert isinstance(policy.admit(vendor_of(source_id), candidate.url), policy.Admitted)
        month_only = candidate.url == scenario.SAVE_THE_DATE
        assert candidate.published.precision is (Precision.MONTH if month_only else Precision.DAY)


def test_round_two_changes_five_documents_one_thing_in_each() -> None:
    first, second = offered(1), offered(2)
    changed = {source_id for source_id in first if first[source_id] != second[source_id]}
    expected = {scenario.EDIT.source_id, scenario.DUPLICATE.source_id, *(one.source_id for one in scenario.REFUSALS)}
    assert changed == expected
    assert len(changed) == 5
    assert (
        sum(len(result) for source_id, result in second.items() if source_id in changed)
        == scenario.ROUND_TWO.tally.entries
    )


def test_the_edit_changes_one_title_and_nothing_else() -> None:
    edit = scenario.EDIT
    (before,) = (entry for entry in offered(1)[edit.source_id] if entry.url == edit.url)
    (after,) = (entry for entry in offered(2)[edit.source_id] if entry.url == edit.url)
    assert (before.title, after.title) == (edit.before, edit.after)
    assert (before.guid, before.published) == (after.guid, after.published)


def test_the_duplicate_is_the_same_page_under_another_sources_spelling() -> None:
    duplicate = scenario.DUPLICATE
    (fresh,) = (
        entry
        for entry in offered(2)[duplicate.source_id]
        if entry not in offered(1)[duplicate.source_id][:0] and entry.url == duplicate.url
    )
    assert duplicate.url in {entry.url for entry in offered(1)[duplicate.first_source_id]}
    assert duplicate.url not in {entry.url for entry in offered(1)[duplicate.source_id]}
    assert fresh.url == duplicate.url


@pytest.mark.parametrize("refusal", scenario.REFUSALS, ids=lambda refusal: refusal.kind)
def test_each_refusal_is_offered_and_refused_by_its_rule(refusal: scenario.PlannedRefusal) -> None:
    assert refusal.url in {entry.url for entry in offered(2)[refusal.source_id]}
    verdict = policy.admit(vendor_of(refusal.source_id), refusal.url)
    assert isinstance(verdict, policy.Refused)
    assert verdict.rule == refusal.rule
