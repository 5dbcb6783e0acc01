from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from edges.hostile import BLOG, FEED, RSS, Get, failed, fetched, fetcher_for, plan, within
from edges.server import Act, Certificate, Greeting, HostileServer, Pause, answer, head, redirect
from ingest.demo.answers import Answer
from ingest.demo.server import VendorServer
from ingest.errors import SettingsError
from ingest.fetch import ConnectTo, Fetcher, parse_connect_to
from support.world import NOW, fetch_settings

# ── where a connection goes ─────────────────────────────────────────────────────────────────────────────────────


def resolver(monkeypatch: pytest.MonkeyPatch, *answers: list[str] | OSError | float) -> list[str]:
    """Put a resolver of our own in the system's place: addresses, a fault, or seconds of silence; the names asked."""
    asked: list[str] = []
    left = list(answers)

    def getaddrinfo(host: bytes, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host.decode())
        given = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(given, float):
            time.sleep(given)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        if isinstance(given, OSError):
            raise given
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in given]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def to_port_of(server: HostileServer) -> tuple[ConnectTo, ...]:
    """The official names, resolved as they are; only the port is the server's."""
    return parse_connect_to(f":::{server.port}")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.0.7",
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "fc00::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:db8::1",
        "2001:0:7f00:1::",
        "64:ff9b:1::7f00:1",
        "::ffff:0:127.0.0.1",
        "::ffff:169.254.169.254",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "3fff::1",
        "5f00::1",
        "100::1",
        "192.0.0.1",
        "192.88.99.1",
        "168.63.129.16",
        "100.100.100.200",
        "239.255.255.250",
        "240.0.0.1",
        "0.0.0.1",
    ],
)
def test_an_address_that_is_not_public_is_never_connected_to(
    address: str, server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver(monkeypatch, [address])
    with fetcher_for(server, tmp_path, connect_to=to_port_of(server), private_networks=()) as fetcher:
        result = failed(fetcher.get(plan()))
    assert result.rule == "private-address"
    assert address in result.detail
    assert server.connections == 0


@pytest.mark.parametrize("to", ["127.0.0.1", "localhost", "[::1]", "10.1.2.3"])
def test_a_detour_is_checked_as_well(to: str, server: HostileServer, tmp_path: Path) -> None:
    detour = parse_connect_to(f"::{to}:{server.port}")
    with fetcher_for(server, tmp_path, connect_to=detour, private_networks=()) as fetcher:
        assert failed(fetcher.get(plan())).rule == "private-address"
    assert server.connections == 0


def test_one_private_address_among_public_ones_spoils_the_name(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver(monkeypatch, ["127.0.0.1", "10.0.0.1"])  # the first is allowed, the second is not
    with fetcher_for(server, tmp_path, connect_to=to_port_of(server)) as fetcher:
        result = failed(fetcher.get(plan()))
    assert (result.rule, server.connections) == ("private-address", 0)
    assert "10.0.0.1" in result.detail


def test_a_name_is_resolved_once_and_the_checked_address_is_the_one_connected_to(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on(FEED, answer(RSS))
    asked = resolver(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])  # rebinding: another answer the second time
    with fetcher_for(server, tmp_path, connect_to=to_port_of(server)) as fetcher:
        response = fetched(fetcher.get(plan())).response
    assert (asked, response.peer_address) == (["www.acme-ai.com"], "127.0.0.1")


def test_a_name_that_turns_private_is_refused_at_the_next_connection(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on(FEED, (answer(RSS, Connection="close"), Act.END))
    resolver(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
    with fetcher_for(server, tmp_path, connect_to=to_port_of(server)) as fetcher:
        fetched(fetcher.get(plan()))
        assert failed(fetcher.get(plan())).rule == "private-address"
    assert server.connections == 1


def test_a_redirect_to_an_official_name_with_a_private_address_is_refused(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on(FEED, redirect(BLOG))
    resolver(monkeypatch, ["127.0.0.1"], ["192.168.0.1"])
    with fetcher_for(server, tmp_path, connect_to=to_port_of(server)) as fetcher:
        result = failed(fetcher.get(plan()))
    assert result.rule == "private-address"
    assert result.detail.startswith("blog.acme-ai.com resolves to 192.168.0.1")
    assert server.urls == [FEED]


def test_the_next_address_is_tried_when_one_does_not_answer(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on(FEED, answer(RSS))
    resolver(monkeypatch, ["127.0.0.2", "127.0.0.3", "127.0.0.1"])  # nobody listens on the first two
    with fetcher_for(server, tmp_path, connect_to=to_port_of(server)) as fetcher:
        assert fetched(fetcher.get(plan())).response.peer_address == "127.0.0.1"


def test_the_first_rule_that_matches_decides_where_a_connection_goes(server: HostileServer, tmp_path: Path) -> None:
    server.on(FEED, answer(RSS))
    rules = f"blog.acme-ai.com:443:127.0.0.1:9, www.acme-ai.com:443:127.0.0.1:{server.port}, ::127.0.0.1:9"
    with fetcher_for(server, tmp_path, connect_to=parse_connect_to(rules)) as fetcher:
        fetched(fetcher.get(plan()))


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", ()),
        ("::127.0.0.1:8443", (ConnectTo("", None, "127.0.0.1", 8443),)),
        ("WWW.Acme-AI.com:443:[::1]:8443", (ConnectTo("www.acme-ai.com", 443, "::1", 8443),)),
        ("a.test:::", (ConnectTo("a.test", None, "", None),)),
        ("a.test:443:gateway.test:", (ConnectTo("a.test", 443, "gateway.test", None),)),
        (" a.test::b.test: , :80::81 ,", (ConnectTo("a.test", None, "b.test", None), ConnectTo("", 80, "", 81))),
    ],
)
def test_detours_are_read_as_curl_reads_them(text: str, rules: tuple[ConnectTo, ...]) -> None:
    assert parse_connect_to(text) == rules


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1:8443", "::127.0.0.1:70000", ":0::", "a:b:c:d", "::::", "::1:443:a.test:443", "a b:::", "[::1:::"],
)
def test_a_detour_of_another_form_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingsError, match=r"INGEST_CONNECT_TO: .*::127\.0\.0\.1:8443"):
        parse_connect_to(text)


# ── resolving ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_name_that_does_not_exist_is_looked_up_once(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolver(monkeypatch, socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
    with fetcher_for(server, tmp_path, connect_to=()) as fetcher:
        result = failed(fetcher.get(plan()))
    assert result.rule == "dns"
    assert result.detail.startswith("www.acme-ai.com cannot be resolved (Name or service not known)")
    assert asked == ["www.acme-ai.com"]


@pytest.mark.usefixtures("at_once")
def test_a_passing_fault_of_dns_gets_further_tries(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on(FEED, answer(RSS))
    resolver(monkeypatch, socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), ["127.0.0.1"])
    with fetcher_for(server, tmp_path, connect_to=to_port_of(server)) as fetcher:
        fetched(fetcher.get(plan()))


def test_a_resolver_that_hangs_does_not_outlast_the_deadline(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver(monkeypatch, 3.0)
    began = time.monotonic()
    with fetcher_for(server, tmp_path, connect_to=()) as fetcher:
        assert failed(fetcher.get(plan(**within(0.4)))).rule == "timeout"
    assert 0.3 < time.monotonic() - began < 1.5


# ── connecting ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("at_once")
def test_a_port_where_nobody_listens_is_a_connection_failure(server: HostileServer, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    detour = parse_connect_to(f"::127.0.0.1:{port}")
    with fetcher_for(server, tmp_path, connect_to=detour) as fetcher:
        result = failed(fetcher.get(plan()))
    assert result.rule == "connection"
    assert f"127.0.0.1 port {port} (Connection refused)" in result.detail


@pytest.mark.parametrize("greeting", [Greeting.RESET, Greeting.CUT])
@pytest.mark.usefixtures("at_once")
def test_a_connection_that_breaks_in_the_handshake_gets_two_further_tries(
    greeting: Greeting, server: HostileServer, get: Get
) -> None:
    server.greeting = greeting
    assert failed(get()).rule == "connection"
    assert server.connections == 3


def test_a_server_that_never_shakes_hands_does_not_outlast_the_deadline(server: HostileServer, get: Get) -> None:
    server.greeting = Greeting.SILENCE
    began = time.monotonic()
    assert failed(get(**within(0.4))).rule == "timeout"
    assert 0.3 < time.monotonic() - began < 1.5


def test_a_server_without_tls_is_refused(server: HostileServer, get: Get) -> None:
    server.greeting = Greeting.PLAIN
    assert failed(get()).rule == "tls"
    assert (server.connections, server.asked) == (1, [])


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_a_server_with_old_tls_only_is_refused(server: HostileServer, get: Get) -> None:
    server.max_tls = ssl.TLSVersion.TLSv1_1
    assert failed(get()).rule == "tls"
    assert (server.connections, server.asked) == (1, [])


@pytest.mark.parametrize("certificate", [Certificate.EXPIRED, Certificate.OTHER_NAME, Certificate.STRANGER])
def test_a_certificate_that_is_not_good_ends_the_exchange_before_anything_is_sent(
    certificate: Certificate, server: HostileServer, get: Get
) -> None:
    server.show("www.acme-ai.com", certificate)
    result = failed(get())
    assert result.rule == "tls"
    assert "certificate" in result.detail
    assert (server.connections, server.asked) == (1, [])


def test_a_redirect_to_a_host_with_a_bad_certificate_is_a_failure(server: HostileServer, get: Get) -> None:
    server.on(FEED, redirect(BLOG))
    server.show("blog.acme-ai.com", Certificate.OTHER_NAME)
    assert failed(get()).rule == "tls"
    assert server.urls == [FEED]


def test_without_our_anchors_the_loopback_server_is_not_trusted(server: HostileServer, tmp_path: Path) -> None:
    with fetcher_for(server, tmp_path, ca_file=None) as fetcher:
        assert failed(fetcher.get(plan())).rule == "tls"


@pytest.mark.parametrize("content", [None, b"", b"not PEM"])
def test_anchors_that_cannot_be_read_are_a_fault_of_the_settings(
    content: bytes | None, server: HostileServer, tmp_path: Path
) -> None:
    path = tmp_path / "anchors.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match="INGEST_CA_FILE"), fetcher_for(server, tmp_path, ca_file=path):
        pass


@pytest.mark.parametrize("act", [Act.END, Act.CUT, Act.RESET])
@pytest.mark.usefixtures("at_once")
def test_a_connection_that_ends_without_an_answer_gets_two_further_tries(
    act: Act, server: HostileServer, get: Get
) -> None:
    server.on(FEED, (act,))
    result = failed(get())
    assert result.rule == "connection"
    assert result.detail.startswith("www.acme-ai.com broke the connection off")
    assert len(server.asked) == 3


@pytest.mark.usefixtures("at_once")
def test_a_connection_that_broke_may_work_at_the_next_try(server: HostileServer, get: Get) -> None:
    server.on(FEED, (Act.RESET,), (Act.CUT,), answer(RSS))
    fetched(get())


def test_a_kept_connection_that_the_server_closed_meanwhile_is_replaced(server: HostileServer, get: Get) -> None:
    server.on(FEED, (answer(RSS), Act.END))
    fetched(get())
    time.sleep(0.05)
    fetched(get())
    assert (server.connections, len(server.asked)) == (2, 2)


def test_a_later_connection_resumes_the_tls_session_of_its_name_and_keeps_the_evidence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resumed = []
    handshake = ssl.SSLSocket.do_handshake

    def watched(self: ssl.SSLSocket, *arguments: bool) -> None:
        handshake(self, *arguments)
        if not self.server_side:
            resumed.append((self.server_hostname, self.session_reused))

    monkeypatch.setattr(ssl.SSLSocket, "do_handshake", watched)
    digests = []
    answers = {url: Answer(b"<rss/>") for url in (FEED, BLOG)}
    with VendorServer(answers) as vendors, Fetcher(fetch_settings(vendors), now=lambda: NOW) as fetcher:
        for url in (FEED, BLOG, FEED, FEED):
            digests.append(fetched(fetcher.get(plan(url))).response.peer_certificate_digest)
            fetcher.close()  # every connection; the sessions stay

    hosts = [urlsplit(url).hostname for url in (FEED, BLOG)]
    assert resumed == [(hosts[0], False), (hosts[1], False), (hosts[0], True), (hosts[0], True)]
    assert digests[0] == digests[2] == digests[3] != digests[1]


# ── the deadline of a whole exchange ────────────────────────────────────────────────────────────────────────────


def test_redirects_share_one_deadline(server: HostileServer, get: Get) -> None:
    for step in range(5):
        here = FEED if step == 0 else f"{FEED}?{step}"
        server.on(here, (Pause(0.25), redirect(f"{FEED}?{step + 1}")))
    began = time.monotonic()
    assert failed(get(**within(0.6))).rule == "timeout"
    assert time.monotonic() - began < 1.5
    assert len(server.asked) in {2, 3}  # on a busy machine the third is too late


def test_further_tries_share_one_deadline(server: HostileServer, get: Get) -> None:
    server.on(FEED, answer(b"later", 503))
    began = time.monotonic()
    assert failed(get(**within(1.2))).rule == "server-error"
    assert time.monotonic() - began < 1.2
    assert len(server.asked) == 2  # the second wait would have ended too late


def test_the_ceiling_of_the_settings_holds_for_time_too(server: HostileServer, tmp_path: Path) -> None:
    server.on(FEED, (Act.HOLD,))
    with fetcher_for(server, tmp_path, timeout=timedelta(seconds=0.4)) as fetcher:
        assert failed(fetcher.get(plan(**within(60)))).rule == "timeout"


# ── pace ────────────────────────────────────────────────────────────────────────────────────────────────────────

GAP = timedelta(seconds=0.3)


@pytest.fixture
def paced(server: HostileServer, tmp_path: Path) -> Iterator[Fetcher]:
    with fetcher_for(server, tmp_path, host_gap=GAP) as fetcher:
        yield fetcher


def test_requests_to_one_host_start_a_gap_apart(server: HostileServer, paced: Fetcher) -> None:
    server.on(FEED, answer(RSS))
    for _ in range(3):
        fetched(paced.get(plan()))
    gaps = [later.at - earlier.at for earlier, later in pairwise(server.asked)]
    assert all(gap > 0.25 for gap in gaps), gaps


def test_redirects_on_one_host_keep_the_gap(server: HostileServer, paced: Fetcher) -> None:
    server.on(FEED, redirect("/rss"))
    server.on("https://www.acme-ai.com/rss", answer(RSS))
    fetched(paced.get(plan()))
    assert server.asked[1].at - server.asked[0].at > 0.25


@pytest.mark.usefixtures("at_once")
def test_further_tries_keep_the_gap(server: HostileServer, paced: Fetcher) -> None:
    server.on(FEED, answer(b"later", 503), answer(RSS))
    fetched(paced.get(plan()))
    assert server.asked[1].at - server.asked[0].at > 0.25


def test_another_host_need_not_wait(server: HostileServer, paced: Fetcher) -> None:
    server.on(FEED, redirect(BLOG))
    server.on(BLOG, answer(RSS))
    fetched(paced.get(plan()))
    assert server.asked[1].at - server.asked[0].at < 0.25


def test_a_host_is_asked_one_thing_at_a_time_by_many_threads(server: HostileServer, get: Get) -> None:
    slow = (head(Content_Length=len(RSS)), Pause(0.1), RSS)
    urls = [f"{FEED}?{number}" for number in range(4)]
    for url in urls:
        server.on(url, slow)
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(get, urls):
            fetched(result)
    starts = [asked.at for asked in server.asked]
    assert server.connections == 1
    assert all(later - earlier >= 0.1 for earlier, later in pairwise(starts))


def test_two_hosts_are_asked_at_the_same_time(server: HostileServer, get: Get) -> None:
    meeting = threading.Barrier(2)
    slow = (Pause(0.3), answer(RSS))
    server.on(FEED, slow)
    server.on(BLOG, slow)

    def go(url: str) -> None:
        meeting.wait()
        fetched(get(url))

    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(go, [FEED, BLOG]))
    assert time.monotonic() - began < 0.55


def test_waiting_for_a_slot_does_not_count_against_the_deadline(server: HostileServer, get: Get) -> None:
    server.on(FEED, (Pause(0.4), answer(RSS)))
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: get(**within(0.9)), range(3)))  # the last one waits for 0.8 s
    assert all(fetched(result).elapsed_ms < 900 for result in results)
