"""Whatever is in the file, it is an Allowlist or an AllowlistError with places in it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingest import allowlist, urls
from ingest.allowlist.claims import Territory, report_overlaps
from ingest.allowlist.report import Place, Report
from ingest.allowlist.values import DeclaredScope
from ingest.errors import AllowlistError
from ingest.model import Allowlist, Grant

VALID = """\
version: 1
defaults: {interval: 1h, min_interval: 10m, max_interval: 24h}
vendors:
  acme:
    name: Acme
    home: https://example.com/
    official:
      - example.com
      - "*.example.com"
      - "!community.example.com"
      - example.org/acme/
      - github.com/acme/*/releases/
    carriers:
      - {scope: feeds.example.net/acme/, reason: our feed host}
    sources:
      news: {kind: feed, url: https://example.com/news.xml, topics: &ai [AI, 人工知能], lang: ja}
      blog: {kind: feed, url: https://blog.example.com/feed, exclude: ["title:(?i)job"], topics: *ai}
      org: {kind: page, url: https://example.org/acme/news, select: {entry: h2, id: "@id"}}
      tool: {kind: feed, url: https://github.com/acme/tool/releases/latest.atom, interval: 15m, enabled: false}
      feed: {kind: feed, url: https://feeds.example.net/acme/x.xml, robots: {ignore: "by mail"}, first_fill: 0}
"""

TOKENS = sorted(
    {
        "\n",
        "  ",
        ": ",
        "- ",
        "!",
        "&a ",
        "*a",
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
        "#",
        "|",
        ">",
        "%",
        "@",
        "\t",
        "\0",
        "�",
        "\ufeff",
    }
    | {"---\n", "<<: ", "? ", "yes", "~", "0x1F", "1:30", "2026-05-01", "*.com", "..", "%2F", "\\", "(", "９", "\u202e"}
    | set(VALID.split())
)


def outcome(data: bytes) -> Allowlist | AllowlistError:
    try:
        return allowlist.parse(data)
    except AllowlistError as error:
        return error


def check(data: bytes) -> None:
    """An Allowlist that says what was read, or problems that can be found in the file and shown in a terminal."""
    result = outcome(data)
    if isinstance(result, Allowlist):
        assert result.text.encode() == data
        assert result.vendors
        return
    assert result.problems == tuple(sorted(result.problems))
    assert result.problems
    lines = len((data.decode(errors="replace") + "\n|").splitlines())
    for problem in result.problems:
        assert 1 <= problem.line <= lines
        assert problem.column >= 1
        assert str(problem).isprintable()
        assert problem.what.endswith((".", "?"))


def test_the_list_that_is_mutated_here_is_valid() -> None:
    assert isinstance(outcome(VALID.encode()), Allowlist)


@given(st.binary(max_size=300))
def test_random_bytes_are_a_list_or_a_refusal(data: bytes) -> None:
    check(data)


@given(st.lists(st.sampled_from(TOKENS), max_size=60).map("".join))
def test_random_words_of_the_format_are_a_list_or_a_refusal(text: str) -> None:
    check(text.encode())


@given(
    st.lists(
        st.tuples(st.integers(0, len(VALID)), st.integers(0, 30), st.one_of(st.just(""), st.sampled_from(TOKENS))),
        min_size=1,
        max_size=4,
    )
)
def test_a_mutated_list_is_a_list_or_a_refusal(cuts: list[tuple[int, int, str]]) -> None:
    text = VALID
    for start, length, put in cuts:
        text = text[:start] + put + text[start + length :]
    check(text.encode())


json_values: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(TOKENS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def lists_with_one_value_replaced(draw: st.DrawFn) -> str:
    """VALID as a tree, with anything at all in one place of it."""
    tree = yaml.safe_load(VALID)
    node: Any = {"root": tree}
    key: Any = "root"
    while isinstance(node[key], dict | list) and node[key] and draw(st.integers(0, 5)):
        node = node[key]
        key = draw(st.sampled_from(list(node) if isinstance(node, dict) else range(len(node))))
    node[key] = draw(json_values)
    text: str = yaml.safe_dump(tree, allow_unicode=True)
    return text


@given(lists_with_one_value_replaced())
def test_anything_in_the_place_of_one_value_is_a_list_or_a_refusal(text: str) -> None:
    check(text.encode())


SCOPES = {
    "      - example.com\n": {"news"},
    '      - "*.example.com"\n': {"blog"},
    "      - example.org/acme/\n": {"org"},
    "      - github.com/acme/*/releases/\n": {"tool"},
    "    carriers:\n      - {scope: feeds.example.net/acme/, reason: our feed host}\n": {"feed"},
}


