from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tests.contracts.caller_index import CallerIndexContract, OpenedIndex
from tests.fakes.memory_caller_index import MemoryCallerIndex
from tests.fakes.memory_store import MemoryStore


class TestMemoryCallerIndex(CallerIndexContract):
    def opened(self) -> AbstractAsyncContextManager[OpenedIndex]:
        @asynccontextmanager
        async def opened() -> AsyncIterator[OpenedIndex]:
            store = MemoryStore()
            yield OpenedIndex(store, MemoryCallerIndex(store))

        return opened()
