"""A coroutine that forgets a task, for the test of the rule against it."""

import asyncio


async def leak() -> None:
    """Return while a task of ours still sleeps."""
    loop = asyncio.get_running_loop()
    kept = [
        loop.create_task(asyncio.Event().wait(), name="not ours"),
        loop.create_task(_forgotten(), name="forgotten"),
    ]
    await asyncio.sleep(0)
    assert not any(task.done() for task in kept)


async def _forgotten() -> None:
    await asyncio.Event().wait()
