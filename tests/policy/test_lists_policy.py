"""Runs `lists.yaml`: what an allow-list may say, and every problem of one that says something else."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
    result = problems_of(text)
    expected = case.get("problems", [])
    keys = [stem + problem["key"] if problem["key"][:1] in {"", "."} else problem["key"] for problem in expected]
    assert [(problem.line, problem.key) for problem in result] == [
        (problem["line"], key) for problem, key in zip(expected, keys, strict=True)
    ], "\n".join(map(str, result))
    for message, problem in zip(result, expected, strict=True):
        assert problem["contains"], "words that any sentence contains prove nothing"
        assert problem["contains"] in f"{message.what} {message.remedy}"
        assert message.column == problem.get("column", message.column)


def test_there_are_enough_cases_and_no_two_of_one_name() -> None:
    names = [case["name"] for case in CASES]
    assert len(set(names)) == len(names) >= 110


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def complaints(value: Any, schema: dict[str, Any], key: str = "") -> Iterator[str]:
    """What an editor would underline: as much of JSON Schema 2020-12 as `json_schema` uses."""
    if "type" in schema and not isinstance(value, TYPES[schema["type"]]):
        yield f"{key} is no {schema['type']}"
    elif isinstance(value, dict):
        yield from (f"{key}.{name} is missing" for name in set(schema.get("required", ())) - value.keys())
        for name, inner in value.items():
            below = schema.get("properties", {}).get(name, schema["additionalProperties"])
            if below is False or not re.search(schema.get("propertyNames", {}).get("pattern", ""), name):
                yield f"{key}.{name} is not known"
            else:
                yield from complaints(inner, below, f"{key}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from complaints(item, schema["items"], f"{key}[{index}]")
    if not fits(value, schema):
        yield f"{key}: {value} is not {schema}"


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """The keywords that look at one value by itself."""
    size = len(value) if isinstance(value, dict | list) else 0
    return (
        value in schema.get("enum", [value])
        and value == schema.get("const", value)
        and re.search(schema.get("pattern", ""), str(value)) is not None
        and ("minimum" not in schema or schema["minimum"] <= value <= schema["maximum"])
        and size >= max(schema.get("minProperties", 0), schema.get("minItems", 0))
    )


ACCEPTED = [case for case in CASES if "problems" not in case]


@pytest.mark.parametrize("case", ACCEPTED, ids=[case["name"] for case in ACCEPTED])
def test_an_editor_underlines_nothing_in_a_list_that_is_accepted(case: dict[str, Any]) -> None:
    assert not list(complaints(yaml.safe_load(written_out(case)[0]), allowlist.json_schema()))


def test_an_editor_underlines_nothing_in_the_shipped_list_and_an_unknown_key_in_any() -> None:
    shipped = yaml.safe_load((Path(__file__).parents[2] / "sources.yaml").read_text(encoding="utf-8"))
    assert not list(complaints(shipped, allowlist.json_schema()))
    shipped["vendors"]["openai"]["sources"]["news"]["intervall"] = "15m"
    message = list(complaints(shipped, allowlist.json_schema()))
    assert message == [".vendors.openai.sources.news.intervall is not known"]
