"""Who may ask and who may write, by a clock set by hand, on both engines."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, text

from ingest import allowlist
from ingest.errors import FetchError
from ingest.model import Allowlist, Lease, Response
from ingest.pipeline import SharedHostLimiter, Standing, accept, hosts
from ingest.store import captures, leases
from ingest.store.engine import read, write
from support.world import LIST, NOW

TERM = timedelta(minutes=5)
GAP = timedelta(seconds=1)
HOST = "www.acme-ai.com"
SECOND = LIST.rstrip() + "\n      docs: {kind: feed, url: https://www.acme-ai.com/docs.xml, lang: en}\n"


@pytest.fixture
def listed(engine: Engine) -> Engine:
    accept(engine, allowlist.parse(SECOND.encode()), at=NOW, by="test", why="test")
    return engine


def claim(
    engine: Engine, *ids: str, at: datetime = NOW, owner: str = "we", since: datetime | None = NOW
) -> leases.Claims:
    with write(engine) as conn:
        return leases.claim(
            conn, now=at, owner=owner, lease=TERM, ids=ids or ("acme/news", "acme/blog", "acme/docs"), since=since
        )


def claim_host(engine: Engine, host: str = HOST, *, at: datetime = NOW) -> Lease | datetime:
    with write(engine) as conn:
        return leases.claim_host(conn, host, now=at, owner="we", lease=TERM)


def names(claims: leases.Claims) -> list[str]:
    return sorted(lease.source_id for _, lease in claims.taken)


def only(claims: leases.Claims) -> Lease:
    ((_, lease),) = claims.taken
    return lease


def give_back(engine: Engine, lease: Lease, *, host_free_at: datetime | None = None) -> None:
    with write(engine) as conn:
        leases.give_back(conn, lease, host_free_at=host_free_at)


# ── sources and their hosts ─────────────────────────────────────────────────────────────────────────────────────


def test_of_two_sources_on_one_host_one_is_claimed_and_the_other_may_be_asked_for_later(listed: Engine) -> None:
    claims = claim(listed)

    assert names(claims) == ["acme/blog", "acme/docs"]
    assert claims.later == {"acme/news": NOW}


def test_what_is_claimed_is_nobody_elses_until_it_is_given_back(listed: Engine) -> None:
    lease = only(claim(listed, "acme/news"))

    assert names(claim(listed, "acme/news", owner="they")) == []
    assert claim(listed, "acme/docs", owner="they").later == {"acme/docs": NOW + TERM}

    give_back(listed, lease, host_free_at=NOW + GAP)
    assert claim(listed, "acme/docs", owner="they").later == {"acme/docs": NOW + GAP}
    assert names(claim(listed, "acme/docs", owner="they", at=NOW + GAP)) == ["acme/docs"]


def test_a_lease_that_ran_out_comes_back_with_a_higher_token_and_its_late_holder_writes_nothing(listed: Engine) -> None:
    late = only(claim(listed, "acme/news"))
    taken = only(claim(listed, "acme/news", at=NOW + TERM, owner="they"))

    assert (taken.token, taken.host_token) == (late.token + 1, late.host_token + 1)
    with write(listed) as conn:
        assert leases.held(conn, [late]) == set()
        leases.settle(conn, [leases.Release(late, {"reason": "late"}, NOW)])
        assert conn.execute(text("SELECT reason FROM source_states WHERE source_id = 'acme/news'")).scalar() == ""
    give_back(listed, late, host_free_at=NOW)
    assert names(claim(listed, "acme/news", at=NOW + TERM)) == []
    with write(listed) as conn:
        assert leases.held(conn, [taken]) == {"acme/news"}


def test_a_lease_that_ran_out_and_that_nobody_took_is_good_still(listed: Engine) -> None:
    late = only(claim(listed, "acme/news"))

    with write(listed) as conn:
        leases.settle(conn, [leases.Release(late, {"next_poll_at": NOW + 2 * TERM}, NOW)])

    assert names(claim(listed, "acme/news", at=NOW + TERM, since=None)) == []
    assert names(claim(listed, "acme/news", at=NOW + TERM)) == ["acme/news"]


def test_claims_at_the_same_moment_share_out_every_source_once(listed: Engine) -> None:
    hosts = [f"h{number}.acme-ai.com" for number in range(24)]
    stanzas = "".join(f"      {h[:-12]}: {{kind: feed, url: 'https://{h}/feed.xml', lang: en}}\n" for h in hosts)
    wide = LIST.replace("    official:\n", '    official:\n      - "*.acme-ai.com"\n') + stanzas
    accept(listed, allowlist.parse(wide.encode()), at=NOW, by="test", why="test", confirm=True)
    ids = [f"acme/{host[:-12]}" for host in hosts]
    taken: list[str] = []
    barrier = threading.Barrier(6)

    def work() -> None:
        barrier.wait()
        for start in range(0, len(ids), 4):
            taken.extend(names(claim(listed, *ids[start : start + 4])))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == sorted(ids)


# ── a host alone ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_host_of_a_redirect_is_leased_and_waits_for_its_gap_afterwards(listed: Engine) -> None:
    lease = claim_host(listed)
    assert isinstance(lease, Lease)

    assert claim_host(listed) == NOW + TERM
    assert names(claim(listed)) == ["acme/blog"]

    give_back(listed, lease, host_free_at=NOW + GAP)
    assert claim_host(listed) == NOW + GAP


def test_a_new_host_that_several_ask_for_at_once_is_had_by_one_of_them(listed: Engine) -> None:
    result: list[Lease | datetime] = []
    barrier = threading.Barrier(6)

    def work() -> None:
        barrier.wait()
        result.append(claim_host(listed, "new.acme-ai.com"))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(result) == 6
    assert sum(isinstance(lease, Lease) for lease in result) == 1


def limiter(engine: Engine) -> SharedHostLimiter:
    return SharedHostLimiter(engine, "we", timeout=timedelta(seconds=10), gap=timedelta(0), now=lambda: NOW)


class Asking(threading.Thread):
    """A thread that takes a turn at one host after another, under the lease of a source if it has one."""

    def __init__(self, shared: SharedHostLimiter, lease: Lease | None, *hosts: str) -> None:
        super().__init__(daemon=True)
        self.limiter, self.lease, self.hosts = shared, lease, hosts
        self.asking = threading.Event()
        self.go_on = threading.Event()
        self.asked: list[str] = []
        self.start()

    def run(self) -> None:
        with hosts.holding(self.lease or Lease("", 0)):
            for host in self.hosts:
                with self.limiter.slot(host):
                    self.asked.append(host)
                    self.asking.set()
                    self.go_on.wait(30)


def test_the_host_of_a_claimed_source_is_asked_by_its_own_thread_only(listed: Engine) -> None:
    """Else the process would give the host back with the source while another of its threads still asks it."""
    shared = limiter(listed)
    holder = only(claim(listed, "acme/news"))
    other = Asking(shared, None, HOST)

    assert not other.asking.wait(0.3)
    own = Asking(shared, holder, HOST)
    assert own.asking.wait(30)
    own.go_on.set()
    own.join()
    assert not other.asking.is_set()
    give_back(listed, holder)
    assert other.asking.wait(30)
    assert claim_host(listed) == NOW + shared._lease
    other.go_on.set()
    other.join()
    assert isinstance(claim_host(listed), Lease)


def test_two_sources_that_redirect_to_each_others_host_do_not_wait_for_each_other(listed: Engine) -> None:
    mine, theirs = only(claim(listed, "acme/news")), only(claim(listed, "acme/blog"))
    one = Asking(limiter(listed), mine, HOST, "blog.acme-ai.com")
    other = Asking(limiter(listed), theirs, "blog.acme-ai.com", HOST)  # as in another process
    for asking in (one, other):
        assert asking.asking.wait(30)
        asking.go_on.set()
    for asking in (one, other):
        asking.join(30)

    assert [len(one.asked), len(other.asked)] == [2, 2]


def test_a_host_that_never_comes_free_is_an_ordinary_failure(listed: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.pipeline.hosts.WAIT", timedelta(seconds=0.05))
    with write(listed) as conn:
        leases.claim_host(conn, HOST, now=NOW, owner="they", lease=timedelta(minutes=1))

    with pytest.raises(FetchError, match="busy"), limiter(listed).slot(HOST):
        pass


# ── what waits to be read ───────────────────────────────────────────────────────────────────────────────────────


def test_a_source_whose_capture_waits_is_not_asked_before_it_is_read(listed: Engine) -> None:
    """Else the older document would be read after the newer one, and what it says come back as news."""
    with write(listed) as conn:
        waiting_capture(conn, "acme/news")

    assert names(claim(listed)) == ["acme/blog", "acme/docs"]
    with write(listed) as conn:
        waiting = leases.claim_source(conn, "acme/news", now=NOW, owner="we", lease=TERM)
    assert names(waiting) == ["acme/news"]


def waiting_capture(conn: Connection, source_id: str) -> int:
    response = Response(
        target_url="https://www.acme-ai.com/feed.xml",
        final_url="https://www.acme-ai.com/feed.xml",
        status_code=200,
        http_version="HTTP/1.1",
        request_headers=(),
        response_headers=(),
        hops=(),
        peer_address="127.0.0.1:443",
        peer_certificate_digest=None,
        requested_at=NOW,
        fetched_at=NOW,
        body=b"x",
        content=b"x",
        wire_digest="d",
        payload_digest="d",
    )
    return captures.add(conn, [captures.Received(source_id, response, 1, "r")])[0]


# ── a clock that jumps ──────────────────────────────────────────────────────────────────────────────────────────

HOUR_BACK = NOW - timedelta(hours=1)


def test_after_our_clock_was_set_back_no_lease_and_no_rest_of_before_keeps_a_source(listed: Engine) -> None:
    claim(listed, "acme/news")
    give_back(listed, only(claim(listed, "acme/blog")), host_free_at=NOW + GAP)

    assert names(claim(listed, at=HOUR_BACK)) == ["acme/blog", "acme/docs"]


def test_clocks_that_differ_a_little_are_not_taken_for_one_that_was_set_back(listed: Engine) -> None:
    claim(listed, "acme/news")

    assert names(claim(listed, "acme/news", at=NOW - timedelta(minutes=2))) == []
    assert isinstance(claim_host(listed, at=NOW - timedelta(minutes=2)), datetime)


# ── lists at the same moment ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("same", [True, False])
def test_lists_that_are_applied_at_once_are_judged_one_after_the_other(engine: Engine, same: bool) -> None:
    texts = [LIST + f"# {0 if same else number}\n" for number in range(5)]
    lists = [allowlist.parse(one.encode()) for one in texts]
    standings: list[Standing] = []
    barrier = threading.Barrier(len(lists))

    def work(candidate: Allowlist) -> None:
        barrier.wait()
        standings.append(accept(engine, candidate, at=NOW, by="test", why="test").standing)

    threads = [threading.Thread(target=work, args=(candidate,)) for candidate in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with read(engine) as conn:
        digests = list(conn.execute(text("SELECT digest FROM generations ORDER BY number")).scalars())
    assert len(digests) == (1 if same else 5)
    assert standings.count(Standing.APPLIED) == len(digests)
