"""Where everything that lasts is kept, in SQLite or PostgreSQL.

`store.py`, `sql.py`                        contacts: session records and their events; the `Store` protocol
                                            and the one implementation, which batches commits
`account_store.py`, `sql_accounts.py`       our own people and their sign-ins
`desk_records.py`, `sql_desk_records.py`    wrap-ups, follow-ups, customers' history, the audit
`file_store.py`, `sql_files.py`             files that customers and agents send each other
`database.py`    opens the database and does one transaction at a time
`tables.py`      the schema
`migrations/`    how a database gets there, run at every start

An event is a row (session, seq) that is written once and never changed, except that erasing a person
empties its `pii` column. The row's key is also the guard against two processes that write to one
session: the second one fails with `SecondWriter` and has to read again. Columns of the session record
follow from events in the same transaction, so record and log cannot disagree.

Everything that passes `tests/contracts/store.py` is a store; `accounts.py` and `desk_records.py` beside it
hold for the others.
"""
