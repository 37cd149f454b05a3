"""What the callers of `bench capacity` say, and what they are told: spoken by our embedded voice, once."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from bench import sound
from bench.capacity_load import REPLY, TRANSCRIPT
from bench.peers import BUILD

RATE = 16_000
CYCLE_S = 10.5
LEAD_S = 0.5
NOISE = 0.001
"Standard deviation of the room's noise (-60 dBFS): silence of a line is never digital silence."


def recorded(models: Path) -> Path:
    """The folder with `caller.pcm` and `reply.pcm`. Raises `FileNotFoundError` without the voice's files."""
    folder = BUILD / "capacity-sounds"
    if not (folder / "caller.pcm").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "reply.pcm", _spoken(REPLY, models, folder))
        question = _spoken(TRANSCRIPT, models, folder)
        cycle = np.random.default_rng(1).normal(0, NOISE, round(CYCLE_S * RATE)).astype(np.float32)
        begin = round(LEAD_S * RATE)
        cycle[begin : begin + len(question)] += question
        _write(folder / "caller.pcm", cycle)
    return folder


def _spoken(text: str, models: Path, folder: Path) -> sound.Sound:
    voice, wave = models / "piper" / "en_US-joe-medium.onnx", folder / "spoken.wav"
    if not voice.is_file():
        raise FileNotFoundError(f"{voice.name} is not there; run `warmline models pull`")
    command = [sys.executable, "-m", "piper", "-m", str(voice), "-f", str(wave), "--", text]
    subprocess.run(command, check=True, capture_output=True)
    return sound.read(wave, RATE)


def _write(path: Path, samples: sound.Sound) -> None:
    path.write_bytes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
