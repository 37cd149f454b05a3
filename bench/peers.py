"""Peers in environments of their own: made once under `build/bench/`, and run as programs.

A peer is a file `bench/peers/NAME.txt` of pinned requirements and programs `bench/peers/NAME_*.py` that run
inside its environment and must not import anything of ours but `bench/peers/`.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent / "peers"
BUILD = Path(__file__).parents[1] / "build" / "bench"


class Missing(Exception):
    """A peer cannot be had on this machine; the text says why in one line."""


def environment(peer: str) -> Path:
    """The Python of the peer's environment, installed when its requirements changed. Raises `Missing`."""
    wanted = HERE / f"{peer}.txt"
    folder = BUILD / peer
    python, stamp = folder / "bin" / "python", folder / "made-from"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest:
        return python
    print(f"bench: installing {peer} (once)", file=sys.stderr, flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    make = [sys.executable, "-m", "venv", "--clear", str(folder)]
    made = subprocess.run(make, capture_output=True, text=True)
    quiet = ["--quiet", "--disable-pip-version-check"]
    install = [str(python), "-m", "pip", "install", *quiet, "-r", str(wanted)]
    done = subprocess.run(install, capture_output=True, text=True) if made.returncode == 0 else made
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise Missing(f"{peer} could not be installed: {lines[-1]}")
    stamp.write_text(digest)
    return python
