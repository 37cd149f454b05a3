"""Hold music is fetched once where it can be, and where it cannot the reason is told."""

from pathlib import Path

import av
import numpy as np
import pytest

from bench.hold_music import FROM_S, PACKAGE, RATE, TO_S, NoMusic, pieces
from bench.sound import Sound, read, write


def quiet(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE), np.float32)


def program(folder: Path, name: str, *lines: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)


def coded(path: Path, sound: Sound) -> None:
    """A bare G.722 file."""
    with av.open(str(path), "w", format="g722") as container:
        stream = container.add_stream("g722", rate=RATE, layout="mono")
        samples = (sound * 32_767).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_music_that_is_there_is_read_by_name_and_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    write(tmp_path / "b.wav", quiet(2))
    write(tmp_path / "a.wav", quiet(1))
    assert [len(piece) for piece in pieces(tmp_path)] == [RATE, 2 * RATE]


def test_without_apt_it_says_so_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoMusic, match=f"{PACKAGE} cannot be fetched: there is no apt-get here"):
        pieces(tmp_path / "music")
    assert not list(tmp_path.iterdir())


def test_what_apt_says_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    program(programs, "apt-get", "echo 'E: Unable to locate package' >&2", "exit 100")
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(NoMusic, match="E: Unable to locate package"):
        pieces(tmp_path / "music")
    assert not (tmp_path / "music").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(NoMusic, match="no WAV file"):
        pieces(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_part_of_each_piece_of_the_package_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loud = np.sin(np.arange((TO_S - FROM_S) * RATE) * 0.2).astype(np.float32) * 0.5
    coded(tmp_path / "long.g722", np.concatenate((quiet(FROM_S), loud, quiet(5))))
    coded(tmp_path / "short.g722", np.concatenate((quiet(FROM_S), loud[:RATE])))
    programs = tmp_path / "bin"
    program(programs, "apt-get", f'[ "$3" = {PACKAGE} ] && : > {PACKAGE}_1_all.deb')
    unpack = f'/bin/mkdir -p "$3/usr" && /bin/cp "{tmp_path}"/*.g722 "$3/usr"'
    program(programs, "dpkg-deb", f'[ "$2" = {PACKAGE}_1_all.deb ] && {unpack}')
    monkeypatch.setenv("PATH", str(programs))
    music = tmp_path / "music"
    long, short = pieces(music)
    assert (len(long), len(short)) == ((TO_S - FROM_S) * RATE, RATE)
    assert np.sqrt(np.square(long[RATE : 2 * RATE]).mean()) == pytest.approx(0.35, abs=0.02)
    assert np.sqrt(np.square(long[-RATE:]).mean()) == pytest.approx(0.35, abs=0.02)
    assert sorted(path.name for path in music.iterdir()) == ["long.wav", "short.wav"]
    assert np.array_equal(read(music / "short.wav"), short)
