"""The shop as the process it is: started, asked, killed, and gone when its parent is."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools.connector import ShopConnector, ShopSettings, connected

TOKEN = "a-token-for-tests-only"
PATIENCE_S = 15


@contextmanager
def shop(database: Path) -> Iterator[tuple[subprocess.Popen[bytes], ShopSettings]]:
    command = [sys.executable, "-m", "tools.shop", "--database", str(database), "--today", "2026-11-22"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        try:
            process.stdin.write(json.dumps({"token": TOKEN}).encode() + b"\n")
            process.stdin.flush()
            port = json.loads(process.stdout.readline())["port"]
            yield process, ShopSettings(f"http://127.0.0.1:{port}", TOKEN)
        finally:
            process.kill()


async def refund(connector: ShopConnector) -> str:
    order = await connector.order("10523")
    assert order is not None
    return (await connector.refund("k" * 64, order, [order.lines[0].line_id], 8_400)).receipt_id


def test_a_killed_shop_remembers_what_it_did(tmp_path: Path) -> None:
    async def ask(settings: ShopSettings) -> tuple[str, int]:
        async with connected(settings) as connector:
            receipt_id = await refund(connector)
            order = await connector.order("10523")
            assert order is not None
            return receipt_id, order.refunded_cents

    answers = []
    for _ in range(2):
        with shop(tmp_path / "shop.sqlite") as (process, settings):
            answers.append(asyncio.run(ask(settings)))
            process.kill()
            process.wait(PATIENCE_S)
    assert answers == [("R-30001", 8_400), ("R-30001", 8_400)]


def test_it_ends_when_stdin_does_and_so_with_its_parent(tmp_path: Path) -> None:
    with shop(tmp_path / "shop.sqlite") as (process, _):
        assert process.stdin
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0


def test_it_ends_on_sigterm(tmp_path: Path) -> None:
    with shop(tmp_path / "shop.sqlite") as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) in {0, -signal.SIGTERM}


@pytest.mark.parametrize("line", [b"", b"hello\n", b'{"token": "short"}\n', b'["token"]\n', b"x" * 5_000])
def test_without_a_token_it_does_not_start(tmp_path: Path, line: bytes) -> None:
    command = [sys.executable, "-m", "tools.shop", "--database", str(tmp_path / "shop.sqlite")]
    ended = subprocess.run(command, input=line, capture_output=True, timeout=PATIENCE_S)
    assert ended.returncode == 2
    assert b"token" in ended.stderr
    assert not ended.stdout


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    path.write_text("not a database, but long enough to be taken for one " * 50)
    command = [sys.executable, "-m", "tools.shop", "--database", str(path)]
    line = json.dumps({"token": TOKEN}).encode() + b"\n"
    ended = subprocess.run(command, input=line, capture_output=True, timeout=PATIENCE_S)
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"tools.shop: cannot use")
    assert b"Traceback" not in ended.stderr
