from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hostile.documents import GROUPS, Case
from hostile.entries import ACME
from ingest import jail
from ingest.errors import ParseError
from ingest.jail import Budget
from ingest.judging import Reading
from ingest.judging.documents import judge
from support.documents import AT, make_capture, make_source

CASES = [
    pytest.param(case, id=f"{group}: {case.name}", marks=[pytest.mark.long] if case.long else [])
    for group, cases in GROUPS.items()
    for case in cases
]


def cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(who.ru_utime + who.ru_stime for who in used)


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    before = cpu()
    yield
    assert cpu() - before < seconds


def outcome(case: Case) -> tuple[list[str], list[str]] | str:
    """Return the titles that are admitted and the rules of the others, or the rule of an unreadable document."""
    built = case.build()
    source = make_source(kind=case.kind, select=case.select)
    with bounded(case.cpu_s):
        try:
            capture = make_capture(built, media_type=case.media_type)
            document = jail.parse(capture, source, Budget(cpu_s=case.budget_s, wall_s=60))
        except ParseError as error:
            return error.rule if error.subject == source.id else f"{error.rule}, of no source"
        judged = judge(document, Reading(source, ACME, 1), AT)
    return [offer.candidate.title for offer in judged.offers], [refusal.rule for refusal in judged.refusals]


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_document_ends_within_its_bound_and_costs_its_neighbours_nothing(case: Case) -> None:
    result = outcome(case)
    if isinstance(result, str):
        assert case.rule in {result, "*"}
    elif case.rule != "*":
        titles, rules = result
        assert (titles, Counter(rules)) == (list(case.good), Counter(case.refused))
        assert not case.rule


def test_no_two_cases_have_one_name() -> None:
    assert len({case.name for cases in GROUPS.values() for case in cases}) == len(CASES)
