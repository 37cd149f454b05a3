"""The mesh over a real Redis: the contract of all meshes, and what only Redis can do wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from gateway.events import Message
from gateway.nodes import redis_mesh
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


class Cable:
    """A connection to Redis that may go dead without a word, as behind a firewall that forgot it."""

    def __init__(self, url: str) -> None:
        self._to = int(url.rsplit(":", 1)[1].split("/")[0])
        self.dead: set[asyncio.StreamWriter] = set()
        self.made: list[asyncio.StreamWriter] = []
        self.carrying: set[asyncio.Task[None] | None] = set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.made.append(writer)
        self.carrying.add(asyncio.current_task())
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        async with asyncio.TaskGroup() as tasks:
            ways = {
                tasks.create_task(self._pass(reader, back, writer)),
                tasks.create_task(self._pass(there, writer, writer)),
            }
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
        for end in (writer, back):
            end.close()

    async def _pass(
        self, from_: asyncio.StreamReader, to: asyncio.StreamWriter, name: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while data := await from_.read(65_536):
                if name not in self.dead:
                    to.write(data)
                    await to.drain()


@pytest.mark.redis
def test_a_connection_that_went_dead_is_noticed_and_made_anew(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_mesh, "SILENT_S", 0.2)

    async def answers(question: Message) -> Message | None:
        return {"fine": True}

    async def main() -> None:
        cable = Cable(redis_url)
        server = await asyncio.start_server(cable.carry, "127.0.0.1", 0)
        async with (
            open_mesh(redis_url) as one,
            open_mesh(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0") as other,
            asyncio.TaskGroup() as tasks,
        ):
            other.serve("fine", answers)
            running = [tasks.create_task(each.run()) for each in (one, other)]
            for again in (False, True):
                async with asyncio.timeout(10):
                    while await one.ask("fine", {}, within_s=0.3) is None:
                        pass
                if not again:
                    cable.dead = set(cable.made)
                    assert await one.ask("fine", {}, within_s=0.1) is None
            for task in running:
                task.cancel()
        server.close()
        await asyncio.gather(*(task for task in cable.carrying if task))

    asyncio.run(main())


def test_an_outage_is_logged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_mesh, "PAUSE_S", 0.0)

    async def main() -> None:
        tries, enough = 0, asyncio.Event()

        async def receive(tasks: asyncio.TaskGroup) -> None:
            nonlocal tries
            tries += 1
            if tries == 3:
                enough.set()
            await connect(tasks)

        async with open_mesh("redis://127.0.0.1:1/0") as mesh, asyncio.TaskGroup() as tasks:
            connect = mesh._receive
            mesh._receive = receive  # type: ignore[method-assign]
            running = tasks.create_task(mesh.run())
            await enough.wait()
            running.cancel()

    with capture_logs() as logs:
        asyncio.run(main())
    assert [each["event"] for each in logs] == ["other nodes cannot be reached"]
