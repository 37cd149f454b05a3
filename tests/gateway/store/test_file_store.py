from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tests.contracts.files import FileStoreContract, OpenedFiles
from tests.fakes.memory_files import MemoryFiles
from tests.fakes.memory_store import MemoryStore


class TestMemoryFiles(FileStoreContract):
    def opened(self) -> AbstractAsyncContextManager[OpenedFiles]:
        @asynccontextmanager
        async def opened() -> AsyncIterator[OpenedFiles]:
            store = MemoryStore()
            yield OpenedFiles(store, MemoryFiles(store))

        return opened()
