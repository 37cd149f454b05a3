import asyncio
import threading

import pytest

from pipelines.agent.offload import ThreadOffload
from pipelines.facts import Unavailable


class Gate:
    """Blocking work that lasts until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    def work(self) -> str:
        self.entered.set()
        assert self.open.wait(10)
        return "done"


async def entered(gate: Gate) -> None:
    await asyncio.to_thread(gate.entered.wait, 10)


def test_work_runs_in_a_thread_of_its_own_and_gives_its_result() -> None:
    async def main() -> None:
        offload = ThreadOffload()
        assert await offload(divmod, 7, 2) == (3, 1)
        assert await offload(threading.get_ident) != threading.get_ident()
        offload.close()

    asyncio.run(main())


def test_what_the_work_raises_comes_back() -> None:
    async def main() -> None:
        offload = ThreadOffload()
        with pytest.raises(ZeroDivisionError):
            await offload(divmod, 1, 0)
        offload.close()

    asyncio.run(main())


def test_the_event_loop_goes_on_while_work_blocks() -> None:
    gate = Gate()

    async def main() -> None:
        offload = ThreadOffload()
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(_run(offload, gate), name="work")
            await entered(gate)
            gate.open.set()
        assert work.result() == "done"
        offload.close()

    asyncio.run(main())


def test_a_full_queue_refuses_at_once_and_takes_work_again_when_there_is_room() -> None:
    gate = Gate()

    async def main() -> None:
        offload = ThreadOffload(threads=1, bound=2)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(_run(offload, gate), name="running")
            await entered(gate)
            waiting = tasks.create_task(_run(offload, gate), name="waiting")
            await asyncio.sleep(0)
            with pytest.raises(Unavailable):
                await offload(gate.work)
            gate.open.set()
        assert [running.result(), waiting.result()] == ["done", "done"]
        assert await offload(gate.work) == "done"
        offload.close()

    asyncio.run(main())


def test_work_that_is_cancelled_while_it_waits_is_never_done_and_makes_room() -> None:
    gate, second = Gate(), Gate()
    second.open.set()

    async def main() -> None:
        offload = ThreadOffload(threads=1, bound=2)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_run(offload, gate), name="running")
            await entered(gate)
            waiting = tasks.create_task(_run(offload, second), name="waiting")
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting})
            again = tasks.create_task(_run(offload, gate), name="in its place")
            await asyncio.sleep(0)
            gate.open.set()
        assert again.result() == "done"
        assert not second.entered.is_set()
        offload.close()

    asyncio.run(main())


def test_after_it_is_closed_it_takes_nothing() -> None:
    async def main() -> None:
        offload = ThreadOffload()
        offload.close()
        with pytest.raises(RuntimeError):
            await offload(divmod, 7, 2)

    asyncio.run(main())


async def _run(offload: ThreadOffload, gate: Gate) -> str:
    return await offload(gate.work)
