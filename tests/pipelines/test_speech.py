"""Shared workers: order, bounds, and whose result it is."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from pipelines.speech import BEHIND_LOOP, ENOUGH, Dropped, Failed, Job, Load, ModelWorkers, Priority


class Bench:
    """Workers whose one thread is busy until `go`, so that the queue fills."""

    def __init__(self, workers: ModelWorkers) -> None:
        self.workers = workers
        self.go = threading.Event()
        self.results: list[tuple[str, Any]] = []
        self.begun = asyncio.Event()
        self.reported = asyncio.Event()
        loop = asyncio.get_running_loop()

        def block() -> None:
            loop.call_soon_threadsafe(self.begun.set)
            self.go.wait(5)

        workers.submit(Job("busy", Priority.FINAL, block, lambda _: None))

    def ask(
        self,
        name: str,
        priority: Priority = Priority.FINAL,
        work: Callable[[], Any] = lambda: "words",
        call: str | None = None,
    ) -> Job[Any]:
        def done(result: Any) -> None:
            self.results.append((name, result))
            self.reported.set()

        job = Job(call or name, priority, work, done)
        self.workers.submit(job)
        return job

    async def finish(self, count: int) -> list[str]:
        """Let the thread work until so many results have come."""
        self.go.set()
        while len(self.results) < count:
            self.reported.clear()
            await self.reported.wait()
        return [name for name, _ in self.results]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no niceness of their own")
def test_on_a_busy_core_the_event_loop_goes_before_a_model() -> None:
    async def main() -> None:
        async with ModelWorkers("test") as workers:
            bench = Bench(workers)
            bench.ask("niceness", work=lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            await bench.finish(1)
        assert bench.results == [("niceness", min(19, os.nice(0) + BEHIND_LOOP))]

    asyncio.run(main())


def test_finals_go_before_eager_ones_before_partials() -> None:
    async def main() -> None:
        async with ModelWorkers("test") as workers:
            bench = Bench(workers)
            await bench.begun.wait()
            bench.ask("anticipated", Priority.ANTICIPATED)
            bench.ask("partial", Priority.PARTIAL)
            bench.ask("eager", Priority.EAGER)
            bench.ask("final", Priority.FINAL)
            bench.ask("final 2", Priority.FINAL)
            assert await bench.finish(5) == ["final", "final 2", "eager", "partial", "anticipated"]

    asyncio.run(main())


def test_workers_are_idle_while_a_job_would_be_begun_at_once() -> None:
    async def main() -> None:
        async with ModelWorkers("test", threads=2) as workers:
            assert workers.idle
            bench = Bench(workers)
            await bench.begun.wait()
            assert workers.idle, "there is a second thread"
            release = threading.Event()
            bench.ask("second", work=lambda: release.wait(5))
            assert not workers.idle, "whether or not its thread has begun yet"
            release.set()
            await bench.finish(1)
            assert workers.idle

    asyncio.run(main())


def test_an_eager_job_can_become_urgent() -> None:
    async def main() -> None:
        async with ModelWorkers("test") as workers:
            bench = Bench(workers)
            await bench.begun.wait()
            bench.ask("eager", Priority.EAGER)
            workers.promote(bench.ask("promoted", Priority.EAGER), Priority.FINAL)
            assert await bench.finish(2) == ["promoted", "eager"]

    asyncio.run(main())


def test_a_full_queue_drops_the_oldest_partial_first() -> None:
    async def main() -> None:
        async with ModelWorkers("test", bound=3) as workers:
            bench = Bench(workers)
            await bench.begun.wait()
            bench.ask("partial 1", Priority.PARTIAL)
            bench.ask("partial 2", Priority.PARTIAL)
            bench.ask("eager", Priority.EAGER)
            bench.ask("final", Priority.FINAL)
            assert bench.results == [("partial 1", Dropped())]
            assert await bench.finish(4) == ["partial 1", "final", "eager", "partial 2"]

    asyncio.run(main())


def test_a_model_that_fails_fails_one_job_only() -> None:
    async def main() -> None:
        async with ModelWorkers("test") as workers:
            bench = Bench(workers)
            bench.ask("bad", work=lambda: 1 // 0)
            bench.ask("good")
            await bench.finish(2)
        assert isinstance(bench.results[0][1], Failed)
        assert bench.results[1] == ("good", "words")

    asyncio.run(main())


def test_an_ended_call_takes_its_jobs_with_it_and_nobody_elses() -> None:
    async def main() -> None:
        async with ModelWorkers("test") as workers:
            bench = Bench(workers)
            await bench.begun.wait()
            worked: list[str] = []
            for name in ("a1", "b1", "a2"):
                bench.ask(name, work=partial(worked.append, name), call=name[0])
            workers.drop_call("a")
            bench.ask("c1", work=partial(worked.append, "c1"))
            assert await bench.finish(2) == worked == ["b1", "c1"]

    asyncio.run(main())


def test_a_withdrawn_job_reports_nothing_even_if_it_was_running() -> None:
    async def main() -> None:
        async with ModelWorkers("test") as workers:
            bench = Bench(workers)
            await bench.begun.wait()
            running, release = threading.Event(), threading.Event()

            def work() -> None:
                running.set()
                release.wait(5)

            job = bench.ask("running", work=work)
            workers.withdraw(bench.ask("waiting"))
            bench.go.set()
            await asyncio.to_thread(running.wait, 5)
            workers.withdraw(job)
            release.set()
            bench.ask("last")
            assert await bench.finish(1) == ["last"]

    asyncio.run(main())


def test_its_threads_end_with_it() -> None:
    async def main() -> None:
        before = threading.active_count()
        async with ModelWorkers("test", threads=3) as workers:
            bench = Bench(workers)
            await bench.begun.wait()
            bench.ask("never done")
            assert threading.active_count() == before + 3
            bench.go.set()
        assert not [t for t in threading.enumerate() if t.name.startswith("test-")]

    asyncio.run(main())


def test_the_load_tells_how_long_turns_waited_and_how_long_the_model_worked() -> None:
    async def main() -> None:
        async with ModelWorkers("test") as workers:
            assert workers.load == Load()
            for number in range(ENOUGH):
                bench = Bench(workers)
                await bench.begun.wait()
                bench.ask(f"final {number}")
                await asyncio.sleep(0.02)
                assert workers.load.waited_s >= 0.02, "one that still waits counts already"
                await bench.finish(1)
            assert 0.005 <= workers.load.waited_s < 1
            assert 0.005 <= workers.load.worked_s < 1

    asyncio.run(main())


def test_partials_and_a_first_cold_decode_do_not_count_as_load() -> None:
    async def main() -> None:
        async with ModelWorkers("test") as workers:
            bench = Bench(workers)
            await bench.begun.wait()
            for number in range(2 * ENOUGH):
                bench.ask(f"partial {number}", Priority.PARTIAL)
            await asyncio.sleep(0.02)
            await bench.finish(2 * ENOUGH)
            assert workers.load == Load()

    asyncio.run(main())
