from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from gateway.store.sql import open_store
from gateway.store.sql_caller_index import SqlCallerIndex
from tests.contracts.caller_index import CallerIndexContract, OpenedIndex


def opened(url: str) -> AbstractAsyncContextManager[OpenedIndex]:
    @asynccontextmanager
    async def index() -> AsyncIterator[OpenedIndex]:
        async with open_store(url) as store:
            yield OpenedIndex(store, SqlCallerIndex(store.database))

    return index()


class TestSqlite(CallerIndexContract):
    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.url = f"sqlite+aiosqlite:///{tmp_path / 'callers.sqlite'}"

    def opened(self) -> AbstractAsyncContextManager[OpenedIndex]:
        return opened(self.url)


@pytest.mark.postgres
class TestPostgres(CallerIndexContract):
    @pytest.fixture(autouse=True)
    def _server(self, postgres_url: str) -> None:
        self.url = postgres_url

    def opened(self) -> AbstractAsyncContextManager[OpenedIndex]:
        return opened(self.url)
