"""The open days of each vendor: their likeness is decided when they are settled (docs/decisions/0004)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Delete, Select, bindparam, delete, select

from ingest.store import schema
from ingest.store.engine import add_missing

_DAYS = schema.story_days


def reopen(conn: Connection, vendor_id: str, days: Iterable[date]) -> None:
    """Reopen days, so that their likeness is decided again."""
    rows = [{"vendor_id": vendor_id, "day": day} for day in sorted({day.toordinal() for day in days})]
    add_missing(conn, _DAYS, rows)


def ready(conn: Connection, vendor_id: str, until: date) -> set[date]:
    """Read the open days of a vendor up to one."""
    ordinals = conn.execute(_ready_days(), {"vendor": vendor_id, "until": until.toordinal()}).scalars()
    return {date.fromordinal(ordinal) for ordinal in ordinals}


def close(conn: Connection, vendor_id: str, until: date) -> None:
    """Close the open days of a vendor up to one."""
    conn.execute(_deletion(), {"vendor": vendor_id, "until": until.toordinal()})


@cache
def _ready_days() -> Select[Any]:
    return select(_DAYS.c.day).where(*_is_ready())


@cache
def _deletion() -> Delete:
    return delete(_DAYS).where(*_is_ready())


def _is_ready() -> tuple[ColumnElement[bool], ...]:
    return _DAYS.c.vendor_id == bindparam("vendor"), _DAYS.c.day <= bindparam("until")


def vendors_to_settle(conn: Connection, until: date) -> list[str]:
    """List the vendors with open days up to one."""
    query = select(_DAYS.c.vendor_id).where(_DAYS.c.day <= until.toordinal()).distinct().order_by(_DAYS.c.vendor_id)
    return list(conn.execute(query).scalars())
