"""The models folder while it is being filled: one pull at a time, nothing visible before it is verified.

Downloads and half-joined files live in `.partial/` inside the folder, so that the last step is a rename on
the same file system. A file appears under its own name whole or not at all, whatever kills the process.
"""

import asyncio
import contextlib
import fcntl
import shutil
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import TextIO

from gateway.weights import verify
from gateway.weights.catalogue import ModelFile
from gateway.weights.errors import Damaged, NoSpace
from gateway.weights.plan import Piece

ASK_AGAIN_S = 0.2


class Shelf:
    """Where files are put once they are known to be right."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._partial = folder / ".partial"
        self._partial.mkdir(parents=True, exist_ok=True)

    def partial(self, name: str) -> Path:
        """A place for bytes on their way; the same name gives the same place in the next process."""
        return self._partial / name.replace("/", "__")

    def check(self, file: ModelFile, candidate: Path) -> None:
        """Raise `Damaged` unless the candidate holds the file's bytes, and remove it: nobody must resume it.

        Blocks while it reads; run it in a thread from async code.
        """
        size = candidate.stat().st_size
        if size != file.bytes or verify.sha256_of(candidate) != file.sha256:
            candidate.unlink()
            raise Damaged(f"{file.path}: {size} bytes came with the wrong SHA-256")

    def put(self, file: ModelFile, candidate: Path) -> None:
        """Move a checked candidate to the file's place, in one step, and remember that it is whole."""
        place = self.folder / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        candidate.replace(place)
        verify.remember(file, self.folder)

    def held(self) -> int:
        """Bytes on the disk that earlier pulls left to be resumed."""
        return sum(path.stat().st_blocks * 512 for path in self._partial.iterdir())

    def clear(self) -> None:
        """Throw away what is left of earlier pulls."""
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir(parents=True, exist_ok=True)


class Joint:
    """A file being joined from parts that come in any order, over several runs if need be.

    Beside the file lies a list of the offsets that are in place. It is only a hint of what need not be
    fetched again: the hash of the whole decides in the end.
    """

    def __init__(self, shelf: Shelf, file: ModelFile) -> None:
        self.file = file
        self.path = shelf.partial(f"{file.path}.joining")
        self._list = shelf.partial(f"{file.path}.joined")
        self.path.touch()

    def joined(self) -> set[tuple[str, int]]:
        """Keys of the pieces that are in place."""
        with contextlib.suppress(OSError):
            lines = self._list.read_text().splitlines()
            return {(self.file.path, int(line)) for line in lines if line.isdigit()}
        return set()

    def note(self, piece: Piece) -> None:
        """Remember that the piece's bytes are in place."""
        with self._list.open("a") as out:
            out.write(f"{piece.offset}\n")

    def is_complete(self, pieces: Iterable[Piece]) -> bool:
        """Whether all of `pieces` are in place."""
        return {piece.key for piece in pieces} <= self.joined()

    def forget(self) -> None:
        """Drop the list, after the file moved to its place or proved wrong."""
        self._list.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def only_one(folder: Path, waiting: Callable[[], None]) -> AsyncIterator[None]:
    """Hold the folder for this process; while another one holds it, call `waiting` once and wait.

    The kernel frees the lock when its holder dies.
    """
    with _lock_file(folder) as lock:
        told = False
        while not _try_lock(lock.fileno()):
            if not told:
                waiting()
                told = True
            await asyncio.sleep(ASK_AGAIN_S)
        yield


def _lock_file(folder: Path) -> TextIO:
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / ".lock").open("w")


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def require_space(folder: Path, needed: int) -> None:
    """Raise `NoSpace` unless `needed` more bytes fit."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoSpace(f"{folder} has {free / 1e9:.1f} GB free, the model files need {needed / 1e9:.1f} GB")
