"""`FileStore` in memory that can be told to fail; passes the same contract tests as the real one."""

from dataclasses import dataclass, field

from gateway.store.desk_records import UnknownContact
from gateway.store.file_store import ABANDONED_S, FileBounds, StoredFile, TooManyBytes, TooManyFiles
from pipelines.facts import Unavailable
from tests.fakes.memory_store import MemoryStore


@dataclass
class _Coming:
    session_id: str
    begun_at: float
    size: int
    pieces: dict[int, bytes] = field(default_factory=dict)
    whole: StoredFile | None = None


class MemoryFiles:
    def __init__(self, store: MemoryStore) -> None:
        self.down = False
        "Set it, and every operation fails as if the database had gone."
        self.kept: dict[str, _Coming] = {}
        self._store = store

    async def begin(
        self, file_id: str, session_id: str, at: float, bounds: FileBounds, *, expected_bytes: int = 0
    ) -> None:
        self._serve()
        if session_id not in self._store.records:
            raise UnknownContact(session_id)
        for old, coming in list(self.kept.items()):
            if coming.whole is None and coming.begun_at < at - ABANDONED_S:
                del self.kept[old]
        self._check(session_id, bounds, expected_bytes, more=1)
        self.kept[file_id] = _Coming(session_id, at, expected_bytes)

    async def add(self, file_id: str, number: int, piece: bytes) -> None:
        self._serve()
        self.kept[file_id].pieces[number] = piece

    async def finish(self, file: StoredFile, bounds: FileBounds) -> None:
        self._serve()
        coming = self.kept[file.file_id]
        self._check(file.session_id, bounds, file.size - coming.size)
        coming.size, coming.whole = file.size, file

    async def drop(self, file_id: str) -> None:
        self._serve()
        self.kept.pop(file_id, None)

    async def file(self, file_id: str) -> StoredFile | None:
        self._serve()
        return self.kept[file_id].whole if file_id in self.kept else None

    async def piece(self, file_id: str, number: int) -> bytes | None:
        self._serve()
        return self.kept[file_id].pieces.get(number) if file_id in self.kept else None

    def _check(self, session_id: str, bounds: FileBounds, more_bytes: int, more: int = 0) -> None:
        sizes = [coming.size for coming in self.kept.values() if coming.session_id == session_id]
        if len(sizes) + more > bounds.count:
            raise TooManyFiles(session_id)
        if sum(sizes) + more_bytes > bounds.total_bytes:
            raise TooManyBytes(session_id)

    def _serve(self) -> None:
        if self.down:
            raise Unavailable("the session store failed: down")
