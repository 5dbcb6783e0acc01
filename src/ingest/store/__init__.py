"""
The database: SQLite or PostgreSQL, with the same behaviour (docs/decisions/0001).

`schema` holds the tables, `guards` the policy in SQL, `views` the public views, `engine` connections, transactions and
migrations. Each kind of record has a module of its own. The package returns no database rows, only
values of `model`, `dedupe`, `judging` and `queries`.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine

__all__ = ["Connection", "Engine"]
