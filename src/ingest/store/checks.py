"""
Checks of a database against its promises: its own soundness, guards, views, scopes, records and ledger.

An administrator may drop a guard or change a scope by hand. These checks find it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, Engine, select, text

from ingest.errors import Remedy, StoreError
from ingest.model import Allowlist, EntryOutcome
from ingest.store import captures, guards, lists, schema, structure
from ingest.store import engine as database

SHOWN: Final = 5
"""Records of one kind named in a finding, which also gives their number."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: a sentence and the way out, if there is one."""

    level: Literal["ok", "warning", "fault"]
    what: str
    remedy: Remedy | None = None


def check(engine: Engine, allowlist: Allowlist | None) -> list[Finding]:
    """
    Check everything. A database of a million headlines takes a minute or two.

    Args:
        allowlist: The list in force, parsed from its stored text, or None.

    Raises:
        SchemaError: The database is at another schema, so no check applies.
    """
    database.require_schema(engine)
    try:
        with database.read(engine) as conn:
            findings = list(_soundness(conn))
    except StoreError as error:  # so damaged that even this question cannot be answered
        findings = [_verdict("", "the file is damaged", [error.message], Remedy.RESTORE)]
    if findings[0].level == "fault":
        return findings  # what stands in a damaged file cannot be asked
    # A write transaction on PostgreSQL, because what is expected is made there for comparison, and always undone.
    with database.read(engine) if engine.dialect.name == "sqlite" else database.write(engine) as conn:
        findings += contents(conn, allowlist)
    if (weakness := database.weakness(engine)) is not None:
        findings.append(Finding("warning", weakness, Remedy.ONE_WRITER))
    return findings


def contents(conn: Connection, allowlist: Allowlist | None) -> Iterator[Finding]:
    """Check the contents of a sound database. On PostgreSQL the connection must be allowed to write."""
    yield from _structure(conn)
    yield from _listed(conn, allowlist)
    yield from _policy(conn)
    yield from _records(conn)
    yield from _captures(conn)


def _soundness(conn: Connection) -> Iterator[Finding]:
    if conn.dialect.name != "sqlite":
        yield Finding("ok", f"PostgreSQL {conn.execute(text('SHOW server_version')).scalar_one()} answers.")
        return
    wrong = [row[0] for row in conn.exec_driver_sql("PRAGMA integrity_check(20)") if row[0] != "ok"]
    if not wrong:  # of a damaged file this question has no answer
        wrong = [f"{row[0]} refers to a missing {row[2]}" for row in conn.exec_driver_sql("PRAGMA foreign_key_check")]
    yield _verdict("The file is sound.", "the file is damaged", wrong, Remedy.RESTORE)


def _dangling(conn: Connection) -> Iterator[str]:
    """Find rows with missing references, since a session may switch foreign keys off (session_replication_role)."""
    for table in schema.metadata.sorted_tables:
        for key in table.foreign_keys:
            lost = key.column.table.alias()
            column, target = key.parent, lost.c[key.column.name]
            is_there = select(target).where(target == column).exists()
            query = select(column).where(column.is_not(None), ~is_there).limit(SHOWN)
            rows = conn.execute(query).scalars()
            yield from (f"{table.name}.{column.name} to {value}" for value in rows)


def _verdict(well: str, ill: str, wrong: list[str], remedy: Remedy) -> Finding:
    if not wrong:
        return Finding("ok", well)
    shown = ", ".join(wrong[:SHOWN]) + (", …" if len(wrong) > SHOWN else "")
    return Finding("fault", f"{len(wrong)} × {ill}: {shown}", remedy)


def _structure(conn: Connection) -> Iterator[Finding]:
    """Compare tables, guards and views with those of this version, definition by definition."""
    difference = structure.difference(conn)
    yield _verdict("The guards are in place.", "guard missing or changed", difference.guards, Remedy.REMAKE_RULES)
    what = "object that acts on our tables"
    yield _verdict("Nothing else acts on our tables.", what, difference.foreign, Remedy.DROP_FOREIGN)
    yield _verdict(
        "The views are those of this version.", "view missing or changed", difference.views, Remedy.REMAKE_RULES
    )
    remedy = Remedy.RESTORE_DEFINITION
    yield _verdict("The tables are those of this version.", "definition that differs", difference.tables, remedy)


def _listed(conn: Connection, allowlist: Allowlist | None) -> Iterator[Finding]:
    """Compare the scopes, vendors and sources in force with the stored list."""
    if allowlist is None:
        yield Finding("warning", "No list is in force yet.", Remedy.POLL_FIRST)
        return
    missing, foreign = lists.difference(conn, allowlist)
    wrong = [f"{scope} (missing)" for scope in missing] + [f"{scope} (not in the list)" for scope in foreign]
    yield _verdict(
        "The scopes are those of the list in force.", "scope differs from the list", wrong, Remedy.APPLY_FOR_SCOPES
    )
    wrong = lists.altered(conn, allowlist)
    well = "The vendors and sources are those of the list in force."
    yield _verdict(well, "row differs from the list", wrong, Remedy.APPLY_FOR_ROWS)


