import asyncio
import json
import socket
from pathlib import Path

import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

from gateway import config
from gateway.cli.agents import open_accounts
from gateway.cli.serve import UNAVAILABLE, WRONG_USAGE, Screen, _people, serve
from gateway.health import Part, State

app = Typer()
app.command()(serve)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_a_configuration_that_cannot_be_used_is_one_line_and_exit_2(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("http:\n  prot: 1\n")
    result = CliRunner().invoke(app, ["--config", "mine.yaml"])
    assert result.exit_code == WRONG_USAGE
    assert result.stderr == "mine.yaml:2: http.prot: there is no such key; did you mean `port`?\n"


def test_a_port_that_is_taken_is_one_line_and_exit_69() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = CliRunner().invoke(app, ["--port", str(port)])
    assert result.exit_code == UNAVAILABLE
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("warmline serve: "))
    assert f"cannot listen on 127.0.0.1 port {port}" in line


def test_the_command_line_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "warmline.yaml").write_text("http:\n  port: 1\n")
    result = CliRunner().invoke(app, ["--host", "203.0.113.1", "--port", "2"])
    assert result.exit_code == UNAVAILABLE
    assert "cannot listen on 203.0.113.1 port 2" in result.stderr


def test_the_screen_shows_parts_come_up_and_why_one_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(Console(stderr=True, width=200))
    screen.listening("http://127.0.0.1:1")
    screen.changed("agent", Part(State.UP))
    screen.changed("voice", Part(State.DOWN, "a [file] is missing"))
    shown = capsys.readouterr()
    assert shown.out.startswith("Warmline: http://127.0.0.1:1 ")
    assert shown.err.splitlines() == [" ✓ agent up", " ✗ voice down: a [file] is missing"]


def test_accounts_stand_after_the_address_which_programs_read_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen(Console(stderr=True), ["a line about accounts"]).listening("http://127.0.0.1:1")
    address, desk, people = capsys.readouterr().out.splitlines()
    assert address.startswith("Warmline: http://127.0.0.1:1 ") and people == "a line about accounts"
    assert desk.startswith("Desk: http://127.0.0.1:1/desk ")


def test_on_a_fresh_machine_it_says_how_to_make_an_account_and_makes_none() -> None:
    [line] = asyncio.run(_people(config.load(), demo_agents=False))
    assert "`warmline agents add NAME`" in line
    assert asyncio.run(_people(config.load(), demo_agents=False)) == [line]


def test_people_to_try_the_desk_are_made_when_asked_for_and_shown_once(tmp_path: Path) -> None:
    (tmp_path / "warmline.yaml").write_text("queues: {named: [{name: billing}]}\n")
    first = asyncio.run(_people(config.load(), demo_agents=True))
    file = tmp_path / "warmline" / "demo-agents.json"
    kept = json.loads(file.read_text())
    shown = [f"Desk account made to try it: {name}, password {kept[name]}" for name in ("alex", "sam")]
    assert first == [*shown, f"The passwords of the desk's demo accounts are in {file}"]
    assert asyncio.run(_people(config.load(), demo_agents=True)) == first[2:]
    assert queues_of_everybody() == [{"billing", "general"}] * 2
    assert asyncio.run(_people(config.load(), demo_agents=False)) == []
    file.unlink()
    [line] = asyncio.run(_people(config.load(), demo_agents=True))
    assert "warmline agents password" in line


def queues_of_everybody() -> list[frozenset[str]]:
    async def main() -> list[frozenset[str]]:
        async with open_accounts(config.load()) as accounts:
            return [account.queues for account in await accounts.all()]

    return asyncio.run(main())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "203.0.113.1"])
def test_made_up_people_are_for_this_machine_only(host: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--demo-agents", "--host", host])
    assert result.exit_code == WRONG_USAGE
    assert f"listens on {host}" in result.stderr and "warmline agents add" in result.stderr
    assert not (tmp_path / "warmline").exists()
