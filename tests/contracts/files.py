"""What all `FileStore` must do. A test module subclasses it and says how to open one, and the store that has
the sessions.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import pytest

from gateway import session as sessions
from gateway.store.desk_records import UnknownContact
from gateway.store.file_store import (
    ABANDONED_S,
    FileBounds,
    FileStore,
    StoredFile,
    TooManyBytes,
    TooManyFiles,
)
from gateway.store.store import Store

BOUNDS = FileBounds(count=3, total_bytes=1_000)


@dataclass
class OpenedFiles:
    store: Store
    files: FileStore


def stored(session_id: str, file_id: str = "file_a", size: int = 6) -> StoredFile:
    return StoredFile(file_id, session_id, "text/plain", size, "notes «1».txt")


class FileStoreContract:
    """Inherited by one test class for each implementation."""

    def opened(self) -> AbstractAsyncContextManager[OpenedFiles]:
        raise NotImplementedError

    def check(self, test: Callable[[FileStore, str, str], Awaitable[None]]) -> None:
        """The test gets the files and two sessions."""

        async def main() -> None:
            async with self.opened() as the:
                begun = [sessions.begin("chat", 1000.0)[0] for _ in range(2)]
                for session in begun:
                    await the.store.create(session)
                await test(the.files, begun[0].session_id, begun[1].session_id)

        asyncio.run(main())

    def test_a_file_is_there_once_it_is_whole(self) -> None:
        async def test(files: FileStore, mine: str, _: str) -> None:
            await files.begin("file_a", mine, 10.0, BOUNDS, expected_bytes=6)
            await files.add("file_a", 0, b"\x00\xff\n")
            await files.add("file_a", 1, b"end")
            assert await files.file("file_a") is None
            await files.finish(stored(mine), BOUNDS)
            assert await files.file("file_a") == stored(mine)
            assert [await files.piece("file_a", n) for n in range(3)] == [b"\x00\xff\n", b"end", None]
            assert await files.file("file_' OR 1=1 --") is None

        self.check(test)

    def test_what_was_dropped_is_gone_whole_or_not(self) -> None:
        async def test(files: FileStore, mine: str, _: str) -> None:
            for file_id in ("file_a", "file_b"):
                await files.begin(file_id, mine, 10.0, BOUNDS)
                await files.add(file_id, 0, b"abcdef")
            await files.finish(stored(mine), BOUNDS)
            for file_id in ("file_a", "file_b", "file_none"):
                await files.drop(file_id)
                await files.drop(file_id)
            for file_id in ("file_a", "file_b"):
                assert (await files.file(file_id), await files.piece(file_id, 0)) == (None, None)

        self.check(test)

    def test_a_session_has_only_so_many_those_that_come_too(self) -> None:
        async def test(files: FileStore, mine: str, other: str) -> None:
            for number in range(BOUNDS.count):
                await files.begin(f"file_{number}", mine, 10.0, BOUNDS)
            with pytest.raises(TooManyFiles):
                await files.begin("file_more", mine, 10.0, BOUNDS)
            await files.begin("file_other", other, 10.0, BOUNDS)
            await files.drop("file_0")
            await files.begin("file_more", mine, 10.0, BOUNDS)

        self.check(test)

    def test_a_session_has_only_so_many_bytes(self) -> None:
        async def test(files: FileStore, mine: str, other: str) -> None:
            await files.begin("file_a", mine, 10.0, BOUNDS, expected_bytes=600)
            with pytest.raises(TooManyBytes):
                await files.begin("file_b", mine, 10.0, BOUNDS, expected_bytes=401)
            await files.begin("file_b", mine, 10.0, BOUNDS)  # they did not say how large it is
            await files.finish(stored(mine, "file_a", 500), BOUNDS)
            with pytest.raises(TooManyBytes):
                await files.finish(stored(mine, "file_b", 501), BOUNDS)
            assert await files.file("file_b") is None
            await files.finish(stored(mine, "file_b", 500), BOUNDS)
            await files.begin("file_c", other, 10.0, BOUNDS, expected_bytes=1_000)

        self.check(test)

    def test_of_many_at_once_no_more_come_through_than_fit(self) -> None:
        async def test(files: FileStore, mine: str, _: str) -> None:
            begins = [files.begin(f"file_{n}", mine, 10.0, BOUNDS) for n in range(8)]
            results = await asyncio.gather(*begins, return_exceptions=True)
            assert results.count(None) == BOUNDS.count
            assert sum(isinstance(result, TooManyFiles) for result in results) == 8 - BOUNDS.count

        self.check(test)

    def test_what_a_killed_process_left_is_forgotten_with_the_next_file(self) -> None:
        async def test(files: FileStore, mine: str, other: str) -> None:
            for file_id in ("file_a", "file_b"):
                await files.begin(file_id, mine, 10.0, BOUNDS, expected_bytes=400)
                await files.add(file_id, 0, b"abcdef")
            await files.finish(stored(mine), BOUNDS)
            await files.begin("file_c", other, 10.0 + ABANDONED_S, BOUNDS)
            assert await files.piece("file_b", 0) == b"abcdef"
            await files.begin("file_d", other, 10.1 + ABANDONED_S, BOUNDS)
            assert await files.piece("file_b", 0) is None
            assert await files.piece("file_a", 0) == b"abcdef"

        self.check(test)

    def test_nothing_is_kept_for_a_contact_that_is_none(self) -> None:
        async def test(files: FileStore, *_: str) -> None:
            with pytest.raises(UnknownContact):
                await files.begin("file_a", "s_nobody", 10.0, BOUNDS)

        self.check(test)
