"""
Owners of leases: names of processes, by which others on the same machine recognise dead ones.

Without them, a killed process would block its sources for the length of a lease. A name contains the process number,
its start time and an identity of the machine, all available on Linux. Elsewhere no owner counts as dead, and leases
expire.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select, update

from ingest.store import schema

_PROC: Final = Path("/proc")
_NAME: Final = re.compile(r".*:(?P<pid>[0-9]+):(?P<birth>[0-9]+)@(?P<machine>[0-9a-f]+)")
_ENDED: Final = frozenset("ZX")
_TABLES: Final = (schema.source_states, schema.hosts, schema.candidates)


def name() -> str:
    """Name this process: host, number, birth and machine."""
    pid = os.getpid()
    birth, machine = _birth(pid), _machine()
    known = f":{birth}@{machine}" if birth and machine else ""
    return f"{socket.gethostname()}:{pid}{known}"


def is_dead(owner: str) -> bool:
    """Whether a name belongs to an ended process of this machine. In doubt it is alive."""
    named = _NAME.fullmatch(owner)
    if named is None or named["machine"] != _machine():
        return False
    pid = int(named["pid"])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # it is another user's
        return False
    return _birth(pid) not in {None, named["birth"]}


@cache
def _machine() -> str:
    """Return the identity of this boot and this space of process numbers, or "" where it is unavailable."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        space = (_PROC / "self/ns/pid").readlink()
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {space}".encode()).hexdigest()[:16]


def _birth(pid: int) -> str | None:
    """Return the start time of a process, "" for an ended one, None where it is unavailable (proc(5))."""
    try:
        state, *fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return "" if state in _ENDED else fields[18]


def dead(conn: Connection) -> frozenset[str]:
    """List dead holders of leases."""
    held = [select(table.c.lease_owner).where(table.c.lease_owner.is_not(None)).distinct() for table in _TABLES]
    held[-1] = held[-1].where(schema.candidates.c.status == "pending")  # which an index knows
    return frozenset(owner for query in held for owner in conn.execute(query).scalars() if is_dead(owner))


def release(conn: Connection, owners: Iterable[str], *, host_free_at: datetime) -> None:
    """Give back the leases of dead holders. Their hosts may be asked again from `host_free_at` on."""
    for table in _TABLES:
        values: dict[str, Any] = {"lease_owner": None, "lease_until": None}
        if table is schema.hosts:
            values["free_at"] = host_free_at
        conn.execute(update(table).where(table.c.lease_owner.in_(owners)).values(values))
