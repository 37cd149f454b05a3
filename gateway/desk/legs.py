"""Agents' audio at this node: one leg each, connected while they take calls, whatever calls there are.

The signalling is that of browser calls with lines of its own, so that customers never take an agent's. Who
connects again, from another tab say, gets the new leg into the place of the old one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from gateway.desk.attendance import Attendance
from gateway.desk.conductor import Conductor
from gateway.desk.leg import AgentLeg
from gateway.events import Message
from gateway.protocol_error import ProtocolError
from gateway.webrtc.leg import WebRtcLeg
from gateway.webrtc.signalling import Answer, Candidates, Offer, Signalling
from pipelines.facts import Unavailable

log = structlog.get_logger()

MOST_BEGUN = 3
"Legs of one agent that are connected or connecting at the same time."

Over = Callable[[], Awaitable[object]]
"Returns once the agent may not be connected any more."


@dataclass(slots=True)
class _Owned:
    """Which of the signalling's legs are whose."""

    by_pc_id: dict[str, str] = field(default_factory=dict)

    def check(self, agent_id: str, pc_id: str) -> None:
        if self.by_pc_id.get(pc_id) != agent_id:
            text = "This connection is over or was never here; begin a new one without pc_id."
            raise ProtocolError("unknown_peer", text, status=404)

    def count(self, agent_id: str) -> int:
        return sum(owner == agent_id for owner in self.by_pc_id.values())


class AgentLegs:
    """The audio of the agents who are connected to this node."""

    def __init__(self, signalling: Signalling, conductor: Conductor, attendance: Attendance) -> None:
        self._signalling = signalling
        self._conductor = conductor
        self._attendance = attendance
        self._owned = _Owned()
        self._legs: dict[str, AgentLeg] = {}

    async def offer(self, agent_id: str, offer: Offer, over: Over) -> Answer:
        """Answer an agent's offer; see `Signalling.offer` for what it raises, and `too_many_offers` (429).

        `over` ends the leg when it returns.
        """
        if offer.pc_id is not None:
            self._owned.check(agent_id, offer.pc_id)
            return await self._signalling.offer(offer, _unexpected)
        if self._owned.count(agent_id) >= MOST_BEGUN:
            text = "Your audio is being connected already; wait a moment."
            raise ProtocolError("too_many_offers", text, status=429)
        begun: list[str] = []

        async def keep(leg: WebRtcLeg, _: Offer) -> None:
            try:
                await self._keep(agent_id, leg, over)
            finally:
                for pc_id in begun:
                    self._owned.by_pc_id.pop(pc_id, None)

        answer = await self._signalling.offer(offer, keep)
        begun.append(answer.pc_id)
        self._owned.by_pc_id[answer.pc_id] = agent_id
        return answer

    async def add_candidates(self, agent_id: str, candidates: Candidates) -> None:
        """Take an agent's trickled candidates; raises as `Signalling.add_candidates` does."""
        self._owned.check(agent_id, candidates.pc_id)
        await self._signalling.add_candidates(candidates)

    def ice_servers(self, agent_id: str) -> Message:
        """The ICE servers, with credentials for this agent."""
        return self._signalling.ice_servers(agent_id)

    async def hang_up_all(self, reason: str) -> None:
        """End all of them: the gateway is about to stop."""
        await self._signalling.hang_up_all(reason)

    async def _keep(self, agent_id: str, leg: WebRtcLeg, over: Over) -> None:
        """The life of one leg, from the moment it is answered."""
        if not await leg.connected():
            return
        async with asyncio.TaskGroup() as tasks:
            ours = AgentLeg(leg)
            beside = [
                tasks.create_task(_discard_messages(leg), name=f"{leg.leg_id} messages"),
                tasks.create_task(_end_when_over(leg, over), name=f"{leg.leg_id} sign-in"),
            ]
            carrying = tasks.create_task(ours.carry(), name=f"{leg.leg_id} audio")
            former, self._legs[agent_id] = self._legs.get(agent_id), ours
            try:
                await self._tell(agent_id, ours)
                beside.append(tasks.create_task(self._watch(agent_id, ours), name=f"{leg.leg_id} watch"))
                if former is not None:
                    await former.hang_up("the audio was connected anew")
                await asyncio.wait([carrying])
            finally:
                for task in beside:
                    task.cancel()
                if self._legs.get(agent_id) is ours:
                    del self._legs[agent_id]
                    await self._tell(agent_id, None)

    async def _watch(self, agent_id: str, ours: AgentLeg) -> None:
        """Tell when nothing comes from the agent any more, before the leg ends, and when it does again."""
        while True:
            await ours.lost.wait()
            log.info("audio of an agent lost", agent_id=agent_id)
            await self._tell_if_theirs(agent_id, ours, None)
            await ours.back.wait()
            await self._tell_if_theirs(agent_id, ours, ours)

    async def _tell_if_theirs(self, agent_id: str, ours: AgentLeg, leg: AgentLeg | None) -> None:
        if self._legs.get(agent_id) is ours:
            await self._tell(agent_id, leg)

    async def _tell(self, agent_id: str, leg: AgentLeg | None) -> None:
        try:
            if leg is None:
                await self._conductor.agent_leg_lost(agent_id)
            else:
                await self._conductor.agent_leg(agent_id, leg)
        except (ProtocolError, Unavailable) as error:
            log.warning("audio of an agent not told", agent_id=agent_id, reason=str(error))
        await self._attendance.audio(agent_id, leg is not None)


async def _discard_messages(leg: WebRtcLeg) -> None:
    """What clients of calls say beside the audio has no meaning here."""
    async for _ in leg.messages():
        pass


async def _end_when_over(leg: WebRtcLeg, over: Over) -> None:
    await over()
    await leg.hang_up("signed out")


async def _unexpected(leg: WebRtcLeg, offer: Offer) -> None:
    raise AssertionError("signalling starts no new call for an offer with a pc_id")
