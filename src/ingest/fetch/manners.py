"""
The word of robots.txt before an address is asked: remembered for a day, else asked for like everything else.

It is asked under the host's own turn, within the errand's deadline, over redirects that the policy admits; what it says is
read by `ingest.robots`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Final

from ingest import codings, policy, robots
from ingest.errors import FetchError
from ingest.fetch.answer import REDIRECTS, Answer
from ingest.model import Vendor
from ingest.robots import Access, Heard

_NOT_ASKED: Final = frozenset({"host-rests", "host-busy", "private-address", "dns", "tls"})
"""Faults that say nothing about a robots.txt, for nothing was sent; they say themselves why."""

Ask = Callable[[policy.Admitted], Answer]


class Robots:
    """What was heard of hosts, kept in memory; a table that all processes share can stand in its place."""

    def __init__(self) -> None:
        self._heard: dict[str, Heard] = {}
        self._lock = threading.Lock()

    def recall(self, host: str) -> Heard | None:
        """Give what was last heard of a host."""
        with self._lock:
            return self._heard.get(host)

    def remember(self, host: str, heard: Heard) -> None:
        """Keep what was heard of a host."""
        with self._lock:
            self._heard[host] = heard


def mind(kept: Robots, vendor: Vendor, at: policy.Admitted, token: str, *, now: datetime, ask: Ask) -> None:
    """
    Insist that a host's robots.txt lets us ask for an address.

    Args:
        token: Our product token.
        ask: Sends one request and gives its answer, whatever its status.

    Raises:
        FetchError: `robots` where it does not, `robots-unreachable` where it could not be asked, which is a no for now.
    """
    host = at.url.host
    heard = kept.recall(host)
    if heard is None or not robots.is_fresh(heard, now):
        heard = robots.kept(heard, _heard(vendor, at, now, ask))
        kept.remember(host, heard)
    target = at.url.path + ("" if at.url.query is None else f"?{at.url.query}")
    allowed = robots.allows(heard, target, token)
    if allowed is None:
        message = (
            "could not be asked for its robots.txt, without which no page of it is opened; the next poll asks again"
        )
        raise FetchError(message, rule="robots-unreachable")
    if not allowed:
        message = (
            f"does not let {token} open {at.url.path} by its robots.txt, and it was not asked; look for a feed, ask the vendor,"
            " or give the source `robots: ignore` with a written reason"
        )
        raise FetchError(message, rule="robots")


def _heard(vendor: Vendor, at: policy.Admitted, now: datetime, ask: Ask) -> Heard:
    """Ask a host for its robots.txt, over redirects; where those leave the vendor's list it counts as unavailable."""
    goal = policy.admit_robots(vendor, at)
    try:
        for _ in range(robots.MAX_REDIRECTS + 1):
            if isinstance(goal, policy.Refused):
                return Heard(now, Access.UNAVAILABLE)
            answer = ask(goal)
            location = answer.field("location")
            if answer.status_code not in REDIRECTS or not location:
                return _meant(answer, now)
            goal = policy.admit_robots(vendor, goal, location)
    except FetchError as fault:
        if fault.rule in _NOT_ASKED:
            raise
        return Heard(now, Access.UNREACHABLE)
    return Heard(now, Access.UNAVAILABLE)


def _meant(answer: Answer, now: datetime) -> Heard:
    """
    Say what an answer means (RFC 9309 §2.3.1).

    429 is no `unavailable`: who asks for fewer requests does not invite to more.
    """
    status = answer.status_code
    if status == HTTPStatus.OK:
        body = codings.decode(answer.body, answer.field("content-encoding"), robots.MAX_BYTES) if answer.body else b""
        return Heard(now, Access.AVAILABLE, body)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Heard(now, Access.UNREACHABLE)
    return Heard(now, Access.UNAVAILABLE)
