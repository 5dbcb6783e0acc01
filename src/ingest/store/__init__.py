"""
The database: SQLite or PostgreSQL, one meaning (docs/decisions/0001).

`schema` the tables, `guards` the policy in SQL, `views` what others read, `engine` connections, transactions and
migrations; one module a kind of record beside them. Rows do not leave this package: values of `model`, `dedupe` and
`queries` do.
"""
