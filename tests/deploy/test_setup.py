"""The set-up of a fresh machine, with the slow programs replaced by recorders."""

import importlib.util
import os
import stat
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SETUP = ROOT / "deploy" / "setup"


def load() -> ModuleType:
    specification = importlib.util.spec_from_file_location("setup_script", SETUP / "setup.py")
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


class Machine:
    """A repository in a temporary folder, and every program that set-up ran in it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.setup = load()
        self.folder = folder
        self.ran: list[str] = []
        self.breaks = ""
        monkeypatch.chdir(folder)
        monkeypatch.setattr(self.setup, "ROOT", folder)
        monkeypatch.setattr(self.setup, "_run", self.run)
        monkeypatch.setattr(self.setup, "_uv_environment", dict)
        for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
            (folder / name).write_text(name)
        for name in ("uv", "node", "build", "sipvicious"):
            (folder / "deploy" / "setup").mkdir(parents=True, exist_ok=True)
            (folder / "deploy" / "setup" / f"{name}.lock").write_text(name)
        (folder / "web-demo" / "src").mkdir(parents=True)
        for name in ("package.json", "package-lock.json", "index.html", "src/main.tsx"):
            (folder / "web-demo" / name).write_text(name)

    def run(
        self,
        command: Sequence[str],
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        doing: str | None = None,
    ) -> None:
        """Pretend to run a program: leave what it would leave."""
        text = " ".join(command)
        self.ran.append(text)
        if self.breaks and self.breaks in text:
            raise self.setup.SetupError("broken")
        made = {
            "--editable": [".venv/bin/warmline"],
            " ci ": ["web-demo/node_modules/vite"],
            " build": ["web-demo/dist/index.html"],
        }
        if "-m venv" in text:
            program(self.folder / ".venv" / "bin", "python", "exit 0")
        for sign, files in made.items():
            for file in files if sign in f"{text} " else []:
                (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / file).touch()

    def count(self, sign: str) -> int:
        return sum(sign in text for text in self.ran)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path, monkeypatch)
    monkeypatch.setattr(made.setup, "_node", lambda: tmp_path)
    return made


def test_a_second_run_does_nothing(machine: Machine) -> None:
    for _ in range(2):
        machine.setup.environment(machine.setup.RUNTIME_LOCK)
        machine.setup.pages()
    assert machine.count("pip sync") == machine.count("--editable") == 1
    assert machine.count(" ci ") == machine.count("run --silent build") == 1


def test_installing_is_by_hash_and_our_own_build_is_pinned(machine: Machine) -> None:
    machine.setup.environment(machine.setup.RUNTIME_LOCK)
    (sync,) = [text for text in machine.ran if "pip sync" in text]
    assert "--require-hashes" in sync and sync.endswith("requirements.lock")
    (ours,) = [text for text in machine.ran if "--editable" in text]
    assert "--no-deps" in ours and "--build-constraints deploy/setup/build.lock" in ours
    (tool,) = [text for text in machine.ran if "--target" in text]
    assert "--require-hashes" in tool


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml", "deploy/setup/build.lock"])
def test_a_changed_lock_is_installed_again(machine: Machine, changed: str) -> None:
    machine.setup.environment(machine.setup.RUNTIME_LOCK)
    (machine.folder / changed).write_text("changed")
    machine.setup.environment(machine.setup.RUNTIME_LOCK)
    assert machine.count("pip sync") == 2


def test_a_demo_after_the_tests_keeps_the_development_packages(machine: Machine) -> None:
    machine.setup.environment(machine.setup.DEV_LOCK)
    machine.setup.environment(machine.setup.RUNTIME_LOCK)
    assert machine.count("pip sync") == 1
    machine.setup.environment(machine.setup.DEV_LOCK)
    assert machine.count("pip sync") == 1


def test_tests_after_a_demo_add_the_development_packages(machine: Machine) -> None:
    machine.setup.environment(machine.setup.RUNTIME_LOCK)
    machine.setup.environment(machine.setup.DEV_LOCK)
    assert machine.count("pip sync") == 2


@pytest.mark.parametrize("step", ["-m venv", "--target", "pip sync", "--editable"])
def test_a_set_up_that_broke_anywhere_is_done_again_from_there(machine: Machine, step: str) -> None:
    machine.breaks = step
    with pytest.raises(machine.setup.SetupError):
        machine.setup.environment(machine.setup.RUNTIME_LOCK)
    machine.breaks = ""
    machine.setup.environment(machine.setup.RUNTIME_LOCK)
    assert machine.count(step) == 2
    machine.setup.environment(machine.setup.RUNTIME_LOCK)
    assert machine.count(step) == 2


@pytest.mark.parametrize(
    ("rest", "people"),
    [([], True), (["--port", "9000"], True), (["--host", "0.0.0.0"], False), (["--host=0.0.0.0"], False)],
)
def test_a_demo_for_this_machine_has_people_to_try_the_desk_with(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, rest: list[str], people: bool
) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr(machine.setup.os, "execv", lambda program, words: became.append(words))
    monkeypatch.setattr(machine.setup, "models", lambda: None)
    machine.setup.demo(rest)
    assert became == [["warmline", "serve", *(["--demo-agents"] if people else []), *rest]]


def test_pages_are_built_again_when_a_source_changed_or_the_result_is_gone(machine: Machine) -> None:
    machine.setup.pages()
    (machine.folder / "web-demo/src/main.tsx").write_text("changed")
    machine.setup.pages()
    assert (machine.count(" ci "), machine.count("run --silent build")) == (1, 2)
    (machine.folder / "web-demo/dist/index.html").unlink()
    machine.setup.pages()
    assert machine.count("run --silent build") == 3
    (machine.folder / "web-demo/package-lock.json").write_text("changed")
    machine.setup.pages()
    assert machine.count(" ci ") == 2


def test_built_pages_and_packages_are_no_sources(machine: Machine) -> None:
    sources = {str(path) for path in machine.setup._page_sources()}
    machine.setup.pages()
    assert {str(path) for path in machine.setup._page_sources()} == sources
    assert "web-demo/src/main.tsx" in sources


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(("version", "own"), [("v20.19.0", True), ("v24.1.2", True), ("v20.18.9", False)])
def test_a_node_that_is_too_old_is_replaced_by_the_one_in_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, own: bool
) -> None:
    machine = Machine(tmp_path, monkeypatch)
    program(tmp_path / "programs", "node", f"echo {version}")
    program(tmp_path / "programs", "npm", "")
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    found = machine.setup._node()
    assert (found == tmp_path / "programs") is own
    assert machine.count("node.lock") == (0 if own else 1)
    npm = tmp_path / ".venv" / "bin" / "npm"
    assert npm.exists() is not own, "the wheel's npm is put where `warmline models pull` finds it"
    assert own or os.access(npm, os.X_OK)


def test_programs_for_tests_come_from_apt_for_root(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.setup, "_is_there", lambda commands, files: "initdb" in commands)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    machine.setup.programs()
    assert machine.ran[1].startswith("apt-get install --yes --no-install-recommends chromium redis-server")
    assert "postgresql" not in machine.ran[1]


def test_who_is_not_root_is_given_the_command(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.setup, "_is_there", lambda commands, files: False)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(
        machine.setup.SetupError,
        match=r"run `sudo apt-get install .* chromium redis-server postgresql [^`]+`",
    ):
        machine.setup.programs()
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(machine.setup.SetupError, match="this system's package tool"):
        machine.setup.programs()


def test_the_telephone_is_tested_with_programs_of_others(machine: Machine) -> None:
    assert {"baresip-core", "sip-tester", "kamailio", "kamailio-tls-modules"} <= set(machine.setup.PROGRAMS)
    machine.setup._tool("sipvicious")
    assert "--require-hashes" in machine.ran[-1] and machine.ran[-1].endswith("sipvicious.lock")


def test_tests_run_side_by_side_but_for_those_that_need_the_machine_alone(machine: Machine) -> None:
    first, second = (" ".join(command) for command, _ in machine.setup._tests([]).values())
    assert (
        "-m 'not alone' --numprocesses" in first
        and "--last-failed" in first
        and second.endswith("pytest -m alone")
    )
    (chosen,) = (" ".join(command) for command, _ in machine.setup._tests(["-k", "chat"]).values())
    assert chosen.endswith("pytest -k chat")


def test_every_check_runs_even_after_one_failed(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    (machine.folder / "log").touch()
    failing = ["sh", "-c", "echo first >> log; exit 1"]
    passing = ["sh", "-c", "echo second >> log"]
    status = machine.setup.checks({"one": (failing, machine.folder), "two": (passing, machine.folder)})
    assert status == 1
    assert (machine.folder / "log").read_text() == "first\nsecond\n"
    assert "failed: one" in capsys.readouterr().out


def test_pips_index_is_handed_to_uv_and_the_users_own_setting_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = load()
    listing = "printf \"global.index-url='http://mirror.test/simple'\\nglobal.cert='/etc/company.pem'\\n\""
    program(tmp_path, "python", listing)
    monkeypatch.setattr(setup, "PYTHON", tmp_path / "python")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    assert setup._uv_environment()["UV_DEFAULT_INDEX"] == "http://mirror.test/simple"
    assert setup._uv_environment()["SSL_CERT_FILE"] == "/etc/company.pem"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://own.test")
    assert setup._uv_environment()["UV_DEFAULT_INDEX"] == "http://own.test"


# --- which Python ----------------------------------------------------------------------------------


def find_python(folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(SETUP / "python.sh")]
    return subprocess.run(command, env={"PATH": str(folder)}, capture_output=True, text=True)


def test_the_newest_python_that_works_is_taken(tmp_path: Path) -> None:
    program(tmp_path, "python3.13", "exit 127")  # a shim of a version that is not installed
    program(tmp_path, "python3.12", "exit 0")
    program(tmp_path, "python3.11", "exit 0")
    assert find_python(tmp_path).stdout.strip() == str(tmp_path / "python3.12")


def test_a_machine_without_a_new_python_is_told_which_is_needed(tmp_path: Path) -> None:
    program(tmp_path, "python3", "exit 1")
    found = find_python(tmp_path)
    assert found.returncode == 1 and "Python 3.11 or newer is needed" in found.stderr


def test_a_python_without_venv_is_told_the_package(tmp_path: Path) -> None:
    program(tmp_path, "python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    found = find_python(tmp_path)
    assert found.returncode == 1 and "apt-get install python3-venv" in found.stderr
