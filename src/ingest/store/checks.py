"""
Whether a database still is what it promises to be: its own soundness, guards, views, scopes, records and ledger.

Dropping a guard or changing a scope by hand is administration, and nobody is kept from it; here it is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from sqlalchemy import Connection, Engine, text

from ingest.errors import StoreError
from ingest.model import Allowlist, Fate
from ingest.store import captures, guards, lists, views
from ingest.store import engine as database

_RESTORE: Final = "restore it from a backup"

SHOWN: Final = 5
"""Records of one kind that a finding names; the number says how many there are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found: `what` is a sentence, `remedy` the way out, "" where all is well."""

    level: Literal["ok", "warning", "fault"]
    what: str
    remedy: str = ""


def check(engine: Engine, allowlist: Allowlist | None) -> list[Finding]:
    """
    Look at everything; a database of a million headlines takes a minute or two.

    Args:
        allowlist: The list in force, parsed from the text that is stored with it; None when there is none.

    Raises:
        SchemaError: The database is at another schema, so that nothing can be said about it.
    """
    database.require_schema(engine)
    try:
        with database.read(engine) as conn:
            found = list(_soundness(conn))
    except StoreError as error:  # so damaged that even this question cannot be answered
        found = [_verdict("", "the file is damaged", [error.message], _RESTORE)]
    if found[0].level == "fault":
        return found  # what stands in a damaged file cannot be asked
    # A write transaction on PostgreSQL, because expected views are made beside the real ones, and always undone.
    with database.read(engine) if engine.dialect.name == "sqlite" else database.write(engine) as conn:
        looks = (_guards, _views, partial(_scopes, allowlist=allowlist), _policy, _records, _captures)
        for look in (each(conn) for each in looks):
            found += look
    if (weakness := database.weakness(engine)) is not None:
        found.append(Finding("warning", weakness, "until then let one process at a time write, and keep a backup."))
    return found


def _soundness(conn: Connection) -> Iterator[Finding]:
    if conn.dialect.name != "sqlite":
        yield Finding("ok", f"PostgreSQL {conn.execute(text('SHOW server_version')).scalar_one()} answers.")
        return
    wrong = [row[0] for row in conn.exec_driver_sql("PRAGMA integrity_check(20)") if row[0] != "ok"]
    if not wrong:  # of a damaged file this question has no answer
        wrong = [f"{row[0]} refers to a missing {row[2]}" for row in conn.exec_driver_sql("PRAGMA foreign_key_check")]
    yield _verdict("The file is sound.", "the file is damaged", wrong, _RESTORE)


def _verdict(well: str, ill: str, wrong: list[str], remedy: str) -> Finding:
    if not wrong:
        return Finding("ok", well)
    shown = ", ".join(wrong[:SHOWN]) + (", …" if len(wrong) > SHOWN else "")
    return Finding("fault", f"{len(wrong)} × {ill}: {shown}", f"{remedy}.")


_REMAKE: Final = "find out who changed it, then run `ingest db upgrade`, which makes guards and views anew"


def _guards(conn: Connection) -> Iterator[Finding]:
    """Compare the triggers, to the letter, with those of this version."""
    if conn.dialect.name == "sqlite":
        rows = conn.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'trigger'").scalars()
        wrong = [_name(statement) for statement in set(guards.creates("sqlite")) - set(rows)]
    else:
        wrong = list(_changed_functions(conn))
    yield _verdict("The guards are in place.", "guard missing or changed", sorted(wrong), _REMAKE)


def _name(statement: str) -> str:
    return statement.split()[2].removesuffix("()")


def _changed_functions(conn: Connection) -> Iterator[str]:
    """A guard is whole when its trigger is enabled for every write and its function has our text and search path."""
    rows = conn.execute(
        text(
            "SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = current_schema() AND t.tgenabled IN ('O', 'A')"
            " AND p.proconfig = ARRAY[format('search_path=%I, pg_temp', current_schema())]"
            # Bits of pg_trigger.h: for each row, before, on insert, on update.
            " AND t.tgname = 'guard_' || c.relname AND t.tgtype & 23 = 23"
        )
    )
    there = {name: body.strip() for name, body in rows}
    for statement in guards.creates("postgresql"):
        if statement.startswith("CREATE FUNCTION"):
            name, body = _name(statement), statement.split("$guard$")[1].strip()
            if there.get(name) != body:
                yield name


def _views(conn: Connection) -> Iterator[Finding]:
    wrong: list[str] = []
    if conn.dialect.name == "sqlite":
        there = set(conn.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'view'").scalars())
        wrong = [name for name in views.NAMES if views.statement(name) not in there]
    else:
        for name in views.NAMES:
            with conn.begin_nested() as trial:  # PostgreSQL keeps no text, so the same view is made once more
                statement = views.statement(name).replace(f"VIEW {name}", f"VIEW expected_{name}", 1)
                definitions = "SELECT pg_get_viewdef(to_regclass(:name)), pg_get_viewdef(to_regclass(:expected))"
                conn.exec_driver_sql(statement, execution_options={"no_parameters": True})
                there_is, expected = conn.execute(
                    text(definitions), {"name": name, "expected": f"expected_{name}"}
                ).one()
                trial.rollback()
            wrong += [] if there_is == expected else [name]
    yield _verdict("The views are those of this version.", "view missing or changed", wrong, _REMAKE)


def _scopes(conn: Connection, allowlist: Allowlist | None) -> Iterator[Finding]:
    """Compare the scopes in force with those that the stored list says."""
    if allowlist is None:
        yield Finding("warning", "No list is in force yet.", "`ingest poll` puts sources.yaml in force.")
        return
    missing, foreign = lists.difference(conn, allowlist)
    remedy = "find out who changed the scopes by hand, then run `ingest sources apply`"
    wrong = [f"{scope} (missing)" for scope in missing] + [f"{scope} (not in the list)" for scope in foreign]
    yield _verdict("The scopes are those of the list in force.", "scope differs from the list", wrong, remedy)


def _policy(conn: Connection) -> Iterator[Finding]:
    """Judge every stored address again, whether a guard was there when it was written or not."""
    for table in ("headlines", "links"):
        statement = guards.broken(table, conn.dialect.name)
        wrong = [f"{row.id} {row.url}" for row in conn.exec_driver_sql(statement, execution_options=_VERBATIM)]
        remedy = "these were written past the guards; look at `ingest why ID` and withdraw or delete them"
        yield _verdict(f"All {table} are official.", f"of the {table} in no official scope", wrong, remedy)


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
        "The ledger balances.",
        "poll whose entries do not add up",
        f"SELECT p.id FROM polls p WHERE p.entries <> {' + '.join(Fate)}",  # noqa: S608 - our own names
    ),
    (
        "Every source has its state.",
        "source without a state",
        """SELECT c.id FROM sources c
            WHERE NOT EXISTS (SELECT 1 FROM source_states p WHERE p.source_id = c.id)""",
    ),
)


def _records(conn: Connection) -> Iterator[Finding]:
    for well, ill, statement in _RECORDS:
        wrong = [str(row[0]) for row in conn.exec_driver_sql(statement, execution_options=_VERBATIM)]
        yield _verdict(well, ill, wrong, "restore a backup, or tell the maintainers")
    waiting = conn.exec_driver_sql("SELECT count(*) FROM captures WHERE ingested_at IS NULL").scalar_one()
    if waiting:
        yield Finding("warning", f"{waiting} captures wait to be read.", "the next `ingest poll` reads them first.")


def _captures(conn: Connection) -> Iterator[Finding]:
    """Look at the evidence: every stored byte, and what this program could not make headlines of."""
    wrong = [f"{source_id} capture {number} ({why})" for source_id, number, why in captures.damaged(conn)]
    yield _verdict("The stored bytes are those that came.", "capture damaged", wrong, _RESTORE)
    aside = [f"{one.source_id} capture {one.id}" for one in captures.all_set_aside(conn)]
    remedy = "look at `ingest captures list`, then `ingest captures retry` or `discard`"
    yield _verdict("No document is set aside.", "document set aside", aside, remedy)
