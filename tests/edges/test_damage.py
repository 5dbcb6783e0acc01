"""Raw damage, one kind a row of a table: `ingest db check` names each where it is, on both engines."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from ingest.model import Allowlist, Kind, Source
from ingest.store import guards
from ingest.store.checks import check, contents
from ingest.store.engine import open_engine, upgrade, write
from support.raw_sql import WRITTEN, headline, insert, link, put_in_force, vendors_of

VENDORS = vendors_of({"acme": {"official": ["acme-ai.com", "!acme-ai.com/careers/"]}})
SOURCES = (Source("acme/news", "acme", Kind.FEED, "https://acme.example/feed", "x"),)
LIST = Allowlist("d", "", VENDORS, SOURCES)
PAGE = "https://acme-ai.com/news/1"


@dataclass(frozen=True)
class Damage:
    """What somebody does by hand, in which engine, and what of it is named."""

    named: str
    sqlite: tuple[str, ...] = ()
    postgresql: tuple[str, ...] = ()

    def statements(self, engine: Engine) -> tuple[str, ...]:
        return self.sqlite if engine.dialect.name == "sqlite" else self.postgresql


def both(named: str, *statements: str) -> Damage:
    return Damage(named, statements, statements)


def rewritten(table: str, old: str, new: str) -> tuple[str, ...]:
    """Change the text of a table as SQLite keeps it."""
    old, new = (text_.replace("'", "''") for text_ in (old, new))
    return (
        "PRAGMA writable_schema = ON",
        f"UPDATE sqlite_master SET sql = replace(sql, '{old}', '{new}') WHERE type = 'table' AND name = '{table}'",
        "PRAGMA writable_schema = RESET",
    )


GUARDS = (
    Damage("trigger guard_links_update on links (missing)", ("DROP TRIGGER guard_links_update",)),
    Damage(
        "trigger guard_headlines_update on headlines (changed)",
        (
            "DROP TRIGGER guard_headlines_update",
            "CREATE TRIGGER guard_headlines_update BEFORE UPDATE ON headlines WHEN 0 BEGIN SELECT 1; END",
        ),
    ),
    Damage("trigger guard_links on links (missing)", (), ("DROP TRIGGER guard_links ON links",)),
    Damage("trigger hold_list on headlines (missing)", (), ("DROP TRIGGER hold_list ON headlines",)),
    Damage("trigger guard_links on links (missing)", (), ("DROP FUNCTION guard_links() CASCADE",)),
    Damage("trigger guard_links on links (changed)", (), ("ALTER TABLE links DISABLE TRIGGER guard_links",)),
    Damage("trigger guard_links on links (changed)", (), ("ALTER TABLE links ENABLE TRIGGER guard_links",)),
    Damage("trigger hold_list on links (changed)", (), ("ALTER TABLE links ENABLE REPLICA TRIGGER hold_list",)),
    *(
        Damage(
            "trigger guard_headlines on headlines (changed)",
            (),
            (
                "DROP TRIGGER guard_headlines ON headlines",
                f"CREATE TRIGGER guard_headlines {how} EXECUTE FUNCTION guard_headlines()",
                "ALTER TABLE headlines ENABLE ALWAYS TRIGGER guard_headlines",
            ),
        )
        for how in (
            "BEFORE INSERT ON headlines FOR EACH ROW",
            "AFTER INSERT OR UPDATE ON headlines FOR EACH ROW",
            "BEFORE INSERT OR UPDATE OF title ON headlines FOR EACH ROW",
            "BEFORE INSERT OR UPDATE ON headlines FOR EACH ROW WHEN (NEW.title <> 'x')",
        )
    ),
    Damage(
        "trigger guard_links on links (changed)",
        (),
        (
            "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "DROP TRIGGER guard_links ON links",
            "CREATE TRIGGER guard_links BEFORE INSERT OR UPDATE ON links FOR EACH ROW EXECUTE FUNCTION other()",
            "ALTER TABLE links ENABLE ALWAYS TRIGGER guard_links",
        ),
    ),
    Damage(
        "trigger hold_list on links (changed)",
        (),
        (
            (
                "CREATE OR REPLACE FUNCTION hold_list() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp"
                " AS 'BEGIN RETURN NULL; END'"
            ),
        ),
    ),
    Damage("trigger guard_links on links (changed)", (), ("ALTER FUNCTION guard_links() SECURITY DEFINER",)),
    Damage("trigger guard_links on links (changed)", (), ("ALTER FUNCTION guard_links() STABLE",)),
    Damage("trigger guard_links on links (changed)", (), ("ALTER FUNCTION guard_links() SET search_path = pg_temp",)),
    Damage("trigger guard_links on links (changed)", (), ("ALTER FUNCTION guard_links() SET work_mem = '1MB'",)),
)

_SPY = "CREATE FUNCTION spy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
FOREIGN = (
    Damage(
        "trigger spy on headlines",
        ("CREATE TRIGGER spy AFTER INSERT ON headlines BEGIN SELECT 1; END",),
        (_SPY, "CREATE TRIGGER spy AFTER INSERT ON headlines FOR EACH ROW EXECUTE FUNCTION spy()"),
    ),
    Damage(
        "trigger spy on v1_links",
        ("CREATE TRIGGER spy INSTEAD OF INSERT ON v1_links BEGIN SELECT 1; END",),
        (_SPY, "CREATE TRIGGER spy INSTEAD OF INSERT ON v1_links FOR EACH ROW EXECUTE FUNCTION spy()"),
    ),
    Damage(
        "trigger aaa on scopes",
        ("CREATE TRIGGER aaa BEFORE UPDATE ON scopes BEGIN SELECT 1; END",),
        (_SPY, "CREATE TRIGGER aaa BEFORE UPDATE ON scopes FOR EACH ROW EXECUTE FUNCTION spy()"),
    ),
    Damage("rule quiet on links", (), ("CREATE RULE quiet AS ON UPDATE TO links DO INSTEAD NOTHING",)),
    Damage("rule quiet on v1_headlines", (), ("CREATE RULE quiet AS ON INSERT TO v1_headlines DO INSTEAD NOTHING",)),
    Damage("table more that inherits from headlines", (), ("CREATE TABLE more () INHERITS (headlines)",)),
    Damage("table more that inherits from scopes", (), ("CREATE TABLE more () INHERITS (scopes)",)),
    Damage("policy few on scopes", (), ("CREATE POLICY few ON scopes USING (true)",)),
)

VIEWS = (
    both("view v1_rejections (missing)", "DROP VIEW v1_rejections"),
    both(
        "view v1_changes (changed)",
        "DROP VIEW v1_changes",
        "CREATE VIEW v1_changes AS SELECT g.seq, g.at, g.kind, g.headline_id, g.story_id, 1 AS revision FROM changes g",
    ),
    both(
        "view v1_changes (changed)",
        "DROP VIEW v1_changes",
        "CREATE TABLE v1_changes AS SELECT g.seq, g.at, g.kind, g.headline_id, g.story_id, g.revision FROM changes g",
    ),
    Damage(
        "view v1_changes (changed)",
        (),
        (
            "DROP VIEW v1_changes",
            (
                "CREATE MATERIALIZED VIEW v1_changes AS SELECT g.seq, g.at, g.kind, g.headline_id, g.story_id, g.revision"
                " FROM changes g"
            ),
        ),
    ),
    Damage("view v1_changes (changed)", (), ("ALTER VIEW v1_changes SET (security_invoker = true)",)),
)

TABLES = (
    Damage(
        "constraint ck_headlines_host of headlines (missing)",
        rewritten("headlines", "CONSTRAINT ck_headlines_host CHECK", "CONSTRAINT ck_headlines_other CHECK"),
        ("ALTER TABLE headlines DROP CONSTRAINT ck_headlines_host",),
    ),
    Damage(
        "constraint ck_links_url of links (changed)",
        rewritten("links", "CHECK (url = 'https://' ||", "CHECK (url = 'http' || 's://' ||"),
        (
            "ALTER TABLE links DROP CONSTRAINT ck_links_url",
            "ALTER TABLE links ADD CONSTRAINT ck_links_url CHECK (url <> '')",
        ),
    ),
    Damage(
        "constraint ck_headlines_state of headlines (changed)",
        rewritten("headlines", "'live', 'withdrawn', 'revoked'", "'live', 'withdrawn', 'revoked', 'hidden'"),
        (
            "ALTER TABLE headlines DROP CONSTRAINT ck_headlines_state",
            (
                "ALTER TABLE headlines ADD CONSTRAINT ck_headlines_state"
                " CHECK (\"state\" IN ('live', 'withdrawn', 'revoked')) NOT VALID"
            ),
        ),
    ),
    Damage(
        "constraint ck_links_more of links (not ours)",
        rewritten(
            "links",
            "CONSTRAINT ck_links_url CHECK",
            "CONSTRAINT ck_links_more CHECK (1), CONSTRAINT ck_links_url CHECK",
        ),
        ("ALTER TABLE links ADD CONSTRAINT ck_links_more CHECK (url <> 'x')",),
    ),
    Damage(
        "links",  # the engines call a reference by its own names
        rewritten(
            "links", "FOREIGN KEY(scope_id) REFERENCES scopes (id)", "FOREIGN KEY(scope_id) REFERENCES vendors (id)"
        ),
        ("ALTER TABLE links DROP CONSTRAINT fk_links_scope_id",),
    ),
    Damage("constraint fk_links_scope_id of links (changed)", (), ("ALTER TABLE links DISABLE TRIGGER ALL",)),
    both("column more of scopes (not ours)", "ALTER TABLE scopes ADD COLUMN more TEXT"),
    Damage(
        "column host of scopes (changed)",
        rewritten("scopes", "host TEXT NOT NULL", "host TEXT"),
        ("ALTER TABLE scopes ALTER COLUMN host DROP NOT NULL",),
    ),
    Damage(
        "scopes",
        rewritten("scopes", "host TEXT NOT NULL", "host TEXT NOT NULL COLLATE NOCASE"),
        ('ALTER TABLE scopes ALTER COLUMN host TYPE TEXT COLLATE "C"',),
    ),
    both("index ix_links_url of links (missing)", "DROP INDEX ix_links_url"),
    both(
        "index ix_links_url of links (changed)",
        "DROP INDEX ix_links_url",
        "CREATE INDEX ix_links_url ON links (url, rel)",
    ),
    both("index one of links (not ours)", "CREATE UNIQUE INDEX one ON links (url)"),
    Damage("table scopes (changed)", (), ("ALTER TABLE scopes ENABLE ROW LEVEL SECURITY",)),
)

ROWS = (
    both("vendor acme (home is https://evil.net/)", "UPDATE vendors SET home = 'https://evil.net/'"),
    both("vendor acme (name is Other)", "UPDATE vendors SET name = 'Other'"),
    both("vendor acme (missing)", "UPDATE vendors SET until_generation = 1"),
    both(
        "vendor evil (not in the list)",
        "INSERT INTO vendors (id, name, home, since_generation) VALUES ('evil', 'Evil', 'https://evil.net/', 1)",
    ),
    both("source acme/news (url is https://evil.net/feed)", "UPDATE sources SET url = 'https://evil.net/feed'"),
    both("source acme/news (role is press)", "UPDATE sources SET role = 'press'"),
    both(
        "source acme/more (not in the list)",
        "INSERT INTO sources (id, vendor_id, kind, role, url, host, digest, enabled, since_generation)"
        " VALUES ('acme/more', 'acme', 'feed', 'news', 'https://evil.net/', 'evil.net', 'x', TRUE, 1)",
    ),
    both("story that shows what is not in it: s1", "UPDATE stories SET headline_id = 'h2' WHERE id = 's1'"),
    both("story that shows what is not in it: s1", "UPDATE stories SET headline_id = 'gone' WHERE id = 's1'"),
    both(
        "story that shows what is not in it: s1",
        "INSERT INTO story_languages (story_id, lang, headline_id) VALUES ('s1', 'ja', 'h2')",
    ),
    both(
        "scope differs from the list: acme: exception",
        "UPDATE scopes SET path_before = '/x/' WHERE text LIKE '%careers/'",
    ),
    Damage(
        "reference leads nowhere: scopes.vendor_id to acme",
        (),
        (
            "SET LOCAL session_replication_role = replica",
            "DELETE FROM vendors",
            "SET LOCAL session_replication_role = origin",
        ),
    ),
)


def fill(engine: Engine) -> Engine:
    """Two headlines, each with all that belongs to it."""
    with write(engine) as conn:
        put_in_force(conn, VENDORS)
        scope = conn.execute(text("SELECT id FROM scopes WHERE text = 'acme-ai.com'")).scalar_one()
        for number in (1, 2):
            put_whole(conn, number, scope)
    return engine


@pytest.fixture
def stored(engine: Engine) -> Engine:
    return fill(engine)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file to be copied: what is written into its own schema cannot be undone."""
    path = tmp_path_factory.mktemp("damage") / "original.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    fill(engine).dispose()
    return path


