"""
An errand: from an admitted target over admitted redirects to one value.

Redirects are followed by hand; a hop is asked only after the policy admitted it. Network trouble ends in a `Failed`.
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
from ingest.fetch.answer import (
    BLOCKED,
    PERMANENT,
    REDIRECTS,
    Answer,
    Limits,
    ask,
    check_status,
    page_of,
    rest_asked,
)
from ingest.fetch.manners import Robots, mind
from ingest.fetch.pace import Pace
from ingest.fetch.route import ConnectTo, Network, Router
from ingest.fetch.transport import Transport, tls_context
from ingest.model import Failed, Fetched, FetchPlan, Hop, NotModified, Outcome, Response, Validators
from ingest.robots import MAX_BYTES as ROBOTS_BYTES
from ingest.robots import token_of

MAX_HOPS: Final = 5
"""Redirects of one errand; real chains of feeds have one or two, and each hop costs a turn at its host."""

WAITS_S: Final = (0.5, 2.0)
"""Before the first and second further try. No chance in it: sources are spread by the schedule already."""

ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml,"
    " application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, text/html;q=0.7, */*;q=0.1"
)
"""Feeds first; a source that is none says so in its own headers."""

_REMEDY: Final = "give the present address in sources.yaml"

_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HTTP: Final = re.compile(r"http:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """
    What the operator decided about requests (CONTRACT §3).

    `timeout` and `max_bytes` are ceilings over what a plan may ask for; `host_gap` lies between the end of one request to a
    host and the start of the next; `ca_file` is added to the system's trust anchors.
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
    The one place requests leave through; threads may share it.

    Args:
        now: Our clock, aware UTC, for what is recorded.
        pace: Gives turns at hosts; by default this process's own, see `pipeline.turns` for one that all processes share.
        robots: Remembers robots.txt; by default this process's own, see `pipeline.turns` likewise.

    Errors:
        SettingsError: the file of trust anchors or the user agent cannot be used.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        now: Callable[[], datetime],
        pace: Pace | None = None,
        robots: Robots | None = None,
    ) -> None:
        if not re.fullmatch(r"[!-~]+( [!-~]+)*", settings.user_agent):
            message = f"{settings.user_agent!r} cannot be a header; use plain ASCII, and no line ends (RFC 9110 §5.5)"
            raise SettingsError(message, subject="INGEST_USER_AGENT")
        self.settings = settings
        self.now = now
        self.pace = pace or Pace(settings.host_gap)
        self.robots = robots or Robots()
        self.token = token_of(settings.user_agent)
        router = Router(settings.connect_to, settings.private_networks)
        self.transport = Transport(router, tls_context(settings.ca_file))

    def get(self, plan: FetchPlan) -> Fetched | NotModified | Failed:
        """
        Ask for what a plan says, and give a value whatever the network does.

        Time runs from the first turn at a host to the last byte, over resolving, redirects and further tries; waiting
        for turns does not count.
        """
        match policy.admit_fetch(plan.vendor, plan.url):
            case policy.Refused() as refused:
                detail = f"{refused.url} is not asked for {plan.vendor.name}: {_clause(refused)}; {_REMEDY}"
                return Failed(plan.source_id, Outcome.FAILED, refused.rule, detail, elapsed_ms=0)
            case policy.Admitted() as admitted:
                return _Errand(self, plan, admitted).run()

    def close(self) -> None:
        """Close every connection."""
        self.transport.close()

    def __enter__(self) -> Self:
        """Give the fetcher."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        self.close()


class _Errand:
    """One `get`: where it stands, what it went through, how long it may still take."""

    def __init__(self, fetcher: Fetcher, plan: FetchPlan, target: policy.Admitted) -> None:
        self.fetcher = fetcher
        self.plan = plan
        self.target_url = page_of(target.url)
        self.at = target
        self.hops: list[Hop] = []
        self.requested_at = fetcher.now()
        self.max_bytes = min(plan.max_bytes, fetcher.settings.max_bytes)
        self.allowance_s = min(plan.timeout, fetcher.settings.timeout).total_seconds()
        self.until = time.monotonic() + self.allowance_s

    def run(self) -> Fetched | NotModified | Failed:
        """Walk, with further tries for what may pass; a try goes on at the hop where the last one stopped."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda fault: isinstance(fault, FetchError) and fault.retryable),
            wait=_wait,
            stop=self._is_enough,
            reraise=True,
        )
        try:
            return self._value(retrying(self._walk))
        except FetchError as fault:
            return self._failed(fault)

    def _is_enough(self, state: tenacity.RetryCallState) -> bool:
        late = time.monotonic() + state.upcoming_sleep >= self.until
        return late or state.attempt_number > len(WAITS_S)

    def _walk(self) -> Answer:
        """Ask and follow until something other than a redirect comes."""
        while True:
            answer = self._ask()
            self._heed(answer, self.at)
            if answer.status_code not in REDIRECTS:
                check_status(answer, self.fetcher.now())
                return answer
            self._follow(answer)

    def _ask(self) -> Answer:
        """Ask where we stand, when it is our turn there and robots.txt has no objection."""
        if self.plan.robots:
            mind(
                self.fetcher.robots,
                self.plan.vendor,
                self.at,
                self.fetcher.token,
                now=self.fetcher.now(),
                ask=self._ask_robots,
            )
        with self.fetcher.pace.turn(self.at.url.host) as waited_s:
            self.until += waited_s
            if not self.hops:
                self.requested_at = self.fetcher.now()
            return ask(self.fetcher.transport, self.at, self._headers(), Limits(self.until, self.max_bytes))

    def _ask_robots(self, at: policy.Admitted) -> Answer:
        """Ask for a robots.txt: a small text, as it is."""
        fields = {
            "User-Agent": self.fetcher.settings.user_agent,
            "Accept": "text/plain, */*;q=0.1",
            "Accept-Encoding": "identity",
            "Connection": "keep-alive",
        }
        headers = [(name.encode("ascii"), value.encode("ascii")) for name, value in fields.items()]
        with self.fetcher.pace.turn(at.url.host) as waited_s:
            self.until += waited_s
            answer = ask(self.fetcher.transport, at, headers, Limits(self.until, ROBOTS_BYTES, cut=True))
        self._heed(answer, at)
        return answer

    def _heed(self, answer: Answer, at: policy.Admitted) -> None:
        """Leave a host alone that asks for it: this source, and every other one there."""
        wish = rest_asked(answer, self.fetcher.now())
        if wish:
            self.fetcher.pace.rest(at.url.host, wish, f"answered {answer.status_code}")

    def _validators(self) -> Validators | None:
        """Give the stored validators if there are any and they belong to the very address being asked (RFC 9110 §13.1)."""
        stored = self.plan.validators
        if stored is None or stored.url != page_of(self.at.url):
            return None
        return stored if stored.etag is not None or stored.last_modified is not None else None

    def _headers(self) -> list[tuple[bytes, bytes]]:
        """Say who we are, what we can read, what we have, and what the source's own stanza adds; nothing else."""
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

    def _follow(self, answer: Answer) -> None:
        """
        Step to where a redirect points, if the policy admits it.

        Errors:
            FetchError: `redirect-location`, `redirect-downgrade`, `off-list-redirect`, `redirect-loop`,
                `too-many-redirects`. Nothing was asked of the host that the redirect names.
        """
        location = _location(answer)
        goal = _resolved(location, answer.url)
        self.hops.append(Hop(answer.url, answer.status_code, goal))
        if _HTTP.match(goal):
            message = f"redirects from https to {goal}, and unprotected addresses are never asked; {_REMEDY}"
            raise _redirect_fault(message, "redirect-downgrade", answer)
        verdict = policy.admit_fetch(self.plan.vendor, location if _ABSOLUTE.match(location) else goal)
        if isinstance(verdict, policy.Refused):
            message = f"redirects to {goal}, which is not in the vendor's list and was not asked ({_clause(verdict)})"
            raise _redirect_fault(f"{message}; if the vendor moved there, {_REMEDY}", "off-list-redirect", answer)
        if page_of(verdict.url) in {hop.url for hop in self.hops}:
            raise _redirect_fault(f"redirects in a circle, back to {goal}; {_REMEDY}", "redirect-loop", answer)
        if len(self.hops) > MAX_HOPS:
            message = f"redirects more than {MAX_HOPS} times, at last to {goal}; {_REMEDY}"
            raise _redirect_fault(message, "too-many-redirects", answer)
        self.at = verdict

    def _value(self, answer: Answer) -> Fetched | NotModified:
        """Make the capture's material of a 200 or 304."""
        response = Response(
            target_url=self.target_url,
            final_url=answer.url,
            status_code=answer.status_code,
            http_version=answer.http_version,
            request_headers=answer.request_headers,
            response_headers=answer.headers,
            hops=tuple(self.hops),
            peer_address=answer.peer.address,
            peer_certificate_digest=answer.peer.certificate_digest,
            requested_at=self.requested_at,
            fetched_at=self.fetcher.now(),
        )
        if answer.status_code == HTTPStatus.NOT_MODIFIED:
            return NotModified(self._confirmed(response), self._elapsed_ms())
        return Fetched(self._with_content(response, answer), self._elapsed_ms())

    def _confirmed(self, response: Response) -> Response:
        """Keep the validators that were sent, updated; a 304 to a request that sent none confirms nothing."""
        stored = self._validators()
        if stored is None:
            message = "answered 304 although nothing conditional was asked; the next poll asks again"
            raise FetchError(message, rule="unexpected-304", status_code=response.status_code)
        return replace(response, validators=httpcache.refreshed(stored, response.response_headers))

    def _with_content(self, response: Response, answer: Answer) -> Response:
        """Add the body as received and as decoded, with the digests of both."""
        coding = answer.field("content-encoding")
        try:
            content = codings.decode(answer.body, coding, self.max_bytes) if answer.body else b""
        except FetchError as fault:
            fault.status_code = answer.status_code
            raise
        if not content:
            message = "answered 200 with nothing in it; nothing is kept, and the next poll asks again"
            raise FetchError(message, rule="empty", status_code=answer.status_code)
        return replace(
            response,
            body=answer.body,
            content=content,
            content_encoding=", ".join(codings.names_of(coding)),
            wire_digest=hashlib.sha256(answer.body).hexdigest(),
            payload_digest=hashlib.sha256(content).hexdigest(),
            validators=httpcache.validators(answer.headers, answer.url),
        )

    def _failed(self, fault: FetchError) -> Failed:
        return Failed(
            self.plan.source_id,
            _outcome(fault),
            fault.rule,
            f"{self.at.url.host} {fault.message}",
            elapsed_ms=self._elapsed_ms(),
            status_code=fault.status_code,
            retry_after=None if fault.retry_after_s is None else timedelta(seconds=fault.retry_after_s),
            hops=tuple(self.hops),
        )

    def _elapsed_ms(self) -> int:
        """What was used of the allowance; turns waited for have moved its end."""
        return round((self.allowance_s - (self.until - time.monotonic())) * 1000)


