"""
The database: SQLite or PostgreSQL, with the same meaning (docs/decisions/0001).

`schema` holds the tables, `guards` the policy in SQL, `views` the public views, `engine` connections, transactions and
migrations. Each kind of record has a module of its own. Rows never leave this package: it returns values of `model`,
`dedupe`, `judging` and `queries`.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine

__all__ = ["Connection", "Engine"]