@pytest.fixture(scope="module")
def shared(postgresql: Callable[[], str]) -> Iterator[Engine]:
    """A PostgreSQL database, every damage to which is undone."""
    engine = open_engine(postgresql())
    yield fill(engine)
    engine.dispose()


def put_whole(conn: Connection, number: int, scope: int) -> None:
    url = f"https://acme-ai.com/news/{number}"
    insert(conn, "headlines", headline("acme", url, scope, id=f"h{number}", story_id=f"s{number}"))
    insert(conn, "links", link("acme", url, scope, headline_id=f"h{number}", rel="primary"))
    values = {"id": f"h{number}", "story": f"s{number}", "url": url, "at": WRITTEN}
    for statement in (
        "UPDATE stories SET headline_id = :id WHERE id = :story",
        "INSERT INTO story_joins (headline_id, story_id, rule, evidence, joined_at) VALUES (:id, :story, 'first', '[]', :at)",
        (
            "INSERT INTO headline_keys (owner, kind, value, headline_id, first_seen_at, capture_id)"
            " VALUES ('acme', 'url', :url, :id, :at, 1)"
        ),
        (
            "INSERT INTO revisions (headline_id, revision, at, source_id, capture_id, generation, rules_version, url, title,"
            " summary, categories, published_precision) VALUES (:id, 1, :at, 'acme/news', 1, 1, '1', :url, 't', '', '[]', 'none')"
        ),
        "INSERT INTO changes (at, kind, headline_id, story_id, revision, generation) VALUES (:at, 'created', :id, :story, 1, 1)",
    ):
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        conn.execute(text(statement), used)


