"""What reaches a pipe: aligned, whole, and without anything invisible."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ingest.cli import render
from ingest.model import Outcome as Ended
from ingest.model import PollReport


def test_json_names_fields_and_writes_times_in_utc_and_durations_as_the_list_does() -> None:
    value = {
        "at": datetime(2026, 5, 22, 12, tzinfo=UTC),
        "every": timedelta(minutes=90),
        "poll": PollReport("a/b", Ended.OK),
    }
    result = json.loads(render.to_json(value))
    assert (result["at"], result["every"]) == ("2026-05-22T12:00:00Z", "90m")
    assert (result["poll"]["source_id"], result["poll"]["outcome"], result["poll"]["tally"]["seen"]) == ("a/b", "ok", 0)


@pytest.mark.parametrize("text", ["日本語", "\u202eevil", "\x1b[2J", "\x7f\x9b", "\U000e0041", "a\nb", "\ud800", '"\\'])
def test_json_has_the_message_and_nothing_invisible(text: str) -> None:
    written = render.to_json({"title": text})
    assert json.loads(written) == {"title": text}
    assert written.isprintable()


def test_a_value_that_json_has_no_form_for_is_a_fault() -> None:
    with pytest.raises(TypeError, match="set"):
        render.to_json({1, 2})


@pytest.mark.parametrize(
    ("span", "spelt"),
    [
        (timedelta(seconds=90), "90s"),
        (timedelta(minutes=15), "15m"),
        (timedelta(hours=36), "36h"),
        (timedelta(days=2), "2d"),
    ],
)
def test_a_duration_is_spelt_as_in_the_allow_list(span: timedelta, spelt: str) -> None:
    assert render.spell(span) == spelt


def test_columns_are_as_wide_as_their_widest_cell_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    render.table(("title", "times"), [("日本語", "1"), ("Latin", "1000"), ("", "7")], right=(1,))
    assert capsys.readouterr().out == "title   times\n日本語      1\nLatin    1000\n            7\n"


def test_an_emoji_of_several_people_is_shown_as_one_and_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    family = "👩\u200d👩\u200d👧"
    render.table(("who", "times"), [(family, "1"), ("abc", "2")], right=(1,))
    assert capsys.readouterr().out == f"who  times\n{family}       1\nabc      2\n"
    assert json.loads(render.to_json(family)) == family


def test_a_cell_is_one_line_and_is_not_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    render.table(("title",), [("[red]a[/red]\nforged \x1b[2J",)])
    assert capsys.readouterr().out == "title\n[red]a[/red]\\nforged \\x1b[2J\n"


def test_facts_without_a_value_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    render.blocks("Title", [("a", "1"), ("empty", ""), ("longer", "2")])
    assert capsys.readouterr().out == "Title\n  a       1\n  longer  2\n\n"


def test_notes_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    render.note("first\nsecond \x07")
    assert capsys.readouterr() == ("", "first\nsecond \\x07\n")


def test_an_id_of_many_letters_leaves_a_row_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "width", lambda: render.USUAL)
    fitted = render._fitted([["source", "state", "reason"], ["a" * 55, "failing", "r" * 200]], {2: render.LEGIBLE}, ())
    assert fitted is not None
    assert fitted.widths[:2] == [55, 7]
    assert sum(fitted.widths) + 2 * render.GAP == render.USUAL
