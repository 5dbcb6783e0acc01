"""
One request and its response, within limits: the bytes sent, the bytes read, the meaning of a status.

`send` takes an `Admitted`, made by the policy alone, and `RequestLimits`. The transport connects to checked addresses only.
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
from ingest.fetch.limiter import BackOff
from ingest.fetch.transport import Peer, Transport
from ingest.policy import Admitted
from ingest.urls import Url

PREFIX_BYTES: Final = 64 * 1024
"""Read of a response without a document: enough to recognise a challenge page, and to keep the connection."""

MAX_RETRY_WAIT_S: Final = 5
"""The longest Retry-After to wait for. A longer one is left to the next poll."""

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
PERMANENT: Final = frozenset({301, 308})
TRANSIENT: Final = frozenset({502, 503, 504})
SHEDDING: Final = frozenset({429, 503})

DEFAULT_BACK_OFF: Final = timedelta(minutes=10)
"""The delay after a 429 without a Retry-After: the smallest interval of a source."""

_CHALLENGES: Final = (b"<title>Just a moment...", b"/cdn-cgi/challenge-platform/", b"cf-browser-verification")
"""Marks of pages that test for a browser. Cloudflare serves them with 403 and 503."""

_ASK_OPERATOR: Final = (
    "the page may want a browser or an account, so look at it and ask the vendor or pick another source"
)
_ADDRESS: Final = "check whether the address in sources.yaml is still right"
_LATER: Final = "the next poll asks again"

_MEANINGS: Final[Mapping[int, tuple[str, str]]] = {
    203: ("transformed", "so the body was changed on the way and is not kept; see what stands between"),
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
"""Status codes of RFC 9110 §15, RFC 6585 §4 and RFC 7725 §3, each with our rule and the way out."""

BLOCKED: Final = frozenset(
    {"challenge", "unauthorized", "forbidden", "proxy-authentication", "legal-reasons", "robots"}
)
"""Rules of refused access, as opposed to a server out of order."""


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """
    Limits of one request.

    Attributes:
        until: The deadline, in monotonic seconds.
        max_bytes: The cap on the body, on the wire and decoded.
        cut: Whether a longer body is cut at the cap. Otherwise it is an error.
    """

    until: float
    max_bytes: int
    cut: bool = False


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """
    A response from `url`, read within its limits.

    Header pairs are latin-1 text as sent and received. `body` holds the bytes on the wire after transfer coding: all of
    them for a 200, the beginning for any other status.
    """

    url: str
    status_code: int
    http_version: str
    request_headers: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    peer: Peer
    body: bytes

    def field(self, name: str) -> str:
        """Return a field's value, several lines joined by commas (RFC 9110 §5.3), or "" if it is absent."""
        return ", ".join(value for key, value in self.headers if key.lower() == name)


def request_url(url: Url) -> str:
    """Return the address of a request: the URL without its fragment, never sent (RFC 9110 §7.1)."""
    return f"https://{url.host}{_target(url)}"


def _target(url: Url) -> str:
    return url.path + ("" if url.query is None else f"?{url.query}")


def send(
    transport: Transport, admitted: Admitted, headers: Sequence[tuple[bytes, bytes]], limits: RequestLimits
) -> HttpResponse:
    """
    Send one GET and read the response.

    The protocol library bounds HTTP heads (100 KiB). `limits` bounds the body and the time.

    Raises:
        FetchError: No complete response came. A status is never an error here.
    """
    request = httpx.Request(
        "GET",
        f"https://{admitted.url.host}/",
        headers=list(headers),
        extensions={"target": _target(admitted.url).encode("ascii"), "timeout": _moments(limits.until)},
    )
    response = transport.handle_request(request)
    try:
        return HttpResponse(
            url=request_url(admitted.url),
            status_code=response.status_code,
            http_version=response.http_version,
            request_headers=_pairs(request.headers),
            headers=_pairs(response.headers),
            peer=response.extensions["network_stream"].get_extra_info("peer"),
            body=_body(response, limits),
        )
    except FetchError as error:
        error.status_code = response.status_code
        raise
    finally:
        response.close()


def _moments(until: float) -> dict[str, float]:
    """Return the deadline for every phase. Only the wait for a pooled connection is a duration (see `transport`)."""
    return {"connect": until, "read": until, "write": until, "pool": max(0.0, until - time.monotonic())}


def _pairs(headers: httpx.Headers) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw)


def _body(response: httpx.Response, limits: RequestLimits) -> bytes:
    if response.status_code != HTTPStatus.OK:
        return _prefix(response)
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
    """Read the whole body. A Content-Length above the cap is an error before anything is read."""
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


def _prefix(response: httpx.Response) -> bytes:
    """Read the beginning of an error page and ignore network errors: the status decides already."""
    kept = b""
    try:
        for chunk in response.iter_raw():
            kept += chunk
            if len(kept) > PREFIX_BYTES:
                break
    except FetchError:
        return kept
    return kept


def check_status(response: HttpResponse, now: datetime) -> None:
    """
    Require status 200 or 304.

    Raises:
        FetchError: Any other status. Retryable are 502, 503 and 504, unless Retry-After is more than a few seconds.
    """
    if is_challenge(response):
        message = f"answered with a challenge for browsers; {_ASK_OPERATOR}"
        raise FetchError(message, rule="challenge", status_code=response.status_code)
    if response.status_code in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}:
        return
    wait = httpcache.retry_after(response.headers, now)
    wait_s = None if wait is None else round(wait.total_seconds())
    rule, remedy = _meaning(response.status_code)
    raise FetchError(
        f"answered {_named(response.status_code)}; {remedy}",
        rule=rule,
        retryable=response.status_code in TRANSIENT and (wait_s or 0) <= MAX_RETRY_WAIT_S,
        status_code=response.status_code,
        retry_after_s=wait_s,
    )


def requested_back_off(response: HttpResponse, now: datetime) -> BackOff | None:
    """
    Return the host's request to stop asking for a while, or None.

    A 429 (RFC 6585 §4) or 503 (RFC 9110 §15.6.4) is about the whole host. After any other status a Retry-After is about
    the one address. A 429 without Retry-After means `DEFAULT_BACK_OFF`. A 503 with a delay up to `MAX_RETRY_WAIT_S` is
    left to the retries.
    """
    if response.status_code not in SHEDDING:
        return None
    delay = httpcache.retry_after(response.headers, now)
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        delay = DEFAULT_BACK_OFF if delay is None else delay
    elif delay is not None and delay <= timedelta(seconds=MAX_RETRY_WAIT_S):
        delay = None
    return BackOff(delay, f"answered {response.status_code}") if delay else None


def _meaning(status: int) -> tuple[str, str]:
    if status in _MEANINGS:
        return _MEANINGS[status]
    return ("server-error", _LATER) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ("status", _ADDRESS)


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def is_challenge(response: HttpResponse) -> bool:
    """Whether a response is a challenge: by its header (Cloudflare's `cf-mitigated`), or by its page after 403 or 503."""
    if response.field("cf-mitigated"):
        return True
    if response.status_code not in {HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE}:
        return False
    try:
        page = codings.decode(response.body, response.field("content-encoding"), 16 * PREFIX_BYTES)
    except FetchError:  # cut or unreadable: the status alone decides
        return False
    return any(mark in page for mark in _CHALLENGES)
