"""The system of record for official AI announcements."""

from __future__ import annotations

__version__ = "0.1.0"

SCHEMA = "20261201_0005"
"""The migration needed by this version. A test compares it with the newest one in alembic/versions."""
