"""
The header fields about the next request: validators, freshness lifetime, Retry-After (RFC 9110, RFC 9111).

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
"""The longest delay to accept: RFC 9110 §10.2.3 sets no bound, and one header must not disable a source."""

MAX_DELTA_SECONDS: Final = 2**31
"""Larger delta-seconds count as this many (RFC 9111 §1.2.2)."""

_DIRECTIVE: Final = re.compile(r"""([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:=("(?:[^"\\]|\\.)*"|[^,\s]*))?""")


def validators(headers: Headers, final_url: str) -> Validators | None:
    """
    Return the validators of a 200 response, verbatim.

    A field with two different values is no validator and is left out (RFC 9110 §5.3). So is an unquoted ETag with another
    meaning in `If-None-Match`: `*` matches everything, and a comma makes a list (RFC 9110 §13.1.2). Any other unquoted ETag
    breaks the grammar of §8.8.3, but its server understands it.
    """
    etag = _single(headers, "etag")
    if etag is not None and not etag.endswith('"') and (etag == "*" or "," in etag):
        etag = None
    last_modified = _single(headers, "last-modified")
    if etag is None and last_modified is None:
        return None
    return Validators(final_url, _verbatim(etag), _verbatim(last_modified))


def refreshed(stored: Validators, headers: Headers) -> Validators:
    """Return stored validators, each replaced by its value in a 304 if present (RFC 9111 §3.2, §4.3.4)."""
    newest = validators(headers, stored.url)
    if newest is None:
        return stored
    return replace(stored, etag=newest.etag or stored.etag, last_modified=newest.last_modified or stored.last_modified)


def retry_after(headers: Headers, now: datetime) -> timedelta | None:
    """
    Return the delay in Retry-After (RFC 9110 §10.2.3), given in seconds or as an HTTP-date.

    A moment in the past counts as 0. A delay longer than `MAX_RETRY_AFTER` is cut. An unreadable value counts as None.
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
    Return the remaining freshness lifetime of a response at `now`, None if it is not stated (RFC 9111 §4.2).

    `no-store` and `no-cache` mean no freshness at all (§5.2.2.4, §5.2.2.5). `max-age` precedes `Expires` (§5.2.2.1).
    `s-maxage` is for shared caches and ignored (§5.2.2.10). Of a repeated directive the first counts (§4.2.1). An unreadable
    value means stale (§4.2.1, §5.3). Time spent in caches on the way is subtracted (§5.1, §4.2.3).
    """
    directives = dict(reversed(list(_directives(headers))))  # the first directive of a name wins
    if "no-store" in directives or directives.get("no-cache") == "":
        return timedelta()
    if "max-age" in directives:
        lifetime = timedelta(seconds=_delta_seconds(directives["max-age"]) or 0)
    elif (expires := _first(headers, "expires")) is not None:
        date = _http_date(_first(headers, "date") or "") or now  # without Date: the time of receipt (RFC 9110 §6.6.1)
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
    """Return a field's value if it has exactly one."""
    values = set(_values(headers, name))
    return (values.pop() or None) if len(values) == 1 else None


def _verbatim(value: str | None) -> bytes | None:
    return None if value is None else value.encode("latin-1")


def _directives(headers: Headers) -> Iterator[tuple[str, str]]:
    """Yield Cache-Control's directives, names in lower case, in order. A quoted argument means the same as a bare one (§5.2)."""
    for value in _values(headers, "cache-control"):
        for name, argument in _DIRECTIVE.findall(value):
            yield name.lower(), argument.strip('"')


def _delta_seconds(value: str) -> int | None:
    """Read non-negative whole seconds (RFC 9111 §1.2.2), bounded."""
    if not re.fullmatch(r"[0-9]+", value):
        return None
    return MAX_DELTA_SECONDS if len(value) > len(str(MAX_DELTA_SECONDS)) else min(int(value), MAX_DELTA_SECONDS)


def _http_date(value: str) -> datetime | None:
    """Read the three forms of RFC 9110 §5.6.7, all in UTC."""
    try:
        moment = parsedate_to_datetime(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
