"""Files on their way in and out, piece by piece.

What comes in counts against its session's bounds from the first byte, is looked at while it comes, and is
forgotten unless it comes whole and somebody is told of it.
"""

import asyncio
import contextlib
import secrets
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from prometheus_client import Counter as Metric

from gateway.files.kinds import Kind, Sniffer
from gateway.files.names import clean_name
from gateway.files.settings import FileSettings
from gateway.live import Busy, UnknownSession
from gateway.protocol_error import ProtocolError
from gateway.store.desk_records import UnknownContact
from gateway.store.file_store import (
    PIECE_BYTES,
    FileBounds,
    FileStore,
    StoredFile,
    TooManyBytes,
    TooManyFiles,
)
from pipelines.facts import Unavailable

log = structlog.get_logger()

AT_ONCE = 2
"Uploads of one session that may be under way."
READERS = 64
"Files that may be on their way out of this process."
QUIET_S = 20.0
"An upload of which nothing comes for so long is given up."
WHOLE_S = 300.0
"So long one may take altogether."

TAKEN = Metric("warmline_files_total", "Files that were sent", ["result"])


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it arrives from outside."""

    name: str
    "As its sender calls it."
    announced: int | None
    "Bytes; None: they did not say."
    body: AsyncIterator[bytes]


def new_file_id() -> str:
    """An id that nobody can guess."""
    return f"file_{secrets.token_urlsafe(16)}"


class Files:
    """The files of this gateway's sessions, within the configured bounds."""

    def __init__(
        self, store: FileStore, settings: FileSettings, now: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings
        self._store = store
        self._now = now
        self._bounds = FileBounds(settings.count, settings.session_bytes)
        self._coming: Counter[str] = Counter()
        self._going = 0

    @asynccontextmanager
    async def taken(self, file_id: str, session_id: str, upload: Upload) -> AsyncIterator[StoredFile]:
        """Take a file in, then tell of it in the block; when the block is refused it is forgotten.

        Raises `ProtocolError` (`too_large`, `type_not_allowed`, `too_many_files`, `too_many_bytes`,
        `empty_file`, `too_slow`), `UnknownSession`, `Busy`, `Unavailable`, and what `upload.body` raises.
        """
        try:
            with self._place(session_id):
                file = await self._take(file_id, session_id, upload)
        except ProtocolError as error:
            TAKEN.labels(error.code).inc()
            raise
        try:
            yield file
        except (ProtocolError, UnknownSession):
            # Anything else may have failed after it was told of, and then it must be there.
            await self._forget(file_id)
            raise
        TAKEN.labels("done").inc()

    async def of(self, session_id: str, file_id: str) -> StoredFile:
        """A file of this session. Raises `ProtocolError` (`unknown_file`) and `Unavailable`."""
        file = await self._store.file(file_id)
        if file is None or file.session_id != session_id:
            raise ProtocolError("unknown_file", "There is no such file in this conversation.", 404)
        return file

    async def given(self, file: StoredFile) -> AsyncGenerator[bytes, None]:
        """Its bytes, to be iterated to the end or closed. Raises `Busy` and, on the way, `Unavailable`."""
        if self._going >= READERS:
            raise Busy("too many files are being read; try again in a moment")
        self._going += 1
        try:
            left, number = file.size, 0
            while left > 0:
                piece = await self._store.piece(file.file_id, number)
                if piece is None:
                    raise Unavailable("the file is not there any more")
                left, number = left - len(piece), number + 1
                yield piece
        finally:
            self._going -= 1

    @contextlib.contextmanager
    def _place(self, session_id: str) -> Iterator[None]:
        if self._coming[session_id] >= AT_ONCE or self._coming.total() >= self.settings.at_once:
            raise Busy("other files are on their way; wait until they are there")
        self._coming[session_id] += 1
        try:
            yield
        finally:
            self._coming[session_id] -= 1
            if not self._coming[session_id]:
                del self._coming[session_id]

    async def _take(self, file_id: str, session_id: str, upload: Upload) -> StoredFile:
        expected = upload.announced or 0
        if expected > self.settings.size_bytes:
            raise self._too_large()
        try:
            await self._store.begin(file_id, session_id, self._now(), self._bounds, expected_bytes=expected)
            try:
                return await self._keep(file_id, session_id, upload)
            except BaseException:
                await self._forget(file_id)
                raise
        except UnknownContact:
            raise UnknownSession from None
        except TooManyFiles:
            text = f"At most {self.settings.count} files can be sent in one conversation."
            raise ProtocolError("too_many_files", text, 409) from None
        except TooManyBytes:
            most = _size(self.settings.session_bytes)
            text = f"The files of one conversation have at most {most} together."
            raise ProtocolError("too_many_bytes", text, 409) from None

    async def _keep(self, file_id: str, session_id: str, upload: Upload) -> StoredFile:
        try:
            async with asyncio.timeout(WHOLE_S):
                kind, size = await self._write(file_id, upload.body)
        except TimeoutError:
            raise ProtocolError("too_slow", "The file came too slowly, so it was given up.", 408) from None
        name = clean_name(upload.name, kind)
        file = StoredFile(file_id, session_id, kind.media_type, size, name)
        await self._store.finish(file, self._bounds)
        return file

    async def _write(self, file_id: str, body: AsyncIterator[bytes]) -> tuple[Kind, int]:
        sniffer, pending, size, number = Sniffer(self.settings.types), bytearray(), 0, 0
        async for data in _paced(body):
            size += len(data)
            if size > self.settings.size_bytes:
                raise self._too_large()
            sniffer.feed(data)
            pending += data
            while len(pending) >= PIECE_BYTES:
                await self._store.add(file_id, number, bytes(pending[:PIECE_BYTES]))
                del pending[:PIECE_BYTES]
                number += 1
        if not size:
            raise ProtocolError("empty_file", "The file is empty.", 422)
        kind = sniffer.finish()
        if pending:
            await self._store.add(file_id, number, bytes(pending))
        return kind, size

    async def _forget(self, file_id: str) -> None:
        try:
            await self._store.drop(file_id)
        except Unavailable as error:
            log.warning("a file was not forgotten", file_id=file_id, reason=str(error))

    def _too_large(self) -> ProtocolError:
        text = f"A file has at most {_size(self.settings.size_bytes)}."
        return ProtocolError("too_large", text, 413)


async def _paced(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The body, which may pause for `QUIET_S` at most; raises `TimeoutError`."""
    while True:
        async with asyncio.timeout(QUIET_S):
            data = await anext(body, None)
        if data is None:
            return
        yield data


def _size(count: int) -> str:
    return f"{count / 1_000_000:g} MB" if count >= 1_000_000 else f"{count / 1_000:g} kB"
