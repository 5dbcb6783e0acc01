"""
The exchange for one document: from an admitted target over admitted redirects to one value.

Redirects are followed here and not by a library: each hop must be admitted by the policy before a request goes there.
A network error ends in a `Failed`.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import tenacity

from ingest import codings, httpcache, policy, urls
from ingest.errors import FetchError, SettingsError, UrlError
from ingest.fetch.limiter import HostLimiter, InMemoryHostLimiter
from ingest.fetch.request import (
    BLOCKED,
    PERMANENT,
    REDIRECTS,
    HttpResponse,
    RequestLimits,
    check_status,
    request_url,
    requested_back_off,
    send,
)
from ingest.fetch.robots_check import InMemoryRobotsCache, RobotsCache, check_robots
from ingest.fetch.route import ConnectTo, Network, Router
from ingest.fetch.transport import Transport, tls_context
from ingest.model import Failed, Fetched, FetchPlan, Hop, NotModified, Outcome, Response, Validators
from ingest.robots import MAX_BYTES as ROBOTS_BYTES
from ingest.robots import token_of

MAX_HOPS: Final = 5
"""Redirects of one exchange. Real feeds have one or two, and each hop costs a slot at its host."""

WAITS_S: Final = (0.5, 2.0)
"""Pauses before the first and second retry. They need no jitter: the schedule spreads the sources already."""

ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml,"
    " application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, text/html;q=0.7, */*;q=0.1"
)
"""Feeds first. Any other source can set its own Accept header."""

_REMEDY: Final = "give the present address in sources.yaml"

_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HTTP: Final = re.compile(r"http:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """
    The operator's settings for requests (CONTRACT §3).

    Attributes:
        timeout: The ceiling on the timeout of any plan.
        max_bytes: The ceiling on the byte cap of any plan.
        host_gap: Time between the end of a request and the start of the next one to the same host.
        ca_file: Trust anchors beside those of the system.
    """

    user_agent: str
    timeout: timedelta
    max_bytes: int
    host_gap: timedelta
    ca_file: Path | None
    connect_to: tuple[ConnectTo, ...]
    private_networks: tuple[Network, ...]


class Fetcher:
    """
    The only sender of requests. Threads may share it.

    Args:
        now: The clock for recorded times, aware UTC.
        limiter: Slots at hosts, by default for this process only. `pipeline.hosts` has one for all processes.
        robots_cache: Records of robots.txt, by default for this process only. `pipeline.hosts` has one for all processes.

    Raises:
        SettingsError: The file of trust anchors or the user agent cannot be used.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        now: Callable[[], datetime],
        limiter: HostLimiter | None = None,
        robots_cache: RobotsCache | None = None,
    ) -> None:
        if not re.fullmatch(r"[!-~]+( [!-~]+)*", settings.user_agent):
            message = f"{settings.user_agent!r} cannot be a header; use plain ASCII, and no line ends (RFC 9110 §5.5)"
            raise SettingsError(message, subject="INGEST_USER_AGENT")
        self.settings = settings
        self.now = now
        self.limiter: HostLimiter = limiter or InMemoryHostLimiter(settings.host_gap)
        self.robots_cache: RobotsCache = robots_cache or InMemoryRobotsCache()
        self.token = token_of(settings.user_agent)
        router = Router(settings.connect_to, settings.private_networks)
        self.transport = Transport(router, tls_context(settings.ca_file))

    def get(self, plan: FetchPlan) -> Fetched | NotModified | Failed:
        """
        Carry out a plan and return a value, whatever the network does.

        The plan's timeout covers name resolution, redirects and retries up to the last byte. Waiting for slots does not
        count.
        """
        match policy.admit_fetch(plan.vendor, plan.url):
            case policy.Refused() as refused:
                detail = f"{refused.url} is not asked for {plan.vendor.name}: {_clause(refused)}; {_REMEDY}"
                return Failed(plan.source_id, Outcome.FAILED, refused.rule, detail, elapsed_ms=0)
            case policy.Admitted() as admitted:
                return _Exchange(self, plan, admitted).run()

    def close(self) -> None:
        """Close every connection."""
        self.transport.close()

    def __enter__(self) -> Self:
        """Return the fetcher."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        self.close()


class _Exchange:
    """
    One `get`: requests, redirects and retries up to one value.

    Attributes:
        address: The address of the next request.
        hops: The redirects so far.
        until: The deadline, in monotonic seconds.
    """

    def __init__(self, fetcher: Fetcher, plan: FetchPlan, target: policy.Admitted) -> None:
        self.fetcher = fetcher
        self.plan = plan
        self.target_url = request_url(target.url)
        self.address = target
        self.hops: list[Hop] = []
        self.requested_at = fetcher.now()
        self.max_bytes = min(plan.max_bytes, fetcher.settings.max_bytes)
        self.allowance_s = min(plan.timeout, fetcher.settings.timeout).total_seconds()
        self.until = time.monotonic() + self.allowance_s

    def run(self) -> Fetched | NotModified | Failed:
        """Send and follow redirects, with retries for transient errors. A retry starts at the hop of the error."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, FetchError) and error.retryable),
            wait=_wait,
            stop=self._is_last_attempt,
            reraise=True,
        )
        try:
            return self._value(retrying(self._follow_redirects))
        except FetchError as error:
            return self._failed(error)

    def _is_last_attempt(self, state: tenacity.RetryCallState) -> bool:
        late = time.monotonic() + state.upcoming_sleep >= self.until
        return late or state.attempt_number > len(WAITS_S)

    def _follow_redirects(self) -> HttpResponse:
        """Send requests until a response is not a redirect, and return that response."""
        while True:
            response = self._send()
            self._apply_back_off(response, self.address)
            if response.status_code not in REDIRECTS:
                check_status(response, self.fetcher.now())
                return response
            self._redirect(response)

    def _send(self) -> HttpResponse:
        """Send a request to the current address, after robots.txt allowed it and the host gave a slot."""
        if self.plan.robots:
            check_robots(
                self.fetcher.robots_cache,
                self.plan.vendor,
                self.address,
                self.fetcher.token,
                now=self.fetcher.now(),
                send=self._send_robots,
            )
        with self.fetcher.limiter.slot(self.address.url.host) as waited_s:
            self.until += waited_s
            if not self.hops:
                self.requested_at = self.fetcher.now()
            limits = RequestLimits(self.until, self.max_bytes)
            return send(self.fetcher.transport, self.address, self._headers(), limits)

    def _send_robots(self, address: policy.Admitted) -> HttpResponse:
        """Request a robots.txt: a small text, without content coding."""
        fields = {
            "User-Agent": self.fetcher.settings.user_agent,
            "Accept": "text/plain, */*;q=0.1",
            "Accept-Encoding": "identity",
            "Connection": "keep-alive",
        }
        headers = [(name.encode("ascii"), value.encode("ascii")) for name, value in fields.items()]
        with self.fetcher.limiter.slot(address.url.host) as waited_s:
            self.until += waited_s
            limits = RequestLimits(self.until, ROBOTS_BYTES, cut=True)
            response = send(self.fetcher.transport, address, headers, limits)
        self._apply_back_off(response, address)
        return response

    def _apply_back_off(self, response: HttpResponse, address: policy.Admitted) -> None:
        """Stop requests to the whole host if the response asks for that."""
        request = requested_back_off(response, self.fetcher.now())
        if request is not None:
            self.fetcher.limiter.back_off(address.url.host, request)

    def _validators(self) -> Validators | None:
        """Return the stored validators if they belong to the address of the request (RFC 9110 §13.1)."""
        stored = self.plan.validators
        if stored is None or stored.url != request_url(self.address.url):
            return None
        return stored if stored.etag is not None or stored.last_modified is not None else None

    def _headers(self) -> list[tuple[bytes, bytes]]:
        """Return all header fields: our name, accepted types and codings, validators, and the fields of the source's stanza."""
        fields = {
            "User-Agent": self.fetcher.settings.user_agent,
            "Accept": ACCEPT,
            "Accept-Encoding": codings.ACCEPTED,
            "Connection": "keep-alive",
        }
        own = {name.lower() for name, _ in self.plan.headers}
        headers = [(name, value) for name, value in fields.items() if name.lower() not in own]
        sent = [(name.encode("ascii"), value.encode("ascii")) for name, value in (*headers, *self.plan.headers)]
        stored = self._validators()
        if stored is not None and stored.etag is not None:
            sent.append((b"If-None-Match", stored.etag))
        if stored is not None and stored.last_modified is not None:
            sent.append((b"If-Modified-Since", stored.last_modified))
        return sent

    def _redirect(self, response: HttpResponse) -> None:
        """
        Set the current address to the goal of a redirect, if the policy admits it.

        Raises:
            FetchError: `redirect-location`, `redirect-downgrade`, `off-list-redirect`, `redirect-loop`,
                `too-many-redirects`. No request went to the goal.
        """
        location = _location(response)
        goal = _resolved(location, response.url)
        self.hops.append(Hop(response.url, response.status_code, goal))
        if _HTTP.match(goal):
            message = f"redirects from https to {goal}, and unprotected addresses are never asked; {_REMEDY}"
            raise _redirect_error(message, "redirect-downgrade", response)
        verdict = policy.admit_fetch(self.plan.vendor, location if _ABSOLUTE.match(location) else goal)
        if isinstance(verdict, policy.Refused):
            message = f"redirects to {goal}, which is not in the vendor's list and was not asked ({_clause(verdict)})"
            raise _redirect_error(f"{message}; if the vendor moved there, {_REMEDY}", "off-list-redirect", response)
        if request_url(verdict.url) in {hop.url for hop in self.hops}:
            raise _redirect_error(f"redirects in a circle, back to {goal}; {_REMEDY}", "redirect-loop", response)
        if len(self.hops) > MAX_HOPS:
            message = f"redirects more than {MAX_HOPS} times, at last to {goal}; {_REMEDY}"
            raise _redirect_error(message, "too-many-redirects", response)
        self.address = verdict

    def _value(self, response: HttpResponse) -> Fetched | NotModified:
        """Return the result of a 200 or 304."""
        record = Response(
            target_url=self.target_url,
            final_url=response.url,
            status_code=response.status_code,
            http_version=response.http_version,
            request_headers=response.request_headers,
            response_headers=response.headers,
            hops=tuple(self.hops),
            peer_address=response.peer.address,
            peer_certificate_digest=response.peer.certificate_digest,
            requested_at=self.requested_at,
            fetched_at=self.fetcher.now(),
        )
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            return NotModified(self._confirmed(record), self._elapsed_ms())
        return Fetched(self._with_content(record, response), self._elapsed_ms())

    def _confirmed(self, record: Response) -> Response:
        """Keep the sent validators, updated by the 304. A 304 to an unconditional request is an error."""
        stored = self._validators()
        if stored is None:
            message = "answered 304 although nothing conditional was asked; the next poll asks again"
            raise FetchError(message, rule="unexpected-304", status_code=record.status_code)
        return replace(record, validators=httpcache.refreshed(stored, record.response_headers))

    def _with_content(self, record: Response, response: HttpResponse) -> Response:
        """Add the body as received and as decoded, with the digests of both."""
        coding = response.field("content-encoding")
        try:
            content = codings.decode(response.body, coding, self.max_bytes) if response.body else b""
        except FetchError as error:
            error.status_code = response.status_code
            raise
        if not content:
            message = "answered 200 with nothing in it; nothing is kept, and the next poll asks again"
            raise FetchError(message, rule="empty", status_code=response.status_code)
        return replace(
            record,
            body=response.body,
            content=content,
            content_encoding=", ".join(codings.names_of(coding)),
            wire_digest=hashlib.sha256(response.body).hexdigest(),
            payload_digest=hashlib.sha256(content).hexdigest(),
            validators=httpcache.validators(response.headers, response.url),
        )

    def _failed(self, error: FetchError) -> Failed:
        return Failed(
            self.plan.source_id,
            _outcome(error),
            error.rule,
            f"{self.address.url.host} {error.message}",
            elapsed_ms=self._elapsed_ms(),
            status_code=error.status_code,
            retry_after=None if error.retry_after_s is None else timedelta(seconds=error.retry_after_s),
            hops=tuple(self.hops),
        )

    def _elapsed_ms(self) -> int:
        """Return the time used, without the waits for slots: those moved the deadline."""
        return round((self.allowance_s - (self.until - time.monotonic())) * 1000)


