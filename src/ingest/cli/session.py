"""The context of a command: its settings, and the database, allow-list and fetcher by these settings."""

from __future__ import annotations

import difflib
import getpass
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ingest import settings as declared
from ingest.cli import render
from ingest.errors import StoreError, UsageError
from ingest.settings import Settings

if TYPE_CHECKING:
    from ingest.fetch import Fetcher
    from ingest.model import Allowlist
    from ingest.pipeline import Accepted
    from ingest.store import Connection, Engine

NAMED: Final = 5
"""The most names in a sentence."""


def now() -> datetime:
    """Return the time of our clock."""
    return datetime.now(UTC)


def load(*, sources: str | None = None, database: str | None = None) -> Settings:
    """Read the settings. Warn about unknown variables, and about settings without an effect."""
    for name, similar in declared.strays(os.environ).items():
        hint = f"did you mean {similar}?" if similar else "`ingest settings` shows those there are."
        render.note(f"Warning: {name} is no setting and does nothing; {hint}")
    settings = declared.load({"--sources": sources, "--database": database}, os.environ)
    for sentence in declared.idle(settings):
        render.note(f"Warning: {sentence}")
    return settings


def warn_anonymous(settings: Settings) -> None:
    """Warn about requests to real vendors without a contact."""
    default = declared.Origin.DEFAULT
    anonymous = settings.origins["INGEST_CONTACT"] is default and settings.origins["INGEST_USER_AGENT"] is default
    if anonymous and not settings.connect_to:
        render.note(
            "Warning: INGEST_CONTACT is not set, so the vendors are told no address at which they can reach you; set "
            "it to a web page or mail address of yours."
        )


def operator() -> str:
    """Return the operator for the record: user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id that has no name, as in many containers
        user = f"uid{os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def configure_log(settings: Settings, *, quiet: bool = False) -> None:
    """Log to standard error. With `quiet`, log only warnings and errors."""
    import logging

    from ingest import log, masking

    as_json = settings.log is declared.LogStyle.JSON
    hidden = masking.secrets(settings.database_url)
    log.configure(as_json=as_json, level=logging.WARNING if quiet else logging.INFO, hidden=hidden)


@contextmanager
def making(settings: Settings) -> Iterator[Engine]:
    """Open the database to write it. A missing SQLite database is made, with a note of its place."""
    from ingest.store.engine import create_if_missing, location, open_engine

    engine = open_engine(settings.database_url)
    try:
        if create_if_missing(engine):
            render.note(f"Made the database {location(engine)}")
        yield engine
    finally:
        engine.dispose()


@contextmanager
def showing(settings: Settings) -> Iterator[Engine]:
    """Open the database for a page, as `reading` does. A missing database is made."""
    from ingest.store.engine import open_engine

    engine = open_engine(settings.database_url)
    path = path_of(engine)
    engine.dispose()
    is_made = path is None or (path.exists() and path.stat().st_size)
    with (reading if is_made else making)(settings) as engine:
        yield engine


@contextmanager
def reading(settings: Settings) -> Iterator[Engine]:
    """
    Open an existing database. A mistyped path makes no empty one.

    SQLite needs files beside a database. In a read-only directory the database is read as it is, with a warning.

    Raises:
        StoreError: The database is missing, or has another schema.
    """
    from ingest.store.engine import frozen, open_engine, require_schema

    engine = open_engine(settings.database_url)
    try:
        missing = missing_file(engine)
        if missing is not None:
            demo = demo_beside(engine)
            raise StoreError(
                NO_DATABASE if demo is None else f"{NO_DATABASE} {WHERE_DEMO.format(demo)}", subject=str(missing)
            )
        unchanging = frozen(engine)
        if unchanging is not None:
            engine.dispose()
            engine, sentence = unchanging
            render.note(f"Warning: {sentence}")
        require_schema(engine)
        yield engine
    finally:
        engine.dispose()


NO_DATABASE: Final = "there is no database yet; `ingest poll` makes it, or name another with --database."
WHERE_DEMO: Final = "What the demo showed lies beside it: --database sqlite:///{}"


def demo_beside(engine: Engine) -> Path | None:
    """Return the path of a demo's database beside this one, or None."""
    path = path_of(engine)
    demo = None if path is None else demo_path(path)
    return demo if demo is not None and demo.exists() else None


def demo_path(path: Path) -> Path:
    """Return the path for a demo's database beside a real one."""
    return path.with_name(f"{path.stem}-demo{path.suffix}")


def note_demo(engine: Engine, conn: Connection) -> None:
    """Name the place of a demo's database, if nothing is stored in this one."""
    from ingest.store import queries

    demo = demo_beside(engine)
    if demo is not None and queries.is_empty(conn):
        render.note(f"Nothing is stored yet. {WHERE_DEMO.format(demo)}")


