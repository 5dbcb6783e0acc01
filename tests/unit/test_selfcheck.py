from __future__ import annotations

from typing import Any

import pytest

from ingest import dates
from ingest.errors import ParseError
from ingest.model import Document, State
from ingest.parse.selfcheck import Earlier, check, judge_error
from support.documents import make_document, make_entry

DAY = dates.parse("2026-05-21")
PREFIX = "https://www.acme-ai.com/news/"
PATHS = ("^/news/[^/]+",)


def listed(count: int = 10, **changes: Any) -> Document:
    """A list as it should be; a change is a value, or what makes one from the number of the entry."""
    fields = {
        "title": lambda n: f"Announcement number {n}",
        "link": lambda n: f"{PREFIX}{n}",
        "published": DAY,
    } | changes
    built = ({name: value(n) if callable(value) else value for name, value in fields.items()} for n in range(count))
    return make_document(*(make_entry(position=n, entry_id=None, **fields) for n, fields in enumerate(built)))


def rules(document: Document, **options: Any) -> list[str]:
    return [reason.rule for reason in check(document, **options).reasons]


@pytest.mark.parametrize("count", [1, 2, 10, 200])
def test_a_list_as_it_should_be_passes(count: int) -> None:
    verdict = check(listed(count), paths=PATHS, again=listed(count))
    assert (verdict.passed, verdict.state, verdict.reasons) == (True, State.OK, ())


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (listed(0), "none"),
        (listed(title=""), "no-title"),
        (listed(title="Read more"), "no-title"),
        (listed(link=None), "no-link"),
        (listed(published=dates.parse("")), "no-date"),
        (listed(link=lambda n: f"https://www.acme-ai.com/careers/{n}"), "off-path"),
        (listed(link=lambda n: f"http://[{n}/news/a"), "off-path"),
        (listed(title=lambda n: ("About", "Careers", "Login", "採用情報", "Contact us")[n % 5]), "navigation"),
        (listed(title=lambda n: f"Tab {chr(65 + n)}"), "navigation"),
        (listed(link="https://www.acme-ai.com/"), "navigation"),
        (listed(title="Acme announces results"), "same-title"),
    ],
)
def test_an_extraction_that_is_no_list_is_broken_for_a_named_reason(document: Document, rule: str) -> None:
    verdict = check(document, paths=PATHS)
    assert verdict.state is State.BROKEN
    assert rule in [reason.rule for reason in verdict.reasons]
    assert all(reason.detail.endswith(".") and len(reason.detail) > 30 for reason in verdict.reasons)


@pytest.mark.parametrize(("inside", "passes"), [(10, True), (2, True), (1, False), (0, False)])
def test_a_list_may_mix_in_other_pages_as_long_as_some_are_the_items_of_its_source(inside: int, passes: bool) -> None:
    mixed = listed(link=lambda n: f"https://www.acme-ai.com/{'news' if n < inside else 'events'}/{n}")
    assert rules(mixed, paths=PATHS) == ([] if passes else ["off-path"])
    assert rules(mixed) == []


@pytest.mark.parametrize(
    ("count", "earlier", "rule"),
    [
        (4, (10, 12), "few"),
        (5, (10, 12), ""),
        (1, (3, 3), ""),
        (61, (10, 12), "many"),
        (60, (10, 12), ""),
        (70, (20,), ""),
    ],
)
def test_an_extraction_is_compared_with_those_before(count: int, earlier: tuple[int, ...], rule: str) -> None:
    assert rules(listed(count), earlier=Earlier(earlier)) == ([rule] if rule else [])


def test_a_source_that_never_gave_dates_need_not_begin_to() -> None:
    undated = listed(published=dates.parse(""))
    assert rules(undated, dates=False) == rules(undated, earlier=Earlier((10,), dated=0.0)) == []
    assert rules(undated, dates=False, earlier=Earlier((10,), dated=0.9)) == ["no-date"]


def test_two_readings_that_differ_are_no_reading() -> None:
    assert rules(listed(), again=listed(9)) == ["unsteady"]


def test_one_strange_entry_among_many_is_no_alarm() -> None:
    assert rules(listed(title=lambda n: "" if n == 3 else f"Announcement number {n}")) == []


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ("challenge", State.BLOCKED),
        ("login", State.BLOCKED),
        ("consent", State.BLOCKED),
        ("soft-404", State.BROKEN),
        ("no-list", State.BROKEN),
    ],
)
def test_what_stands_in_the_way_is_distinguished_from_what_is_broken(rule: str, state: State) -> None:
    verdict = judge_error(ParseError("The page is another one.", rule=rule))
    assert (verdict.state, [reason.rule for reason in verdict.reasons]) == (state, [rule])
