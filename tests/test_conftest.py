"""The rules that conftest.py holds every test to must themselves bite."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run_test(tmp_path: Path, body: str, *options: str) -> str:
    """Run a test file under our conftest in a process of its own; returns what pytest printed."""
    file = tmp_path / "test_inner.py"
    file.write_text(body)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        os.devnull,
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
    ]
    result = subprocess.run([*command, *options, str(file)], cwd=ROOT, capture_output=True, text=True)
    return result.stdout


@pytest.mark.timeout(120)
def test_a_task_that_outlives_its_loop_fails_the_test(tmp_path: Path) -> None:
    leak = "from tests import virtual_time\nfrom tests.leak_sample import leak\n"
    body = leak + "def test_leaks():\n    virtual_time.run(leak())\n"
    printed = run_test(tmp_path, body)
    assert "tasks outlived their event loop: forgotten (_forgotten)" in printed


def test_no_test_reaches_another_machine() -> None:
    with pytest.raises(AssertionError, match=r"tried to connect to 192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 443), timeout=0.1)


def test_loopback_is_free_to_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=1).close()


def test_no_test_sees_the_developers_own_settings() -> None:
    assert not [name for name in os.environ if name.startswith(("WARMLINE_", "OPENAI_"))]


@pytest.mark.timeout(120)
def test_log_settings_end_with_the_test_and_no_logger_keeps_them(tmp_path: Path) -> None:
    body = """
import io, structlog
from structlog.testing import capture_logs
from gateway import log
from gateway.config import Logging

ours = structlog.get_logger("gateway.test")

def test_sets_up():
    log.configure(Logging(format="json"), io.StringIO())
    ours.info("said under these settings")

def test_captures():
    structlog.reset_defaults()
    with capture_logs() as logged:
        ours.info("captured")
    assert [entry["event"] for entry in logged] == ["captured"]
"""
    assert "2 passed" in run_test(tmp_path, body)


@pytest.mark.timeout(120)
def test_what_uses_real_models_needs_the_machine_alone(tmp_path: Path) -> None:
    body = """
import pytest

@pytest.mark.models
def test_words():
    pass

def test_core():
    pass
"""
    chosen = run_test(tmp_path, body, "-m", "alone", "-v")
    assert "1 passed, 1 deselected" in chosen and "test_words" in chosen
