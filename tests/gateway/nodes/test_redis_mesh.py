"""The mesh over a real Redis: the contract of all meshes, and what only Redis can do wrong."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from gateway.events import Message
from gateway.nodes.mesh import Mesh
from gateway.nodes.redis_mesh import open_mesh
from pipelines.facts import Unavailable
from tests.contracts.mesh import MeshContract

Test = Callable[[Mesh, Mesh], Awaitable[None]]


@pytest.mark.redis
class TestOverRedis(MeshContract):
    @pytest.fixture(autouse=True)
    def server(self, redis_url: str) -> None:
        self.url = redis_url

    def run(self, test: Test) -> None:  # type: ignore[override]
        asyncio.run(over_redis(self.url, test))


async def over_redis(url: str, test: Test) -> None:
    async with open_mesh(url) as one, open_mesh(url) as other, asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each.run()) for each in (one, other)]
        async with Redis.from_url(url, decode_responses=True, protocol=2) as control:
            async with asyncio.timeout(5):
                while len(await control.pubsub_channels()) < 3:  # noqa: ASYNC110 - a real server
                    await asyncio.sleep(0.01)
            await test(one, other)
        for task in running:
            task.cancel()


@pytest.mark.redis
def test_what_is_no_message_of_ours_is_passed_over(redis_url: str) -> None:
    async def test(one: Mesh, other: Mesh) -> None:
        async def answers(question: Message) -> Message | None:
            return {"fine": True}

        other.serve("fine", answers)
        async with Redis.from_url(redis_url, decode_responses=True, protocol=2) as stranger:
            for text in (
                "",
                "{",
                "[]",
                '{"from": 1}',
                '{"from":"x","topic":"fine","ask":"","body":[]}',
                "9" * 9999,
            ):
                await stranger.publish("warmline:nodes", text)
        assert await one.ask("fine", {}) == {"fine": True}

    asyncio.run(over_redis(redis_url, test))


def test_without_redis_questions_fail_at_once_and_news_are_lost() -> None:
    async def main() -> None:
        async with open_mesh("redis://127.0.0.1:1/0") as mesh:
            mesh.tell("news", {"n": 1})
            with pytest.raises(Unavailable):
                await mesh.ask("fine", {})
            with pytest.raises(Unavailable):
                await mesh.ask_all("fine", {})

    asyncio.run(main())
