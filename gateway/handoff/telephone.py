"""Agents who are reached by telephone: called, told from machines, briefed in a whisper, asked for a key.

The call to an agent is one function; it lasts as long as their connection, whoever it is with. Nothing of the
customer is heard there before the room says so.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import structlog

from gateway.handoff.states import Agent, Answered, Connect, Input, NotReached, PickedUp, Refused
from gateway.leg import Leg
from gateway.placed_call import Parts
from gateway.protocol_error import ProtocolError
from gateway.queue.contacts import ContactQueue
from gateway.queue.settings import Queues
from gateway.sip.call_failed import CallFailed
from gateway.sip.context import USER_TO_USER, user_to_user
from gateway.switchboard import Lines
from pipelines.answering_machine import Answerer
from pipelines.briefing import Briefing
from pipelines.facts import Unavailable
from pipelines.pickup import Pickup

log = structlog.get_logger(__name__)

YES, NO, AGAIN = "1", "2", "3"
ASK = "Press 1 to take the call, 2 to decline, 3 to hear it again."
TAKEN = "Somebody else has taken it. Goodbye."
HEARD_S = 2.5
"A sentence may take so long to be heard after it was handed over."


class AgentTelephones:
    """Calls agents' telephones; `lines` is the way out, once there is one."""

    def __init__(
        self, lines: Callable[[], Lines | None], settings: Queues, queue: ContactQueue, parts: Parts
    ) -> None:
        self._lines = lines
        self._settings = settings
        self._queue = queue
        self._parts = parts
        self._legs: dict[str, Leg] = {}

    def leg(self, lease_id: str) -> Leg | None:
        """The connection to an agent who was called, while it lasts."""
        return self._legs.get(lease_id)

    async def say(self, lease_id: str, text: str) -> None:
        """Tell the agent something; nothing when their connection is gone."""
        leg = self._legs.get(lease_id)
        if leg is not None:
            await self._say(leg, text)
            await asyncio.sleep(HEARD_S)

    async def call(
        self, agent: Agent, lease_id: str, briefing: Briefing, put: Callable[[Input], None]
    ) -> None:
        """Call the agent and tell them what it is about; lasts as long as the connection. Cancel to hang up.

        `put` gets `Answered`, `NotReached`, `PickedUp`, `Connect` and `Refused`.
        """
        lines, phone = self._lines(), self._settings.phone(agent.phone or "")
        if lines is None or phone is None:
            put(NotReached("no_telephone"))
            return
        headers = {USER_TO_USER: user_to_user(_context(briefing))}
        try:
            async with lines.call(phone.number, trunk=phone.trunk, headers=headers, ringing=_ring) as leg:
                put(Answered())
                self._legs[lease_id] = leg
                try:
                    await self._have(leg, agent, lease_id, briefing, put)
                finally:
                    del self._legs[lease_id]
        except CallFailed as failure:
            put(
                NotReached(
                    "busy" if failure.code == 486 else "no_answer" if failure.code == 408 else "failed"
                )
            )
        except (ProtocolError, Unavailable) as error:
            log.warning("agent not called", agent=agent.agent_id, reason=str(error))
            put(NotReached("failed"))

    async def _have(
        self, leg: Leg, agent: Agent, lease_id: str, briefing: Briefing, put: Callable[[Input], None]
    ) -> None:
        """From the answer to the end of the connection."""
        pickup = Pickup(lease_id, leg, self._parts)
        try:
            verdict = await pickup.verdict()
        finally:
            pickup.close()
        person = verdict.answerer in (Answerer.PERSON, Answerer.UNKNOWN) and leg.ended is None
        put(PickedUp(person))
        if not person:
            return
        if await self._agrees(leg, briefing):
            if await self._queue.accept(lease_id, agent.agent_id) is None:
                await self._say(leg, TAKEN)
                await asyncio.sleep(HEARD_S)
                put(Refused("too_late"))
                return
            put(Connect())
            async for _ in leg.digits():  # until they are gone; the room has their sound
                pass
        else:
            put(Refused("declined" if leg.ended is None else "hung_up"))

    async def _agrees(self, leg: Leg, briefing: Briefing) -> bool:
        """Whisper what it is about until they say yes or no by key, or have hung up."""
        words = f"{briefing.for_role('phone').spoken()} {ASK}"
        while True:
            async with asyncio.TaskGroup() as tasks:
                saying = tasks.create_task(self._say(leg, words), name="whisper")
                key = await _key(leg)
                saying.cancel()
            leg.clear()
            if key != AGAIN:
                return key == YES

    async def _say(self, leg: Leg, text: str) -> None:
        async with aclosing(self._parts.synthesizer(leg.sample_rate).speak(text)) as speech:
            async for frame in speech:
                await leg.play(frame)


async def _key(leg: Leg) -> str | None:
    """The next key that means something here; None: they have hung up."""
    async for digit in leg.digits():
        if digit in (YES, NO, AGAIN):
            return digit
    return None


def _ring() -> None:
    """Nobody has to know."""


def _context(briefing: Briefing) -> str:
    """What goes with the call for their own screen: why, nothing personal."""
    return briefing.why.intent or briefing.why.reason or "a customer"
