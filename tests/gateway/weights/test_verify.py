import os
from pathlib import Path

import pytest

from gateway.weights import verify
from gateway.weights.verify import State
from tests.gateway.weights.samples import HALVES, JOINED_FILE, MODEL, SMALL, SMALL_FILE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sample").mkdir()
    (tmp_path / JOINED_FILE.path).write_bytes(HALVES)
    (tmp_path / SMALL_FILE.path).write_bytes(SMALL)
    return tmp_path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every file whose hash is computed."""
    seen: list[Path] = []
    compute = verify.sha256_of

    def counted(path: Path) -> str:
        seen.append(path)
        return compute(path)

    monkeypatch.setattr(verify, "sha256_of", counted)
    return seen


def test_right_bytes_are_whole_and_are_read_only_once(folder: Path, reads: list[Path]) -> None:
    assert set(verify.survey([MODEL], folder).values()) == {State.WHOLE}
    assert len(reads) == 2
    assert set(verify.survey([MODEL], folder).values()) == {State.WHOLE}
    assert len(reads) == 2


def test_a_touched_file_is_read_again(folder: Path, reads: list[Path]) -> None:
    verify.survey([MODEL], folder)
    os.utime(folder / SMALL_FILE.path, ns=(1, 1))
    assert verify.survey([MODEL], folder)[SMALL_FILE] is State.WHOLE
    assert reads[2:] == [folder / SMALL_FILE.path]


def test_changed_bytes_of_the_same_size_are_damage(folder: Path) -> None:
    verify.survey([MODEL], folder)
    (folder / SMALL_FILE.path).write_bytes(SMALL.replace(b"true", b"fals"))
    assert verify.survey([MODEL], folder) == {JOINED_FILE: State.WHOLE, SMALL_FILE: State.DAMAGED}


def test_another_size_is_damage_without_reading(folder: Path, reads: list[Path]) -> None:
    (folder / JOINED_FILE.path).write_bytes(HALVES[:-1])
    assert verify.survey([MODEL], folder)[JOINED_FILE] is State.DAMAGED
    assert reads == [folder / SMALL_FILE.path]


def test_damage_behind_an_unchanged_size_and_time_is_found_when_memory_is_forgotten(folder: Path) -> None:
    verify.survey([MODEL], folder)
    path = folder / SMALL_FILE.path
    before = path.stat().st_mtime_ns
    path.write_bytes(SMALL.replace(b"true", b"fals"))
    os.utime(path, ns=(before, before))
    assert verify.survey([MODEL], folder)[SMALL_FILE] is State.WHOLE
    verify.forget(folder)
    assert verify.survey([MODEL], folder)[SMALL_FILE] is State.DAMAGED


def test_what_is_not_there_is_missing_also_when_it_was_there_before(folder: Path) -> None:
    verify.survey([MODEL], folder)
    (folder / SMALL_FILE.path).unlink()
    assert verify.survey([MODEL], folder)[SMALL_FILE] is State.MISSING
    assert set(verify.survey([MODEL], folder / "nowhere").values()) == {State.MISSING}


def test_a_folder_in_a_files_place_is_not_a_file(folder: Path) -> None:
    (folder / SMALL_FILE.path).unlink()
    (folder / SMALL_FILE.path).mkdir()
    assert verify.survey([MODEL], folder)[SMALL_FILE] is State.MISSING


@pytest.mark.parametrize(
    "memory", ["", "[]", "null", '{"sample/small.json": 7}', '{"sample/small.json": {}}']
)
def test_an_unreadable_memory_is_an_empty_one(folder: Path, memory: str, reads: list[Path]) -> None:
    (folder / verify.MEMORY).write_text(memory)
    assert set(verify.survey([MODEL], folder).values()) == {State.WHOLE}
    assert len(reads) == 2


def test_a_file_just_verified_is_remembered_beside_the_others(folder: Path, reads: list[Path]) -> None:
    verify.remember(JOINED_FILE, folder)
    verify.remember(SMALL_FILE, folder)
    verify.survey([MODEL], folder)
    assert reads == []
