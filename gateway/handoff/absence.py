"""Customers of chats who have closed the page: nobody of ours is called to them.

Whoever has an agent already is left to them: they may write still, and end it.
"""

import asyncio
from typing import Protocol

from gateway.handoff.states import CustomerGone, Input, State
from gateway.live import LiveSession
from pipelines.facts import Channel

LEFT_S = 60.0
"Whose page has been gone for so long does not wait any more; a reload takes a moment."
LOOK_EVERY_S = 5.0
WITHOUT_AGENT = frozenset((State.SCREEN, State.ALTERNATIVES, State.QUEUED, State.OFFERED))


class Waits(Protocol):
    """A handoff: `gateway.handoff.contact.Contact`."""

    live: LiveSession

    @property
    def state(self) -> State:
        """Where it stands."""

    @property
    def channel(self) -> Channel:
        """How the customer is there."""

    def put_soon(self, happened: Input) -> None:
        """Let it happen."""


async def watch(handoff: Waits) -> None:
    """Tell the handoff when its customer has left, for as long as it lasts."""
    clock = asyncio.get_running_loop().time
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        left_at = handoff.live.left_at
        is_gone = left_at is not None and clock() - left_at >= LEFT_S
        if is_gone and handoff.channel == "chat" and handoff.state in WITHOUT_AGENT:
            handoff.put_soon(CustomerGone())
