"""Recordings played to a recogniser at the speed of speech. For programs that run in peers' environments.

A program gets one argument, a JSON file: `model` (folder of a CTranslate2 Whisper model), `threads`, `clips`
(16 kHz mono WAV files that end in silence), `options` and `results`, the file it writes a line of JSON to for
every clip: `clip`, `text` and `at_s`, when the last word of the text was there, in seconds after the clip
began. A frame of 20 ms is handed over when its last sample would have been spoken.
"""

import json
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path

FRAME_S = 0.02


class Job:
    """What the program was asked to do."""

    def __init__(self) -> None:
        asked = json.loads(Path(sys.argv[1]).read_text())
        self.model = asked["model"]
        self.threads = asked["threads"]
        self.options = asked["options"]
        self.clips = [Path(clip) for clip in asked["clips"]]
        self._results = Path(asked["results"])

    def report(self, clip: Path, text: str, at_s: float) -> None:
        """Write down what was heard."""
        with self._results.open("a") as file:
            file.write(json.dumps({"clip": clip.stem, "text": text.strip(), "at_s": round(at_s, 4)}) + "\n")


def frames(clip: Path) -> list[bytes]:
    """The clip in frames of 16-bit PCM."""
    with wave.open(str(clip)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        pcm = file.readframes(file.getnframes())
    size = int(16_000 * FRAME_S) * 2
    return [pcm[at : at + size].ljust(size, b"\0") for at in range(0, len(pcm), size)]


def paced(clip: Path, began: float) -> Iterator[tuple[bytes, float]]:
    """Each frame of the clip, and how long to wait from now before it is handed over."""
    for number, frame in enumerate(frames(clip), start=1):
        yield frame, max(0.0, began + number * FRAME_S - time.perf_counter())
