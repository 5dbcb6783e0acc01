"""Edits of an allow-list change the lines of one stanza and nothing else, and are saved whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from ingest import allowlist
from ingest.allowlist import edit, saving
from ingest.errors import AllowlistError, UsageError
from ingest.model import Source
from support.sampling import is_long

SHIPPED = Path(__file__).parents[2] / "sources.yaml"

LIST = """\
# Ours.
version:   1                     # the only one
vendors:
    acme:
        name: Acme
        home:   "https://www.acme-ai.com/"
        official:
        - www.acme-ai.com        # a list that stands flush
        sources:
            news: {kind: feed,   url: https://www.acme-ai.com/feed.xml, lang: en}   # in braces
            # between two sources
            list:
                kind: page
                url: https://www.acme-ai.com/list
                note: a plain text
                  over two lines
                select: {
                  entry: li.card,   # a comment inside
                  title: h3,
                }
            # behind the last

    # Another one.
    beta:
        name: Beta
        home: https://www.beta-ai.com/
        official: [www.beta-ai.com]
"""
PAGE: dict[str, edit.Value] = {
    "kind": "page",
    "url": "https://www.acme-ai.com/blog",
    "lang": "no",
    "topics": ["on", "a, b", "生成AI"],
    "select": {"entry": "article", "title": "h2 ~ (.+): x", "link": '"'},
}


def source(text: str, source_id: str) -> Source:
    return next(item for item in allowlist.parse(text.encode()).sources if item.id == source_id)


def lines_changed(before: str, after: str) -> list[str]:
    return [line for line in edit.difference(before, after, "x").splitlines()[2:] if line[0] in "+-"]


# ── one stanza and nothing else ─────────────────────────────────────────────────────────────────────────────────


@cache
def shipped() -> str:
    return SHIPPED.read_text(encoding="utf-8")


def plain(text: str) -> dict[str, Any]:
    """The list as plain values, by the fast loader: what another reader of YAML sees."""
    read: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return read


@cache
def spans() -> dict[str, tuple[int, int]]:
    """The lines of each source's stanza, as PyYAML's own composer places it: first, and the one after the last."""
    root: Any = yaml.compose(shipped(), yaml.CSafeLoader)
    result: dict[str, tuple[int, int]] = {}
    for vendor, stanza in next(value for key, value in root.value if key.value == "vendors").value:
        for name, value in stanza.value:
            if name.value == "sources":
                places = ((key.value, key.start_mark.line, each.end_mark.line) for key, each in value.value)
                result |= {f"{vendor.value}/{key}": (first, behind) for key, first, behind in places}
    return result


NOTES = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=80).map(str.strip).filter(bool)
SHARED = {"openai/models"}
"""Sources whose note others use by an alias: a new note takes the anchor away, and `edit.check` refuses the list."""

IDS = st.sampled_from(sorted(spans().keys() - SHARED))
SOME = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[*Phase] if is_long() else [Phase.explicit],  # each edit reads the whole list
)
A_NOTE = cycle(["Moved: 'see' #1", "生成AI [a] {b}", '"', "- x"])


@cache
def shapes(*keys: str) -> list[str]:
    """A source of each kind, and of each way in which its stanza has or lacks some keys."""
    result: dict[object, str] = {}
    for vendor, stanza in plain(shipped())["vendors"].items():
        for key, values in stanza.get("sources", {}).items():
            if f"{vendor}/{key}" in SHARED:
                continue
            result.setdefault((values["kind"], *(name in values for name in keys)), f"{vendor}/{key}")
    return list(result.values())


def always(cases: list[dict[str, Any]]) -> Callable[[Any], Any]:
    """Try these cases in every run, and any others with `--long`."""

    def decorated(test: Any) -> Any:
        for case in cases:
            test = example(**case)(test)
        return test

    return decorated


@SOME
@always(
    [
        {"source_id": source_id, "note": next(A_NOTE) if number % 3 else None, "enabled": bool(number % 2)}
        for number, source_id in enumerate(shapes("enabled", "note"))
    ]
)
@given(source_id=IDS, note=st.none() | NOTES, enabled=st.booleans())
def test_switching_any_shipped_source_changes_lines_of_its_stanza_only(
    source_id: str, note: str | None, enabled: bool
) -> None:
    after = edit.switch(shipped(), source_id, enabled=enabled, note=note)
    vendor, key = source_id.split("/")
    wanted = plain(shipped())
    stanza = wanted["vendors"][vendor]["sources"][key]
    stanza |= {} if note is None else {"note": note}
    was = stanza.pop("enabled", True)
    result = plain(after)
    assert result["vendors"][vendor]["sources"][key].pop("enabled", True) is enabled
    assert result == wanted
    first, behind = spans()[source_id]
    old, new = shipped().split("\n"), after.split("\n")
    assert new[: first + 1] == old[: first + 1]
    assert new[len(new) - (len(old) - behind) :] == old[behind:]
    assert after == shipped() or was is not enabled or note is not None


@SOME
@always([{"vendor": source_id.split("/")[0], "note": next(A_NOTE)} for source_id in shapes()])
@given(vendor=st.sampled_from(sorted({name.split("/")[0] for name in spans()})), note=NOTES)
def test_a_source_added_to_any_shipped_vendor_is_lines_put_in_behind_its_last(vendor: str, note: str) -> None:
    values: dict[str, edit.Value] = {"kind": "feed", "url": "https://example.com/feed.xml", "note": note}
    after = edit.add(shipped(), vendor, "never-heard-of", values)
    assert {line[0] for line in lines_changed(shipped(), after)} == {"+"}
    result = plain(after)
    *_, last = result["vendors"][vendor]["sources"]
    assert last == "never-heard-of"
    assert result["vendors"][vendor]["sources"].pop(last) == values
    assert result == plain(shipped())


@SOME
@always([{"source_id": source_id} for source_id in shapes("enabled")])
@given(source_id=IDS)
def test_enabling_undoes_what_disabling_did(source_id: str) -> None:
    off = edit.switch(shipped(), source_id, enabled=False)
    assert edit.switch(off, source_id, enabled=False) == off
    on = edit.switch(off, source_id, enabled=True)
    assert edit.switch(on, source_id, enabled=True) == on
    assert on == shipped() or off == shipped()  # it was one of the two to begin with


@SOME
@always([{"source_id": source_id, "why": next(A_NOTE)} for source_id in shapes()])
@given(source_id=IDS, why=NOTES)
def test_a_reason_for_a_pause_comes_and_goes_and_the_note_stays(source_id: str, why: str) -> None:
    vendor, key = source_id.split("/")

    def stanza(text: str) -> dict[str, Any]:
        result: dict[str, Any] = plain(text)["vendors"][vendor]["sources"][key]
        return result

    off = edit.switch(shipped(), source_id, enabled=False, why=why)
    assert stanza(off) == stanza(shipped()) | {"enabled": False, "paused": why}
    assert edit.switch(off, source_id, enabled=False) == off
    on = edit.switch(off, source_id, enabled=True)
    assert on == edit.switch(shipped(), source_id, enabled=True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{paused: why, enabled: false, kind: feed", "{enabled: true, kind: feed"),
        ("{kind: feed, enabled: false, paused: 'a, b'", "{kind: feed, enabled: true"),
        ("{kind: feed, paused: why, enabled: false", "{kind: feed, enabled: true"),
    ],
)
def test_a_reason_in_braces_is_taken_out_with_its_comma(before: str, after: str) -> None:
    text = LIST.replace("news: {kind: feed", f"news: {before}")
    assert edit.switch(text, "acme/news", enabled=True) == LIST.replace("news: {kind: feed", f"news: {after}")


def test_a_reason_over_several_lines_is_taken_out_whole() -> None:
    head = "            list:\n"
    assert head in LIST
    lines = "                enabled: false\n                paused: |\n                  one\n                  two\n"
    assert edit.switch(LIST.replace(head, head + lines), "acme/list", enabled=True) == LIST


def test_an_edit_of_the_shipped_list_is_a_list_in_which_all_others_are_what_they_were() -> None:
    before = shipped()
    after = edit.switch(before, "openai/news", enabled=False, note="moved")
    listed = edit.check(before.encode(), after.encode(), "x", "openai/news")
    (result,) = (one for one in listed.sources if one.id == "openai/news")
    assert (result.enabled, result.note) == (False, "moved")
    with pytest.raises(UsageError, match="shares text with others"):
        edit.check(before.encode(), after.encode(), "x", "openai/engineering")


def test_a_note_that_others_use_cannot_be_replaced() -> None:
    (shared,) = SHARED
    after = edit.switch(shipped(), shared, enabled=False, note="moved")
    with pytest.raises(AllowlistError, match="repeats &models, which is nowhere above"):
        edit.check(shipped().encode(), after.encode(), "x", shared)


def test_what_an_operator_laid_out_stays_as_it_is() -> None:
    after = edit.add(LIST, "acme", "blog", PAGE)
    assert lines_changed(LIST, after) == [
        "+            blog:",
        "+                kind: page",
        "+                url: https://www.acme-ai.com/blog",
        "+                lang: 'no'",
        "+                topics: ['on', 'a, b', 生成AI]",
        "+                select:",
        "+                    entry: article",
        "+                    title: 'h2 ~ (.+): x'",
        "+                    link: '\"'",
    ]
    result = source(after.replace("link: '\"'", "link: a"), "acme/blog")
    assert (result.lang, result.topics, dict(result.select)["title"]) == (
        "no",
        ("on", "a, b", "生成AI"),
        "h2 ~ (.+): x",
    )


def test_a_vendor_without_sources_gets_them() -> None:
    values: dict[str, edit.Value] = {"kind": "feed", "url": "https://www.beta-ai.com/feed.xml"}
    after = edit.add(LIST, "beta", "news", values)
    assert after.startswith(LIST)
    assert after.removeprefix(LIST).split("\n")[:2] == ["        sources:", "            news:"]
    assert source(after, "beta/news").url == "https://www.beta-ai.com/feed.xml"


def test_a_stanza_in_braces_stays_in_braces() -> None:
    after = edit.switch(LIST, "acme/news", enabled=False, note="a: b, c")
    assert lines_changed(LIST, after) == [
        "-            news: {kind: feed,   url: https://www.acme-ai.com/feed.xml, lang: en}   # in braces",
        "+            news: {kind: feed,   url: https://www.acme-ai.com/feed.xml, lang: en, enabled: false, note: 'a: b, c'}   # in braces",
    ]
    assert source(after, "acme/news").note == "a: b, c"
    again = edit.switch(after, "acme/news", enabled=True)
    assert "enabled: true, note" in again


def test_a_note_over_several_lines_is_replaced_whole_and_comments_stay() -> None:
    after = edit.switch(LIST, "acme/list", enabled=False, note="gone")
    changed = lines_changed(LIST, after)
    assert changed[:3] == [
        "-                note: a plain text",
        "-                  over two lines",
        "+                note: gone",
    ]
    assert changed[3:] == ["+                enabled: false"]
    assert "# a comment inside" in after
    with_comment = after.replace("enabled: false", "enabled: false   # until May")
    assert "enabled: true   # until May" in edit.switch(with_comment, "acme/list", enabled=True)


def test_line_ends_a_missing_last_one_and_a_byte_order_mark_are_kept() -> None:
    windows = LIST.replace("\n", "\r\n")
    after = edit.add(windows, "acme", "blog", PAGE)
    assert after.count("\n") == after.count("\r\n") == windows.count("\n") + 9
    marked = "\ufeff" + LIST
    assert edit.switch(marked, "acme/news", enabled=False) == "\ufeff" + edit.switch(LIST, "acme/news", enabled=False)
    cut = LIST.rstrip("\n")
    values: dict[str, edit.Value] = {"kind": "feed", "url": "https://www.beta-ai.com/feed.xml"}
    assert edit.add(cut, "beta", "news", values).startswith(LIST)


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("vendor", "key", "message"),
    [("acmee", "x", 'did you mean "acme"'), ("acme", "news", "is in the list already")],
)
def test_a_source_needs_a_vendor_that_is_there_and_a_key_that_is_free(vendor: str, key: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        edit.add(LIST, vendor, key, PAGE)


def test_an_unknown_source_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match='acme/lists: is not a source of the list; did you mean "acme/list"'):
        edit.switch(LIST, "acme/lists", enabled=False)
    with pytest.raises(UsageError, match="its vendor has none"):
        edit.switch(LIST, "beta/news", enabled=False)


def test_text_that_stanzas_share_is_left_to_the_operator() -> None:
    shared = LIST.replace("news: {", "news: &one {").replace(
        "[www.beta-ai.com]", "[www.beta-ai.com]\n        sources:\n            a: *one"
    )
    with pytest.raises(UsageError, match="an alias of other lines"):
        edit.switch(shared, "beta/a", enabled=False)
    noted = LIST.replace("note: a plain text\n", "exclude: &x ['title:a']\n                note: a plain text\n")
    twice = noted.replace("kind: feed, ", "kind: feed, exclude: ['title:b'], ")
    swapped = twice.replace("['title:b']", "['title:c']")
    with pytest.raises(UsageError, match="shares text with others"):
        edit.check(twice.encode(), swapped.encode(), "x", "acme/list")


def test_a_list_with_faults_after_the_edit_is_refused_with_all_of_them() -> None:
    values: dict[str, edit.Value] = {"kind": "page", "url": "https://www.acme.com/blog", "select": {"entri": "li"}}
    after = edit.add(LIST, "acme", "blog", values)
    with pytest.raises(AllowlistError) as caught:
        edit.check(LIST.encode(), after.encode(), "x", "acme/blog")
    assert len(caught.value.problems) == 3


# ── stanzas on their own ────────────────────────────────────────────────────────────────────────────────────────


def test_a_stanza_is_read_as_it_was_written_and_placed_where_its_key_stands() -> None:
    text = edit.stanza("list", PAGE)
    assert text.startswith("      list:\n        kind: page\n")
    key, values = edit.read_stanza(text, "x")
    assert (key, values) == ("list", PAGE)
    placed = edit.placed(LIST, "acme", key, {**values, "select": {"entry": "article", "title": "h2"}})
    assert dict(source(placed, "acme/list").select) == {"entry": "article", "title": "h2"}
    assert "# between two sources\n            list:\n                kind: page\n" in placed
    braces = edit.placed(LIST, "acme", "news", {"kind": "feed", "url": "https://www.acme-ai.com/new.xml"})
    assert source(braces, "acme/news").url == "https://www.acme-ai.com/new.xml"


@pytest.mark.parametrize("text", ["", "a: [", "kind: feed\nurl: x", "news: text", "- a", "1: {kind: feed}"])
def test_what_is_no_stanza_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(UsageError, match=r"stanza\.yaml: ") as caught:
        edit.read_stanza(text, "stanza.yaml")
    assert "\n" not in str(caught.value)


def test_a_stanza_with_a_key_given_twice_or_nested_too_deeply_is_refused_with_its_place() -> None:
    with pytest.raises(UsageError, match=r"stanza\.yaml: line 3, column 3: is given twice, first on line 2"):
        edit.read_stanza("news:\n  kind: feed\n  kind: page\n", "stanza.yaml")
    with pytest.raises(UsageError, match="is nested deeper than 16 levels"):
        edit.read_stanza("news: " + "[" * 900, "stanza.yaml")


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_is_written_so_that_yaml_reads_it_back(text: str) -> None:
    values: dict[str, edit.Value] = {"note": text, "topics": [text], "select": {"title": text}}
    assert edit.read_stanza(edit.stanza("key", values), "x") == ("key", values)


# ── saving ──────────────────────────────────────────────────────────────────────────────────────────────────────


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_whole_with_its_permissions_and_through_its_link(tmp_path: Path) -> None:
    path, link = tmp_path / "sources.yaml", tmp_path / "link.yaml"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    old = path.stat().st_ino
    saving.save(link, b"old", b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode), link.is_symlink()) == (b"new", 0o640, True)
    assert path.stat().st_ino != old  # who had it open still reads the old text whole
    assert names_in(tmp_path) == ["link.yaml", "sources.yaml"]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_bytes(b"somebody else's")
    with pytest.raises(UsageError, match="was changed meanwhile"):
        saving.save(path, b"old", b"new")
    assert path.read_bytes() == b"somebody else's"
    assert names_in(tmp_path) == ["sources.yaml"]


def test_what_cannot_be_written_is_one_sentence_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        saving.save(tmp_path / "nowhere.yaml", b"", b"new")
    path = tmp_path / "sources.yaml"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        saving.save(path, b"old", b"new")
    assert (path.read_bytes(), names_in(tmp_path)) == (b"old", ["sources.yaml"])
