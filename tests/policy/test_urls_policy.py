"""Runs `urls.yaml`: which addresses are official, and by which rule the others are not."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingest import policy, urls
from ingest.model import Grant, Vendor

FILE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("urls.yaml").read_text(encoding="utf-8"))
CASES: list[dict[str, str]] = FILE["cases"]
LONG = f"https://acme-ai.com/{'a' * urls.MAX_LENGTH}"

NORMAL_FORM = re.compile(
    r"https://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
    r"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-F]{2})*"
    r"(?:\?(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-F]{2})+)?"
    r"(?:#(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-F]{2})+)?"
)


@cache
def vendor(vendor_id: str) -> Vendor:
    stanza = FILE["vendors"][vendor_id]
    scopes = [urls.parse_scope(line, Grant.OFFICIAL) for line in stanza["official"]]
    scopes += [urls.parse_scope(it["scope"], Grant.CARRIER, it["reason"]) for it in stanza.get("carriers", ())]
    return Vendor(vendor_id, vendor_id.title(), "https://example.com/", tuple(scopes))


def named(case: dict[str, str]) -> str:
    return f"{case['vendor']}: {case['why']}: {ascii(case['url'])[:60]}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_link_is_admitted_or_refused_by_its_rule(case: dict[str, str]) -> None:
    verdict = policy.admit(vendor(case["vendor"]), case["url"])
    if case["verdict"] == "official":
        assert isinstance(verdict, policy.Admitted), verdict
        assert verdict.url.text == case["stored"]
        assert verdict.scope.grant is Grant.OFFICIAL
        assert NORMAL_FORM.fullmatch(verdict.url.text)
    else:
        assert isinstance(verdict, policy.Refused), verdict
        assert verdict.rule == ("carrier-only" if case["verdict"] == "carrier" else case["rule"])
        assert verdict.detail.endswith(".")
        assert verdict.url.isprintable()


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_request_is_admitted_or_refused_by_its_rule(case: dict[str, str]) -> None:
    verdict = policy.admit_fetch(vendor(case["vendor"]), case["url"])
    if case["verdict"] == "refused":
        assert isinstance(verdict, policy.Refused), verdict
        assert verdict.rule == case["rule"]
    else:
        assert isinstance(verdict, policy.Admitted), verdict
        assert verdict.scope.grant is (Grant.CARRIER if case["verdict"] == "carrier" else Grant.OFFICIAL)
        assert verdict.url.text == case.get("stored", verdict.url.text)


def test_an_address_longer_than_any_page_has_is_refused() -> None:
    for judge in (policy.admit, policy.admit_fetch):
        verdict = judge(vendor("acme"), LONG)
        assert isinstance(verdict, policy.Refused)
        assert verdict.rule == "too-long"
        assert len(verdict.url) < 600


def test_the_file_is_whole_and_large_enough() -> None:
    assert len(CASES) >= 400
    assert len({(case["vendor"], case["url"]) for case in CASES}) == len(CASES)
    for case in CASES:
        expected = {"official": {"stored"}, "carrier": set(), "refused": {"rule"}}[case["verdict"]]
        assert case.keys() == {"vendor", "url", "verdict", "why"} | expected, case


def test_every_rule_that_can_refuse_a_link_has_a_case() -> None:
    documented = set(re.findall(r"^    ([a-z-]+)  ", policy.__doc__ or "", re.MULTILINE))
    tried = {case["rule"] for case in CASES if case["verdict"] == "refused"} | {"carrier-only", "too-long"}
    assert tried == documented
