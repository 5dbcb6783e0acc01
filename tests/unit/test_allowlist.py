"""`sources.yaml` → `Allowlist`: the result, the messages for an operator, the schema for an editor."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest import allowlist
from ingest.errors import AllowlistError
from ingest.model import Allowlist, Grant, Kind, Role, Source

LIST = """\
version: 1
defaults: {interval: 2h}
vendors:
  acme:
    name: " Acme "
    home: https://Example.com
    official: [example.com, "!example.com/forum/"]
    carriers:
      - {scope: feeds.example.net/acme/, reason: the feed host of example.com}
    sources:
      news:
        kind: page
        url: https://Feeds.Example.net/acme/news.xml
        role: press
        lang: zh-hant-tw
        interval: 15m
        max_silence: 30d
        include: ["title: (?i)gemini", "path:^/blog/"]
        topics: [AI]
        robots: {ignore: "allowed by mail, 2026-05-01"}
        headers: {b: "2", A: "1"}
        select: {title: h2, entry: article}
        note: |
          For people.
      quiet: {kind: feed, url: https://example.com/quiet.xml, enabled: false}
"""


def parsed(text: str = LIST) -> Allowlist:
    return allowlist.parse(text.encode())


def source(text: str = LIST) -> Source:
    return parsed(text).sources[0]


def refusal(text: str) -> str:
    with pytest.raises(AllowlistError) as caught:
        parsed(text)
    return str(caught.value)


def test_a_list_becomes_values_with_every_default_filled_in() -> None:
    accepted = parsed()
    (vendor,) = accepted.vendors
    assert (vendor.id, vendor.name, vendor.home) == ("acme", "Acme", "https://example.com/")
    assert [(scope.grant, scope.host, scope.reason) for scope in vendor.scopes] == [
        (Grant.OFFICIAL, "example.com", ""),
        (Grant.EXCEPTION, "example.com", ""),
        (Grant.CARRIER, "feeds.example.net", "the feed host of example.com"),
    ]
    news, quiet = accepted.sources
    assert news == Source(
        id="acme/news",
        vendor_id="acme",
        kind=Kind.PAGE,
        url="https://feeds.example.net/acme/news.xml",
        digest=news.digest,
        role=Role.PRESS,
        lang="zh-Hant-TW",
        interval=timedelta(minutes=15),
        max_silence=timedelta(days=30),
        include=("title:(?i)gemini", "path:^/blog/"),
        topics=("AI",),
        note="For people.",
        robots_ignored_because="allowed by mail, 2026-05-01",
        headers=(("A", "1"), ("b", "2")),
        select=(("entry", "article"), ("title", "h2")),
    )
    assert quiet == Source(
        id="acme/quiet",
        vendor_id="acme",
        kind=Kind.FEED,
        url="https://example.com/quiet.xml",
        digest=quiet.digest,
        interval=timedelta(hours=2),
        enabled=False,
    )


@pytest.mark.parametrize("data", [LIST.encode(), b"\xef\xbb\xbf" + LIST.replace("\n", "\r\n").encode()])
def test_text_and_digest_are_those_of_the_bytes(data: bytes) -> None:
    accepted = allowlist.parse(data)
    assert accepted.text.encode() == data
    assert accepted.digest == hashlib.sha256(data).hexdigest()


def test_the_same_bytes_give_the_same_list() -> None:
    assert parsed() == parsed()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("For people.", "For other people."),
        ("allowed by mail, 2026-05-01", "allowed by telephone"),
        ("max_silence: 30d", "max_silence: 40d"),
        ("interval: 15m", "interval: 900s"),
        ('{b: "2", A: "1"}', '{A: "1", b: "2"}'),
        ("https://Feeds.Example.net/acme/news.xml", "https://feeds.example.net/acme/news.xml"),
        ('    name: " Acme "', "    # our own\n    name: Acme Inc."),
        ("        role: press", "        role: press\n        product: Acme Engine"),
    ],
)
def test_a_source_keeps_its_digest_when_nothing_changes_for_polling_or_parsing(old: str, new: str) -> None:
    assert old in LIST
    assert source(LIST.replace(old, new)).digest == source().digest


def test_a_pause_its_reason_and_a_product_are_read_and_make_no_other_source() -> None:
    quiet, paused = parsed().sources[1], "enabled: false, paused: They asked us to., product: Acme Engine"
    changed = parsed(LIST.replace("enabled: false", paused)).sources[1]
    assert (changed.paused, changed.product, changed.note) == ("They asked us to.", "Acme Engine", "")
    assert changed.digest == quiet.digest
    noted = parsed(LIST.replace("enabled: false", "enabled: false, note: For people.")).sources[1]
    assert [each.rests_because for each in (source(), quiet, noted, changed)] == [
        "",
        "",
        "For people.",
        "They asked us to.",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("interval: 15m", "interval: 16m"),
        ("acme/news.xml", "acme/news2.xml"),
        ("role: press", "role: news"),
        ("zh-hant-tw", "zh"),
        ("(?i)gemini", "gemini"),
        ("topics: [AI]", "topics: [LLM]"),
        ('        robots: {ignore: "allowed by mail, 2026-05-01"}\n', ""),
        ("title: h2", "title: h3"),
        ('b: "2"', 'b: "3"'),
        ("      news:", "      latest:"),
    ],
)
def test_a_source_gets_another_digest_when_polling_or_parsing_changes(old: str, new: str) -> None:
    assert old in LIST
    assert source(LIST.replace(old, new)).digest != source().digest


def test_an_operator_reads_place_key_fault_and_remedy() -> None:
    text = LIST.replace("interval: 15m", "intervall: 15m").replace("version: 1", "version: one")
    assert refusal(text) == (
        "sources.yaml: 2 problem(s); nothing is fetched with this list.\n"
        'sources.yaml:1:10: version: "one" is not a version that can be read. Write version: 1\n'
        'sources.yaml:16:9: vendors.acme.sources.news.intervall: unknown key. Did you mean "interval"?'
    )


def test_a_message_shows_long_and_hostile_text_short_and_harmless() -> None:
    message = refusal(LIST.replace("role: press", '"\\e]0;\\u202e' + "x" * 5000 + '": 1'))
    assert len(message.splitlines()) == 2
    assert len(message) < 600
    assert message.isascii() or all(char.isprintable() or char == "\n" for char in message)


def test_a_file_that_is_no_list_at_all_does_not_overwhelm_the_operator() -> None:
    message = refusal("version: 1\nvendors:\n" + "".join(f"  {n}_x: 1\n" for n in range(5000)))
    assert 500 < len(message.splitlines()) < 510
    assert "the rest of the file was not checked" in message


@pytest.mark.parametrize(
    ("data", "line", "column", "what"),
    [
        (b"version: 1\n# caf\xe9\n", 2, 6, "is not UTF-8: byte 0xe9"),
        ("version: 1".encode("utf-16"), 1, 1, "is not UTF-8: byte 0xff"),
        (b"# " + b"x" * (5 * 1024 * 1024), 1, 1, "is larger than 5 MiB"),
        (b"a: \x00", 1, 4, "U+0000"),
    ],
)
def test_bytes_that_are_no_text_are_refused_where_they_stand(data: bytes, line: int, column: int, what: str) -> None:
    with pytest.raises(AllowlistError) as caught:
        allowlist.parse(data)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.key) == (line, column, "")
    assert what in problem.what


def test_a_list_is_loaded_from_a_file_and_named_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "出典.yaml"
    path.write_text(LIST, encoding="utf-8")
    assert allowlist.load(path) == parsed()
    assert allowlist.read_bytes(path) == LIST.encode()
    path.write_text("version: 1\n", encoding="utf-8")
    with pytest.raises(AllowlistError, match=r"出典.yaml:1:1: vendors: is missing\."):
        allowlist.load(path)


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_one_clear_problem(tmp_path: Path, name: str) -> None:
    for read in (allowlist.load, allowlist.read_bytes):
        with pytest.raises(AllowlistError, match=r"cannot be read: .* Name the allow-list with --sources") as caught:
            read(tmp_path / name)
        assert len(caught.value.problems) == 1
        assert caught.value.exit_status == 2


def objects(schema: object) -> Iterator[Mapping[str, Any]]:
    """Every object schema inside a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from objects(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from objects(part)


def test_the_schema_describes_every_key_and_closes_every_mapping() -> None:
    schema = allowlist.json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for mapping in objects(schema):
        assert "additionalProperties" in mapping
        assert all(key["description"].endswith((".", ")")) for key in mapping.get("properties", {}).values())
    assert "http" not in json.dumps(schema).replace("https://json-schema.org/", "").replace("^https://", "")


def test_the_schema_knows_the_keys_of_the_model() -> None:
    schema: Any = allowlist.json_schema()
    vendor = schema["properties"]["vendors"]["additionalProperties"]["properties"]
    stanza = vendor["sources"]["additionalProperties"]["properties"]
    built = {"id", "vendor_id", "digest"}
    assert set(stanza) == {name for name in Source.__slots__ if name not in built} - {"robots_ignored_because"} | {
        "robots"
    }
    assert stanza["kind"]["enum"] == [str(kind) for kind in Kind]
    assert stanza["role"]["default"] == "news"
    assert stanza["interval"]["pattern"] == "^[1-9][0-9]{0,5}[smhd]$"


@pytest.mark.parametrize(("call", "loaded"), [("read_bytes", set()), ("load", {"yaml", "publicsuffixlist"})])
def test_a_round_with_nothing_due_pays_for_no_table_that_it_does_not_use(
    call: str, loaded: set[str], tmp_path: Path
) -> None:
    path = tmp_path / "list.yaml"
    path.write_text(LIST, encoding="utf-8")
    script = (
        "import pathlib, sys; from ingest import allowlist\n"
        f"allowlist.{call}(pathlib.Path(sys.argv[1]))\n"
        "print(*{'yaml', 'publicsuffixlist', 'idna', 'confusable_homoglyphs'} & set(sys.modules))"
    )
    done = subprocess.run((sys.executable, "-c", script, path), check=True, capture_output=True, text=True)
    assert set(done.stdout.split()) == loaded


def test_two_hundred_and_fifty_sources_are_read_in_a_blink() -> None:
    vendors = "".join(
        f"  v{n}:\n    name: V{n}\n    home: https://v{n}.example.com/\n"
        f'    official: [v{n}.example.com, github.com/v{n}/, "*.v{n}.example.net", "!forum.v{n}.example.net"]\n    sources:\n'
        + "".join(
            f"      s{k}:\n        kind: feed\n        url: https://v{n}.example.com/{k}.xml\n        role: news\n"
            "        lang: en\n        interval: 15m\n        topics: [AI, LLM, 人工知能]\n"
            for k in range(5)
        )
        for n in range(50)
    )
    data = ("version: 1\nvendors:\n" + vendors).encode()
    assert len(allowlist.parse(data).sources) == 250  # the first call reads the rules
    taken = []
    for _ in range(3):
        start = time.process_time()
        allowlist.parse(data)
        taken.append(time.process_time() - start)
    assert min(taken) < 0.3


SPECIAL = (
    *("news.acme.internal", "acme.local", "acme.localhost", "acme.onion", "acme.test", "acme.invalid", "acme.alt"),
    *("acme.home.arpa", "acme.lan", "acme.corp", "a.b.c.acme.intranet", "ACME.Internal", "\uff41cme.local"),
)


@pytest.mark.parametrize("host", SPECIAL)
def test_a_name_of_a_private_network_is_a_scope_only_where_such_networks_are_allowed(host: str) -> None:
    for line in (host, f"'*.{host}'", f"{host}/blog/"):
        text = LIST.replace("official: [example.com,", f"official: [example.com, {line},")
        assert "reserved for private or special use" in refusal(text)
        assert "INGEST_PRIVATE_NETWORKS" in refusal(text)
        assert len(allowlist.parse(text.encode(), private=True).vendors[0].scopes) == 4
    carrier = LIST.replace("scope: feeds.example.net/acme/", f"scope: {host}/acme/")
    assert "reserved for private or special use" in refusal(carrier)


@pytest.mark.parametrize("host", ["local.acme.com", "test.com", "acme.testing", "internal.acme.dev", "acme.example"])
def test_a_name_that_only_looks_like_one_is_a_scope(host: str) -> None:
    assert (
        len(parsed(LIST.replace("official: [example.com,", f"official: [example.com, {host},")).vendors[0].scopes) == 4
    )


def test_an_exception_may_name_anything() -> None:
    vendor = parsed(LIST.replace('"!example.com/forum/"', '"!acme.internal"')).vendors[0]
    assert ("acme.internal", Grant.EXCEPTION) in [(scope.text, scope.grant) for scope in vendor.scopes]
