"""An agent and a customer in one room, for one handoff: connected, heard, watched, parted."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.events import LegJoined, LegLeft
from gateway.handoff.states import Agent, AgentLost, Bridged, BridgeFailed, HandedBack, Input
from gateway.handoff.talk import Talk
from gateway.leg import Leg
from gateway.mixing import quiet
from gateway.participant import Participant
from gateway.room import Role
from pipelines.facts import Fact

VOICED_FRAMES = 3
"So many in a row that are not quiet (60 ms) are the person's voice, and not a click of their line."


class Connection:
    """At most one agent at a time. `note` states facts of the session, `put` what happens to the handoff."""

    def __init__(
        self,
        put: Callable[[Input], None],
        note: Callable[[Fact], None],
        beside: Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"],
    ) -> None:
        self._put = put
        self._note = note
        self._beside = beside
        self._talk: Talk | None = None
        self._bridging: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self.human: Participant | None = None
        "The agent in the room."
        self.hold = self.muted = False
        self.heard: Callable[[], None] = lambda: None
        "Called when the customer hears the agent's voice for the first time after they were connected."
        self.on_parted: Callable[[], None] | None = None
        "Told once they do not hear each other any more."

    def begin(self, talk: Talk, agent: Agent, leg: Leg) -> None:
        """Connect them; `Bridged` or `BridgeFailed` follows."""
        self._talk = talk
        self._bridging = self._beside(self._connect(talk, agent, leg), f"bridge {agent.agent_id}")

    def begin_with(self, work: Coroutine[Any, Any, None]) -> None:
        """In a chat there is nothing to connect: do this, and it is done."""

        async def connect() -> None:
            await work
            self._put(Bridged())

        self._bridging = self._beside(connect(), "bridge in a chat")

    def part(self) -> None:
        """They do not hear each other any more. Safe when they never did."""
        self.stop()
        human, self.human = self.human, None
        self.hold = self.muted = False
        if self._talk is not None:
            self._talk.part()
            if human is not None:
                self._talk.room.leave(human)
        if human is not None:
            self._note(_left(human))
        if self.on_parted is not None:
            self.on_parted()

    def stop(self) -> None:
        """Whatever is under way ends."""
        for task in (self._bridging, self._watching):
            if task is not None:
                task.cancel()

    async def move(self, agent: Agent, leg: Leg) -> None:
        """The agent's audio is another one now: they reloaded the page, or opened another tab."""
        former, talk, hold = self.human, self._talk, self.hold
        if talk is None or former is None:
            return
        self.stop()
        human = await self._join(talk, agent, leg)
        talk.room.mute(human, self.muted)
        if await talk.bridge(agent, human):
            talk.room.hold(hold)
            talk.room.leave(former)
            self._note(_left(former))
        else:
            self._put(AgentLost())

    def set_hold(self, on: bool) -> None:
        """Music for the customer, and nobody hears the other."""
        if self._talk is not None:
            self._talk.room.hold(on)
        self.hold = on

    def set_mute(self, on: bool) -> None:
        """The customer does not hear the agent."""
        if self._talk is not None and self.human is not None:
            self._talk.room.mute(self.human, on)
        self.muted = on

    async def _connect(self, talk: Talk, agent: Agent, leg: Leg) -> None:
        """Have the agent there, let the bot end its sentence, and only then give the agent the floor."""
        human = await self._join(talk, agent, leg)
        await talk.said()
        connected = await talk.bridge(agent, human)
        self._put(Bridged() if connected else BridgeFailed("no_audio"))
        if connected:
            await self._until_heard(talk)

    async def _until_heard(self, talk: Talk) -> None:
        """A line that is open is not yet a person who speaks."""
        voiced = 0
        with talk.room.ears(Role.HUMAN) as ears:
            async for frame in ears:
                voiced = 0 if quiet(frame) else voiced + 1
                if voiced == VOICED_FRAMES:
                    self.heard()
                    return

    async def _join(self, talk: Talk, agent: Agent, leg: Leg) -> Participant:
        human = self.human = await talk.room.join(Role.HUMAN, leg)
        self._note(LegJoined(leg_id=leg.leg_id, role="human", kind=leg.kind))
        self._watching = self._beside(self._until_lost(agent, human), f"watch {agent.agent_id}")
        return human

    async def _until_lost(self, agent: Agent, human: Participant) -> None:
        await human.gone.wait()
        if self.human is not human:
            return
        ended, talk = human.leg.ended, self._talk
        hung_up = agent.phone is not None and ended is not None and ended.by == "remote"
        # Who hangs a telephone up has finished; they have no other way to say so.
        finished = hung_up and talk is not None and talk.with_person
        self._put(HandedBack() if finished else AgentLost())


def _left(human: Participant) -> LegLeft:
    ended = human.leg.ended
    by, reason = (ended.by, ended.reason) if ended else ("local", "parted")
    return LegLeft(leg_id=human.leg.leg_id, role="human", by=by, reason=reason)
