"""
What a response says about asking again: validators, freshness lifetime, Retry-After (RFC 9110, RFC 9111).

Pure functions of header pairs (latin-1 text, any case, in the order received) and `now`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from ingest.model import Validators

Headers = Sequence[tuple[str, str]]

MAX_RETRY_AFTER: Final = timedelta(hours=24)
"""Longer wishes are taken for mistakes: RFC 9110 §10.2.3 sets no bound, and a source must not be lost to one header."""

MAX_DELTA_SECONDS: Final = 2**31
"""What larger delta-seconds count as (RFC 9111 §1.2.2)."""

_DIRECTIVE: Final = re.compile(r"""([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:=("(?:[^"\\]|\\.)*"|[^,\s]*))?""")


def validators(headers: Headers, final_url: str) -> Validators | None:
    """
    Take what a 200 response gives to ask again with, verbatim.

    A field that came twice with different values is nobody's validator and is left out (RFC 9110 §5.3). So is an
    unquoted ETag that an `If-None-Match` would turn into something else: `*` matches everything and a comma makes a
    list (RFC 9110 §13.1.2). Other unquoted ones break the grammar of §8.8.3 but are what their server understands.
    """
    etag = _single(headers, "etag")
    if etag is not None and not etag.endswith('"') and (etag == "*" or "," in etag):
        etag = None
    last_modified = _single(headers, "last-modified")
    if etag is None and last_modified is None:
        return None
    return Validators(final_url, _verbatim(etag), _verbatim(last_modified))


def refreshed(stored: Validators, headers: Headers) -> Validators:
    """Update stored validators by a 304: what it names is replaced, what it omits stays (RFC 9111 §3.2, §4.3.4)."""
    told = validators(headers, stored.url)
    if told is None:
        return stored
    return replace(stored, etag=told.etag or stored.etag, last_modified=told.last_modified or stored.last_modified)


def retry_after(headers: Headers, now: datetime) -> timedelta | None:
    """
    Say how long a server asks to be left alone (RFC 9110 §10.2.3): seconds or an HTTP-date.

    Moments that have passed give 0, wishes beyond `MAX_RETRY_AFTER` give that, unreadable ones None.
    """
    value = _first(headers, "retry-after")
    if value is None:
        return None
    seconds = _delta_seconds(value)
    if seconds is not None:
        return min(timedelta(seconds=seconds), MAX_RETRY_AFTER)
    moment = _http_date(value)
    return None if moment is None else min(max(moment - now, timedelta()), MAX_RETRY_AFTER)


def freshness(headers: Headers, now: datetime) -> timedelta | None:
    """
    Say for how long a response stays fresh from `now` on; None when it does not say (RFC 9111 §4.2).

    `no-store` and `no-cache` are no freshness at all (§5.2.2.4, §5.2.2.5). `max-age` precedes `Expires` (§5.2.2.1);
    `s-maxage` is for shared caches and passed over (§5.2.2.10). Of a repeated directive the first counts (§4.2.1).
    What cannot be read is stale (§4.2.1, §5.3). Time spent in caches on the way is taken off (§5.1, §4.2.3).
    """
    directives = dict(reversed(list(_directives(headers))))  # the first of its name wins
    if "no-store" in directives or directives.get("no-cache") == "":
        return timedelta()
    if "max-age" in directives:
        lifetime = timedelta(seconds=_delta_seconds(directives["max-age"]) or 0)
    elif (expires := _first(headers, "expires")) is not None:
        date = _http_date(_first(headers, "date") or "") or now  # absent: when it was received (RFC 9110 §6.6.1)
        lifetime = (_http_date(expires) or date) - date
    else:
        return None
    age = timedelta(seconds=_delta_seconds(_first(headers, "age") or "") or 0)
    return max(lifetime - age, timedelta())


def _values(headers: Headers, name: str) -> list[str]:
    return [value.strip(" \t") for key, value in headers if key.lower() == name]


def _first(headers: Headers, name: str) -> str | None:
    return next(iter(_values(headers, name)), None)


def _single(headers: Headers, name: str) -> str | None:
    """Give a field's value if it has one and only one."""
    values = set(_values(headers, name))
    return (values.pop() or None) if len(values) == 1 else None


def _verbatim(value: str | None) -> bytes | None:
    return None if value is None else value.encode("latin-1")


def _directives(headers: Headers) -> Iterator[tuple[str, str]]:
    """Yield Cache-Control's directives, names lower case, in order; quoted and bare arguments mean the same (§5.2)."""
    for value in _values(headers, "cache-control"):
        for name, argument in _DIRECTIVE.findall(value):
            yield name.lower(), argument.strip('"')


def _delta_seconds(value: str) -> int | None:
    """Read non-negative whole seconds (RFC 9111 §1.2.2), bounded."""
    if not re.fullmatch(r"[0-9]+", value):
        return None
    return MAX_DELTA_SECONDS if len(value) > len(str(MAX_DELTA_SECONDS)) else min(int(value), MAX_DELTA_SECONDS)


def _http_date(value: str) -> datetime | None:
    """Read the three forms of RFC 9110 §5.6.7; all of them are in UTC."""
    try:
        moment = parsedate_to_datetime(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
