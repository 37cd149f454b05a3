import asyncio
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pipelines import phrase_store
from pipelines.audio import SAMPLE_RATE, Frame
from pipelines.facts import Unavailable
from pipelines.phrase_store import PhraseStore, RememberingVoice
from tests.fakes.voice_parts import ToneSynthesizer


@pytest.fixture
def voice_file(tmp_path: Path) -> Path:
    file = tmp_path / "joe.onnx"
    file.write_bytes(b"weights")
    Path(f"{file}.json").write_text("{}")
    return file


def store(tmp_path: Path, voice_file: Path, sample_rate: int = SAMPLE_RATE) -> PhraseStore:
    return PhraseStore(tmp_path / "phrases", voice_file, sample_rate)


def said(voice: RememberingVoice, text: str) -> bytes:
    async def main() -> bytes:
        return b"".join([frame.pcm async for frame in voice.speak(text)])

    return asyncio.run(main())


def test_what_was_said_once_is_not_made_again_even_after_a_restart(tmp_path: Path, voice_file: Path) -> None:
    tone, silent = ToneSynthesizer(), ToneSynthesizer()
    first = said(RememberingVoice(tone, store(tmp_path, voice_file)), "Let me see.")
    silent.dead = True
    assert said(RememberingVoice(silent, store(tmp_path, voice_file)), "Let me see.") == first
    assert tone.spoken == ["Let me see."] and first


def test_another_voice_says_it_anew(tmp_path: Path, voice_file: Path) -> None:
    said(RememberingVoice(ToneSynthesizer(), store(tmp_path, voice_file)), "Let me see.")
    voice_file.write_bytes(b"other weights")
    other = ToneSynthesizer()
    said(RememberingVoice(other, store(tmp_path, voice_file)), "Let me see.")
    narrow = ToneSynthesizer(8_000)
    said(RememberingVoice(narrow, store(tmp_path, voice_file, 8_000)), "Let me see.")
    assert other.spoken == narrow.spoken == ["Let me see."]


@pytest.mark.parametrize("content", [b"", b"odd"])
def test_a_broken_file_is_made_anew(content: bytes, tmp_path: Path, voice_file: Path) -> None:
    said(RememberingVoice(ToneSynthesizer(), store(tmp_path, voice_file)), "Let me see.")
    (file,) = (tmp_path / "phrases").iterdir()
    file.write_bytes(content)
    again = ToneSynthesizer()
    assert said(RememberingVoice(again, store(tmp_path, voice_file)), "Let me see.")
    assert again.spoken == ["Let me see."] and len(file.read_bytes()) > 100


def test_a_voice_that_is_not_there_leaves_nothing_behind(tmp_path: Path, voice_file: Path) -> None:
    dead = ToneSynthesizer()
    dead.dead = True
    with pytest.raises(Unavailable):
        said(RememberingVoice(dead, store(tmp_path, voice_file)), "Let me see.")
    assert not (tmp_path / "phrases").exists()


def test_a_folder_that_cannot_be_written_to_is_reported_once_and_harms_nobody(
    tmp_path: Path, voice_file: Path
) -> None:
    (tmp_path / "phrases").write_text("a file in the way")
    voice = RememberingVoice(ToneSynthesizer(), store(tmp_path, voice_file))
    with capture_logs() as logs:
        assert said(voice, "Let me see.") and said(voice, "Let me think.")
    assert [entry["event"] for entry in logs] == ["phrases are not kept"]


def test_a_folder_that_can_only_be_read_is_read(
    tmp_path: Path, voice_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    store(tmp_path, voice_file).write("Let me see.", [Frame(bytes(640))])
    monkeypatch.setattr(os, "utime", refused)
    assert store(tmp_path, voice_file).read("Let me see.") == [Frame(bytes(640))]


def test_the_store_is_bounded_and_what_was_not_asked_for_the_longest_goes(
    tmp_path: Path, voice_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = Frame(bytes(640))
    monkeypatch.setattr(phrase_store, "MOST_BYTES", 3 * 640)
    kept = store(tmp_path, voice_file)
    for number, phrase in enumerate(["one", "two", "three"]):
        kept.write(phrase, [frame])
        newest = max((tmp_path / "phrases").iterdir(), key=lambda file: file.stat().st_mtime)
        os.utime(newest, (number, number))
    assert kept.read("one") is not None, "asked for just now"
    kept.write("four", [frame])
    assert [phrase for phrase in ("one", "two", "three", "four") if kept.read(phrase)] == [
        "one",
        "three",
        "four",
    ]
