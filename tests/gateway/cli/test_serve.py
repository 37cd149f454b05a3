import socket
from pathlib import Path

import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

from gateway.cli.serve import UNAVAILABLE, WRONG_USAGE, Screen, serve
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