@given(st.sets(st.sampled_from(sorted(SCOPES)), min_size=1, max_size=3))
def test_a_source_is_refused_once_its_scope_is_gone(gone: set[str]) -> None:
    text = VALID
    for line in gone:
        text = text.replace(line, "")
    result = outcome(text.encode())
    assert isinstance(result, AllowlistError)
    refused = {problem.key for problem in result.problems} - {"vendors.acme.home"}
    assert refused == {f"vendors.acme.sources.{key}.url" for line in gone for key in SCOPES[line]}


SEGMENTS = ("x", "y", "z")
HOSTS = ("example.com", "a.example.com", "b.a.example.com", "c.b.a.example.com")
PATHS = ["", *("/".join(path) for depth in (1, 2, 3, 4) for path in itertools.product(SEGMENTS, repeat=depth))]
UNIVERSE = [urls.parse(f"https://{host}/{path}{end}") for host in HOSTS for path in PATHS for end in ("", "/")]
"""Every address of a small web: whatever scopes of three segments meet in, they meet in one of these."""


@st.composite
def scope_texts(draw: st.DrawFn) -> str:
    host = draw(st.sampled_from(("*.", ""))) + draw(st.sampled_from(HOSTS[:3]))
    segments = draw(st.lists(st.sampled_from(("x", "y")), max_size=3))
    starred = draw(st.booleans())
    if segments and starred:
        segments[draw(st.integers(0, len(segments) - 1))] = "*"
    return "/".join((host, *segments)) + (draw(st.sampled_from(("/", ""))) if segments else "")


def territory(vendor_id: str, scopes: list[str], line: int) -> Territory:
    place = Place(line, 1, vendor_id)
    return Territory.of(vendor_id, [DeclaredScope(urls.parse_scope(text, Grant.OFFICIAL), place) for text in scopes])


def holds(one: Territory, url: urls.Url) -> bool:
    return any(urls.matches(claim.scope, url) for claim in one.claims) and not one.gives_up(url)


two_claims = st.tuples(scope_texts(), st.lists(scope_texts().map("!{}".format), max_size=2))


@given(two_claims, two_claims)
def test_two_vendors_overlap_exactly_where_one_address_is_held_by_both(
    mine: tuple[str, list[str]], theirs: tuple[str, list[str]]
) -> None:
    one, other = territory("one", [mine[0], *mine[1]], 1), territory("other", [theirs[0], *theirs[1]], 2)
    report = Report()
    report_overlaps([one, other], report)
    shared = [url.text for url in UNIVERSE if holds(one, url) and holds(other, url)]
    assert bool(report.problems) == bool(shared), shared[:3]


def places(data: bytes) -> list[tuple[int, str]]:
    result = outcome(data)
    return [(problem.line, problem.key) for problem in result.problems] if isinstance(result, AllowlistError) else []


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_both_loaders_of_pyyaml_find_the_same_places(loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(yaml, loader):
        pytest.skip("this PyYAML was built without libyaml")
    cases = yaml.safe_load((Path(__file__).parents[1] / "policy" / "lists.yaml").read_text(encoding="utf-8"))
    lists = [case["list"].encode() for case in cases if "list" in case]
    lists.append((Path(__file__).parents[2] / "sources.yaml").read_bytes())
    before = [places(data) for data in lists]
    monkeypatch.setattr("ingest.allowlist.nodes.LOADER", getattr(yaml, loader))
    assert [places(data) for data in lists] == before
