"""The locks: every package pinned and hashed, no address in them, and what must stay out stays out."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "requirements.lock"
DEV = ROOT / "requirements-dev.lock"
LOCKS = [RUNTIME, DEV, *sorted((ROOT / "deploy" / "setup").glob("*.lock"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

each_lock = pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)


def blocks(lock: Path) -> dict[str, list[str]]:
    """The lines of each pinned requirement: the pin, its hashes, who wants it."""
    found: dict[str, list[str]] = {}
    for line in lock.read_text().splitlines():
        if line and not line[0].isspace() and not line.startswith("#"):
            found[line.rstrip(" \\")] = []
        elif found:
            found[next(reversed(found))].append(line.strip(" \\"))
    return found


def names(lock: Path) -> set[str]:
    return {re.split(r"[=\[ ]", pin)[0] for pin in blocks(lock)}


def wanted_by(lock: Path, package: str) -> set[str]:
    comments = [
        line.removeprefix("#").strip().removeprefix("via").strip()
        for pin, lines in blocks(lock).items()
        if pin.startswith(f"{package}==")
        for line in lines
        if line.startswith("#")
    ]
    return {comment for comment in comments if comment}


@each_lock
def test_every_requirement_is_pinned_and_hashed(lock: Path) -> None:
    pinned = blocks(lock)
    assert pinned
    for pin, lines in pinned.items():
        assert re.match(r"[A-Za-z0-9._-]+(\[[\w,-]+\])?==[^\s;]+( ; .+)?$", pin), pin
        hashes = [line for line in lines if line.startswith("--hash=")]
        assert hashes, f"{pin} has no hash"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in hashes)


@each_lock
def test_no_lock_names_a_place(lock: Path) -> None:
    text = lock.read_text()
    for sign in ("://", "index-url", "find-links", "trusted-host", "file:", "@ ", str(Path.home())):
        assert sign not in text, sign


def wanted(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", line)[0].lower() for line in requirements}


def test_the_runtime_lock_covers_what_the_project_asks_for() -> None:
    extras = PROJECT["optional-dependencies"]
    asked = wanted(PROJECT["dependencies"] + extras["embedded"] + extras["postgres"] + extras["redis"])
    assert not asked - names(RUNTIME), "run `make lock`"


def test_the_development_lock_adds_to_the_runtime_lock_and_changes_nothing() -> None:
    assert set(blocks(RUNTIME)) <= set(blocks(DEV)), "run `make lock`"
    asked = wanted([line for extra in PROJECT["optional-dependencies"].values() for line in extra])
    assert not asked - names(DEV), "run `make lock`"


@pytest.mark.parametrize("lock", [RUNTIME, DEV], ids=lambda lock: lock.name)
def test_gigabytes_of_gpu_packages_stay_out(lock: Path) -> None:
    heavy = {"torch", "torchaudio", "tensorflow", "transformers", "coremltools", "triton"}
    assert not [name for name in names(lock) if name in heavy or name.startswith(("nvidia-", "cuda-"))]


@pytest.mark.parametrize("package", ["opencv-python-headless", "numba"])
def test_heavy_packages_come_through_pipecat_only(package: str) -> None:
    reasons = wanted_by(RUNTIME, package)
    assert reasons and all(reason == "pipecat-ai" or reason == "resampy" for reason in reasons), reasons


def test_the_locks_hold_for_every_supported_python() -> None:
    text = RUNTIME.read_text()
    assert PROJECT["requires-python"] == ">=3.11"
    assert "python_full_version < '3.12'" in text and "python_full_version >= '3.12'" in text
