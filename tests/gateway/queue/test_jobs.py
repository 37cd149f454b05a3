"""Commands that wait for a memory that is away."""

import asyncio
from typing import Any

import pytest

from gateway.queue import jobs
from gateway.queue.board import Board
from gateway.queue.contacts import QueueFull
from gateway.queue.jobs import Jobs
from gateway.queue.settings import Queues
from pipelines.facts import Unavailable
from tests import virtual_time

BOARD = Board(Queues(), iter(()).__next__)


def nothing(board: Board, now: float) -> None:
    pass


def full(board: Board, now: float) -> None:
    raise QueueFull("full")


def carry_out(some: Jobs) -> list[Any]:
    batch = some.batch()
    outcomes = [job.attempt(BOARD, 0.0) for job in batch]
    some.settle(batch, outcomes)
    return outcomes


def test_commands_are_carried_out_in_order_and_answered() -> None:
    async def main() -> None:
        some = Jobs()
        one = some.add(lambda board, now: 1, surely=False)
        two = some.add(full, surely=False)
        some.note(lambda board, now: 0, first=True)
        outcomes = carry_out(some)
        assert outcomes[:2] == [0, 1]
        assert await one == 1
        with pytest.raises(QueueFull):
            await two
        assert some.batch() == []

    virtual_time.run(main())


def test_who_waits_no_longer_is_passed_over_unless_it_must_be_done() -> None:
    async def main() -> None:
        some = Jobs()
        for surely in (False, True):
            some.add(nothing, surely=surely).cancel()
        assert [job.surely for job in some.batch()] == [True]
        assert carry_out(some) == [None]

    virtual_time.run(main())


def test_too_many_are_refused_and_large_numbers_come_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BOUND", 3)
    monkeypatch.setattr(jobs, "BATCH", 2)

    async def main() -> None:
        some = Jobs()
        for _ in range(3):
            some.add(nothing, surely=True)
        with pytest.raises(Unavailable):
            some.add(nothing, surely=True)
        assert [len(carry_out(some)), len(carry_out(some))] == [2, 1]

    virtual_time.run(main())


def test_the_one_who_carries_out_waits_for_commands_a_stir_or_a_time() -> None:
    async def main() -> None:
        some, clock = Jobs(), asyncio.get_running_loop().time
        await some.wait(5)
        assert clock() == 5
        await some.wait(-1)
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(some.wait(None))
            await asyncio.sleep(1)
            assert not waiting.done()
            some.stir()
        some.note(nothing)
        await some.wait(None)
        assert clock() == 6

    virtual_time.run(main())


def test_at_the_end_everybody_is_told() -> None:
    async def main() -> None:
        some = Jobs()
        one = some.add(nothing, surely=True)
        some.note(nothing)
        some.give_up(Unavailable("over"))
        with pytest.raises(Unavailable, match="over"):
            await one
        assert some.batch() == []

    virtual_time.run(main())
