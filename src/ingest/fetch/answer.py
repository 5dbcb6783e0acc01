"""
One request and its answer, within limits: what is sent, how much is read, what a status means.

`ask` takes an `Admitted` and `Limits`, which only the policy and an errand make, and hands them to the one transport,
which connects to checked addresses alone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

import httpx

from ingest import codings, httpcache
from ingest.errors import FetchError
from ingest.fetch.transport import Peer, Transport
from ingest.policy import Admitted
from ingest.urls import Url

GLANCE_BYTES: Final = 64 * 1024
"""Read of an answer that is no document: enough to know a challenge page, and to keep the connection."""

PATIENCE_S: Final = 5
"""A Retry-After beyond this is left to the next poll."""

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
PERMANENT: Final = frozenset({301, 308})
TRANSIENT: Final = frozenset({502, 503, 504})
SHEDDING: Final = frozenset({429, 503})

UNSAID: Final = timedelta(minutes=10)
"""How long a host rests that says 429 and not for how long: the smallest interval at which a source is asked."""

_CHALLENGES: Final = (b"<title>Just a moment...", b"/cdn-cgi/challenge-platform/", b"cf-browser-verification")
"""Marks of pages that want a browser to prove itself, as Cloudflare serves them with 403 and 503."""

_ASK_OPERATOR: Final = (
    "the page may want a browser or an account, so look at it and ask the vendor or pick another source"
)
_ADDRESS: Final = "check whether the address in sources.yaml is still right"
_LATER: Final = "the next poll asks again"

_MEANINGS: Final[Mapping[int, tuple[str, str]]] = {
    203: ("transformed", "so what came was changed on the way and is not kept; see what stands between"),
    204: ("no-content", _ADDRESS),
    205: ("no-content", _ADDRESS),
    206: ("partial-content", "a part was not asked for; nothing is kept"),
    401: ("unauthorized", _ASK_OPERATOR),
    403: ("forbidden", _ASK_OPERATOR),
    404: ("not-found", _ADDRESS),
    407: ("proxy-authentication", "a proxy on the way wants credentials; connect without it"),
    410: ("gone", "the vendor says it is gone for good; remove or replace the source"),
    429: ("rate-limited", "it is left alone for as long as it asks; a longer interval helps"),
    451: ("legal-reasons", "the vendor may not show it where this machine is"),
}
"""Status codes of RFC 9110 §15, RFC 6585 §4 and RFC 7725 §3: our rule, and the way out."""

BLOCKED: Final = frozenset(
    {"challenge", "unauthorized", "forbidden", "proxy-authentication", "legal-reasons", "robots"}
)
"""Rules that say we are not let in, as opposed to something being out of order."""


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What one request may cost: the moment it must be over (monotonic seconds), bytes on the wire and decoded.

    `cut` says that what is longer is read so far, where a beginning is of use; else it is a fault.
    """

    until: float
    max_bytes: int
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What came back from `url`, bounded.

    Header pairs are latin-1 text as sent and received. `body` is as on the wire after transfer coding: whole for a 200,
    the beginning for anything else.
    """

    url: str
    status_code: int
    http_version: str
    request_headers: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    peer: Peer
    body: bytes

    def field(self, name: str) -> str:
        """Give a field's value, several lines joined by commas (RFC 9110 §5.3), '' when absent."""
        return ", ".join(value for key, value in self.headers if key.lower() == name)


def page_of(url: Url) -> str:
    """Give the address that is asked: without the fragment, which is never sent (RFC 9110 §7.1)."""
    return f"https://{url.host}{_target(url)}"


def _target(url: Url) -> str:
    return url.path + ("" if url.query is None else f"?{url.query}")


def ask(transport: Transport, admitted: Admitted, headers: Sequence[tuple[bytes, bytes]], limits: Limits) -> Answer:
    """
    Send one GET and read the answer.

    HTTP heads are bounded by the protocol library (100 KiB), bodies here, and all of it by the moment in `limits`.

    Errors:
        FetchError: whatever kept an answer from coming whole. A status, whichever it is, is no error here.
    """
    request = httpx.Request(
        "GET",
        f"https://{admitted.url.host}/",
        headers=list(headers),
        extensions={"target": _target(admitted.url).encode("ascii"), "timeout": _moments(limits.until)},
    )
    response = transport.handle_request(request)
    try:
        return Answer(
            url=page_of(admitted.url),
            status_code=response.status_code,
            http_version=response.http_version,
            request_headers=_pairs(request.headers),
            headers=_pairs(response.headers),
            peer=response.extensions["network_stream"].get_extra_info("peer"),
            body=_body(response, limits),
        )
    except FetchError as fault:
        fault.status_code = response.status_code
        raise
    finally:
        response.close()


