"""A telephone network played by a test: calls go out through it, and it takes transfers as told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from gateway.protocol_error import ProtocolError
from gateway.sip.call_events import TransferProgress
from tests.fakes.scripted_leg import ScriptedLeg


class TransferableLeg(ScriptedLeg):
    """A telephone whose network takes transfers as told: codes of progress, the last one final."""

    codes: tuple[int, ...] = (100, 200)
    moved_to: str | None = None

    context: str | None = None

    async def transfer(self, number: str, *, context: str | None = None) -> AsyncIterator[TransferProgress]:
        if number == "900":
            raise ProtocolError("destination_not_allowed", "Calls to this number are not allowed.", 403)
        self.moved_to, self.context = number, context
        for code in self.codes:
            await asyncio.sleep(0.5)
            yield TransferProgress(code, f"phrase {code}", final=code >= 200)


class ScriptedLines:
    """A telephone network: rings for a while, then answers, or fails as told."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.leg = TransferableLeg()
        self.dialled: list[tuple[str, str | None, Mapping[str, str]]] = []
        self.given_up = False
        self.rings_s = 2.0

    @asynccontextmanager
    async def call(
        self, number: str, *, trunk: str | None, headers: Mapping[str, str], ringing: Callable[[], None]
    ) -> AsyncIterator[TransferableLeg]:
        self.dialled.append((number, trunk, headers))
        await asyncio.sleep(1)
        ringing()
        try:
            await asyncio.sleep(self.rings_s)
        except asyncio.CancelledError:
            self.given_up = True
            raise
        if self.failure is not None:
            raise self.failure
        try:
            yield self.leg
        finally:
            await self.leg.hang_up("the call is over")
