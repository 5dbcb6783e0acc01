"""Runs `lists.yaml`: what an allow-list may say, and every problem of one that says something else."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml

from ingest import allowlist
from ingest.errors import AllowlistError, Problem

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("lists.yaml").read_text(encoding="utf-8"))

HEAD = "version: 1\nvendors:\n  acme:\n"

FRAME = f"""{HEAD}    name: Acme
    home: https://example.com/
    official: [example.com]
    sources:
      news:
        kind: feed
        url: https://example.com/feed.xml
"""


def written_out(case: dict[str, Any]) -> tuple[str, str]:
    """The whole file of a case, and the key that its keys with a leading dot go on from."""
    if "source" in case:
        return FRAME + indent(case["source"], " " * 8), "vendors.acme.sources.news"
    if "vendor" in case:
        return HEAD + indent(case["vendor"], " " * 4), "vendors.acme"
    return case["list"], ""


def problems_of(text: str) -> tuple[Problem, ...]:
    try:
        allowlist.parse(text.encode("utf-8", "surrogatepass"))
    except AllowlistError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_list_is_refused_for_exactly_what_is_wrong_with_it(case: dict[str, Any]) -> None:
    text, stem = written_out(case)
    found = problems_of(text)
    expected = case.get("problems", [])
    keys = [stem + problem["key"] if problem["key"][:1] in {"", "."} else problem["key"] for problem in expected]
    assert [(problem.line, problem.key) for problem in found] == [
        (problem["line"], key) for problem, key in zip(expected, keys, strict=True)
    ], "\n".join(map(str, found))
    for said, problem in zip(found, expected, strict=True):
        assert problem["contains"], "words that any sentence contains prove nothing"
        assert problem["contains"] in f"{said.what} {said.remedy}"
        assert said.column == problem.get("column", said.column)


def test_there_are_enough_cases_and_no_two_of_one_name() -> None:
    names = [case["name"] for case in CASES]
    assert len(set(names)) == len(names) >= 110
