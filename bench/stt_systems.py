"""The recognisers that `bench stt` compares, each heard on the same WAV files in real time."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import peers
from bench.peers import Missing

WHISPER = "whisper-base"
"Folder of the weights that all of them use, under the folder of the models."
PROGRAM_S = 120.0
"A program may take so much longer than its clips: loading, and what comes after each clip."


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recogniser made of one clip."""

    clip: str
    text: str
    at_s: float
    "When the final text was there, after the clip began; 0: never."
    turn_s: float = 0.0
    "Ours only: when the turn was over."


@dataclass(frozen=True, slots=True)
class Peer:
    """A program in an environment of its own."""

    name: str
    environment: str
    options: Mapping[str, Any] = field(default_factory=dict)
    "For the program; none are the peer's defaults."

    def hear(self, clips: Sequence[Path], model: Path, threads: int, folder: Path) -> list[Heard]:
        """What it made of the clips, the first of which is heard twice, to warm up. Raises `Missing`."""
        python = peers.environment(self.environment)
        results = folder / "results.jsonl"
        job = folder / "job.json"
        asked = {"model": str(model), "threads": threads, "options": dict(self.options)}
        played = [str(clip) for clip in (clips[0], *clips)]
        job.write_text(json.dumps({**asked, "clips": played, "results": str(results)}))
        program = peers.HERE / f"{self.environment}_stt.py"
        limit_s = PROGRAM_S + 20 * len(played)
        try:
            done = subprocess.run(
                [str(python), str(program), str(job)],
                env={**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"},
                capture_output=True,
                text=True,
                timeout=limit_s,
            )
        except subprocess.TimeoutExpired:
            raise Missing(f"it was not done after {limit_s:.0f} s") from None
        if done.returncode or not results.is_file():
            reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
            raise Missing(reason.replace(str(Path.home()), "~"))
        lines = results.read_text().splitlines()[1:]
        return [Heard(**json.loads(line)) for line in lines]


PEERS = (
    Peer("faster-whisper 1.2.1, beam 5 (as in pipecat 1.14)", "fasterwhisper"),
    Peer("faster-whisper 1.2.1, beam 1", "fasterwhisper", {"beam_size": 1}),
    Peer("RealtimeSTT 1.1.2", "realtimestt"),
    Peer(
        "RealtimeSTT 1.1.2, 0.2 s of silence, beam 1",
        "realtimestt",
        {"post_speech_silence_duration": 0.2, "beam_size": 1, "min_length_of_recording": 0},
    ),
    Peer(
        "WhisperLiveKit 0.2.26, LocalAgreement",
        "whisperlivekit",
        {"backend_policy": "localagreement", "backend": "faster-whisper"},
    ),
    Peer("WhisperLiveKit 0.2.26, SimulStreaming (its default)", "whisperlivekit"),
)
