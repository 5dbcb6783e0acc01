"""
What a host's robots.txt says, as RFC 9309 reads it, over a kept library.

Pure functions of what was heard and when; asking is `fetch`'s business, keeping it the store's.
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
"""Of a robots.txt that are read; what comes after is ignored (RFC 9309 §2.5)."""

MAX_REDIRECTS: Final = 5
"""Followed on the way to a robots.txt; after more it counts as unavailable (RFC 9309 §2.3.1.2)."""

FRESH: Final = timedelta(hours=24)
"""How long what was heard counts (RFC 9309 §2.4)."""

AGAIN: Final = timedelta(minutes=10)
"""How soon a host that could not be asked is asked again; all its pages wait for that."""

GIVEN_UP: Final = timedelta(days=30)
"""After so long out of reach a robots.txt counts as unavailable (RFC 9309 §2.3.1.4 suggests it)."""

_FIELD: Final = re.compile(r"^[ \t]*user-?agent[ \t]*:[ \t]*([^#\r\n]*)", re.IGNORECASE | re.MULTILINE)
_TOKEN: Final = re.compile(r"[A-Za-z_-]+|\*")
_NOBODY: Final = "x-another-robot"


class Access(StrEnum):
    """How asking for a robots.txt ended (RFC 9309 §2.3.1)."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Heard:
    """
    What asking a host for its robots.txt came to.

    `unreachable_since` is set while it cannot be asked; an older copy in `body` goes on counting then (RFC 9309 §2.4).
    """

    at: datetime
    access: Access
    body: bytes = b""
    unreachable_since: datetime | None = None


def token_of(user_agent: str) -> str:
    """Give the product token of a user agent, by which groups are chosen: `ingest` of `ingest/1.0 (+https://…)`."""
    found = _TOKEN.match(user_agent)
    return found[0].lower() if found else "*"


def kept(before: Heard | None, now_heard: Heard) -> Heard:
    """Join what was just heard with what was known: out of reach, an older copy stays."""
    if now_heard.access is not Access.UNREACHABLE or before is None:
        return replace(now_heard, unreachable_since=_since(before, now_heard))
    return replace(before, at=now_heard.at, unreachable_since=_since(before, now_heard))


def _since(before: Heard | None, heard: Heard) -> datetime | None:
    if heard.access is not Access.UNREACHABLE:
        return None
    return (before.unreachable_since if before else None) or heard.at


def is_fresh(heard: Heard, now: datetime) -> bool:
    """Whether it still counts; what a clock that was set back heard in the future does not."""
    age = now - heard.at
    return -AGAIN <= age < (FRESH if heard.unreachable_since is None else AGAIN)


def allows(heard: Heard, target: str, token: str) -> bool | None:
    """
    Say whether a robot may ask for a path with its query; None where nobody could be asked, which is a no for now.

    4xx is a yes to everything, 5xx and silence a no (RFC 9309 §2.3.1.3, §2.3.1.4).
    """
    match heard.access:
        case Access.UNAVAILABLE:
            return True
        case Access.UNREACHABLE:
            since = heard.unreachable_since or heard.at
            return True if heard.at - since >= GIVEN_UP else None
        case Access.AVAILABLE:
            return _rules(heard.body, token).can_fetch(f"https://robots.invalid{target}", token)


@lru_cache(maxsize=64)
def _rules(body: bytes, token: str) -> Protego:
    """
    Read a robots.txt for one robot.

    Groups are chosen by the whole product token, without regard to case (RFC 9309 §2.2.1); the library would also take one
    whose name is the beginning of ours.
    """
    text = body[:MAX_BYTES].decode("utf-8-sig", "replace").replace("\x00", "")

    def named(found: re.Match[str]) -> str:
        word = _TOKEN.match(found[1])
        name = word[0].lower() if word else ""
        return f"User-agent: {name if name in {token, '*'} else _NOBODY}"

    return Protego.parse(_FIELD.sub(named, text))
