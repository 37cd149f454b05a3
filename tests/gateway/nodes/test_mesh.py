"""A single node, and the mesh in memory that other tests use: it does what the one over Redis does."""

import asyncio
from collections.abc import Awaitable, Callable

from gateway.nodes.mesh import Alone, Mesh
from tests import virtual_time
from tests.contracts.mesh import MeshContract
from tests.fakes.memory_mesh import MemoryMesh, Net

Test = Callable[[Mesh, Mesh], Awaitable[None]]


class TestInMemory(MeshContract):
    def run(self, test: Test) -> None:  # type: ignore[override]
        async def main() -> None:
            net = Net()
            one, other = MemoryMesh(net), MemoryMesh(net)
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(each.run()) for each in (one, other)]
                await test(one, other)
                for task in running:
                    task.cancel()

        virtual_time.run(main())


def test_alone_there_is_nobody_to_ask() -> None:
    async def main() -> None:
        mesh = Alone()
        mesh.tell("news", {})
        assert await mesh.ask("fine", {}) is None
        assert list(await mesh.ask_all("fine", {})) == []
        await mesh.run()

    virtual_time.run(main())
