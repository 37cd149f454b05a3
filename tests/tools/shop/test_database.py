import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.shop_in_process import TODAY
from tools.shop.database import opened, transaction


def test_a_new_file_is_seeded_and_an_old_one_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    with closing(opened(path, TODAY)) as database:
        database.execute("UPDATE orders SET status = 'cancelled' WHERE order_id = '10951'")
        count = database.execute("SELECT count(*) FROM orders").fetchone()[0]
    with closing(opened(path, TODAY + timedelta(days=3))) as database:
        assert database.execute("SELECT count(*) FROM orders").fetchone()[0] == count
        row = database.execute("SELECT status, placed_on FROM orders WHERE order_id = '10951'").fetchone()
        assert tuple(row) == ("cancelled", (TODAY - timedelta(days=1)).isoformat())


def test_a_transaction_that_fails_leaves_no_trace() -> None:
    with closing(opened(":memory:", TODAY)) as database:
        with pytest.raises(RuntimeError), transaction(database):
            database.execute("DELETE FROM lines")
            raise RuntimeError
        assert database.execute("SELECT count(*) FROM lines").fetchone()[0] > 1_000


def test_what_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    path.write_text("not a database, but long enough to be taken for one " * 50)
    with pytest.raises(sqlite3.DatabaseError):
        opened(path, TODAY)
