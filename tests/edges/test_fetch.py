from __future__ import annotations

import gzip
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest

from edges.hostile import AGENT, BLOG, FEED, NOW, OUTSIDE, RSS, Get, failed, fetched, fetcher_for, unchanged
from edges.server import HostileServer, answer, head, redirect
from ingest.errors import SettingsError
from ingest.fetch import fetcher
from ingest.model import Outcome, Validators

PAGE = "https://www.acme-ai.com/"

# ── what is sent ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_request_carries_these_fields_and_no_others(server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(RSS))
    response = fetched(get()).response
    (asked,) = server.asked
    assert dict(asked.fields) == {
        "Host": "www.acme-ai.com",
        "User-Agent": AGENT,
        "Accept": fetcher.ACCEPT,
        "Accept-Encoding": "gzip, br, zstd, deflate",
        "Connection": "keep-alive",
    }
    assert response.request_headers == asked.fields


def test_fields_of_the_stanza_are_added_and_replace_our_accept(server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(RSS))
    get(headers=(("Accept-Language", "ja"), ("accept", "text/html")))
    (asked,) = server.asked
    assert [name for name, _ in asked.fields if name.lower() == "accept"] == ["accept"]
    assert (asked.value("Accept-Language"), asked.value("accept")) == ("ja", "text/html")


@pytest.mark.parametrize("agent", ["", "ingest/1 (+https://例え.test/)", "ingest/1\r\nCookie: a=b", " ingest/1"])
def test_a_user_agent_that_no_header_can_carry_is_a_fault_of_the_settings(
    agent: str, server: HostileServer, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="INGEST_USER_AGENT"), fetcher_for(server, tmp_path, user_agent=agent):
        pass


def test_cookies_are_never_kept_or_sent(server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(RSS, Set_Cookie="id=1; Path=/; Secure"))
    get()
    get()
    assert [asked.value("Cookie") for asked in server.asked] == [None, None]


def test_a_redirect_is_followed_without_a_referrer(server: HostileServer, get: Get) -> None:
    server.on(FEED, redirect(BLOG))
    server.on(BLOG, answer(RSS))
    fetched(get())
    assert [asked.value("Referer") for asked in server.asked] == [None, None]


def test_the_target_is_asked_as_it_was_admitted(server: HostileServer, get: Get) -> None:
    admitted = "https://www.acme-ai.com/feed%7Cx/%E3%81%82'()?b=%20c&a=%5B1%5D&&q=%2F"
    server.on(admitted, answer(RSS))
    assert (
        fetched(get("https://WWW.acme-ai.com:443/a/../feed|x/あ'()?b=%20c&a=[1]&&q=%2f")).response.final_url == admitted
    )
    assert server.urls == [admitted]


def test_a_fragment_stays_at_home(server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(RSS))
    assert fetched(get(FEED + "#latest")).response.final_url == FEED
    assert server.urls == [FEED]


