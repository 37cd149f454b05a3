"""Hold music for `bench turns`: what Asterisk plays to people who wait (CC-BY-SA-3.0; never committed).

It comes out of Debian's package, once, on a machine that has apt and knows the package; the package is
unpacked and never installed. A folder with WAV files of one's own does as well.
"""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from bench.peers import BUILD
from bench.sound import Sound, read, write

FOLDER = BUILD / "music"
PACKAGE = "asterisk-moh-opsound-g722"
RATE = 16_000
"Of G.722, and of what the folder is filled with."
FROM_S, TO_S = 20, 65
"The part of each piece that is kept: past its beginning, where some fade in."
FETCHING_S = 120.0


class NoMusic(Exception):
    """There is none and it cannot be fetched here; the text says why in one line."""


def pieces(folder: Path = FOLDER) -> list[Sound]:
    """The folder's WAV files at 16 kHz, by name; where it is empty it is filled first. Raises `NoMusic`."""
    if not folder.is_dir() or not any(folder.iterdir()):
        fetch(folder)
    found = [read(path) for path in sorted(folder.glob("*.wav"))]
    if not found:
        raise NoMusic(f"{folder.name} holds no WAV file")
    return found


def fetch(folder: Path) -> None:
    """Fill an empty folder with a part of each piece, all of them or none. Raises `NoMusic`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="music-", dir=folder.parent) as temporary:
        work = Path(temporary)
        _run(["apt-get", "--quiet", "download", PACKAGE], work)
        _run(["dpkg-deb", "-x", *(path.name for path in work.glob("*.deb")), "unpacked"], work)
        coded = sorted((work / "unpacked").rglob("*.g722"))
        if not coded:
            raise NoMusic(f"{PACKAGE} holds no G.722 file")
        made = work / "made"
        made.mkdir()
        for path in coded:
            write(made / f"{path.stem}.wav", _decoded(path)[FROM_S * RATE : TO_S * RATE], RATE)
        made.replace(folder)


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=FETCHING_S)
    except FileNotFoundError as error:
        raise NoMusic(f"{PACKAGE} cannot be fetched: there is no {command[0]} here") from error
    except subprocess.TimeoutExpired as error:
        raise NoMusic(f"{PACKAGE} did not come within {FETCHING_S:g} s") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise NoMusic(f"{PACKAGE} cannot be fetched: {lines[-1]}")


def _decoded(path: Path) -> Sound:
    with av.open(str(path), format="g722") as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    sound: Sound = np.concatenate(frames).astype(np.float32) / np.float32(32_768)
    return sound
