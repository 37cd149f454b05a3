"""The files of sessions, in pieces: none is ever whole in memory, and no transaction is long."""

from dataclasses import dataclass
from typing import Protocol

PIECE_BYTES = 262_144
"Of one piece; the last of a file may be shorter."
ABANDONED_S = 600.0
"A file that is still coming after this time never will: the process that took it in was killed."


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is there as a whole."""

    file_id: str
    "`file_…`, random: whoever has not been told of it cannot ask for it."
    session_id: str
    media_type: str
    size: int
    "Bytes."
    name: str | None
    "Personal data; None once that was erased."


@dataclass(frozen=True, slots=True)
class FileBounds:
    """What one session may have, files that are still coming counted too."""

    count: int
    total_bytes: int


class FileStore(Protocol):
    """Methods raise `Unavailable` when the store cannot do its work.

    A file is begun, added to piece by piece, and finished; before that nobody sees it.
    """

    async def begin(
        self, file_id: str, session_id: str, at: float, bounds: FileBounds, *, expected_bytes: int = 0
    ) -> None:
        """A file is about to come. `at`: Unix time, s; `expected_bytes`: as it was announced.

        Forgets what was begun `ABANDONED_S` before and never finished. Raises `UnknownContact`,
        `TooManyFiles`, `TooManyBytes`; of several at once, on all nodes, no more come through than fit.
        """

    async def add(self, file_id: str, number: int, piece: bytes) -> None:
        """Its next piece; numbers count from 0."""

    async def finish(self, file: StoredFile, bounds: FileBounds) -> None:
        """It is whole, and turned out to be this. Raises `TooManyBytes`."""

    async def drop(self, file_id: str) -> None:
        """Forget it, whole or not; nothing when it is not there."""

    async def file(self, file_id: str) -> StoredFile | None:
        """One that is whole."""

    async def piece(self, file_id: str, number: int) -> bytes | None:
        """One piece of it; None after the last."""


class TooManyFiles(Exception):
    """The session has as many files as it may have."""


class TooManyBytes(Exception):
    """The session's files are too large together."""
