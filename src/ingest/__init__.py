"""The system of record for official AI announcements."""

__version__ = "0.1.0"
