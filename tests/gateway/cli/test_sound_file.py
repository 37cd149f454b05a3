"""Sound files of every kind become frames, and what is no sound is refused by name."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from gateway.cli import sound_file
from pipelines.audio import SAMPLE_RATE


def write(path: Path, rate: int, channels: int, subtype: str, seconds: float = 1.0) -> Path:
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    soundfile.write(path, np.repeat(wave[:, None], channels, axis=1), rate, subtype=subtype)
    return path


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize(("channels", "subtype"), [(1, "PCM_16"), (2, "PCM_24"), (1, "PCM_U8"), (6, "FLOAT")])
def test_any_rate_width_and_number_of_channels(
    tmp_path: Path, rate: int, channels: int, subtype: str
) -> None:
    frames = sound_file.read(write(tmp_path / "a.wav", rate, channels, subtype))
    assert abs(len(frames) - 50) <= 1
    assert {len(frame.pcm) for frame in frames} == {640}
    pcm = np.frombuffer(b"".join(f.pcm for f in frames), np.int16)[:SAMPLE_RATE].astype(float)
    assert abs(np.argmax(np.abs(np.fft.rfft(pcm))) - 440) <= 1
    assert 14_000 < np.abs(pcm).max() < 18_500


def test_the_last_frame_is_filled_up_with_silence(tmp_path: Path) -> None:
    frames = sound_file.read(write(tmp_path / "a.wav", SAMPLE_RATE, 1, "PCM_16", 0.025))
    assert len(frames) == 2
    assert frames[1].pcm[160:] == bytes(480)


@pytest.mark.parametrize("content", [b"", b"this is no sound", b"RIFF\x00\x00\x00\x00WAVE", b"\x00" * 4096])
def test_what_is_not_audio_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.wav"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"notes\.wav"):
        sound_file.read(path)


def test_a_file_without_sound_or_that_is_missing_is_refused_by_name(tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.wav", SAMPLE_RATE, 1, "PCM_16", 0)
    for path in (empty, tmp_path / "missing.wav"):
        with pytest.raises(ValueError, match=path.name):
            sound_file.read(path)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    pcm = np.arange(0, 6_400, dtype=np.int16).tobytes()
    sound_file.write(tmp_path / "out.wav", pcm)
    read = b"".join(f.pcm for f in sound_file.read(tmp_path / "out.wav"))
    assert np.abs(np.frombuffer(read, np.int16).astype(int) - np.frombuffer(pcm, np.int16)).max() <= 1
