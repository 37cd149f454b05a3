"""What all `CallerIndex` must do. A test module subclasses it and says how to open one, and the store that
has the sessions.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import pytest

from gateway import session as sessions
from gateway.session import Session
from gateway.store.caller_index import MOST, CallerIndex
from gateway.store.desk_records import UnknownContact
from gateway.store.store import Store


@dataclass
class OpenedIndex:
    store: Store
    index: CallerIndex


class CallerIndexContract:
    """Inherited by one test class for each implementation."""

    def opened(self) -> AbstractAsyncContextManager[OpenedIndex]:
        raise NotImplementedError

    def check(self, count: int, test: Callable[[CallerIndex, list[Session]], Awaitable[None]]) -> None:
        async def main() -> None:
            async with self.opened() as the:
                begun = [sessions.begin("voice", 1000.0)[0] for _ in range(count)]
                for session in begun:
                    await the.store.create(session)
                await test(the.index, begun)

        asyncio.run(main())

    def test_sessions_of_a_caller_come_newest_first(self) -> None:
        async def test(index: CallerIndex, begun: list[Session]) -> None:
            first, second, others = (session.session_id for session in begun)
            await index.note("k1", first, 10.0)
            await index.note("k1", second, 20.5)
            await index.note("k2", others, 15.0)
            assert await index.sessions("k1", since=0.0) == [second, first]
            assert await index.sessions("k1", since=20.5) == [second]
            assert await index.sessions("k1", since=20.6) == []
            assert await index.sessions("k' OR 1=1 --", since=0.0) == []

        self.check(3, test)

    def test_the_newest_call_of_a_session_counts(self) -> None:
        async def test(index: CallerIndex, begun: list[Session]) -> None:
            await index.note("k1", begun[0].session_id, 10.0)
            await index.note("k2", begun[0].session_id, 30.0)
            assert await index.sessions("k1", since=0.0) == []
            assert await index.sessions("k2", since=30.0) == [begun[0].session_id]

        self.check(1, test)

    def test_an_answer_is_bounded(self) -> None:
        async def test(index: CallerIndex, begun: list[Session]) -> None:
            for at, session in enumerate(begun):
                await index.note("k1", session.session_id, float(at))
            found = await index.sessions("k1", since=0.0)
            assert found == [session.session_id for session in begun[: -MOST - 1 : -1]]

        self.check(MOST + 2, test)

    def test_nothing_is_kept_of_a_contact_that_is_none(self) -> None:
        async def test(index: CallerIndex, begun: list[Session]) -> None:
            with pytest.raises(UnknownContact):
                await index.note("k1", "s_nobody", 10.0)

        self.check(0, test)
