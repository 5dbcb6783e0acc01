"""The demo is what was promised of it (plan, part 1, point 8), on both engines and from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from ingest import allowlist
from ingest.cli import main
from ingest.demo import play, scenario
from ingest.errors import UsageError
from ingest.model import Outcome, Tally
from ingest.store import queries
from ingest.store.engine import read

LISTED = allowlist.load(scenario.SOURCES)


@pytest.fixture
def stage(engine: Engine) -> Iterator[play.Stage]:
    with play.set_up(engine) as stage:
        yield stage


def titles(engine: Engine) -> set[str]:
    with read(engine) as conn:
        return {item.title for item in queries.headlines(conn, limit=None)}


def test_round_one_shows_the_ticker_of_may_2026_with_each_line_on_its_official_link(stage: play.Stage) -> None:
    first = stage.first()

    assert [(line.number, line.text, line.headline.url) for line in first.ticker] == [
        (line.number, line.text, line.url) for line in scenario.TICKER
    ]
    assert len(first.ticker) == 19
    assert first.report.tally == Tally(created=20)
    assert first.report.count(Outcome.OK) == 11
    assert len(titles(stage.engine)) == 20
    assert {request.url for request in stage.vendors.requests} == {source.url for source in LISTED.sources}


def test_round_two_shows_one_edit_one_duplicate_and_three_refusals_with_their_rules(stage: play.Stage) -> None:
    stage.first()
    before = titles(stage.engine)

    second = stage.second()

    assert second.report.tally == Tally(revised=1, duplicate=1, rejected=3, seen=11)
    assert (second.report.count(Outcome.OK), second.report.count(Outcome.NOT_MODIFIED)) == (5, 6)
    assert second.edit.titles == ("Google I/O 2026 save the date", "Get ready for Google I/O 2026")
    assert (second.edit.headline.url, second.edit.headline.revision) == (scenario.SAVE_THE_DATE, 2)
    assert second.duplicate.headline.url == scenario.GEMINI
    assert {(link.source_id, link.rel) for link in second.duplicate.links} == {
        ("google/keyword", "primary"),
        ("google/deepmind", "alternate"),
    }
    assert [(refused.kind, refused.rejection.reason, refused.rejection.url) for refused in second.refused] == [
        ("press", "off-scope", "https://www.businesswire.com/news/home/20260519000001/en/"),
        ("look-alike", "off-scope", "https://openai.com.news-desk.example/codex/sign-in/"),
        ("community", "exception", "https://community.openai.com/t/what-did-you-build-with-goal-mode/1400000"),
    ]
    assert before - titles(stage.engine) == {"Google I/O 2026 save the date"}
    assert titles(stage.engine) - before == {"Get ready for Google I/O 2026"}


def test_samples_never_get_into_a_database_that_is_in_use(stage: play.Stage) -> None:
    stage.first()
    with pytest.raises(UsageError, match="a database of its own"), play.set_up(stage.engine):
        pass


def test_the_command_reports_it_all_and_leaves_nothing_behind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    reported = capsys.readouterr()
    banner, kept = reported.err.splitlines()
    assert banner == play.BANNER
    assert "to keep it: ingest demo --database" in kept
    for line in scenario.TICKER:
        assert any(line.text in row and row.endswith(line.url) for row in reported.out.splitlines())
    why = 'Line 8, "Gemini 3.5 Flash released with enhanced research tools", is left out: no official page says so.'
    assert reported.out.count(f"\n{why}\n") == 1
    assert "Round one, 2026-05-23: 11 sources, 20 headlines." in reported.out
    assert "Round two, 2026-05-24: 1 edit, 1 duplicate, 3 refusals; 6 of 11 sources not modified." in reported.out
    for words in (
        scenario.EDIT.before,
        scenario.EDIT.after,
        "still one headline",
        "Refused (press) by off-scope",
        "Refused (look-alike) by off-scope",
        "Refused (community) by exception",
    ):
        assert words in reported.out


def test_for_programs_it_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [entry["url"] for entry in result["first"]["ticker"]] == [line.url for line in scenario.TICKER]
    report = result["second"]["report"]
    assert (report["revised"], report["duplicate"], report["rejected"], report["seen"]) == (1, 1, 3, 11)
    assert result["second"]["edit"]["titles"] == [scenario.EDIT.before, scenario.EDIT.after]
    assert result["second"]["duplicate"]["sources"] == ["google/keyword", "google/deepmind"]
    assert [refused["rejection"]["reason"] for refused in result["second"]["refused"]] == [
        "off-scope",
        "off-scope",
        "exception",
    ]