def _moments(until: float) -> dict[str, float]:
    """State the deadline for every phase; waiting for a place in the pool alone is a duration (see `transport`)."""
    return {"connect": until, "read": until, "write": until, "pool": max(0.0, until - time.monotonic())}


def _pairs(headers: httpx.Headers) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw)


def _body(response: httpx.Response, limits: Limits) -> bytes:
    if response.status_code != HTTPStatus.OK:
        return _glance(response)
    return _beginning(response, limits.max_bytes) if limits.cut else _whole(response, limits.max_bytes)


def _beginning(response: httpx.Response, max_bytes: int) -> bytes:
    """Read a body up to a cap and leave the rest."""
    kept = b""
    for chunk in response.iter_raw():
        kept += chunk
        if len(kept) >= max_bytes:
            break
    return kept[:max_bytes]


def _whole(response: httpx.Response, max_bytes: int) -> bytes:
    """Read the body to its end, or not at all: more than the cap is a fault before it is read, where that is stated."""
    declared = response.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > max_bytes:
        raise codings.too_large(max_bytes)
    kept: list[bytes] = []
    size = 0
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > max_bytes:
            raise codings.too_large(max_bytes)
        kept.append(chunk)
    return b"".join(kept)


def _glance(response: httpx.Response) -> bytes:
    """Read a little of a body that does not matter; its faults do not matter either, the status has been said."""
    kept = b""
    try:
        for chunk in response.iter_raw():
            kept += chunk
            if len(kept) > GLANCE_BYTES:
                break
    except FetchError:
        return kept
    return kept


def check_status(answer: Answer, now: datetime) -> None:
    """
    Pass 200 and 304; say what any other status means.

    Errors:
        FetchError: retryable for 502, 503 and 504, unless the server asks for more than a few seconds' patience.
    """
    if is_challenge(answer):
        message = f"answered with a challenge for browsers; {_ASK_OPERATOR}"
        raise FetchError(message, rule="challenge", status_code=answer.status_code)
    if answer.status_code in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}:
        return
    wait = httpcache.retry_after(answer.headers, now)
    wait_s = None if wait is None else round(wait.total_seconds())
    rule, remedy = _meaning(answer.status_code)
    raise FetchError(
        f"answered {_named(answer.status_code)}; {remedy}",
        rule=rule,
        retryable=answer.status_code in TRANSIENT and (wait_s or 0) <= PATIENCE_S,
        status_code=answer.status_code,
        retry_after_s=wait_s,
    )


def rest_asked(answer: Answer, now: datetime) -> timedelta | None:
    """
    Say how long the whole host of an answer wishes to be left alone; None where it asks for nothing.

    A host that sheds load, 429 (RFC 6585 §4) or 503 (RFC 9110 §15.6.4), means everything it serves; of any other status a
    Retry-After is about that address. A 429 without one asks for `UNSAID`; what we have the patience to wait for is not kept.
    """
    if answer.status_code not in SHEDDING:
        return None
    wait = httpcache.retry_after(answer.headers, now)
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return UNSAID if wait is None else wait
    return wait if wait is not None and wait > timedelta(seconds=PATIENCE_S) else None


def _meaning(status: int) -> tuple[str, str]:
    if status in _MEANINGS:
        return _MEANINGS[status]
    return ("server-error", _LATER) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ("status", _ADDRESS)


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def is_challenge(answer: Answer) -> bool:
    """Know a challenge by its header (Cloudflare's `cf-mitigated`) or, refused with 403 or 503, by its page."""
    if answer.field("cf-mitigated"):
        return True
    if answer.status_code not in {HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE}:
        return False
    try:
        page = codings.decode(answer.body, answer.field("content-encoding"), 16 * GLANCE_BYTES)
    except FetchError:  # cut or unreadable: the status alone decides
        return False
    return any(mark in page for mark in _CHALLENGES)
