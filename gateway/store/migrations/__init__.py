"""The steps from an empty database to the schema of `gateway/store/tables.py`, run by Alembic."""
