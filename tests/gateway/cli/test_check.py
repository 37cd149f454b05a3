import json
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from gateway.cli.check import FAULTY, check, look

app = Typer()
app.command()(check)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_what_comes_with_the_project_is_in_order() -> None:
    result = run()
    assert (result.exit_code, result.stdout) == (0, "everything is in order\n")


def test_faults_of_the_configuration_stand_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "warmline.yaml").write_text("http:\n  port: eighty\nshopp: 1\n")
    result = run()
    assert result.exit_code == FAULTY
    lines = result.stdout.splitlines()
    assert lines[0].startswith("warmline.yaml:2: http.port: ")
    assert lines[1].startswith("warmline.yaml:3: shopp: there is no such key; did you mean `shop`?")
    assert lines[2] == "2 faults, 0 warnings"


def test_a_broken_definition_and_a_missing_folder_are_found_together(tmp_path: Path) -> None:
    (tmp_path / "agent.yaml").write_text("nonsense: 1\n")
    (tmp_path / "warmline.yaml").write_text("agent:\n  definition: agent.yaml\n  knowledge: nowhere\n")
    result = run("--json")
    report = json.loads(result.stdout)
    assert result.exit_code == FAULTY
    assert any(fault.startswith("agent.yaml:1: ") for fault in report["faults"])
    assert any("the knowledge folder is missing" in text for text in report["faults"] + report["warnings"])


def test_an_article_that_cannot_be_used_is_a_fault_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "broken.md").write_text("no front matter\n")
    (tmp_path / "warmline.yaml").write_text("agent:\n  knowledge: articles\n")
    result = run()
    assert result.exit_code == FAULTY
    assert "articles/broken.md:1: " in result.stdout


def test_a_certificate_that_is_none_is_found_before_the_telephone_begins(tmp_path: Path) -> None:
    (tmp_path / "ours.pem").write_text("not a certificate")
    file = tmp_path / "warmline.yaml"
    ours = str(tmp_path / "ours.pem")
    telephone = {
        "listen": ["tls:127.0.0.1:5061"],
        "tls": {"certificate": ours, "private_key": ours},
        "trunks": [{"name": "line", "networks": ["127.0.0.1"], "transport": "tls"}],
        "numbers": [{"pattern": "*"}],
    }
    file.write_text(json.dumps({"telephone": telephone}))
    [finding] = look(file)
    assert finding.is_fault
    assert finding.text.startswith("telephone.tls: the TLS certificate cannot be used")
    assert ours in finding.text
