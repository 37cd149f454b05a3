"""Recordings with transcripts: the folder's form, fair samples, noise and babble."""

from pathlib import Path

import numpy as np
import pytest

from bench.clips import NoRecordings, babble, manifest, noise, speech
from bench.sound import write

HEADING = "file\ttranscript\tseconds\tsample_rate\tkind\tsource\n"


def folder(path: Path, *rows: tuple[str, str, str, str, float]) -> Path:
    lines = []
    for number, (file, transcript, kind, source, seconds) in enumerate(rows, start=1):
        tone = np.sin(np.arange(int(seconds * 16_000)) * 0.01 * number).astype(np.float32) * 0.5
        write(path / file, tone)
        lines.append(f"{file}\t{transcript}\t{seconds}\t16000\t{kind}\t{source}\n")
    (path / "manifest.tsv").write_text(HEADING + "".join(lines))
    return path


def test_without_a_manifest_it_says_what_should_be_there(tmp_path: Path) -> None:
    with pytest.raises(NoRecordings, match=r"--data FOLDER[\s\S]*transcript"):
        manifest(tmp_path)


def test_only_speech_with_known_words_is_scored(tmp_path: Path) -> None:
    clips = manifest(
        folder(
            tmp_path,
            ("a.wav", "hello", "speech", "github someone/speech v2", 1),
            ("b.wav", "", "speech-intent", "github someone/intents", 1),
            ("office_noise.wav", "chatter", "noise", "PyPI noises 1.0", 1),
        )
    )
    assert [(clip.name, clip.source) for clip in speech(clips)] == [("a", "someone/speech")]
    assert len(noise(clips, "office")) == 16_000
    with pytest.raises(NoRecordings, match="'babble'"):
        noise(clips, "babble")


def test_any_part_of_the_speech_has_every_source_in_its_share(tmp_path: Path) -> None:
    many = [(f"m{n}.wav", "one", "speech", "many", 0.1) for n in range(12)]
    few = [(f"f{n}.wav", "two", "speech", "few", 0.1) for n in range(4)]
    mixed = [clip.source for clip in speech(manifest(folder(tmp_path, *many, *few)))]
    assert [mixed[at : at + 4].count("few") for at in range(0, 16, 4)] == [1, 1, 1, 1]


def test_babble_is_several_voices_equally_loud_and_not_too_loud(tmp_path: Path) -> None:
    rows = [(f"{n}.wav", "words", "speech", "somebody", 3.5) for n in range(3)]
    clips = manifest(folder(tmp_path, *rows))
    mixed = babble(clips, seconds=2)
    assert len(mixed) == 32_000
    assert 0.85 < np.abs(mixed).max() < 1
    for clip in clips:
        alike = np.corrcoef(mixed, clip.sound[: len(mixed)])[0, 1]
        assert 0.4 < alike < 0.75
    with pytest.raises(NoRecordings):
        babble(clips[:0])
