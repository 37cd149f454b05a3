"""The scripted leg passes the contract of all legs, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from gateway.events import Message
from tests import virtual_time
from tests.contracts.leg import Ends, LegContract
from tests.fakes.scripted_leg import ScriptedLeg


class TestScriptedLeg(LegContract):
    def run(self, main: Coroutine[Any, Any, None]) -> None:
        virtual_time.run(main)

    @asynccontextmanager
    async def ends(self) -> AsyncIterator[Ends]:
        leg = ScriptedLeg()

        async def hush(frames: int) -> None:
            leg.say([None] * frames)

        async def leave() -> None:
            leg.leave()

        async def got(count: int) -> list[Message]:
            return leg.sent[:count]

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(leg.serve(), name="scripted leg")
            await asyncio.sleep(0)
            yield Ends(leg, leg.say, hush, lambda: leg.heard, got, leg.write, leave)
            leg.leave()
