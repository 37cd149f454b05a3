from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from gateway.store.account_store import AccountStore
from gateway.store.database import open_database
from gateway.store.sql_accounts import SqlAccounts
from tests.contracts.accounts import AccountsContract


def opened(url: str) -> AbstractAsyncContextManager[AccountStore]:
    @asynccontextmanager
    async def accounts() -> AsyncIterator[AccountStore]:
        async with open_database(url) as database:
            yield SqlAccounts(database)

    return accounts()


class TestSqlite(AccountsContract):
    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.url = f"sqlite+aiosqlite:///{tmp_path / 'accounts.sqlite'}"

    def opened(self) -> AbstractAsyncContextManager[AccountStore]:
        return opened(self.url)


@pytest.mark.postgres
class TestPostgres(AccountsContract):
    @pytest.fixture(autouse=True)
    def _server(self, postgres_url: str) -> None:
        self.url = postgres_url

    def opened(self) -> AbstractAsyncContextManager[AccountStore]:
        return opened(self.url)