def _wait(state: tenacity.RetryCallState) -> float:
    """Return our own pause, or the server's Retry-After if longer. `check_status` makes only short ones retryable."""
    error = state.outcome.exception() if state.outcome else None
    retry_after_s = (error.retry_after_s or 0) if isinstance(error, FetchError) else 0
    return max(WAITS_S[min(state.attempt_number, len(WAITS_S)) - 1], retry_after_s)


def _location(response: HttpResponse) -> str:
    """Read the one Location of a redirect. UTF-8 bytes in it are common and unambiguous (RFC 3987 §3.1)."""
    values = {value.strip(" \t") for name, value in response.headers if name.lower() == "location"}
    value = values.pop() if len(values) == 1 else ""
    try:
        location = value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        location = ""
    if not location:
        message = f"answered {response.status_code} without a Location that can be read; {_REMEDY}"
        raise _redirect_error(message, "redirect-location", response)
    return location


def _resolved(location: str, base: str) -> str:
    """Return the absolute address of a Location, or its text fit for display if it is not an address."""
    try:
        return urls.parse(urls.tidy(location), base=base).text
    except UrlError:
        return urls.shown(location)


def _clause(refused: policy.Refused) -> str:
    """Return the reason of a refusal as part of a longer sentence."""
    return refused.detail.rstrip(".")


def _redirect_error(message: str, rule: str, response: HttpResponse) -> FetchError:
    return FetchError(message, rule=rule, status_code=response.status_code)


def _outcome(error: FetchError) -> Outcome:
    """Return BLOCKED for refused access, MOVED for a permanent redirect off the list, else FAILED."""
    if error.rule in BLOCKED:
        return Outcome.BLOCKED
    moved = error.rule == "off-list-redirect" and error.status_code in PERMANENT
    return Outcome.MOVED if moved else Outcome.FAILED
