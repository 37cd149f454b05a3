"""Speaking and transcribing with the real models, for calls: fixtures of the modules that import them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from faster_whisper import WhisperModel

from tests.interop.sounds import Sound, read

VOICE = "piper/en_US-joe-medium.onnx"

Hear = Callable[[Sound], str]
Speak = Callable[[str], Sound]


@pytest.fixture(scope="module")
def speak(models_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Speak:
    """Says a sentence in a voice that is not the gateway's."""
    file = tmp_path_factory.mktemp("speech") / "said.wav"

    def said(text: str) -> Sound:
        piper = [sys.executable, "-m", "piper", "-m", str(models_folder / VOICE), "-f", str(file)]
        subprocess.run(piper, input=text, text=True, check=True, capture_output=True)
        return read(file)

    return said


@pytest.fixture(scope="module")
def transcribe(models_folder: Path) -> Hear:
    """What is said in a recording."""
    folder = str(models_folder / "whisper-base")
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=2)

    def heard(sound: Sound) -> str:
        samples = sound.at(16_000).samples.astype("float32") / 32_768
        segments, _ = model.transcribe(samples, language="en", beam_size=1)
        return " ".join(segment.text for segment in segments)

    return heard
