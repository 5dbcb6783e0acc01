"""The system of record for official AI announcements."""

from __future__ import annotations

__version__ = "0.1.0"