def _wait(state: tenacity.RetryCallState) -> float:
    """Wait our own time, or the server's when that is longer; `check_status` lets only short ones through."""
    fault = state.outcome.exception() if state.outcome else None
    asked_s = (fault.retry_after_s or 0) if isinstance(fault, FetchError) else 0
    return max(WAITS_S[min(state.attempt_number, len(WAITS_S)) - 1], asked_s)


def _location(answer: Answer) -> str:
    """Read the one Location of a redirect; UTF-8 bytes in it are common and unambiguous (RFC 3987 §3.1)."""
    values = {value.strip(" \t") for name, value in answer.headers if name.lower() == "location"}
    value = values.pop() if len(values) == 1 else ""
    try:
        location = value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        location = ""
    if not location:
        message = f"answered {answer.status_code} without a Location that can be read; {_REMEDY}"
        raise _redirect_fault(message, "redirect-location", answer)
    return location


def _resolved(location: str, base: str) -> str:
    """Give the absolute address that a Location means; when it means none, its text, fit to be shown."""
    try:
        return urls.parse(urls.tidy(location), base=base).text
    except UrlError:
        return urls.shown(location)


def _clause(refused: policy.Refused) -> str:
    """Make a part of a longer sentence of why an address was refused."""
    return refused.detail.rstrip(".")


def _redirect_fault(message: str, rule: str, answer: Answer) -> FetchError:
    return FetchError(message, rule=rule, status_code=answer.status_code)


def _outcome(fault: FetchError) -> Outcome:
    """Tell being shut out, and being sent away for good, from whatever may pass by itself."""
    if fault.rule in BLOCKED:
        return Outcome.BLOCKED
    moved = fault.rule == "off-list-redirect" and fault.status_code in PERMANENT
    return Outcome.MOVED if moved else Outcome.FAILED