def _policy(conn: Connection) -> Iterator[Finding]:
    """Judge every stored address again, whether a guard was there when it was written or not."""
    for table in ("headlines", "links"):
        statement = guards.broken(table, conn.dialect.name)
        wrong = [f"{row.id} {row.url}" for row in conn.exec_driver_sql(statement, execution_options=_VERBATIM)]
        yield _verdict(f"All {table} are official.", f"of the {table} in no official scope", wrong, Remedy.WITHDRAW)


_VERBATIM: Final = {"no_parameters": True}

_RECORDS: Final = (
    (
        "Every headline shows its newest revision.",
        "headline without the revision that it shows",
        """SELECT h.id FROM headlines h WHERE NOT EXISTS (SELECT 1 FROM revisions r WHERE r.headline_id = h.id
               AND r.revision = h.revision AND r.title = h.title AND r.url = h.url)""",
    ),
    (
        "Every headline is in the change log.",
        "headline without its change",
        """SELECT h.id FROM headlines h WHERE NOT EXISTS
               (SELECT 1 FROM changes c WHERE c.headline_id = h.id AND c.kind = 'created')""",
    ),
    (
        "Every headline has its link, its story, and a key or claim by which it is known again.",
        "headline without link, story, or key and claim",
        """SELECT h.id FROM headlines h WHERE NOT EXISTS (SELECT 1 FROM links l WHERE l.headline_id = h.id)
               OR NOT EXISTS (SELECT 1 FROM story_joins j WHERE j.headline_id = h.id AND j.story_id = h.story_id)
               OR NOT EXISTS (SELECT 1 FROM headline_keys k WHERE k.headline_id = h.id
                              UNION ALL SELECT 1 FROM claims c WHERE c.headline_id = h.id)""",  # keys may be shared
    ),
    (
        "Every story is of its vendor and shows a headline of its own.",
        "story that shows what is not in it",
        """SELECT t.id FROM stories t WHERE NOT EXISTS (SELECT 1 FROM headlines h
                  WHERE h.id = t.headline_id AND h.story_id = t.id AND h.vendor_id = t.vendor_id)
            UNION SELECT l.story_id FROM story_languages l WHERE NOT EXISTS (SELECT 1 FROM headlines h
                  WHERE h.id = l.headline_id AND h.story_id = l.story_id)
            UNION SELECT h.story_id FROM headlines h JOIN stories t ON t.id = h.story_id WHERE t.vendor_id <> h.vendor_id""",
    ),
    (
        "The ledger balances.",
        "poll whose entries do not add up",
        f"SELECT p.id FROM polls p WHERE p.entries <> {' + '.join(EntryOutcome)}",  # noqa: S608 - our own names
    ),
    (
        "Every source has its state.",
        "source without a state",
        """SELECT c.id FROM sources c
            WHERE NOT EXISTS (SELECT 1 FROM source_states p WHERE p.source_id = c.id)""",
    ),
)


def _records(conn: Connection) -> Iterator[Finding]:
    if conn.dialect.name != "sqlite":  # which has been asked about its references as a whole
        yield _verdict(
            "Every reference leads to a row.", "reference leads nowhere", list(_dangling(conn)), Remedy.RESTORE
        )
    for well, ill, statement in _RECORDS:
        wrong = [str(row[0]) for row in conn.exec_driver_sql(statement, execution_options=_VERBATIM)]
        yield _verdict(well, ill, wrong, Remedy.RESTORE_OR_REPORT)
    waiting = conn.exec_driver_sql("SELECT count(*) FROM captures WHERE ingested_at IS NULL").scalar_one()
    if waiting:
        what = "1 capture waits" if waiting == 1 else f"{waiting} captures wait"
        yield Finding("warning", f"{what} to be read.", Remedy.POLL_NEXT)


def _captures(conn: Connection) -> Iterator[Finding]:
    """Check the evidence: every stored byte, and the captures set aside."""
    wrong = [f"{source_id} capture {number} ({why})" for source_id, number, why in captures.damaged(conn)]
    yield _verdict("The stored bytes are those that came.", "capture damaged", wrong, Remedy.RESTORE)
    aside = [f"{one.source_id} capture {one.id}" for one in captures.all_set_aside(conn)]
    yield _verdict("No document is set aside.", "document set aside", aside, Remedy.RETRY_CAPTURES)