def test_proxies_of_the_environment_are_not_used(
    server: HostileServer, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.on(FEED, answer(RSS))
    fetched(get())


def test_the_official_name_is_in_sni_and_host_although_the_connection_goes_elsewhere(
    server: HostileServer, get: Get
) -> None:
    server.on(FEED, answer(RSS))
    response = fetched(get()).response
    assert server.names == ["www.acme-ai.com"]
    assert server.asked[0].host == "www.acme-ai.com"
    assert response.peer_address == "127.0.0.1"
    assert len(response.peer_certificate_digest or "") == 64


def test_a_target_outside_the_list_is_never_connected_to(server: HostileServer, get: Get) -> None:
    result = failed(get(OUTSIDE))
    assert (result.outcome, server.connections) == (Outcome.FAILED, 0)
    assert "for Acme: " in result.detail


def test_a_connection_is_kept_for_the_next_request_of_its_host(server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(RSS))
    server.on(PAGE, answer(b"<p>page"))
    fetched(get())
    fetched(get(PAGE))
    assert (server.connections, len(server.asked)) == (1, 2)


def test_what_came_is_recorded_as_it_came(server: HostileServer, get: Get) -> None:
    packed = gzip.compress(RSS, mtime=0)
    server.on(FEED, answer(packed, Content_Encoding="gzip", X_Note="caf\xe9", ETag='"1"'))
    response = fetched(get()).response
    assert (response.body, response.content, response.content_encoding) == (packed, RSS, "gzip")
    assert response.wire_digest == hashlib.sha256(packed).hexdigest()
    assert response.payload_digest == hashlib.sha256(RSS).hexdigest()
    assert ("X-Note", "caf\xe9") in response.response_headers
    assert (response.status_code, response.http_version) == (200, "HTTP/1.1")
    assert (response.target_url, response.final_url, response.hops) == (FEED, FEED, ())
    assert (response.requested_at, response.fetched_at) == (NOW, NOW)
    assert response.validators == Validators(FEED, b'"1"', None)


# ── what a status means ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "outcome", "rule"),
    [
        (203, Outcome.FAILED, "transformed"),
        (204, Outcome.FAILED, "no-content"),
        (206, Outcome.FAILED, "partial-content"),
        (300, Outcome.FAILED, "status"),
        (400, Outcome.FAILED, "status"),
        (401, Outcome.BLOCKED, "unauthorized"),
        (403, Outcome.BLOCKED, "forbidden"),
        (404, Outcome.FAILED, "not-found"),
        (407, Outcome.BLOCKED, "proxy-authentication"),
        (410, Outcome.FAILED, "gone"),
        (418, Outcome.FAILED, "status"),
        (429, Outcome.FAILED, "rate-limited"),
        (451, Outcome.BLOCKED, "legal-reasons"),
        (500, Outcome.FAILED, "server-error"),
        (599, Outcome.FAILED, "server-error"),
    ],
)
def test_a_status_that_brings_no_document_is_asked_for_once(
    status: int, outcome: Outcome, rule: str, server: HostileServer, get: Get
) -> None:
    server.on(FEED, answer(b"" if status == 204 else b"a page", status))
    result = failed(get())
    assert (result.outcome, result.rule, result.status_code) == (outcome, rule, status)
    assert result.detail.startswith(f"www.acme-ai.com answered {status}")
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.usefixtures("at_once")
def test_a_passing_fault_of_the_server_gets_two_further_tries(status: int, server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(b"later", status))
    assert failed(get()).rule == "server-error"
    assert len(server.asked) == 3


@pytest.mark.usefixtures("at_once")
def test_a_further_try_may_bring_the_document(server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(b"later", 503), answer(b"later", 502), answer(RSS))
    assert fetched(get()).response.content == RSS


def test_further_tries_wait_a_fixed_time(server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(b"later", 503))
    failed(get())
    first, second, third = (asked.at for asked in server.asked)
    assert 0.5 <= second - first < 1.5
    assert 2.0 <= third - second < 3.0


def test_a_short_retry_after_is_waited_for(server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(b"later", 503, Retry_After=1), answer(RSS))
    fetched(get())
    first, second = (asked.at for asked in server.asked)
    assert second - first >= 1


@pytest.mark.parametrize(
    ("status", "value", "expected"),
    [
        (503, "3600", timedelta(hours=1)),
        (429, "120", timedelta(minutes=2)),
        (429, "Fri, 22 May 2026 12:05:00 GMT", timedelta(minutes=5)),
        (429, "Fri, 22 May 2020 12:05:00 GMT", timedelta(0)),
        (429, "99999999999", timedelta(hours=24)),
        (429, "soon", None),
        (403, "60", timedelta(minutes=1)),
    ],
)
def test_a_requested_delay_is_passed_on_and_not_argued_with(
    status: int, value: str, expected: timedelta | None, server: HostileServer, get: Get
) -> None:
    server.on(FEED, answer(b"slow down", status, Retry_After=value))
    assert failed(get()).retry_after == expected
    assert len(server.asked) == 1


CHALLENGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"


@pytest.mark.parametrize(
    ("status", "body", "fields"),
    [
        (403, CHALLENGE, {}),
        (503, CHALLENGE, {}),
        (403, gzip.compress(CHALLENGE, mtime=0), {"Content_Encoding": "gzip"}),
        (503, brotli.compress(CHALLENGE), {"Content_Encoding": "br"}),
        (403, b"", {"cf_mitigated": "challenge"}),
        (200, b"<p>prove it", {"cf_mitigated": "challenge"}),
    ],
)
def test_a_challenge_for_browsers_is_being_blocked_and_is_not_tried_again(
    status: int, body: bytes, fields: dict[str, Any], server: HostileServer, get: Get
) -> None:
    server.on(FEED, answer(body, status, **fields))
    result = failed(get())
    assert (result.outcome, result.rule) == (Outcome.BLOCKED, "challenge")
    assert len(server.asked) == 1


