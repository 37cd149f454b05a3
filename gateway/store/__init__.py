"""Where contacts are kept: session records and their events, in SQLite or PostgreSQL.

`store.py`       the `Store` protocol: what everybody else knows
`sql.py`         the one implementation, on SQLAlchemy; commits of concurrent sessions are batched
`tables.py`      the schema
`migrations/`    how a database gets there, run at every start

An event is a row (session, seq) that is written once and never changed, except that erasing a person
empties its `pii` column. The row's key is also the guard against two processes that write to one
session: the second one fails with `SecondWriter` and has to read again. Columns of the session record
follow from events in the same transaction, so record and log cannot disagree.

Everything that passes `tests/contracts/store.py` is a store.
"""
