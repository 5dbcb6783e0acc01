from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingest import httpcache
from ingest.model import Validators

NOW = datetime(2026, 5, 22, 12, tzinfo=UTC)
URL = "https://www.acme-ai.com/feed.xml"
STAMP = "Thu, 21 May 2026 10:00:00 GMT"
HOUR = timedelta(hours=1)

Headers = list[tuple[str, str]]


@pytest.mark.parametrize(
    ("headers", "etag", "last_modified"),
    [
        # RFC 9110 §8.8.3: strong, weak, empty and obs-text entity tags, back as they came
        ([("ETag", '"abc"')], b'"abc"', None),
        ([("etag", 'W/"abc"')], b'W/"abc"', None),
        ([("ETag", '""')], b'""', None),
        ([("ETag", '"a,b"')], b'"a,b"', None),
        ([("ETag", '"caf\xe9"')], b'"caf\xe9"', None),
        ([("ETag", '"*"')], b'"*"', None),
        # §8.8.2: a date goes back in the form it came in, right or wrong
        ([("Last-Modified", STAMP)], None, STAMP.encode()),
        ([("Last-Modified", "yesterday")], None, b"yesterday"),
        ([("ETag", '"1"'), ("LAST-MODIFIED", STAMP)], b'"1"', STAMP.encode()),
        # §5.5: white space around a value is not part of it
        ([("ETag", ' \t"1" ')], b'"1"', None),
        # not of the grammar of §8.8.3, but it means one thing only
        ([("ETag", "5f2-abc")], b"5f2-abc", None),
        # §13.1.2: unquoted, these would ask another question
        ([("ETag", "*")], None, None),
        ([("ETag", "a,b")], None, None),
        ([("ETag", "*"), ("Last-Modified", STAMP)], None, STAMP.encode()),
        # §5.3: two values of a field that has one say nothing, the same twice says one
        ([("ETag", '"1"'), ("ETag", '"2"')], None, None),
        ([("ETag", '"1"'), ("ETag", '"1"')], b'"1"', None),
        ([("ETag", ""), ("Last-Modified", " ")], None, None),
        ([("Content-Type", "text/xml")], None, None),
        ([], None, None),
    ],
)
def test_validators_are_taken_verbatim(headers: Headers, etag: bytes | None, last_modified: bytes | None) -> None:
    nothing = etag is None and last_modified is None
    assert httpcache.validators(headers, URL) == (None if nothing else Validators(URL, etag, last_modified))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        # RFC 9111 §3.2: a 304 replaces the stored fields it carries
        ([("ETag", '"2"')], Validators(URL, b'"2"', STAMP.encode())),
        ([("Last-Modified", "later")], Validators(URL, b'"1"', b"later")),
        ([("ETag", '"2"'), ("Last-Modified", "later")], Validators(URL, b'"2"', b"later")),
        # RFC 9110 §15.4.5: what it leaves out is as it was
        ([], Validators(URL, b'"1"', STAMP.encode())),
        ([("ETag", "*")], Validators(URL, b'"1"', STAMP.encode())),
    ],
)
def test_a_304_updates_what_it_names(headers: Headers, expected: Validators) -> None:
    assert httpcache.refreshed(Validators(URL, b'"1"', STAMP.encode()), headers) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # RFC 9110 §10.2.3: delay-seconds
        ("0", timedelta()),
        ("120", timedelta(minutes=2)),
        (" 120 ", timedelta(minutes=2)),
        # or an HTTP-date, in each of the forms of §5.6.7
        ("Fri, 22 May 2026 12:05:00 GMT", timedelta(minutes=5)),
        ("Friday, 22-May-26 12:05:00 GMT", timedelta(minutes=5)),
        ("Fri May 22 12:05:00 2026", timedelta(minutes=5)),
        # moments that have passed
        ("Fri, 22 May 2026 11:55:00 GMT", timedelta()),
        ("Thu, 01 Jan 1970 00:00:00 GMT", timedelta()),
        # beyond reason
        ("86401", timedelta(hours=24)),
        ("9" * 5000, timedelta(hours=24)),
        ("Sat, 22 May 2066 12:00:00 GMT", timedelta(hours=24)),
        # neither
        ("-5", None),
        ("1.5", None),
        ("1e3", None),
        ("\uff11", None),
        ("soon", None),
        ("", None),
        ("Fri, 22 May 99999 12:05:00 GMT", None),
        ("Fri, 31 Feb 2026 12:05:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_reason(value: str, expected: timedelta | None) -> None:
    assert httpcache.retry_after([("Retry-After", value)], NOW) == expected


def test_no_retry_after_asks_for_nothing() -> None:
    assert httpcache.retry_after([("Date", STAMP)], NOW) is None


DATE = ("Date", "Fri, 22 May 2026 12:00:00 GMT")
IN_AN_HOUR = "Fri, 22 May 2026 13:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        # RFC 9111 §5.2.2.1
        ([("Cache-Control", "max-age=3600")], HOUR),
        ([("cache-control", "public, MAX-AGE=3600, must-revalidate")], HOUR),
        ([("Cache-Control", "public"), ("Cache-Control", "max-age=3600")], HOUR),
        ([("Cache-Control", "max-age=0")], timedelta()),
        # §5.2: the quoted form means the same; commas inside quotes do not separate
        ([("Cache-Control", 'max-age="3600"')], HOUR),
        ([("Cache-Control", 'ext="a, max-age=1", max-age=3600')], HOUR),
        # §4.2.1: of two the first, and what cannot be read is stale
        ([("Cache-Control", "max-age=3600, max-age=60")], HOUR),
        ([("Cache-Control", "max-age=soon")], timedelta()),
        ([("Cache-Control", "max-age=-1")], timedelta()),
        ([("Cache-Control", "max-age")], timedelta()),
        # §1.2.2: too large to be kept counts as 2^31
        ([("Cache-Control", f"max-age={10**30}")], timedelta(seconds=2**31)),
        # §5.2.2.10: meant for shared caches
        ([("Cache-Control", "s-maxage=60")], None),
        ([("Cache-Control", "s-maxage=60, max-age=3600")], HOUR),
        # §5.2.2.4, §5.2.2.5
        ([("Cache-Control", "no-cache, max-age=3600")], timedelta()),
        ([("Cache-Control", "no-store")], timedelta()),
        ([("Cache-Control", 'no-cache="Set-Cookie", max-age=3600')], HOUR),
        # §5.3: from the server's own Date, or from now
        ([DATE, ("Expires", IN_AN_HOUR)], HOUR),
        ([("Expires", IN_AN_HOUR)], HOUR),
        ([("Date", "Fri, 22 May 2026 02:00:00 GMT"), ("Expires", "Fri, 22 May 2026 03:00:00 GMT")], HOUR),
        ([DATE, ("Expires", STAMP)], timedelta()),
        ([DATE, ("Expires", "0")], timedelta()),
        ([DATE, ("Expires", "-1")], timedelta()),
        # §5.2.2.1: max-age precedes Expires
        ([DATE, ("Expires", STAMP), ("Cache-Control", "max-age=3600")], HOUR),
        # §4.2.3, §5.1: the time spent on the way is gone
        ([("Cache-Control", "max-age=3600"), ("Age", "600")], timedelta(minutes=50)),
        ([("Cache-Control", "max-age=60"), ("Age", "600")], timedelta()),
        ([("Cache-Control", "max-age=3600"), ("Age", "old")], HOUR),
        ([("Cache-Control", "public"), DATE], None),
        ([], None),
    ],
)
def test_freshness_is_what_the_response_says_and_no_more(headers: Headers, expected: timedelta | None) -> None:
    assert httpcache.freshness(headers, NOW) == expected
