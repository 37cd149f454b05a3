"""The log in Redis: one winner, nothing missing unnoticed."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from gateway.queue.records import Change, Seat
from gateway.queue.shared_log import FAILURES, NOTHING, SharedLog, order
from tests.contracts.queue import agent

pytestmark = [pytest.mark.redis, pytest.mark.timeout(120)]


def seat(name: str) -> Change:
    return Change({("seat", name): Seat(agent(name), "n", 0.0)})


def check(url: str, test: Callable[[SharedLog], Awaitable[None]]) -> None:
    async def main() -> None:
        shared = SharedLog(url)
        try:
            await test(shared)
        finally:
            await shared.close()

    asyncio.run(main())


def test_of_several_commits_on_one_version_one_is_stored(redis_url: str) -> None:
    async def test(shared: SharedLog) -> None:
        tries = [shared.commit(NOTHING, seat(f"n{number}")) for number in range(20)]
        (version,) = [found for found in await asyncio.gather(*tries) if found is not None]
        whole = await shared.whole()
        assert whole.version == version and len(whole.records) == 1
        newest, (entry,) = await shared.since(NOTHING)
        assert (newest, entry.version, entry.after) == (version, version, NOTHING)
        assert entry.change.records == whole.records

    check(redis_url, test)


def test_entries_name_what_they_follow_and_dropped_records_are_gone(redis_url: str) -> None:
    async def test(shared: SharedLog) -> None:
        first = await shared.commit(NOTHING, seat("a"))
        assert first is not None
        second = await shared.commit(first, Change({("seat", "a"): None}))
        assert second is not None and order(second) > order(first)
        assert [entry.after for entry in await shared.follow(NOTHING)] == [NOTHING, first]
        assert (await shared.whole()).records == {}
        assert await shared.since(second) == (second, [])
        assert await shared.follow(second) == []

    check(redis_url, test)


def test_a_heartbeat_tells_who_is_missing_and_what_time_it_is(redis_url: str) -> None:
    async def test(shared: SharedLog) -> None:
        beat = await shared.beat("n", ["m"], 60_000)
        assert beat.missing == {"m"} and beat.version == NOTHING and beat.now > 1.7e9
        assert (await shared.beat("m", ["n"], 60_000)).missing == frozenset()
        await shared.silence("n")
        assert (await shared.beat("m", ["n"], 60_000)).missing == {"n"}
        assert (await shared.beat("m", [], 60_000)).missing == frozenset()

    check(redis_url, test)


def test_rubbish_in_redis_is_passed_over_and_noticed(redis_url: str) -> None:
    async def test(shared: SharedLog) -> None:
        version = await shared.commit(NOTHING, seat("a"))
        assert version is not None
        client: Redis = Redis.from_url(redis_url)
        await client.hset("warmline:{queue}:records", "seat b", "rubbish")
        await client.xadd("warmline:{queue}:log", {"change": "rubbish"})
        await client.xadd("warmline:{queue}:log", {"other": "rubbish"})
        await client.aclose()
        newest, entries = await shared.since(version)
        assert newest != version and not entries, "so whoever reads on reads everything"
        assert len((await shared.whole()).records) == 1

    check(redis_url, test)


def test_who_is_cancelled_while_following_ends_at_once(redis_url: str) -> None:
    async def test(shared: SharedLog) -> None:
        for _ in range(20):
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(shared.follow(NOTHING))
                await asyncio.sleep(0)
                await shared.beat("n", [], 60_000)
                following.cancel()

    check(redis_url, test)


def test_a_redis_that_is_not_there_is_a_failure() -> None:
    from tests import servers

    async def main() -> None:
        shared = SharedLog(f"redis://127.0.0.1:{servers._free_port()}/0")
        with pytest.raises(FAILURES):
            await shared.whole()
        await shared.close()

    asyncio.run(main())
