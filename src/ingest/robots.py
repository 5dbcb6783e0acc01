"""
The meaning of a host's robots.txt (RFC 9309), by way of the library protego.

Pure functions of a record and a time. `fetch.robots_check` requests the file, `store.robots` keeps the record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from protego import Protego

MAX_BYTES: Final = 500 * 1024
"""The part of a robots.txt to read. The rest is ignored (RFC 9309 §2.5)."""

MAX_REDIRECTS: Final = 5
"""Redirects on the way to a robots.txt. After more of them it counts as unavailable (RFC 9309 §2.3.1.2)."""

FRESH: Final = timedelta(hours=24)
"""How long a record counts (RFC 9309 §2.4)."""

RETRY_AFTER: Final = timedelta(minutes=10)
"""The pause before another request to an unreachable host. All its pages wait for that."""

GIVEN_UP: Final = timedelta(days=30)
"""The time after which an unreachable robots.txt counts as unavailable (as RFC 9309 §2.3.1.4 suggests)."""

_FIELD: Final = re.compile(r"^[ \t]*user-?agent[ \t]*:[ \t]*([^#\r\n]*)", re.IGNORECASE | re.MULTILINE)
_TOKEN: Final = re.compile(r"[A-Za-z_-]+|\*")
_NOBODY: Final = "x-another-robot"


class Access(StrEnum):
    """The result of a request for robots.txt (RFC 9309 §2.3.1)."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class RobotsRecord:
    """
    The robots.txt of a host at one time.

    `unreachable_since` is set while the host is unreachable. An older copy in `body` still counts then (RFC 9309 §2.4).
    """

    at: datetime
    access: Access
    body: bytes = b""
    unreachable_since: datetime | None = None


def token_of(user_agent: str) -> str:
    """Return the product token of a user agent, the name of its groups: `ingest` of `ingest/1.0 (+https://…)`."""
    token = _TOKEN.match(user_agent)
    return token[0].lower() if token else "*"


def merge(stored: RobotsRecord | None, newest: RobotsRecord) -> RobotsRecord:
    """Return the record to store: the newest one, or the stored copy while the host is unreachable."""
    if newest.access is not Access.UNREACHABLE or stored is None:
        return replace(newest, unreachable_since=_since(stored, newest))
    return replace(stored, at=newest.at, unreachable_since=_since(stored, newest))


def _since(stored: RobotsRecord | None, newest: RobotsRecord) -> datetime | None:
    if newest.access is not Access.UNREACHABLE:
        return None
    return (stored.unreachable_since if stored else None) or newest.at


def is_fresh(record: RobotsRecord, now: datetime) -> bool:
    """Whether a record still counts. A record from the future, after the clock was set back, does not."""
    age = now - record.at
    return -RETRY_AFTER <= age < (FRESH if record.unreachable_since is None else RETRY_AFTER)


def allows(record: RobotsRecord, target: str, token: str) -> bool | None:
    """
    Return whether a robot may request a path with its query, or None while the host is unreachable.

    4xx allows everything. 5xx and no response allow nothing for now (RFC 9309 §2.3.1.3, §2.3.1.4).
    """
    match record.access:
        case Access.UNAVAILABLE:
            return True
        case Access.UNREACHABLE:
            since = record.unreachable_since or record.at
            return True if record.at - since >= GIVEN_UP else None
        case Access.AVAILABLE:
            return _rules(record.body, token).can_fetch(f"https://robots.invalid{target}", token)


@lru_cache(maxsize=64)
def _rules(body: bytes, token: str) -> Protego:
    """
    Read a robots.txt for one robot.

    A group applies if its name is the whole product token, in any case (RFC 9309 §2.2.1). The library would also apply a
    group named by the beginning of our token, so other names are replaced first.
    """
    text = body[:MAX_BYTES].decode("utf-8-sig", "replace").replace("\x00", "")

    def named(line: re.Match[str]) -> str:
        word = _TOKEN.match(line[1])
        name = word[0].lower() if word else ""
        return f"User-agent: {name if name in {token, '*'} else _NOBODY}"

    return Protego.parse(_FIELD.sub(named, text))