def clock(conn: Connection) -> datetime:
    """Return the time for ages: ours, or the stopped clock of a demo's database."""
    from ingest.store import queries

    at = queries.demo_at(conn)
    if at is None:
        return now()
    render.note(f"This is the demo's database, recorded samples; ages are by its own clock, {at:%Y-%m-%d %H:%M}Z.")
    return at


def missing_database(settings: Settings) -> Path | None:
    """Return the path of the SQLite database in the settings if its file is missing, else None."""
    from ingest.store.engine import open_engine

    engine = open_engine(settings.database_url)
    try:
        return missing_file(engine)
    finally:
        engine.dispose()


def missing_file(engine: Engine) -> Path | None:
    """Return the path of a SQLite database if its file is missing, else None."""
    path = path_of(engine)
    return None if path is None or path.exists() else path


def path_of(engine: Engine) -> Path | None:
    """Return the path of a SQLite database. None for one in memory, under a `file:` address, or of PostgreSQL."""
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return None
    return Path(name).absolute()


def make_fetcher(settings: Settings) -> Fetcher:
    """Make the fetcher for the settings. `share_slots` connects it with an open database."""
    from ingest.fetch import Fetcher, FetchSettings, parse_connect_to

    return Fetcher(
        FetchSettings(
            user_agent=settings.user_agent,
            timeout=settings.timeout,
            max_bytes=settings.max_bytes,
            host_gap=settings.host_gap,
            ca_file=settings.ca_file,
            connect_to=parse_connect_to(settings.connect_to),
            private_networks=settings.private_networks,
        ),
        now=now,
    )


def share_slots(fetcher: Fetcher, settings: Settings, engine: Engine) -> None:
    """Let a fetcher share host slots and robots.txt records with all processes on the database."""
    from ingest.pipeline import SharedHostLimiter, SharedRobotsCache

    fetcher.limiter = SharedHostLimiter(engine, worker(), timeout=settings.timeout, gap=settings.host_gap, now=now)
    fetcher.robots_cache = SharedRobotsCache(engine)


def worker() -> str:
    """Return the name of this process for its leases."""
    from ingest.store import owners

    return owners.name()


def is_watched() -> bool:
    """Whether standard error is a terminal."""
    return render.is_terminal(sys.stderr)


def note_standing(accepted: Accepted, path: Path) -> None:
    """Print the standing of the file on standard error, unless it was in force already."""
    from ingest.pipeline import Standing

    match accepted.standing:
        case Standing.APPLIED:
            render.note(f"{path} is now in force, as generation {accepted.generation}.")
        case Standing.STALE:
            render.note(
                f"{path} was in force once and has been replaced: generation {accepted.generation} stays in force. "
                f"To go back to the file on purpose: ingest sources apply {path}"
            )
        case Standing.HELD:
            render.note(
                f"{path} removes much ({describe_removal(accepted)}): generation {accepted.generation} stays in "
                f"force. If that is meant: ingest sources apply {path} --confirm"
            )
        case Standing.IN_FORCE:
            pass


def describe_removal(accepted: Accepted) -> str:
    """Describe the removals by a list, or return "" without any."""
    removal, applied = accepted.removal, accepted.applied
    if removal is None or applied is None:
        return ""
    parts = []
    if removal.sources:
        named = ", ".join(removal.sources[:NAMED]) + (", …" if len(removal.sources) > NAMED else "")
        parts.append(f"{len(removal.sources)} of {render.count(removal.listed, 'source')}: {named}")
    parts += [
        f'the scope "{scope}" of {vendor}, with {render.count(number, "headline")}'
        for vendor, scope, number in removal.scopes
    ]
    if applied.takes_out:
        counts = ((applied.revoked, "headline"), (applied.links_revoked, "further link"))
        out = " and ".join(render.count(number, what) for number, what in counts if number)
        more = ", …" if applied.revoked + applied.links_revoked > len(applied.addresses) else ""
        parts.append(f"{out} outside the new list: {', '.join(applied.addresses)}{more}")
    return "; ".join(parts)


def list_in_force(settings: Settings) -> Allowlist | None:
    """Return the list in force, or None without a list or a database."""
    from ingest import pipeline

    if missing_database(settings) is not None:
        return None
    with reading(settings) as engine:
        accepted = pipeline.in_force(engine)
    return accepted.allowlist if accepted else None


def require_known(name: str, known: Sequence[str], what: str, *, in_file: bool = False) -> None:
    """
    Check a name against the list in force, or against the list in the file.

    Raises:
        UsageError: The name is unknown. The message has the most similar name.
    """
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    way = "`ingest sources check` names the file that is read" if in_file else "`ingest sources list` shows them"
    hint = f'did you mean "{near[0]}"?' if near else f"{way}."
    raise UsageError(f"no such {what} in the {'allow-list' if in_file else 'list in force'}; {hint}", subject=name)