def test_a_refusal_under_a_broken_coding_is_still_a_refusal(server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(b"not gzip", 403, Content_Encoding="gzip"))
    assert failed(get()).rule == "forbidden"


@pytest.mark.parametrize(("body", "coding"), [(b"", "identity"), (b"", "gzip"), (gzip.compress(b"", mtime=0), "gzip")])
def test_a_document_with_nothing_in_it_is_a_failure(body: bytes, coding: str, server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(body, Content_Encoding=coding))
    assert failed(get()).rule == "empty"


# ── conditional requests ────────────────────────────────────────────────────────────────────────────────────────

STAMP = b"Thu, 21 May 2026 10:00:00 GMT"


@pytest.mark.parametrize("etag", [b'"abc"', b'W/"abc"', b'W/"a,b"', b"unquoted", b'"caf\xe9"', b'"%22"'])
def test_validators_go_back_byte_for_byte(etag: bytes, server: HostileServer, get: Get) -> None:
    fields: dict[str, Any] = {"ETag": etag.decode("latin-1"), "Last_Modified": STAMP.decode()}
    server.on(FEED, answer(RSS, **fields), head(304))
    stored = fetched(get()).response.validators
    assert stored == Validators(FEED, etag, STAMP)
    unchanged(get(validators=stored))
    assert server.asked[1].value("If-None-Match") == etag.decode("latin-1")
    assert server.asked[1].value("If-Modified-Since") == STAMP.decode()


def test_a_304_keeps_what_it_does_not_name_and_replaces_what_it_names(server: HostileServer, get: Get) -> None:
    server.on(FEED, head(304, ETag='"2"', Cache_Control="max-age=60"))
    response = unchanged(get(validators=Validators(FEED, b'"1"', STAMP))).response
    assert response.validators == Validators(FEED, b'"2"', STAMP)
    assert (response.status_code, response.body, response.content) == (304, None, b"")
    assert ("Cache-Control", "max-age=60") in response.response_headers


def test_only_the_validator_that_exists_is_sent(server: HostileServer, get: Get) -> None:
    server.on(FEED, head(304))
    unchanged(get(validators=Validators(FEED, None, STAMP)))
    assert server.asked[0].value("If-None-Match") is None
    assert server.asked[0].value("If-Modified-Since") == STAMP.decode()


def test_validators_of_another_address_are_not_sent(server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(RSS))
    fetched(get(validators=Validators(BLOG, b'"1"', STAMP)))
    assert server.asked[0].value("If-None-Match") is None


def test_validators_are_sent_to_the_end_of_a_redirect_that_they_belong_to(server: HostileServer, get: Get) -> None:
    server.on(FEED, redirect(BLOG))
    server.on(BLOG, head(304))
    response = unchanged(get(validators=Validators(BLOG, b'"1"'))).response
    assert [asked.value("If-None-Match") for asked in server.asked] == [None, '"1"']
    assert (response.final_url, response.validators) == (BLOG, Validators(BLOG, b'"1"'))


def test_validators_of_a_redirected_document_belong_to_where_it_was_found(server: HostileServer, get: Get) -> None:
    server.on(FEED, redirect(BLOG))
    server.on(BLOG, answer(RSS, ETag='"1"'))
    assert fetched(get()).response.validators == Validators(BLOG, b'"1"')


@pytest.mark.parametrize("stored", [None, Validators(BLOG, b'"1"'), Validators(FEED)])
def test_a_304_to_an_unconditional_request_confirms_nothing(
    stored: Validators | None, server: HostileServer, get: Get
) -> None:
    server.on(FEED, head(304, ETag='"1"'))
    result = failed(get(validators=stored))
    assert (result.rule, result.status_code) == ("unexpected-304", 304)


def test_the_connection_lives_on_after_a_304(server: HostileServer, get: Get) -> None:
    server.on(FEED, head(304, Content_Length="5000"), answer(RSS))
    unchanged(get(validators=Validators(FEED, b'"1"')))
    fetched(get())
    assert server.connections == 1
