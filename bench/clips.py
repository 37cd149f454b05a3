"""Speech with transcripts, from a folder that is never committed: `manifest.tsv` and the WAV files it names.

The manifest's columns (tab-separated, with a heading): `file`, `transcript` (empty: none is known), `kind`
(`speech`, `digit`, `agent-turn`, `noise`, …) and `source` (who recorded it). Others are not looked at.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np

from bench.sound import Sound, read

DEFAULT = Path(__file__).parents[2] / "shared" / "data" / "speech"
"Beside the repository."
NEEDED = """bench: no recordings in {folder}
Give a folder with --data FOLDER. It holds WAV files and a manifest.tsv with a heading and these tab-separated
columns: file, transcript, kind (speech or noise), source."""


class NoRecordings(Exception):
    """There is no manifest in the folder; the text says what should be there."""


@dataclass(frozen=True)
class Clip:
    """One recording."""

    path: Path
    transcript: str
    kind: str
    source: str

    @property
    def name(self) -> str:
        """Names the clip in results."""
        return self.path.stem

    @cached_property
    def sound(self) -> Sound:
        """At 16 kHz."""
        return read(self.path)


def manifest(folder: Path) -> list[Clip]:
    """Every recording of the folder. Raises `NoRecordings`."""
    path = folder / "manifest.tsv"
    if not path.is_file():
        raise NoRecordings(NEEDED.format(folder=folder))
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [Clip(folder / row["file"], row["transcript"], row["kind"], short(row["source"])) for row in rows]


def short(source: str) -> str:
    """The source's name without where it was found: of `Debian asterisk-sounds 1.6` the package."""
    words = source.removeprefix("github ").removeprefix("PyPI ").removeprefix("Debian ").split()
    return words[0] if words else "unknown"


def speech(clips: Iterable[Clip]) -> list[Clip]:
    """Those whose words are known, the sources mixed evenly, so that a part of them is a fair sample."""
    known = sorted((clip for clip in clips if clip.transcript and clip.kind != "noise"), key=_by_source)
    places = []
    for _, group in groupby(known, _by_source):
        of_source = list(group)
        places += [((place + 0.5) / len(of_source), clip) for place, clip in enumerate(of_source)]
    return [clip for _, clip in sorted(places, key=lambda pair: pair[0])]


def noise(clips: Iterable[Clip], word: str) -> Sound:
    """The noise whose file name has that word in it. Raises `NoRecordings`."""
    for clip in clips:
        if clip.kind == "noise" and word in clip.name:
            return clip.sound
    raise NoRecordings(f"bench: there is no noise recording with {word!r} in its name")


def babble(clips: Sequence[Clip], voices: int = 8, seconds: int = 30) -> Sound:
    """Several people talking at once, equally loud: clips added up, each repeated end to end."""
    talkers = [clip for clip in clips if len(clip.sound) > 3 * 16_000][:: max(1, len(clips) // 40)][:voices]
    if not talkers:
        raise NoRecordings("bench: babble needs clips of more than 3 s")
    mixed = np.zeros(seconds * 16_000, np.float32)
    for clip in talkers:
        mixed += np.resize(clip.sound, len(mixed)) / (float(np.std(clip.sound)) or 1.0)
    return mixed / np.float32(np.abs(mixed).max() * 1.1)


def _by_source(clip: Clip) -> str:
    return clip.source
