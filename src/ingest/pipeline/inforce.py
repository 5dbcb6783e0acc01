"""The list in force: how a file becomes it, and when it must wait (CONTRACT §2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ingest import allowlist
from ingest.model import Allowlist
from ingest.pipeline.placing import choose_again
from ingest.rules import RULES_VERSION
from ingest.store import Engine, lists
from ingest.store import engine as database


class Standing(StrEnum):
    """The result of handing in a list (CONTRACT §2, "The list in force")."""

    IN_FORCE = "in force"
    APPLIED = "applied"
    STALE = "stale"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Accepted:
    """
    The list in force, its generation, and the result for the list handed in.

    `removal` and `applied` describe the effect of the new list on sources and stored headlines. For a held list they
    describe the effect it would have.
    """

    standing: Standing
    generation: int
    allowlist: Allowlist
    removal: lists.Removal | None = None
    applied: lists.Applied | None = None


def in_force(engine: Engine, last: Accepted | None = None) -> Accepted | None:
    """
    Return the list in force, or None where the database has none yet.

    Args:
        last: An earlier result, returned again unparsed while its generation is still in force.
    """
    with database.read(engine) as conn:
        now = lists.in_force(conn)
    if now is None:
        return None
    if last is not None and last.generation == now.generation:
        return last
    return _accepted(now)


def standing(engine: Engine, candidate: Allowlist) -> Standing | None:
    """Return whether a list is in force or is stale, or None for a list unknown to the database."""
    with database.read(engine) as conn:
        now = lists.in_force(conn)
        if now is not None and now.digest == candidate.digest:
            return Standing.IN_FORCE
        return Standing.STALE if lists.known_digest(conn, candidate.digest) else None


def _accepted(now: lists.InForce) -> Accepted:
    return Accepted(
        Standing.IN_FORCE, now.generation, allowlist.parse(now.text.encode(), "the list in force", private=True)
    )


def accept(
    engine: Engine,
    candidate: Allowlist,
    *,
    at: datetime,
    by: str,
    why: str,
    confirm: bool = False,
    deliberate: bool = False,
) -> Accepted:
    """
    Put a list in force if it may be.

    Args:
        deliberate: Apply the list although it was replaced before, or although it is in force and its scopes, vendors
            or sources were changed in the database by hand.
        confirm: Apply the list although it removes a quarter of the sources, a scope with headlines, or any headline or
            link from the views.

    Returns:
        The list in force afterwards: the old one where the new one is stale or held.
    """
    with database.read(engine) as conn:
        now = lists.in_force(conn)
        if (
            now is not None
            and now.digest == candidate.digest
            and not (deliberate and lists.is_altered(conn, candidate))
        ):
            return Accepted(Standing.IN_FORCE, now.generation, candidate)
    with database.write(engine) as conn:
        database.serialise(conn, database.LOCK_LIST)  # what is judged below must still hold when the list is applied
        now = lists.in_force(conn)
        current = _accepted(now) if now is not None else None
        is_same = current is not None and current.allowlist.digest == candidate.digest
        if current is not None and is_same and not (deliberate and lists.is_altered(conn, candidate)):
            return current
        if current is not None and not deliberate and lists.known_digest(conn, candidate.digest):
            return replace(current, standing=Standing.STALE)
        removal = lists.removal(conn, candidate)
        with conn.begin_nested() as attempt:
            applied = lists.apply(
                conn, candidate, at=at, by=by, why=why, rules_version=RULES_VERSION, confirmed=confirm
            )
            much = removal.needs_confirmation or applied.takes_out
            if current is not None and much and not confirm:
                attempt.rollback()
                return replace(current, standing=Standing.HELD, removal=removal, applied=applied)
        choose_again(conn, applied.generation)
        return Accepted(Standing.APPLIED, applied.generation, candidate, removal, applied)
