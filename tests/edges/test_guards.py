"""What raw SQL may try beyond the cases of tests/policy/urls.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from ingest import policy, urls
from ingest.errors import PolicyGuardError, UrlError
from ingest.store import guards, schema
from ingest.store.engine import rebuild_rules, write
from support.raw_sql import WRITTEN, gets_in, headline, insert, link, put_in_force, vendors_of

VENDORS = vendors_of(
    {
        "acme": {"official": ["acme-ai.com", "*.acme-ai.com", "!acme-ai.com/careers/", "!acme-ai.com/go"]},
        "borea": {"official": ["docs.borea.dev/docs/", "github.com/Borea/*/releases/", "!docs.borea.dev/docs/forum/"]},
    }
)
ACME, BOREA = VENDORS
PAGE = "https://acme-ai.com/news/1"


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    with write(engine) as opened:
        put_in_force(opened, VENDORS)
        yield opened
        if engine.dialect.name == "sqlite":
            opened.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")


def scope_of(conn: Connection, line: str) -> int:
    query = text("SELECT id FROM scopes WHERE text = :text ORDER BY id DESC LIMIT 1")
    return int(conn.execute(query, {"text": line}).scalar_one())


def changes_to(conn: Connection, table: str, **values: Any) -> bool:
    """Say whether a raw UPDATE goes through; it is taken back."""
    with conn.begin_nested() as attempt:
        try:
            setting = ", ".join(f"{name} = :{name}" for name in values)
            conn.execute(text(f"UPDATE {table} SET {setting}"), values)
        except DBAPIError:
            return False
        finally:
            attempt.rollback()
    return True


@pytest.fixture
def stored(conn: Connection) -> Connection:
    """A headline with its link."""
    whole = scope_of(conn, "acme-ai.com")
    insert(conn, "headlines", headline("acme", PAGE, whole))
    insert(conn, "links", link("acme", PAGE, whole, rel="primary"))
    return conn


ELSEWHERE = {"url": "https://evil.net/news/1", "host": "evil.net"}
EXCEPTED = {"url": "https://acme-ai.com/careers/1", "path": "/careers/1"}


@pytest.mark.parametrize("table", ["headlines", "links"])
@pytest.mark.parametrize("values", [ELSEWHERE, EXCEPTED, {"vendor_id": "borea"}, {"source_id": "borea/news"}])
def test_an_update_gets_no_further_than_an_insert(stored: Connection, table: str, values: dict[str, str]) -> None:
    assert not changes_to(stored, table, **values)
    assert changes_to(stored, table, url="https://acme-ai.com/news/2", path="/news/2")


def test_a_scope_of_another_kind_or_vendor_admits_nothing(conn: Connection) -> None:
    for line in ("acme-ai.com/careers/", "docs.borea.dev/docs/", "*.acme-ai.com"):
        assert not gets_in(conn, "headlines", headline("acme", PAGE, scope_of(conn, line)))


def test_a_link_belongs_to_a_headline_of_its_own_vendor(stored: Connection) -> None:
    page = "https://docs.borea.dev/docs/x"
    assert not gets_in(stored, "links", link("borea", page, scope_of(stored, "docs.borea.dev/docs/")))
    blog = "https://blog.acme-ai.com/x"
    assert gets_in(stored, "links", link("acme", blog, scope_of(stored, "*.acme-ai.com")))


def test_a_headline_of_a_scope_that_left_the_list_can_be_marked_and_nothing_else(stored: Connection) -> None:
    stored.execute(text("UPDATE scopes SET until_generation = 1 WHERE text = 'acme-ai.com'"))
    assert stored.execute(text("SELECT count(*) FROM v1_headlines")).scalar_one() == 0
    assert stored.execute(text("SELECT count(*) FROM v1_links")).scalar_one() == 0
    assert not changes_to(stored, "headlines", title="Another")
    assert not changes_to(stored, "headlines", state="revoked", **ELSEWHERE)
    assert changes_to(stored, "headlines", state="revoked", changed_at=WRITTEN)
    stored.execute(text("UPDATE headlines SET state = 'revoked'"))
    assert not changes_to(stored, "headlines", state="live")


@pytest.mark.parametrize(
    "path",
    ["/careers/1", "/%63areers/1", "/careers%2f1", "/a/../careers/1", "/%2e%2e/x", "/a%", "/a%zz", "/a b", "/\u00e9"],
)
def test_only_the_normal_form_of_a_path_is_stored(conn: Connection, path: str) -> None:
    row = headline("acme", f"https://acme-ai.com{path}", scope_of(conn, "acme-ai.com"))
    assert not gets_in(conn, "headlines", row)


def test_parts_have_to_make_the_address(conn: Connection) -> None:
    whole = scope_of(conn, "acme-ai.com")
    for parts in (("acme-ai.com", "/news/2", ""), ("evil.net", "/news/1", ""), ("acme-ai.com", "/news", "/1")):
        assert not gets_in(conn, "headlines", headline("acme", PAGE, whole, parts=parts))


def test_bytes_that_pass_for_text_are_refused(conn: Connection) -> None:
    """SQLite keeps any type in any column, and bytes equal no text: an exception would not hold them."""
    excepted = "https://acme-ai.com/careers/1"
    row = headline("acme", excepted, scope_of(conn, "acme-ai.com"), parts=("acme-ai.com", b"/careers/1", ""))
    assert not gets_in(conn, "headlines", row)


def test_a_nul_ends_nothing(conn: Connection) -> None:
    for url in ("https://acme-ai.com/x\x00/careers/", "https://acme-ai.com\x00.evil.net/"):
        assert not gets_in(conn, "headlines", headline("acme", url, scope_of(conn, "acme-ai.com")))


def test_replacing_a_row_is_judged_like_inserting_one(stored: Connection) -> None:
    if stored.dialect.name != "sqlite":
        pytest.skip("INSERT OR REPLACE is SQLite's")
    row = headline("acme", "https://evil.net/news/1", scope_of(stored, "acme-ai.com"), id="h2")
    assert not gets_in(stored, "headlines", row, verb="INSERT OR REPLACE INTO")
    assert not gets_in(stored, "headlines", row, verb="INSERT OR IGNORE INTO")


def test_constraints_that_are_switched_off_are_not_missed(stored: Connection) -> None:
    if stored.dialect.name != "sqlite":
        pytest.skip("constraints of PostgreSQL cannot be switched off by a pragma")
    stored.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
    whole = scope_of(stored, "acme-ai.com")
    parts = ("acme-ai.com", "/news/9", "")
    assert not gets_in(stored, "headlines", headline("acme", "https://evil.net/x", whole, parts=parts, id="h9"))
    assert not changes_to(stored, "headlines", url="https://evil.net/x")
    for path in ("/a b", "/a/../b", "/\u00e9"):
        row = headline("acme", f"https://acme-ai.com{path}", whole, parts=("acme-ai.com", path, ""), id="h9")
        assert not gets_in(stored, "headlines", row)


NO_HOSTS = (
    *("a..b.acme-ai.com", "..acme-ai.com", ".acme-ai.com", "-a.acme-ai.com", "a-.acme-ai.com", "a.-b.acme-ai.com"),
    *(
        "a_b.acme-ai.com",
        "A.acme-ai.com",
        "a b.acme-ai.com",
        "%61.acme-ai.com",
        f"{'a' * 64}.acme-ai.com",
        "acme-ai.com.",
    ),
    *("a.acme-ai.com.", "a.b-.acme-ai.com", f"{'a.' * 125}acme-ai.com"),
)


@pytest.mark.parametrize("host", NO_HOSTS)
def test_what_is_no_host_is_refused_by_the_guards_themselves(stored: Connection, host: str) -> None:
    """Also where the constraints of the tables are gone."""
    without_constraints(stored)
    below = scope_of(stored, "*.acme-ai.com")
    url = f"https://{host}/news/2"
    for scope in (below, scope_of(stored, "acme-ai.com")):
        row = headline("acme", url, scope, id="h2", parts=(host, "/news/2", ""))
        assert not gets_in(stored, "headlines", row)
        assert not gets_in(stored, "links", link("acme", url, scope))
    assert not changes_to(stored, "links", url=url, host=host, path="/news/2", scope_id=below)


def test_hosts_of_every_lawful_form_get_in(stored: Connection) -> None:
    without_constraints(stored)
    below = scope_of(stored, "*.acme-ai.com")
    for host in (
        "a.acme-ai.com",
        "a--b.c-1.acme-ai.com",
        "xn--bcher-kva.acme-ai.com",
        f"{'a' * 63}.acme-ai.com",
        "9.acme-ai.com",
    ):
        assert gets_in(stored, "headlines", headline("acme", f"https://{host}/x", below, id="h2")), host


def without_constraints(conn: Connection) -> None:
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        return
    for table in ("headlines", "links"):
        for name in ("url", "host", "path", "suffix"):
            conn.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")


def test_a_session_that_calls_itself_a_replica_is_judged_too(stored: Connection) -> None:
    if stored.dialect.name == "sqlite":
        pytest.skip("session_replication_role is PostgreSQL's")
    whole = scope_of(stored, "acme-ai.com")
    stored.exec_driver_sql("SET LOCAL session_replication_role = replica")
    assert not gets_in(stored, "headlines", headline("acme", EXCEPTED["url"], whole, id="h2"))
    assert not gets_in(stored, "links", link("acme", EXCEPTED["url"], whole))
    assert not changes_to(stored, "headlines", **ELSEWHERE)
    assert not changes_to(stored, "links", **ELSEWHERE)


def test_another_table_of_the_same_name_is_not_asked(conn: Connection) -> None:
    """A temporary table hides the real one from a session's own statements, not from the guard."""
    whole = scope_of(conn, "acme-ai.com")
    conn.execute(text("CREATE TEMPORARY TABLE scopes AS SELECT * FROM scopes"))
    conn.execute(text("UPDATE scopes SET host = 'evil.net', subdomains = (1 = 0)"))
    assert not gets_in(conn, "headlines", headline("acme", "https://evil.net/news/1", whole))
    assert gets_in(conn, "headlines", headline("acme", PAGE, whole))


