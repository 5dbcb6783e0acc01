"""
Check robots.txt before a request (RFC 9309).

A record counts for a day. After that the file is requested again like any other address: in the host's slot, within the
deadline of the whole exchange, over redirects admitted by the policy. `ingest.robots` reads the file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Final, Protocol

from ingest import codings, policy, robots
from ingest.errors import FetchError
from ingest.fetch.request import REDIRECTS, HttpResponse
from ingest.model import Vendor
from ingest.robots import Access, RobotsRecord

_NOT_SENT: Final = frozenset({"host-rests", "host-busy", "private-address", "dns", "tls"})
"""Rules of errors before any request was sent. They prove nothing about a robots.txt and are reported as they are."""

Send = Callable[[policy.Admitted], HttpResponse]
"""Sends one request and returns the response, whatever its status."""


class RobotsCache(Protocol):
    """Keeps the newest robots.txt record of every host."""

    def get(self, host: str) -> RobotsRecord | None:
        """Return the newest record of a host."""
        ...

    def put(self, host: str, record: RobotsRecord) -> None:
        """Store the newest record of a host."""
        ...


class InMemoryRobotsCache:
    """Records for the threads of one process."""

    def __init__(self) -> None:
        self._records: dict[str, RobotsRecord] = {}
        self._lock = threading.Lock()

    def get(self, host: str) -> RobotsRecord | None:
        """Return the newest record of a host."""
        with self._lock:
            return self._records.get(host)

    def put(self, host: str, record: RobotsRecord) -> None:
        """Store the newest record of a host."""
        with self._lock:
            self._records[host] = record


def check_robots(
    cache: RobotsCache, vendor: Vendor, address: policy.Admitted, token: str, *, now: datetime, send: Send
) -> None:
    """
    Require that the host's robots.txt allows a request for an address.

    Args:
        token: Our product token.

    Raises:
        FetchError: `robots` if it forbids the request, `robots-unreachable` if it could not be requested.
    """
    host = address.url.host
    record = cache.get(host)
    if record is None or not robots.is_fresh(record, now):
        record = robots.merge(record, _request_robots(vendor, address, now, send))
        cache.put(host, record)
    target = address.url.path + ("" if address.url.query is None else f"?{address.url.query}")
    allowed = robots.allows(record, target, token)
    if allowed is None:
        message = (
            "could not be asked for its robots.txt, without which no page of it is opened; the next poll asks again"
        )
        raise FetchError(message, rule="robots-unreachable")
    if not allowed:
        message = (
            f"does not let {token} open {address.url.path} by its robots.txt, and it was not asked; look for a feed, ask"
            " the vendor, or give the source `robots: ignore` with a written reason"
        )
        raise FetchError(message, rule="robots")


def _request_robots(vendor: Vendor, address: policy.Admitted, now: datetime, send: Send) -> RobotsRecord:
    """Request a host's robots.txt and follow redirects. A redirect out of the vendor's list makes it unavailable."""
    goal = policy.admit_robots(vendor, address)
    try:
        for _ in range(robots.MAX_REDIRECTS + 1):
            if isinstance(goal, policy.Refused):
                return RobotsRecord(now, Access.UNAVAILABLE)
            response = send(goal)
            location = response.field("location")
            if response.status_code not in REDIRECTS or not location:
                return _record_of(response, now)
            goal = policy.admit_robots(vendor, goal, location)
    except FetchError as error:
        if error.rule in _NOT_SENT:
            raise
        return RobotsRecord(now, Access.UNREACHABLE)
    return RobotsRecord(now, Access.UNAVAILABLE)


def _record_of(response: HttpResponse, now: datetime) -> RobotsRecord:
    """
    Return the meaning of a response (RFC 9309 §2.3.1).

    429 counts as unreachable and not as unavailable: a server under load does not invite more requests.
    """
    status = response.status_code
    if status == HTTPStatus.OK:
        coding = response.field("content-encoding")
        body = codings.decode(response.body, coding, robots.MAX_BYTES) if response.body else b""
        return RobotsRecord(now, Access.AVAILABLE, body)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return RobotsRecord(now, Access.UNREACHABLE)
    return RobotsRecord(now, Access.UNAVAILABLE)
