from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from gateway.store.account_store import AccountStore
from tests.contracts.accounts import AccountsContract
from tests.fakes.memory_accounts import MemoryAccounts


class TestMemoryAccounts(AccountsContract):
    def opened(self) -> AbstractAsyncContextManager[AccountStore]:
        @asynccontextmanager
        async def opened() -> AsyncIterator[AccountStore]:
            yield MemoryAccounts()

        return opened()
