"""Log lines: on standard error, one form for people and one for collectors, and nothing invisible in them."""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Iterator

import pytest

from ingest.log import RateLimit, configure, visible

LOG = logging.getLogger("ingest.test")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_a_line_for_people_has_its_moment_level_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    configure(as_json=False)
    LOG.info("poll source=%s outcome=ok", "acme/news")
    LOG.debug("not this")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO ingest\.test poll source=acme/news outcome=ok\n", captured.err
    )


def test_a_line_for_collectors_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    configure(as_json=True)
    LOG.warning("two\nlines, 日本語")
    (line,) = capsys.readouterr().err.splitlines()
    fields = json.loads(line)
    assert (fields["level"], fields["logger"], fields["message"]) == ("warning", "ingest.test", "two\nlines, 日本語")
    assert set(fields) == {"at", "level", "logger", "message"}


def test_what_vendors_say_forges_no_line_and_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    configure(as_json=False)
    LOG.info("title=%s", "Sale\r\n2026-05-22T12:00:00.000Z INFO ingest.test forged \x1b[2J \u202eevil \x9b")
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith("    ") for line in lines] == [False, True]
    assert lines[0].endswith("title=Sale\\r")
    assert lines[1].endswith("forged \\x1b[2J \\u202eevil \\x9b")


def test_a_traceback_is_indented_below_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    configure(as_json=False)
    try:
        int("inside")
    except ValueError:
        LOG.exception("it broke")
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.endswith("ERROR ingest.test it broke")
    assert rest[-1] == "    ValueError: invalid literal for int() with base 10: 'inside'"
    assert all(line.startswith("    ") for line in rest)


def test_libraries_are_logged_when_they_warn_and_warnings_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure(as_json=False)
    logging.getLogger("httpx").info("HTTP Request: GET …")
    logging.getLogger("httpx").warning("odd")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    reported = capsys.readouterr().err
    assert "HTTP Request" not in reported
    assert "WARNING httpx odd" in reported
    assert "WARNING py.warnings" in reported


def test_a_second_set_up_replaces_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    configure(as_json=True)
    configure(as_json=False, level=logging.WARNING)
    LOG.info("quiet")
    LOG.warning("once")
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "日本語 と English",
        "emoji 🎉",
        "é",
        "\u3000",
        "a family: 👩\u200d👩\u200d👧, with one heart ❤\ufe0f\u200d🔥",
        "می\u200cخواهم",
        "葛\U000e0100",
    ],
)
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb", "a\\tb"),
        ("\x1b]8;;x\x07", "\\x1b]8;;x\\x07"),
        ("\u200b\u2066\ufeff", "\\u200b\\u2066\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("\u2028\u2029\x85", "\\u2028\\u2029\\x85"),
        ("👩\u200d", "👩\\u200d"),
        ("\u200c👩", "\\u200c👩"),
        ("👩\u200d\u200d👩", "👩\\u200d\\u200d👩"),
        ("👩\u200d\u202e👩", "👩\\u200d\\u202e👩"),
        ("👩 \u200d 👩", "👩 \\u200d 👩"),
        ("pay\u200dpal", "pay\\u200dpal"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def message_text(at: float, message: str = "refused %s", *values: object) -> logging.LogRecord:
    record = logging.LogRecord("ingest.test", logging.WARNING, __file__, 1, message, values or ("x",), None)
    record.created = at
    return record


def test_a_repeated_message_is_logged_a_few_times_and_then_counted() -> None:
    rate_limit = RateLimit(most=3, span_s=60)
    assert [rate_limit.filter(message_text(second, "refused %s", second)) for second in range(50)] == [True] * 3 + [
        False
    ] * 47
    assert rate_limit.filter(message_text(10, "another %s"))
    later = message_text(60, "refused %s", "later")
    assert rate_limit.filter(later)
    assert later.getMessage() == "refused later (47 more like it were left out before)"
    quiet = message_text(200)
    assert rate_limit.filter(quiet)
    assert quiet.getMessage() == "refused x"


def test_a_clock_that_was_set_back_silences_nothing() -> None:
    rate_limit = RateLimit(most=1, span_s=60)
    assert rate_limit.filter(message_text(1_000))
    assert rate_limit.filter(message_text(10))


def test_messages_that_are_all_different_take_no_memory_for_ever() -> None:
    rate_limit = RateLimit(most=1)
    for number in range(5_000):
        rate_limit.filter(message_text(0, f"message {number}", 1))
    assert len(rate_limit._counts) <= 1_000
