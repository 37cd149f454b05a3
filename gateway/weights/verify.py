"""Tells whether the model files in a folder are whole, without reading 1.3 GB each time.

A file counts as whole when it once had the right hash and its size and modification time have not changed
since. What was verified when is remembered in `.verified.json` in the same folder; losing that file costs
one more reading, trusting it costs nothing that a `--verify` would not find.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from gateway.weights.catalogue import Model, ModelFile

MEMORY = ".verified.json"
CHUNK = 1 << 20


class State(Enum):
    """What is known of a model file on this machine."""

    WHOLE = "whole"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file looked like when its hash was right."""

    sha256: str
    bytes: int
    modified_ns: int


def survey(models: Iterable[Model], folder: Path) -> dict[ModelFile, State]:
    """The state of every file of `models`; reads a file only where it was never verified as it now is."""
    remembered = _recall(folder)
    states, stamps = {}, dict(remembered)
    for file in (file for model in models for file in model.files):
        states[file] = _state(file, folder / file.path, remembered.get(file.path))
        if states[file] is State.WHOLE:
            stamps[file.path] = _stamp(file, folder / file.path)
        else:
            stamps.pop(file.path, None)
    if stamps != remembered:
        _write(folder, stamps)
    return states


def forget(folder: Path) -> None:
    """Drop what was verified before, so that the next survey reads every file."""
    (folder / MEMORY).unlink(missing_ok=True)


def remember(file: ModelFile, folder: Path) -> None:
    """Note that `file` has just been verified where it lies."""
    _write(folder, _recall(folder) | {file.path: _stamp(file, folder / file.path)})


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal, read in pieces. Blocks; run it in a thread from async code."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _state(file: ModelFile, path: Path, stamp: Stamp | None) -> State:
    if not path.is_file():
        return State.MISSING
    if path.stat().st_size != file.bytes:
        return State.DAMAGED
    if stamp == _stamp(file, path) or sha256_of(path) == file.sha256:
        return State.WHOLE
    return State.DAMAGED


def _stamp(file: ModelFile, path: Path) -> Stamp:
    status = path.stat()
    return Stamp(file.sha256, status.st_size, status.st_mtime_ns)


def _recall(folder: Path) -> dict[str, Stamp]:
    """What the folder's memory says; a missing or unreadable memory is an empty one."""
    try:
        entries = json.loads((folder / MEMORY).read_text())
        return {path: Stamp(**entry) for path, entry in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(folder: Path, stamps: dict[str, Stamp]) -> None:
    """Replace the memory in one step. A folder we may only read keeps none: slower, not wrong."""
    entries = {
        path: {"sha256": stamp.sha256, "bytes": stamp.bytes, "modified_ns": stamp.modified_ns}
        for path, stamp in sorted(stamps.items())
    }
    fresh = folder / f"{MEMORY}.{os.getpid()}"
    with contextlib.suppress(OSError):
        fresh.write_text(json.dumps(entries, indent=1) + "\n")
        fresh.replace(folder / MEMORY)
