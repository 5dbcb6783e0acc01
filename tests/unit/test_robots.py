from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.robots import (
    FRESH,
    GIVEN_UP,
    MAX_BYTES,
    RETRY_AFTER,
    Access,
    RobotsRecord,
    allows,
    is_fresh,
    merge,
    token_of,
)

NOW = datetime(2026, 5, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def record(text: str | bytes, access: Access = Access.AVAILABLE, at: datetime = NOW) -> RobotsRecord:
    return RobotsRecord(at, access, text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize(
    ("agent", "token"),
    [
        ("ingest/1.0 (+https://example.org/)", "ingest"),
        ("Acme-Watch/2", "acme-watch"),
        ("news_bot", "news_bot"),
        ("123", "*"),
    ],
)
def test_the_product_token_is_what_a_user_agent_begins_with(agent: str, token: str) -> None:
    assert token_of(agent) == token


# RFC 9309 §5.1 and §5.2, with the robots renamed to ours.
SIMPLE = """
User-Agent: *
Disallow: *.gif$
Disallow: /example/
Allow: /publications/

User-Agent: foobot
Disallow:/
Allow:/example/page.html
Allow:/example/allowed.gif

User-Agent: barbot
User-Agent: bazbot
Disallow: /example/page.html

User-Agent: quxbot
"""
LONGEST = """
User-Agent: foobot
Allow: /example/page/
Disallow: /example/page/disallowed.gif
"""


@pytest.mark.parametrize(
    ("text", "token", "target", "allowed"),
    [
        (SIMPLE, "ingest", "/a.gif", False),
        (SIMPLE, "ingest", "/a.gif?x", True),
        (SIMPLE, "ingest", "/example/", False),
        (SIMPLE, "ingest", "/publications/", True),
        (SIMPLE, "ingest", "/", True),
        (SIMPLE, "foobot", "/", False),
        (SIMPLE, "foobot", "/example/page.html", True),
        (SIMPLE, "foobot", "/example/allowed.gif", True),
        (SIMPLE, "foobot", "/publications/", False),
        (SIMPLE, "barbot", "/example/page.html", False),
        (SIMPLE, "bazbot", "/example/page.html", False),
        (SIMPLE, "bazbot", "/a.gif", True),
        (SIMPLE, "quxbot", "/example/", True),
        (LONGEST, "foobot", "/example/page/a.html", True),
        (LONGEST, "foobot", "/example/page/disallowed.gif", False),
        (LONGEST, "ingest", "/example/page/disallowed.gif", True),
        # §2.2.2: percent-encoded and not mean the same; what is reserved does not
        ("User-agent: *\nDisallow: /foo/bar?baz=quz", "ingest", "/foo/bar?baz=quz", False),
        ("User-agent: *\nDisallow: /foo/bar/ツ", "ingest", "/foo/bar/%E3%83%84", False),
        ("User-agent: *\nDisallow: /foo/bar/%E3%83%84", "ingest", "/foo/bar/%E3%83%84", False),
        ("User-agent: *\nDisallow: /foo/bar/%62%61%7A", "ingest", "/foo/bar/baz", False),
        # §2.2.2: robots.txt itself is always allowed
        ("User-agent: *\nDisallow: /", "ingest", "/robots.txt", True),
        # §2.2.1: by the whole token
        ("User-agent: ing\nDisallow: /", "ingest", "/", True),
        ("User-agent: ingester\nDisallow: /", "ingest", "/", True),
        ("User-agent: Ingest/2.0\nDisallow: /", "ingest", "/", False),
        # §2.3.1.3 ff.: broken lines cost no others
        ("nonsense\nUser-agent: *\n:::\nDisallow: /\n<html>", "ingest", "/", False),
        ("User-agent: *\nDisallow: /\x00", "ingest", "/", False),
    ],
)
def test_the_examples_of_the_standard(text: str, token: str, target: str, allowed: bool) -> None:
    assert allows(record(text), target, token) is allowed


def test_what_is_no_text_lets_in() -> None:
    assert allows(record(bytes(range(256)) * 4), "/", "ingest")


def test_what_lies_beyond_the_limit_is_not_read() -> None:
    text = b"User-agent: *\n" + b"#" * MAX_BYTES + b"\nDisallow: /\n"
    assert allows(record(text), "/", "ingest")


def test_unavailable_is_a_yes_and_unreachable_a_no_for_now() -> None:
    assert allows(record("", Access.UNAVAILABLE), "/", "ingest") is True
    assert allows(record("", Access.UNREACHABLE), "/", "ingest") is None


def test_out_of_reach_an_older_copy_counts_and_after_a_month_without_one_nothing_does() -> None:
    closed = record("User-agent: *\nDisallow: /")
    later = merge(closed, record("", Access.UNREACHABLE, NOW + DAY))
    assert allows(later, "/", "ingest") is False
    never = merge(None, record("", Access.UNREACHABLE))
    assert allows(merge(never, record("", Access.UNREACHABLE, NOW + GIVEN_UP - DAY)), "/", "ingest") is None
    assert allows(merge(never, record("", Access.UNREACHABLE, NOW + GIVEN_UP)), "/", "ingest") is True


def test_a_record_counts_for_a_day_and_out_of_reach_for_minutes() -> None:
    known = record("")
    assert is_fresh(known, NOW + FRESH - timedelta(seconds=1))
    assert not is_fresh(known, NOW + FRESH)
    away = merge(known, record("", Access.UNREACHABLE, NOW + DAY))
    assert is_fresh(away, NOW + DAY + RETRY_AFTER / 2)
    assert not is_fresh(away, NOW + DAY + RETRY_AFTER)
    assert not is_fresh(known, NOW - DAY)  # our clock was set back
    back = merge(away, record("", at=NOW + 2 * DAY))
    assert back.unreachable_since is None


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode), st.text(max_size=40))
def test_any_bytes_and_any_path_have_an_answer(body: bytes, path: str) -> None:
    assert allows(record(body), f"/{path}", "ingest") in {True, False}
