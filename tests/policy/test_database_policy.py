"""Runs `urls.yaml` against the database: raw SQL gets in what is official, under no scope anything else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Connection

from ingest import policy
from ingest.store.engine import open_engine, write
from support.raw_sql import each_scope, gets_in, put_in_force, vendors_of

FILE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("urls.yaml").read_text(encoding="utf-8"))
VENDORS = {vendor.id: vendor for vendor in vendors_of(FILE["vendors"])}

BEYOND_SQL = {"idn", "mixed-script", "confusable"}
"""Rules about letters below a wildcard's own domain: SQL has no tables of scripts, and whose host it is is certain."""

CASES: list[dict[str, str]] = [case for case in FILE["cases"] if case.get("rule") not in BEYOND_SQL]

BEFORE_SQL = {"dot-segment"}
"""Rules about the text before it came into normal form; in normal form nothing is left to refuse."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def conn(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, empty_database: Path
) -> Iterator[Connection]:
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql")()
    else:
        url = f"sqlite:///{shutil.copy(empty_database, tmp_path_factory.mktemp('policy') / 'policy.db')}"
    engine = open_engine(url)
    with write(engine) as opened:
        put_in_force(opened, tuple(VENDORS.values()))
        yield opened
    engine.dispose()


def named(case: dict[str, str]) -> str:
    return f"{case['vendor']}: {case['why']}: {ascii(case['url'])[:60]}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_database_takes_official_addresses_and_no_others(conn: Connection, case: dict[str, str]) -> None:
    if case["verdict"] == "official":
        under = [gets_in(conn, "headlines", row) for row in each_scope(conn, case["vendor"], case["stored"])]
        assert any(under)
        assert not all(under)  # a scope of another vendor, an exception or a carrier admits nothing
        return
    tried = {case["url"]}
    if case.get("rule") not in BEFORE_SQL:
        verdict = policy.admit(VENDORS[case["vendor"]], case["url"])
        assert isinstance(verdict, policy.Refused)
        tried.add(verdict.url)
    for url in tried:
        let_in = [row["scope_id"] for row in each_scope(conn, case["vendor"], url) if gets_in(conn, "headlines", row)]
        assert let_in == [], url


def test_nearly_every_case_can_be_tried_in_sql() -> None:
    assert len(CASES) >= 200
    assert len(FILE["cases"]) - len(CASES) <= 12
