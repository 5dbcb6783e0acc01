"""Runs `policy/urls.yaml` against the fetcher: what is refused is not even connected to, by the server's own log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from edges.hostile import RSS, Get, failed, fetched, fetcher_for, plan
from edges.server import HostileServer, answer, redirect
from ingest import urls
from ingest.fetch.request import request_url
from ingest.model import Failed, Grant, Vendor

FILE = Path(__file__).parents[1] / "policy" / "urls.yaml"
POLICY: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = POLICY["cases"]
ADMITTED = {"official", "carrier"}


def vendor(name: str) -> Vendor:
    stanza = POLICY["vendors"][name]
    official = [
        urls.parse_scope(text.removeprefix("!"), Grant.EXCEPTION if text.startswith("!") else Grant.OFFICIAL)
        for text in stanza["official"]
    ]
    carriers = [
        urls.parse_scope(carrier["scope"], Grant.CARRIER, carrier["reason"]) for carrier in stanza.get("carriers", [])
    ]
    return Vendor(name, name, "", (*official, *carriers))


VENDORS = {name: vendor(name) for name in POLICY["vendors"]}


def is_front(case: dict[str, Any]) -> bool:
    return case["verdict"] == "official" and str(case["url"]).startswith("https://")


FRONT = {
    name: next(request_url(urls.parse(case["url"])) for case in CASES if case["vendor"] == name and is_front(case))
    for name in VENDORS
}


def is_field_value(url: str) -> bool:
    """Whether a Location can carry it: no line ends or NUL, and nothing around it that a reader of links takes off."""
    return url == url.strip().strip("\ufeff") and not set(url) & set("\r\n\0")


@pytest.fixture(scope="module")
def everywhere() -> Iterator[HostileServer]:
    with HostileServer(otherwise=answer(RSS)) as server:
        yield server


@pytest.fixture(scope="module")
def get_anywhere(everywhere: HostileServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Get]:
    with fetcher_for(everywhere, tmp_path_factory.mktemp("authority")) as fetcher:
        yield lambda case, url: fetcher.get(plan(url, vendor=VENDORS[case["vendor"]]))


@pytest.fixture
def server(everywhere: HostileServer) -> HostileServer:
    everywhere.forget()
    return everywhere


def named(case: dict[str, Any]) -> str:
    return f"{case['vendor']}-{ascii(case['url'])[1:-1][:60]}-{case['verdict']}"


@pytest.mark.parametrize("case", [case for case in CASES if case["verdict"] not in ADMITTED], ids=named)
def test_a_refused_address_is_not_even_connected_to(
    case: dict[str, Any], server: HostileServer, get_anywhere: Get
) -> None:
    failed(get_anywhere(case, case["url"]))
    assert (server.connections, server.names, server.urls) == (0, [], [])


@pytest.mark.parametrize("case", [case for case in CASES if case["verdict"] in ADMITTED], ids=named)
def test_an_admitted_address_is_asked_as_it_was_admitted(
    case: dict[str, Any], server: HostileServer, get_anywhere: Get
) -> None:
    asked = request_url(urls.parse(case["url"]))
    assert fetched(get_anywhere(case, case["url"])).response.final_url == asked
    assert server.urls == [asked]


@pytest.mark.parametrize("case", [case for case in CASES if is_field_value(case["url"])], ids=named)
@pytest.mark.usefixtures("at_once")
def test_a_redirect_of_an_official_page_leads_to_admitted_addresses_only(
    case: dict[str, Any], server: HostileServer, get_anywhere: Get
) -> None:
    front = f"{FRONT[case['vendor']]}?redirects"
    server.on(front, redirect(case["url"].encode("utf-8", "surrogatepass").decode("latin-1"), 302))
    result = get_anywhere(case, front)
    if case["verdict"] in ADMITTED and not case["url"].lower().startswith("http:"):
        assert fetched(result).response.final_url == request_url(urls.parse(case["url"]))
        assert server.urls == [front, request_url(urls.parse(case["url"]))]
    else:
        assert isinstance(result, Failed)
        assert set(server.urls) == {front}
        assert set(server.names) <= {urls.parse(front).host}
