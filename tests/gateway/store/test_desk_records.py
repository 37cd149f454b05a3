from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tests.contracts.desk_records import DeskRecordsContract, Opened
from tests.fakes.memory_desk_records import MemoryDeskRecords
from tests.fakes.memory_store import MemoryStore


class TestMemoryDeskRecords(DeskRecordsContract):
    def opened(self) -> AbstractAsyncContextManager[Opened]:
        @asynccontextmanager
        async def opened() -> AsyncIterator[Opened]:
            store = MemoryStore()
            yield Opened(store, MemoryDeskRecords(store))

        return opened()