def test_the_database_names_the_policy_and_our_own_fault(engine: Engine) -> None:
    with write(engine) as conn:
        put_in_force(conn, VENDORS)
        whole = scope_of(conn, "acme-ai.com")
    with pytest.raises(PolicyGuardError, match=guards.MARK), write(engine) as conn:
        insert(conn, "headlines", headline("acme", "https://evil.net/1", whole))
    with write(engine) as conn:
        assert conn.execute(schema.headlines.select()).all() == []


def test_without_the_guards_the_same_rows_would_get_in(conn: Connection) -> None:
    """These tests are about the guards: without them, what they refuse is taken."""
    row = headline("acme", "https://acme-ai.com/careers/1", scope_of(conn, "acme-ai.com"))
    for statement in guards.drops(conn.dialect.name):
        conn.exec_driver_sql(statement)
    assert gets_in(conn, "headlines", row)
    rebuild_rules(conn)
    assert not gets_in(conn, "headlines", row)


SEGMENTS = st.sampled_from(
    [
        "docs",
        "forum",
        "careers",
        "go",
        "borea",
        "Borea",
        "releases",
        "x",
        "%2F",
        "%2E",
        "a;b",
        "..",
        "~",
        "",
        "é",
        "a%20b",
    ]
)
HOSTS = st.sampled_from(
    [
        "acme-ai.com",
        "blog.acme-ai.com",
        "docs.borea.dev",
        "github.com",
        "evil.net",
        "acme-ai.com.evil.net",
        "xacme-ai.com",
    ]
)
ADDRESSES = st.builds(
    lambda host, path, tail: f"https://{host}/{'/'.join(path)}{tail}",
    HOSTS,
    st.lists(SEGMENTS, max_size=5),
    st.sampled_from(["", "?q=1", "#docs", "/?a=b#c"]),
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)  # the database is undone each time
@given(raw=ADDRESSES)
def test_policy_and_database_judge_alike(conn: Connection, raw: str) -> None:
    for vendor in VENDORS:
        verdict = policy.admit(vendor, raw)
        try:
            url = urls.parse(raw)
        except UrlError:
            continue
        if url.dotted:
            continue  # judged on the text as it came, which is not stored
        scopes = conn.execute(text("SELECT id FROM scopes WHERE vendor_id = :id"), {"id": vendor.id}).scalars().all()
        let_in = any(gets_in(conn, "headlines", headline(vendor.id, url.text, scope)) for scope in scopes)
        assert let_in is isinstance(verdict, policy.Admitted), (vendor.id, url.text)
