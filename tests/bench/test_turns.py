"""What `bench turns` does with sounds that it does not have."""

import argparse
from pathlib import Path

import numpy as np
import pytest

from bench import turns
from bench.figures import Result
from bench.sound import write
from bench.utterances import RATE


def test_missing_hold_music_is_told_in_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = Result("turns")
    monkeypatch.setenv("PATH", "")
    assert turns.hold_music(tmp_path / "music", result) == []
    (figure,) = result.figures
    assert (figure.name, figure.value, figure.holds) == ("hold music", None, None)
    assert "there is no apt-get here" in figure.note
    assert "missing" in turns.line(figure)


def test_hold_music_is_played_for_as_long_as_other_noise(tmp_path: Path) -> None:
    (tmp_path / "manifest.tsv").write_text("file\ttranscript\tseconds\tsample_rate\tkind\tsource\n")
    write(tmp_path / "piece.wav", np.full(RATE, 0.25, np.float32))
    music = turns.hold_music(tmp_path, Result("turns"))
    played = {name: (len(sound), most) for name, sound, most in turns.noises(tmp_path, music)}
    assert played["hold music"] == (turns.NOISE_S * RATE, 0)
    assert "hold music" not in [name for name, *_ in turns.noises(tmp_path, [])]


def test_without_recordings_it_says_what_they_must_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    turns.add_arguments(parser)
    assert turns.run(parser.parse_args(["--data", str(tmp_path)])) == 2
    assert "manifest.tsv" in capsys.readouterr().err