def faults(engine: Engine, listed: Allowlist = LIST) -> list[str]:
    return [finding.what for finding in check(engine, listed) if finding.level == "fault"]


def test_without_damage_there_is_no_fault(stored: Engine) -> None:
    assert faults(stored) == []
    upgrade(stored)
    assert faults(stored) == []


ALL = (*GUARDS, *FOREIGN, *VIEWS, *TABLES, *ROWS)


def do(conn: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        conn.exec_driver_sql(statement, execution_options={"no_parameters": True})


def faults_of(conn: Connection) -> list[str]:
    return [finding.what for finding in contents(conn, LIST) if finding.level == "fault"]


@pytest.mark.parametrize("damage", [one for one in ALL if one.sqlite], ids=lambda damage: damage.named)
def test_damage_to_sqlite_is_named_where_it_is(original: Path, tmp_path: Path, damage: Damage) -> None:
    engine = open_engine(f"sqlite:///{shutil.copy(original, tmp_path)}")
    with write(engine) as conn:
        do(conn, damage.sqlite)
    engine.dispose()  # a connection keeps what it read of the schema
    with write(engine) as conn:
        message = faults_of(conn)
    engine.dispose()
    assert any(damage.named in fault for fault in message), message


@pytest.mark.parametrize("damage", [one for one in ALL if one.postgresql], ids=lambda damage: damage.named)
def test_damage_to_postgresql_is_named_where_it_is(shared: Engine, damage: Damage) -> None:
    with write(shared) as conn, conn.begin_nested() as attempt:
        do(conn, damage.postgresql)
        message = faults_of(conn)
        attempt.rollback()
    assert any(damage.named in fault for fault in message), message


def test_an_upgrade_makes_guards_and_views_anew(stored: Engine) -> None:
    for damage in (*GUARDS, VIEWS[1]):
        statements = damage.statements(stored)
        if statements:
            with write(stored) as conn:
                do(conn, statements)
                assert faults_of(conn) != []
            upgrade(stored)
            assert faults(stored) == [], damage.named


def test_what_others_add_for_themselves_is_no_damage(stored: Engine) -> None:
    with write(stored) as conn:
        conn.exec_driver_sql("CREATE TABLE notes (id INTEGER PRIMARY KEY, url TEXT)")
        conn.exec_driver_sql("CREATE INDEX notes_on_titles ON headlines (title)")
        conn.exec_driver_sql("CREATE VIEW report AS SELECT id FROM v1_headlines")
    assert faults(stored) == []


def test_a_list_with_a_history_gives_no_false_alarm(stored: Engine) -> None:
    """Exceptions, revocations, another scope for the same page, and all of it back."""
    for lines in (
        ["acme-ai.com", "!acme-ai.com/news/1"],
        ["acme-ai.com/news/", "!acme-ai.com/news/2"],
        ["acme-ai.com/blog/"],
        ["*.acme-ai.com", "acme-ai.com", "!acme-ai.com/news/*"],
        ["acme-ai.com"],
    ):
        vendors = vendors_of({"acme": {"official": lines}})
        with write(stored) as conn:
            put_in_force(conn, vendors, digest=lines[0])
        assert faults(stored, Allowlist("d", "", vendors, SOURCES)) == [], lines
    with write(stored) as conn:
        assert conn.execute(text("SELECT count(*) FROM v1_links")).scalar_one() == 2


def test_guards_that_are_gone_let_through_what_the_rows_then_show(stored: Engine) -> None:
    with write(stored) as conn:
        for statement in guards.drops(conn.dialect.name):
            conn.exec_driver_sql(statement)
        conn.execute(
            text("UPDATE links SET url = 'https://evil.net/x', host = 'evil.net', path = '/x' WHERE headline_id = 'h1'")
        )
    upgrade(stored)
    assert faults(stored) == ["1 × of the links in no official scope: h1 https://evil.net/x"]
