"""Runs the shop as a process: the token in on stdin, the port out on stdout, gone when stdin ends.

A parent that is killed closes the pipe, so the shop never outlives it. The token comes on stdin because
command lines and environments can be read by others.
"""

import argparse
import json
import os
import socket
import sqlite3
import sys
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path

import uvicorn

from tools.shop.app import shop_app
from tools.shop.database import opened
from tools.shop.store import ShopStore

_LONGEST_LINE = 4096
_USAGE = 'the first line on stdin must be {"token": "…"} with at least 16 characters'


def main() -> int:
    """Serve until stdin ends or SIGTERM; exit code 2 for bad input, 1 for a database that cannot be used."""
    options = _options()
    token = _token(_first_line())
    if token is None:
        print(f"tools.shop: {_USAGE}", file=sys.stderr)  # noqa: T201
        return 2
    try:
        connection = opened(options.database, options.today)
    except sqlite3.Error as error:
        print(f"tools.shop: cannot use {options.database}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    try:
        listener = socket.create_server(("127.0.0.1", options.port))
    except OSError as error:
        print(f"tools.shop: cannot listen on port {options.port}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    with listener:
        config = uvicorn.Config(
            shop_app(ShopStore(connection, time.time), token),
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)
        threading.Thread(target=_watch_stdin, args=(server,), name="stdin", daemon=True).start()
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)  # noqa: T201
        server.run(sockets=[listener])
    connection.close()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.shop", description="Fernhill Outfitters, a demo shop."
    )
    parser.add_argument(
        "--database", type=Path, required=True, help="SQLite file; made and seeded if missing"
    )
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument(
        "--today",
        type=date.fromisoformat,
        default=datetime.now(UTC).date(),
        help="date that a fresh database is seeded around (default: today, UTC)",
    )
    return parser.parse_args()


def _first_line() -> bytes:
    # Unbuffered: a buffered reader could not be shared with the thread that waits for the end.
    line = b""
    while not line.endswith(b"\n") and len(line) < _LONGEST_LINE and (byte := os.read(0, 1)):
        line += byte
    return line


def _token(line: bytes) -> str | None:
    try:
        token = json.loads(line)["token"]
    except (ValueError, KeyError, TypeError):
        return None
    return token if isinstance(token, str) and len(token) >= 16 else None


def _watch_stdin(server: uvicorn.Server) -> None:
    while os.read(0, _LONGEST_LINE):
        pass
    server.should_exit = True


if __name__ == "__main__":
    sys.exit(main())
