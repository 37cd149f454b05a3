"""The shop's SQLite file: opened, given its tables, and seeded if it holds no customers."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from tools.shop import seed

_TABLES = """
CREATE TABLE IF NOT EXISTS customers (
    customer_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    zip TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS orders (
    order_id TEXT PRIMARY KEY CHECK (length(order_id) = 5),
    customer_id TEXT NOT NULL REFERENCES customers,
    version INTEGER NOT NULL DEFAULT 1,
    status TEXT NOT NULL CHECK (status IN ('processing', 'shipped', 'in_transit', 'delivered', 'cancelled')),
    placed_on TEXT NOT NULL,
    shipped_on TEXT,
    expected_on TEXT,
    delivered_on TEXT,
    carrier TEXT,
    tracking_number TEXT,
    ship_to TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS orders_by_customer ON orders (customer_id, placed_on DESC);

CREATE TABLE IF NOT EXISTS lines (
    line_id INTEGER PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders,
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    price_cents INTEGER NOT NULL CHECK (price_cents >= 0),
    refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded IN (0, 1))
) STRICT;
CREATE INDEX IF NOT EXISTS lines_by_order ON lines (order_id);

-- Every change ever made, with the key that makes it happen once and the answer that was given.
CREATE TABLE IF NOT EXISTS deeds (
    deed_id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    operation TEXT NOT NULL,
    subject TEXT NOT NULL,
    answer TEXT NOT NULL
) STRICT;

-- Every try to prove an identity. Proofs themselves are not kept.
CREATE TABLE IF NOT EXISTS tries (
    key TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
    at REAL NOT NULL,
    answer TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS tries_by_session ON tries (session_id);
CREATE INDEX IF NOT EXISTS tries_by_subject ON tries (subject, at);

CREATE TABLE IF NOT EXISTS tickets (
    receipt_id TEXT PRIMARY KEY,
    customer_id TEXT,
    email TEXT,
    category TEXT NOT NULL,
    subject TEXT NOT NULL,
    message TEXT NOT NULL
) STRICT;

-- Mail on its way out; the demo sends none.
CREATE TABLE IF NOT EXISTS outbox (
    mail_id INTEGER PRIMARY KEY AUTOINCREMENT,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    at REAL NOT NULL
) STRICT;
"""


def opened(path: str | Path, today: date) -> sqlite3.Connection:
    """A connection to the database at `path` (made if missing), seeded as of `today` if it was empty.

    Raises `sqlite3.Error` when the file cannot be used.
    """
    connection = sqlite3.connect(path, isolation_level=None, timeout=2.0)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript(_TABLES)
    with transaction(connection):
        if connection.execute("SELECT 1 FROM customers LIMIT 1").fetchone() is None:
            for purchase in seed.purchases(today):
                add(connection, purchase)
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; holds the write lock from the start, so that what is read inside stays true."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def add(connection: sqlite3.Connection, purchase: seed.Purchase) -> None:
    """Write an order with its lines, and its customer if new."""
    who = purchase.customer
    connection.execute(
        "INSERT OR IGNORE INTO customers VALUES (?, ?, ?, ?)", (who.customer_id, who.name, who.email, who.zip)
    )
    days = (purchase.placed_on, purchase.shipped_on, purchase.expected_on, purchase.delivered_on)
    tracking = f"NL{purchase.order_id}US" if purchase.shipped_on else None
    connection.execute(
        "INSERT INTO orders (order_id, customer_id, status, placed_on, shipped_on, expected_on, delivered_on,"
        " carrier, tracking_number, ship_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            purchase.order_id,
            who.customer_id,
            purchase.status,
            *(day.isoformat() if day else None for day in days),
            purchase.carrier,
            tracking,
            who.address,
        ),
    )
    connection.executemany(
        "INSERT INTO lines (order_id, sku, name, quantity, price_cents, refunded) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                purchase.order_id,
                product.sku,
                product.name,
                count,
                product.price_cents,
                purchase.status == "cancelled",
            )
            for product, count in purchase.products
        ],
    )
