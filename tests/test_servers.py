import asyncio
import socket
import subprocess
from pathlib import Path

import asyncpg
import pytest

from tests import servers

pytestmark = pytest.mark.timeout(120)


@pytest.mark.postgres
def test_postgres_gives_each_test_its_own_empty_database(
    postgres: servers.Postgres, postgres_url: str
) -> None:
    async def tables(url: str) -> int:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            await connection.execute("create table mark (n int)")
            return int(
                await connection.fetchval("select count(*) from pg_tables where schemaname = 'public'")
            )
        finally:
            await connection.close()

    assert asyncio.run(tables(postgres_url)) == 1
    postgres.create_database("another")
    assert asyncio.run(tables(postgres.url("another"))) == 1


@pytest.mark.redis
def test_redis_is_empty_at_the_start_of_each_test(redis: str, redis_url: str) -> None:
    port = int(redis_url.rsplit(":", 1)[1].split("/")[0])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"SET mark 1\r\n")
        assert connection.recv(16) == b"+OK\r\n"
        servers.empty_redis(redis)
        connection.sendall(b"EXISTS mark\r\n")
        assert connection.recv(16) == b":0\r\n"


def test_a_missing_program_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(servers.ServerMissing, match="apt-get install redis-server"), servers.redis_server():
        pass


def test_a_server_that_dies_at_once_shows_its_log(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo out of cheese; exit 1"]
    with (
        pytest.raises(RuntimeError, match="out of cheese"),
        servers._running(command, tmp_path, servers._free_port(), None),
    ):
        pass


def test_a_server_is_gone_after_its_block() -> None:
    with servers.redis_server() as url:
        port = url.rsplit(":", 1)[1].split("/")[0]
    assert subprocess.run(["redis-cli", "-p", port, "ping"], capture_output=True).returncode != 0
