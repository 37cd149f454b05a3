import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.weights import download
from gateway.weights.download import Patience, Wanted
from gateway.weights.errors import Damaged, NoSpace, NotThere, Unreachable
from tests.fakes.registry_server import Page, RegistryServer, registry_server
from tests.gateway.weights.samples import WHOLE

QUICK = Patience(connect_s=1, silence_s=0.2, attempts=4, connects=2, pause_s=0.001)


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        running.pages["/file"] = Page(WHOLE)
        yield running


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target"


def bring(address: str, target: Path, at_most: int = len(WHOLE)) -> list[tuple[int, int]]:
    heard: list[tuple[int, int]] = []

    async def run() -> None:
        async with httpx.AsyncClient() as client:
            wanted = Wanted(address, target, at_most)
            await download.download(client, wanted, QUICK, lambda *news: heard.append(news))

    asyncio.run(run())
    return heard


def test_a_file_arrives_and_is_reported_up_to_its_size(server: RegistryServer, target: Path) -> None:
    heard = bring(f"{server.url}/file", target)
    assert target.read_bytes() == WHOLE
    assert heard[-1] == (len(WHOLE), len(WHOLE))


def test_a_cut_transfer_goes_on_where_it_stopped(server: RegistryServer, target: Path) -> None:
    server.pages["/file"].cuts = [100_000, 50_000]
    heard = bring(f"{server.url}/file", target)
    assert target.read_bytes() == WHOLE
    assert server.requests("/file") == [None, "bytes=100000-", "bytes=150000-"]
    assert heard[-1] == (len(WHOLE), len(WHOLE))


def test_what_an_earlier_process_left_is_kept(server: RegistryServer, target: Path) -> None:
    target.write_bytes(WHOLE[:123_456])
    bring(f"{server.url}/file", target)
    assert target.read_bytes() == WHOLE
    assert server.requests("/file") == ["bytes=123456-"]


def test_a_server_without_ranges_starts_over(server: RegistryServer, target: Path) -> None:
    server.pages["/file"].knows_ranges = False
    target.write_bytes(b"leftover")
    bring(f"{server.url}/file", target)
    assert target.read_bytes() == WHOLE


def test_a_complete_leftover_costs_one_question(server: RegistryServer, target: Path) -> None:
    target.write_bytes(WHOLE)
    bring(f"{server.url}/file", target)
    assert target.read_bytes() == WHOLE
    assert server.requests("/file") == [f"bytes={len(WHOLE)}-"]


def test_a_leftover_longer_than_the_file_is_thrown_away(server: RegistryServer, target: Path) -> None:
    target.write_bytes(WHOLE + b"something else")
    bring(f"{server.url}/file", target)
    assert target.read_bytes() == WHOLE


def test_a_busy_server_is_asked_again(server: RegistryServer, target: Path) -> None:
    server.pages["/file"].busy = 2
    bring(f"{server.url}/file", target)
    assert target.read_bytes() == WHOLE


def test_a_server_that_stays_busy_is_given_up(server: RegistryServer, target: Path) -> None:
    server.pages["/file"].busy = 99
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1: answered 503"):
        bring(f"{server.url}/file", target)
    assert len(server.asked) == QUICK.attempts


def test_what_is_not_there_is_not_asked_for_twice(server: RegistryServer, target: Path) -> None:
    with pytest.raises(NotThere, match="answered 404 for /gone"):
        bring(f"{server.url}/gone", target)
    assert len(server.asked) == 1
    assert not target.exists()


def test_a_server_that_falls_silent_is_given_up(server: RegistryServer, target: Path) -> None:
    server.pages["/hang/file"] = Page(WHOLE)
    with pytest.raises(Unreachable, match="127.0.0.1"):
        bring(f"{server.url}/hang/file", target)


def test_a_refused_connection_is_unreachable(target: Path) -> None:
    with registry_server() as gone:
        address = f"{gone.url}/file"
    with pytest.raises(Unreachable, match="127.0.0.1"):
        bring(address, target)


def test_a_server_that_sends_too_much_is_cut_off(server: RegistryServer, target: Path) -> None:
    with pytest.raises(Damaged, match="sends more than 1000 bytes"):
        bring(f"{server.url}/file", target, at_most=1000)
    assert not target.exists() or target.stat().st_size <= 1000


def test_a_full_disk_is_said_in_one_line(server: RegistryServer, target: Path) -> None:
    target.symlink_to("/dev/full")
    with pytest.raises(NoSpace, match=f"no space left in {target.parent}"):
        bring(f"{server.url}/file", target)


def test_a_folder_that_we_may_not_write_is_no_full_disk(server: RegistryServer, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Is a directory"):
        bring(f"{server.url}/file", tmp_path)


def test_cancelling_keeps_what_has_arrived(server: RegistryServer, target: Path) -> None:
    server.pages["/file"].cuts = [100_000]
    server.pages["/file"].busy = 0
    patience = Patience(connect_s=1, silence_s=5, attempts=2, connects=1, pause_s=600)

    async def run() -> None:
        cut = asyncio.Event()
        async with httpx.AsyncClient() as client, asyncio.TaskGroup() as group:
            wanted = Wanted(f"{server.url}/file", target, len(WHOLE))

            def heard(present: int, total: int) -> None:
                if present == 100_000:
                    cut.set()

            task = group.create_task(download.download(client, wanted, patience, heard), name="download")
            await cut.wait()
            task.cancel()

    asyncio.run(run())
    assert target.read_bytes() == WHOLE[:100_000]
